/* Knows how OpenAI's chat answers become events; refuses to know how they were asked for. */
#include "base/limits.h"
#include "base/list.h"
#include "provider/answer.h"
#include "provider/complaint.h"
#include "provider/names.h"
#include "provider/openai.h"
#include <aignehub/aignehub.h>

/* False: this is not the choice with index 0, which alone is wanted unless `any` is. */
static bool read_choice(struct json choice, bool any, struct openai_object *o)
{
    static const char *const names[] = {"index",         "message", "delta",
                                        "finish_reason", "usage",   "logprobs"};
    struct json v[6];
    o->index = 0;
    json_pick(choice, names, 6, v);
    if (json_int64(v[0], &o->index) && o->index != 0 && !any)
        return false;
    o->choice = choice;
    o->message = json_present(v[1]) ? v[1] : v[2];
    o->reason = v[3];
    o->choice_usage = v[4];
    o->logprobs = v[5];
    return true;
}

int openai_object_read(struct decoding *d, struct slice text, struct openai_object *o)
{
    static const char *const names[] = {"error", "id",     "model",       "choices",
                                        "usage", "x_groq", "service_tier"};
    struct json v[7];
    int rc = answer_check_pick(d, text, names, 7, v);
    if (rc < 0)
        return rc;
    *o = (struct openai_object){.whole = json_of(text),
                                .error = v[0],
                                .id = v[1],
                                .model = v[2],
                                .choices = v[3],
                                .usage = v[4],
                                .groq = v[5],
                                .service = v[6]};
    struct json first = json_first(o->choices);
    if (!json_present(first) || read_choice(first, false, o))
        return AIGNE_OK;
    struct json_walk w = json_walk(o->choices);
    while (json_next(&w) && !read_choice(w.value, false, o))
        continue;
    return AIGNE_OK;
}

/* Most count reasoning inside completion_tokens; whoever does not is found out by the total. */
static void split_answer(struct usage *u, int64_t completion, int64_t prompt, int64_t total)
{
    int64_t reasoning = usage_known(u->reasoning);
    bool outside = reasoning > completion ||
                   (reasoning > 0 && total >= 0 && total == prompt + completion + reasoning);
    u->output = outside ? completion : answer_less(completion, reasoning);
}

struct json openai_usage_of(const struct openai_object *o)
{
    struct json usage = o->usage.kind == JSON_OBJECT ? o->usage : o->choice_usage;
    if (usage.kind != JSON_OBJECT && o->groq.kind == JSON_OBJECT)
        usage = json_get(o->groq, "usage");
    return usage.kind == JSON_OBJECT ? usage : (struct json){0};
}

/* So many of the tokens are of sound. */
static void tell_apart(int64_t *tokens, int64_t sound, int64_t *out)
{
    if (sound <= 0 || *tokens <= 0)
        return;
    *out = sound < *tokens ? sound : *tokens;
    *tokens -= *out;
}

bool openai_usage(const struct openai_object *o, struct usage *out)
{
    enum { PROMPT, COMPLETION, TOTAL, PROMPT_DETAILS, COMPLETION_DETAILS, HIT, MEMBERS };
    static const char *const names[] = {
        "prompt_tokens",         "completion_tokens",         "total_tokens",
        "prompt_tokens_details", "completion_tokens_details", "prompt_cache_hit_tokens"};
    static const char *const cached[] = {"cached_tokens", "cache_write_tokens", "audio_tokens"};
    static const char *const answered[] = {"reasoning_tokens", "audio_tokens"};
    struct json details[3];
    struct json v[MEMBERS];
    struct json usage = openai_usage_of(o);
    if (!json_present(usage))
        return false;
    json_pick(usage, names, MEMBERS, v);
    usage_init(out);
    int64_t prompt = answer_count(v[PROMPT]);
    int64_t completion = answer_count(v[COMPLETION]);
    int64_t total = answer_count(v[TOTAL]);
    json_pick(v[PROMPT_DETAILS], cached, 3, details);
    out->cache_read = answer_count(details[0]);
    if (out->cache_read < 0)
        out->cache_read = answer_count(v[HIT]);
    out->cache_write_5m = answer_count(details[1]);
    int64_t in_cache = usage_known(out->cache_read) + usage_known(out->cache_write_5m);
    out->input = in_cache > prompt ? prompt : answer_less(prompt, in_cache);
    tell_apart(&out->input, answer_count(details[2]), &out->audio_input);
    json_pick(v[COMPLETION_DETAILS], answered, 2, details);
    out->reasoning = answer_count(details[0]);
    split_answer(out, completion, usage_known(prompt), total);
    tell_apart(&out->output, answer_count(details[1]), &out->audio_output);
    out->service = answer_service(o->service);
    return usage_reported(out);
}

