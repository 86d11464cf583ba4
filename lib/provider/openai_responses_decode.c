/* Knows how items of OpenAI's Responses become events, be they whole or the last of a stream; refuses to
 * know how a stream gets there. */
#include "base/limits.h"
#include "provider/answer.h"
#include "provider/complaint.h"
#include "provider/media.h"
#include "provider/names.h"
#include "provider/openai_responses.h"
#include <aignehub/aignehub.h>

#define ITEMS_LARGEST 4096

static const struct {
    const char *name;
    enum responses_kind kind;
} kinds[] = {{"message", RESPONSES_MESSAGE},
             {"reasoning", RESPONSES_REASONING},
             {"function_call", RESPONSES_CALL},
             {"image_generation_call", RESPONSES_IMAGE}};

static enum responses_kind kind_of(struct json item)
{
    struct json type = json_get(item, "type");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (json_string_is(type, kinds[i].name))
            return kinds[i].kind;
    }
    return RESPONSES_OTHER;
}

static int add_item(struct decoding *d, int64_t output_index, struct responses_item **out)
{
    struct responses_state *s = d->state;
    if (s->item_count == ITEMS_LARGEST)
        return fault_set(d->why, AIGNE_E_PROTOCOL, "The answer has more than %d items.",
                         ITEMS_LARGEST);
    if (s->item_count == s->item_capacity) {
        size_t capacity = s->item_capacity ? s->item_capacity * 2 : 4;
        struct responses_item *items = arena_array(d->keep, capacity, sizeof *items);
        if (!items)
            return fault_nomem(d->why);
        if (s->item_count)
            memcpy(items, s->items, s->item_count * sizeof *items);
        s->items = items;
        s->item_capacity = capacity;
    }
    *out = &s->items[s->item_count++];
    **out = (struct responses_item){.output_index = output_index, .call = -1, .part = -1};
    return AIGNE_OK;
}

int responses_item_at(struct decoding *d, int64_t output_index, struct responses_item **out)
{
    struct responses_state *s = d->state;
    for (size_t i = s->item_count; i-- > 0;) {
        *out = &s->items[i];
        if ((*out)->output_index == output_index)
            return AIGNE_OK;
    }
    return add_item(d, output_index, out);
}

/* A call is told when its name is known; what is over does not begin again as something else. */
int responses_begin_item(struct decoding *d, struct responses_item *it, struct json item)
{
    static const char *const names[] = {"call_id", "name"};
    struct responses_state *s = d->state;
    struct json v[2];
    if (it->over)
        return AIGNE_OK;
    it->kind = kind_of(item);
    if (it->kind != RESPONSES_CALL || it->call >= 0)
        return AIGNE_OK;
    json_pick(item, names, 2, v);
    struct slice name = json_string(v[1], d->scratch);
    if (!name.n)
        return AIGNE_OK;
    if (s->begun == LIMIT_TOOL_CALLS)
        return fault_set(d->why, AIGNE_E_PROTOCOL, "The answer has more than %d tool calls.",
                         LIMIT_TOOL_CALLS);
    struct slice id = json_string(v[0], d->scratch);
    if (!id.n)
        id = call_id_made(d->request, s->begun, d->scratch);
    if (!id.p)
        return fault_nomem(d->why);
    it->call = s->begun++;
    return answer_tool_begin(d, it->call, id, name_from_wire(&openai_names, d->request, name),
                             SLICE_NONE);
}

/* ---- the end of an item ---- */

static int push_part(struct decoding *d, const struct responses_item *it, struct json part)
{
    enum { TEXT, REFUSAL, ANNOTATIONS, LOGPROBS, MEMBERS };
    static const char *const names[] = {"text", "refusal", "annotations", "logprobs"};
    struct responses_state *s = d->state;
    struct json v[MEMBERS];
    int rc = AIGNE_OK;
    json_pick(part, names, MEMBERS, v);
    s->refused = s->refused || v[REFUSAL].kind == JSON_STRING;
    if (!it->told)
        rc = answer_piece(d, EVENT_TEXT, json_string(v[TEXT], d->scratch));
    if (rc >= 0 && !it->told)
        rc = openai_push_logprobs(d, v[LOGPROBS]);
    if (rc >= 0 && !it->told)
        rc = answer_piece(d, EVENT_REFUSAL, json_string(v[REFUSAL], d->scratch));
    if (rc >= 0 && !it->cited)
        rc = openai_push_annotations(d, v[ANNOTATIONS]);
    return rc;
}

