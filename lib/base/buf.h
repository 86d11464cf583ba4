/* buf.h - a growing run of bytes with a ceiling.
 *
 * Errors stick: after a failed append every further one does nothing, so a writer appends without
 * checking and asks buf_rc() once at the end. The byte after the last is always NUL. */
#ifndef AIGNE_BASE_BUF_H
#define AIGNE_BASE_BUF_H

#include "base/slice.h"
#include <stddef.h>
#include <stdint.h>

struct buf {
    char *p;
    size_t n;        /* bytes in use */
    size_t capacity; /* bytes allocated, the NUL included */
    size_t ceiling;  /* n never exceeds this */
    int rc;          /* AIGNE_OK, AIGNE_E_NOMEM, or AIGNE_E_REQUEST when the ceiling was hit */
};

void buf_init(struct buf *b, size_t ceiling);
void buf_free(struct buf *b);      /* usable again afterwards, empty, same ceiling */
void buf_wipe_free(struct buf *b); /* for secrets */
void buf_clear(struct buf *b);     /* keeps the memory, forgets the error */
int buf_rc(const struct buf *b);
int buf_grow(struct buf *b, size_t more); /* the slow half of buf_reserve */
/* Room for `more` bytes, or the sticky error. */
static inline int buf_reserve(struct buf *b, size_t more)
{
    bool roomy = !b->rc && b->capacity > b->n && more <= b->capacity - b->n - 1;
    return roomy ? 0 : buf_grow(b, more);
}
static inline void buf_put(struct buf *b, const char *p, size_t n)
{
    if (n == 0 || buf_reserve(b, n) != 0)
        return;
    memcpy(b->p + b->n, p, n);
    b->n += n;
    b->p[b->n] = '\0';
}
static inline void buf_put_slice(struct buf *b, struct slice s)
{
    buf_put(b, s.p, s.n);
}
void buf_put_text(struct buf *b, const char *text);
static inline void buf_put_byte(struct buf *b, char byte)
{
    buf_put(b, &byte, 1);
}
void buf_put_int(struct buf *b, int64_t value);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_consume(struct buf *b, size_t n); /* drop the first n bytes */

static inline struct slice buf_slice(const struct buf *b)
{
    return (struct slice){b->p ? b->p : "", b->n};
}

#define BUF_LITERAL(b, literal) buf_put((b), "" literal, sizeof(literal) - 1)

#endif
