/* openai_responses_request.c - knows the settings and tools of an OpenAI Responses request; refuses to know
 * its input, and what only a provider that stores answers could do. */
#include "ingress/body.h"
#include "ingress/openai.h"
#include "ingress/openai_responses.h"
#include <aignehub/aignehub.h>

static int add_extra(struct reading *r, const char *name, struct slice value)
{
    return chat_add_extra(&r->build, slice_text(name), value) ? reading_nomem(r) : AIGNE_OK;
}

/* ---- settings ---- */

static int read_stream(struct reading *r, const char *member, struct json v, struct slice *to)
{
    (void)to;
    return body_flag(v, member, &r->build.request->stream, r->why);
}

static int read_reasoning(struct reading *r, const char *member, struct json v,
                          struct slice *to)
{
    struct slice summary = SLICE_NONE;
    (void)to;
    if (v.kind != JSON_OBJECT)
        return reading_kind(r, member, "an object", v);
    struct json effort = json_get(v, "effort");
    int rc = json_present(effort) ? read_effort(r, "reasoning.effort", effort) : AIGNE_OK;
    if (!rc)
        rc = read_string(r, "reasoning.generate_summary", json_get(v, "generate_summary"),
                         &summary);
    if (!rc)
        rc = read_string(r, "reasoning.summary", json_get(v, "summary"), &summary);
    if (summary.n)
        r->build.request->thoughts = CHAT_YES;
    return rc;
}

static int read_schema(struct reading *r, struct json format)
{
    static const char *const names[] = {"name", "description", "schema", "strict"};
    struct chat_request *out = r->build.request;
    struct json m[4];
    json_pick(format, names, 4, m);
    out->format = CHAT_FORMAT_SCHEMA;
    int rc = read_needed_string(r, "text.format.name", m[0], &out->schema_name);
    if (!rc)
        rc = read_string(r, "text.format.description", m[1], &out->schema_description);
    if (!rc && !json_present(m[2]))
        return reading_refuse(r, "text.format.schema", "is missing");
    if (!rc)
        rc = read_object(r, "text.format.schema", m[2], &out->schema);
    return rc ? rc : read_bool(r, "text.format.strict", m[3], &out->schema_strict);
}

static int read_format(struct reading *r, struct json format)
{
    struct chat_request *out = r->build.request;
    struct json type = json_get(format, "type");
    if (!json_present(format))
        return AIGNE_OK;
    if (format.kind != JSON_OBJECT)
        return reading_kind(r, "text.format", "an object", format);
    if (json_string_is(type, "json_schema"))
        return read_schema(r, format);
    if (json_string_is(type, "text"))
        out->format = CHAT_FORMAT_TEXT;
    else if (json_string_is(type, "json_object"))
        out->format = CHAT_FORMAT_JSON;
    else
        return reading_refuse(r, "text.format.type",
                              "must be text, json_object or json_schema");
    return AIGNE_OK;
}

static int read_text(struct reading *r, const char *member, struct json v, struct slice *to)
{
    (void)to;
    if (v.kind != JSON_OBJECT)
        return reading_kind(r, member, "an object", v);
    struct json verbosity = json_get(v, "verbosity");
    int rc = read_format(r, json_get(v, "format"));
    return rc || !json_present(verbosity) ? rc : add_extra(r, "verbosity", verbosity.raw);
}

/* As chats ask for probabilities. */
static int ask_logprobs(struct reading *r)
{
    const struct chat_request *out = r->build.request;
    for (size_t i = 0; i < out->extra_count; i++) {
        if (slice_is(out->extras[i].name, "logprobs"))
            return AIGNE_OK;
    }
    return add_extra(r, "logprobs", SLICE("true"));
}

static int read_top_logprobs(struct reading *r, const char *member, struct json v,
                             struct slice *to)
{
    struct slice number = SLICE_NONE;
    (void)to;
    int rc = read_number(r, member, v, &number);
    if (!rc)
        rc = ask_logprobs(r);
    return rc ? rc : add_extra(r, member, number);
}

/* Sealed reasoning is included always; the others are of built-in tools. */
static int read_include(struct reading *r, const char *member, struct json v, struct slice *to)
{
    (void)to;
    if (v.kind != JSON_ARRAY)
        return reading_kind(r, member, "an array", v);
    struct json_walk w = json_walk(v);
    while (json_next(&w)) {
        int rc = json_string_is(w.value, "message.output_text.logprobs") ? ask_logprobs(r)
                                                                         : AIGNE_OK;
        if (rc)
            return rc;
    }
    return AIGNE_OK;
}

