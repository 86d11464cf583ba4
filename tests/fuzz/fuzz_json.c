/* Knows that checked JSON, rewritten, is the same JSON; and that unchecked text is safe to walk. */
#include "base/limits.h"
#include "fuzz.h"
#include "text/json_scan.h"
#include "text/json_write.h"

#define CEILING ((size_t)64 * 1024 * 1024)

static void write_scalar(struct json_writer *w, struct json v, struct arena *a)
{
    if (v.kind == JSON_STRING)
        json_write_string(w, json_string(v, a));
    else
        json_write_raw(w, v.raw);
}

/* The text anew without blanks and needless escapes. Returns how many values it has. */
static size_t rewrite(struct slice text, struct buf *out, struct arena *a)
{
    struct json_walk open[LIMIT_JSON_DEPTH + 1];
    size_t depth = 0;
    size_t values = 0;
    struct json_writer w = json_writer(out);
    struct json v = json_of(text);
    bool more = v.kind != JSON_NONE;
    while (more || depth > 0) {
        if (more) {
            values++;
            if (depth > 0 && open[depth - 1].in_object) {
                struct json key = {JSON_STRING, slice_of(open[depth - 1].key.p - 1,
                                                         open[depth - 1].key.n + 2)};
                json_key_slice(&w, json_string(key, a));
            }
            if ((v.kind == JSON_OBJECT || v.kind == JSON_ARRAY) && depth <= LIMIT_JSON_DEPTH) {
                v.kind == JSON_OBJECT ? json_open_object(&w) : json_open_array(&w);
                open[depth++] = json_walk(v);
            } else {
                write_scalar(&w, v, a);
            }
        }
        more = depth > 0 && json_next(&open[depth - 1]);
        if (more)
            v = open[depth - 1].value;
        else if (depth > 0)
            open[--depth].in_object ? json_close_object(&w) : json_close_array(&w);
    }
    return values;
}

/* Checking and picking in one pass finds what two passes find. */
static void check_picking(struct slice text)
{
    static const char *const names[] = {"id", "choices", "a", "", "model"};
    struct json picked[5];
    struct json once[5];
    struct json_problem problem = {0, NULL};
    struct json_problem other = {0, NULL};
    static const char *const counted[] = {"id", "", "model", NULL};
    FUZZ_CHECK(json_texts(text, counted) <= text.n); /* also of what is not checked */
    int rc = json_check(text, &problem);
    FUZZ_CHECK(json_check_pick(text, names, 5, once, NULL, &other) == rc);
    FUZZ_CHECK(problem.offset == other.offset && problem.what == other.what);
    if (rc)
        return;
    json_pick(json_of(text), names, 5, picked);
    for (size_t i = 0; i < 5; i++)
        FUZZ_CHECK(once[i].kind == picked[i].kind && slice_eq(once[i].raw, picked[i].raw));
}

static void read_as_everything(struct json v, struct arena *a)
{
    static const char *const names[] = {"id", "choices", "a", "", "model"};
    struct json picked[5];
    bool truth;
    int64_t number;
    json_pick(v, names, 5, picked);
    for (size_t i = 0; i < 5; i++) {
        struct json got = json_get(v, names[i]);
        FUZZ_CHECK(got.kind == picked[i].kind && slice_eq(got.raw, picked[i].raw));
        (void)json_int64(picked[i], &number);
        (void)json_bool(picked[i], &truth);
        struct slice text = json_string(picked[i], a);
        if (text.p && slice_find_byte(text, '\0') == text.n) {
            struct slice copy = arena_copy(a, text);
            FUZZ_CHECK(json_string_is(picked[i], copy.p));
        }
    }
    (void)json_path(v, "error.message");
    (void)json_count(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = fuzz_input(data, size);
    struct arena a;
    struct buf first;
    struct buf second;
    arena_init(&a);
    buf_init(&first, CEILING);
    buf_init(&second, CEILING);
    struct json_problem problem = {0};
    int rc = json_check(text, &problem);
    check_picking(text);
    read_as_everything(json_of(text), &a);
    size_t values = rewrite(text, &first, &a);
    if (rc == 0) {
        FUZZ_CHECK(values > 0);
        FUZZ_CHECK(json_check(buf_slice(&first), NULL) == 0);
        FUZZ_CHECK(rewrite(buf_slice(&first), &second, &a) == values);
        FUZZ_CHECK(slice_eq(buf_slice(&first), buf_slice(&second)));
    } else {
        FUZZ_CHECK(problem.what && problem.offset <= size);
    }
    buf_free(&first);
    buf_free(&second);
    arena_free(&a);
    return 0;
}
