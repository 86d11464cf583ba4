/* Knows how the echo provider is told what to do; refuses to know how it is done. */
#include "chat/reading.h"
#include "provider/echo.h"
#include "provider/wire.h"
#include <aignehub/aignehub.h>

/* ---- by the model's name ---- */

static int64_t capped(int64_t wait_ms)
{
    return wait_ms < ECHO_WAIT_LONGEST ? wait_ms : ECHO_WAIT_LONGEST;
}

static void obey_word(struct echo_script *s, struct slice word, int64_t number)
{
    if (slice_is(word, "fail") && number >= 400 && number < 600)
        s->status = number;
    else if (slice_is(word, "delay"))
        s->delay_ms = capped(number);
    else if (slice_is(word, "pace"))
        s->pace_ms = capped(number);
    else if (slice_is(word, "break"))
        s->fail_after = number;
    else if (slice_is(word, "cut"))
        s->cut_after = number;
}

struct slice echo_model_name(const struct chat_request *r)
{
    size_t i = r->model.n;
    while (i && r->model.p[i - 1] != '/')
        i--;
    return i < r->model.n ? slice_from(r->model, i) : SLICE("echo");
}

static void read_name(struct echo_script *s, struct slice name)
{
    struct slice rest = name;
    struct slice word = SLICE_NONE;
    while (rest.n) {
        struct slice previous = word;
        int64_t number = 0;
        size_t dash = slice_find_byte(rest, '-');
        word = slice_of(rest.p, dash);
        rest = slice_from(rest, dash + 1);
        if (previous.n && slice_int64(word, &number) && number >= 0)
            obey_word(s, previous, number);
    }
}

/* ---- by the member ---- */

static int read_count(struct reading *r, const char *member, struct json v, int64_t *out)
{
    int64_t count = 0;
    if (!json_present(v))
        return AIGNE_OK;
    if (!json_int64(v, &count) || count < 0 || count > USAGE_LARGEST)
        return reading_refuse(r, member, "must be a whole number, 0 or more");
    *out = count;
    return AIGNE_OK;
}

static int read_wait(struct reading *r, const char *member, struct json v, int64_t *out)
{
    int rc = read_count(r, member, v, out);
    *out = capped(*out);
    return rc;
}

static int read_status(struct reading *r, const char *member, struct json v, int64_t *out)
{
    int rc = read_count(r, member, v, out);
    if (!rc && json_present(v) && (*out < 400 || *out > 599))
        return reading_refuse(r, member, "must be an HTTP status from 400 to 599");
    return rc;
}

static const struct {
    const char *name;
    int (*read)(struct reading *r, const char *member, struct json v, int64_t *out);
    size_t offset;
} numbers[] = {
    {"delayMs", read_wait, offsetof(struct echo_script, delay_ms)},
    {"paceMs", read_wait, offsetof(struct echo_script, pace_ms)},
    {"status", read_status, offsetof(struct echo_script, status)},
    {"retryAfterMs", read_count, offsetof(struct echo_script, retry_ms)},
    {"failAfter", read_count, offsetof(struct echo_script, fail_after)},
    {"cutAfter", read_count, offsetof(struct echo_script, cut_after)},
};

static const struct {
    const char *name;
    size_t offset;
} texts[] = {
    {"message", offsetof(struct echo_script, message)},
    {"text", offsetof(struct echo_script, text)},
    {"thoughts", offsetof(struct echo_script, thoughts)},
};

static int read_chunks(struct reading *r, struct json v, struct echo_script *s)
{
    struct json_walk w = json_walk(v);
    if (v.kind == JSON_NUMBER)
        return read_count(r, "chunks", v, &s->chunk_count);
    if (v.kind != JSON_ARRAY)
        return reading_kind(r, "chunks", "a number or an array of strings", v);
    while (json_next(&w)) {
        if (w.value.kind != JSON_STRING)
            return reading_kind(r, "chunks", "an array of strings", w.value);
    }
    s->chunks = v;
    return AIGNE_OK;
}