static int push_message(struct decoding *d, struct responses_item *it, struct json item)
{
    int rc = AIGNE_OK;
    struct json_walk w = json_walk(json_get(item, "content"));
    while (rc >= 0 && json_next(&w))
        rc = push_part(d, it, w.value);
    return rc;
}

/* Texts of a summary, or of the reasoning itself, set apart by an empty line. */
static int push_thoughts(struct decoding *d, struct responses_item *it, struct json parts)
{
    int rc = AIGNE_OK;
    struct json_walk w = json_walk(parts);
    while (rc >= 0 && json_next(&w)) {
        struct slice text = json_string(json_get(w.value, "text"), d->scratch);
        if (it->told && text.n)
            rc = answer_piece(d, EVENT_THOUGHT, SLICE("\n\n"));
        it->told = it->told || text.n > 0;
        if (rc >= 0)
            rc = answer_piece(d, EVENT_THOUGHT, text);
    }
    return rc;
}

/* What has no words is sealed as a whole. */
static int push_seal(struct decoding *d, const struct responses_item *it, struct json id,
                     struct json content)
{
    static const char mark[] = {RESPONSES_SEAL_MARK};
    struct slice parts[] = {json_string(id, d->scratch), slice_of(mark, 1),
                            json_string(content, d->scratch)};
    if (!parts[2].n)
        return AIGNE_OK;
    if (slice_find_byte(parts[0], RESPONSES_SEAL_MARK) < parts[0].n)
        parts[0] = SLICE("");
    struct event e = {.kind = it->told ? EVENT_SIGNATURE : EVENT_REDACTED,
                      .text = arena_join(d->scratch, parts, 3),
                      .name = d->provider};
    return e.text.p ? event_push(d->sink, &e) : fault_nomem(d->why);
}

static int push_reasoning(struct decoding *d, struct responses_item *it, struct json item)
{
    static const char *const names[] = {"summary", "content", "id", "encrypted_content"};
    struct json v[4];
    bool streamed = it->told;
    json_pick(item, names, 4, v);
    int rc = streamed ? AIGNE_OK : push_thoughts(d, it, v[0]);
    if (rc >= 0 && !streamed)
        rc = push_thoughts(d, it, v[1]);
    return rc < 0 ? rc : push_seal(d, it, v[2], v[3]);
}

static int push_call(struct decoding *d, struct responses_item *it, struct json item)
{
    if (it->call < 0)
        return fault_set(d->why, AIGNE_E_PROTOCOL,
                         "The provider sent a tool call without a name.");
    struct slice arguments = json_string(json_get(item, "arguments"), d->scratch);
    int rc = it->told ? AIGNE_OK : answer_tool_arguments(d, it->call, arguments);
    return rc < 0 ? rc : answer_tool_end(d, it->call);
}

static int push_image(struct decoding *d, struct responses_item *it, struct json item)
{
    struct slice result = json_string(json_get(item, "result"), d->scratch);
    struct chat_part part = {.kind = CHAT_DATA, .text = result};
    struct slice mime = media_of(&part).mime;
    (void)it;
    return answer_file(d, mime.p ? mime : SLICE("image/png"), result, false);
}

int responses_push_item(struct decoding *d, struct responses_item *it, struct json item)
{
    static int (*const pushes[])(struct decoding * d, struct responses_item * it,
                                 struct json item) = {[RESPONSES_MESSAGE] = push_message,
                                                      [RESPONSES_REASONING] = push_reasoning,
                                                      [RESPONSES_CALL] = push_call,
                                                      [RESPONSES_IMAGE] = push_image};
    int rc = responses_begin_item(d, it, item);
    if (rc < 0 || it->over || it->kind == RESPONSES_OTHER)
        return rc;
    it->over = true;
    return pushes[it->kind](d, it, item);
}

/* ---- the end of a response ---- */

