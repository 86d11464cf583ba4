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
int buf_reserve(struct buf *b, size_t more); /* room for `more` bytes, or the sticky error */
void buf_put(struct buf *b, const char *p, size_t n);
void buf_put_slice(struct buf *b, struct slice s);
void buf_put_text(struct buf *b, const char *text);
void buf_put_byte(struct buf *b, char byte);
void buf_put_int(struct buf *b, int64_t value);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_consume(struct buf *b, size_t n); /* drop the first n bytes */

static inline struct slice buf_slice(const struct buf *b)
{
    return (struct slice){b->p ? b->p : "", b->n};
}

/* The bytes from `start` up to `end`, which are in it. */
static inline struct slice buf_part(const struct buf *b, size_t start, size_t end)
{
    return (struct slice){buf_slice(b).p + start, end - start};
}

#define BUF_LITERAL(b, literal) buf_put((b), "" literal, sizeof(literal) - 1)

#endif
