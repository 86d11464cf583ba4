/* anthropic_request.c - knows the settings of an Anthropic request; refuses to know what its messages
 * hold. */
#include "ingress/anthropic.h"

#include "ingress/body.h"
#include <aignehub/aignehub.h>

static int read_stream(struct reading *r, const char *member, struct json v, struct slice *to)
{
    (void)to;
    return body_flag(v, member, &r->build.request->stream, r->why);
}

static int read_metadata(struct reading *r, const char *member, struct json v, struct slice *to)
{
    if (v.kind != JSON_OBJECT)
        return reading_kind(r, member, "an object", v);
    return read_string(r, "metadata.user_id", json_get(v, "user_id"), to);
}

/* "standard_only" asks for no priority, which others call the default. */
static int read_tier(struct reading *r, const char *member, struct json v, struct slice *to)
{
    if (!json_string_is(v, "standard_only"))
        return read_string(r, member, v, to);
    *to = SLICE("default");
    return AIGNE_OK;
}

/* The whole prompt is to be cached: a breakpoint behind its last block. */
static int read_cache_all(struct reading *r, const char *member, struct json v,
                          struct slice *to)
{
    (void)to;
    return read_cache(r, member, v, &r->build.request->cache_last);
}

static int read_budget(struct reading *r, struct json v)
{
    struct chat_request *out = r->build.request;
    if (!json_int64(v, &out->reasoning_budget) || out->reasoning_budget <= 0)
        return reading_refuse(r, "thinking.budget_tokens",
                              "must be a whole number of tokens, 1 or more");
    out->effort = chat_effort_of_budget(out->reasoning_budget);
    return AIGNE_OK;
}

/* Adaptive thinking is as strong as output_config.effort says, and that is high unless said. */
static int read_thinking(struct reading *r, struct json v)
{
    struct chat_request *out = r->build.request;
    if (!json_present(v))
        return AIGNE_OK;
    if (v.kind != JSON_OBJECT)
        return reading_kind(r, "thinking", "an object", v);
    struct json type = json_get(v, "type");
    bool adaptive = json_string_is(type, "adaptive");
    bool enabled = json_string_is(type, "enabled");
    if (json_string_is(type, "disabled")) {
        out->effort = CHAT_EFFORT_NONE;
        return AIGNE_OK;
    }
    if (!adaptive && !enabled && !json_string_is(type, "between_tools"))
        return reading_refuse(r, "thinking.type",
                              "must be enabled, adaptive, between_tools or disabled");
    out->thoughts = json_string_is(json_get(v, "display"), "omitted") ? CHAT_NO : CHAT_YES;
    if (enabled)
        return read_budget(r, json_get(v, "budget_tokens"));
    if (adaptive)
        out->effort = CHAT_EFFORT_HIGH;
    return AIGNE_OK;
}

/* Thinking that was switched off stays off, and a budget is more than a name. */
static int read_effort_name(struct reading *r, struct json v)
{
    struct chat_request *out = r->build.request;
    struct slice name = SLICE_NONE;
    enum chat_effort wanted = CHAT_EFFORT_UNSET;
    int rc = read_string(r, "output_config.effort", v, &name);
    if (rc || !name.p)
        return rc;
    if (!chat_effort_parse(name, &wanted) || wanted < CHAT_EFFORT_LOW)
        return reading_refuse(r, "output_config.effort",
                              "must be low, medium, high, xhigh or max");
    if (out->effort != CHAT_EFFORT_NONE && out->reasoning_budget < 0)
        out->effort = wanted;
    return AIGNE_OK;
}

static int read_format(struct reading *r, const char *member, struct json v)
{
    struct chat_request *out = r->build.request;
    if (!json_present(v))
        return AIGNE_OK;
    if (v.kind != JSON_OBJECT)
        return reading_kind(r, member, "an object", v);
    if (!json_string_is(json_get(v, "type"), "json_schema"))
        return reading_refuse(r, member, "knows only the type \"json_schema\"");
    struct json schema = json_get(v, "schema");
    if (schema.kind != JSON_OBJECT)
        return reading_refuse(r, member, "needs an object as its schema");
    out->format = CHAT_FORMAT_SCHEMA;
    out->schema = schema.raw;
    return AIGNE_OK;
}

