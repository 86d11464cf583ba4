/* chunks.h - an event of a model's own stream, out of the message that Amazon wraps it in. */
#ifndef AIGNE_TEXT_CHUNKS_H
#define AIGNE_TEXT_CHUNKS_H

#include "text/sse.h"

struct chunks {
    struct buf json;  /* the event */
    struct buf lines; /* the same as a server-sent event */
};

void chunks_init(struct chunks *c);
void chunks_free(struct chunks *c);
/* {"bytes":"BASE64"} as a server-sent event named for its `type`: 1; or AIGNE_E_PROTOCOL, AIGNE_E_NOMEM.
 * Its slices are valid until the next call. A message without bytes is an event without data. */
int chunks_event(struct chunks *c, struct slice payload, struct sse_event *out);

#endif
