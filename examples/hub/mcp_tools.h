/* mcp_tools.h - the administrator's verbs as tools, made of what the verb "verb.list" answers. */
#ifndef HUB_MCP_TOOLS_H
#define HUB_MCP_TOOLS_H

#include "bytes.h"
#include "json_text.h"

enum { MCP_TOOL_SIZE = 64 };

/* The tools as a JSON array. */
void mcp_put_tools(struct bytes *to, struct json_text verbs);
/* The verb behind a tool, and the tool's plain name. False: there is no such tool. */
bool mcp_find_tool(struct json_text verbs, struct json_text name, char verb[MCP_TOOL_SIZE],
                   char tool[MCP_TOOL_SIZE]);

#endif
