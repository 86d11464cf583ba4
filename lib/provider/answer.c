/* Knows how events are pushed and counts are trusted; refuses to know any one provider's format. */
#include "provider/answer.h"
#include "provider/wire.h"
#include "text/json_write.h"
#include <aignehub/aignehub.h>

/* Still absurd after what is inside it was taken away. */
#define COUNT_ABSURD (INT64_MAX / 4)

int answer_start(struct decoding *d, struct slice id, struct slice model)
{
    struct event e = {.kind = EVENT_START, .id = id, .text = model};
    return event_push(d->sink, &e);
}

int answer_piece(struct decoding *d, enum event_kind kind, struct slice text)
{
    struct event e = {.kind = kind, .text = text};
    return text.n ? event_push(d->sink, &e) : AIGNE_OK;
}

int answer_tool_begin(struct decoding *d, int index, struct slice id, struct slice name,
                      struct slice metadata)
{
    struct event e = {
        .kind = EVENT_TOOL_BEGIN, .index = index, .id = id, .name = name, .metadata = metadata};
    return event_push(d->sink, &e);
}

int answer_tool_arguments(struct decoding *d, int index, struct slice text)
{
    struct event e = {.kind = EVENT_TOOL_ARGUMENTS, .index = index, .text = text};
    return text.n ? event_push(d->sink, &e) : AIGNE_OK;
}

int answer_tool_end(struct decoding *d, int index)
{
    struct event e = {.kind = EVENT_TOOL_END, .index = index};
    return event_push(d->sink, &e);
}

int answer_file(struct decoding *d, struct slice mime, struct slice content, bool is_url)
{
    struct event e = {.kind = EVENT_FILE,
                      .mime = mime,
                      .text = content,
                      .is_url = is_url,
                      .metadata = d->revised};
    return content.n ? event_push(d->sink, &e) : AIGNE_OK;
}

int answer_usage(struct decoding *d, const struct usage *u)
{
    struct event e = {.kind = EVENT_USAGE, .usage = *u};
    d->usage_refused = d->usage_refused || !usage_sane(u);
    return usage_sane(u) && usage_reported(u) ? event_push(d->sink, &e) : AIGNE_OK;
}

int answer_finish(struct decoding *d, enum finish finish)
{
    struct event e = {.kind = EVENT_FINISH, .finish = finish};
    return event_push(d->sink, &e);
}

static int judge(struct decoding *d, struct slice text, enum json_kind kind, int rc,
                 const struct json_problem *problem)
{
    if (rc < 0)
        return fault_set(d->why, AIGNE_E_PROTOCOL,
                         "The provider sent broken JSON: at byte %zu, %s was expected.",
                         problem->offset, problem->what);
    if (json_of(text).kind != kind)
        return fault_set(d->why, AIGNE_E_PROTOCOL, "The provider sent something other than %s.",
                         json_kind_name(kind));
    return AIGNE_OK;
}

int answer_check(struct decoding *d, struct slice text, enum json_kind kind)
{
    struct json_problem problem = {0, "a value"};
    return judge(d, text, kind, json_check(text, &problem), &problem);
}

int answer_check_pick(struct decoding *d, struct slice text, const char *const *names,
                      size_t count, struct json *values)
{
    struct json_problem problem = {0, "a value"};
    int rc = json_check_pick(text, names, count, values, NULL, &problem);
    return judge(d, text, JSON_OBJECT, rc, &problem);
}

int answer_unstreamed(struct decoding *d, const struct sse_event *frame)
{
    (void)frame;
    return fault_set(d->why, AIGNE_E_PROTOCOL,
                     "The provider streamed what it should send whole.");
}

int answer_token_count(struct decoding *d, struct json count, bool watching)
{
    int64_t tokens = answer_count(count);
    if (tokens < 0 || tokens > USAGE_LARGEST)
        return fault_set(d->why, AIGNE_E_PROTOCOL, "The provider's answer has no count.");
    struct event e = {.kind = EVENT_EXTRA, .name = SLICE(EVENT_TOKEN_COUNT), .text = count.raw};
    int rc = answer_start(d, SLICE_NONE, SLICE_NONE);
    if (rc >= 0 && !watching)
        rc = event_push(d->sink, &e);
    return answer_settled(d, rc < 0 ? rc : answer_finish(d, FINISH_STOP));
}

int answer_cut(struct decoding *d)
{
    return fault_set(d->why, AIGNE_E_PROTOCOL, "The provider's answer stopped before its end.");
}

int answer_settled(struct decoding *d, int rc)
{
    bool failed = d->scratch->failed || d->keep->failed;
    return rc >= 0 && failed ? fault_nomem(d->why) : rc;
}

int64_t answer_service(struct json v)
{
    return v.kind == JSON_STRING ? usage_service_of(slice_of(v.raw.p + 1, v.raw.n - 2)) : -1;
}

int64_t answer_count(struct json v)
{
    int64_t count = -1;
    if (v.kind != JSON_NUMBER)
        return -1;
    if (!json_int64(v, &count))
        return v.raw.n > 18 ? COUNT_ABSURD : -1;
    return count < 0 || count > USAGE_LARGEST ? COUNT_ABSURD : count;
}

int64_t answer_less(int64_t count, int64_t inside)
{
    if (count < 0 || inside <= 0)
        return count;
    return count > inside ? count - inside : 0;
}

size_t answer_text_like(struct slice sample, size_t text, struct slice data)
{
    size_t there = text + data.n;
    return there > sample.n ? there - sample.n : 0;
}

bool answer_by_json_tool(const struct chat_request *r, struct slice tool_name)
{
    if (!r || (r->format != CHAT_FORMAT_JSON && r->format != CHAT_FORMAT_SCHEMA) ||
        !slice_is(tool_name, WIRE_JSON_TOOL))
        return false;
    for (size_t i = 0; i < r->tool_count; i++) {
        if (slice_is(r->tools[i].name, WIRE_JSON_TOOL))
            return false;
    }
    return true;
}

void answer_model(struct json_writer *w, struct slice model, const char *type)
{
    json_open_object(w);
    json_member_string(w, "model", model);
    json_member_text(w, "type", type);
    json_close_object(w);
}

const char *answer_model_type(struct slice model)
{
    static const struct {
        struct slice word;
        const char *type;
    } words[] = {
        {{"embed", 5}, "embedding"},
        {{"dall-e", 6}, "image"},
        {{"imagen", 6}, "image"},
        {{"-image", 6}, "image"},
        {{"seedream", 8}, "image"},
        {{"sora", 4}, "video"},
        {{"veo-", 4}, "video"},
        {{"seedance", 8}, "video"},
        {{"-video", 6}, "video"},
        {{"whisper", 7}, "transcription"},
        {{"transcribe", 10}, "transcription"},
        {{"tts", 3}, "speech"},
        {{"moderation", 10}, "moderation"},
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (slice_find(model, words[i].word) < model.n)
            return words[i].type;
    }
    return "chat";
}
