/* route.h - which providers a model name may go to, in which order. Pure. */
#ifndef AIGNE_HUB_ROUTE_H
#define AIGNE_HUB_ROUTE_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/limits.h"
#include "hub/catalog.h"

struct route_attempt {
    struct catalog_provider *provider;
    const struct catalog_credential *credential; /* NULL: the provider needs none */
    struct slice model;                          /* the provider's own name */
    struct health_view health;                   /* ready, or the least bad there is */
    struct health_entry
        *measured; /* it is to be told when an attempt begins and ends; or NULL */
};

/* A target that was considered and is not asked. */
struct route_skip {
    struct slice target; /* as the route, or the request, names it */
    struct slice reason; /* "cannot take tools" */
};

struct route_plan {
    size_t count;
    size_t skip_count;
    struct route_skip *skips;          /* in the call's arena */
    const struct catalog_route *route; /* the operator's own name that was called; NULL: none */
    struct slice shadow; /* a model that is to see the same request; .p NULL: none */
    struct route_attempt attempts[LIMIT_ATTEMPTS];
};

static inline void route_plan_init(struct route_plan *plan)
{
    plan->count = plan->skip_count = 0;
    plan->skips = NULL;
    plan->route = NULL;
    plan->shadow = SLICE_NONE;
}

/* Resolve `model` (spec 6.1): "provider/model", "aignehub/..." stripped, bare names by rates and by
 * vendor pattern. A provider's credentials are taken in turn by weight, each at most once per plan.
 * What is known not to work comes behind what may, but for one call that probes it when it is due at
 * `now_ms` (monotonic; 0: no probes); a disabled credential is left out where anything is ready.
 * With no attempt: AIGNE_E_ROUTE (http 404 when the name is unknown, 503 when its providers are not usable
 * now) or AIGNE_E_REQUEST when the name itself is malformed; the sentence names the provider or model
 * and what to do. Decoded names live in `a`. */
int route_plan(const struct catalog *c, struct slice model, enum chat_kind kind, int64_t now_ms,
               struct arena *a, struct route_plan *out, struct fault *why);

#endif
