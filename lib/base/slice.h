/* slice.h - a view of bytes that somebody else owns. Never NUL-terminated by contract. */
#ifndef AIGNE_BASE_SLICE_H
#define AIGNE_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const char *p; /* NULL means "absent", which is not the same as empty */
    size_t n;
};

#define SLICE(literal) ((struct slice){"" literal, sizeof(literal) - 1})
#define SLICE_NONE     ((struct slice){NULL, 0})

static inline struct slice slice_of(const char *p, size_t n)
{
    return (struct slice){p, n};
}

static inline struct slice slice_text(const char *text)
{
    return text ? (struct slice){text, strlen(text)} : SLICE_NONE;
}

/* Drop the first `n` bytes; at most all of them. */
static inline struct slice slice_from(struct slice s, size_t n)
{
    size_t k = n < s.n ? n : s.n;
    return s.p ? (struct slice){s.p + k, s.n - k} : SLICE_NONE;
}

static inline bool slice_eq(struct slice a, struct slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool slice_is(struct slice s, const char *text)
{
    return slice_eq(s, slice_text(text));
}

bool slice_same_nocase(struct slice s, const char *text);
/* ASCII letters only. The first one's low bits decide nearly always, so they are looked at on the spot. */
__attribute__((always_inline)) static inline bool slice_is_nocase(struct slice s,
                                                                  const char *text)
{
    return ((s.n ? s.p[0] ^ text[0] : text[0]) & 0x1F) == 0 && slice_same_nocase(s, text);
}
bool slice_starts(struct slice s, const char *prefix);
bool slice_starts_nocase(struct slice s, const char *prefix);
bool slice_ends(struct slice s, const char *suffix);
bool slice_has_nocase(struct slice s, const char *words); /* anywhere in it */
/* Where `needle` begins in `s`, or s.n when it does not occur. */
size_t slice_find(struct slice s, struct slice needle);
static inline size_t slice_find_byte(struct slice s, char byte)
{
    const char *found = s.n > 0 ? memchr(s.p, byte, s.n) : NULL;
    return found ? (size_t)(found - s.p) : s.n;
}
/* Split at the first `byte`: true puts what precedes it into head and what follows into tail. */
static inline bool slice_cut(struct slice s, char byte, struct slice *head, struct slice *tail)
{
    size_t at = slice_find_byte(s, byte);
    if (at == s.n)
        return false;
    *head = slice_of(s.p, at);
    *tail = slice_from(s, at + 1);
    return true;
}
static inline bool slice_is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
/* Without blanks, tabs, CR and LF at both ends. */
static inline struct slice slice_trim(struct slice s)
{
    while (s.n > 0 && slice_is_blank(s.p[s.n - 1]))
        s.n--;
    while (s.n > 0 && slice_is_blank(s.p[0]))
        s = slice_from(s, 1);
    return s;
}
/* A whole decimal integer; false when it is anything else or does not fit. */
bool slice_int64(struct slice s, int64_t *out);

#endif
