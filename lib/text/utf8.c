/* Knows what a UTF-8 character is (RFC 3629); refuses to know any character's meaning. */
#include "text/utf8.h"
#include "text/word.h"

static bool continues(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

static size_t take_long(const unsigned char *p, size_t n, uint32_t *code_point)
{
    unsigned char lead = p[0];
    if (lead >= 0xC2 && lead <= 0xDF) {
        if (n < 2 || !continues(p[1]))
            return 0;
        *code_point = (lead & 0x1FU) << 6 | (p[1] & 0x3FU);
        return 2;
    }
    if (lead >= 0xE0 && lead <= 0xEF) {
        if (n < 3 || !continues(p[1]) || !continues(p[2]))
            return 0;
        uint32_t c = (lead & 0x0FU) << 12 | (p[1] & 0x3FU) << 6 | (p[2] & 0x3FU);
        *code_point = c;
        return c >= 0x800 && (c < 0xD800 || c > 0xDFFF) ? 3 : 0;
    }
    if (lead < 0xF0 || lead > 0xF4 || n < 4)
        return 0;
    if (!continues(p[1]) || !continues(p[2]) || !continues(p[3]))
        return 0;
    uint32_t c =
        (lead & 0x07U) << 18 | (p[1] & 0x3FU) << 12 | (p[2] & 0x3FU) << 6 | (p[3] & 0x3FU);
    *code_point = c;
    return c >= 0x10000 && c <= 0x10FFFF ? 4 : 0;
}

size_t utf8_take(struct slice s, uint32_t *code_point)
{
    if (s.n == 0)
        return 0;
    unsigned char lead = (unsigned char)s.p[0];
    if (lead < 0x80) {
        *code_point = lead;
        return 1;
    }
    return take_long((const unsigned char *)s.p, s.n, code_point);
}

/* Three bytes from U+1000 on, surrogates' row aside: most of the world's text beyond Latin. */
static bool is_common_three(const unsigned char *p)
{
    return (p[0] & 0xF0) == 0xE0 && p[0] != 0xE0 && p[0] != 0xED && continues(p[1]) &&
           continues(p[2]);
}

size_t utf8_run(struct slice s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t at = 0;
    while (at < s.n && p[at] >= 0x80) {
        uint32_t code_point;
        size_t length = 3;
        if (s.n - at < 3 || !is_common_three(p + at))
            length = take_long(p + at, s.n - at, &code_point);
        if (length == 0)
            break;
        at += length;
    }
    return at;
}

bool utf8_valid(struct slice s)
{
    size_t at = 0;
    while (at < s.n) {
        if (s.n - at >= WORD_SIZE && (word_load(s.p + at) & WORD_HIGHEST) == 0) {
            at += WORD_SIZE;
        } else if ((unsigned char)s.p[at] < 0x80) {
            at++;
        } else {
            size_t run = utf8_run(slice_of(s.p + at, s.n - at));
            if (run == 0)
                return false;
            at += run;
        }
    }
    return true;
}

size_t utf8_put(char out[4], uint32_t code_point)
{
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    if (code_point < 0x800) {
        out[0] = (char)(0xC0 | code_point >> 6);
        out[1] = (char)(0x80 | (code_point & 0x3F));
        return 2;
    }
    if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point <= 0xDFFF))
        code_point = 0xFFFD; /* not a character: the one that stands for such */
    if (code_point < 0x10000) {
        out[0] = (char)(0xE0 | code_point >> 12);
        out[1] = (char)(0x80 | (code_point >> 6 & 0x3F));
        out[2] = (char)(0x80 | (code_point & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | code_point >> 18);
    out[1] = (char)(0x80 | (code_point >> 12 & 0x3F));
    out[2] = (char)(0x80 | (code_point >> 6 & 0x3F));
    out[3] = (char)(0x80 | (code_point & 0x3F));
    return 4;
}
