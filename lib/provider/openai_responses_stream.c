/* Knows the events by which OpenAI's Responses come piece by piece, to be read or to be watched; refuses
 * to know what items hold. */
#include "provider/answer.h"
#include "provider/complaint.h"
#include "provider/openai_responses.h"
#include <aignehub/aignehub.h>

/* The members that events have, whichever have them. */
enum member {
    TYPE,
    DELTA,
    OUTPUT_INDEX,
    LOGPROBS,
    ITEM,
    ANNOTATION,
    SUMMARY_INDEX,
    CONTENT_INDEX,
    RESPONSE,
    MEMBERS
};

static const char *const members[] = {"type",          "delta",         "output_index",
                                      "logprobs",      "item",          "annotation",
                                      "summary_index", "content_index", "response"};

struct frame {
    struct slice text;
    struct json v[MEMBERS];
};

/* Who does not count means the newest. */
static int item_of(struct decoding *d, const struct frame *f, struct responses_item **out)
{
    const struct responses_state *s = d->state;
    int64_t index = s->item_count ? s->items[s->item_count - 1].output_index : 0;
    json_int64(f->v[OUTPUT_INDEX], &index);
    return responses_item_at(d, index, out);
}

static int on_text(struct decoding *d, const struct frame *f)
{
    struct responses_item *it;
    int rc = item_of(d, f, &it);
    if (rc < 0)
        return rc;
    it->told = true;
    rc = answer_piece(d, EVENT_TEXT, json_string(f->v[DELTA], d->scratch));
    return rc < 0 ? rc : openai_push_logprobs(d, f->v[LOGPROBS]);
}

static int on_refusal(struct decoding *d, const struct frame *f)
{
    struct responses_state *s = d->state;
    struct responses_item *it;
    int rc = item_of(d, f, &it);
    if (rc < 0)
        return rc;
    it->told = true;
    s->refused = true;
    return answer_piece(d, EVENT_REFUSAL, json_string(f->v[DELTA], d->scratch));
}

/* An empty line sets one part of a summary apart from the next. */
static int push_thought(struct decoding *d, const struct frame *f, enum member counter)
{
    int64_t part = 0;
    struct responses_item *it;
    struct slice text = json_string(f->v[DELTA], d->scratch);
    int rc = item_of(d, f, &it);
    if (rc < 0 || !text.n)
        return rc;
    json_int64(f->v[counter], &part);
    if (it->told && part != it->part)
        rc = answer_piece(d, EVENT_THOUGHT, SLICE("\n\n"));
    it->part = part;
    it->told = true;
    return rc < 0 ? rc : answer_piece(d, EVENT_THOUGHT, text);
}

static int on_summary(struct decoding *d, const struct frame *f)
{
    return push_thought(d, f, SUMMARY_INDEX);
}

static int on_reasoning(struct decoding *d, const struct frame *f)
{
    return push_thought(d, f, CONTENT_INDEX);
}

/* Pieces that come before the name are told with the item's end. */
static int on_arguments(struct decoding *d, const struct frame *f)
{
    struct responses_item *it;
    struct slice text = json_string(f->v[DELTA], d->scratch);
    int rc = item_of(d, f, &it);
    if (rc < 0 || it->call < 0 || it->over || !text.n)
        return rc;
    it->told = true;
    return answer_tool_arguments(d, it->call, text);
}

static int on_annotation(struct decoding *d, const struct frame *f)
{
    struct responses_item *it;
    int rc = item_of(d, f, &it);
    if (rc < 0)
        return rc;
    it->cited = true;
    return openai_push_annotation(d, f->v[ANNOTATION]);
}

static int on_item_added(struct decoding *d, const struct frame *f)
{
    struct responses_item *it;
    int rc = item_of(d, f, &it);
    return rc < 0 ? rc : responses_begin_item(d, it, f->v[ITEM]);
}

static int on_item_done(struct decoding *d, const struct frame *f)
{
    struct responses_item *it;
    int rc = item_of(d, f, &it);
    return rc < 0 ? rc : responses_push_item(d, it, f->v[ITEM]);
}

static int on_start(struct decoding *d, const struct frame *f)
{
    return responses_push_start(d, f->v[RESPONSE]);
}

