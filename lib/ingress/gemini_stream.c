/* gemini_stream.c - knows how Gemini streams an answer; refuses to know who thought of it. */
#include "ingress/gemini.h"

#include "base/limits.h"
#include "base/mem.h"
#include "ingress/gemini_grounding.h"
#include "text/json_write.h"
#include <aignehub/aignehub.h>

/* A call is told whole: its pieces wait here. */
struct call {
    struct slice id;
    struct slice name;
    struct slice metadata;
    struct buf arguments;
    bool ended;
};

/* One of the answers. Usage and what is told of the whole are those of the first. */
struct stream {
    struct slice names; /* the end of every chunk, and the model that it names */
    struct slice model;
    int choice;
    struct stream *first;
    struct stream *next; /* of several answers */
    struct usage usage;
    struct call *calls;
    size_t call_count;
    size_t call_capacity;
    size_t told; /* calls that went out, in their order */
    struct grounding grounding;
    enum finish finish;
    bool array;
    bool opened; /* of an array: the bracket went out, and a chunk */
    bool begun;  /* something of the answer went out */
    bool spoken; /* there was text */
};

_Static_assert(sizeof(struct stream) <= GOOGLE_STATE_SIZE, "the state fits what is promised");

/* Who answers may change. */
static int note_names(struct encoding *e, struct stream *s)
{
    struct buf names AUTO(buf_free);
    buf_init(&names, LIMIT_HEADERS);
    if (s->names.p && slice_eq(s->model, e->model))
        return AIGNE_OK;
    struct json_writer w = json_writer(&names);
    google_write_names(&w, e);
    s->names = buf_rc(&names) ? SLICE_NONE : arena_copy(e->keep, buf_slice(&names));
    s->model = e->model;
    if (!s->first) {
        usage_init(&s->usage);
        grounding_init(&s->grounding);
    }
    s->first = s;
    return s->names.p ? AIGNE_OK : AIGNE_E_NOMEM;
}

static struct stream *stream_of(struct encoding *e, int choice)
{
    struct stream *s = e->state;
    if (note_names(e, s))
        return NULL;
    for (; s && s->choice < choice; s = s->next) {
        if (s->next)
            continue;
        s->next = arena_alloc(e->keep, sizeof *s);
        if (!s->next)
            return NULL;
        *s->next = (struct stream){.choice = s->choice + 1, .first = s->first};
        grounding_init(&s->next->grounding);
    }
    return s;
}

/* ---- chunks ---- */

static struct json_writer open_chunk(struct encoding *e, struct stream *s)
{
    if (s->first->array)
        buf_put_text(e->out, s->first->opened ? ",\r\n" : "[");
    else
        BUF_LITERAL(e->out, "data: ");
    s->first->opened = true;
    buf_put_byte(e->out, '{');
    return json_writer(e->out);
}

static void close_chunk(struct encoding *e, struct stream *s, bool empty)
{
    if (!empty)
        buf_put_byte(e->out, ',');
    buf_put_slice(e->out, s->first->names);
    buf_put_byte(e->out, '}');
    if (!s->first->array)
        BUF_LITERAL(e->out, "\r\n\r\n");
}

static struct json_writer open_part(struct encoding *e, struct stream *s)
{
    struct json_writer w = open_chunk(e, s);
    s->begun = true;
    BUF_LITERAL(e->out, "\"candidates\":[{\"content\":{\"parts\":[");
    return w;
}

static void close_part(struct encoding *e, struct stream *s)
{
    BUF_LITERAL(e->out, "],\"role\":\"model\"},\"index\":");
    buf_put_int(e->out, s->choice);
    BUF_LITERAL(e->out, "}]");
    close_chunk(e, s, false);
}

static void write_piece(struct encoding *e, struct stream *s, struct slice text, bool thought)
{
    struct json_writer w = open_part(e, s);
    google_write_text(&w, text, thought);
    close_part(e, s);
}

static int on_text(struct encoding *e, struct stream *s, const struct event *ev)
{
    if (!ev->text.n)
        return AIGNE_OK;
    s->spoken = true;
    write_piece(e, s, ev->text, false);
    return AIGNE_OK;
}

static int on_thought(struct encoding *e, struct stream *s, const struct event *ev)
{
    if (ev->text.n)
        write_piece(e, s, ev->text, true);
    return AIGNE_OK;
}

