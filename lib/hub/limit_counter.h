/* limit_counter.h - how much one subject uses of one limit, and where that is kept. */
#ifndef AIGNE_HUB_LIMIT_COUNTER_H
#define AIGNE_HUB_LIMIT_COUNTER_H

#include "hub/limit_table.h"
#include "hub/limiter.h"

/* The counter, made when there is none; NULL: no memory. It stays until it is left and a minute has passed. */
struct limit_counter *limit_counter_use(struct limiter *l, struct slice limit,
                                        struct slice subject, int64_t now_us);
void limit_counter_leave(struct limiter *l, struct limit_counter *c);
/* The table of a limiter whose counters are in use. */
const struct limit_table *limiter_table(const struct limiter *l);

#endif
