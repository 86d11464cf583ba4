/* openai_request.c - knows the settings of an OpenAI chat request; refuses to know what its messages
 * hold. */
#include "ingress/openai.h"

#include "chat/surrogates.h"
#include "ingress/body.h"
#include <aignehub/aignehub.h>

typedef int (*setting_fn)(struct reading *r, const char *member, struct json v,
                          struct slice *to);

static int read_flag(struct reading *r, const char *member, struct json v, struct slice *to)
{
    (void)to;
    return read_bool(r, member, v, &r->build.request->parallel_tool_calls);
}

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

static int read_stop_setting(struct reading *r, const char *member, struct json v,
                             struct slice *to)
{
    (void)to;
    return read_stop(r, member, v);
}

static int read_effort_setting(struct reading *r, const char *member, struct json v,
                               struct slice *to)
{
    (void)to;
    return read_effort(r, member, v);
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

/* Read elsewhere, in an order of their own. */
static int read_later(struct reading *r, const char *member, struct json v, struct slice *to)
{
    (void)r;
    (void)member;
    (void)v;
    (void)to;
    return AIGNE_OK;
}

#define AT(member) offsetof(struct chat_request, member)

static const struct setting {
    const char *name;
    setting_fn read;
    size_t offset;
} settings[] = {
    {"messages", read_later, 0},
    {"tools", read_later, 0},
    {"tool_choice", read_later, 0},
    {"functions", read_later, 0},
    {"function_call", read_later, 0},
    {"model", read_string, AT(model)},
    {"stream", read_stream, 0},
    {"stream_options", read_stream_options, 0},
    {"temperature", read_number, AT(temperature)},
    {"top_p", read_number, AT(top_p)},
    {"top_k", read_number, AT(top_k)},
    {"frequency_penalty", read_number, AT(frequency_penalty)},
    {"presence_penalty", read_number, AT(presence_penalty)},
    {"seed", read_number, AT(seed)},
    {"n", read_number, AT(n)},
    {"max_tokens", read_number, AT(max_tokens)},
    {"max_completion_tokens", read_number, AT(max_tokens)},
    {"stop", read_stop_setting, 0},
    {"reasoning_effort", read_effort_setting, 0},
    {"parallel_tool_calls", read_flag, 0},
    {"response_format", read_format, 0},
    {"modalities", read_array, AT(modalities)},
    {"user", read_string, AT(user)},
    {"service_tier", read_string, AT(service_tier)},
};

static const struct setting *setting_of(const struct json_walk *w)
{
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        if (json_key_is(w, settings[i].name))
            return &settings[i];
    }
    return NULL;
}

static int read_extra(struct reading *r, const struct json_walk *w)
{
    struct slice name = read_key(r, w);
    if (!name.p || chat_add_extra(&r->build, name, w->value.raw))
        return reading_nomem(r);
    return AIGNE_OK;
}

static int read_settings(struct reading *r, struct json body)
{
    struct json_walk w = json_walk(body);
    while (json_next(&w)) {
        const struct setting *s = setting_of(&w);
        if (!json_present(w.value))
            continue;
        struct slice *to =
            s ? (struct slice *)(void *)((char *)r->build.request + s->offset) : NULL;
        int rc = s ? s->read(r, s->name, w.value, to) : read_extra(r, &w);
        if (rc)
            return rc;
    }
    return AIGNE_OK;
}

int openai_read_request(struct slice body, struct arena *a, struct chat_request *out,
                        struct fault *why)
{
    struct reading r;
    struct json whole;
    reading_start(&r, a, out, why);
    int rc = body_check(body, &whole, why);
    if (rc)
        return rc;
    whole.raw = surrogates_replaced(whole.raw, a);
    if (!whole.raw.p)
        return fault_nomem(why);
    rc = openai_read_messages(&r, json_get(whole, "messages"));
    if (!rc)
        rc = openai_read_tools(&r, whole);
    return rc ? rc : read_settings(&r, whole);
}
