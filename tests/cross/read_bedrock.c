/* Knows what Bedrock's Converse means in AIGNE's words; refuses to know who wrote it. */
#include "base/mem.h"
#include "readers.h"
#include "text/json_write.h"
#include <aignehub/aignehub.h>
#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants the headers above */
#include <cmocka.h>

static void copy(struct json_writer *w, const char *name, struct json value)
{
    if (json_present(value))
        json_member_raw(w, name, value.raw);
}

/* ---- parts ---- */

static void put_text(struct json_writer *w, struct json text)
{
    json_open_object(w);
    json_member_text(w, "type", "text");
    json_member_raw(w, "text", text.raw);
    json_close_object(w);
}

static void put_thinking(struct json_writer *w, struct json reasoning)
{
    struct json sealed = json_get(reasoning, "redactedContent");
    json_open_object(w);
    json_member_text(w, "type", "text");
    json_member_bool(w, "isThinking", true);
    if (json_present(sealed)) {
        json_member_text(w, "text", "");
        json_member_raw(w, "redacted", sealed.raw);
    } else {
        copy(w, "text", json_path(reasoning, "reasoningText.text"));
        copy(w, "signature", json_path(reasoning, "reasoningText.signature"));
    }
    json_close_object(w);
}

static void put_file(struct json_writer *w, const char *kind, struct json file)
{
    struct json format = json_get(file, "format");
    bool pdf = json_string_is(format, "pdf");
    struct buf mime AUTO(buf_free);
    buf_init(&mime, 256);
    buf_printf(&mime, "%s/", pdf ? "application" : kind);
    json_string_into(format, &mime);
    json_open_object(w);
    json_member_text(w, "type", "file");
    copy(w, "data", json_path(file, "source.bytes"));
    json_member_string(w, "mimeType", buf_slice(&mime));
    copy(w, "filename", json_get(file, "name"));
    json_close_object(w);
}

/* False: the block is no part of a message's content. */
static bool put_part(struct json_writer *w, struct json block)
{
    static const char *const files[] = {"image", "document", "audio", "video"};
    if (json_get(block, "text").kind == JSON_STRING) {
        put_text(w, json_get(block, "text"));
        return true;
    }
    if (json_present(json_get(block, "reasoningContent"))) {
        put_thinking(w, json_get(block, "reasoningContent"));
        return true;
    }
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (json_present(json_get(block, files[i]))) {
            put_file(w, files[i], json_get(block, files[i]));
            return true;
        }
    return false;
}

static void put_parts(struct json_writer *w, struct json content)
{
    struct json_walk walk = json_walk(content);
    json_key(w, "content");
    json_open_array(w);
    while (json_next(&walk)) {
        struct json json = json_get(walk.value, "json");
        if (json_present(json)) {
            json_open_object(w);
            json_member_text(w, "type", "text");
            json_member_string(w, "text", json.raw);
            json_close_object(w);
        } else {
            put_part(w, walk.value);
        }
    }
    json_close_array(w);
}

/* ---- messages ---- */

static size_t count_of(struct json content, const char *member)
{
    struct json_walk walk = json_walk(content);
    size_t count = 0;
    while (json_next(&walk))
        count += json_present(json_get(walk.value, member));
    return count;
}

static void put_results(struct json_writer *w, struct json content)
{
    struct json_walk walk = json_walk(content);
    while (json_next(&walk)) {
        struct json result = json_get(walk.value, "toolResult");
        if (!json_present(result))
            continue;
        json_open_object(w);
        json_member_text(w, "role", "tool");
        put_parts(w, json_get(result, "content"));
        copy(w, "toolCallId", json_get(result, "toolUseId"));
        if (json_string_is(json_get(result, "status"), "error"))
            json_member_bool(w, "isError", true);
        json_close_object(w);
    }
}

static void put_calls(struct json_writer *w, struct json content)
{
    struct json_walk walk = json_walk(content);
    if (!count_of(content, "toolUse"))
        return;
    json_key(w, "toolCalls");
    json_open_array(w);
    while (json_next(&walk)) {
        struct json use = json_get(walk.value, "toolUse");
        if (!json_present(use))
            continue;
        json_open_object(w);
        copy(w, "id", json_get(use, "toolUseId"));
        json_member_text(w, "type", "function");
        json_key(w, "function");
        json_open_object(w);
        copy(w, "name", json_get(use, "name"));
        copy(w, "arguments", json_get(use, "input"));
        json_close_object(w);
        json_close_object(w);
    }
    json_close_array(w);
}

