/* Knows how a verb is shown as a tool; refuses to know what the verbs do, but for what a client should ask a
 * person about. */
#include "mcp_tools.h"
#include <string.h>

/* What a verb does, by the word behind its dot; the first row that fits. What is not here may do anything. */
static const struct manner {
    const char *fits; /* a whole verb, or ".word" */
    bool reads;       /* changes nothing */
    bool destroys;    /* overwrites or takes away */
    bool once;        /* the same again changes nothing more */
    bool outside;     /* speaks to others than this hub */
} manners[] = {
    {"route.test", true, false, true, false},
    {".test", false, false, true, true}, /* a provider may charge for it */
    {".get", true, false, true, false},
    {".list", true, false, true, false},
    {".history", true, false, true, false},
    {".status", true, false, true, false},
    {".state", true, false, true, false},
    {".check", true, false, true, false},
    {".series", true, false, true, false},
    {".summary", true, false, true, false},
    {".top", true, false, true, false},
    {".export", true, false, true, false},
    {".create", false, false, false, false},
    {".grant", false, false, false, false},
    {".checkout", false, false, false, true},
    {"catalog.import", false, true, true, true},
    {"catalog.drift", false, true, true, true},
    {".put", false, true, true, false},
    {".delete", false, true, true, false},
    {".revoke", false, true, true, false},
    {"", false, true, false, false},
};

static const struct manner *manner_of(const char *verb)
{
    const struct manner *m = manners;
    size_t n = strlen(verb);
    for (;; m++) {
        size_t fits = strlen(m->fits);
        if (fits <= n && strcmp(verb + n - fits, m->fits) == 0)
            return m;
    }
}

/* Many clients take no dots in names. False: it is no name of a verb. */
static bool name_tool(struct json_text verb, char name[MCP_TOOL_SIZE], char tool[MCP_TOOL_SIZE])
{
    if (!json_text_is_string(verb) || verb.n - 2 >= MCP_TOOL_SIZE)
        return false;
    memcpy(name, verb.p + 1, verb.n - 2);
    name[verb.n - 2] = '\0';
    for (size_t i = 0; i <= verb.n - 2; i++)
        tool[i] = name[i] == '.' ? '_' : name[i];
    return true;
}

static const char *yes(bool value)
{
    return value ? "true" : "false";
}

static void put_member(struct bytes *to, const char *name, struct json_text value)
{
    if (!value.p)
        return;
    bytes_format(to, ",\"%s\":", name);
    bytes_put(to, value.p, value.n);
}

static void put_tool(struct bytes *to, struct json_text described, const char *verb,
                     const char *tool)
{
    const struct manner *m = manner_of(verb);
    bytes_format(to, "{\"name\":\"%s\",\"title\":\"%s\"", tool, verb);
    put_member(to, "description", json_text_member(described, "description"));
    put_member(to, "inputSchema", json_text_member(described, "arguments"));
    bytes_format(
        to,
        ",\"annotations\":{\"title\":\"%s\",\"readOnlyHint\":%s,\"destructiveHint\":%s,"
        "\"idempotentHint\":%s,\"openWorldHint\":%s}}",
        verb, yes(m->reads), yes(m->destroys), yes(m->once), yes(m->outside));
}

void mcp_put_tools(struct bytes *to, struct json_text verbs)
{
    struct json_text list = json_text_member(verbs, "list");
    struct json_text one = {NULL, 0};
    char verb[MCP_TOOL_SIZE];
    char tool[MCP_TOOL_SIZE];
    const char *before = "[";
    while (json_text_next(list, &one)) {
        if (!name_tool(json_text_member(one, "name"), verb, tool))
            continue;
        bytes_text(to, before);
        before = ",";
        put_tool(to, one, verb, tool);
    }
    bytes_text(to, *before == '[' ? "[]" : "]");
}

bool mcp_find_tool(struct json_text verbs, struct json_text name, char verb[MCP_TOOL_SIZE],
                   char tool[MCP_TOOL_SIZE])
{
    struct json_text list = json_text_member(verbs, "list");
    struct json_text one = {NULL, 0};
    while (json_text_next(list, &one))
        if (name_tool(json_text_member(one, "name"), verb, tool) && json_text_is(name, tool))
            return true;
    return false;
}
