/* limit_counter.h - how much one subject uses of one limit, and where that is kept. */
#ifndef AIGNE_HUB_LIMIT_COUNTER_H
#define AIGNE_HUB_LIMIT_COUNTER_H

#include "hub/limiter.h"
#include "hub/window.h"
#include <pthread.h>

struct limit_counter {
    struct limit_counter *next; /* in its bucket */
    size_t users;               /* claims; under the table's lock */
    pthread_mutex_t lock;       /* of the rest */
    int64_t running;
    int64_t held; /* tokens */
    int64_t refused;
    int64_t untold; /* refusals since the last that was written down */
    int64_t told_us;
    size_t waiting;
    struct list queue;
    struct window requests;
    struct window tokens;
    struct slice limit;
    struct slice subject;
};

/* The counter, made when there is none; NULL: no memory. It stays until it is left and a minute has passed. */
struct limit_counter *limit_counter_use(struct limiter *l, struct slice limit,
                                        struct slice subject, int64_t now_us);
void limit_counter_leave(struct limiter *l, struct limit_counter *c);

#endif
