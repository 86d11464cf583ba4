/* Knows RFC 4648 base64 and data URLs; refuses to know what is inside. */
#include "text/base64.h"
#include <aignehub/aignehub.h>

/* What each byte stands for; both alphabets at once. Unnamed bytes are refused below. */
static const unsigned char values[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,
    ['H'] = 8,  ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14,
    ['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21,
    ['V'] = 22, ['W'] = 23, ['X'] = 24, ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28,
    ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35,
    ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42,
    ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49,
    ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63,
    ['-'] = 63, ['/'] = 64, ['_'] = 64};

/* The table holds value + 1, so that what it does not name becomes 0 - 1: more than six bits. */
static unsigned value_of(char c)
{
    return values[(unsigned char)c] - 1U;
}

void base64_encode(struct buf *out, struct slice bytes)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (bytes.n > SIZE_MAX / 2 || buf_reserve(out, (bytes.n + 2) / 3 * 4) != AIGNE_OK)
        return;
    const unsigned char *p = (const unsigned char *)bytes.p;
    char *to = out->p + out->n;
    size_t left = bytes.n;
    for (; left >= 3; left -= 3, p += 3, to += 4) {
        unsigned bits = (unsigned)p[0] << 16 | (unsigned)p[1] << 8 | p[2];
        to[0] = alphabet[bits >> 18];
        to[1] = alphabet[bits >> 12 & 63];
        to[2] = alphabet[bits >> 6 & 63];
        to[3] = alphabet[bits & 63];
    }
    if (left > 0) {
        unsigned bits = (unsigned)p[0] << 16 | (left > 1 ? (unsigned)p[1] << 8 : 0U);
        to[0] = alphabet[bits >> 18];
        to[1] = alphabet[bits >> 12 & 63];
        to[2] = to[3] = '=';
        if (left > 1)
            to[2] = alphabet[bits >> 6 & 63];
        to += 4;
    }
    out->n = (size_t)(to - out->p);
    out->p[out->n] = '\0';
}

/* The text without its padding; .p NULL: the padding is wrong. */
static struct slice without_padding(struct slice text)
{
    size_t n = text.n;
    while (n > 0 && text.n - n < 2 && text.p[n - 1] == '=')
        n--;
    bool padded = n < text.n;
    if (n % 4 == 1 || (padded && text.n % 4 != 0))
        return SLICE_NONE;
    return slice_of(text.p ? text.p : "", n);
}

static bool all_base64(struct slice digits)
{
    unsigned seen = 0;
    for (size_t i = 0; i < digits.n; i++)
        seen |= value_of(digits.p[i]);
    return seen < 64;
}

bool base64_valid(struct slice text)
{
    struct slice digits = without_padding(text);
    return digits.p && all_base64(digits);
}

static size_t decoded_size(struct slice digits)
{
    return digits.n / 4 * 3 + digits.n % 4 * 3 / 4;
}

/* Of digits that are all of them base64; `to` has room for decoded_size. */
static void decode(char *to, struct slice digits)
{
    const char *p = digits.p;
    size_t left = digits.n;
    for (; left >= 4; left -= 4, p += 4, to += 3) {
        unsigned bits =
            value_of(p[0]) << 18 | value_of(p[1]) << 12 | value_of(p[2]) << 6 | value_of(p[3]);
        to[0] = (char)(bits >> 16);
        to[1] = (char)(bits >> 8 & 0xFF);
        to[2] = (char)(bits & 0xFF);
    }
    if (left > 1) {
        unsigned bits = value_of(p[0]) << 18 | value_of(p[1]) << 12;
        bits |= left > 2 ? value_of(p[2]) << 6 : 0;
        *to++ = (char)(bits >> 16);
        if (left > 2)
            *to++ = (char)(bits >> 8 & 0xFF);
    }
}

bool base64_decode(struct buf *out, struct slice text)
{
    struct slice digits = without_padding(text);
    if (!digits.p || !all_base64(digits))
        return false;
    if (buf_reserve(out, decoded_size(digits)) != AIGNE_OK)
        return true; /* it is base64; what went wrong is in the buf */
    decode(out->p + out->n, digits);
    out->n += decoded_size(digits);
    out->p[out->n] = '\0';
    return true;
}

struct slice base64_bytes(struct arena *a, struct slice text)
{
    struct slice digits = without_padding(text);
    char *bytes =
        digits.p && all_base64(digits) ? arena_bytes(a, decoded_size(digits) + 1) : NULL;
    if (!bytes)
        return SLICE_NONE;
    decode(bytes, digits);
    return slice_of(bytes, decoded_size(digits));
}

bool data_url_parse(struct slice url, struct slice *mime, struct slice *base64)
{
    struct slice head;
    struct slice payload;
    if (!slice_starts_nocase(url, "data:") || !slice_cut(url, ',', &head, &payload))
        return false;
    head = slice_from(head, sizeof("data:") - 1);
    const char *mark = ";base64";
    if (head.n < strlen(mark) ||
        !slice_is_nocase(slice_from(head, head.n - strlen(mark)), mark))
        return false;
    head.n -= strlen(mark);
    struct slice type = slice_trim(slice_of(head.p, slice_find_byte(head, ';')));
    *mime = type.n > 0 ? type : SLICE("text/plain");
    *base64 = payload;
    return true;
}
