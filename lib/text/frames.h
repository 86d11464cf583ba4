/* frames.h - a streamed answer cut into frames, whatever cuts it: server-sent events, lines, Amazon's
 * binary messages, or bytes as they come. One reader for all, so that who reads an answer need not know. */
#ifndef AIGNE_TEXT_FRAMES_H
#define AIGNE_TEXT_FRAMES_H

#include "text/chunks.h"
#include "text/eventstream.h"
#include "text/lines.h"
#include "text/sse.h"

enum framing {
    FRAMES_SSE = 0, /* text/event-stream */
    FRAMES_RAW,     /* each piece is a frame: audio on its way */
    FRAMES_LINES,   /* application/x-ndjson: each line is a frame */
    FRAMES_AWS,     /* application/vnd.amazon.eventstream */
    FRAMES_AWS_SSE /* the same, and inside each message an event of the model's own stream: as that */
};

struct frames {
    enum framing framing;
    struct sse sse;
    struct lines lines;
    struct eventstream aws;
    struct chunks chunks;
    struct slice piece; /* RAW: not given yet */
};

void frames_init(struct frames *f, enum framing framing);
void frames_free(struct frames *f);
/* As sse_feed, sse_next and sse_finish; of a frame that is no event only data and raw are
 * set. */
void frames_feed(struct frames *f, struct slice piece);
int frames_next(struct frames *f, struct sse_event *out);
int frames_finish(struct frames *f, struct sse_event *out);
/* The media type that such a stream comes under; NULL: any. */
const char *frames_media_type(enum framing framing);
/* The media type of its frames as they are given, where that is another; else NULL. */
const char *frames_given_type(enum framing framing);

#endif