static void put_message(struct json_writer *w, const char *role, struct json content)
{
    size_t results = count_of(content, "toolResult");
    put_results(w, content);
    if (results && results == json_count(content))
        return;
    json_open_object(w);
    json_member_text(w, "role", role);
    put_parts(w, content);
    put_calls(w, content);
    if (count_of(content, "cachePoint"))
        json_member_raw(w, "cacheControl", SLICE("{\"type\":\"ephemeral\"}"));
    json_close_object(w);
}

/* ---- the rest ---- */

static void put_tools(struct json_writer *w, struct json config)
{
    struct json_walk walk = json_walk(json_get(config, "tools"));
    struct json choice = json_get(config, "toolChoice");
    json_key(w, "tools");
    json_open_array(w);
    while (json_next(&walk)) {
        struct json spec = json_get(walk.value, "toolSpec");
        if (!json_present(spec))
            continue;
        json_open_object(w);
        json_member_text(w, "type", "function");
        json_key(w, "function");
        json_open_object(w);
        copy(w, "name", json_get(spec, "name"));
        copy(w, "description", json_get(spec, "description"));
        copy(w, "parameters", json_path(spec, "inputSchema.json"));
        copy(w, "strict", json_get(spec, "strict"));
        json_close_object(w);
        json_close_object(w);
    }
    json_close_array(w);
    if (json_present(json_get(choice, "auto")))
        json_member_text(w, "toolChoice", "auto");
    else if (json_present(json_get(choice, "any")))
        json_member_text(w, "toolChoice", "required");
    struct json name = json_path(choice, "tool.name");
    if (!json_present(name))
        return;
    json_key(w, "toolChoice");
    json_open_object(w);
    json_member_text(w, "type", "function");
    json_key(w, "function");
    json_open_object(w);
    json_member_raw(w, "name", name.raw);
    json_close_object(w);
    json_close_object(w);
}

static void put_format(struct json_writer *w, struct json schema)
{
    struct arena a AUTO(arena_free);
    arena_init(&a);
    struct slice text = json_string(json_get(schema, "schema"), &a);
    if (!text.p)
        return;
    json_key(w, "responseFormat");
    json_open_object(w);
    json_member_text(w, "type", "json_schema");
    json_key(w, "jsonSchema");
    json_open_object(w);
    copy(w, "name", json_get(schema, "name"));
    copy(w, "description", json_get(schema, "description"));
    json_member_raw(w, "schema", text);
    json_close_object(w);
    json_close_object(w);
}

static void put_options(struct json_writer *w, struct json body)
{
    struct json inference = json_get(body, "inferenceConfig");
    struct json own = json_get(body, "additionalModelRequestFields");
    json_key(w, "modelOptions");
    json_open_object(w);
    copy(w, "temperature", json_get(inference, "temperature"));
    copy(w, "topP", json_get(inference, "topP"));
    copy(w, "topK", json_get(own, "top_k"));
    copy(w, "maxTokens", json_get(inference, "maxTokens"));
    copy(w, "stop", json_get(inference, "stopSequences"));
    struct json effort = json_path(body, "outputConfig.effort");
    copy(w, "reasoningEffort",
         json_present(effort) ? effort : json_path(own, "thinking.budget_tokens"));
    copy(w, "serviceTier", json_path(body, "serviceTier.type"));
    copy(w, "user", json_path(body, "requestMetadata.user"));
    json_close_object(w);
}

void read_bedrock(struct json body, struct buf *input)
{
    struct json_writer w = json_writer(input);
    struct json_walk walk = json_walk(json_get(body, "messages"));
    struct json system = json_get(body, "system");
    json_open_object(&w);
    json_key(&w, "messages");
    json_open_array(&w);
    if (json_present(system))
        put_message(&w, "system", system);
    while (json_next(&walk)) {
        bool user = json_string_is(json_get(walk.value, "role"), "user");
        put_message(&w, user ? "user" : "agent", json_get(walk.value, "content"));
    }
    json_close_array(&w);
    if (json_present(json_get(body, "toolConfig")))
        put_tools(&w, json_get(body, "toolConfig"));
    put_format(&w, json_path(body, "outputConfig.textFormat.structure.jsonSchema"));
    put_options(&w, body);
    json_close_object(&w);
    assert_int_equal(buf_rc(input), AIGNE_OK);
}
