/* anthropic_tools.c - knows the tools of an Anthropic request and the choice among them; refuses tools
 * that only Anthropic has. */
#include "ingress/anthropic.h"

#include <aignehub/aignehub.h>

/* Anthropic runs them, or has trained its models for them; others have never heard of them. */
static int refuse_own(struct reading *r, struct json type)
{
    struct slice name = json_string(type, r->arena);
    return reading_refuse(r, "type",
                          "is \"%.*s\", a tool of Anthropic's own that this model's provider "
                          "does not have",
                          (int)(name.n < 64 ? name.n : 64), name.p ? name.p : "");
}

static int read_tool(struct reading *r, struct json tool)
{
    static const char *const names[] = {"type",         "name",   "description",
                                        "input_schema", "strict", "cache_control"};
    struct json v[6];
    if (tool.kind != JSON_OBJECT)
        return reading_kind(r, "", "an object", tool);
    json_pick(tool, names, 6, v);
    if (json_present(v[0]) && v[0].kind != JSON_STRING)
        return reading_kind(r, "type", "a string", v[0]);
    if (json_present(v[0]) && !json_string_is(v[0], "custom"))
        return refuse_own(r, v[0]);
    struct chat_tool *t = chat_add_tool(&r->build);
    if (!t)
        return reading_nomem(r);
    int rc = read_tool_name(r, names[1], v[1], &t->name);
    if (!rc)
        rc = read_string(r, names[2], v[2], &t->description);
    if (!rc)
        rc = read_object(r, names[3], v[3], &t->parameters);
    if (!rc)
        rc = read_bool(r, names[4], v[4], &t->strict);
    return rc ? rc : read_cache(r, names[5], v[5], &t->cache);
}

static int read_choice(struct reading *r, struct json v)
{
    static const struct {
        const char *name;
        enum chat_tool_choice choice;
    } modes[] = {{"auto", CHAT_TOOLS_AUTO},
                 {"any", CHAT_TOOLS_REQUIRED},
                 {"tool", CHAT_TOOLS_NAMED},
                 {"none", CHAT_TOOLS_NONE}};
    struct chat_request *out = r->build.request;
    bool single = false;
    if (!json_present(v))
        return AIGNE_OK;
    if (v.kind != JSON_OBJECT)
        return reading_kind(r, "tool_choice", "an object", v);
    struct json type = json_get(v, "type");
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        if (json_string_is(type, modes[i].name))
            out->tool_choice = modes[i].choice;
    }
    if (out->tool_choice == CHAT_TOOLS_UNSET)
        return reading_refuse(r, "tool_choice.type", "must be auto, any, tool or none");
    if (json_bool(json_get(v, "disable_parallel_tool_use"), &single) && single)
        out->parallel_tool_calls = CHAT_NO;
    return out->tool_choice == CHAT_TOOLS_NAMED
               ? read_needed_string(r, "tool_choice.name", json_get(v, "name"),
                                    &out->tool_choice_name)
               : AIGNE_OK;
}

int anthropic_read_tools(struct reading *r, struct json body)
{
    static const char *const names[] = {"tools", "tool_choice"};
    struct json v[2];
    json_pick(body, names, 2, v);
    int rc = read_tools(r, "tools", v[0], read_tool);
    return rc ? rc : read_choice(r, v[1]);
}