static enum finish finish_of(struct json reason)
{
    static const struct {
        const char *name;
        enum finish finish;
    } reasons[] = {
        {"stop", FINISH_STOP},
        {"eos", FINISH_STOP}, /* Together */
        {"length", FINISH_LENGTH},
        {"model_length", FINISH_LENGTH}, /* Mistral */
        {"tool_calls", FINISH_TOOLS},
        {"function_call", FINISH_TOOLS},
        {"content_filter", FINISH_FILTER},
    };
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (json_string_is(reason, reasons[i].name))
            return reasons[i].finish;
    }
    return FINISH_UNKNOWN;
}

static struct openai_call *add_call(struct decoding *d, int64_t wire_index, struct slice id)
{
    struct openai_state *s = d->state;
    if (s->call_count == s->call_capacity) {
        size_t capacity = s->call_capacity ? s->call_capacity * 2 : 4;
        struct openai_call *calls = arena_array(d->keep, capacity, sizeof *calls);
        if (!calls)
            return NULL;
        if (s->call_count)
            memcpy(calls, s->calls, s->call_count * sizeof *calls);
        s->calls = calls;
        s->call_capacity = capacity;
    }
    struct openai_call *call = &s->calls[s->call_count];
    *call = (struct openai_call){.wire_index = wire_index, .index = -1};
    call->id =
        id.n ? arena_copy(d->keep, id) : call_id_made(d->request, (int)s->call_count, d->keep);
    if (!call->id.p)
        return NULL;
    s->call_count++;
    return call;
}

/* The call that a fragment belongs to. An index may be reused for the next call by servers that do not
 * count: then its id differs. Without an index, a new id or a name without an id begins a call. */
static struct openai_call *find_call(struct decoding *d, struct json fragment, struct slice id,
                                     bool named)
{
    struct openai_state *s = d->state;
    int64_t wire_index = -1;
    bool counted = json_int64(json_get(fragment, "index"), &wire_index);
    for (size_t i = s->call_count; i-- > 0;) {
        struct openai_call *call = &s->calls[i];
        bool same_id = !id.n || slice_eq(call->id, id);
        bool goes_on = id.n || !named || call->index < 0;
        if (same_id && (counted ? call->wire_index == wire_index : goes_on))
            return call;
        if (counted && call->wire_index == wire_index)
            break;
    }
    return add_call(d, counted ? wire_index : (int64_t)s->call_count, id);
}

/* In a whole message each item is a call of its own. */
static int push_fragment(struct decoding *d, struct json fragment, bool whole)
{
    struct openai_state *s = d->state;
    struct slice id = json_string(json_get(fragment, "id"), d->scratch);
    struct json function = json_get(fragment, "function");
    struct slice name = json_string(json_get(function, "name"), d->scratch);
    struct json given = json_get(function, "arguments");
    struct slice arguments =
        given.kind == JSON_OBJECT ? given.raw : json_string(given, d->scratch);
    struct openai_call *call = whole ? add_call(d, (int64_t)s->call_count, id)
                                     : find_call(d, fragment, id, name.n > 0);
    if (!call)
        return fault_nomem(d->why);
    if (s->call_count > LIMIT_TOOL_CALLS)
        return fault_set(d->why, AIGNE_E_PROTOCOL, "The answer has more than %d tool calls.",
                         LIMIT_TOOL_CALLS);
    int rc = AIGNE_OK;
    if (call->index < 0 && name.n) {
        struct slice ours = name_from_wire(&openai_names, d->request, name);
        call->index = s->begun++;
        rc = answer_tool_begin(d, call->index, call->id, ours, SLICE_NONE);
        if (rc >= 0)
            rc = answer_tool_arguments(d, call->index, call->waiting);
    }
    if (rc < 0 || call->index >= 0)
        return rc < 0 ? rc : answer_tool_arguments(d, call->index, arguments);
    if (!arguments.n)
        return AIGNE_OK;
    struct slice both[] = {call->waiting, arguments};
    call->waiting = arena_join(d->keep, both, 2);
    return call->waiting.p ? AIGNE_OK : fault_nomem(d->why);
}

