/* mcp.h - administration by the Model Context Protocol: an exchange at /mcp.
 *
 * Each message is an HTTP request of its own and nothing is remembered between two. A tool is a verb, and
 * calling it is the request POST /api/admin/VERB with the same access key; so the gateway decides who may. */
#ifndef HUB_MCP_H
#define HUB_MCP_H

#include "client.h"

struct front_options;

/* Is it this path, below the mount point or not? */
bool mcp_is_meant(const struct front_options *options, const char *target);

/* The head of a request is there. False: no memory. */
bool mcp_begin(struct client *c, const char *method);
/* A piece of its body. False: the answer is decided, what follows may be dropped. */
bool mcp_take(struct client *c, const char *data, size_t len);
/* The body is whole. */
void mcp_end(struct client *c);
/* The client's call has news. True: its answer is complete. */
bool mcp_pull(struct client *c);
void mcp_free(struct client *c);

#endif
