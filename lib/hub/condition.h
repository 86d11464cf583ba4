/* condition.h - for whom a route, or one of its targets, is: the members of "when". Pure. */
#ifndef AIGNE_HUB_CONDITION_H
#define AIGNE_HUB_CONDITION_H

#include "base/arena.h"
#include "base/fault.h"
#include "hub/catalog.h"

/* What is known of a request; absent slices are not known. */
struct condition_facts {
    const struct catalog *catalog;
    const struct catalog_key *key; /* NULL: no key was shown */
    struct slice user;             /* id */
    struct slice app;
    struct slice model; /* as the caller named it */
    enum chat_kind kind;
    bool streamed;
    struct slice metadata; /* a JSON object */
};

#define CONDITION_METADATA "metadata."

/* Every member of `when` (a checked JSON object, or absent) holds. */
bool condition_met(struct slice when, const struct condition_facts *facts, struct arena *a);
/* AIGNE_E_REQUEST (http 400) about what a condition cannot say. */
int condition_check(struct json when, struct fault *why);

#endif
