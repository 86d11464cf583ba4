/* routes.h - names of the operator's own for models: what stands behind each, and in which order it is
 * asked. Part of the catalogue. */
#ifndef AIGNE_HUB_ROUTES_H
#define AIGNE_HUB_ROUTES_H

#include "base/fault.h"
#include "base/slice.h"
#include "hub/policy.h"
#include "hub/rotation.h"
#include <stdatomic.h>
#include <stdbool.h>

struct catalog;

enum route_strategy {
    STRATEGY_PRIORITY, /* as they were put */
    STRATEGY_WEIGHTED,
    STRATEGY_ROUND_ROBIN,
    STRATEGY_LOWEST_PRICE,
    STRATEGY_LOWEST_LATENCY,
    STRATEGY_LEAST_BUSY,
    STRATEGIES
};

bool strategy_parse(struct slice name, enum route_strategy *out);
/* AIGNE_E_REQUEST (http 400): it is none; `param` is how the caller spelled the member. */
int strategy_refuse(struct slice name, const char *param, struct fault *why);

/* Percentages are hundredths of a percent. */
#define ROUTE_PERCENT      10000u
#define ROUTE_TIER_LARGEST 100

struct catalog_target {
    struct slice model;                /* as the operator wrote it */
    const struct catalog_route *route; /* of that name; NULL: a model */
    unsigned weight;                   /* 1 to ROTATION_WEIGHT_LARGEST */
    unsigned tier;                     /* from 1: lower ones come first */
    unsigned canary;         /* not 0: first for this share of the callers, else not asked */
    unsigned shadow;         /* not 0: never asked, but shown this share of the calls */
    struct slice credential; /* name or id; absent: any */
    struct slice when;       /* conditions; absent: always */
};

/* Of each set of targets that a call may choose from, the turns are counted apart (as far as they fit
 * here): what others may not have does not skew what remains. */
#define ROUTE_TURNS 8

struct catalog_route {
    struct slice name;
    enum route_strategy strategy;
    struct slice when;           /* absent: always */
    const struct policy *policy; /* NULL: it says nothing */
    struct catalog_target *targets;
    size_t target_count; /* 0: the name is a model's, and this is only its policy */
    struct rotation rotation;
    atomic_uint turns[ROUTE_TURNS];
};

/* For the catalogue: its routes, from the objects. AIGNE_E_NOMEM. */
int routes_read(struct catalog *c);
/* Behind the rates: each route as a model among others, for lists. AIGNE_E_NOMEM. */
int routes_list(struct catalog *c);
void routes_inherit(struct catalog *to, const struct catalog *from);
/* NULL: there is none of that name. */
struct catalog_route *catalog_route(const struct catalog *c, struct slice name);

#endif
