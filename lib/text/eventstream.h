/* eventstream.h - messages cut out of a stream of Amazon's binary framing,
 * application/vnd.amazon.eventstream, however the network split it.
 *
 * A message is: its length, the length of its headers, the CRC-32 of these two, headers, payload, and the
 * CRC-32 of all before it. Both sums are verified. A message that lies whole within one piece is not
 * copied. */
#ifndef AIGNE_TEXT_EVENTSTREAM_H
#define AIGNE_TEXT_EVENTSTREAM_H

#include "base/buf.h"
#include "base/slice.h"
#include <stdbool.h>

struct eventstream {
    struct buf carry;   /* an unfinished message from earlier pieces */
    struct slice piece; /* what is left of the current piece */
    bool carry_given;   /* carry holds the message given last: forget it on the next call */
};

struct eventstream_message {
    bool failed;       /* an exception or an error, not an event */
    struct slice name; /* the type of the event or exception, or the error's code */
    struct slice data; /* the payload; of an error its message */
    struct slice raw;  /* all of it */
};

void eventstream_init(struct eventstream *s);
void eventstream_free(struct eventstream *s);
/* Hand over the next piece; it is borrowed until eventstream_next has returned 0. */
void eventstream_feed(struct eventstream *s, struct slice piece);
/* 1: a message, its slices valid until the next call on `s`; 0: feed more; AIGNE_E_PROTOCOL: what came is
 * no such stream, was damaged, or is larger than LIMIT_FRAME; AIGNE_E_NOMEM. After a failure the
 * stream is lost. */
int eventstream_next(struct eventstream *s, struct eventstream_message *out);

#endif
