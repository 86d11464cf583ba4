/* anthropic_stream.c - knows how Anthropic streams an answer, one block after the other; refuses to know
 * who thought of it. */
#include "ingress/anthropic.h"

#include "base/limits.h"
#include "base/mem.h"
#include "ingress/anthropic_waiting.h"
#include <aignehub/aignehub.h>

enum open_block { NOTHING, TEXT, THOUGHT, CALL };

struct stream {
    bool begun; /* message_start went out, with the model that it names */
    struct slice model;
    bool spoken;   /* there was text */
    bool cited;    /* the open block has citations: other text is another block */
    bool finished; /* the answer's end came */
    enum open_block open;
    int call;      /* which one, when a call is open */
    size_t blocks; /* begun */
    size_t calls;  /* begun, those that wait included */
    struct waiting waiting;
    struct usage usage;
    struct anthropic_stop stop;
    struct buf refusal;
};

_Static_assert(sizeof(struct stream) <= ANTHROPIC_STATE_SIZE,
               "the state fits what is promised");

/* ---- frames ---- */

/* `event: NAME`, then `data: {"type":"NAME"`; the rest of the members follow. */
static struct json_writer open_frame(struct encoding *e, const char *name)
{
    struct json_writer w = json_writer(e->out);
    BUF_LITERAL(e->out, "event: ");
    buf_put_text(e->out, name);
    BUF_LITERAL(e->out, "\ndata: ");
    json_open_typed(&w, name);
    return w;
}

static void close_frame(struct encoding *e, struct json_writer *w)
{
    json_close_object(w);
    BUF_LITERAL(e->out, "\n\n");
}

static void begin(struct encoding *e, struct stream *s)
{
    struct usage none;
    if (s->begun)
        return;
    s->begun = true;
    s->model = e->model;
    usage_init(&none);
    struct json_writer w = open_frame(e, "message_start");
    json_member_object(&w, "message");
    anthropic_write_head(&w, e);
    json_member_raw(&w, "content", SLICE("[]"));
    json_member_text(&w, "stop_reason", NULL);
    json_member_text(&w, "stop_sequence", NULL);
    if (anthropic_is_newest(e)) {
        json_member_text(&w, "stop_details", NULL);
        json_member_text(&w, "container", NULL);
        json_member_text(&w, "diagnostics", NULL);
    }
    anthropic_write_usage(&w, e, &none, false);
    json_close_object(&w);
    close_frame(e, &w);
}

static struct json_writer open_start(struct encoding *e, struct stream *s)
{
    begin(e, s);
    struct json_writer w = open_frame(e, "content_block_start");
    json_member_int(&w, "index", (int64_t)s->blocks++);
    json_member_object(&w, "content_block");
    return w;
}

static void close_start(struct encoding *e, struct json_writer *w)
{
    json_close_object(w);
    close_frame(e, w);
}

static struct json_writer open_delta(struct encoding *e, const struct stream *s,
                                     const char *type)
{
    struct json_writer w = open_frame(e, "content_block_delta");
    json_member_int(&w, "index", (int64_t)s->blocks - 1);
    json_member_object(&w, "delta");
    json_member_text(&w, "type", type);
    return w;
}

static void write_delta(struct encoding *e, const struct stream *s, const char *type,
                        const char *member, struct slice text)
{
    struct json_writer w = open_delta(e, s, type);
    json_member_string(&w, member, text);
    close_start(e, &w);
}

/* ---- blocks, one at a time ---- */

static void close_block(struct encoding *e, struct stream *s)
{
    if (s->open == NOTHING)
        return;
    struct json_writer w = open_frame(e, "content_block_stop");
    json_member_int(&w, "index", (int64_t)s->blocks - 1);
    close_frame(e, &w);
    s->open = NOTHING;
    s->cited = false;
}

static void open_text(struct encoding *e, struct stream *s)
{
    if (s->open == TEXT && !s->cited)
        return;
    close_block(e, s);
    struct json_writer w = open_start(e, s);
    json_member_text(&w, "type", "text");
    json_member_text(&w, "text", "");
    if (anthropic_is_newest(e))
        json_member_text(&w, "citations", NULL);
    close_start(e, &w);
    s->open = TEXT;
}

static void open_thought(struct encoding *e, struct stream *s)
{
    if (s->open == THOUGHT)
        return;
    close_block(e, s);
    struct json_writer w = open_start(e, s);
    json_member_text(&w, "type", "thinking");
    json_member_text(&w, "thinking", "");
    json_member_text(&w, "signature", "");
    close_start(e, &w);
    s->open = THOUGHT;
}

/* What is sealed is over. */
static void write_signature(struct encoding *e, struct stream *s, struct slice vendor,
                            struct slice seal)
{
    open_thought(e, s);
    struct json_writer w = open_delta(e, s, "signature_delta");
    anthropic_write_seal(&w, "signature", vendor, seal);
    close_start(e, &w);
    close_block(e, s);
}

static void write_redacted(struct encoding *e, struct stream *s, struct slice vendor,
                           struct slice seal)
{
    close_block(e, s);
    struct json_writer w = open_start(e, s);
    json_member_text(&w, "type", "redacted_thinking");
    anthropic_write_seal(&w, "data", vendor, seal);
    close_start(e, &w);
    s->open = THOUGHT;
    close_block(e, s);
}

