/* Knows where lines begin and end in a stream of pieces; refuses to read them. */
#include "text/lines.h"
#include "base/limits.h"
#include <aignehub/aignehub.h>

/* A carry that had to hold one huge line is given back rather than kept for the next. */
#define KEPT_CAPACITY ((size_t)1024 * 1024)

void lines_init(struct lines *l)
{
    *l = (struct lines){0};
    buf_init(&l->carry, LIMIT_FRAME);
}

void lines_free(struct lines *l)
{
    buf_free(&l->carry);
    lines_init(l);
}

void lines_feed(struct lines *l, struct slice piece)
{
    l->piece = piece;
}

static void drop_carry(struct lines *l)
{
    if (l->carry.capacity > KEPT_CAPACITY)
        buf_free(&l->carry);
    buf_clear(&l->carry);
    l->carry_given = false;
}

static bool take_line(struct lines *l, struct slice *out)
{
    size_t n = slice_find_byte(l->piece, '\n');
    bool ended = n < l->piece.n;
    struct slice line = slice_of(l->piece.p, ended ? n + 1 : n);
    if (ended && l->carry.n == 0) {
        *out = line;
    } else {
        buf_put_slice(&l->carry, line);
        *out = buf_slice(&l->carry);
        l->carry_given = ended;
    }
    l->piece = slice_from(l->piece, line.n);
    return ended && buf_rc(&l->carry) == AIGNE_OK;
}

static int state_of(const struct lines *l)
{
    int rc = buf_rc(&l->carry);
    return rc == AIGNE_E_REQUEST ? AIGNE_E_PROTOCOL : rc;
}

int lines_next(struct lines *l, struct slice *out)
{
    if (l->carry_given)
        drop_carry(l);
    while (l->piece.n > 0 && buf_rc(&l->carry) == AIGNE_OK) {
        if (!take_line(l, out))
            continue;
        if (slice_trim(*out).n > 0)
            return 1;
        if (l->carry_given)
            drop_carry(l);
    }
    return state_of(l);
}

int lines_finish(struct lines *l, struct slice *out)
{
    int rc = lines_next(l, out);
    if (rc != 0 || slice_trim(buf_slice(&l->carry)).n == 0)
        return rc;
    *out = buf_slice(&l->carry);
    l->carry_given = true;
    return 1;
}
