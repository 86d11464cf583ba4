/* openai_stream.c - knows how OpenAI's chat completions stream an answer; refuses to know who thought
 * of it. */
#include "ingress/openai.h"

#include "base/limits.h"
#include "base/mem.h"
#include "text/json_write.h"
#include <aignehub/aignehub.h>

#define BITMAP (LIMIT_TOOL_CALLS / 8)

/* One of the answers. Head and usage are those of the first. */
struct stream {
    struct slice head;  /* of every chunk, up to the choices */
    struct slice model; /* in it */
    int choice;
    struct stream *next; /* of several answers */
    struct usage usage;
    size_t tools; /* calls begun */
    bool begun;   /* the chunk that names the role went out */
    bool spoken;  /* there was text */
    bool refused;
    bool finished;
    size_t seals;                 /* of reasoning, told */
    struct buf thoughts;          /* since the last of them */
    unsigned char argued[BITMAP]; /* calls that had a piece of arguments */
};

_Static_assert(sizeof(struct stream) <= OPENAI_STATE_SIZE, "the state fits what is promised");

static bool is_set(const unsigned char *bitmap, size_t index)
{
    return bitmap[index / 8] & (1u << (index % 8));
}

static void set(unsigned char *bitmap, size_t index)
{
    bitmap[index / 8] |= (unsigned char)(1u << (index % 8));
}

static int make_head(struct encoding *e, struct stream *s)
{
    struct buf head AUTO(buf_free);
    buf_init(&head, LIMIT_HEADERS);
    BUF_LITERAL(&head, "data: ");
    struct json_writer w = json_writer(&head);
    json_open_object(&w);
    openai_write_head(&w, e, "chat.completion.chunk");
    BUF_LITERAL(&head, ",\"choices\":[");
    if (!s->head.p) {
        usage_init(&s->usage);
        buf_init(&s->thoughts, LIMIT_REPLY_BODY);
    }
    s->head = buf_rc(&head) ? SLICE_NONE : arena_copy(e->keep, buf_slice(&head));
    s->model = e->model;
    return s->head.p ? AIGNE_OK : AIGNE_E_NOMEM;
}

static struct stream *stream_of(struct encoding *e, int choice)
{
    struct stream *s = e->state;
    bool said = s->head.p && slice_eq(s->model, e->model);
    if (!said && make_head(e, s))
        return NULL;
    for (; s && s->choice < choice; s = s->next) {
        if (s->next)
            continue;
        s->next = arena_alloc(e->keep, sizeof *s);
        if (!s->next)
            return NULL;
        *s->next = (struct stream){.head = s->head, .choice = s->choice + 1};
        buf_init(&s->next->thoughts, LIMIT_REPLY_BODY);
    }
    return s;
}

/* Everything before the delta's members, and everything after them. */
static struct json_writer open_delta(struct encoding *e, const struct stream *s)
{
    buf_put_slice(e->out, s->head);
    BUF_LITERAL(e->out, "{\"index\":");
    buf_put_int(e->out, s->choice);
    BUF_LITERAL(e->out, ",\"delta\":");
    struct json_writer w = json_writer(e->out);
    json_open_object(&w);
    return w;
}

static void close_delta_with(struct encoding *e, struct json_writer *w, struct slice logprobs,
                             const char *finish)
{
    json_close_object(w);
    openai_write_logprobs(w, logprobs);
    json_member_text(w, "finish_reason", finish);
    json_close_object(w);
    buf_put_byte(e->out, ']');
    if (e->include_usage == CHAT_YES)
        BUF_LITERAL(e->out, ",\"usage\":null");
    BUF_LITERAL(e->out, "}\n\n");
}

static void close_delta(struct encoding *e, struct json_writer *w, const char *finish)
{
    close_delta_with(e, w, SLICE_NONE, finish);
}

/* The first chunk names the role; its content is null when a call comes first, as OpenAI has it. */
static void begin(struct encoding *e, struct stream *s, bool call)
{
    if (s->begun)
        return;
    s->begun = true;
    struct json_writer w = open_delta(e, s);
    json_member_text(&w, "role", "assistant");
    json_member_text(&w, "content", call ? NULL : "");
    json_member_text(&w, "refusal", NULL);
    close_delta(e, &w, NULL);
}

static void write_piece(struct encoding *e, struct stream *s, const char *member,
                        struct slice text)
{
    begin(e, s, false);
    struct json_writer w = open_delta(e, s);
    json_member_string(&w, member, text);
    close_delta(e, &w, NULL);
}

