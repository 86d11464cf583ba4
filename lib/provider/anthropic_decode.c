/* Knows how Anthropic's answers become events; refuses to know how they were asked for. */
#include "base/limits.h"
#include "provider/answer.h"
#include "provider/anthropic.h"
#include "provider/complaint.h"
#include <aignehub/aignehub.h>

static int push_start(struct decoding *d, struct json message)
{
    struct anthropic_state *s = d->state;
    if (s->started)
        return AIGNE_OK;
    s->started = true;
    return answer_start(d, json_string(json_get(message, "id"), d->scratch),
                        json_string(json_get(message, "model"), d->scratch));
}

/* input_tokens is without the caches; the writes are told apart where the answer does. */
static int push_usage(struct decoding *d, struct json usage)
{
    enum { INPUT, OUTPUT, READ, WRITTEN, WRITES, DETAILS, SERVICE, MEMBERS };
    static const char *const names[] = {"input_tokens",
                                        "output_tokens",
                                        "cache_read_input_tokens",
                                        "cache_creation_input_tokens",
                                        "cache_creation",
                                        "output_tokens_details",
                                        "service_tier"};
    struct anthropic_state *s = d->state;
    struct json v[MEMBERS];
    struct usage u;
    if (usage.kind != JSON_OBJECT)
        return AIGNE_OK;
    json_pick(usage, names, MEMBERS, v);
    usage_init(&u);
    u.input = answer_count(v[INPUT]);
    u.cache_read = answer_count(v[READ]);
    int64_t written = answer_count(v[WRITTEN]);
    u.cache_write_1h = answer_count(json_get(v[WRITES], "ephemeral_1h_input_tokens"));
    u.cache_write_5m = answer_count(json_get(v[WRITES], "ephemeral_5m_input_tokens"));
    if (u.cache_write_1h > 0)
        s->written_1h = u.cache_write_1h;
    if (u.cache_write_5m < 0)
        u.cache_write_5m = answer_less(written, s->written_1h);
    u.reasoning = answer_count(json_get(v[DETAILS], "thinking_tokens"));
    u.output = answer_less(answer_count(v[OUTPUT]), u.reasoning);
    u.service = answer_service(v[SERVICE]);
    return answer_usage(d, &u);
}

enum finish anthropic_stop_reason(struct json reason, enum finish before)
{
    static const struct {
        const char *name;
        enum finish finish;
    } reasons[] = {
        {"end_turn", FINISH_STOP},
        {"max_tokens", FINISH_LENGTH},
        {"model_context_window_exceeded", FINISH_LENGTH},
        {"stop_sequence", FINISH_STOP_SEQUENCE},
        {"tool_use", FINISH_TOOLS},
        {"pause_turn", FINISH_PAUSE},
        {"guardrail_intervened", FINISH_FILTER},
        {"content_filtered", FINISH_FILTER},
        {"refusal", FINISH_REFUSAL},
    };
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (json_string_is(reason, reasons[i].name))
            return reasons[i].finish;
    }
    return before;
}

/* Of a delta, or of a whole message. */
static void note_stop(struct decoding *d, struct json holder)
{
    struct anthropic_state *s = d->state;
    s->finish = anthropic_stop_reason(json_get(holder, "stop_reason"), s->finish);
    struct slice sequence = json_string(json_get(holder, "stop_sequence"), d->scratch);
    s->stop_sequence = sequence.p ? arena_copy(d->keep, sequence) : SLICE_NONE;
}

/* Why the model refused, in the provider's words. */
static int push_stop_details(struct decoding *d, struct json holder)
{
    struct slice words = json_string(json_path(holder, "stop_details.explanation"), d->scratch);
    return answer_piece(d, EVENT_REFUSAL, words);
}

static int on_message_start(struct decoding *d, struct json event)
{
    struct json message = json_get(event, "message");
    int rc = push_start(d, message);
    return rc < 0 ? rc : push_usage(d, json_get(message, "usage"));
}