/* Everything is inside input and output but what the details tell apart. */
static bool usage_of(struct json usage, struct usage *out)
{
    enum { INPUT, OUTPUT, INPUT_DETAILS, OUTPUT_DETAILS, MEMBERS };
    static const char *const names[] = {"input_tokens", "output_tokens", "input_tokens_details",
                                        "output_tokens_details"};
    static const char *const cached[] = {"cached_tokens", "cache_write_tokens"};
    struct json details[2];
    struct json v[MEMBERS];
    if (usage.kind != JSON_OBJECT)
        return false;
    json_pick(usage, names, MEMBERS, v);
    json_pick(v[INPUT_DETAILS], cached, 2, details);
    usage_init(out);
    int64_t input = answer_count(v[INPUT]);
    out->cache_read = answer_count(details[0]);
    out->cache_write_5m = answer_count(details[1]);
    out->reasoning = answer_count(json_get(v[OUTPUT_DETAILS], "reasoning_tokens"));
    int64_t in_cache = usage_known(out->cache_read) + usage_known(out->cache_write_5m);
    out->input = in_cache > input ? input : answer_less(input, in_cache);
    out->output = answer_less(answer_count(v[OUTPUT]), usage_known(out->reasoning));
    return usage_reported(out);
}

int responses_push_start(struct decoding *d, struct json response)
{
    static const char *const names[] = {"id", "model"};
    struct responses_state *s = d->state;
    struct json v[2];
    if (s->started)
        return AIGNE_OK;
    s->started = true;
    json_pick(response, names, 2, v);
    return answer_start(d, json_string(v[0], d->scratch), json_string(v[1], d->scratch));
}

/* Calls that were never said to be over end with the response. */
static int push_finish(struct decoding *d, enum finish finish)
{
    struct responses_state *s = d->state;
    int rc = AIGNE_OK;
    for (size_t i = 0; i < s->item_count && rc >= 0; i++) {
        struct responses_item *it = &s->items[i];
        if (it->call >= 0 && !it->over)
            rc = answer_tool_end(d, it->call);
        it->over = true;
    }
    s->finished = true;
    if (finish == FINISH_STOP && s->begun)
        finish = FINISH_TOOLS;
    else if (finish == FINISH_STOP && s->refused)
        finish = FINISH_REFUSAL;
    return rc < 0 ? rc : answer_finish(d, finish);
}

static int push_output(struct decoding *d, struct json output)
{
    int rc = AIGNE_OK;
    struct json_walk w = json_walk(output);
    for (int64_t i = 0; rc >= 0 && json_next(&w); i++) {
        struct responses_item *it;
        rc = responses_item_at(d, i, &it);
        if (rc >= 0)
            rc = responses_push_item(d, it, w.value);
    }
    return rc;
}

int responses_push_end(struct decoding *d, struct json response, bool watching)
{
    enum { STATUS, ERROR, OUTPUT, USAGE, DETAILS, SERVICE, MEMBERS };
    static const char *const names[] = {
        "status", "error", "output", "usage", "incomplete_details", "service_tier"};
    struct responses_state *s = d->state;
    struct json v[MEMBERS];
    struct usage usage;
    enum finish finish = FINISH_STOP;
    json_pick(response, names, MEMBERS, v);
    if (complaint_present(v[ERROR]) || json_string_is(v[STATUS], "failed"))
        return complaint_in_answer(d, response);
    if (json_string_is(v[STATUS], "cancelled"))
        return fault_set(d->why, AIGNE_E_UPSTREAM, "The provider's answer was cancelled.");
    bool running =
        json_string_is(v[STATUS], "in_progress") || json_string_is(v[STATUS], "queued");
    if (running && !watching)
        return fault_set(d->why, AIGNE_E_PROTOCOL,
                         "The provider ended its answer before it was complete.");
    int rc = responses_push_start(d, response);
    if (rc >= 0 && !watching && !s->item_count) /* else it was told piece by piece */
        rc = push_output(d, v[OUTPUT]);
    if (rc >= 0 && usage_of(v[USAGE], &usage)) {
        usage.service = answer_service(v[SERVICE]);
        rc = answer_usage(d, &usage);
    }
    if (json_string_is(v[STATUS], "incomplete"))
        finish = json_string_is(json_get(v[DETAILS], "reason"), "content_filter")
                     ? FINISH_FILTER
                     : FINISH_LENGTH;
    return rc < 0 || s->finished ? rc : push_finish(d, finish);
}
