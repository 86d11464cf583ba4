/* openai_tools.c - knows the tools of an OpenAI chat request and the choice among them, the old
 * functions included; refuses tools that no other provider has. */
#include "ingress/openai.h"

#include <aignehub/aignehub.h>

int openai_read_function(struct reading *r, const char *const paths[4], struct json function)
{
    static const char *const names[] = {"name", "description", "parameters", "strict"};
    struct json f[4];
    json_pick(function, names, 4, f);
    struct chat_tool *t = chat_add_tool(&r->build);
    if (!t)
        return reading_nomem(r);
    int rc = read_tool_name(r, paths[0], f[0], &t->name);
    if (!rc)
        rc = read_string(r, paths[1], f[1], &t->description);
    if (!rc)
        rc = read_object(r, paths[2], f[2], &t->parameters);
    return rc ? rc : read_bool(r, paths[3], f[3], &t->strict);
}

static int read_tool(struct reading *r, struct json tool)
{
    static const char *const paths[] = {"function.name", "function.description",
                                        "function.parameters", "function.strict"};
    if (tool.kind != JSON_OBJECT)
        return reading_kind(r, "", "an object", tool);
    struct json type = json_get(tool, "type");
    struct json function = json_get(tool, "function");
    if (json_present(type) && !json_string_is(type, "function"))
        return reading_refuse(
            r, "type", "must be \"function\": this model's provider knows no other tools");
    if (function.kind != JSON_OBJECT)
        return reading_kind(r, "function", "an object", function);
    int rc = openai_read_function(r, paths, function);
    if (rc)
        return rc;
    struct chat_request *out = r->build.request;
    return read_cache(r, "cache_control", json_get(tool, "cache_control"),
                      &out->tools[out->tool_count - 1].cache);
}

static int read_old_function(struct reading *r, struct json function)
{
    static const char *const paths[] = {"name", "description", "parameters", "strict"};
    if (function.kind != JSON_OBJECT)
        return reading_kind(r, "", "an object", function);
    return openai_read_function(r, paths, function);
}

/* ---- the choice ---- */

bool openai_read_mode(struct json v, enum chat_tool_choice *out)
{
    static const struct {
        const char *name;
        enum chat_tool_choice choice;
    } modes[] = {{"auto", CHAT_TOOLS_AUTO},
                 {"none", CHAT_TOOLS_NONE},
                 {"required", CHAT_TOOLS_REQUIRED}};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        if (json_string_is(v, modes[i].name)) {
            *out = modes[i].choice;
            return true;
        }
    }
    return false;
}

/* No other provider can allow some of the tools it is told of: it is told of these alone. */
int openai_read_allowed(struct reading *r, const struct openai_allowed *paths,
                        struct json allowed)
{
    struct chat_request *out = r->build.request;
    struct json list = json_get(allowed, "tools");
    if (list.kind != JSON_ARRAY)
        return reading_kind(r, paths->tools, "an array", list);
    if (!openai_read_mode(json_get(allowed, "mode"), &out->tool_choice))
        return reading_refuse(r, paths->mode, "must be auto or required");
    if (json_count(list) > CHAT_TOOLS_LARGEST)
        return reading_too_many(r, paths->tools, CHAT_TOOLS_LARGEST, "tools");
    size_t count = 0;
    struct slice *names = arena_array(r->arena, json_count(list) + 1, sizeof *names);
    struct json_walk w = json_walk(list);
    while (names && json_next(&w))
        names[count++] = json_string(json_path(w.value, paths->name), r->arena);
    if (r->arena->failed)
        return reading_nomem(r);
    if (!chat_keep_tools(out, names, count))
        return reading_refuse(r, paths->tools, "names none of the tools");
    return AIGNE_OK;
}

static int read_choice(struct reading *r, struct json v)
{
    static const struct openai_allowed allowed = {.tools = "tool_choice.allowed_tools.tools",
                                                  .mode = "tool_choice.allowed_tools.mode",
                                                  .name = "function.name"};
    struct chat_request *out = r->build.request;
    if (!json_present(v) || openai_read_mode(v, &out->tool_choice))
        return AIGNE_OK;
    struct json type = json_get(v, "type");
    if (json_string_is(type, "allowed_tools"))
        return openai_read_allowed(r, &allowed, json_get(v, "allowed_tools"));
    if (!json_string_is(type, "function"))
        return reading_refuse(r, "tool_choice",
                              "must be auto, none, required or an object naming a function");
    out->tool_choice = CHAT_TOOLS_NAMED;
    return read_needed_string(r, "tool_choice.function.name", json_path(v, "function.name"),
                              &out->tool_choice_name);
}

static int read_old_choice(struct reading *r, struct json v)
{
    struct chat_request *out = r->build.request;
    if (!json_present(v) || out->tool_choice != CHAT_TOOLS_UNSET ||
        openai_read_mode(v, &out->tool_choice))
        return AIGNE_OK;
    out->tool_choice = CHAT_TOOLS_NAMED;
    return read_needed_string(r, "function_call.name", json_get(v, "name"),
                              &out->tool_choice_name);
}

int openai_read_tools(struct reading *r, struct json body)
{
    static const char *const names[] = {"tools", "functions", "tool_choice", "function_call"};
    struct json v[4];
    json_pick(body, names, 4, v);
    int rc = read_tools(r, names[0], v[0], read_tool);
    if (!rc && !r->build.request->tool_count)
        rc = read_tools(r, names[1], v[1], read_old_function);
    if (!rc)
        rc = read_choice(r, v[2]);
    return rc ? rc : read_old_choice(r, v[3]);
}
