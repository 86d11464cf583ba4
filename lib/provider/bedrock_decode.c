/* Knows how Bedrock's answers become events; refuses to know how they were asked for. */
#include "base/buf.h"
#include "base/mem.h"
#include "provider/answer.h"
#include "provider/bedrock.h"
#include "text/json_write.h"
#include <aignehub/aignehub.h>

#define CITATION_LARGEST ((size_t)4 * 1024 * 1024)

static struct slice text_of(struct decoding *d, struct json object, const char *name)
{
    return json_string(json_get(object, name), d->scratch);
}

static int push_start(struct decoding *d)
{
    struct bedrock_state *s = d->state;
    if (s->started)
        return AIGNE_OK;
    s->started = true;
    return answer_start(d, SLICE_NONE, SLICE_NONE);
}

/* ---- usage and the end ---- */

/* inputTokens is without the caches; the writes are told apart where the answer does. */
static int push_usage(struct decoding *d, struct json usage)
{
    enum { INPUT, OUTPUT, READ, WRITTEN, DETAILS, MEMBERS };
    static const char *const names[] = {"inputTokens", "outputTokens", "cacheReadInputTokens",
                                        "cacheWriteInputTokens", "cacheDetails"};
    struct json v[MEMBERS];
    struct usage u;
    if (usage.kind != JSON_OBJECT)
        return AIGNE_OK;
    json_pick(usage, names, MEMBERS, v);
    usage_init(&u);
    u.input = answer_count(v[INPUT]);
    u.output = answer_count(v[OUTPUT]);
    u.cache_read = answer_count(v[READ]);
    struct json_walk w = json_walk(v[DETAILS]);
    while (v[DETAILS].kind == JSON_ARRAY && json_next(&w)) {
        if (json_string_is(json_get(w.value, "ttl"), "1h"))
            u.cache_write_1h = answer_count(json_get(w.value, "inputTokens"));
    }
    u.cache_write_5m = answer_less(answer_count(v[WRITTEN]), u.cache_write_1h);
    return answer_usage(d, &u);
}

static int fail(struct decoding *d, struct json reason)
{
    if (d->why) {
        d->why->upstream = true;
        d->why->http = 502;
        d->why->retry_ms = 0;
        FAULT_COPY(d->why->reason, json_string(reason, d->scratch));
    }
    return fault_set(d->why, AIGNE_E_UPSTREAM, "The model's answer was malformed.");
}

static int note_stop(struct decoding *d, struct json reason)
{
    struct bedrock_state *s = d->state;
    s->stopped = true;
    /* The model failed, not the conversation: another try may do better. */
    if (json_string_is(reason, "malformed_model_output") ||
        json_string_is(reason, "malformed_tool_use"))
        return fail(d, reason);
    s->finish = anthropic_stop_reason(reason, s->finish);
    return AIGNE_OK;
}

static int push_end(struct decoding *d, struct json usage)
{
    struct bedrock_state *s = d->state;
    int rc = blocks_close_all(d, &s->blocks);
    if (rc >= 0)
        rc = push_usage(d, usage);
    if (rc < 0)
        return rc;
    s->ended = true;
    return answer_finish(d, blocks_finish(&s->blocks, s->finish));
}

/* ---- content ---- */

/* What the provider runs itself is no call of the caller's. */
static int begin_call(struct decoding *d, int64_t wire_index, struct json call)
{
    struct bedrock_state *s = d->state;
    if (call.kind != JSON_OBJECT || json_string_is(json_get(call, "type"), "server_tool_use"))
        return AIGNE_OK;
    return blocks_begin(d, &s->blocks, wire_index, &bedrock_names,
                        text_of(d, call, "toolUseId"), text_of(d, call, "name"),
                        json_get(call, "input"));
}

static void put_text(struct json_writer *w, const char *name, struct slice text)
{
    if (text.n)
        json_member_string(w, name, text);
}

/* The passages cited, one after the other. */
static void put_cited_text(struct decoding *d, struct json_writer *w, struct json sources)
{
    struct json_walk walk = json_walk(sources);
    if (sources.kind != JSON_ARRAY || !json_count(sources))
        return;
    json_key(w, "cited_text");
    json_write_raw(w, SLICE("\""));
    while (json_next(&walk))
        json_escape(w->out, text_of(d, walk.value, "text"));
    buf_put_byte(w->out, '"');
}

