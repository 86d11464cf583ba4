/* openai_responses_echo.c - knows how OpenAI's Responses repeat the request in the answer; refuses to know
 * the answer. */
#include "ingress/openai_responses.h"
#include <aignehub/aignehub.h>

static void raw_or_null(struct json_writer *w, const char *member, struct slice json)
{
    json_member_raw(w, member, json.p ? json : SLICE("null"));
}

static void string_or_null(struct json_writer *w, const char *member, struct slice text)
{
    if (text.p)
        json_member_string(w, member, text);
    else
        json_member_text(w, member, NULL);
}

static struct slice extra_of(const struct chat_request *r, const char *name)
{
    for (size_t i = 0; i < r->extra_count; i++) {
        if (slice_is(r->extras[i].name, name))
            return r->extras[i].value;
    }
    return SLICE_NONE;
}

static void write_tools(struct json_writer *w, const struct chat_request *r)
{
    json_member_array(w, "tools");
    for (size_t i = 0; i < r->tool_count; i++) {
        const struct chat_tool *t = &r->tools[i];
        json_open_typed(w, "function");
        json_member_string(w, "name", t->name);
        string_or_null(w, "description", t->description);
        raw_or_null(w, "parameters", t->parameters);
        json_member_bool(w, "strict", t->strict == CHAT_YES);
        json_close_object(w);
    }
    json_close_array(w);
}

static void write_choice(struct json_writer *w, const struct chat_request *r)
{
    static const char *const words[] = {[CHAT_TOOLS_UNSET] = "auto",
                                        [CHAT_TOOLS_AUTO] = "auto",
                                        [CHAT_TOOLS_NONE] = "none",
                                        [CHAT_TOOLS_REQUIRED] = "required"};
    if (r->tool_choice != CHAT_TOOLS_NAMED) {
        json_member_text(w, "tool_choice", words[r->tool_choice]);
        return;
    }
    json_member_object(w, "tool_choice");
    json_member_text(w, "type", "function");
    json_member_string(w, "name", r->tool_choice_name);
    json_close_object(w);
}

static void write_text(struct json_writer *w, const struct chat_request *r)
{
    struct slice verbosity = extra_of(r, "verbosity");
    json_member_object(w, "text");
    json_member_object(w, "format");
    json_member_text(w, "type",
                     r->format == CHAT_FORMAT_SCHEMA ? "json_schema"
                     : r->format == CHAT_FORMAT_JSON ? "json_object"
                                                     : "text");
    if (r->format == CHAT_FORMAT_SCHEMA) {
        string_or_null(w, "name", r->schema_name);
        json_member_string_opt(w, "description", r->schema_description);
        raw_or_null(w, "schema", r->schema);
        json_member_bool(w, "strict", r->schema_strict == CHAT_YES);
    }
    json_close_object(w);
    json_member_raw_opt(w, "verbosity", verbosity);
    json_close_object(w);
}

static void write_reasoning(struct json_writer *w, const struct chat_request *r)
{
    json_member_object(w, "reasoning");
    json_member_text(w, "effort", chat_effort_name(r->effort));
    json_member_text(w, "summary", r->thoughts == CHAT_YES ? "auto" : NULL);
    json_close_object(w);
}

void responses_write_echo(struct json_writer *w, const struct encoding *e)
{
    static const struct chat_request unknown = {.kind = KIND_CHAT};
    const struct chat_request *r = e->request ? e->request : &unknown;
    struct slice metadata = extra_of(r, "metadata");
    json_member_text(w, "instructions", NULL);
    raw_or_null(w, "max_output_tokens", r->max_tokens);
    json_member_raw(w, "metadata", metadata.p ? metadata : SLICE("{}"));
    json_member_string(w, "model", e->model.p ? e->model : SLICE(""));
    json_member_bool(w, "parallel_tool_calls", r->parallel_tool_calls != CHAT_NO);
    json_member_text(w, "previous_response_id", NULL);
    write_reasoning(w, r);
    json_member_raw_opt(w, "safety_identifier", extra_of(r, "safety_identifier"));
    json_member_raw_opt(w, "prompt_cache_key", extra_of(r, "prompt_cache_key"));
    json_member_string(w, "service_tier",
                       r->service_tier.p ? r->service_tier : SLICE("default"));
    json_member_bool(w, "store", false);
    raw_or_null(w, "temperature", r->temperature);
    write_text(w, r);
    write_choice(w, r);
    write_tools(w, r);
    raw_or_null(w, "top_p", r->top_p);
    json_member_text(w, "truncation", "disabled");
    string_or_null(w, "user", r->user);
}
