/* mcp_message.h - one message of the Model Context Protocol: what a client said, and what it is told.
 *
 * Two manners are spoken. The older one begins with "initialize"; since 2026-07-28 each request says its
 * version itself, in headers and in "_meta". */
#ifndef HUB_MCP_MESSAGE_H
#define HUB_MCP_MESSAGE_H

#include "bytes.h"
#include "json_text.h"

/* Of JSON-RPC, and of the protocol's own. */
enum mcp_code {
    MCP_NOT_JSON = -32700,
    MCP_BAD_REQUEST = -32600,
    MCP_NO_METHOD = -32601,
    MCP_BAD_PARAMETERS = -32602,
    MCP_INTERNAL = -32603,
    MCP_BAD_HEADER = -32020,
    MCP_BAD_VERSION = -32022
};

/* Headers of the request; NULL: not sent. */
struct mcp_headers {
    const char *version;
    const char *method;
    const char *name;
};

struct mcp_message {
    struct json_text id; /* .p NULL: a notification, or unknown */
    struct json_text method;
    struct json_text params;
    bool modern;  /* says its version itself */
    bool request; /* wants an answer; else it is only taken note of */
};

/* Why a message is not carried out: an HTTP status and a JSON-RPC error. */
struct mcp_problem {
    int status;
    int code;
    const char *text;
    struct json_text said;      /* another sentence instead, a JSON string; .p NULL: none */
    struct json_text named;     /* a string that ends the sentence; .p NULL: none */
    struct json_text version;   /* of MCP_BAD_VERSION: what was asked for, a string */
    const char *version_header; /* ... or where it stood in a header */
};

/* False: `why` is filled in, and of `out` the id when it is known. */
bool mcp_message_read(const char *body, size_t n, const struct mcp_headers *headers,
                      struct mcp_message *out, struct mcp_problem *why);
/* Do the headers name the tool that is called, by its plain name? */
bool mcp_header_names(const struct mcp_headers *headers, const char *tool);
/* The version of the older manner to go on with, as initialize's answer says it. */
const char *mcp_version_agreed(struct json_text asked);

void mcp_put(struct bytes *to, struct json_text text);
/* What stands before a result's own members, and behind them. */
void mcp_begin_result(struct bytes *to, const struct mcp_message *m);
void mcp_end_result(struct bytes *to);
/* Behind the members of a result that a client may keep. */
void mcp_put_kept(struct bytes *to, const struct mcp_message *m);
void mcp_put_versions(struct bytes *to);
void mcp_put_server(struct bytes *to);
void mcp_put_error(struct bytes *to, const struct mcp_message *m,
                   const struct mcp_problem *why);

#endif
