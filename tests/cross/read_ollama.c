/* Knows what Ollama's /api/chat means in AIGNE's words; refuses to know who wrote it. */
#include "readers.h"
#include "text/json_write.h"

static void copy(struct json_writer *w, const char *name, struct json value)
{
    if (json_present(value))
        json_member_raw(w, name, value.raw);
}

static void put_parts(struct json_writer *w, struct json message)
{
    struct json_walk images = json_walk(json_get(message, "images"));
    struct json content = json_get(message, "content");
    struct json thinking = json_get(message, "thinking");
    if (json_get(message, "images").kind == JSON_NONE && !json_present(thinking)) {
        copy(w, "content", content);
        return;
    }
    json_key(w, "content");
    json_open_array(w);
    if (json_present(thinking)) {
        json_open_object(w);
        json_member_text(w, "type", "text");
        json_member_raw(w, "text", thinking.raw);
        json_member_bool(w, "isThinking", true);
        json_close_object(w);
    }
    if (json_present(content) && !json_string_is(content, "")) {
        json_open_object(w);
        json_member_text(w, "type", "text");
        json_member_raw(w, "text", content.raw);
        json_close_object(w);
    }
    while (json_next(&images)) {
        json_open_object(w);
        json_member_text(w, "type", "file");
        json_member_raw(w, "data", images.value.raw);
        json_close_object(w);
    }
    json_close_array(w);
}

static void put_calls(struct json_writer *w, struct json calls)
{
    struct json_walk walk = json_walk(calls);
    if (!json_present(calls))
        return;
    json_key(w, "toolCalls");
    json_open_array(w);
    while (json_next(&walk)) {
        json_open_object(w);
        copy(w, "id", json_get(walk.value, "id"));
        json_member_text(w, "type", "function");
        json_key(w, "function");
        json_open_object(w);
        copy(w, "name", json_path(walk.value, "function.name"));
        copy(w, "arguments", json_path(walk.value, "function.arguments"));
        json_close_object(w);
        json_close_object(w);
    }
    json_close_array(w);
}

static void put_message(struct json_writer *w, struct json message)
{
    bool agent = json_string_is(json_get(message, "role"), "assistant");
    json_open_object(w);
    if (agent)
        json_member_text(w, "role", "agent");
    else
        copy(w, "role", json_get(message, "role"));
    put_parts(w, message);
    put_calls(w, json_get(message, "tool_calls"));
    copy(w, "toolCallId", json_get(message, "tool_call_id"));
    copy(w, "name", json_get(message, "tool_name"));
    json_close_object(w);
}

static void put_options(struct json_writer *w, struct json body)
{
    static const char *const names[][2] = {{"temperature", "temperature"},
                                           {"top_p", "topP"},
                                           {"top_k", "topK"},
                                           {"seed", "seed"},
                                           {"num_predict", "maxTokens"},
                                           {"presence_penalty", "presencePenalty"},
                                           {"frequency_penalty", "frequencyPenalty"},
                                           {"stop", "stop"}};
    struct json options = json_get(body, "options");
    struct json think = json_get(body, "think");
    json_key(w, "modelOptions");
    json_open_object(w);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        copy(w, names[i][1], json_get(options, names[i][0]));
    if (think.kind == JSON_STRING)
        copy(w, "reasoningEffort", think);
    else if (think.kind == JSON_FALSE)
        json_member_text(w, "reasoningEffort", "none");
    copy(w, "logprobs", json_get(body, "logprobs"));
    copy(w, "topLogprobs", json_get(body, "top_logprobs"));
    json_close_object(w);
}

static void put_format(struct json_writer *w, struct json format)
{
    if (!json_present(format))
        return;
    json_key(w, "responseFormat");
    json_open_object(w);
    json_member_text(w, "type", format.kind == JSON_STRING ? "json_object" : "json_schema");
    if (format.kind == JSON_OBJECT) {
        json_key(w, "jsonSchema");
        json_open_object(w);
        json_member_raw(w, "schema", format.raw);
        json_close_object(w);
    }
    json_close_object(w);
}

void read_ollama(struct json body, struct buf *input)
{
    struct json_writer w = json_writer(input);
    struct json_walk walk = json_walk(json_get(body, "messages"));
    json_open_object(&w);
    json_key(&w, "messages");
    json_open_array(&w);
    while (json_next(&walk))
        put_message(&w, walk.value);
    json_close_array(&w);
    copy(&w, "tools", json_get(body, "tools"));
    put_format(&w, json_get(body, "format"));
    put_options(&w, body);
    json_close_object(&w);
}