static int on_end(struct decoding *d, const struct frame *f)
{
    return responses_push_end(d, f->v[RESPONSE], false);
}

static int on_watched_end(struct decoding *d, const struct frame *f)
{
    return responses_push_end(d, f->v[RESPONSE], true);
}

static int on_failed(struct decoding *d, const struct frame *f)
{
    return complaint_in_answer(d, f->v[RESPONSE]);
}

static int on_error(struct decoding *d, const struct frame *f)
{
    return complaint_in_answer(d, json_of(f->text));
}

static int count_text(struct decoding *d, const struct frame *f)
{
    if (f->v[DELTA].kind == JSON_STRING)
        d->text_seen = f->v[DELTA].raw.n - 2;
    return AIGNE_OK;
}

/* `watch` NULL: of no interest to who relays it. What is not here is skipped. */
static const struct {
    struct slice type;
    int (*read)(struct decoding *d, const struct frame *f);
    int (*watch)(struct decoding *d, const struct frame *f);
} types[] = {
    {{"response.output_text.delta", 26}, on_text, count_text},
    {{"response.function_call_arguments.delta", 38}, on_arguments, count_text},
    {{"response.reasoning_summary_text.delta", 37}, on_summary, count_text},
    {{"response.reasoning_text.delta", 29}, on_reasoning, count_text},
    {{"response.refusal.delta", 22}, on_refusal, count_text},
    {{"response.output_text.annotation.added", 37}, on_annotation, NULL},
    {{"response.output_item.added", 26}, on_item_added, NULL},
    {{"response.output_item.done", 25}, on_item_done, NULL},
    {{"response.created", 16}, on_start, on_start},
    {{"response.queued", 15}, on_start, on_start},
    {{"response.in_progress", 20}, on_start, on_start},
    {{"response.completed", 18}, on_end, on_watched_end},
    {{"response.incomplete", 19}, on_end, on_watched_end},
    {{"response.failed", 15}, on_failed, on_failed},
    {{"error", 5}, on_error, on_error},
};

/* Frames with nothing for us, and those behind the end, are read no further than that they are JSON. */
static int read_frame(struct decoding *d, const struct sse_event *frame, bool watching)
{
    const struct responses_state *s = d->state;
    struct frame f = {.text = slice_trim(frame->data)};
    if (!f.text.n || s->finished || slice_is(f.text, "[DONE]"))
        return AIGNE_OK;
    int rc = answer_check_pick(d, f.text, members, MEMBERS, f.v);
    if (rc < 0)
        return rc;
    struct slice type = json_string(f.v[TYPE], d->scratch);
    if (!type.p)
        type = frame->name;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (!slice_eq(type, types[i].type))
            continue;
        int (*handle)(struct decoding *, const struct frame *) =
            watching ? types[i].watch : types[i].read;
        return handle ? answer_settled(d, handle(d, &f)) : AIGNE_OK;
    }
    bool failed = !type.n && complaint_present(json_get(json_of(f.text), "error"));
    return failed ? on_error(d, &f) : AIGNE_OK;
}

int responses_decode(struct decoding *d, const struct sse_event *frame)
{
    return read_frame(d, frame, false);
}

int responses_watch(struct decoding *d, const struct sse_event *frame,
                    enum chat_choice usage_wanted, struct slice *shown)
{
    (void)usage_wanted; /* it is part of the end here */
    (void)shown;
    return read_frame(d, frame, true);
}

int responses_decode_whole(struct decoding *d, struct slice body, bool watching)
{
    static const char *const names[] = {"error", "output"};
    struct slice text = slice_trim(body);
    struct json v[2];
    int rc = answer_check_pick(d, text, names, 2, v);
    if (rc < 0)
        return rc;
    if (complaint_present(v[0]))
        return complaint_in_answer(d, json_of(text));
    if (!watching && v[1].kind != JSON_ARRAY)
        return fault_set(d->why, AIGNE_E_PROTOCOL, "The provider's answer has no output.");
    return answer_settled(d, responses_push_end(d, json_of(text), watching));
}

int responses_finish(struct decoding *d)
{
    const struct responses_state *s = d->state;
    return s->finished ? AIGNE_OK : answer_cut(d);
}
