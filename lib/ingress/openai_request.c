/* openai_request.c - knows the settings of an OpenAI chat request; refuses to know what its messages
 * hold. */
#include "ingress/openai.h"

#include "ingress/body.h"
#include <aignehub/aignehub.h>

static int read_stream(struct reading *r, const char *member, struct json v, struct slice *to)
{
    (void)to;
    return body_flag(v, member, &r->build.request->stream, r->why);
}

static int read_stream_options(struct reading *r, const char *member, struct json v,
                               struct slice *to)
{
    (void)to;
    if (v.kind != JSON_OBJECT)
        return reading_kind(r, member, "an object", v);
    return read_bool(r, "stream_options.include_usage", json_get(v, "include_usage"),
                     &r->build.request->include_usage);
}

static int read_schema(struct reading *r, struct json v)
{
    static const char *const names[] = {"name", "description", "schema", "strict"};
    struct chat_request *out = r->build.request;
    struct json m[4];
    if (v.kind != JSON_OBJECT)
        return reading_kind(r, "response_format.json_schema", "an object", v);
    json_pick(v, names, 4, m);
    out->format = CHAT_FORMAT_SCHEMA;
    int rc = read_needed_string(r, "response_format.json_schema.name", m[0], &out->schema_name);
    if (!rc)
        rc = read_string(r, "response_format.json_schema.description", m[1],
                         &out->schema_description);
    if (!rc && !json_present(m[2]))
        return reading_refuse(r, "response_format.json_schema.schema", "is missing");
    if (!rc)
        rc = read_object(r, "response_format.json_schema.schema", m[2], &out->schema);
    if (!rc)
        rc = read_bool(r, "response_format.json_schema.strict", m[3], &out->schema_strict);
    return rc;
}

static int read_format(struct reading *r, const char *member, struct json v, struct slice *to)
{
    struct chat_request *out = r->build.request;
    (void)to;
    if (v.kind != JSON_OBJECT)
        return reading_kind(r, member, "an object", v);
    struct json type = json_get(v, "type");
    if (json_string_is(type, "json_schema"))
        return read_schema(r, json_get(v, "json_schema"));
    if (json_string_is(type, "text"))
        out->format = CHAT_FORMAT_TEXT;
    else if (json_string_is(type, "json_object"))
        out->format = CHAT_FORMAT_JSON;
    else
        return reading_refuse(r, "response_format.type",
                              "must be text, json_object or json_schema");
    return AIGNE_OK;
}

static const struct setting settings[] = {
    {"messages", NULL, read_elsewhere, 0},
    {"tools", NULL, read_elsewhere, 0},
    {"tool_choice", NULL, read_elsewhere, 0},
    {"functions", NULL, read_elsewhere, 0},
    {"function_call", NULL, read_elsewhere, 0},
    {"models", NULL, read_elsewhere, 0}, /* the hub chooses among them */
    {"model", NULL, read_string, SETTING_AT(model)},
    {"stream", NULL, read_stream, 0},
    {"stream_options", NULL, read_stream_options, 0},
    {"temperature", NULL, read_number, SETTING_AT(temperature)},
    {"top_p", NULL, read_number, SETTING_AT(top_p)},
    {"top_k", NULL, read_number, SETTING_AT(top_k)},
    {"frequency_penalty", NULL, read_number, SETTING_AT(frequency_penalty)},
    {"presence_penalty", NULL, read_number, SETTING_AT(presence_penalty)},
    {"seed", NULL, read_number, SETTING_AT(seed)},
    {"n", NULL, read_number, SETTING_AT(n)},
    {"max_tokens", NULL, read_number, SETTING_AT(max_tokens)},
    {"max_completion_tokens", NULL, read_number, SETTING_AT(max_tokens)},
    {"stop", NULL, read_stop_setting, 0},
    {"reasoning_effort", NULL, read_effort_setting, 0},
    {"parallel_tool_calls", NULL, read_parallel_setting, 0},
    {"response_format", NULL, read_format, 0},
    {"modalities", NULL, read_array, SETTING_AT(modalities)},
    {"user", NULL, read_string, SETTING_AT(user)},
    {"service_tier", NULL, read_string, SETTING_AT(service_tier)},
};

int openai_read_request(const struct ingress_request *in, struct arena *a,
                        struct chat_request *out, struct fault *why)
{
    struct reading r;
    struct json whole;
    int rc = body_open(in->body, &r, a, out, &whole, why);
    if (rc)
        return rc;
    rc = openai_read_messages(&r, json_get(whole, "messages"));
    if (!rc)
        rc = openai_read_tools(&r, whole);
    return rc ? rc : read_settings(&r, whole, settings, sizeof settings / sizeof settings[0]);
}