static int push_message(struct decoding *d, const struct openai_object *o, bool whole)
{
    enum {
        CONTENT,
        REASONING_CONTENT,
        REASONING,
        DETAILS,
        REFUSAL,
        TOOL_CALLS,
        IMAGES,
        ANNOTATIONS,
        MEMBERS
    };
    static const char *const names[] = {
        "content", "reasoning_content", "reasoning", "reasoning_details",
        "refusal", "tool_calls",        "images",    "annotations"};
    struct openai_state *s = d->state;
    struct json v[MEMBERS];
    json_pick(o->message, names, MEMBERS, v);
    struct json thought =
        v[REASONING_CONTENT].kind == JSON_STRING ? v[REASONING_CONTENT] : v[REASONING];
    int rc = openai_push_parts(d, EVENT_THOUGHT, thought);
    if (rc >= 0 && v[DETAILS].kind == JSON_ARRAY)
        rc = openai_push_details(d, v[DETAILS]);
    if (rc >= 0)
        rc = openai_push_parts(d, EVENT_TEXT, v[CONTENT]);
    if (rc >= 0)
        rc = openai_push_logprobs(d, json_get(o->logprobs, "content"));
    if (rc >= 0)
        rc = openai_push_annotations(d, v[ANNOTATIONS]);
    struct slice refusal = json_string(v[REFUSAL], d->scratch);
    s->refused = s->refused || refusal.n > 0;
    if (rc >= 0)
        rc = answer_piece(d, EVENT_REFUSAL, refusal);
    if (rc >= 0)
        rc = openai_push_images(d, v[IMAGES]);
    struct json_walk w = json_walk(v[TOOL_CALLS]);
    while (rc >= 0 && json_next(&w))
        rc = push_fragment(d, w.value, whole);
    return rc;
}

/* Servers differ in what they call the end of an answer with tool calls or a refusal. */
static enum finish meant(const struct openai_state *s, enum finish finish)
{
    if (finish != FINISH_STOP && finish != FINISH_UNKNOWN)
        return finish;
    if (s->call_count)
        return FINISH_TOOLS;
    return s->refused ? FINISH_REFUSAL : finish;
}

static int end_choice(struct decoding *d)
{
    return openai_push_finish(d, FINISH_UNKNOWN);
}

int openai_push_finish(struct decoding *d, enum finish finish)
{
    struct openai_state *s = d->state;
    if (s->finished)
        return AIGNE_OK;
    if (s->choices) {
        s->finished = true;
        return choices_end(s->choices, d, end_choice);
    }
    if ((size_t)s->begun < s->call_count)
        return fault_set(d->why, AIGNE_E_PROTOCOL,
                         "The provider sent a tool call without a name.");
    for (int i = 0; i < s->begun; i++) {
        int rc = answer_tool_end(d, i);
        if (rc < 0)
            return rc;
    }
    s->finished = true;
    return answer_finish(d, meant(s, finish));
}

int openai_push_start(struct decoding *d, const struct openai_object *o)
{
    struct openai_state *s = d->state;
    if (s->started)
        return AIGNE_OK;
    bool silent = o->id.raw.n <= 2 && o->model.raw.n <= 2 && json_count(o->choices) == 0;
    if (silent) /* Azure judges the prompt before there is an answer */
        return AIGNE_OK;
    s->started = true;
    s->choices = choices_new(d, sizeof *s);
    return answer_start(d, json_string(o->id, d->scratch), json_string(o->model, d->scratch));
}

int openai_push_reason(struct decoding *d, const struct openai_object *o)
{
    if (o->reason.kind != JSON_STRING)
        return AIGNE_OK;
    if (json_string_is(o->reason, "error"))
        return complaint_in_answer(d, o->choice);
    if (json_string_is(o->reason, "insufficient_system_resource"))
        return fault_set(d->why, AIGNE_E_UPSTREAM,
                         "The provider ran out of resources and broke the answer off.");
    return openai_push_finish(d, finish_of(o->reason));
}

