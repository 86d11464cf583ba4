/* json_scan.h - reading JSON that others sent: no allocation, no recursion, no copies.
 *
 * First json_check() the whole text once: it accepts exactly RFC 8259 in valid UTF-8 down to
 * LIMIT_JSON_DEPTH. Everything after it walks the checked text lazily. Walking unchecked text is
 * safe too (never out of bounds, never endless) but may miss members. Numbers stay text, so 64-bit
 * integers and decimals arrive whole. */
#ifndef AIGNE_TEXT_JSON_SCAN_H
#define AIGNE_TEXT_JSON_SCAN_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"
#include <stdbool.h>

enum json_kind {
    JSON_NONE = 0, /* absent */
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

struct json {
    enum json_kind kind;
    struct slice raw; /* the value's own text: quotes, brackets and all */
};

/* AIGNE_OK, or AIGNE_E_PROTOCOL with the byte offset and what was expected there. */
struct json_problem {
    size_t offset;
    const char *what; /* a static phrase: "a comma or the end of the object" */
};
int json_check(struct slice text, struct json_problem *problem);
/* The same, and json_pick of what the text is, in one pass. `seen` may be NULL. */
struct json_seen {
    const char *repeated; /* one of the names that came more than once, or NULL */
    unsigned depth;       /* so many arrays and objects were open at once */
};
int json_check_pick(struct slice text, const char *const *names, size_t count,
                    struct json *values, struct json_seen *seen, struct json_problem *problem);

struct json json_of(struct slice text); /* the value that the text is */

/* Members of an object or items of an array, in order:
 *     struct json_walk w = json_walk(value);
 *     while (json_next(&w)) use(w.key, w.value);                                            */
struct json_walk {
    struct slice key; /* as written, between its quotes, escapes not resolved; arrays: absent */
    struct json value;
    struct slice rest;
    bool in_object;
    bool key_escaped; /* the key has escapes: compare with json_key_is */
};
struct json_walk json_walk(struct json container);
bool json_next(struct json_walk *w);
bool json_key_is(const struct json_walk *w, const char *name); /* resolves escapes in the key */

struct json json_get(struct json object,
                     const char *name); /* JSON_NONE when absent; last wins */
struct json json_path(struct json object, const char *dotted); /* "error.message" */
/* One walk for many members: values[i] is the member names[i], JSON_NONE when absent. */
void json_pick(struct json object, const char *const *names, size_t count, struct json *values);
size_t json_count(struct json container);
/* How many bytes of checked `text` are in the values of members with these names, wherever they are: what
 * stands between a string's quotes, objects and arrays whole. `names` ends with NULL; NULL: 0. */
size_t json_texts(struct slice text, const char *const *names);
/* The first item of an array, found without looking for its end: `raw` goes on behind it, which walking
 * and picking do not mind. For who wants only some of its members. */
struct json json_first(struct json array);

/* Typed reads; false when the kind does not fit. JSON null is "absent" for all of them. */
bool json_bool(struct json v, bool *out);
bool json_int64(struct json v, int64_t *out); /* a whole number; 1.0 and 1e3 count as whole */
/* A string with its escapes resolved, borrowed from the text when it has none, else in `a`. Lone
 * surrogates become U+FFFD. .p NULL: not a string, or no memory (then a->failed). */
struct slice json_string(struct json v, struct arena *a);
/* The same appended to `out`. */
bool json_string_into(struct json v, struct buf *out);
bool json_string_is(struct json v, const char *text);
static inline bool json_present(struct json v)
{
    return v.kind != JSON_NONE && v.kind != JSON_NULL;
}
const char *json_kind_name(enum json_kind kind); /* "a string", "an array": for error texts */

#endif