static int on_message_delta(struct decoding *d, struct json event)
{
    struct json delta = json_get(event, "delta");
    note_stop(d, delta);
    int rc = push_stop_details(d, delta);
    return rc < 0 ? rc : push_usage(d, json_get(event, "usage"));
}

static int push_finish(struct decoding *d)
{
    const struct anthropic_state *s = d->state;
    struct event e = {.kind = EVENT_FINISH,
                      .finish = blocks_finish(&s->blocks, s->finish),
                      .text = s->stop_sequence};
    return event_push(d->sink, &e);
}

static int on_message_stop(struct decoding *d, struct json event)
{
    struct anthropic_state *s = d->state;
    (void)event;
    int rc = anthropic_close_blocks(d);
    s->ended = rc >= 0;
    return rc < 0 ? rc : push_finish(d);
}

int anthropic_decode(struct decoding *d, const struct sse_event *frame)
{
    static const struct {
        const char *type;
        int (*on)(struct decoding *d, struct json event);
    } handlers[] = {
        {"content_block_delta", anthropic_on_block_delta},
        {"content_block_start", anthropic_on_block_start},
        {"content_block_stop", anthropic_on_block_stop},
        {"message_start", on_message_start},
        {"message_delta", on_message_delta},
        {"message_stop", on_message_stop},
        {"error", complaint_in_answer},
    };
    const struct anthropic_state *s = d->state;
    struct slice data = slice_trim(frame->data);
    if (!data.n || s->ended) /* nothing counts behind message_stop */
        return AIGNE_OK;
    int rc = answer_check(d, data, JSON_OBJECT);
    if (rc < 0)
        return rc;
    struct json event = json_of(data);
    struct json type = json_get(event, "type");
    if (type.kind != JSON_STRING && complaint_present(json_get(event, "error")))
        return complaint_in_answer(d, event);
    for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
        if (json_string_is(type, handlers[i].type))
            return answer_settled(d, handlers[i].on(d, event));
    }
    return AIGNE_OK;
}

static int watch_message_delta(struct decoding *d, struct json event)
{
    note_stop(d, json_get(event, "delta"));
    return push_usage(d, json_get(event, "usage"));
}

int anthropic_watch_event(struct decoding *d, struct slice data)
{
    int rc = answer_check(d, data, JSON_OBJECT);
    if (rc < 0)
        return rc;
    struct json event = json_of(data);
    struct json type = json_get(event, "type");
    if (json_string_is(type, "message_start"))
        rc = on_message_start(d, event);
    else if (json_string_is(type, "message_delta"))
        rc = watch_message_delta(d, event);
    else if (json_string_is(type, "message_stop"))
        rc = on_message_stop(d, event);
    else if (json_string_is(type, "error") || complaint_present(json_get(event, "error")))
        rc = complaint_in_answer(d, event);
    return answer_settled(d, rc);
}

int anthropic_decode_whole(struct decoding *d, struct slice body, bool watching)
{
    struct slice text = slice_trim(body);
    int rc = answer_check(d, text, JSON_OBJECT);
    if (rc < 0)
        return rc;
    struct json message = json_of(text);
    struct json content = json_get(message, "content");
    if (complaint_present(json_get(message, "error")))
        return complaint_in_answer(d, message);
    if (content.kind != JSON_ARRAY)
        return fault_set(d->why, AIGNE_E_PROTOCOL, "The provider's answer has no content.");
    rc = push_start(d, message);
    struct json_walk w = json_walk(content);
    for (int64_t i = 0; rc >= 0 && !watching && json_next(&w); i++)
        rc = anthropic_push_block(d, i, w.value);
    note_stop(d, message);
    if (rc >= 0 && !watching)
        rc = push_stop_details(d, message);
    if (rc >= 0)
        rc = push_usage(d, json_get(message, "usage"));
    if (rc >= 0)
        rc = on_message_stop(d, message);
    return answer_settled(d, rc);
}

int anthropic_finish(struct decoding *d)
{
    const struct anthropic_state *s = d->state;
    return s->ended ? AIGNE_OK : answer_cut(d);
}