static int on_text(struct encoding *e, struct stream *s, const struct event *ev)
{
    if (!ev->text.n)
        return AIGNE_OK;
    s->spoken = true;
    write_piece(e, s, "content", ev->text);
    return AIGNE_OK;
}

static int on_thought(struct encoding *e, struct stream *s, const struct event *ev)
{
    if (!ev->text.n)
        return AIGNE_OK;
    write_piece(e, s, "reasoning_content", ev->text);
    buf_put_slice(&s->thoughts, ev->text);
    return buf_rc(&s->thoughts);
}

/* Told whole, so that who keeps it need not put pieces together. */
static int write_seal(struct encoding *e, struct stream *s, const struct event *ev, bool opaque)
{
    const struct openai_detail detail = {.text = buf_slice(&s->thoughts),
                                         .seal = ev->text,
                                         .vendor = ev->name,
                                         .opaque = opaque,
                                         .index = s->seals++};
    begin(e, s, false);
    struct json_writer w = open_delta(e, s);
    json_member_array(&w, "reasoning_details");
    openai_write_detail(&w, &detail);
    json_close_array(&w);
    close_delta(e, &w, NULL);
    if (!opaque)
        buf_clear(&s->thoughts);
    return AIGNE_OK;
}

static int on_signature(struct encoding *e, struct stream *s, const struct event *ev)
{
    return write_seal(e, s, ev, false);
}

static int on_redacted(struct encoding *e, struct stream *s, const struct event *ev)
{
    return write_seal(e, s, ev, true);
}

static int on_refusal(struct encoding *e, struct stream *s, const struct event *ev)
{
    if (!ev->text.n)
        return AIGNE_OK;
    s->refused = true;
    write_piece(e, s, "refusal", ev->text);
    return AIGNE_OK;
}

static struct json_writer open_call(struct encoding *e, struct stream *s, int index)
{
    begin(e, s, true);
    struct json_writer w = open_delta(e, s);
    json_member_array(&w, "tool_calls");
    json_open_object(&w);
    json_member_int(&w, "index", index);
    return w;
}

static void close_call(struct encoding *e, struct json_writer *w)
{
    json_close_object(w);
    json_close_array(w);
    close_delta(e, w, NULL);
}

static int on_tool_begin(struct encoding *e, struct stream *s, const struct event *ev)
{
    if (ev->index < 0 || (size_t)ev->index != s->tools || ev->index >= LIMIT_TOOL_CALLS)
        return AIGNE_E_PROTOCOL;
    s->tools++;
    struct json_writer w = open_call(e, s, ev->index);
    openai_write_call_id(&w, "id", e, ev->id, ev->index);
    json_member_text(&w, "type", "function");
    json_member_object(&w, "function");
    json_member_string(&w, "name", ev->name.p ? ev->name : SLICE(""));
    json_member_text(&w, "arguments", "");
    json_close_object(&w);
    openai_write_signature(&w, ev->metadata);
    close_call(e, &w);
    return AIGNE_OK;
}

static void write_arguments(struct encoding *e, struct stream *s, int index, struct slice text)
{
    set(s->argued, (size_t)index);
    struct json_writer w = open_call(e, s, index);
    json_member_object(&w, "function");
    json_member_string(&w, "arguments", text);
    json_close_object(&w);
    close_call(e, &w);
}

static int on_tool_arguments(struct encoding *e, struct stream *s, const struct event *ev)
{
    if (ev->index < 0 || (size_t)ev->index >= s->tools)
        return AIGNE_E_PROTOCOL;
    if (ev->text.n)
        write_arguments(e, s, ev->index, ev->text);
    return AIGNE_OK;
}

/* Clients parse the arguments: a call without any has the empty object. */
static int on_tool_end(struct encoding *e, struct stream *s, const struct event *ev)
{
    if (ev->index < 0 || (size_t)ev->index >= s->tools)
        return AIGNE_E_PROTOCOL;
    if (!is_set(s->argued, (size_t)ev->index))
        write_arguments(e, s, ev->index, SLICE("{}"));
    return AIGNE_OK;
}

static int on_citation(struct encoding *e, struct stream *s, const struct event *ev)
{
    if (!openai_is_citation(ev->metadata))
        return AIGNE_OK;
    begin(e, s, false);
    struct json_writer w = open_delta(e, s);
    json_member_array(&w, "annotations");
    openai_write_citation(&w, ev->metadata);
    json_close_array(&w);
    close_delta(e, &w, NULL);
    return AIGNE_OK;
}

