/* Knows exactly which bytes are JSON (RFC 8259 in UTF-8, bounded depth); refuses to know what the
 * JSON says. */
#include "base/limits.h"
#include "text/block.h"
#include "text/json_scan.h"
#include "text/json_value.h"
#include "text/utf8.h"
#include <aignehub/aignehub.h>

_Static_assert(LIMIT_JSON_DEPTH <= 64, "one bit per open container in a 64-bit word");

/* The members of the outermost object that somebody wants. */
struct picking {
    const char *const *names;
    size_t count;
    struct json *values;
    struct json_seen seen;
    size_t current;    /* the name whose value is being read; count: none of them */
    const char *start; /* of that value */
};

/* The place itself travels in arguments and results, so that it stays in a register; NULL is failure. */
struct check {
    const char *end;
    uint64_t
        objects; /* one bit for each open container, the innermost lowest: 1 is an object */
    unsigned depth;
    const char *what;  /* what was expected where it failed; NULL: nothing is wrong */
    const char *where; /* it failed */
    struct picking *picking;
};

/* What may come next. */
enum state { WANT_VALUE, WANT_ITEM_OR_END, WANT_KEY, WANT_KEY_OR_END, WANT_MORE, DONE };

static const char *wrong(struct check *c, const char *p, const char *what)
{
    c->what = what;
    c->where = p;
    return NULL;
}

static inline const char *skip_blanks(const char *p, const char *end)
{
    if (p<end && * p> ' ') /* nearly always */
        return p;
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    return p;
}

/* ---- strings ---- */

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* p is at a backslash. */
static const char *pass_escape(struct check *c, const char *p)
{
    static const char simple[] = "\"\\/bfnrt";
    int kind = c->end - p >= 2 ? p[1] : '\0';
    if (kind != '\0' && memchr(simple, kind, sizeof(simple) - 1))
        return p + 2;
    if (kind != 'u')
        return wrong(c, p, "a JSON escape after the backslash");
    for (int i = 2; i < 6; i++) {
        if (c->end - p <= i || !is_hex(p[i]))
            return wrong(c, p, "four hexadecimal digits after \\u");
    }
    return p + 6;
}

/* p is at a byte from 0x80 on. */
static const char *pass_characters(struct check *c, const char *p)
{
    size_t run = utf8_run(slice_of(p, (size_t)(c->end - p)));
    return run > 0 ? p + run : wrong(c, p, "valid UTF-8");
}

/* Up to the next quote, backslash, control byte or non-ASCII byte, or the end. */
static inline const char *pass_plain(const char *p, const char *end)
{
    while (end - p >= BLOCK_SIZE) {
        size_t plain = block_special(p);
        p += plain;
        if (plain < BLOCK_SIZE)
            return p;
    }
    while (p < end && (unsigned char)*p >= 0x20 && (unsigned char)*p < 0x80 && *p != '"' &&
           *p != '\\')
        p++;
    return p;
}

/* p is inside a string, at something other than plain text. */
static const char *pass_rest(struct check *c, const char *p)
{
    while (p) {
        if (p == c->end)
            return wrong(c, p, "the closing quote of a string");
        if (*p == '"')
            return p + 1;
        if (*p == '\\')
            p = pass_escape(c, p);
        else if ((unsigned char)*p >= 0x80)
            p = pass_characters(c, p);
        else
            p = wrong(c, p, "an escape instead of a raw control character");
        if (p)
            p = pass_plain(p, c->end);
    }
    return NULL;
}

/* p is at the opening quote. */
static inline const char *pass_string(struct check *c, const char *p)
{
    p = pass_plain(p + 1, c->end);
    return p < c->end && *p == '"' ? p + 1 : pass_rest(c, p);
}

/* ---- numbers and names ---- */

static const char *pass_digits(struct check *c, const char *p)
{
    const char *start = p;
    while (p < c->end && *p >= '0' && *p <= '9')
        p++;
    return p > start ? p : wrong(c, p, "a digit");
}

static const char *pass_exponent(struct check *c, const char *p)
{
    if (p < c->end && (*p == '+' || *p == '-'))
        p++;
    return pass_digits(c, p);
}

static const char *pass_number(struct check *c, const char *p)
{
    if (*p == '-')
        p++;
    if (p < c->end && *p == '0')
        p++;
    else
        p = pass_digits(c, p);
    if (p && p < c->end && *p == '.')
        p = pass_digits(c, p + 1);
    return p && p < c->end && (*p == 'e' || *p == 'E') ? pass_exponent(c, p + 1) : p;
}

static const char *pass_literal(struct check *c, const char *p, struct slice literal)
{
    if ((size_t)(c->end - p) >= literal.n && memcmp(p, literal.p, literal.n) == 0)
        return p + literal.n;
    return wrong(c, p, "a value");
}

/* ---- members on the way ---- */

/* Which of the names a key of the outermost object is; their count: none. */
static void find_name(struct picking *k, struct slice key)
{
    const char first = key.n ? key.p[0] : '\0';
    for (k->current = 0; k->current < k->count; k->current++) {
        const char *name = k->names[k->current];
        if (first == name[0] && slice_is(key, name)) /* the first byte decides nearly always */
            return;
    }
}

static void find_escaped_name(struct picking *k, struct slice key)
{
    k->current = 0;
    while (k->current < k->count && !json_escaped_equals(key, slice_text(k->names[k->current])))
        k->current++;
}

static void keep_value(struct picking *k, const char *end)
{
    if (k->current == k->count)
        return;
    struct json *value = &k->values[k->current];
    if (value->kind != JSON_NONE)
        k->seen.repeated = k->names[k->current];
    *value = json_of(slice_of(k->start, (size_t)(end - k->start)));
    k->current = k->count;
}

