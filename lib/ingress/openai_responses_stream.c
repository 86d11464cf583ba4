/* openai_responses_stream.c - knows which items and events of OpenAI's Responses an event of ours becomes;
 * refuses to know who thought of the answer. */
#include "ingress/openai_responses_stream.h"
#include "base/limits.h"
#include <aignehub/aignehub.h>

_Static_assert(sizeof(struct responses_stream) <= RESPONSES_STATE_SIZE,
               "the state fits what is promised");

typedef struct responses_stream stream;

static int on_start(struct encoding *e, stream *s, const struct event *ev)
{
    (void)e;
    (void)s;
    (void)ev;
    return AIGNE_OK;
}

/* ---- words ---- */

static void tell_text(struct encoding *e, stream *s, struct slice text, struct slice logprobs)
{
    struct json_writer w = responses_open_part_event(e, s, "response.output_text.delta");
    json_member_string(&w, "delta", text);
    json_key(&w, "logprobs");
    json_write_line(&w, logprobs);
    responses_close_event(&w);
}

static int put_text(struct encoding *e, stream *s, struct slice text)
{
    int rc = responses_open_part(e, s, TEXT_PART);
    if (rc)
        return rc;
    s->spoken = true;
    buf_put_slice(&s->text, text);
    tell_text(e, s, text, SLICE("[]"));
    return AIGNE_OK;
}

static int on_text(struct encoding *e, stream *s, const struct event *ev)
{
    return ev->choice || !ev->text.n ? AIGNE_OK : put_text(e, s, ev->text);
}

/* They are told with an empty piece: the one they are of went out. */
static int on_logprobs(struct encoding *e, stream *s, const struct event *ev)
{
    struct slice list = slice_trim(ev->text);
    if (ev->choice || list.n < 3 || list.p[0] != '[')
        return AIGNE_OK;
    int rc = responses_open_part(e, s, TEXT_PART);
    if (rc)
        return rc;
    struct json_writer kept = json_writer(&s->logprobs);
    kept.comma = s->logprobs.n > 0;
    json_write_line(&kept, slice_of(list.p + 1, list.n - 2));
    tell_text(e, s, SLICE(""), list);
    return AIGNE_OK;
}

static int on_citation(struct encoding *e, stream *s, const struct event *ev)
{
    int rc = responses_open_part(e, s, TEXT_PART);
    if (rc)
        return rc;
    struct json_writer marks = json_writer(&s->marks);
    marks.comma = s->marks.n > 0;
    size_t from = s->marks.n + marks.comma;
    if (!responses_write_annotation(&marks, ev->metadata) || buf_rc(&s->marks))
        return AIGNE_OK;
    struct json_writer w =
        responses_open_part_event(e, s, "response.output_text.annotation.added");
    json_member_int(&w, "annotation_index", s->mark_count++);
    json_member_raw(&w, "annotation", slice_from(buf_slice(&s->marks), from));
    responses_close_event(&w);
    return AIGNE_OK;
}

static int on_refusal(struct encoding *e, stream *s, const struct event *ev)
{
    if (ev->choice || !ev->text.n)
        return AIGNE_OK;
    int rc = responses_open_part(e, s, REFUSAL_PART);
    if (rc)
        return rc;
    s->refused = true;
    buf_put_slice(&s->text, ev->text);
    struct json_writer w = responses_open_part_event(e, s, "response.refusal.delta");
    json_member_string(&w, "delta", ev->text);
    responses_close_event(&w);
    return AIGNE_OK;
}

/* A structured answer is its text to these clients, unless they had it as text already. */
static int on_json(struct encoding *e, stream *s, const struct event *ev)
{
    return s->spoken ? AIGNE_OK : on_text(e, s, ev);
}

/* ---- reasoning ---- */

static int on_thought(struct encoding *e, stream *s, const struct event *ev)
{
    static const struct responses_seal none = {.kind = RESPONSES_SEAL_THOUGHT};
    if (ev->choice || !ev->text.n)
        return AIGNE_OK;
    int rc = responses_open_reasoning(e, s, &none);
    if (rc)
        return rc;
    if (!s->text.n) {
        struct json_writer w =
            responses_open_part_event(e, s, "response.reasoning_summary_part.added");
        json_member_raw(&w, "part", SLICE("{\"type\":\"summary_text\",\"text\":\"\"}"));
        responses_close_event(&w);
    }
    buf_put_slice(&s->text, ev->text);
    struct json_writer w =
        responses_open_part_event(e, s, "response.reasoning_summary_text.delta");
    json_member_string(&w, "delta", ev->text);
    responses_close_event(&w);
    return AIGNE_OK;
}

static int on_signature(struct encoding *e, stream *s, const struct event *ev)
{
    const struct responses_seal seal = {
        .kind = RESPONSES_SEAL_THOUGHT, .vendor = ev->name, .data = ev->text};
    int rc = responses_open_reasoning(e, s, &seal);
    if (!rc)
        responses_end_reasoning(e, s, &seal);
    return rc;
}

static int on_redacted(struct encoding *e, stream *s, const struct event *ev)
{
    const struct responses_seal seal = {
        .kind = RESPONSES_SEAL_REDACTED, .vendor = ev->name, .data = ev->text};
    responses_end_open(e, s);
    int rc = responses_open_reasoning(e, s, &seal);
    if (!rc)
        responses_end_reasoning(e, s, &seal);
    return rc;
}

/* ---- calls and files ---- */

/* The item of a call that was begun; SIZE_MAX: there is none. */
static size_t item_of(const stream *s, int call)
{
    for (size_t i = s->count; i-- > 0;) {
        if (s->items[i].kind == CALL && s->items[i].call == call)
            return i;
    }
    return SIZE_MAX;
}

