/* route_health.h - the part of routing that heeds what is known not to work. Pure. */
#ifndef AIGNE_HUB_ROUTE_HEALTH_H
#define AIGNE_HUB_ROUTE_HEALTH_H

#include "hub/route.h"

/* Whose turn it is among the provider's credentials, for rotation_pick. */
static inline unsigned route_turn(struct catalog_provider *p)
{
    return atomic_fetch_add_explicit(&p->turn, 1, memory_order_relaxed);
}

/* Add attempts at a provider of which something is in trouble, the best first, at most `room`. */
void route_around(struct route_plan *plan, struct catalog_provider *p, struct slice model,
                  int64_t now_ms, size_t room);
/* Add the attempt with this credential and no other. */
void route_add_only(struct route_plan *plan, struct catalog_provider *p, struct slice model,
                    const struct catalog_credential *credential, int64_t now_ms);
/* What is ready first, each in the order it was added; then the least bad. */
void route_sort(struct route_plan *plan);

/* The best there is is cooling or open: leave what is to be asked all the same. Not NULL: nothing is, for what
 * is known of this. */
struct health_entry *route_knock(struct route_plan *plan, int64_t now_ms);

#endif
