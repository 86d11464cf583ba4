/* Knows how JSON is put in order; refuses to know what it says. */
#include "text/json_canonical.h"
#include "text/json_write.h"
#include <stdlib.h>

struct member {
    struct slice name;
    struct json value;
    size_t place;
};

/* Of two of the same name the later one counts: it stays behind. */
static int by_name(const void *left, const void *right)
{
    const struct member *a = left;
    const struct member *b = right;
    size_t shared = a->name.n < b->name.n ? a->name.n : b->name.n;
    int order = shared ? memcmp(a->name.p, b->name.p, shared) : 0;
    if (order)
        return order;
    if (a->name.n != b->name.n)
        return a->name.n < b->name.n ? -1 : 1;
    return a->place < b->place ? -1 : 1;
}

static void write_value(struct json_writer *w, struct json value, struct arena *a);

static size_t read_members(struct json object, struct arena *a, struct member **out)
{
    size_t count = 0;
    struct json_walk walk = json_walk(object);
    *out = arena_array(a, json_count(object) + 1, sizeof **out);
    while (*out && json_next(&walk)) {
        const struct slice parts[] = {SLICE("\""), walk.key, SLICE("\"")};
        struct slice name =
            walk.key_escaped ? json_string(json_of(arena_join(a, parts, 3)), a) : walk.key;
        (*out)[count] = (struct member){name, walk.value, count};
        count++;
    }
    return count;
}

static void write_object(struct json_writer *w, struct json object, const char *const *without,
                         struct arena *a)
{
    struct member *members = NULL;
    size_t count = read_members(object, a, &members);
    if (!members)
        return;
    qsort(members, count, sizeof *members, by_name);
    json_open_object(w);
    for (size_t i = 0; i < count; i++) {
        const char *const *left_out = without;
        while (left_out && *left_out && !slice_is(members[i].name, *left_out))
            left_out++;
        bool repeated = i + 1 < count && slice_eq(members[i].name, members[i + 1].name);
        if (repeated || (left_out && *left_out))
            continue;
        json_key_slice(w, members[i].name);
        write_value(w, members[i].value, a);
    }
    json_close_object(w);
}

static void write_array(struct json_writer *w, struct json array, struct arena *a)
{
    struct json_walk walk = json_walk(array);
    json_open_array(w);
    while (json_next(&walk))
        write_value(w, walk.value, a);
    json_close_array(w);
}

/* As deep as json_check allows. */
static void write_value(struct json_writer *w, struct json value, struct arena *a)
{
    if (value.kind == JSON_OBJECT)
        write_object(w, value, NULL, a);
    else if (value.kind == JSON_ARRAY)
        write_array(w, value, a);
    else if (value.kind == JSON_STRING)
        json_write_string(w, json_string(value, a));
    else
        json_write_raw(w, value.raw);
}

void json_canonical(struct json value, const char *const *without, struct arena *a,
                    struct buf *out)
{
    struct json_writer w = json_writer(out);
    if (value.kind == JSON_OBJECT)
        write_object(&w, value, without, a);
    else
        write_value(&w, value, a);
}
