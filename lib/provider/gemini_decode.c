/* Knows how Gemini's answers become events; refuses to know how they were asked for. */
#include "base/limits.h"
#include "base/mem.h"
#include "provider/answer.h"
#include "provider/complaint.h"
#include "provider/gemini.h"
#include "text/json_write.h"
#include <aignehub/aignehub.h>

int gemini_complaint(struct decoding *d, struct slice checked)
{
    struct json object = json_of(checked);
    return complaint_present(json_get(object, "error")) ? complaint_in_answer(d, object)
                                                        : AIGNE_OK;
}

/* Tokens of one modality in a list of them. */
static int64_t of_modality(struct json list, const char *modality)
{
    struct json_walk w = json_walk(list);
    while (list.kind == JSON_ARRAY && json_next(&w)) {
        if (json_string_is(json_get(w.value, "modality"), modality))
            return answer_count(json_get(w.value, "tokenCount"));
    }
    return -1;
}

/* Take what is of other media out of a count that holds it. */
static int64_t without_media(int64_t count, struct json details, int64_t *image, int64_t *audio)
{
    *image = of_modality(details, "IMAGE");
    *audio = of_modality(details, "AUDIO");
    int64_t media = usage_known(*image) + usage_known(*audio);
    return count < 0 || media == 0 ? count : answer_less(count, media);
}

/* A prompt counts the tokens of tools' own prompts beside its own, and those from the cache inside. Of what
 * came from the cache the media are not told apart, so that they are not taken out twice. */
bool gemini_usage(struct json usage, struct usage *out)
{
    enum { PROMPT, CACHED, ANSWER, THOUGHTS, TOOLS, PROMPT_DETAILS, ANSWER_DETAILS, MEMBERS };
    static const char *const names[] = {"promptTokenCount",        "cachedContentTokenCount",
                                        "candidatesTokenCount",    "thoughtsTokenCount",
                                        "toolUsePromptTokenCount", "promptTokensDetails",
                                        "candidatesTokensDetails"};
    struct json v[MEMBERS];
    usage_init(out);
    if (usage.kind != JSON_OBJECT)
        return false;
    json_pick(usage, names, MEMBERS, v);
    int64_t tools = answer_count(v[TOOLS]);
    out->cache_read = answer_count(v[CACHED]);
    out->input = answer_less(answer_count(v[PROMPT]), out->cache_read);
    if (out->cache_read <= 0)
        out->input =
            without_media(out->input, v[PROMPT_DETAILS], &out->image_input, &out->audio_input);
    if (tools > 0)
        out->input = usage_known(out->input) + tools;
    out->output = without_media(answer_count(v[ANSWER]), v[ANSWER_DETAILS], &out->image_output,
                                &out->audio_output);
    out->reasoning = answer_count(v[THOUGHTS]);
    return true;
}

static int push_usage(struct decoding *d, struct json usage)
{
    struct usage u;
    return gemini_usage(usage, &u) ? answer_usage(d, &u) : AIGNE_OK;
}

/* {"thoughtSignature":...}: what must come back with the call. Absent when there is none. */
static struct slice call_metadata(struct decoding *d, struct json signature)
{
    if (signature.kind != JSON_STRING)
        return SLICE_NONE;
    struct slice parts[] = {SLICE("{\"thoughtSignature\":"), signature.raw, SLICE("}")};
    return arena_join(d->scratch, parts, 3);
}

static int push_call(struct decoding *d, struct json call, struct json signature)
{
    struct gemini_state *s = d->state;
    struct slice name = json_string(json_get(call, "name"), d->scratch);
    struct json args = json_get(call, "args");
    if (!name.n)
        return fault_set(d->why, AIGNE_E_PROTOCOL,
                         "The provider sent a tool call without a name.");
    if (answer_by_json_tool(d->request, name)) {
        struct slice answer = args.kind == JSON_OBJECT ? args.raw : SLICE("{}");
        bool first = !s->json_called; /* one answer is enough */
        s->json_called = true;
        return first ? answer_piece(d, EVENT_TEXT, answer) : AIGNE_OK;
    }
    if (s->call_count >= LIMIT_TOOL_CALLS)
        return fault_set(d->why, AIGNE_E_PROTOCOL, "The answer has more than %d tool calls.",
                         LIMIT_TOOL_CALLS);
    int index = s->call_count++;
    struct slice id = json_string(json_get(call, "id"), d->scratch);
    if (!id.n)
        id = call_id_made(d->request, index, d->scratch);
    if (!id.p)
        return fault_nomem(d->why);
    int rc = answer_tool_begin(d, index, id, name_from_wire(&gemini_names, d->request, name),
                               call_metadata(d, signature));
    if (rc >= 0)
        rc = answer_tool_arguments(d, index, json_present(args) ? args.raw : SLICE_NONE);
    return rc < 0 ? rc : answer_tool_end(d, index);
}

