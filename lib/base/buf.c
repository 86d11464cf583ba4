/* Knows how to grow a run of bytes up to its ceiling; refuses to know what the bytes mean. */
#include "base/buf.h"
#include "base/mem.h"
#include <aignehub/aignehub.h>
#include <stdarg.h>
#include <stdio.h>

#define BUF_FIRST_CAPACITY 128

void buf_init(struct buf *b, size_t ceiling)
{
    *b = (struct buf){.ceiling = ceiling < SIZE_MAX / 4 ? ceiling : SIZE_MAX / 4};
}

void buf_free(struct buf *b)
{
    mem_free(b->p);
    *b = (struct buf){.ceiling = b->ceiling};
}

void buf_wipe_free(struct buf *b)
{
    mem_wipe(b->p, b->capacity);
    buf_free(b);
}

void buf_clear(struct buf *b)
{
    b->n = 0;
    b->rc = AIGNE_OK;
    if (b->p)
        b->p[0] = '\0';
}

int buf_rc(const struct buf *b)
{
    return b->rc;
}

/* Apart from buf_reserve so that the common case stays small enough to be inlined. */
static int grow(struct buf *b, size_t more)
{
    if (more > b->ceiling - b->n)
        return b->rc = AIGNE_E_REQUEST;
    size_t needed = b->n + more + 1;
    size_t capacity = b->capacity < BUF_FIRST_CAPACITY ? BUF_FIRST_CAPACITY : b->capacity * 2;
    if (capacity > b->ceiling + 1)
        capacity = b->ceiling + 1;
    if (capacity < needed)
        capacity = needed;
    char *p = mem_resize(b->p, capacity);
    if (!p)
        return b->rc = AIGNE_E_NOMEM;
    b->p = p;
    b->capacity = capacity;
    b->p[b->n] = '\0';
    return AIGNE_OK;
}

int buf_reserve(struct buf *b, size_t more)
{
    if (b->rc != AIGNE_OK)
        return b->rc;
    if (b->capacity > b->n && more <= b->capacity - b->n - 1)
        return AIGNE_OK;
    return grow(b, more);
}

void buf_put(struct buf *b, const char *p, size_t n)
{
    if (n == 0 || buf_reserve(b, n) != AIGNE_OK)
        return;
    memcpy(b->p + b->n, p, n);
    b->n += n;
    b->p[b->n] = '\0';
}

void buf_put_slice(struct buf *b, struct slice s)
{
    buf_put(b, s.p, s.n);
}

void buf_put_text(struct buf *b, const char *text)
{
    buf_put(b, text, strlen(text));
}

void buf_put_byte(struct buf *b, char byte)
{
    if (buf_reserve(b, 1) != AIGNE_OK)
        return;
    b->p[b->n++] = byte;
    b->p[b->n] = '\0';
}

void buf_put_int(struct buf *b, int64_t value)
{
    char digits[20];
    size_t at = sizeof(digits);
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        digits[--at] = '-';
    buf_put(b, digits + at, sizeof(digits) - at);
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list holes;
    va_start(holes, format);
    int length = vsnprintf(NULL, 0, format, holes);
    va_end(holes);
    if (length < 0) {
        b->rc = b->rc != AIGNE_OK ? b->rc : AIGNE_E_INTERNAL;
        return;
    }
    if (buf_reserve(b, (size_t)length) != AIGNE_OK)
        return;
    va_start(holes, format);
    (void)vsnprintf(b->p + b->n, (size_t)length + 1, format, holes);
    va_end(holes);
    b->n += (size_t)length;
}

void buf_consume(struct buf *b, size_t n)
{
    size_t gone = n < b->n ? n : b->n;
    if (gone == 0)
        return;
    b->n -= gone;
    memmove(b->p, b->p + gone, b->n + 1);
}
