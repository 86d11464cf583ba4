/* frames.c - knows which reader cuts which stream; refuses to know what a frame means. */
#include "text/frames.h"

void frames_init(struct frames *f, enum framing framing)
{
    f->framing = framing;
    f->piece = SLICE_NONE;
    sse_init(&f->sse);
    lines_init(&f->lines);
    eventstream_init(&f->aws);
    chunks_init(&f->chunks);
}

void frames_free(struct frames *f)
{
    sse_free(&f->sse);
    lines_free(&f->lines);
    eventstream_free(&f->aws);
    chunks_free(&f->chunks);
}

void frames_feed(struct frames *f, struct slice piece)
{
    if (f->framing == FRAMES_SSE)
        sse_feed(&f->sse, piece);
    else if (f->framing == FRAMES_LINES)
        lines_feed(&f->lines, piece);
    else if (f->framing == FRAMES_AWS || f->framing == FRAMES_AWS_SSE)
        eventstream_feed(&f->aws, piece);
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

static int as_event(int rc, struct slice line, struct sse_event *out)
{
    if (rc > 0)
        *out = (struct sse_event){.data = slice_trim(line), .raw = line};
    return rc;
}

static int next_aws(struct frames *f, struct sse_event *out)
{
    struct eventstream_message m;
    int rc = eventstream_next(&f->aws, &m);
    if (rc > 0 && f->framing == FRAMES_AWS_SSE && !m.failed)
        return chunks_event(&f->chunks, m.data, out);
    if (rc > 0)
        *out = (struct sse_event){
            .name = m.name, .data = m.data, .raw = m.raw, .failed = m.failed};
    return rc;
}

int frames_next(struct frames *f, struct sse_event *out)
{
    struct slice line = SLICE_NONE;
    if (f->framing == FRAMES_SSE)
        return sse_next(&f->sse, out);
    if (f->framing == FRAMES_AWS || f->framing == FRAMES_AWS_SSE)
        return next_aws(f, out);
    return f->framing == FRAMES_LINES ? as_event(lines_next(&f->lines, &line), line, out)
                                      : next_raw(f, out);
}

int frames_finish(struct frames *f, struct sse_event *out)
{
    struct slice line = SLICE_NONE;
    if (f->framing == FRAMES_SSE)
        return sse_finish(&f->sse, out);
    return f->framing == FRAMES_LINES ? as_event(lines_finish(&f->lines, &line), line, out) : 0;
}

const char *frames_media_type(enum framing framing)
{
    static const char *const types[] = {[FRAMES_SSE] = "text/event-stream",
                                        [FRAMES_RAW] = NULL,
                                        [FRAMES_LINES] = "application/x-ndjson",
                                        [FRAMES_AWS] = "application/vnd.amazon.eventstream",
                                        [FRAMES_AWS_SSE] =
                                            "application/vnd.amazon.eventstream"};
    return types[framing];
}

const char *frames_given_type(enum framing framing)
{
    return framing == FRAMES_AWS_SSE ? "text/event-stream" : NULL;
}