static int write_seal(struct encoding *e, struct stream *s, const struct event *ev,
                      enum google_seal kind)
{
    if (!ev->text.n)
        return AIGNE_OK;
    struct json_writer w = open_part(e, s);
    google_write_sealed(&w, kind, ev->name, ev->text);
    close_part(e, s);
    return AIGNE_OK;
}

static int on_signature(struct encoding *e, struct stream *s, const struct event *ev)
{
    return write_seal(e, s, ev, SEAL_SIGNATURE);
}

static int on_redacted(struct encoding *e, struct stream *s, const struct event *ev)
{
    return write_seal(e, s, ev, SEAL_REDACTED);
}

static int on_file(struct encoding *e, struct stream *s, const struct event *ev)
{
    struct json_writer w = open_part(e, s);
    google_write_file(&w, ev->mime, ev->text, ev->is_url);
    close_part(e, s);
    return AIGNE_OK;
}

/* ---- calls ---- */

static struct call *add_call(struct encoding *e, struct stream *s)
{
    if (s->call_count == s->call_capacity) {
        size_t wider = s->call_capacity ? s->call_capacity * 2 : 4;
        struct call *moved = arena_array(e->keep, wider, sizeof *moved);
        if (!moved)
            return NULL;
        if (s->call_count)
            memcpy(moved, s->calls, s->call_count * sizeof *moved);
        s->calls = moved;
        s->call_capacity = wider;
    }
    struct call *c = &s->calls[s->call_count++];
    *c = (struct call){0};
    buf_init(&c->arguments, LIMIT_REPLY_BODY);
    return c;
}

static bool keep(struct encoding *e, struct slice from, struct slice *to)
{
    if (!from.p)
        return true;
    *to = arena_copy(e->keep, from);
    return to->p != NULL;
}

static int on_tool_begin(struct encoding *e, struct stream *s, const struct event *ev)
{
    if (ev->index < 0 || (size_t)ev->index != s->call_count || ev->index >= LIMIT_TOOL_CALLS)
        return AIGNE_E_PROTOCOL;
    struct call *c = add_call(e, s);
    bool kept = c && keep(e, ev->id, &c->id) && keep(e, ev->name, &c->name) &&
                keep(e, ev->metadata, &c->metadata);
    return kept ? AIGNE_OK : AIGNE_E_NOMEM;
}

static struct call *call_at(const struct stream *s, int index)
{
    return index >= 0 && (size_t)index < s->call_count ? &s->calls[index] : NULL;
}

static int on_tool_arguments(struct encoding *e, struct stream *s, const struct event *ev)
{
    struct call *c = call_at(s, ev->index);
    (void)e;
    if (!c)
        return AIGNE_E_PROTOCOL;
    buf_put_slice(&c->arguments, ev->text);
    return buf_rc(&c->arguments);
}

/* In their order, whichever ended first; with `all` also those that never ended. */
static void tell_calls(struct encoding *e, struct stream *s, bool all)
{
    for (; s->told < s->call_count && (all || s->calls[s->told].ended); s->told++) {
        struct call *c = &s->calls[s->told];
        struct json_writer w = open_part(e, s);
        google_write_call(&w, c->id, c->name, buf_slice(&c->arguments), c->metadata);
        close_part(e, s);
        buf_free(&c->arguments);
    }
}

static int on_tool_end(struct encoding *e, struct stream *s, const struct event *ev)
{
    struct call *c = call_at(s, ev->index);
    if (!c)
        return AIGNE_E_PROTOCOL;
    if (!keep(e, ev->metadata, &c->metadata))
        return AIGNE_E_NOMEM;
    c->ended = true;
    tell_calls(e, s, false);
    return AIGNE_OK;
}

/* ---- what is told at the end ---- */

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

static int on_citation(struct encoding *e, struct stream *s, const struct event *ev)
{
    (void)e;
    return grounding_add(&s->grounding, ev->metadata);
}

static int on_logprobs(struct encoding *e, struct stream *s, const struct event *ev)
{
    struct json_writer w = open_chunk(e, s);
    BUF_LITERAL(e->out, "\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\"}],"
                        "\"role\":\"model\"},\"index\":");
    buf_put_int(e->out, s->choice);
    w.comma = true;
    google_write_logprobs(&w, ev->text);
    BUF_LITERAL(e->out, "}]");
    close_chunk(e, s, false);
    return AIGNE_OK;
}

