/* limit.h - the limits there are, as the catalogue has them: who may do how much. Pure. */
#ifndef AIGNE_HUB_LIMIT_H
#define AIGNE_HUB_LIMIT_H

#include "base/arena.h"
#include "base/map.h"
#include "base/slice.h"
#include <stddef.h>
#include <stdint.h>

enum limit_on {
    LIMIT_ALL, /* the hub as a whole */
    LIMIT_KEY,
    LIMIT_USER,
    LIMIT_APP,
    LIMIT_MODEL, /* a name that callers send, or "provider/model", or the provider's own name */
    LIMIT_PROVIDER,
    LIMIT_ONS
};

#define LIMIT_EACH           "*" /* as the id: each one of that kind has its own; of LIMIT_ALL always */
#define LIMIT_SAME           4 /* limits on one and the same */
#define LIMIT_NUMBER_LARGEST INT64_C(1000000000000)
#define LIMIT_QUEUE_LARGEST  100000
#define LIMIT_QUEUE_MS       30000 /* when queueTime is not said */

struct limit_rule {
    struct slice name;
    struct slice id;
    enum limit_on on;
    int64_t requests; /* a minute, as the next; 0: not limited, as all of these */
    int64_t tokens;
    int64_t concurrent;
    int64_t queue; /* how many may wait for their turn; 0: they are refused */
    int64_t queue_ms;
    struct limit_rule *same; /* the next one on the same */
};

struct limits {
    struct map by_id[LIMIT_ONS];
    bool any_tokens; /* one of them counts tokens */
};

struct store_object;

/* NULL and AIGNE_OK: there are none. */
int limits_read(const struct store_object *objects, size_t count, struct arena *a,
                struct limits **out);
void limits_free(struct limits *l);
/* The rules for this one alone. */
const struct limit_rule *limits_own(const struct limits *l, enum limit_on on, struct slice id);
/* The same; those for each one ("*") only when it has none of its own. Follow `same`. */
const struct limit_rule *limits_find(const struct limits *l, enum limit_on on, struct slice id);
/* The names of the kinds; NULL past the end. */
const char *limit_on_name(enum limit_on on);
/* LIMIT_ONS: nobody's name. */
enum limit_on limit_on_of(struct slice name);

#endif
