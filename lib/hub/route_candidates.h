/* route_candidates.h - the inside of routing: the places that a model's name may mean, for the files
 * that make plans of them. */
#ifndef AIGNE_HUB_ROUTE_CANDIDATES_H
#define AIGNE_HUB_ROUTE_CANDIDATES_H

#include "hub/route.h"

struct candidate {
    struct catalog_provider *provider;
    struct slice model;
    int rank;
    bool exact; /* the rate's model is the whole name, not only its end */
};

struct candidates {
    enum chat_kind kind;
    bool name_known; /* somebody serves such a model, usable now or not */
    size_t count;
    struct candidate items[LIMIT_ATTEMPTS]; /* best first */
};

/* Without the "aignehub/" in front, where it is only a courtesy. */
struct slice route_own_name(const struct catalog *c, struct slice name);
/* All places that `model` may mean now; faults as route_plan's. */
int route_candidates(const struct catalog *c, struct slice model, enum chat_kind kind,
                     struct arena *a, struct candidates *out, struct fault *why);
/* Attempts at one place, its credentials from the one whose turn it is, at most `room`. */
void route_add(struct route_plan *plan, const struct candidate *from, int64_t now_ms,
               size_t room);

#endif
