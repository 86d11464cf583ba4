/* aigne_video.c - knows how a video is told to AIGNE's clients while it is being made, when they ask for a
 * stream; refuses to know how it is asked for. */
#include "ingress/aigne.h"

#include <aignehub/aignehub.h>

struct watched {
    struct reply reply;
    bool begun;
};

static struct watched *watched_of(struct encoding *e)
{
    struct watched *v = e->state;
    if (!v->begun)
        reply_init(&v->reply, e->keep);
    v->begun = true;
    return v;
}

/* JSON of others may have line ends between its values; a line of an event must not. */
static void end_frame(struct buf *out, size_t start)
{
    for (size_t i = start; i < out->n; i++) {
        if (out->p[i] == '\n' || out->p[i] == '\r')
            out->p[i] = ' ';
    }
    BUF_LITERAL(out, "}\n\n");
}

static int event(struct encoding *e, const struct event *ev)
{
    struct watched *v = watched_of(e);
    if (ev->kind != EVENT_PROGRESS)
        return event_push(&v->reply.sink, ev);
    size_t start = e->out->n;
    BUF_LITERAL(e->out, "data: {\"progress\":");
    buf_put_slice(e->out, ev->metadata);
    end_frame(e->out, start);
    return buf_rc(e->out);
}

static int end(struct encoding *e, const struct reply_notes *notes)
{
    size_t start = e->out->n;
    BUF_LITERAL(e->out, "data: {\"delta\":{\"json\":");
    reply_write(&watched_of(e)->reply, notes, e->out);
    BUF_LITERAL(e->out, "}");
    end_frame(e->out, start);
    return buf_rc(e->out);
}

static void close_state(struct encoding *e)
{
    struct watched *v = e->state;
    if (v->begun)
        reply_free(&v->reply);
    v->begun = false;
}

const struct ingress ingress_aigne_video = {
    .name = "aigne",
    .format = "aigne.video",
    .kind = KIND_VIDEO,
    .state_size = sizeof(struct watched),
    .early_head = true,
    .content_type_stream = "text/event-stream",
    .content_type_plain = "application/json",
    .peek = aigne_peek_video,
    .decode = aigne_decode_video,
    .event = event,
    .end = end,
    .keep_alive = aigne_keep_alive,
    .whole = aigne_whole_task,
    .error = aigne_write_error,
    .close = close_state,
};
