/* Knows how to compare, search and cut borrowed bytes; refuses to own or change any. */
#define _GNU_SOURCE
#include "base/slice.h"

static unsigned char lower(char c)
{
    unsigned char byte = (unsigned char)c;
    return byte >= 'A' && byte <= 'Z' ? (unsigned char)(byte | 0x20) : byte;
}

static bool same_nocase(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (a[i] != b[i] && lower(a[i]) != lower(b[i]))
            return false;
    }
    return true;
}

bool slice_same_nocase(struct slice s, const char *text)
{
    return s.n == strlen(text) && same_nocase(s.p, text, s.n);
}

bool slice_starts(struct slice s, const char *prefix)
{
    size_t n = strlen(prefix);
    return n <= s.n && (n == 0 || memcmp(s.p, prefix, n) == 0);
}

bool slice_starts_nocase(struct slice s, const char *prefix)
{
    size_t n = strlen(prefix);
    return n <= s.n && same_nocase(s.p, prefix, n);
}

bool slice_has_nocase(struct slice s, const char *words)
{
    size_t n = strlen(words);
    for (size_t i = 0; i + n <= s.n; i++) {
        if (same_nocase(s.p + i, words, n))
            return true;
    }
    return false;
}

bool slice_ends(struct slice s, const char *suffix)
{
    size_t n = strlen(suffix);
    return n <= s.n && (n == 0 || memcmp(s.p + (s.n - n), suffix, n) == 0);
}

size_t slice_find(struct slice s, struct slice needle)
{
    if (needle.n == 0)
        return 0;
    if (needle.n > s.n)
        return s.n;
    const char *found = memmem(s.p, s.n, needle.p, needle.n);
    return found ? (size_t)(found - s.p) : s.n;
}

bool slice_int64(struct slice s, int64_t *out)
{
    bool negative = s.n > 0 && s.p[0] == '-';
    struct slice digits = negative ? slice_from(s, 1) : s;
    if (digits.n == 0)
        return false;
    int64_t value = 0;
    for (size_t i = 0; i < digits.n; i++) {
        int digit = digits.p[i] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, 10, &value))
            return false;
        /* Counting downwards for negative numbers reaches the lowest one too. */
        if (__builtin_add_overflow(value, negative ? -digit : digit, &value))
            return false;
    }
    *out = value;
    return true;
}
