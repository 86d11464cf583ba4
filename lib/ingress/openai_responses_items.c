/* openai_responses_items.c - knows how the items of a streamed answer of OpenAI's Responses begin and end, and
 * in which events; refuses to know what makes them. */
#include "base/limits.h"
#include "base/mem.h"
#include "ingress/openai.h"
#include "ingress/openai_responses_stream.h"
#include <aignehub/aignehub.h>

int responses_start(struct encoding *e, struct responses_stream *s)
{
    struct buf text AUTO(buf_free);
    struct buf *bufs[] = {&s->text, &s->marks, &s->logprobs, &s->parts, &s->done};
    buf_init(&text, LIMIT_REPLY_BODY);
    for (size_t i = 0; i < sizeof bufs / sizeof bufs[0]; i++)
        buf_init(bufs[i], LIMIT_REPLY_BODY);
    usage_init(&s->usage);
    struct json_writer w = json_writer(&text);
    responses_write_head(&w, e);
    s->head = buf_rc(&text) ? SLICE_NONE : arena_copy(e->keep, buf_slice(&text));
    return s->head.p ? AIGNE_OK : AIGNE_E_NOMEM;
}

int responses_stream_rc(const struct responses_stream *s)
{
    const struct buf *bufs[] = {&s->text, &s->marks, &s->logprobs, &s->parts, &s->done};
    int rc = s->rc;
    for (size_t i = 0; i < sizeof bufs / sizeof bufs[0] && !rc; i++)
        rc = buf_rc(bufs[i]);
    return rc;
}

/* What went wrong with it is not forgotten. */
static void clear(struct responses_stream *s, struct buf *b)
{
    s->rc = s->rc ? s->rc : buf_rc(b);
    buf_clear(b);
}

/* ---- events ---- */

struct json_writer responses_open_event(struct encoding *e, struct responses_stream *s,
                                        const char *type)
{
    BUF_LITERAL(e->out, "event: ");
    buf_put_text(e->out, type);
    BUF_LITERAL(e->out, "\ndata: ");
    struct json_writer w = json_writer(e->out);
    json_open_typed(&w, type);
    json_member_int(&w, "sequence_number", s->sequence++);
    return w;
}

void responses_close_event(struct json_writer *w)
{
    json_close_object(w);
    BUF_LITERAL(w->out, "\n\n");
}

static const char *const prefixes[] = {
    [MESSAGE] = "msg_", [REASONING] = "rs_", [CALL] = "fc_", [IMAGE] = "ig_"};

/* An event about an item: which, and where. */
struct json_writer responses_open_item_event(struct encoding *e, struct responses_stream *s,
                                             const char *type, size_t index)
{
    struct json_writer w = responses_open_event(e, s, type);
    responses_write_id(&w, "item_id", prefixes[s->items[index].kind], e, index);
    json_member_int(&w, "output_index", (int64_t)index);
    return w;
}

/* The same about the open part of the open message, or the one summary of the open reasoning. */
struct json_writer responses_open_part_event(struct encoding *e, struct responses_stream *s,
                                             const char *type)
{
    struct json_writer w = responses_open_item_event(e, s, type, s->count - 1);
    bool summary = s->open == REASONING;
    json_member_int(&w, summary ? "summary_index" : "content_index",
                    summary ? 0 : s->part_count);
    return w;
}

static void write_output(struct json_writer *w, const struct responses_stream *s)
{
    json_member_array(w, "output");
    for (size_t i = 0; i < s->count; i++) {
        const struct responses_item *it = &s->items[i];
        if (it->end)
            json_write_raw(w, buf_part(&s->done, it->start, it->end));
    }
    json_close_array(w);
}

void responses_tell(struct encoding *e, struct responses_stream *s, const char *type,
                    enum responses_status status, const struct fault *why)
{
    struct json_writer w = responses_open_event(e, s, type);
    json_member_object(&w, "response");
    json_write_raw(&w, s->head);
    responses_write_state(&w, status, s->finish, why);
    responses_write_echo(&w, e); /* who answers may have changed */
    write_output(&w, s);
    if (status != RESPONSES_RUNS && usage_reported(&s->usage))
        responses_write_usage(&w, &s->usage);
    else
        json_member_text(&w, "usage", NULL);
    json_close_object(&w);
    responses_close_event(&w);
}

/* ---- items begin and end ---- */

static struct responses_item *add_item(struct encoding *e, struct responses_stream *s,
                                       enum responses_item_kind kind)
{
    if (s->count == s->capacity) {
        size_t wider = s->capacity ? s->capacity * 2 : 4;
        struct responses_item *items = arena_array(e->keep, wider, sizeof *items);
        if (!items)
            return NULL;
        if (s->count)
            memcpy(items, s->items, s->count * sizeof *items);
        s->items = items;
        s->capacity = wider;
    }
    struct responses_item *it = &s->items[s->count++];
    *it = (struct responses_item){.kind = kind, .call = -1};
    buf_init(&it->arguments, LIMIT_REPLY_BODY);
    return it;
}

