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

bool slice_same_nocase(struct slice s, const char *text);            /* of the same length */
static inline bool slice_is_nocase(struct slice s, const char *text) /* ASCII letters only */
{
    return s.n == strlen(text) && slice_same_nocase(s, text);
}
bool slice_starts(struct slice s, const char *prefix);
bool slice_starts_nocase(struct slice s, const char *prefix);
bool slice_ends(struct slice s, const char *suffix);
/* Where `needle` begins in `s`, or s.n when it does not occur. */
size_t slice_find(struct slice s, struct slice needle);
size_t slice_find_byte(struct slice s, char byte);
/* Split at the first `byte`: true puts what precedes it into head and what follows into tail. */
bool slice_cut(struct slice s, char byte, struct slice *head, struct slice *tail);
struct slice slice_trim(struct slice s); /* without blanks, tabs, CR and LF at both ends */
/* A whole decimal integer; false when it is anything else or does not fit. */
bool slice_int64(struct slice s, int64_t *out);

#endif
