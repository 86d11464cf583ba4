/* Knows how tools and the choice among them are written for Bedrock; refuses to know the conversation. */
#include "provider/bedrock.h"
#include <aignehub/aignehub.h>

const struct name_rule bedrock_names = {.longest = 64, .also = "-"};

void bedrock_write_cache(struct bedrock *b, enum chat_cache cache)
{
    struct json_writer *j = &b->x.w.json;
    if (cache == CHAT_CACHE_NONE || !b->model.caches)
        return;
    if (b->x.marks_to_skip) {
        b->x.marks_to_skip--;
        return;
    }
    json_open_object(j);
    json_member_raw(j, "cachePoint",
                    cache == CHAT_CACHE_1H && b->model.caches_hour
                        ? SLICE("{\"type\":\"default\",\"ttl\":\"1h\"}")
                        : SLICE("{\"type\":\"default\"}"));
    json_close_object(j);
}

static void open_spec(struct bedrock *b, struct slice name, struct slice description)
{
    struct json_writer *j = &b->x.w.json;
    json_open_object(j);
    json_member_object(j, "toolSpec");
    json_member_string(j, "name", name);
    if (slice_trim(description).n)
        json_member_string(j, "description", description);
    json_member_object(j, "inputSchema");
}

static void close_spec(struct bedrock *b, bool strict)
{
    struct json_writer *j = &b->x.w.json;
    json_close_object(j);
    if (strict)
        json_member_bool(j, "strict", true);
    json_close_object(j);
    json_close_object(j);
}

static int write_tool(struct bedrock *b, const struct chat_tool *tool)
{
    struct slice name = name_to_wire(&bedrock_names, tool->name, b->x.w.arena);
    if (!name.p)
        return fault_nomem(b->x.w.why);
    open_spec(b, name, tool->description);
    wire_schema(&b->x.w, "json", tool->parameters);
    close_spec(b, tool->strict == CHAT_YES && b->model.schemas &&
                      anthropic_schema_fits(tool->parameters, b->x.w.arena));
    return AIGNE_OK;
}

static void write_json_tool(struct bedrock *b)
{
    const struct chat_request *r = b->x.w.request;
    open_spec(b, SLICE(WIRE_JSON_TOOL),
              r->schema_description.n
                  ? r->schema_description
                  : SLICE("Gives the answer as JSON. Call it once, with the answer."));
    if (r->schema.p)
        wire_schema(&b->x.w, "json", r->schema);
    else
        json_member_raw(&b->x.w.json, "json",
                        SLICE("{\"type\":\"object\",\"additionalProperties\":true}"));
    close_spec(b, false);
}

/* Tools that the history calls must be known, even when no more may be called. */
static int write_called_tools(struct bedrock *b)
{
    const struct call_pairs *pairs = &b->x.pairs;
    for (size_t i = 0; i < pairs->count; i++) {
        struct slice name =
            name_to_wire(&bedrock_names, pairs->calls[i].part->name, b->x.w.arena);
        if (!name.p)
            return fault_nomem(b->x.w.why);
        if (map_get(&b->called, name))
            continue;
        if (map_put(&b->called, name, b))
            return fault_nomem(b->x.w.why);
        open_spec(b, name, SLICE_NONE);
        wire_schema(&b->x.w, "json", SLICE_NONE);
        close_spec(b, false);
    }
    return AIGNE_OK;
}

static int write_specs(struct bedrock *b)
{
    const struct chat_request *r = b->x.w.request;
    int rc = name_check_tools(&bedrock_names, r, b->x.w.arena, b->x.w.why);
    for (size_t i = 0; i < r->tool_count && rc == AIGNE_OK; i++) {
        enum chat_cache cache = r->tools[i].cache;
        if (cache == CHAT_CACHE_NONE && i + 1 == r->tool_count)
            cache = b->x.tools;
        rc = write_tool(b, &r->tools[i]);
        if (b->model.caches_tools)
            bedrock_write_cache(b, cache);
    }
    return rc;
}

static int refuse_choice(const struct bedrock *b)
{
    return fault_field(
        b->x.w.why, AIGNE_E_REQUEST, "tool_choice",
        "This model cannot be told to call a tool: tool_choice must be \"auto\".");
}

static int write_choice(struct bedrock *b)
{
    struct json_writer *j = &b->x.w.json;
    const struct chat_request *r = b->x.w.request;
    enum chat_tool_choice choice = anthropic_choice(&b->x);
    bool by_caller =
        r->tool_choice == CHAT_TOOLS_REQUIRED || r->tool_choice == CHAT_TOOLS_NAMED;
    bool alone = r->tool_count + b->x.json_tool == 1;
    if (choice == CHAT_TOOLS_NAMED && !b->model.named && alone)
        choice = CHAT_TOOLS_REQUIRED; /* it can be no other */
    bool able = choice == CHAT_TOOLS_NAMED ? b->model.named : b->model.any;
    if (choice == CHAT_TOOLS_UNSET || choice == CHAT_TOOLS_NONE)
        return AIGNE_OK;
    if (choice != CHAT_TOOLS_AUTO && !able)
        return by_caller ? refuse_choice(b) : AIGNE_OK;
    struct slice name = r->tool_choice == CHAT_TOOLS_NAMED
                            ? name_to_wire(&bedrock_names, r->tool_choice_name, b->x.w.arena)
                            : SLICE(WIRE_JSON_TOOL);
    if (!name.p)
        return fault_nomem(b->x.w.why);
    json_member_object(j, "toolChoice");
    json_key(j, choice == CHAT_TOOLS_AUTO       ? "auto"
                : choice == CHAT_TOOLS_REQUIRED ? "any"
                                                : "tool");
    json_open_object(j);
    if (choice == CHAT_TOOLS_NAMED)
        json_member_string(j, "name", name);
    json_close_object(j);
    json_close_object(j);
    return AIGNE_OK;
}

/* There is no choice of none: without calls in the history the tools are left out, with them those must
 * be there. */
int bedrock_write_tools(struct bedrock *b)
{
    struct json_writer *j = &b->x.w.json;
    const struct chat_request *r = b->x.w.request;
    bool none = r->tool_choice == CHAT_TOOLS_NONE;
    bool given = r->tool_count && (!none || b->x.pairs.count);
    if (!given && !b->x.json_tool && !b->x.pairs.count)
        return AIGNE_OK;
    if (none && b->x.pairs.count && !b->x.json_tool)
        dropped_note(b->x.w.to->dropped, "tool_choice");
    json_member_object(j, "toolConfig");
    json_member_array(j, "tools");
    int rc = given ? write_specs(b) : write_called_tools(b);
    if (b->x.json_tool)
        write_json_tool(b);
    json_close_array(j);
    if (rc == AIGNE_OK && (given || b->x.json_tool))
        rc = write_choice(b);
    json_close_object(j);
    return rc;
}
