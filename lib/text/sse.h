/* sse.h - server-sent events cut out of a byte stream, however the network split it.
 *
 * Accepts LF, CRLF and lone CR, `data:` with or without the blank, several data lines (joined by
 * LF), comments, a BOM, and a last event without its blank line (given by sse_finish). Events that
 * lie whole within one piece and have one data line are not copied. */
#ifndef AIGNE_TEXT_SSE_H
#define AIGNE_TEXT_SSE_H

#include "base/buf.h"
#include "base/slice.h"

struct sse_event {
    struct slice name; /* of `event:`; empty when there was none */
    struct slice data;
    struct slice raw; /* all lines of the event as they came, the blank line included */
    bool failed;      /* of other framings: it is an error, by this name */
};

struct sse {
    struct buf carry;   /* an unfinished event from earlier pieces */
    struct buf joined;  /* the data of an event with several data lines */
    struct slice piece; /* what is left of the current piece */
    size_t scanned;     /* bytes of carry already searched for the end */
    bool started;       /* the BOM question is settled */
    bool comment_seen;  /* a comment or blank arrived since sse_next last gave an event */
    bool carry_given;   /* carry holds the event given last: forget it on the next call */
};

void sse_init(struct sse *s);
void sse_free(struct sse *s);
/* Hand over the next piece; it is borrowed until sse_next has returned 0. */
void sse_feed(struct sse *s, struct slice piece);
/* 1: an event, its slices valid until the next call on `s`; 0: feed more; negative: an event larger
 * than LIMIT_FRAME (AIGNE_E_PROTOCOL) or no memory. Events without data (comments, lone names) are
 * skipped; so are unnamed ones whose data is empty: some servers keep a connection alive with them. */
int sse_next(struct sse *s, struct sse_event *out);
/* The stream ended: 1 and the unterminated last event, or 0. */
int sse_finish(struct sse *s, struct sse_event *out);

#endif
