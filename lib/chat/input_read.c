/* input_read.c - knows the frame of AIGNE's ChatModelInput: tools, formats and what else stands
 * beside the messages; refuses to know the envelope around it. */
#include "chat/input.h"

#include "chat/input_reader.h"
#include "chat/surrogates.h"
#include <aignehub/aignehub.h>

static int read_tool(struct reading *r, struct json tool)
{
    static const char *const names[] = {"type", "function", "metadata", "cacheControl"};
    static const char *const function_names[] = {"name", "description", "parameters", "strict"};
    struct json v[4];
    struct json f[4];
    if (tool.kind != JSON_OBJECT)
        return reading_kind(r, "", "an object", tool);
    json_pick(tool, names, 4, v);
    if (json_present(v[0]) && !json_string_is(v[0], "function"))
        return reading_refuse(r, "type", "must be \"function\"");
    if (v[1].kind != JSON_OBJECT)
        return reading_kind(r, "function", "an object", v[1]);
    json_pick(v[1], function_names, 4, f);
    struct chat_tool *t = chat_add_tool(&r->build);
    if (!t)
        return reading_nomem(r);
    int rc = read_tool_name(r, "function.name", f[0], &t->name);
    if (!rc)
        rc = read_string(r, "function.description", f[1], &t->description);
    if (!rc)
        rc = read_object(r, "function.parameters", f[2], &t->parameters);
    if (!rc)
        rc = read_bool(r, "function.strict", f[3], &t->strict);
    if (!rc)
        rc = read_object(r, "metadata", v[2], &t->metadata);
    return rc ? rc : read_cache(r, "cacheControl", v[3], &t->cache);
}

static int read_tool_choice(struct reading *r, struct json v)
{
    struct chat_request *out = r->build.request;
    if (!json_present(v))
        return AIGNE_OK;
    if (v.kind == JSON_OBJECT) {
        out->tool_choice = CHAT_TOOLS_NAMED;
        return read_needed_string(r, "toolChoice.function.name", json_path(v, "function.name"),
                                  &out->tool_choice_name);
    }
    if (json_string_is(v, "auto"))
        out->tool_choice = CHAT_TOOLS_AUTO;
    else if (json_string_is(v, "none"))
        out->tool_choice = CHAT_TOOLS_NONE;
    else if (json_string_is(v, "required"))
        out->tool_choice = CHAT_TOOLS_REQUIRED;
    else
        return reading_refuse(r, "toolChoice",
                              "must be auto, none, required or an object naming a function");
    return AIGNE_OK;
}

static int read_schema(struct reading *r, struct json v)
{
    static const char *const names[] = {"name", "description", "schema", "strict"};
    struct chat_request *out = r->build.request;
    struct json m[4];
    if (v.kind != JSON_OBJECT)
        return reading_kind(r, "responseFormat.jsonSchema", "an object", v);
    json_pick(v, names, 4, m);
    if (!json_present(m[2]))
        return reading_refuse(r, "responseFormat.jsonSchema.schema", "is missing");
    out->format = CHAT_FORMAT_SCHEMA;
    int rc = read_string(r, "responseFormat.jsonSchema.name", m[0], &out->schema_name);
    if (!rc)
        rc = read_string(r, "responseFormat.jsonSchema.description", m[1],
                         &out->schema_description);
    if (!rc)
        rc = read_object(r, "responseFormat.jsonSchema.schema", m[2], &out->schema);
    if (!rc)
        rc = read_bool(r, "responseFormat.jsonSchema.strict", m[3], &out->schema_strict);
    return rc;
}

static int read_format(struct reading *r, struct json v)
{
    static const char *const names[] = {"type", "jsonSchema", "json_schema"};
    struct chat_request *out = r->build.request;
    struct json m[3];
    if (!json_present(v))
        return AIGNE_OK;
    if (v.kind != JSON_OBJECT)
        return reading_kind(r, "responseFormat", "an object", v);
    json_pick(v, names, 3, m);
    if (json_string_is(m[0], "json_schema"))
        return read_schema(r, json_present(m[1]) ? m[1] : m[2]);
    if (json_string_is(m[0], "text"))
        out->format = CHAT_FORMAT_TEXT;
    else if (json_string_is(m[0], "json_object"))
        out->format = CHAT_FORMAT_JSON;
    else
        return reading_refuse(r, "responseFormat.type", "must be text or json_schema");
    return AIGNE_OK;
}

static int read_file_type(struct reading *r, struct json v)
{
    struct slice *type = &r->build.request->output_file_type;
    int rc = read_string(r, "outputFileType", v, type);
    if (rc || !type->p || slice_is(*type, "url") || slice_is(*type, "file") ||
        slice_is(*type, "local"))
        return rc;
    return reading_refuse(r, "outputFileType", "must be url, file or local");
}

enum input_member {
    MESSAGES,
    TOOLS,
    TOOL_CHOICE,
    FORMAT,
    FILE_TYPE,
    OPTIONS,
    MODEL,
    TYPE,
    MEMBERS
};

static const char *const input_members[MEMBERS] = {
    "messages",       "tools",        "toolChoice", "responseFormat",
    "outputFileType", "modelOptions", "model",      "type"};

/* What stands in the input beside the members known here goes on to a remote hub. */
static int read_extras(struct reading *r, struct json input)
{
    struct json_walk w = json_walk(input);
    while (json_next(&w)) {
        bool known = !json_present(w.value);
        for (size_t i = 0; !known && i < MEMBERS; i++)
            known = json_key_is(&w, input_members[i]);
        if (known)
            continue;
        struct slice name = read_key(r, &w);
        if (!name.p || chat_add_input_extra(&r->build, name, w.value.raw))
            return reading_nomem(r);
    }
    return AIGNE_OK;
}

int chat_input_read(struct json input, struct arena *a, struct chat_request *out,
                    struct fault *why)
{
    struct reading r;
    struct json v[MEMBERS];
    reading_start(&r, a, out, why);
    if (input.kind != JSON_OBJECT)
        return reading_kind(&r, "", "an object", input);
    input.raw = surrogates_replaced(input.raw, a);
    if (!input.raw.p)
        return fault_nomem(why);
    json_pick(input, input_members, MEMBERS, v);
    int rc = input_read_messages(&r, v[MESSAGES]);
    if (!rc)
        rc = read_tools(&r, "tools", v[TOOLS], read_tool);
    if (!rc)
        rc = read_tool_choice(&r, v[TOOL_CHOICE]);
    if (!rc)
        rc = read_format(&r, v[FORMAT]);
    if (!rc)
        rc = read_file_type(&r, v[FILE_TYPE]);
    if (!rc)
        rc = input_read_options(&r, v[OPTIONS]);
    if (!rc)
        rc = read_string(&r, "model", v[MODEL], &out->model);
    return rc ? rc : read_extras(&r, input);
}
