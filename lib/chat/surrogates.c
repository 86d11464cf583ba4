/* surrogates.c - knows which escapes in JSON text stand for half a character; refuses to know what the
 * text means. */
#include "chat/surrogates.h"

#define ESCAPE_SIZE 6 /* of one \uXXXX */

enum unit { UNIT_OTHER, UNIT_HIGH, UNIT_LOW };

/* What the text begins with. */
static enum unit unit_of(struct slice s)
{
    if (s.n < ESCAPE_SIZE || s.p[0] != '\\' || s.p[1] != 'u' ||
        (s.p[2] != 'd' && s.p[2] != 'D'))
        return UNIT_OTHER;
    if (strchr("89abAB", s.p[3]))
        return UNIT_HIGH;
    return strchr("cdefCDEF", s.p[3]) ? UNIT_LOW : UNIT_OTHER;
}

/* Where the next lone one is, from `at` on; s.n: there is none. */
static size_t next_lone(struct slice s, size_t at)
{
    while (at < s.n) {
        struct slice rest = slice_from(s, at);
        size_t escape = slice_find_byte(rest, '\\');
        if (escape == rest.n)
            return s.n;
        rest = slice_from(rest, escape);
        at += escape;
        enum unit unit = unit_of(rest);
        if (unit == UNIT_OTHER)
            at += 2;
        else if (unit == UNIT_HIGH && unit_of(slice_from(rest, ESCAPE_SIZE)) == UNIT_LOW)
            at += (size_t)2 * ESCAPE_SIZE;
        else
            return at;
    }
    return s.n;
}

struct slice surrogates_replaced(struct slice json, struct arena *a)
{
    const struct slice replacement = SLICE("\\ufffd");
    size_t at = next_lone(json, 0);
    if (at >= json.n)
        return json;
    char *copy = arena_bytes(a, json.n);
    if (!copy)
        return SLICE_NONE;
    memcpy(copy, json.p, json.n);
    for (; at < json.n; at = next_lone(json, at + ESCAPE_SIZE))
        memcpy(copy + at, replacement.p, replacement.n);
    return slice_of(copy, json.n);
}
