/* Knows how Ollama's answers become events; refuses to know how they were asked for. */
#include "base/limits.h"
#include "provider/answer.h"
#include "provider/complaint.h"
#include "provider/media.h"
#include "provider/names.h"
#include "provider/ollama.h"
#include <aignehub/aignehub.h>

enum { ERROR, MODEL, MESSAGE, DONE, REASON, PROMPT, ANSWER, LOGPROBS, MEMBERS };
static const char *const members[MEMBERS] = {"error",      "model",       "message",
                                             "done",       "done_reason", "prompt_eval_count",
                                             "eval_count", "logprobs"};

/* Calls come whole. Newer servers give them ids. */
static int push_call(struct decoding *d, struct json call)
{
    struct ollama_state *s = d->state;
    struct json function = json_get(call, "function");
    struct slice name = json_string(json_get(function, "name"), d->scratch);
    struct slice id = json_string(json_get(call, "id"), d->scratch);
    struct json given = json_get(function, "arguments");
    struct slice arguments = given.kind == JSON_STRING ? json_string(given, d->scratch)
                             : json_present(given)     ? given.raw
                                                       : SLICE_NONE;
    if (!name.n)
        return fault_set(d->why, AIGNE_E_PROTOCOL,
                         "The provider sent a tool call without a name.");
    if (s->call_count >= LIMIT_TOOL_CALLS)
        return fault_set(d->why, AIGNE_E_PROTOCOL, "The answer has more than %d tool calls.",
                         LIMIT_TOOL_CALLS);
    int index = s->call_count++;
    if (!id.n)
        id = call_id_made(d->request, index, d->scratch);
    if (!id.p)
        return fault_nomem(d->why);
    int rc = answer_tool_begin(d, index, id, name, SLICE_NONE);
    if (rc >= 0)
        rc = answer_tool_arguments(d, index, arguments);
    return rc < 0 ? rc : answer_tool_end(d, index);
}

static int push_images(struct decoding *d, struct json images)
{
    int rc = AIGNE_OK;
    struct json_walk w = json_walk(images);
    while (rc >= 0 && json_next(&w)) {
        struct chat_part part = {.kind = CHAT_DATA, .text = json_string(w.value, d->scratch)};
        if (part.text.n)
            rc = answer_file(d, media_of(&part).mime, part.text, false);
    }
    return rc;
}

static int push_message(struct decoding *d, struct json message)
{
    enum { CONTENT, THINKING, CALLS, IMAGES, PARTS };
    static const char *const names[PARTS] = {"content", "thinking", "tool_calls", "images"};
    struct json v[PARTS];
    if (message.kind != JSON_OBJECT)
        return AIGNE_OK;
    json_pick(message, names, PARTS, v);
    int rc = answer_piece(d, EVENT_THOUGHT, json_string(v[THINKING], d->scratch));
    if (rc >= 0)
        rc = answer_piece(d, EVENT_TEXT, json_string(v[CONTENT], d->scratch));
    if (rc >= 0)
        rc = push_images(d, v[IMAGES]);
    struct json_walk w = json_walk(v[CALLS]);
    while (rc >= 0 && json_next(&w))
        rc = push_call(d, w.value);
    return rc;
}

/* The same shape as OpenAI's. */
static int push_logprobs(struct decoding *d, struct json logprobs)
{
    struct event e = {.kind = EVENT_LOGPROBS, .text = logprobs.raw};
    return json_count(logprobs) > 0 && logprobs.kind == JSON_ARRAY ? event_push(d->sink, &e)
                                                                   : AIGNE_OK;
}

static int push_usage(struct decoding *d, const struct json *v)
{
    struct usage u;
    usage_init(&u);
    u.input = answer_count(v[PROMPT]);
    u.output = answer_count(v[ANSWER]);
    return answer_usage(d, &u);
}

static int push_end(struct decoding *d, struct json reason)
{
    struct ollama_state *s = d->state;
    enum finish finish = FINISH_UNKNOWN;
    s->finished = true;
    if (json_string_is(reason, "length"))
        finish = FINISH_LENGTH;
    else if (s->call_count)
        finish = FINISH_TOOLS;
    else if (json_string_is(reason, "stop") || json_string_is(reason, "load") ||
             json_string_is(reason, "unload"))
        finish = FINISH_STOP;
    return answer_finish(d, finish);
}

static int push_object(struct decoding *d, struct slice text)
{
    struct ollama_state *s = d->state;
    struct json v[MEMBERS];
    bool done = false;
    int rc = answer_check_pick(d, text, members, MEMBERS, v);
    if (rc < 0)
        return rc;
    if (complaint_present(v[ERROR]))
        return complaint_in_answer(d, json_of(text));
    if (!s->started)
        rc = answer_start(d, SLICE_NONE, json_string(v[MODEL], d->scratch));
    s->started = true;
    if (rc >= 0)
        rc = push_message(d, v[MESSAGE]);
    if (rc >= 0)
        rc = push_logprobs(d, v[LOGPROBS]);
    if (rc < 0 || !json_bool(v[DONE], &done) || !done)
        return rc;
    rc = push_usage(d, v);
    return rc < 0 ? rc : push_end(d, v[REASON]);
}

int ollama_decode(struct decoding *d, const struct sse_event *frame)
{
    const struct ollama_state *s = d->state;
    if (s->finished) /* nothing counts behind the end */
        return AIGNE_OK;
    return answer_settled(d, push_object(d, frame->data));
}

int ollama_finish(struct decoding *d)
{
    const struct ollama_state *s = d->state;
    return s->finished ? AIGNE_OK : answer_cut(d);
}

int ollama_decode_whole(struct decoding *d, struct slice body, bool watching)
{
    (void)watching; /* this format is not relayed */
    int rc = answer_settled(d, push_object(d, slice_trim(body)));
    return rc < 0 ? rc : ollama_finish(d);
}
