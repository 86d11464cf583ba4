/* readers.h - formats that no client speaks, read back as AIGNE's input so that they can be compared. */
#ifndef AIGNE_TESTS_CROSS_READERS_H
#define AIGNE_TESTS_CROSS_READERS_H

#include "base/arena.h"
#include "base/buf.h"
#include "text/json_scan.h"

/* A request's body as a ChatModelInput. */
void read_bedrock(struct json body, struct buf *input);
void read_ollama(struct json body, struct buf *input);

#endif