static int on_tool_begin(struct encoding *e, stream *s, const struct event *ev)
{
    if (ev->index < 0 || (size_t)ev->index != s->calls || ev->index >= LIMIT_TOOL_CALLS)
        return AIGNE_E_PROTOCOL;
    return responses_open_call(e, s, ev);
}

static int on_tool_arguments(struct encoding *e, stream *s, const struct event *ev)
{
    size_t index = item_of(s, ev->index);
    if (index == SIZE_MAX || s->items[index].end)
        return AIGNE_E_PROTOCOL;
    if (ev->text.n)
        responses_tell_arguments(e, s, index, ev->text);
    return AIGNE_OK;
}

static int on_tool_end(struct encoding *e, stream *s, const struct event *ev)
{
    size_t index = item_of(s, ev->index);
    if (index == SIZE_MAX)
        return AIGNE_E_PROTOCOL;
    responses_end_call(e, s, index, RESPONSES_COMPLETED);
    return AIGNE_OK;
}

/* A result holds an image's bytes: to one that lies elsewhere the answer links. */
static int on_file(struct encoding *e, stream *s, const struct event *ev)
{
    return ev->is_url ? put_text(e, s, ev->text) : responses_add_image(e, s, ev->text);
}

/* ---- the others ---- */

static int on_usage(struct encoding *e, stream *s, const struct event *ev)
{
    (void)e;
    usage_merge(&s->usage, &ev->usage);
    return AIGNE_OK;
}

/* What was sent cannot be taken back. */
static int on_reset(struct encoding *e, stream *s, const struct event *ev)
{
    (void)e;
    (void)ev;
    return s->count ? AIGNE_E_UPSTREAM : AIGNE_OK;
}

static int on_finish(struct encoding *e, stream *s, const struct event *ev)
{
    if (ev->choice || s->finished)
        return AIGNE_OK;
    s->finish = ev->finish;
    s->finished = true;
    enum responses_status status = responses_status_of(s->finish, s->refused);
    responses_end_open(e, s);
    for (size_t i = 0; i < s->count; i++) {
        if (s->items[i].kind == CALL)
            responses_end_call(e, s, i, status);
    }
    return AIGNE_OK;
}

static int (*const handlers[])(struct encoding *e, stream *s, const struct event *ev) = {
    [EVENT_START] = on_start,           [EVENT_TEXT] = on_text,
    [EVENT_THOUGHT] = on_thought,       [EVENT_SIGNATURE] = on_signature,
    [EVENT_REDACTED] = on_redacted,     [EVENT_REFUSAL] = on_refusal,
    [EVENT_TOOL_BEGIN] = on_tool_begin, [EVENT_TOOL_ARGUMENTS] = on_tool_arguments,
    [EVENT_TOOL_END] = on_tool_end,     [EVENT_FILE] = on_file,
    [EVENT_USAGE] = on_usage,           [EVENT_JSON] = on_json,
    [EVENT_RESET] = on_reset,           [EVENT_CITATION] = on_citation,
    [EVENT_LOGPROBS] = on_logprobs,     [EVENT_FINISH] = on_finish,
};

/* The response is announced before anything is told of it. */
static int begin(struct encoding *e, stream *s)
{
    if (s->head.p)
        return AIGNE_OK;
    int rc = responses_start(e, s);
    if (rc)
        return rc;
    responses_tell(e, s, "response.created", RESPONSES_RUNS, NULL);
    responses_tell(e, s, "response.in_progress", RESPONSES_RUNS, NULL);
    return AIGNE_OK;
}

int responses_stream_event(struct encoding *e, const struct event *ev)
{
    stream *s = e->state;
    size_t kind = (size_t)ev->kind;
    if (kind >= sizeof handlers / sizeof handlers[0] || !handlers[kind])
        return AIGNE_OK;
    int rc = begin(e, s);
    if (!rc)
        rc = handlers[kind](e, s, ev);
    if (!rc)
        rc = responses_stream_rc(s);
    return rc ? rc : buf_rc(e->out);
}

int responses_stream_end(struct encoding *e, const struct reply_notes *notes)
{
    stream *s = e->state;
    struct event finish = {.kind = EVENT_FINISH};
    (void)notes;
    int rc = responses_stream_event(e, &finish); /* harmless when it was told */
    if (rc)
        return rc;
    enum responses_status status = responses_status_of(s->finish, s->refused);
    responses_tell(
        e, s, status == RESPONSES_INCOMPLETE ? "response.incomplete" : "response.completed",
        status, NULL);
    return buf_rc(e->out);
}

/* As OpenAI does: an event that makes clients throw, and one that ends the response. */
int responses_stream_broken(struct encoding *e, const struct fault *why)
{
    stream *s = e->state;
    int rc = begin(e, s);
    if (rc)
        return rc;
    struct json_writer w = responses_open_event(e, s, "error");
    responses_write_complaint(&w, why);
    responses_close_event(&w);
    responses_tell(e, s, "response.failed", RESPONSES_FAILED, why);
    return buf_rc(e->out);
}

void responses_stream_close(struct encoding *e)
{
    stream *s = e->state;
    struct buf *bufs[] = {&s->text, &s->marks, &s->logprobs, &s->parts, &s->done};
    for (size_t i = 0; i < sizeof bufs / sizeof bufs[0]; i++)
        buf_free(bufs[i]);
    for (size_t i = 0; i < s->count; i++)
        buf_free(&s->items[i].arguments);
}
