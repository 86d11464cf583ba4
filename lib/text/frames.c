/* frames.c - knows which reader cuts which stream; refuses to know what a frame means. */
#include "text/frames.h"

void frames_init(struct frames *f, enum framing framing)
{
    f->framing = framing;
    f->piece = SLICE_NONE;
    sse_init(&f->sse);
}

void frames_free(struct frames *f)
{
    sse_free(&f->sse);
}

void frames_feed(struct frames *f, struct slice piece)
{
    if (f->framing == FRAMES_SSE)
        sse_feed(&f->sse, piece);
    else
        f->piece = piece;
}

static int next_raw(struct frames *f, struct sse_event *out)
{
    if (!f->piece.n)
        return 0;
    *out = (struct sse_event){.data = f->piece, .raw = f->piece};
    f->piece = SLICE_NONE;
    return 1;
}

int frames_next(struct frames *f, struct sse_event *out)
{
    return f->framing == FRAMES_SSE ? sse_next(&f->sse, out) : next_raw(f, out);
}

int frames_finish(struct frames *f, struct sse_event *out)
{
    return f->framing == FRAMES_SSE ? sse_finish(&f->sse, out) : 0;
}

const char *frames_media_type(enum framing framing)
{
    return framing == FRAMES_SSE ? "text/event-stream" : NULL;
}
