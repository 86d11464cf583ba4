/* lines.h - lines cut out of a byte stream, however the network split it: JSON text sequences (NDJSON).
 *
 * Accepts LF and CRLF, and a last line without its end (given by lines_finish). Lines that lie whole
 * within one piece are not copied. */
#ifndef AIGNE_TEXT_LINES_H
#define AIGNE_TEXT_LINES_H

#include "base/buf.h"
#include "base/slice.h"

struct lines {
    struct buf carry;   /* an unfinished line from earlier pieces */
    struct slice piece; /* what is left of the current piece */
    bool carry_given;   /* carry holds the line given last: forget it on the next call */
};

void lines_init(struct lines *l);
void lines_free(struct lines *l);
/* Hand over the next piece; it is borrowed until lines_next has returned 0. */
void lines_feed(struct lines *l, struct slice piece);
/* 1: a line with its end, valid until the next call on `l`; 0: feed more; negative: a line larger than
 * LIMIT_FRAME (AIGNE_E_PROTOCOL) or no memory. Blank lines are skipped. */
int lines_next(struct lines *l, struct slice *out);
/* The stream ended: 1 and the unterminated last line, or 0. */
int lines_finish(struct lines *l, struct slice *out);

#endif
