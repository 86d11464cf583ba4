/* server_tools.h - how what a provider's own tools did in earlier turns is told to another provider. */
#ifndef AIGNE_INGRESS_SERVER_TOOLS_H
#define AIGNE_INGRESS_SERVER_TOOLS_H

#include "chat/reading.h"

/* An item by the name `name` that tells what such a tool was asked or gave, at the place in the newest message
 * where it stands: its words become a text, its picture a file. What is sealed in it, and an item without words,
 * is left out and noted under its name. */
int read_server_tool(struct reading *r, struct slice name, struct json item);

#endif
