/* route_order.h - the inside of routing: the order of a route's targets. Pure. */
#ifndef AIGNE_HUB_ROUTE_ORDER_H
#define AIGNE_HUB_ROUTE_ORDER_H

#include "hub/routes.h"
#include <stdint.h>

struct candidates;

#define SCORE_UNKNOWN INT64_MAX

/* A target of one route that may be asked. */
struct entrant {
    const struct catalog_target *target;
    struct candidates *places; /* NULL: it is another route */
    int64_t score;             /* the lower the better */
    size_t rank;               /* among those of equal score */
    bool canary;               /* this caller's */
    bool ready;                /* as far as is known it works, or is worth a probe */
};

/* Any number, always the same for the same two. */
uint32_t route_chance(struct slice what, struct slice whose);
/* `in` are targets of `r`, in its order. What goes by chance goes by the call's id. */
void route_order(struct catalog_route *r, enum route_strategy by, struct slice call_id,
                 struct entrant *in, size_t count);

#endif
