/* Knows what a single JSON value means in C; refuses to know where it stood. */
#include "text/json_value.h"
#include "text/json_scan.h"
#include "text/number.h"
#include "text/utf8.h"
#include "text/word.h"
#include <aignehub/aignehub.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char letter = (char)(c | 0x20);
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/* The number in "\uXXXX" at the start of `s`, or -1. */
static int32_t unit_at(struct slice s)
{
    if (s.n < 6 || s.p[0] != '\\' || s.p[1] != 'u')
        return -1;
    int32_t unit = 0;
    for (size_t i = 2; i < 6; i++) {
        int digit = hex_digit(s.p[i]);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

/* Resolve the "\u" at the start of `s`, a pair of surrogates together; the bytes used up. */
static size_t resolve_unit(struct slice s, uint32_t *code_point)
{
    int32_t unit = unit_at(s);
    *code_point = 0xFFFD;
    if (unit < 0) { /* only in unchecked text */
        *code_point = 'u';
        return 2;
    }
    if (unit < 0xD800 || unit > 0xDFFF) {
        *code_point = (uint32_t)unit;
        return 6;
    }
    int32_t low = unit < 0xDC00 ? unit_at(slice_from(s, 6)) : -1;
    if (low < 0xDC00 || low > 0xDFFF)
        return 6;
    *code_point = 0x10000 + ((uint32_t)(unit - 0xD800) << 10) + (uint32_t)(low - 0xDC00);
    return 12;
}

/* Resolve the escape at the start of `s` into `out`: the bytes used up, and written. What is written
 * is never longer than what was used: whoever decodes needs no more room than the text has. */
static size_t resolve_escape(struct slice s, char out[4], size_t *written)
{
    *written = 1;
    switch (s.n >= 2 ? s.p[1] : '\0') {
    case 'b':
        out[0] = '\b';
        return 2;
    case 'f':
        out[0] = '\f';
        return 2;
    case 'n':
        out[0] = '\n';
        return 2;
    case 'r':
        out[0] = '\r';
        return 2;
    case 't':
        out[0] = '\t';
        return 2;
    case 'u': {
        uint32_t code_point;
        size_t used = resolve_unit(s, &code_point);
        *written = utf8_put(out, code_point);
        return used;
    }
    default: /* the escaped character itself: quote, backslash or slash in checked text */
        out[0] = s.p[s.n >= 2];
        return s.n >= 2 ? 2 : 1;
    }
}

/* Copy up to the next backslash or the end; how many bytes. Copies whole words: `out` has room for
 * all of `s`, so what is copied too much lands in room that is written again or not used. */
static size_t copy_plain(char *out, struct slice s)
{
    size_t at = 0;
    while (s.n - at >= WORD_SIZE) {
        uint64_t word = word_load(s.p + at);
        uint64_t marks = word_equal(word, '\\') & ~word & WORD_HIGHEST;
        memcpy(out + at, s.p + at, WORD_SIZE);
        if (marks)
            return at + word_first(marks);
        at += WORD_SIZE;
    }
    for (; at < s.n && s.p[at] != '\\'; at++)
        out[at] = s.p[at];
    return at;
}

/* `out` has room for inner.n bytes. Returns how many were written. */
static size_t resolve(struct slice inner, char *out)
{
    size_t n = 0;
    while (inner.n > 0) {
        size_t plain = copy_plain(out + n, inner);
        n += plain;
        inner = slice_from(inner, plain);
        if (inner.n == 0)
            break;
        char bytes[4];
        size_t written;
        inner = slice_from(inner, resolve_escape(inner, bytes, &written));
        for (size_t i = 0; i < written; i++)
            out[n++] = bytes[i];
    }
    return n;
}

bool json_escaped_equals(struct slice escaped, struct slice want)
{
    if (!want.p)
        return false;
    while (escaped.n > 0) {
        char bytes[4] = {escaped.p[0]};
        size_t written = 1;
        size_t used = 1;
        if (escaped.p[0] == '\\')
            used = resolve_escape(escaped, bytes, &written);
        if (want.n < written || memcmp(want.p, bytes, written) != 0)
            return false;
        escaped = slice_from(escaped, used);
        want = slice_from(want, written);
    }
    return want.n == 0;
}

/* The text between the quotes; .p NULL: not a string. */
static struct slice between_quotes(struct json v)
{
    if (v.kind != JSON_STRING || v.raw.n < 2)
        return SLICE_NONE;
    return slice_of(v.raw.p + 1, v.raw.n - 2);
}

struct slice json_string(struct json v, struct arena *a)
{
    struct slice inner = between_quotes(v);
    if (!inner.p || slice_find_byte(inner, '\\') == inner.n)
        return inner;
    char *out = arena_bytes(a, inner.n);
    return out ? slice_of(out, resolve(inner, out)) : SLICE_NONE;
}

bool json_string_into(struct json v, struct buf *out)
{
    struct slice inner = between_quotes(v);
    if (!inner.p)
        return false;
    if (buf_reserve(out, inner.n) != AIGNE_OK)
        return true; /* it was a string; what went wrong is in the buf */
    out->n += resolve(inner, out->p + out->n);
    out->p[out->n] = '\0';
    return true;
}

bool json_string_is(struct json v, const char *text)
{
    struct slice inner = between_quotes(v);
    return inner.p && json_escaped_equals(inner, slice_text(text));
}

bool json_bool(struct json v, bool *out)
{
    if (v.kind != JSON_TRUE && v.kind != JSON_FALSE)
        return false;
    *out = v.kind == JSON_TRUE;
    return true;
}

bool json_int64(struct json v, int64_t *out)
{
    if (v.kind != JSON_NUMBER)
        return false;
    if (slice_int64(v.raw, out))
        return true;
    struct number number;
    return number_parse(v.raw, &number) && number_int64(&number, out);
}