static int read_tool_calls(struct reading *r, struct json v, struct echo_script *s)
{
    struct json_walk w = json_walk(v);
    if (v.kind != JSON_ARRAY)
        return reading_kind(r, "toolCalls", "an array", v);
    while (json_next(&w)) {
        if (json_get(w.value, "name").kind != JSON_STRING)
            return reading_refuse(r, "toolCalls", "holds a call without a \"name\"");
    }
    s->tool_calls = v;
    return AIGNE_OK;
}

static int read_finish(struct reading *r, struct json v, struct echo_script *s)
{
    static const struct {
        const char *name;
        enum finish finish;
    } names[] = {{"stop", FINISH_STOP},
                 {"length", FINISH_LENGTH},
                 {"tool_calls", FINISH_TOOLS},
                 {"content_filter", FINISH_FILTER},
                 {"refusal", FINISH_REFUSAL}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (json_string_is(v, names[i].name)) {
            s->finish = names[i].finish;
            return AIGNE_OK;
        }
    }
    return reading_refuse(r, "finish",
                          "must be stop, length, tool_calls, content_filter or refusal");
}

static int read_usage(struct reading *r, struct json v, struct echo_script *s)
{
    if (v.kind != JSON_OBJECT)
        return reading_kind(r, "usage", "an object", v);
    int rc = read_count(r, "usage.inputTokens", json_get(v, "inputTokens"), &s->usage.input);
    if (!rc)
        rc = read_count(r, "usage.outputTokens", json_get(v, "outputTokens"), &s->usage.output);
    if (!rc)
        rc = read_count(r, "usage.reasoningTokens", json_get(v, "reasoningTokens"),
                        &s->usage.reasoning);
    if (!rc)
        rc = read_count(r, "usage.cacheReadInputTokens", json_get(v, "cacheReadInputTokens"),
                        &s->usage.cache_read);
    if (!rc)
        rc = read_count(r, "usage.cacheCreationInputTokens",
                        json_get(v, "cacheCreationInputTokens"), &s->usage.cache_write_5m);
    return rc;
}

static const struct {
    const char *name;
    int (*read)(struct reading *r, struct json v, struct echo_script *s);
} others[] = {{"chunks", read_chunks},
              {"toolCalls", read_tool_calls},
              {"finish", read_finish},
              {"usage", read_usage}};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static int read_member(struct reading *r, const struct json_walk *w, struct echo_script *s)
{
    for (size_t i = 0; i < COUNT(numbers); i++) {
        if (json_key_is(w, numbers[i].name))
            return numbers[i].read(r, numbers[i].name, w->value,
                                   (int64_t *)(void *)((char *)s + numbers[i].offset));
    }
    for (size_t i = 0; i < COUNT(texts); i++) {
        if (json_key_is(w, texts[i].name))
            return read_string(r, texts[i].name, w->value,
                               (struct slice *)(void *)((char *)s + texts[i].offset));
    }
    for (size_t i = 0; i < COUNT(others); i++) {
        if (json_key_is(w, others[i].name))
            return json_present(w->value) ? others[i].read(r, w->value, s) : AIGNE_OK;
    }
    return reading_refuse(r, "", "has a member it does not know: see the echo provider's page");
}

int echo_script_read(const struct chat_request *r, struct arena *a, struct echo_script *out,
                     struct fault *why)
{
    struct reading reading = {.arena = a, .why = why};
    *out = (struct echo_script){.retry_ms = -1, .fail_after = -1, .cut_after = -1};
    usage_init(&out->usage);
    read_name(out, echo_model_name(r));
    const struct chat_extra *extra = wire_extra(r, "echo");
    if (!extra)
        return AIGNE_OK;
    reading_at(&reading, "echo", READING_ALL);
    struct json script = json_of(extra->value);
    if (script.kind != JSON_OBJECT)
        return reading_kind(&reading, "", "an object", script);
    struct json_walk w = json_walk(script);
    while (json_next(&w)) {
        int rc = read_member(&reading, &w, out);
        if (rc)
            return rc;
    }
    return AIGNE_OK;
}