static int read_output(struct reading *r, struct json v)
{
    if (!json_present(v))
        return AIGNE_OK;
    if (v.kind != JSON_OBJECT)
        return reading_kind(r, "output_config", "an object", v);
    int rc = read_effort_name(r, json_get(v, "effort"));
    return rc ? rc : read_format(r, "output_config.format", json_get(v, "format"));
}

/* What is read in an order of its own, whatever the body's. */
static int read_rest(struct reading *r, struct json body)
{
    static const char *const names[] = {"system", "messages", "thinking", "output_config",
                                        "output_format"};
    struct json v[5];
    json_pick(body, names, 5, v);
    int rc = anthropic_read_system(r, v[0]);
    if (!rc)
        rc = anthropic_read_messages(r, v[1]);
    if (!rc)
        rc = anthropic_read_tools(r, body);
    if (!rc)
        rc = read_thinking(r, v[2]);
    if (!rc)
        rc = read_output(r, v[3]);
    return rc ? rc : read_format(r, names[4], v[4]);
}

/* What other providers cannot do, and who asks for it would miss. */
static int refuse(struct reading *r, const char *member, struct json v, struct slice *to)
{
    (void)to;
    bool nothing = v.kind == JSON_ARRAY && json_count(v) == 0;
    if (nothing || json_string_is(v, "global"))
        return AIGNE_OK;
    return reading_refuse(r, member,
                          "means nothing to this model's provider, only to Anthropic itself");
}

/* By this code Anthropic's own clients know that they are to send the whole conversation instead. */
static int refuse_thread(struct reading *r, const char *member, struct json v, struct slice *to)
{
    (void)v;
    (void)to;
    int rc =
        reading_refuse(r, member, "is not kept for this model: send the conversation whole");
    FAULT_COPY(r->why->reason, SLICE("thread_unsupported_request"));
    return rc;
}

static const struct setting settings[] = {
    {"system", NULL, read_elsewhere, 0},
    {"messages", NULL, read_elsewhere, 0},
    {"tools", NULL, read_elsewhere, 0},
    {"tool_choice", NULL, read_elsewhere, 0},
    {"thinking", NULL, read_elsewhere, 0},
    {"output_config", NULL, read_elsewhere, 0},
    {"output_format", NULL, read_elsewhere, 0},
    {"model", NULL, read_string, SETTING_AT(model)},
    {"stream", NULL, read_stream, 0},
    {"max_tokens", NULL, read_number, SETTING_AT(max_tokens)},
    {"temperature", NULL, read_number, SETTING_AT(temperature)},
    {"top_p", NULL, read_number, SETTING_AT(top_p)},
    {"top_k", NULL, read_number, SETTING_AT(top_k)},
    {"stop_sequences", NULL, read_stop_setting, 0},
    {"metadata", NULL, read_metadata, SETTING_AT(user)},
    {"service_tier", NULL, read_tier, SETTING_AT(service_tier)},
    {"cache_control", NULL, read_cache_all, 0},
    {"container", NULL, refuse, 0},
    {"thread", NULL, refuse_thread, 0},
    {"mcp_servers", NULL, refuse, 0},
    {"inference_geo", NULL, refuse, 0},
};

int anthropic_read_request(const struct ingress_request *in, struct arena *a,
                           struct chat_request *out, struct fault *why)
{
    struct reading r;
    struct json whole;
    int rc = body_open(in->body, &r, a, out, &whole, why);
    if (rc)
        return rc;
    rc = read_rest(&r, whole);
    if (!rc)
        rc = read_settings(&r, whole, settings, sizeof settings / sizeof settings[0]);
    for (size_t i = 0; i < out->extra_count; i++)
        out->extras[i].format = ANTHROPIC_FORMAT;
    return rc;
}