static const struct setting settings[] = {
    {"input", NULL, read_elsewhere, 0},
    {"instructions", NULL, read_elsewhere, 0},
    {"tools", NULL, read_elsewhere, 0},
    {"tool_choice", NULL, read_elsewhere, 0},
    {"previous_response_id", NULL, read_elsewhere, 0},
    {"conversation", NULL, read_elsewhere, 0},
    {"prompt", NULL, read_elsewhere, 0},
    {"background", NULL, read_elsewhere, 0},
    {"store", NULL, read_elsewhere, 0},
    {"stream_options", NULL, read_elsewhere, 0},
    {"max_tool_calls", NULL, read_elsewhere, 0},
    {"model", NULL, read_string, SETTING_AT(model)},
    {"stream", NULL, read_stream, 0},
    {"temperature", NULL, read_number, SETTING_AT(temperature)},
    {"top_p", NULL, read_number, SETTING_AT(top_p)},
    {"max_output_tokens", NULL, read_number, SETTING_AT(max_tokens)},
    {"parallel_tool_calls", NULL, read_parallel_setting, 0},
    {"user", NULL, read_string, SETTING_AT(user)},
    {"service_tier", NULL, read_string, SETTING_AT(service_tier)},
    {"reasoning", NULL, read_reasoning, 0},
    {"text", NULL, read_text, 0},
    {"include", NULL, read_include, 0},
    {"top_logprobs", NULL, read_top_logprobs, 0},
};

/* ---- tools ---- */

static int refuse_tool(struct reading *r, const char *member, struct json type)
{
    struct slice name = SLICE_NONE;
    if (!json_present(type))
        return reading_refuse(r, member, "is missing");
    int rc = read_string(r, member, type, &name);
    return rc ? rc
              : reading_refuse(r, member,
                               "is \"%.*s\": this model's provider knows functions "
                               "only",
                               (int)(name.n < 40 ? name.n : 40), name.p);
}

static int read_tool(struct reading *r, struct json tool)
{
    static const char *const paths[] = {"name", "description", "parameters", "strict"};
    if (tool.kind != JSON_OBJECT)
        return reading_kind(r, "", "an object", tool);
    struct json type = json_get(tool, "type");
    return json_string_is(type, "function") ? openai_read_function(r, paths, tool)
                                            : refuse_tool(r, "type", type);
}

static int read_choice(struct reading *r, struct json v)
{
    static const struct openai_allowed allowed = {
        .tools = "tool_choice.tools", .mode = "tool_choice.mode", .name = "name"};
    struct chat_request *out = r->build.request;
    if (!json_present(v) || openai_read_mode(v, &out->tool_choice))
        return AIGNE_OK;
    struct json type = json_get(v, "type");
    if (v.kind != JSON_OBJECT)
        return reading_refuse(r, "tool_choice",
                              "must be auto, none, required or an object naming a function");
    if (json_string_is(type, "allowed_tools"))
        return openai_read_allowed(r, &allowed, v);
    if (!json_string_is(type, "function"))
        return refuse_tool(r, "tool_choice.type", type);
    out->tool_choice = CHAT_TOOLS_NAMED;
    return read_needed_string(r, "tool_choice.name", json_get(v, "name"),
                              &out->tool_choice_name);
}

/* ---- the whole ---- */

/* What OpenAI's chats have by the same name; what neither of us knows is of this format alone. */
static bool is_common(struct slice name)
{
    static const char *const names[] = {"metadata",
                                        "safety_identifier",
                                        "prompt_cache_key",
                                        "prompt_cache_retention",
                                        "prompt_cache_options",
                                        "moderation",
                                        "verbosity",
                                        "logprobs",
                                        "top_logprobs"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (slice_is(name, names[i]))
            return true;
    }
    return false;
}

/* What refers to something a provider keeps, or is to be kept for later. */
static int refuse_stored(struct reading *r, struct json body)
{
    static const char *const names[] = {"previous_response_id", "conversation", "prompt",
                                        "background"};
    struct json v[4];
    bool background = false;
    json_pick(body, names, 4, v);
    for (size_t i = 0; i < 3; i++) {
        if (json_present(v[i]))
            return reading_refuse(r, names[i],
                                  "refers to what this model's provider does not keep: send "
                                  "the whole conversation as input");
    }
    int rc = body_flag(v[3], names[3], &background, r->why);
    return rc || !background
               ? rc
               : reading_refuse(r, names[3],
                                "must be false: this model's provider keeps no answers");
}

int responses_read_request(const struct ingress_request *in, struct arena *a,
                           struct chat_request *out, struct fault *why)
{
    static const char *const names[] = {"instructions", "input", "tools", "tool_choice"};
    struct reading r;
    struct json whole;
    struct json v[4];
    int rc = body_open(in->body, &r, a, out, &whole, why);
    if (rc)
        return rc;
    json_pick(whole, names, 4, v);
    rc = refuse_stored(&r, whole);
    if (!rc)
        rc = responses_read_input(&r, v[0], v[1]);
    if (!rc)
        rc = read_tools(&r, names[2], v[2], read_tool);
    if (!rc)
        rc = read_choice(&r, v[3]);
    if (!rc)
        rc = read_settings(&r, whole, settings, sizeof settings / sizeof settings[0]);
    for (size_t i = 0; i < out->extra_count && !rc; i++) {
        if (!is_common(out->extras[i].name))
            out->extras[i].format = "openai.responses";
    }
    return rc;
}