/* Of a text: what seals a call is told with the call. */
static int push_signature(struct decoding *d, struct json signature)
{
    struct event e = {.kind = EVENT_SIGNATURE,
                      .name = SLICE(GEMINI_VENDOR),
                      .text = json_string(signature, d->scratch)};
    return e.text.n ? event_push(d->sink, &e) : AIGNE_OK;
}

static int push_part(struct decoding *d, struct json part)
{
    enum { TEXT, THOUGHT, CALL, INLINE, FILE_DATA, SIGNATURE, MEMBERS };
    static const char *const names[] = {"text",       "thought",  "functionCall",
                                        "inlineData", "fileData", "thoughtSignature"};
    struct json v[MEMBERS];
    bool thought = false;
    json_pick(part, names, MEMBERS, v);
    thought = json_bool(v[THOUGHT], &thought) && thought;
    if (v[TEXT].kind == JSON_STRING) {
        int rc = answer_piece(d, thought ? EVENT_THOUGHT : EVENT_TEXT,
                              json_string(v[TEXT], d->scratch));
        return rc < 0 ? rc : push_signature(d, v[SIGNATURE]);
    }
    if (v[CALL].kind == JSON_OBJECT)
        return push_call(d, v[CALL], v[SIGNATURE]);
    struct json file = v[INLINE].kind == JSON_OBJECT ? v[INLINE] : v[FILE_DATA];
    if (file.kind != JSON_OBJECT || thought)
        return AIGNE_OK;
    bool is_url = v[INLINE].kind != JSON_OBJECT;
    return answer_file(d, json_string(json_get(file, "mimeType"), d->scratch),
                       json_string(json_get(file, is_url ? "fileUri" : "data"), d->scratch),
                       is_url);
}

struct reason {
    const char *name;
    enum finish finish;
};

static const struct reason reasons[] = {
    {"STOP", FINISH_STOP},
    {"MAX_TOKENS", FINISH_LENGTH},
    {"SAFETY", FINISH_FILTER},
    {"RECITATION", FINISH_FILTER},
    {"LANGUAGE", FINISH_FILTER},
    {"BLOCKLIST", FINISH_FILTER},
    {"PROHIBITED_CONTENT", FINISH_FILTER},
    {"SPII", FINISH_FILTER},
    {"IMAGE_SAFETY", FINISH_FILTER},
    {"IMAGE_PROHIBITED_CONTENT", FINISH_FILTER},
    {"IMAGE_RECITATION", FINISH_FILTER},
    {"CONTINUATION", FINISH_PAUSE},
};

/* The model failed, not the conversation: another try may do better. */
static const char *const failures[] = {"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL",
                                       "TOO_MANY_TOOL_CALLS", "MALFORMED_RESPONSE",
                                       "MISSING_THOUGHT_SIGNATURE"};

static int fail(struct decoding *d, const char *reason)
{
    if (d->why) {
        d->why->upstream = true;
        d->why->http = 502;
        d->why->retry_ms = 0;
        FAULT_COPY(d->why->reason, slice_text(reason));
    }
    return fault_set(d->why, AIGNE_E_UPSTREAM, "The model's answer was malformed (%s).",
                     reason);
}

/* A client that reads the answer as it is, is told by it that the model failed. */
static int note_finish(struct decoding *d, struct json reason, bool watching)
{
    struct gemini_state *s = d->state;
    if (reason.kind != JSON_STRING || json_string_is(reason, "FINISH_REASON_UNSPECIFIED"))
        return AIGNE_OK;
    for (size_t i = 0; !watching && i < sizeof(failures) / sizeof(failures[0]); i++) {
        if (json_string_is(reason, failures[i]))
            return fail(d, failures[i]);
    }
    s->ended = d->ended = true;
    s->finish = FINISH_UNKNOWN;
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (json_string_is(reason, reasons[i].name))
            s->finish = reasons[i].finish;
    }
    return AIGNE_OK;
}

static struct json first_candidate(struct json candidates)
{
    struct json_walk w = json_walk(candidates);
    while (json_next(&w)) {
        int64_t index = 0;
        if (!json_int64(json_get(w.value, "index"), &index) || index == 0)
            return w.value;
    }
    return (struct json){0};
}

enum member { ERROR, ID, VERSION, CANDIDATES, USAGE, FEEDBACK, MEMBERS };
static const char *const members[MEMBERS] = {"error",      "responseId",    "modelVersion",
                                             "candidates", "usageMetadata", "promptFeedback"};

static int push_start(struct decoding *d, const struct json *v)
{
    struct gemini_state *s = d->state;
    if (s->started)
        return AIGNE_OK;
    s->started = true;
    s->choices = choices_new(d, sizeof *s);
    return answer_start(d, json_string(v[ID], d->scratch), json_string(v[VERSION], d->scratch));
}

