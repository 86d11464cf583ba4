/* input_write.c - knows how a request reads as AIGNE's ChatModelInput; refuses to change what it
 * means. */
#include "chat/input.h"

#include "text/json_write.h"
#include <aignehub/aignehub.h>

static void write_cache(struct json_writer *w, enum chat_cache cache)
{
    if (cache == CHAT_CACHE_NONE)
        return;
    json_member_object(w, "cacheControl");
    json_member_text(w, "type", "ephemeral");
    if (cache == CHAT_CACHE_1H)
        json_member_text(w, "ttl", "1h");
    json_close_object(w);
}

static void member_choice(struct json_writer *w, const char *name, enum chat_choice choice)
{
    if (choice != CHAT_UNSET)
        json_member_bool(w, name, choice == CHAT_YES);
}

/* ---- parts ---- */

static void write_file_part(struct json_writer *w, const struct chat_part *p)
{
    bool is_url = p->kind == CHAT_URL;
    json_member_text(w, "type", is_url ? "url" : "file");
    json_member_string(w, is_url ? "url" : "data", p->text);
    json_member_string_opt(w, "mimeType", p->mime);
    json_member_string_opt(w, "filename", p->filename);
    json_member_string_opt(w, "detail", p->detail);
}

static void write_text_part(struct json_writer *w, const struct chat_part *p)
{
    struct slice text = p->kind == CHAT_REDACTED || !p->text.p ? SLICE("") : p->text;
    json_member_text(w, "type", "text");
    json_member_string(w, "text", text);
    if (p->kind == CHAT_THINKING || p->kind == CHAT_REDACTED)
        json_member_bool(w, "isThinking", true);
    if (p->kind == CHAT_THINKING)
        json_member_string_opt(w, "signature", p->signature);
    if (p->kind == CHAT_REDACTED)
        json_member_string_opt(w, "redacted", p->text);
    json_member_string_opt(w, "origin", p->origin);
    if (p->kind == CHAT_REFUSAL)
        json_member_bool(w, "isRefusal", true);
}

/* The breakpoint of a message's last part is written at the message: every part may carry it there.
 */
static void write_part(struct json_writer *w, const struct chat_part *p, bool last)
{
    json_open_object(w);
    if (p->kind == CHAT_DATA || p->kind == CHAT_URL)
        write_file_part(w, p);
    else
        write_text_part(w, p);
    if (!last)
        write_cache(w, p->cache);
    json_close_object(w);
}

static void write_content(struct json_writer *w, const struct chat_message *m)
{
    size_t count = 0;
    const struct chat_part *only = NULL;
    for (size_t i = 0; i < m->part_count; i++) {
        if (m->parts[i].kind == CHAT_TOOL_CALL)
            continue;
        only = &m->parts[i];
        count++;
    }
    if (!count)
        return;
    json_key(w, "content");
    bool last = only == &m->parts[m->part_count - 1];
    if (count == 1 && only->kind == CHAT_TEXT && (last || only->cache == CHAT_CACHE_NONE)) {
        json_write_string(w, only->text.p ? only->text : SLICE(""));
        return;
    }
    json_open_array(w);
    for (size_t i = 0; i < m->part_count; i++) {
        if (m->parts[i].kind != CHAT_TOOL_CALL)
            write_part(w, &m->parts[i], i + 1 == m->part_count);
    }
    json_close_array(w);
}

/* ---- tool calls ---- */

void chat_write_arguments(struct json_writer *w, struct slice arguments)
{
    struct slice text = slice_trim(arguments);
    json_key(w, "arguments");
    if (!text.n)
        json_write_raw(w, SLICE("{}"));
    else if (text.p[0] == '{' && json_check(text, NULL) == AIGNE_OK)
        json_write_raw(w, text);
    else
        json_write_string(w, arguments);
}

static void write_tool_call(struct json_writer *w, const struct chat_part *p)
{
    json_open_object(w);
    json_member_string(w, "id", p->id);
    json_member_text(w, "type", "function");
    json_member_object(w, "function");
    json_member_string(w, "name", p->name);
    chat_write_arguments(w, p->arguments);
    json_close_object(w);
    if (p->metadata.p) {
        json_member_raw(w, "metadata", p->metadata);
    } else if (p->signature.p) {
        json_member_object(w, "metadata");
        json_member_string(w, "thoughtSignature", p->signature);
        json_close_object(w);
    }
    json_close_object(w);
}

static void write_tool_calls(struct json_writer *w, const struct chat_message *m)
{
    bool any = false;
    for (size_t i = 0; i < m->part_count; i++) {
        if (m->parts[i].kind != CHAT_TOOL_CALL)
            continue;
        if (!any) {
            json_member_array(w, "toolCalls");
        }
        any = true;
        write_tool_call(w, &m->parts[i]);
    }
    if (any)
        json_close_array(w);
}

/* ---- messages and tools ---- */

static void write_message(struct json_writer *w, const struct chat_message *m)
{
    static const char *const roles[] = {[CHAT_SYSTEM] = "system",
                                        [CHAT_USER] = "user",
                                        [CHAT_ASSISTANT] = "agent",
                                        [CHAT_TOOL] = "tool"};
    json_open_object(w);
    json_member_text(w, "role", roles[m->role]);
    write_content(w, m);
    write_tool_calls(w, m);
    json_member_string_opt(w, "toolCallId", m->tool_call_id);
    json_member_string_opt(w, "name", m->name);
    if (m->failed)
        json_member_bool(w, "isError", true);
    if (m->part_count)
        write_cache(w, m->parts[m->part_count - 1].cache);
    json_close_object(w);
}