static int push_citation(struct decoding *d, struct json citation)
{
    struct buf json AUTO(buf_free);
    buf_init(&json, CITATION_LARGEST);
    struct json_writer w = json_writer(&json);
    json_open_object(&w);
    put_text(&w, "url", json_string(json_path(citation, "location.web.url"), d->scratch));
    put_text(&w, "title", text_of(d, citation, "title"));
    put_cited_text(d, &w, json_get(citation, "sourceContent"));
    json_member_raw(&w, "bedrock", citation.raw);
    json_close_object(&w);
    if (buf_rc(&json) == AIGNE_E_NOMEM)
        return fault_nomem(d->why);
    struct event e = {.kind = EVENT_CITATION, .metadata = buf_slice(&json)};
    return buf_rc(&json) < 0 ? AIGNE_OK : event_push(d->sink, &e);
}

static int push_reasoning(struct decoding *d, struct json reasoning)
{
    struct json whole = json_get(reasoning, "reasoningText");
    struct json from = whole.kind == JSON_OBJECT ? whole : reasoning;
    int rc = answer_piece(d, EVENT_THOUGHT, text_of(d, from, "text"));
    if (rc >= 0)
        rc = answer_piece(d, EVENT_SIGNATURE, text_of(d, from, "signature"));
    return rc < 0 ? rc
                  : answer_piece(d, EVENT_REDACTED, text_of(d, reasoning, "redactedContent"));
}

static int on_delta(struct decoding *d, struct json event)
{
    enum { TEXT, TOOL, REASONING, CITATION, MEMBERS };
    static const char *const names[] = {"text", "toolUse", "reasoningContent", "citation"};
    struct bedrock_state *s = d->state;
    struct json v[MEMBERS];
    int64_t index = -1;
    json_pick(json_get(event, "delta"), names, MEMBERS, v);
    int rc = answer_piece(d, EVENT_TEXT, json_string(v[TEXT], d->scratch));
    if (rc >= 0 && v[TOOL].kind == JSON_OBJECT) {
        (void)json_int64(json_get(event, "contentBlockIndex"), &index);
        struct block *b = blocks_find(&s->blocks, index);
        rc = b ? blocks_input(d, b, text_of(d, v[TOOL], "input")) : AIGNE_OK;
    }
    if (rc >= 0 && v[REASONING].kind == JSON_OBJECT)
        rc = push_reasoning(d, v[REASONING]);
    return rc < 0 || v[CITATION].kind != JSON_OBJECT ? rc : push_citation(d, v[CITATION]);
}

static int on_block_start(struct decoding *d, struct json event)
{
    int64_t index = -1;
    (void)json_int64(json_get(event, "contentBlockIndex"), &index);
    return begin_call(d, index, json_path(event, "start.toolUse"));
}

static int on_block_stop(struct decoding *d, struct json event)
{
    struct bedrock_state *s = d->state;
    int64_t index = -1;
    (void)json_int64(json_get(event, "contentBlockIndex"), &index);
    struct block *b = blocks_find(&s->blocks, index);
    return b ? blocks_close(d, b) : AIGNE_OK;
}

static int on_message_start(struct decoding *d, struct json event)
{
    (void)event;
    return push_start(d);
}

static int on_message_stop(struct decoding *d, struct json event)
{
    return note_stop(d, json_get(event, "stopReason"));
}

/* Comes last, behind messageStop. */
static int on_metadata(struct decoding *d, struct json event)
{
    const struct bedrock_state *s = d->state;
    struct json usage = json_get(event, "usage");
    return s->stopped ? push_end(d, usage) : push_usage(d, usage);
}

