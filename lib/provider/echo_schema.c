/* Knows the least value that a simple JSON Schema allows; refuses to know why one is wanted. */
#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "provider/echo.h"
#include "text/json_write.h"
#include <aignehub/aignehub.h>

#define DEPTH      16  /* deeper values are null */
#define HOPS       8   /* of $ref, anyOf and the like */
#define ITEMS      16  /* of an array whose schema wants more */
#define CHARACTERS 256 /* the same for a string */

/* An open object, whose properties are walked, or an open array. */
struct level {
    struct json schema;
    struct json_walk properties;
    int64_t items; /* still to be written; -1: an object */
};

struct least {
    struct json root;
    struct json_writer w;
    struct level levels[DEPTH];
    size_t depth;
};

static struct json first_of(struct json array)
{
    struct json_walk w = json_walk(array);
    return json_next(&w) ? w.value : (struct json){JSON_NONE, SLICE_NONE};
}

/* "#/$defs/Name": the only references people write. */
static struct json referred(const struct least *l, struct json reference)
{
    struct slice path = slice_from(reference.raw, 1);
    struct json at = l->root;
    if (reference.kind != JSON_STRING || path.n < 2 || path.p[0] != '#')
        return (struct json){JSON_NONE, SLICE_NONE};
    path = slice_of(path.p + 1, path.n - 2);
    while (path.n) {
        path = slice_from(path, 1);
        struct slice step = slice_of(path.p, slice_find_byte(path, '/'));
        path = slice_from(path, step.n);
        struct json_walk w = json_walk(at);
        at = (struct json){JSON_NONE, SLICE_NONE};
        while (json_next(&w)) {
            if (slice_eq(w.key, step))
                at = w.value;
        }
    }
    return at;
}

/* The schema behind references and alternatives. */
static struct json plain(const struct least *l, struct json schema)
{
    static const char *const names[] = {"$ref", "anyOf", "oneOf", "allOf"};
    for (int hop = 0; hop < HOPS; hop++) {
        struct json v[4];
        json_pick(schema, names, 4, v);
        if (v[0].kind == JSON_STRING)
            schema = referred(l, v[0]);
        else if (v[1].kind == JSON_ARRAY)
            schema = first_of(v[1]);
        else if (v[2].kind == JSON_ARRAY)
            schema = first_of(v[2]);
        else if (v[3].kind == JSON_ARRAY)
            schema = first_of(v[3]);
        else
            return schema;
    }
    return schema;
}

static void write_least_string(struct least *l, struct json schema)
{
    int64_t length = 0;
    if (!json_int64(json_get(schema, "minLength"), &length) || length < 0)
        length = 0;
    json_write_raw(&l->w, SLICE("\""));
    for (int64_t i = 0; i < length && i < CHARACTERS; i++)
        buf_put_byte(l->w.out, 'x');
    buf_put_byte(l->w.out, '"');
}

static void write_least_number(struct least *l, struct json schema)
{
    struct json minimum = json_get(schema, "minimum");
    json_write_raw(&l->w, minimum.kind == JSON_NUMBER ? minimum.raw : SLICE("0"));
}

static bool push_level(struct least *l, struct json schema, int64_t items)
{
    if (l->depth == DEPTH)
        return false;
    struct level *level = &l->levels[l->depth++];
    *level = (struct level){.schema = schema, .items = items};
    level->properties = json_walk(json_get(schema, "properties"));
    return true;
}

static void open_object(struct least *l, struct json schema)
{
    if (push_level(l, schema, -1))
        json_open_object(&l->w);
    else
        json_write_null(&l->w);
}

static void open_array(struct least *l, struct json schema)
{
    int64_t items = 0;
    if (!json_int64(json_get(schema, "minItems"), &items) || items < 0)
        items = 0;
    if (push_level(l, schema, items < ITEMS ? items : ITEMS))
        json_open_array(&l->w);
    else
        json_write_null(&l->w);
}

static void write_fixed(struct least *l, struct json value)
{
    json_write_raw(&l->w, value.raw);
}

static void write_false(struct least *l, struct json schema)
{
    (void)schema;
    json_write_bool(&l->w, false);
}

static const struct {
    const char *type;
    void (*write)(struct least *l, struct json schema);
} types[] = {{"object", open_object},        {"array", open_array},
             {"string", write_least_string}, {"integer", write_least_number},
             {"number", write_least_number}, {"boolean", write_false}};

/* Write the value, or open it as a new level. */
static void write_value(struct least *l, struct json given)
{
    static const char *const names[] = {"const", "default", "enum", "type"};
    struct json schema = plain(l, given);
    struct json v[4];
    json_pick(schema, names, 4, v);
    struct json fixed = v[0].kind ? v[0] : v[1].kind ? v[1] : first_of(v[2]);
    if (fixed.kind) {
        write_fixed(l, fixed);
        return;
    }
    struct json type = v[3].kind == JSON_ARRAY ? first_of(v[3]) : v[3];
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (json_string_is(type, types[i].type)) {
            types[i].write(l, schema);
            return;
        }
    }
    if (json_get(schema, "properties").kind == JSON_OBJECT)
        open_object(l, schema);
    else
        json_write_null(&l->w);
}

static bool is_required(struct json schema, struct slice key)
{
    struct json_walk w = json_walk(json_get(schema, "required"));
    while (json_next(&w)) {
        if (w.value.kind == JSON_STRING &&
            slice_eq(slice_of(w.value.raw.p + 1, w.value.raw.n - 2), key))
            return true;
    }
    return false;
}

/* One step of the newest level: its next member or item, or its end. */
static void advance(struct least *l)
{
    struct level *level = &l->levels[l->depth - 1];
    if (level->items > 0) {
        level->items--;
        write_value(l, json_get(level->schema, "items"));
        return;
    }
    if (level->items == 0) {
        json_close_array(&l->w);
        l->depth--;
        return;
    }
    while (json_next(&level->properties)) {
        struct slice key = level->properties.key;
        if (!is_required(level->schema, key))
            continue;
        json_write_raw(&l->w, slice_of(key.p - 1, key.n + 2));
        buf_put_byte(l->w.out, ':');
        l->w.comma = false;
        write_value(l, level->properties.value);
        return;
    }
    json_close_object(&l->w);
    l->depth--;
}

struct slice echo_least_object(struct slice schema, struct arena *a)
{
    struct buf out AUTO(buf_free);
    struct least l = {.root = json_of(schema.p ? schema : SLICE("{}"))};
    buf_init(&out, LIMIT_ERROR_BODY);
    l.w = json_writer(&out);
    write_value(&l, l.root);
    while (l.depth && !buf_rc(&out))
        advance(&l);
    if (out.rc == 0 && out.n && out.p[0] == '{')
        return arena_copy(a, buf_slice(&out));
    return buf_rc(&out) == AIGNE_E_NOMEM ? SLICE_NONE : SLICE("{}");
}