/* The piece of text that they are of went out. */
static int on_logprobs(struct encoding *e, struct stream *s, const struct event *ev)
{
    struct slice list = slice_trim(ev->text);
    if (list.n < 3 || list.p[0] != '[')
        return AIGNE_OK;
    begin(e, s, false);
    struct json_writer w = open_delta(e, s);
    close_delta_with(e, &w, slice_of(list.p + 1, list.n - 2), NULL);
    return AIGNE_OK;
}

static int on_file(struct encoding *e, struct stream *s, const struct event *ev)
{
    begin(e, s, false);
    struct json_writer w = open_delta(e, s);
    json_member_array(&w, "images");
    openai_write_image(&w, ev->mime, ev->text, ev->is_url);
    json_close_array(&w);
    close_delta(e, &w, NULL);
    return AIGNE_OK;
}

static int on_usage(struct encoding *e, struct stream *s, const struct event *ev)
{
    (void)e;
    usage_merge(&s->usage, &ev->usage);
    return AIGNE_OK;
}

/* A structured answer is its text to these clients, unless they had it as text already. */
static int on_json(struct encoding *e, struct stream *s, const struct event *ev)
{
    return s->spoken ? AIGNE_OK : on_text(e, s, ev);
}

/* What was sent cannot be taken back. */
static int on_reset(struct encoding *e, struct stream *s, const struct event *ev)
{
    (void)e;
    (void)ev;
    return s->begun ? AIGNE_E_UPSTREAM : AIGNE_OK;
}

static int on_finish(struct encoding *e, struct stream *s, const struct event *ev)
{
    if (s->finished)
        return AIGNE_OK;
    begin(e, s, s->tools > 0);
    for (size_t i = 0; i < s->tools; i++) {
        if (!is_set(s->argued, i))
            write_arguments(e, s, (int)i, SLICE("{}"));
    }
    s->finished = true;
    struct json_writer w = open_delta(e, s);
    close_delta(e, &w, openai_finish_name(ev->finish, s->tools > 0, s->refused));
    return AIGNE_OK;
}

static int (*const handlers[])(struct encoding *e, struct stream *s, const struct event *ev) = {
    [EVENT_TEXT] = on_text,
    [EVENT_THOUGHT] = on_thought,
    [EVENT_SIGNATURE] = on_signature,
    [EVENT_REDACTED] = on_redacted,
    [EVENT_REFUSAL] = on_refusal,
    [EVENT_TOOL_BEGIN] = on_tool_begin,
    [EVENT_TOOL_ARGUMENTS] = on_tool_arguments,
    [EVENT_TOOL_END] = on_tool_end,
    [EVENT_FILE] = on_file,
    [EVENT_USAGE] = on_usage,
    [EVENT_JSON] = on_json,
    [EVENT_RESET] = on_reset,
    [EVENT_CITATION] = on_citation,
    [EVENT_LOGPROBS] = on_logprobs,
    [EVENT_FINISH] = on_finish,
};

int openai_stream_event(struct encoding *e, const struct event *ev)
{
    size_t kind = (size_t)ev->kind;
    if (kind >= sizeof handlers / sizeof handlers[0] || !handlers[kind])
        return AIGNE_OK;
    struct stream *s = stream_of(e, ev->choice);
    if (!s)
        return AIGNE_E_NOMEM;
    int rc = handlers[kind](e, s, ev);
    return rc ? rc : buf_rc(e->out);
}

int openai_stream_end(struct encoding *e, const struct reply_notes *notes)
{
    struct stream *s = e->state;
    struct event finish = {.kind = EVENT_FINISH};
    (void)notes;
    int rc = openai_stream_event(e, &finish); /* harmless when it was told */
    for (struct stream *other = s->next; other && !rc; other = other->next)
        rc = on_finish(e, other, &finish);
    if (rc)
        return rc;
    if (e->include_usage == CHAT_YES) {
        struct json_writer w = json_writer(e->out);
        buf_put_slice(e->out, s->head);
        BUF_LITERAL(e->out, "],");
        openai_write_usage(&w, &s->usage);
        BUF_LITERAL(e->out, "}\n\n");
    }
    BUF_LITERAL(e->out, "data: [DONE]\n\n");
    return buf_rc(e->out);
}

void openai_stream_close(struct encoding *e)
{
    for (struct stream *s = e->state; s; s = s->next)
        buf_free(&s->thoughts);
}
