/* queue.h - events waiting for the caller of a library call, in two buffers: one being read, whose
 * bytes stay put until it is used up, and one being filled. */
#ifndef AIGNE_CORE_QUEUE_H
#define AIGNE_CORE_QUEUE_H

#include "base/buf.h"
#include <aignehub/aignehub.h>
#include <stdbool.h>

struct event_queue {
    struct buf reading;
    struct buf filling;
    size_t offset; /* into reading */
};

void queue_init(struct event_queue *q);
void queue_free(struct event_queue *q);
int queue_push(struct event_queue *q, int kind, int index, struct slice data);
bool queue_take(struct event_queue *q, struct aigne_event *out); /* false: empty */
bool queue_empty(const struct event_queue *q);
bool queue_full(const struct event_queue *q); /* more than LIMIT_QUEUED_BYTES wait */

#endif
