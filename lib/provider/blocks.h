/* blocks.h - the tool calls of an answer that comes in numbered blocks. */
#ifndef AIGNE_PROVIDER_BLOCKS_H
#define AIGNE_PROVIDER_BLOCKS_H

#include "provider/adapter.h"
#include "provider/names.h"
#include "text/json_scan.h"

/* A block that is a call. */
struct block {
    int64_t wire_index;
    int index;   /* of the event */
    bool json;   /* it is the structured answer */
    bool filled; /* a piece of its input came */
    bool closed;
    struct slice input; /* given whole when it began */
};

struct blocks {
    struct block *items;
    size_t count;
    size_t capacity;
    int tool_count;
    bool json_called;
};

/* A call begins; `input` is its arguments when they come with it. An answer that was demanded as a call
 * begins none: it is text. */
int blocks_begin(struct decoding *d, struct blocks *s, int64_t wire_index,
                 const struct name_rule *rule, struct slice id, struct slice name,
                 struct json input);
/* The open call in that block; NULL: none. */
struct block *blocks_find(struct blocks *s, int64_t wire_index);
int blocks_input(struct decoding *d, struct block *b, struct slice piece);
int blocks_close(struct decoding *d, struct block *b);
int blocks_close_all(struct decoding *d, struct blocks *s);
/* Why the answer ended, seen from outside: a demanded call alone is an answer like any other. */
enum finish blocks_finish(const struct blocks *s, enum finish finish);

#endif