/* The item as it ended lies in `done` from `start` on. */
static void tell_done(struct encoding *e, struct responses_stream *s, size_t index,
                      size_t start)
{
    struct responses_item *it = &s->items[index];
    it->start = start;
    it->end = s->done.n;
    struct json_writer w = responses_open_event(e, s, "response.output_item.done");
    json_member_int(&w, "output_index", (int64_t)index);
    json_key(&w, "item");
    json_write_raw(&w, buf_part(&s->done, start, it->end));
    responses_close_event(&w);
}

static struct json_writer open_added(struct encoding *e, struct responses_stream *s)
{
    struct json_writer w = responses_open_event(e, s, "response.output_item.added");
    json_member_int(&w, "output_index", (int64_t)s->count - 1);
    json_key(&w, "item");
    w.comma = false;
    return w;
}

static void write_part(struct json_writer *w, const struct responses_stream *s)
{
    if (s->part == REFUSAL_PART)
        responses_write_refusal_part(w, buf_slice(&s->text));
    else
        responses_write_text_part(w, buf_slice(&s->text), buf_slice(&s->marks),
                                  buf_slice(&s->logprobs));
}

static void end_part(struct encoding *e, struct responses_stream *s)
{
    if (!s->part)
        return;
    bool refusal = s->part == REFUSAL_PART;
    struct json_writer w = responses_open_part_event(
        e, s, refusal ? "response.refusal.done" : "response.output_text.done");
    json_member_string(&w, refusal ? "refusal" : "text", buf_slice(&s->text));
    if (!refusal) {
        json_key(&w, "logprobs");
        json_write_raw(&w, SLICE("["));
        buf_put_slice(e->out, buf_slice(&s->logprobs));
        buf_put_byte(e->out, ']');
    }
    responses_close_event(&w);
    w = responses_open_part_event(e, s, "response.content_part.done");
    json_key(&w, "part");
    write_part(&w, s);
    responses_close_event(&w);
    struct json_writer parts = json_writer(&s->parts);
    parts.comma = s->parts.n > 0;
    write_part(&parts, s);
    s->part = NO_PART;
    s->part_count++;
}

static void end_message(struct encoding *e, struct responses_stream *s)
{
    size_t start = s->done.n;
    struct json_writer w = json_writer(&s->done);
    end_part(e, s);
    responses_write_message(&w, e, s->count - 1, responses_status_of(s->finish, s->refused),
                            buf_slice(&s->parts));
    tell_done(e, s, s->count - 1, start);
}

void responses_end_reasoning(struct encoding *e, struct responses_stream *s,
                             const struct responses_seal *seal)
{
    size_t start = s->done.n;
    struct json_writer done = json_writer(&s->done);
    if (s->text.n) {
        struct json_writer w =
            responses_open_part_event(e, s, "response.reasoning_summary_text.done");
        json_member_string(&w, "text", buf_slice(&s->text));
        responses_close_event(&w);
        w = responses_open_part_event(e, s, "response.reasoning_summary_part.done");
        json_member_object(&w, "part");
        json_member_text(&w, "type", "summary_text");
        json_member_string(&w, "text", buf_slice(&s->text));
        json_close_object(&w);
        responses_close_event(&w);
    }
    responses_write_reasoning(&done, e, s->count - 1, buf_slice(&s->text), seal);
    tell_done(e, s, s->count - 1, start);
    s->open = NO_ITEM;
}

/* Whatever goes on ends: something of another kind begins. */
void responses_end_open(struct encoding *e, struct responses_stream *s)
{
    static const struct responses_seal none = {.kind = RESPONSES_SEAL_THOUGHT};
    if (s->open == MESSAGE)
        end_message(e, s);
    else if (s->open == REASONING)
        responses_end_reasoning(e, s, &none);
    s->open = NO_ITEM;
}

static int open_message(struct encoding *e, struct responses_stream *s)
{
    if (s->open == MESSAGE)
        return AIGNE_OK;
    responses_end_open(e, s);
    if (!add_item(e, s, MESSAGE))
        return AIGNE_E_NOMEM;
    s->open = MESSAGE;
    s->part = NO_PART;
    s->part_count = 0;
    clear(s, &s->parts);
    struct json_writer w = open_added(e, s);
    responses_write_message(&w, e, s->count - 1, RESPONSES_RUNS, SLICE(""));
    responses_close_event(&w);
    return AIGNE_OK;
}