static void open_call(struct encoding *e, struct stream *s, const struct waiting_block *b)
{
    close_block(e, s);
    if (b->seal.p)
        write_redacted(e, s, SLICE(ANTHROPIC_CALL_VENDOR), b->seal);
    struct json_writer w = open_start(e, s);
    anthropic_write_call(&w, e, b->id, b->name, (size_t)b->index);
    json_member_raw(&w, "input", SLICE("{}"));
    close_start(e, &w);
    s->open = CALL;
    s->call = b->index;
}

static void write_block(struct encoding *e, struct stream *s, const struct waiting_block *b)
{
    struct slice text = buf_slice(&b->text);
    switch (b->kind) {
    case WAITING_TEXT:
        open_text(e, s);
        write_delta(e, s, "text_delta", "text", text);
        break;
    case WAITING_THOUGHT:
        open_thought(e, s);
        if (text.n)
            write_delta(e, s, "thinking_delta", "thinking", text);
        if (b->seal.p)
            write_signature(e, s, b->vendor, b->seal);
        break;
    case WAITING_REDACTED:
        write_redacted(e, s, b->vendor, b->seal);
        break;
    case WAITING_CALL:
        open_call(e, s, b);
        if (text.n)
            write_delta(e, s, "input_json_delta", "partial_json", text);
        break;
    }
}

/* The open call is over: what waited for that, up to the next call that is not. */
static void go_on(struct encoding *e, struct stream *s, bool to_the_end)
{
    struct waiting_block *b;
    close_block(e, s);
    while (s->open != CALL && (b = waiting_take(&s->waiting)) != NULL) {
        write_block(e, s, b);
        if (b->kind == WAITING_CALL && (b->ended || to_the_end))
            close_block(e, s);
        waiting_free_block(b);
    }
    if (to_the_end)
        close_block(e, s);
}

/* ---- events ---- */

static int on_start(struct encoding *e, struct stream *s, const struct event *ev)
{
    (void)ev;
    begin(e, s);
    return AIGNE_OK;
}

static int on_text(struct encoding *e, struct stream *s, const struct event *ev)
{
    if (ev->choice || !ev->text.n)
        return AIGNE_OK;
    s->spoken = true;
    if (s->open == CALL)
        return waiting_text(&s->waiting, WAITING_TEXT, ev->text);
    open_text(e, s);
    write_delta(e, s, "text_delta", "text", ev->text);
    return AIGNE_OK;
}

static int on_thought(struct encoding *e, struct stream *s, const struct event *ev)
{
    bool unwanted = e->request && e->request->thoughts == CHAT_NO;
    if (ev->choice || !ev->text.n || unwanted)
        return AIGNE_OK;
    if (s->open == CALL)
        return waiting_text(&s->waiting, WAITING_THOUGHT, ev->text);
    open_thought(e, s);
    write_delta(e, s, "thinking_delta", "thinking", ev->text);
    return AIGNE_OK;
}

static int on_signature(struct encoding *e, struct stream *s, const struct event *ev)
{
    if (s->open == CALL)
        return waiting_seal(&s->waiting, WAITING_THOUGHT, ev->name, ev->text, e->keep);
    write_signature(e, s, ev->name, ev->text);
    return AIGNE_OK;
}

static int on_redacted(struct encoding *e, struct stream *s, const struct event *ev)
{
    if (s->open == CALL)
        return waiting_seal(&s->waiting, WAITING_REDACTED, ev->name, ev->text, e->keep);
    write_redacted(e, s, ev->name, ev->text);
    return AIGNE_OK;
}

static int on_refusal(struct encoding *e, struct stream *s, const struct event *ev)
{
    (void)e;
    if (!ev->choice)
        buf_put_slice(&s->refusal, ev->text);
    return buf_rc(&s->refusal);
}

static int on_tool_begin(struct encoding *e, struct stream *s, const struct event *ev)
{
    if (ev->index < 0 || (size_t)ev->index != s->calls || ev->index >= LIMIT_TOOL_CALLS)
        return AIGNE_E_PROTOCOL;
    struct waiting_block call = {.kind = WAITING_CALL,
                                 .index = ev->index,
                                 .id = ev->id,
                                 .name = ev->name,
                                 .seal = anthropic_call_seal(ev->metadata, e->keep)};
    if (e->keep->failed)
        return AIGNE_E_NOMEM;
    s->calls++;
    if (s->open == CALL)
        return waiting_call(&s->waiting, &call, e->keep);
    open_call(e, s, &call);
    return AIGNE_OK;
}

static bool is_open(const struct stream *s, int index)
{
    return s->open == CALL && s->call == index;
}

static int on_tool_arguments(struct encoding *e, struct stream *s, const struct event *ev)
{
    if (!ev->text.n)
        return AIGNE_OK;
    if (!is_open(s, ev->index))
        return waiting_arguments(&s->waiting, ev->index, ev->text);
    write_delta(e, s, "input_json_delta", "partial_json", ev->text);
    return AIGNE_OK;
}

