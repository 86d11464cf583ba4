/* Knows how tools, the choice among them and a schema for the answer are said to who speaks like OpenAI, in chats
 * and in Responses; refuses to know the request around them. */
#include "provider/names.h"
#include "provider/openai.h"
#include "provider/strict_schema.h"
#include <aignehub/aignehub.h>

/* Chats put under a key of its own what Responses have beside the type: NULL. */
static void open_key(struct wire *w, const char *type, const char *key)
{
    json_member_text(&w->json, "type", type);
    if (!key)
        return;
    json_member_object(&w->json, key);
}

static void close_key(struct wire *w, const char *key)
{
    if (key)
        json_close_object(&w->json);
}

static int write_named(struct wire *w, struct slice name, struct slice description)
{
    struct slice ours = name_to_wire(&openai_names, name, w->arena);
    if (!ours.p)
        return fault_nomem(w->why);
    json_member_string(&w->json, "name", ours);
    json_member_string_opt(&w->json, "description", description);
    return AIGNE_OK;
}

/* Functions of Responses are strict unless it is denied, those of chats are not unless it is said. */
static void write_strict(struct wire *w, enum chat_choice strict, bool denied)
{
    if (!(w->to->quirks & OPENAI_NO_STRICT) && (denied || strict != CHAT_UNSET))
        json_member_bool(&w->json, "strict", strict == CHAT_YES);
}

static bool is_strict(const struct wire *w, enum chat_choice strict)
{
    return strict == CHAT_YES && !(w->to->quirks & OPENAI_NO_STRICT);
}

static int write_tool(struct wire *w, const struct chat_tool *tool, const char *key)
{
    json_open_object(&w->json);
    open_key(w, "function", key);
    int rc = write_named(w, tool->name, tool->description);
    if (rc)
        return rc;
    if (is_strict(w, tool->strict) && tool->parameters.p)
        rc = strict_schema_write(w, "parameters", tool->parameters);
    else
        wire_schema(w, "parameters", tool->parameters);
    write_strict(w, tool->strict, !key);
    close_key(w, key);
    json_close_object(&w->json);
    return rc;
}

static int write_tool_choice(struct wire *w, const char *key)
{
    static const char *const words[] = {[CHAT_TOOLS_AUTO] = "auto",
                                        [CHAT_TOOLS_NONE] = "none",
                                        [CHAT_TOOLS_REQUIRED] = "required"};
    const struct chat_request *r = w->request;
    if (r->tool_choice == CHAT_TOOLS_UNSET)
        return AIGNE_OK;
    if (r->tool_choice != CHAT_TOOLS_NAMED) {
        json_member_text(&w->json, "tool_choice", words[r->tool_choice]);
        return AIGNE_OK;
    }
    json_member_object(&w->json, "tool_choice");
    open_key(w, "function", key);
    int rc = write_named(w, r->tool_choice_name, SLICE_NONE);
    close_key(w, key);
    json_close_object(&w->json);
    return rc;
}

/* tool_choice and parallel_tool_calls without tools are errors. */
int openai_write_tools(struct wire *w, const char *key)
{
    const struct chat_request *r = w->request;
    unsigned quirks = w->to->quirks;
    if (!r->tool_count)
        return AIGNE_OK;
    int rc = name_check_tools(&openai_names, r, w->arena, w->why);
    json_member_array(&w->json, "tools");
    for (size_t i = 0; i < r->tool_count && rc == AIGNE_OK; i++)
        rc = write_tool(w, &r->tools[i], key);
    json_close_array(&w->json);
    if (rc == AIGNE_OK)
        rc = write_tool_choice(w, key);
    bool o_series = key && (quirks & OPENAI_REASONING_RULES) && slice_starts(w->to->model, "o");
    if (quirks & OPENAI_NO_PARALLEL)
        return rc;
    if (quirks & OPENAI_ONE_TOOL_CALL)
        json_member_bool(&w->json, "parallel_tool_calls", false);
    else if (r->parallel_tool_calls != CHAT_UNSET && !o_series)
        json_member_bool(&w->json, "parallel_tool_calls", r->parallel_tool_calls == CHAT_YES);
    return rc;
}

int openai_write_schema(struct wire *w, const char *key)
{
    const struct chat_request *r = w->request;
    open_key(w, "json_schema", key);
    int rc = write_named(w, r->schema_name.n ? r->schema_name : SLICE("answer"),
                         r->schema_description);
    if (rc)
        return rc;
    if (is_strict(w, r->schema_strict))
        rc = strict_schema_write(w, "schema", r->schema);
    else
        json_member_raw_opt(&w->json, "schema", r->schema);
    write_strict(w, r->schema_strict, false);
    close_key(w, key);
    return rc;
}