/* ---- structure ---- */

static const char *open_container(struct check *c, const char *p, bool object,
                                  enum state *state)
{
    if (c->depth == LIMIT_JSON_DEPTH)
        return wrong(c, p, "less deeply nested arrays and objects");
    c->depth++;
    c->objects = c->objects << 1 | (object ? 1U : 0U);
    if (c->picking && c->depth > c->picking->seen.depth)
        c->picking->seen.depth = c->depth;
    *state = object ? WANT_KEY_OR_END : WANT_ITEM_OR_END;
    return p + 1;
}

/* A value ended before p. */
static enum state after_value(struct check *c, const char *p)
{
    if (c->picking && c->depth == 1)
        keep_value(c->picking, p);
    return c->depth > 0 ? WANT_MORE : DONE;
}

static const char *close_container(struct check *c, const char *p, enum state *state)
{
    c->depth--;
    c->objects >>= 1;
    *state = after_value(c, p + 1);
    return p + 1;
}

static const char *take_scalar(struct check *c, const char *p)
{
    switch (p < c->end ? *p : '\0') {
    case 't':
        return pass_literal(c, p, SLICE("true"));
    case 'f':
        return pass_literal(c, p, SLICE("false"));
    case 'n':
        return pass_literal(c, p, SLICE("null"));
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        return pass_number(c, p);
    default:
        return wrong(c, p, "a value");
    }
}

static inline const char *take_value(struct check *c, const char *p, enum state *state)
{
    char first = p < c->end ? *p : '\0';
    if (c->picking && c->depth == 1)
        c->picking->start = p;
    if (first == '{' || first == '[')
        return open_container(c, p, first == '{', state);
    p = first == '"' ? pass_string(c, p) : take_scalar(c, p);
    if (p)
        *state = after_value(c, p);
    return p;
}

static inline const char *take_key(struct check *c, const char *p, const char *what)
{
    if (p == c->end || *p != '"')
        return wrong(c, p, what);
    const char *start = p + 1;
    const char *plain = pass_plain(start, c->end);
    bool simple = plain < c->end && *plain == '"';
    p = simple ? plain + 1 : pass_rest(c, plain);
    if (!p)
        return NULL;
    if (c->picking && c->depth == 1) {
        struct slice key = slice_of(start, (size_t)(p - start) - 1);
        (simple ? find_name : find_escaped_name)(c->picking, key);
    }
    p = skip_blanks(p, c->end);
    return p < c->end && *p == ':' ? p + 1 : wrong(c, p, "a colon after the member's name");
}

static inline const char *take_more(struct check *c, const char *p, enum state *state)
{
    bool object = c->objects & 1U;
    char next = p < c->end ? *p : '\0';
    *state = object ? WANT_KEY : WANT_VALUE;
    if (next == ',')
        return p + 1;
    if (next == (object ? '}' : ']'))
        return close_container(c, p, state);
    return wrong(
        c, p, object ? "a comma or the end of the object" : "a comma or the end of the array");
}

static const char *take_key_or_end(struct check *c, const char *p, enum state *state)
{
    if (p < c->end && *p == '}')
        return close_container(c, p, state);
    *state = WANT_VALUE;
    return take_key(c, p, "a member's name or the end of the object");
}

static const char *take_item_or_end(struct check *c, const char *p, enum state *state)
{
    if (p < c->end && *p == ']')
        return close_container(c, p, state);
    return take_value(c, p, state);
}

/* Members and items mostly follow one another: one of them a step, with what comes behind it. */
static inline const char *step(struct check *c, const char *p, enum state *state)
{
    p = skip_blanks(p, c->end);
    switch (*state) {
    case WANT_KEY_OR_END:
        return take_key_or_end(c, p, state);
    case WANT_ITEM_OR_END:
        return take_item_or_end(c, p, state);
    case WANT_MORE:
        return take_more(c, p, state);
    case WANT_KEY:
        p = take_key(c, p, "a member's name in quotes");
        if (!p)
            return NULL;
        p = skip_blanks(p, c->end);
        break;
    case WANT_VALUE:
    case DONE:
        break;
    }
    p = take_value(c, p, state);
    if (!p || *state != WANT_MORE)
        return p;
    return take_more(c, skip_blanks(p, c->end), state);
}

static int check(struct slice text, struct picking *picking, struct json_problem *problem)
{
    const char *start = text.p ? text.p : "";
    const char *p = start;
    struct check c = {.end = start + text.n, .picking = picking};
    enum state state = WANT_VALUE;
    while (p && state != DONE)
        p = step(&c, p, &state);
    if (p) {
        p = skip_blanks(p, c.end);
        if (p == c.end)
            return AIGNE_OK;
        wrong(&c, p, "nothing more after the value");
    }
    if (problem)
        *problem = (struct json_problem){(size_t)(c.where - start), c.what};
    return AIGNE_E_PROTOCOL;
}

int json_check(struct slice text, struct json_problem *problem)
{
    return check(text, NULL, problem);
}

int json_check_pick(struct slice text, const char *const *names, size_t count,
                    struct json *values, struct json_seen *seen, struct json_problem *problem)
{
    struct picking picking = {
        .names = names, .count = count, .values = values, .current = count};
    for (size_t i = 0; i < count; i++)
        values[i] = (struct json){JSON_NONE, SLICE_NONE};
    int rc = check(text, &picking, problem);
    if (seen)
        *seen = picking.seen;
    return rc;
}