static int on_finish(struct encoding *e, struct stream *s, const struct event *ev)
{
    tell_calls(e, s, true);
    s->finish = ev->finish;
    return AIGNE_OK;
}

static int (*const handlers[])(struct encoding *e, struct stream *s, const struct event *ev) = {
    [EVENT_TEXT] = on_text,
    [EVENT_THOUGHT] = on_thought,
    [EVENT_SIGNATURE] = on_signature,
    [EVENT_REDACTED] = on_redacted,
    [EVENT_REFUSAL] = on_text,
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

int google_stream_event(struct encoding *e, const struct event *ev)
{
    struct stream *s = stream_of(e, ev->choice);
    size_t kind = (size_t)ev->kind;
    if (!s)
        return AIGNE_E_NOMEM;
    if (kind >= sizeof handlers / sizeof handlers[0] || !handlers[kind])
        return buf_rc(e->out);
    int rc = handlers[kind](e, s, ev);
    return rc ? rc : buf_rc(e->out);
}

static void write_end(struct encoding *e, struct stream *s)
{
    tell_calls(e, s, true); /* those that never ended */
    struct json_writer w = open_chunk(e, s);
    BUF_LITERAL(e->out, "\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\"}],"
                        "\"role\":\"model\"},\"finishReason\":\"");
    buf_put_text(e->out, google_finish_name(s->finish));
    BUF_LITERAL(e->out, "\",\"index\":");
    buf_put_int(e->out, s->choice);
    w.comma = true;
    grounding_write(&s->grounding, &w);
    BUF_LITERAL(e->out, "}]");
    if (!s->next && usage_reported(&s->first->usage))
        google_write_usage(&w, &s->first->usage);
    close_chunk(e, s, false);
}

/* The last chunk says why it ended and what it took. */
int google_stream_end(struct encoding *e, const struct reply_notes *notes)
{
    struct stream *s = stream_of(e, 0);
    (void)notes;
    if (!s)
        return AIGNE_E_NOMEM;
    for (; s; s = s->next)
        write_end(e, s);
    return buf_rc(e->out);
}

void google_stream_close(struct encoding *e)
{
    for (struct stream *s = e->state; s; s = s->next) {
        for (size_t i = 0; i < s->call_count; i++)
            buf_free(&s->calls[i].arguments);
        grounding_free(&s->grounding);
    }
}

/* ---- one array ---- */

/* The array opens with a chunk of its own, so that an error finds something before it. */
int google_array_event(struct encoding *e, const struct event *ev)
{
    struct stream *s = e->state;
    s->array = true;
    if (note_names(e, s))
        return AIGNE_E_NOMEM;
    if (!s->opened) {
        (void)open_chunk(e, s);
        close_chunk(e, s, true);
    }
    return google_stream_event(e, ev);
}

int google_array_end(struct encoding *e, const struct reply_notes *notes)
{
    int rc = google_stream_end(e, notes);
    BUF_LITERAL(e->out, "]\r\n");
    return rc ? rc : buf_rc(e->out);
}

/* What is behind "data:" in the lines of an event. */
static void put_data(struct buf *out, struct slice raw)
{
    struct slice line;
    while (raw.n) {
        if (!slice_cut(raw, '\n', &line, &raw)) {
            line = raw;
            raw = SLICE("");
        }
        if (slice_starts(line, "data:"))
            buf_put_slice(out, slice_trim(slice_from(line, 5)));
    }
}

/* A comment opens the array too, with an element that says nothing: an error may come next. */
int google_array_frame(struct encoding *e, struct slice raw)
{
    struct stream *s = e->state;
    size_t before = e->out->n;
    buf_put_text(e->out, s->opened ? ",\r\n" : "[");
    size_t start = e->out->n;
    put_data(e->out, raw);
    bool comment = e->out->n == start;
    if (comment && s->opened && !buf_rc(e->out))
        e->out->n = before;
    else if (comment)
        BUF_LITERAL(e->out, "{}");
    s->opened = true;
    return buf_rc(e->out);
}

int google_array_frames_end(struct encoding *e)
{
    const struct stream *s = e->state;
    buf_put_text(e->out, s->opened ? "]\r\n" : "[]\r\n");
    return buf_rc(e->out);
}

bool google_array_open(const struct encoding *e)
{
    const struct stream *s = e->state;
    return s->opened;
}
