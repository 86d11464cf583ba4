/* Knows how to find members in JSON text without reading more of it than needed; refuses to judge
 * whether the text is JSON. */
#include "text/json_scan.h"
#include "text/block.h"
#include "text/json_value.h"

static inline const char *skip_blanks(const char *p, const char *end)
{
    if (p<end && * p> ' ') /* nearly always */
        return p;
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    return p;
}

#define SHORT_STRING 32 /* most keys and values: found faster block by block than by a call */

/* The first quote or backslash among the next few bytes, or where that search ended. */
static const char *skip_plain(const char *p, const char *end)
{
    for (int left = SHORT_STRING; left > 0 && end - p >= BLOCK_SIZE; left -= BLOCK_SIZE) {
        size_t plain = block_quote(p);
        p += plain;
        if (plain < BLOCK_SIZE)
            return p;
    }
    return p;
}

/* Where `byte` is, or the end. */
static const char *find_byte(const char *p, const char *end, char byte)
{
    const char *found = p < end ? memchr(p, byte, (size_t)(end - p)) : NULL;
    return found ? found : end;
}

/* Each byte is looked at twice at most: a quote that was found stays the one to reach until a backslash
 * turns out to hide it. */
static const char *skip_long_string(const char *p, const char *end, bool *escaped)
{
    const char *quote = find_byte(p, end, '"');
    for (;;) {
        if (quote < p)
            quote = find_byte(p, end, '"');
        const char *backslash = find_byte(p, quote, '\\');
        if (backslash == quote)
            return quote < end ? quote + 1 : end;
        *escaped = true;
        p = end - backslash >= 2 ? backslash + 2 : end;
    }
}

/* From behind the opening quote to behind the closing one, or to the end. `escaped` becomes true
 * when there is a backslash. */
static inline const char *skip_string(const char *p, const char *end, bool *escaped)
{
    p = skip_plain(p, end);
    return p < end && *p == '"' ? p + 1 : skip_long_string(p, end, escaped);
}

/* The next quote or bracket, and now and then a byte that is neither. */
static const char *skip_to_structure(const char *p, const char *end)
{
    while (end - p >= BLOCK_SIZE) {
        size_t dull = block_structure(p);
        p += dull;
        if (dull < BLOCK_SIZE)
            return p;
    }
    return p;
}

/* From the opening bracket to behind the matching one, or to the end. Counting is enough: in checked
 * text brackets match in kind. */
static const char *skip_container(const char *p, const char *end)
{
    size_t depth = 0;
    bool escaped = false;
    while ((p = skip_to_structure(p, end)) < end) {
        char c = *p++;
        if (c == '"') {
            p = skip_string(p, end, &escaped);
        } else if (c == '{' || c == '[') {
            depth++;
        } else if ((c == '}' || c == ']') && --depth == 0) {
            return p;
        }
    }
    return end;
}

static inline const char *skip_scalar(const char *p, const char *end)
{
    while (p<end && * p> ' ' && *p != ',' && *p != '}' && *p != ']')
        p++;
    return p;
}

static enum json_kind scalar_kind(struct slice raw)
{
    if (raw.n == 0)
        return JSON_NONE;
    if (raw.p[0] == '-' || (raw.p[0] >= '0' && raw.p[0] <= '9'))
        return JSON_NUMBER;
    if (slice_eq(raw, SLICE("null")))
        return JSON_NULL;
    if (slice_eq(raw, SLICE("true")))
        return JSON_TRUE;
    return slice_eq(raw, SLICE("false")) ? JSON_FALSE : JSON_NONE;
}

/* The value that begins at p. JSON_NONE: there is none. */
static inline struct json take_value(const char *p, const char *end)
{
    enum json_kind kind = JSON_NONE;
    const char *after = p;
    bool escaped = false;
    switch (p < end ? *p : '\0') {
    case '"':
        kind = JSON_STRING;
        after = skip_string(p + 1, end, &escaped);
        break;
    case '{':
    case '[':
        kind = *p == '{' ? JSON_OBJECT : JSON_ARRAY;
        after = skip_container(p, end);
        break;
    default:
        after = skip_scalar(p, end);
        kind = scalar_kind(slice_of(p, (size_t)(after - p)));
        break;
    }
    return kind == JSON_NONE ? (struct json){JSON_NONE, SLICE_NONE}
                             : (struct json){kind, slice_of(p, (size_t)(after - p))};
}

struct json json_of(struct slice text)
{
    struct slice raw = slice_trim(text);
    enum json_kind kind = JSON_NONE;
    switch (raw.n > 0 ? raw.p[0] : '\0') {
    case '"':
        kind = JSON_STRING;
        break;
    case '{':
        kind = JSON_OBJECT;
        break;
    case '[':
        kind = JSON_ARRAY;
        break;
    default:
        kind = scalar_kind(raw);
        break;
    }
    return kind == JSON_NONE ? (struct json){JSON_NONE, SLICE_NONE} : (struct json){kind, raw};
}

struct json_walk json_walk(struct json container)
{
    struct json_walk w = {.in_object = container.kind == JSON_OBJECT};
    if (container.kind == JSON_OBJECT || container.kind == JSON_ARRAY)
        w.rest = slice_from(container.raw, 1);
    return w;
}

static bool end_walk(struct json_walk *w)
{
    w->rest = SLICE_NONE;
    w->key = SLICE_NONE;
    w->value = (struct json){JSON_NONE, SLICE_NONE};
    return false;
}