static int on_tool_end(struct encoding *e, struct stream *s, const struct event *ev)
{
    if (ev->index < 0 || (size_t)ev->index >= s->calls)
        return AIGNE_E_PROTOCOL;
    if (is_open(s, ev->index))
        go_on(e, s, false);
    else
        waiting_end(&s->waiting, ev->index);
    return AIGNE_OK;
}

static int on_file(struct encoding *e, struct stream *s, const struct event *ev)
{
    struct buf text AUTO(buf_free);
    buf_init(&text, LIMIT_REPLY_BODY);
    anthropic_put_file(&text, ev->mime, ev->text, ev->is_url);
    struct event as_text = {.kind = EVENT_TEXT, .text = buf_slice(&text)};
    return buf_rc(&text) < 0 ? buf_rc(&text) : on_text(e, s, &as_text);
}

/* A structured answer is its text to these clients, unless they had it as text already. */
static int on_json(struct encoding *e, struct stream *s, const struct event *ev)
{
    return s->spoken ? AIGNE_OK : on_text(e, s, ev);
}

/* They belong to the text that is open; behind it nobody knows what they are of. */
static int on_citation(struct encoding *e, struct stream *s, const struct event *ev)
{
    if (s->open != TEXT || !anthropic_can_cite(ev->metadata))
        return AIGNE_OK;
    struct json_writer w = open_delta(e, s, "citations_delta");
    json_key(&w, "citation");
    anthropic_write_citation(&w, ev->metadata);
    close_start(e, &w);
    s->cited = true;
    return AIGNE_OK;
}

/* What was sent cannot be taken back. */
static int on_reset(struct encoding *e, struct stream *s, const struct event *ev)
{
    (void)e;
    (void)ev;
    return s->blocks ? AIGNE_E_UPSTREAM : AIGNE_OK;
}

static int on_usage(struct encoding *e, struct stream *s, const struct event *ev)
{
    (void)e;
    usage_merge(&s->usage, &ev->usage);
    return AIGNE_OK;
}

/* The end is told with the usage, which may come behind it. */
static int on_finish(struct encoding *e, struct stream *s, const struct event *ev)
{
    if (ev->choice || s->finished)
        return AIGNE_OK;
    s->finished = true;
    begin(e, s);
    go_on(e, s, true);
    s->stop.finish = ev->finish;
    s->stop.sequence = ev->text.n ? arena_copy(e->keep, ev->text) : SLICE_NONE;
    return e->keep->failed ? AIGNE_E_NOMEM : AIGNE_OK;
}

static int (*const handlers[])(struct encoding *e, struct stream *s, const struct event *ev) = {
    [EVENT_START] = on_start,           [EVENT_TEXT] = on_text,
    [EVENT_THOUGHT] = on_thought,       [EVENT_SIGNATURE] = on_signature,
    [EVENT_REDACTED] = on_redacted,     [EVENT_REFUSAL] = on_refusal,
    [EVENT_TOOL_BEGIN] = on_tool_begin, [EVENT_TOOL_ARGUMENTS] = on_tool_arguments,
    [EVENT_TOOL_END] = on_tool_end,     [EVENT_FILE] = on_file,
    [EVENT_USAGE] = on_usage,           [EVENT_JSON] = on_json,
    [EVENT_RESET] = on_reset,           [EVENT_CITATION] = on_citation,
    [EVENT_FINISH] = on_finish,
};

static struct stream *state_of(struct encoding *e)
{
    struct stream *s = e->state;
    if (!s->refusal.ceiling) {
        buf_init(&s->refusal, LIMIT_REPLY_BODY);
        usage_init(&s->usage);
    }
    return s;
}

int anthropic_stream_event(struct encoding *e, const struct event *ev)
{
    struct stream *s = state_of(e);
    size_t kind = (size_t)ev->kind;
    if (kind >= sizeof handlers / sizeof handlers[0] || !handlers[kind])
        return AIGNE_OK;
    int rc = handlers[kind](e, s, ev);
    return rc ? rc : buf_rc(e->out);
}

int anthropic_stream_end(struct encoding *e, const struct reply_notes *notes)
{
    struct stream *s = state_of(e);
    struct event finish = {.kind = EVENT_FINISH};
    (void)notes;
    int rc = on_finish(e, s, &finish); /* harmless when it was told */
    if (rc)
        return rc;
    s->stop.tools = s->calls > 0;
    s->stop.refusal = buf_slice(&s->refusal);
    struct json_writer w = open_frame(e, "message_delta");
    json_member_object(&w, "delta");
    anthropic_write_stop(&w, e, &s->stop);
    json_close_object(&w);
    anthropic_write_usage(&w, e, &s->usage, true);
    if (!slice_eq(s->model, e->model)) /* another went on */
        json_member_string(&w, "model", e->model);
    close_frame(e, &w);
    w = open_frame(e, "message_stop");
    close_frame(e, &w);
    return buf_rc(e->out);
}

void anthropic_stream_close(struct encoding *e)
{
    struct stream *s = e->state;
    waiting_free(&s->waiting);
    buf_free(&s->refusal);
}