int bedrock_decode(struct decoding *d, const struct sse_event *frame)
{
    static const struct {
        const char *name;
        int (*on)(struct decoding *d, struct json event);
    } handlers[] = {
        {"contentBlockDelta", on_delta},     {"contentBlockStart", on_block_start},
        {"contentBlockStop", on_block_stop}, {"messageStart", on_message_start},
        {"messageStop", on_message_stop},    {"metadata", on_metadata},
    };
    const struct bedrock_state *s = d->state;
    if (s->ended) /* nothing counts behind it */
        return AIGNE_OK;
    if (frame->failed)
        return bedrock_exception(d, frame);
    for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
        if (!slice_is(frame->name, handlers[i].name))
            continue;
        int rc = answer_check(d, frame->data, JSON_OBJECT);
        if (rc >= 0)
            rc = push_start(d);
        return answer_settled(d, rc < 0 ? rc : handlers[i].on(d, json_of(frame->data)));
    }
    return AIGNE_OK;
}

int bedrock_finish(struct decoding *d)
{
    const struct bedrock_state *s = d->state;
    return s->ended ? AIGNE_OK : answer_cut(d);
}

/* ---- a whole answer ---- */

static int push_image(struct decoding *d, struct json image)
{
    struct slice format = text_of(d, image, "format");
    const struct slice parts[] = {SLICE("image/"), format};
    struct slice bytes = json_string(json_path(image, "source.bytes"), d->scratch);
    if (!bytes.n || !format.n)
        return AIGNE_OK;
    struct slice mime = arena_join(d->scratch, parts, 2);
    return mime.p ? answer_file(d, mime, bytes, false) : fault_nomem(d->why);
}

/* Text with what it is taken from. */
static int push_cited(struct decoding *d, struct json cited)
{
    struct json content = json_get(cited, "content");
    struct json citations = json_get(cited, "citations");
    int rc = AIGNE_OK;
    struct json_walk w = json_walk(content);
    while (content.kind == JSON_ARRAY && rc >= 0 && json_next(&w))
        rc = answer_piece(d, EVENT_TEXT, text_of(d, w.value, "text"));
    w = json_walk(citations);
    while (citations.kind == JSON_ARRAY && rc >= 0 && json_next(&w)) {
        if (w.value.kind == JSON_OBJECT)
            rc = push_citation(d, w.value);
    }
    return rc;
}

static int push_block(struct decoding *d, int64_t index, struct json block)
{
    enum { TEXT, TOOL, REASONING, CITED, IMAGE, MEMBERS };
    static const char *const names[] = {"text", "toolUse", "reasoningContent",
                                        "citationsContent", "image"};
    struct bedrock_state *s = d->state;
    struct json v[MEMBERS];
    if (block.kind != JSON_OBJECT)
        return AIGNE_OK;
    json_pick(block, names, MEMBERS, v);
    int rc = answer_piece(d, EVENT_TEXT, json_string(v[TEXT], d->scratch));
    if (rc >= 0)
        rc = begin_call(d, index, v[TOOL]);
    struct block *b = rc < 0 ? NULL : blocks_find(&s->blocks, index);
    if (b)
        rc = blocks_close(d, b);
    if (rc >= 0 && v[REASONING].kind == JSON_OBJECT)
        rc = push_reasoning(d, v[REASONING]);
    if (rc >= 0 && v[CITED].kind == JSON_OBJECT)
        rc = push_cited(d, v[CITED]);
    return rc < 0 || v[IMAGE].kind != JSON_OBJECT ? rc : push_image(d, v[IMAGE]);
}

int bedrock_decode_whole(struct decoding *d, struct slice body, bool watching)
{
    struct slice text = slice_trim(body);
    int rc = answer_check(d, text, JSON_OBJECT);
    if (rc < 0)
        return rc;
    struct json answer = json_of(text);
    struct json content = json_path(answer, "output.message.content");
    if (content.kind != JSON_ARRAY)
        return fault_set(d->why, AIGNE_E_PROTOCOL, "The provider's answer has no content.");
    rc = push_start(d);
    struct json_walk w = json_walk(content);
    for (int64_t i = 0; rc >= 0 && !watching && json_next(&w); i++)
        rc = push_block(d, i, w.value);
    if (rc >= 0)
        rc = note_stop(d, json_get(answer, "stopReason"));
    if (rc >= 0)
        rc = push_end(d, json_get(answer, "usage"));
    return answer_settled(d, rc);
}