/* p is behind the key's opening quote; gives where its value begins, or NULL. */
static inline const char *take_key(struct json_walk *w, const char *p, const char *end)
{
    w->key_escaped = false;
    const char *after = skip_string(p, end, &w->key_escaped);
    if (after == end)
        return NULL;
    w->key = slice_of(p, (size_t)(after - p) - 1);
    after = skip_blanks(after, end);
    if (after == end || *after != ':')
        return NULL;
    return skip_blanks(after + 1, end);
}

bool json_next(struct json_walk *w)
{
    if (w->rest.n == 0)
        return end_walk(w);
    const char *end = w->rest.p + w->rest.n;
    const char *p = skip_blanks(w->rest.p, end);
    if (p < end && *p == ',')
        p = skip_blanks(p + 1, end);
    if (w->in_object) {
        if (p == end || *p != '"')
            return end_walk(w);
        p = take_key(w, p + 1, end);
        if (!p)
            return end_walk(w);
    }
    w->value = take_value(p, end);
    if (w->value.kind == JSON_NONE)
        return end_walk(w);
    p += w->value.raw.n;
    w->rest = slice_of(p, (size_t)(end - p));
    return true;
}

static bool key_equals(const struct json_walk *w, struct slice name)
{
    return w->key_escaped ? json_escaped_equals(w->key, name) : slice_eq(w->key, name);
}

bool json_key_is(const struct json_walk *w, const char *name)
{
    return key_equals(w, slice_text(name));
}

/* One byte decides nearly always. */
static inline bool maybe(const struct json_walk *w, struct slice name)
{
    return w->key_escaped || !w->key.n || !name.n || w->key.p[0] == name.p[0];
}

static struct json get(struct json object, struct slice name)
{
    struct json found = {JSON_NONE, SLICE_NONE};
    if (object.kind != JSON_OBJECT)
        return found;
    struct json_walk w = json_walk(object);
    while (json_next(&w)) {
        if (maybe(&w, name) && key_equals(&w, name))
            found = w.value;
    }
    return found;
}

struct json json_get(struct json object, const char *name)
{
    return get(object, slice_text(name));
}

struct json json_path(struct json object, const char *dotted)
{
    struct slice rest = slice_text(dotted);
    struct slice name;
    while (slice_cut(rest, '.', &name, &rest))
        object = get(object, name);
    return get(object, rest);
}

void json_pick(struct json object, const char *const *names, size_t count, struct json *values)
{
    for (size_t i = 0; i < count; i++)
        values[i] = (struct json){JSON_NONE, SLICE_NONE};
    if (object.kind != JSON_OBJECT)
        return;
    struct json_walk w = json_walk(object);
    while (json_next(&w)) {
        for (size_t i = 0; i < count; i++) {
            bool likely = w.key_escaped || w.key.n == 0 || w.key.p[0] == names[i][0];
            if (likely && json_key_is(&w, names[i])) {
                values[i] = w.value;
                break;
            }
        }
    }
}

size_t json_count(struct json container)
{
    size_t count = 0;
    struct json_walk w = json_walk(container);
    while (json_next(&w))
        count++;
    return count;
}

static bool is_one_of(struct slice key, const char *const *names)
{
    while (*names && (!key.n || **names != key.p[0] || !slice_is(key, *names)))
        names++;
    return *names != NULL;
}

/* A string with a colon behind it is a member's name. */
size_t json_texts(struct slice text, const char *const *names)
{
    size_t sum = 0;
    if (!names || !text.n)
        return 0;
    const char *end = text.p + text.n;
    const char *p = find_byte(text.p, end, '"');
    while (p < end) {
        bool escaped = false;
        const char *key = p + 1;
        p = skip_string(key, end, &escaped);
        struct slice name = slice_of(key, p > key ? (size_t)(p - key) - 1 : 0);
        p = skip_blanks(p, end);
        if (p < end && *p == ':' && is_one_of(name, names)) {
            struct json value = take_value(skip_blanks(p + 1, end), end);
            bool counts = value.kind == JSON_STRING || value.kind == JSON_OBJECT ||
                          value.kind == JSON_ARRAY;
            if (counts && value.raw.n > 2)
                sum += value.raw.n - 2;
            if (value.kind != JSON_NONE)
                p = value.raw.p + value.raw.n;
        }
        p = find_byte(p, end, '"');
    }
    return sum;
}

const char *json_kind_name(enum json_kind kind)
{
    static const char *const names[] = {
        [JSON_NONE] = "nothing",   [JSON_NULL] = "null",        [JSON_FALSE] = "false",
        [JSON_TRUE] = "true",      [JSON_NUMBER] = "a number",  [JSON_STRING] = "a string",
        [JSON_ARRAY] = "an array", [JSON_OBJECT] = "an object",
    };
    return (size_t)kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "nothing";
}

struct json json_first(struct json array)
{
    if (array.kind != JSON_ARRAY)
        return (struct json){JSON_NONE, SLICE_NONE};
    const char *end = array.raw.p + array.raw.n;
    const char *p = skip_blanks(array.raw.p + 1, end);
    if (p < end && (*p == '{' || *p == '['))
        return (struct json){*p == '{' ? JSON_OBJECT : JSON_ARRAY,
                             slice_of(p, (size_t)(end - p))};
    return take_value(p, end);
}