static int push_candidate(struct decoding *d, struct json candidate)
{
    struct json_walk parts = json_walk(json_path(candidate, "content.parts"));
    int rc = AIGNE_OK;
    while (rc >= 0 && json_next(&parts))
        rc = push_part(d, parts.value);
    if (rc >= 0)
        rc = gemini_push_logprobs(d, json_get(candidate, "logprobsResult"));
    return rc < 0 ? rc : gemini_keep_sources(d, candidate);
}

static int push_candidates(struct decoding *d, struct choices *c, struct json candidates)
{
    struct json_walk w = json_walk(candidates);
    int rc = AIGNE_OK;
    for (int64_t i = 0; rc >= 0 && json_next(&w); i++) {
        int64_t index = i;
        (void)json_int64(json_get(w.value, "index"), &index);
        rc = choices_enter(c, d, index);
        if (rc == AIGNE_AGAIN)
            continue;
        if (rc < 0)
            return rc;
        rc = push_candidate(d, w.value);
        if (rc >= 0)
            rc = note_finish(d, json_get(w.value, "finishReason"), false);
        choices_leave(c, d);
    }
    return rc < 0 ? rc : AIGNE_OK;
}

const char *const gemini_texts[] = {"text", "args", NULL};

static int push_object(struct decoding *d, struct json object, bool watching)
{
    struct gemini_state *s = d->state;
    struct json v[MEMBERS];
    json_pick(object, members, MEMBERS, v);
    if (complaint_present(v[ERROR]))
        return complaint_in_answer(d, object);
    int rc = push_start(d, v);
    struct json candidate = first_candidate(v[CANDIDATES]);
    if (watching)
        d->text_seen = json_texts(v[CANDIDATES].raw, gemini_texts);
    if (rc >= 0 && !watching)
        rc = s->choices ? push_candidates(d, s->choices, v[CANDIDATES])
                        : push_candidate(d, candidate);
    if (rc >= 0)
        rc = push_usage(d, v[USAGE]);
    if (json_get(v[FEEDBACK], "blockReason").kind == JSON_STRING) {
        s->ended = d->ended = true;
        s->finish = FINISH_FILTER;
    }
    return rc < 0 || s->choices ? rc
                                : note_finish(d, json_get(candidate, "finishReason"), watching);
}

int gemini_decode(struct decoding *d, const struct sse_event *frame)
{
    struct slice data = slice_trim(frame->data);
    if (!data.n)
        return AIGNE_OK;
    int rc = answer_check(d, data, JSON_OBJECT);
    return rc < 0 ? rc : answer_settled(d, push_object(d, json_of(data), false));
}

/* The end of the answer is held back until its record is written, so it is told at once. */
int gemini_watch(struct decoding *d, const struct sse_event *frame,
                 enum chat_choice usage_wanted, struct slice *shown)
{
    const struct gemini_state *s = d->state;
    struct slice data = slice_trim(frame->data);
    (void)usage_wanted; /* it is part of the stream here */
    (void)shown;
    if (!data.n)
        return AIGNE_OK;
    int rc = answer_check(d, data, JSON_OBJECT);
    if (rc >= 0)
        rc = push_object(d, json_of(data), true);
    if (rc >= 0 && s->ended)
        rc = gemini_finish(d);
    return answer_settled(d, rc);
}

/* The reason may stand in more than one chunk, so the end is told when nothing more comes. */
int gemini_finish(struct decoding *d)
{
    struct gemini_state *s = d->state;
    bool several = s->choices && choices_begun(s->choices);
    if (!s->ended && !several)
        return answer_cut(d);
    if (s->finished)
        return AIGNE_OK;
    s->finished = true;
    if (several)
        return choices_end(s->choices, d, gemini_finish);
    int rc = gemini_push_sources(d);
    if (rc < 0)
        return rc;
    bool called = s->finish == FINISH_STOP && s->call_count > 0;
    return answer_finish(d, called ? FINISH_TOOLS : s->finish);
}

/* Without alt=sse a stream is one array of what would be the chunks. */
int gemini_decode_whole(struct decoding *d, struct slice body, bool watching)
{
    struct slice text = slice_trim(body);
    bool list = slice_starts(text, "[");
    int rc = answer_check(d, text, list ? JSON_ARRAY : JSON_OBJECT);
    if (rc < 0)
        return rc;
    if (!list)
        rc = push_object(d, json_of(text), watching);
    struct json_walk w = json_walk(json_of(text));
    while (list && rc >= 0 && json_next(&w))
        rc = push_object(d, w.value, watching);
    if (rc >= 0)
        rc = gemini_finish(d);
    return answer_settled(d, rc);
}