static void write_tool(struct json_writer *w, const struct chat_tool *t)
{
    json_open_typed(w, "function");
    json_member_object(w, "function");
    json_member_string(w, "name", t->name);
    json_member_string_opt(w, "description", t->description);
    json_member_raw_opt(w, "parameters", t->parameters);
    member_choice(w, "strict", t->strict);
    json_close_object(w);
    json_member_raw_opt(w, "metadata", t->metadata);
    write_cache(w, t->cache);
    json_close_object(w);
}

static void write_tools(struct json_writer *w, const struct chat_request *r)
{
    static const char *const choices[] = {[CHAT_TOOLS_AUTO] = "auto",
                                          [CHAT_TOOLS_NONE] = "none",
                                          [CHAT_TOOLS_REQUIRED] = "required"};
    if (r->tool_count) {
        json_member_array(w, "tools");
        for (size_t i = 0; i < r->tool_count; i++)
            write_tool(w, &r->tools[i]);
        json_close_array(w);
    }
    if (r->tool_choice == CHAT_TOOLS_UNSET)
        return;
    if (r->tool_choice != CHAT_TOOLS_NAMED) {
        json_member_text(w, "toolChoice", choices[r->tool_choice]);
        return;
    }
    json_member_object(w, "toolChoice");
    json_member_text(w, "type", "function");
    json_member_object(w, "function");
    json_member_string(w, "name", r->tool_choice_name);
    json_close_object(w);
    json_close_object(w);
}

/* ---- settings ---- */

static void write_format(struct json_writer *w, const struct chat_request *r)
{
    if (r->format == CHAT_FORMAT_UNSET)
        return;
    json_member_object(w, "responseFormat");
    if (r->format != CHAT_FORMAT_SCHEMA) {
        json_member_text(w, "type", r->format == CHAT_FORMAT_JSON ? "json_object" : "text");
        json_close_object(w);
        return;
    }
    json_member_text(w, "type", "json_schema");
    json_member_object(w, "jsonSchema");
    json_member_string_opt(w, "name", r->schema_name);
    json_member_string_opt(w, "description", r->schema_description);
    json_member_raw(w, "schema", r->schema);
    member_choice(w, "strict", r->schema_strict);
    json_close_object(w);
    json_close_object(w);
}

static void write_stop(struct json_writer *w, const struct chat_request *r)
{
    if (!r->stop_count)
        return;
    json_member_array(w, "stop");
    for (size_t i = 0; i < r->stop_count; i++)
        json_write_string(w, r->stop[i]);
    json_close_array(w);
}

static void write_effort(struct json_writer *w, const struct chat_request *r)
{
    if (r->reasoning_budget >= 0)
        json_member_int(w, "reasoningEffort", r->reasoning_budget);
    else if (r->effort != CHAT_EFFORT_UNSET)
        json_member_text(w, "reasoningEffort", chat_effort_name(r->effort));
}

static void write_extras(struct json_writer *w, const struct chat_extra *extras, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!extras[i].value.p)
            continue;
        json_key_slice(w, extras[i].name);
        json_write_raw(w, extras[i].value);
    }
}

static void write_cache_config(struct json_writer *w, const struct chat_request *r)
{
    if (r->cache_config.p) {
        json_member_raw(w, "cacheConfig", r->cache_config);
        return;
    }
    if (r->cache_last == CHAT_CACHE_NONE)
        return;
    json_member_object(w, "cacheConfig");
    if (r->cache_last == CHAT_CACHE_1H)
        json_member_text(w, "ttl", "1h");
    json_member_raw(w, "autoBreakpoints", SLICE("{\"lastMessage\":true}"));
    json_close_object(w);
}

static void write_options(struct json_writer *w, const struct chat_request *r,
                          struct slice model)
{
    json_member_object(w, "modelOptions");
    json_member_raw_opt(w, "temperature", r->temperature);
    json_member_raw_opt(w, "topP", r->top_p);
    json_member_raw_opt(w, "topK", r->top_k);
    json_member_raw_opt(w, "frequencyPenalty", r->frequency_penalty);
    json_member_raw_opt(w, "presencePenalty", r->presence_penalty);
    json_member_raw_opt(w, "seed", r->seed);
    json_member_raw_opt(w, "maxTokens", r->max_tokens);
    json_member_raw_opt(w, "n", r->n);
    write_stop(w, r);
    write_effort(w, r);
    member_choice(w, "parallelToolCalls", r->parallel_tool_calls);
    json_member_raw_opt(w, "modalities", r->modalities);
    json_member_string_opt(w, "user", r->user);
    json_member_string_opt(w, "serviceTier", r->service_tier);
    json_member_string_opt(w, "preferInputFileType", r->prefer_input_file_type);
    write_extras(w, r->extras, r->extra_count);
    write_cache_config(w, r);
    json_member_string_opt(w, "model", model);
    json_close_object(w);
}

void chat_input_write(const struct chat_request *r, struct slice model, struct buf *out)
{
    struct json_writer w = json_writer(out);
    json_open_object(&w);
    json_member_array(&w, "messages");
    for (size_t i = 0; i < r->message_count; i++)
        write_message(&w, &r->messages[i]);
    json_close_array(&w);
    write_tools(&w, r);
    write_format(&w, r);
    write_options(&w, r, model);
    json_member_string_opt(&w, "outputFileType", r->output_file_type);
    write_extras(&w, r->input_extras, r->input_extra_count);
    json_close_object(&w);
}
