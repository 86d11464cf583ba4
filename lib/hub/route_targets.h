/* route_targets.h - which of a route's targets a request goes to, in which order, and why not to the
 * others. Pure: told the time, and chance by the call's id. */
#ifndef AIGNE_HUB_ROUTE_TARGETS_H
#define AIGNE_HUB_ROUTE_TARGETS_H

#include "hub/condition.h"
#include "hub/fit.h"
#include "hub/route.h"

struct route_ask {
    struct condition_facts facts; /* model and kind in it are what is asked for */
    struct slice call_id;         /* what goes by chance goes by it */
    int64_t now_ms;               /* monotonic; 0: no probes */
    int64_t wall_ms;              /* when the call began: prices may depend on it */
    const struct fit *fit;        /* NULL: what the request needs is not known */
    const struct slice *also;     /* models that the request names as fallbacks */
    size_t also_count;
    bool strategy_said; /* by the request itself */
    enum route_strategy strategy;
};

/* Whether choosing would do better if `ask->fit` were known. */
bool route_wants_fit(const struct catalog *c, const struct route_ask *ask);
/* As route_plan, and through the routes there are. Beyond its faults: AIGNE_E_REQUEST (http 400) when no
 * target can do what the request needs, AIGNE_E_ROUTE (403) when no target is for this caller. */
int route_choose(const struct route_ask *ask, struct arena *a, struct route_plan *out,
                 struct fault *why);
/* Note that a target is not asked after all. */
void route_skip(struct route_plan *plan, struct arena *a, struct slice target,
                struct slice reason);

#endif
