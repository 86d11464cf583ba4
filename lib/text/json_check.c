/* Knows exactly which bytes are JSON (RFC 8259 in UTF-8, bounded depth); refuses to know what the
 * JSON says. */
#include "base/limits.h"
#include "text/json_scan.h"
#include "text/utf8.h"
#include "text/word.h"
#include <aignehub/aignehub.h>

_Static_assert(LIMIT_JSON_DEPTH <= 64, "one bit per open container in a 64-bit word");

struct check {
    const char *p;
    const char *end;
    uint64_t
        objects; /* one bit for each open container, the innermost lowest: 1 is an object */
    unsigned depth;
    const char *what; /* what was expected at p; NULL: nothing is wrong */
};

/* What may come next. Each step reads it and says what may come after. */
enum state { WANT_VALUE, WANT_ITEM_OR_END, WANT_KEY, WANT_KEY_OR_END, WANT_MORE, DONE, WRONG };

static enum state wrong(struct check *c, const char *what)
{
    c->what = what;
    return WRONG;
}

static void skip_blanks(struct check *c)
{
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\n' || *c->p == '\r' || *c->p == '\t'))
        c->p++;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* p is at a backslash. */
static bool pass_escape(struct check *c)
{
    static const char simple[] = "\"\\/bfnrt";
    int kind = c->end - c->p >= 2 ? c->p[1] : '\0';
    if (kind != '\0' && memchr(simple, kind, sizeof(simple) - 1)) {
        c->p += 2;
        return true;
    }
    if (kind != 'u')
        return wrong(c, "a JSON escape after the backslash") != WRONG;
    for (int i = 2; i < 6; i++) {
        if (c->end - c->p <= i || !is_hex(c->p[i]))
            return wrong(c, "four hexadecimal digits after \\u") != WRONG;
    }
    c->p += 6;
    return true;
}

/* p is at a byte from 0x80 on. */
static bool pass_characters(struct check *c)
{
    size_t run = utf8_run(slice_of(c->p, (size_t)(c->end - c->p)));
    c->p += run;
    return run > 0 || wrong(c, "valid UTF-8") != WRONG;
}

/* Up to the next quote, backslash, control byte or non-ASCII byte, or the end. */
static void pass_plain(struct check *c)
{
    while (c->end - c->p >= WORD_SIZE) {
        uint64_t marks = word_special(word_load(c->p));
        if (marks) {
            c->p += word_first(marks);
            return;
        }
        c->p += WORD_SIZE;
    }
    while (c->p < c->end && (unsigned char)*c->p >= 0x20 && (unsigned char)*c->p < 0x80 &&
           *c->p != '"' && *c->p != '\\')
        c->p++;
}

/* p is at the opening quote. */
static bool pass_string(struct check *c)
{
    c->p++;
    for (;;) {
        pass_plain(c);
        if (c->p == c->end)
            return wrong(c, "the closing quote of a string") != WRONG;
        bool good = true;
        if (*c->p == '"') {
            c->p++;
            return true;
        }
        if (*c->p == '\\')
            good = pass_escape(c);
        else if ((unsigned char)*c->p >= 0x80)
            good = pass_characters(c);
        else
            good = wrong(c, "an escape instead of a raw control character") != WRONG;
        if (!good)
            return false;
    }
}

static bool pass_digits(struct check *c)
{
    const char *start = c->p;
    while (c->p < c->end && *c->p >= '0' && *c->p <= '9')
        c->p++;
    return c->p > start || wrong(c, "a digit") != WRONG;
}

static bool pass_number(struct check *c)
{
    if (*c->p == '-')
        c->p++;
    if (c->p < c->end && *c->p == '0')
        c->p++;
    else if (!pass_digits(c))
        return false;
    if (c->p < c->end && *c->p == '.') {
        c->p++;
        if (!pass_digits(c))
            return false;
    }
    if (c->p < c->end && (*c->p == 'e' || *c->p == 'E')) {
        c->p++;
        if (c->p < c->end && (*c->p == '+' || *c->p == '-'))
            c->p++;
        return pass_digits(c);
    }
    return true;
}

static bool pass_literal(struct check *c, const char *literal)
{
    struct slice rest = slice_of(c->p, (size_t)(c->end - c->p));
    if (!slice_starts(rest, literal))
        return wrong(c, "a value") != WRONG;
    c->p += strlen(literal);
    return true;
}

static enum state open_container(struct check *c, bool object)
{
    if (c->depth == LIMIT_JSON_DEPTH)
        return wrong(c, "less deeply nested arrays and objects");
    c->p++;
    c->depth++;
    c->objects = c->objects << 1 | (object ? 1U : 0U);
    return object ? WANT_KEY_OR_END : WANT_ITEM_OR_END;
}

static enum state close_container(struct check *c)
{
    c->p++;
    c->depth--;
    c->objects >>= 1;
    return c->depth > 0 ? WANT_MORE : DONE;
}

static enum state take_value(struct check *c)
{
    bool good;
    switch (c->p < c->end ? *c->p : '\0') {
    case '{':
        return open_container(c, true);
    case '[':
        return open_container(c, false);
    case '"':
        good = pass_string(c);
        break;
    case 't':
        good = pass_literal(c, "true");
        break;
    case 'f':
        good = pass_literal(c, "false");
        break;
    case 'n':
        good = pass_literal(c, "null");
        break;
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
        good = pass_number(c);
        break;
    default:
        return wrong(c, "a value");
    }
    if (!good)
        return WRONG;
    return c->depth > 0 ? WANT_MORE : DONE;
}

static enum state take_key(struct check *c, const char *what)
{
    if (c->p == c->end || *c->p != '"')
        return wrong(c, what);
    if (!pass_string(c))
        return WRONG;
    skip_blanks(c);
    if (c->p == c->end || *c->p != ':')
        return wrong(c, "a colon after the member's name");
    c->p++;
    return WANT_VALUE;
}

static enum state take_more(struct check *c)
{
    bool object = c->objects & 1U;
    int next = c->p < c->end ? *c->p : '\0';
    if (next == ',') {
        c->p++;
        return object ? WANT_KEY : WANT_VALUE;
    }
    if (next == (object ? '}' : ']'))
        return close_container(c);
    return wrong(c, object ? "a comma or the end of the object"
                           : "a comma or the end of the array");
}

static enum state step(struct check *c, enum state state)
{
    skip_blanks(c);
    bool at_end = c->p < c->end && (*c->p == '}' || *c->p == ']');
    switch (state) {
    case WANT_ITEM_OR_END:
        return at_end && *c->p == ']' ? close_container(c) : take_value(c);
    case WANT_KEY_OR_END:
        return at_end && *c->p == '}' ? close_container(c)
                                      : take_key(c, "a member's name or the end of the object");
    case WANT_KEY:
        return take_key(c, "a member's name in quotes");
    case WANT_MORE:
        return take_more(c);
    case WANT_VALUE:
    case DONE:
    case WRONG:
        break;
    }
    return take_value(c);
}

int json_check(struct slice text, struct json_problem *problem)
{
    struct check c = {.p = text.p ? text.p : ""};
    c.end = c.p + text.n;
    const char *start = c.p;
    enum state state = WANT_VALUE;
    while (state != DONE && state != WRONG)
        state = step(&c, state);
    if (state == DONE) {
        skip_blanks(&c);
        if (c.p == c.end)
            return AIGNE_OK;
        c.what = "nothing more after the value";
    }
    if (problem)
        *problem = (struct json_problem){(size_t)(c.p - start), c.what};
    return AIGNE_E_PROTOCOL;
}