int responses_open_part(struct encoding *e, struct responses_stream *s,
                        enum responses_part part)
{
    int rc = open_message(e, s);
    if (rc || s->part == part)
        return rc;
    end_part(e, s);
    s->part = part;
    s->mark_count = 0;
    clear(s, &s->text);
    clear(s, &s->marks);
    clear(s, &s->logprobs);
    struct json_writer w = responses_open_part_event(e, s, "response.content_part.added");
    json_key(&w, "part");
    write_part(&w, s);
    responses_close_event(&w);
    return AIGNE_OK;
}

int responses_open_reasoning(struct encoding *e, struct responses_stream *s,
                             const struct responses_seal *seal)
{
    if (s->open == REASONING)
        return AIGNE_OK;
    responses_end_open(e, s);
    if (!add_item(e, s, REASONING))
        return AIGNE_E_NOMEM;
    s->open = REASONING;
    clear(s, &s->text);
    struct json_writer w = open_added(e, s);
    responses_write_reasoning(&w, e, s->count - 1, SLICE(""), seal);
    responses_close_event(&w);
    return AIGNE_OK;
}

/* ---- calls and images ---- */

/* What seals a call goes before it, as reasoning without words. */
static int add_call_seal(struct encoding *e, struct responses_stream *s, struct slice metadata)
{
    const struct responses_seal seal = {.kind = RESPONSES_SEAL_CALL,
                                        .vendor = SLICE("google"),
                                        .data = responses_call_seal(metadata, e->keep)};
    if (!seal.data.p)
        return e->keep->failed ? AIGNE_E_NOMEM : AIGNE_OK;
    int rc = responses_open_reasoning(e, s, &seal);
    if (!rc)
        responses_end_reasoning(e, s, &seal);
    return rc;
}

int responses_open_call(struct encoding *e, struct responses_stream *s,
                        const struct event *begin)
{
    responses_end_open(e, s);
    int rc = add_call_seal(e, s, begin->metadata);
    struct responses_item *it = rc ? NULL : add_item(e, s, CALL);
    if (!it)
        return AIGNE_E_NOMEM;
    it->call = begin->index;
    it->call_id = begin->id.n ? arena_copy(e->keep, begin->id) : SLICE_NONE;
    it->name = begin->name.n ? arena_copy(e->keep, begin->name) : SLICE_NONE;
    if (e->keep->failed)
        return AIGNE_E_NOMEM;
    s->calls++;
    struct json_writer w = open_added(e, s);
    responses_write_call(&w, e, s->count - 1, it->call_id, it->call, it->name, SLICE(""),
                         RESPONSES_RUNS);
    responses_close_event(&w);
    return AIGNE_OK;
}

void responses_tell_arguments(struct encoding *e, struct responses_stream *s, size_t index,
                              struct slice text)
{
    struct json_writer w =
        responses_open_item_event(e, s, "response.function_call_arguments.delta", index);
    json_member_string(&w, "delta", text);
    responses_close_event(&w);
    buf_put_slice(&s->items[index].arguments, text);
    s->rc = s->rc ? s->rc : buf_rc(&s->items[index].arguments);
}

/* Clients parse the arguments: a call without any has the empty object. */
void responses_end_call(struct encoding *e, struct responses_stream *s, size_t index,
                        enum responses_status status)
{
    struct responses_item *it = &s->items[index];
    struct json_writer done = json_writer(&s->done);
    if (it->end)
        return;
    if (!it->arguments.n)
        responses_tell_arguments(e, s, index, SLICE("{}"));
    struct json_writer w =
        responses_open_item_event(e, s, "response.function_call_arguments.done", index);
    json_member_string(&w, "name", it->name.p ? it->name : SLICE(""));
    json_member_string(&w, "arguments", buf_slice(&it->arguments));
    responses_close_event(&w);
    size_t start = s->done.n;
    responses_write_call(&done, e, index, it->call_id, it->call, it->name,
                         buf_slice(&it->arguments), status);
    tell_done(e, s, index, start);
    buf_free(&it->arguments);
}

int responses_add_image(struct encoding *e, struct responses_stream *s, struct slice base64)
{
    static const char *const types[] = {"response.image_generation_call.in_progress",
                                        "response.image_generation_call.generating",
                                        "response.image_generation_call.completed"};
    struct json_writer done = json_writer(&s->done);
    responses_end_open(e, s);
    if (!add_item(e, s, IMAGE))
        return AIGNE_E_NOMEM;
    size_t index = s->count - 1;
    struct json_writer w = open_added(e, s);
    responses_write_image(&w, e, index, SLICE_NONE, RESPONSES_RUNS);
    responses_close_event(&w);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        w = responses_open_item_event(e, s, types[i], index);
        responses_close_event(&w);
    }
    size_t start = s->done.n;
    responses_write_image(&done, e, index, base64, RESPONSES_COMPLETED);
    tell_done(e, s, index, start);
    return AIGNE_OK;
}