static int push_choices(struct decoding *d, struct choices *c, const struct openai_object *o,
                        bool whole)
{
    struct json_walk w = json_walk(o->choices);
    int rc = AIGNE_OK;
    while (rc >= 0 && json_next(&w)) {
        struct openai_object one = *o;
        (void)read_choice(w.value, true, &one);
        rc = choices_enter(c, d, one.index);
        if (rc == AIGNE_AGAIN)
            continue;
        if (rc < 0)
            return rc;
        const struct openai_state *s = d->state;
        rc = s->finished ? AIGNE_OK : push_message(d, &one, whole);
        if (rc >= 0)
            rc = openai_push_reason(d, &one);
        choices_leave(c, d);
    }
    return rc < 0 ? rc : AIGNE_OK;
}

/* A chunk or a whole answer. With `watching` the message is not looked at. */
static int push_object(struct decoding *d, const struct openai_object *o, bool whole,
                       bool watching)
{
    const struct openai_state *s = d->state;
    struct usage usage;
    if (complaint_present(o->error))
        return complaint_in_answer(d, o->whole);
    int rc = openai_push_start(d, o);
    if (rc >= 0 && s->choices)
        rc = push_choices(d, s->choices, o, whole);
    else if (rc >= 0 && !watching && !s->finished) /* behind the end only usage counts */
        rc = push_message(d, o, whole);
    if (rc >= 0 && openai_usage(o, &usage))
        rc = answer_usage(d, &usage);
    return rc < 0 || s->choices ? rc : openai_push_reason(d, o);
}

#define SAMPLES_AT_MOST 8 /* of a stream whose chunks keep changing their look */

/* Passes events on and remembers what came. */
struct probe {
    struct event_sink sink;
    struct event_sink *next;
    int count;
    enum event_kind kind;
    struct slice text;
};

static int probe_push(struct event_sink *self, const struct event *e)
{
    struct probe *p = LIST_OWNER(self, struct probe, sink);
    p->count++;
    p->kind = e->kind;
    p->text = e->text;
    return event_push(p->next, e);
}

/* A chunk that meant one piece of text and nothing else: the next ones will look like it. */
static void learn(struct decoding *d, const struct probe *p, struct slice data)
{
    struct openai_state *s = d->state;
    bool piece =
        p->count == 1 && !s->choices && (p->kind == EVENT_TEXT || p->kind == EVENT_THOUGHT);
    uintptr_t at = (uintptr_t)p->text.p - (uintptr_t)data.p;
    if (!piece || at >= data.n || s->learned == SAMPLES_AT_MOST)
        return; /* what lies elsewhere had escapes */
    s->learned++;
    s->usual_kind = p->kind;
    json_likeness_learn(&s->usual, data, p->text, d->keep);
}

static int decode_chunk(struct decoding *d, struct slice data)
{
    struct probe probe = {.sink = {probe_push}, .next = d->sink};
    struct openai_object o;
    int rc = openai_object_read(d, data, &o);
    if (rc < 0)
        return rc;
    d->sink = &probe.sink;
    rc = push_object(d, &o, false, false);
    d->sink = probe.next;
    if (rc >= 0)
        learn(d, &probe, data);
    return answer_settled(d, rc);
}

int openai_decode(struct decoding *d, const struct sse_event *frame)
{
    struct openai_state *s = d->state;
    struct slice data = slice_trim(frame->data);
    struct slice text;
    if (!data.n || s->done) /* nothing counts behind [DONE] */
        return AIGNE_OK;
    if (!s->finished && json_likeness_see(&s->usual, data, &text))
        return answer_piece(d, s->usual_kind, text);
    if (slice_is(data, "[DONE]")) {
        s->done = true;
        return answer_settled(d, openai_push_finish(d, FINISH_UNKNOWN));
    }
    return decode_chunk(d, data);
}

int openai_decode_whole(struct decoding *d, struct slice body, bool watching)
{
    struct openai_state *s = d->state;
    struct slice text = slice_trim(body);
    struct openai_object o;
    int rc = openai_object_read(d, text, &o);
    if (rc < 0)
        return rc;
    rc = answer_settled(d, push_object(d, &o, true, watching));
    if (rc < 0 || s->finished)
        return rc;
    if (o.choice.kind != JSON_OBJECT)
        return fault_set(d->why, AIGNE_E_PROTOCOL, "The provider's answer has no choices.");
    return answer_settled(d, openai_push_finish(d, FINISH_UNKNOWN));
}

int openai_finish(struct decoding *d)
{
    const struct openai_state *s = d->state;
    if (s->choices && !s->finished && choices_ended(s->choices))
        return openai_push_finish(d, FINISH_UNKNOWN);
    return s->finished || s->done ? AIGNE_OK : answer_cut(d);
}
