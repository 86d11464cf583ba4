/* budget.h - which budgets a call counts against; pure. */
#ifndef AIGNE_HUB_BUDGET_H
#define AIGNE_HUB_BUDGET_H

#include "base/arena.h"
#include "base/map.h"
#include "hub/period.h"
#include "store/store.h"
#include "text/json_scan.h"

struct catalog;
struct catalog_key;

enum budget_on { BUDGET_KEY, BUDGET_USER, BUDGET_TEAM, BUDGET_APP, BUDGET_MODEL, BUDGET_ONS };

struct budget {
    struct slice id;
    struct slice name;
    enum budget_on on;
    enum period per;
    struct slice about; /* id of the key, user or team, name of the app or model; "*": each */
    int64_t limit;      /* billionths */
    bool hard;
    struct budget *next; /* about the same */
};

struct membership {
    const struct store_object *team;
    bool pays; /* for the member's calls */
};

/* The budgets of a catalogue, and whose team a user is in. */
struct budgets {
    struct map by_subject; /* "user/ID" */
    struct map teams;      /* by their members' ids: struct membership */
    size_t count;
    size_t team_count;
    struct time_zone zone;
};

#define BUDGET_EACH   "*"
#define BUDGET_CLAIMS 64 /* of one call */

/* From an object's body; false: it is none. Texts may be in `a`. */
bool budget_read(struct json body, struct arena *a, struct budget *out);
/* From the objects of the catalogue; false: no memory. */
bool budgets_read(struct catalog *c);
void budgets_free(struct budgets *b);

/* Whom a call is for; what is empty is nobody. */
struct budget_subjects {
    struct slice of[BUDGET_MODEL]; /* by enum budget_on */
    int64_t at_ms;
};

/* A claim with the budget it comes from. */
struct budget_share {
    const struct budget *budget;
    struct slice provider; /* only what this one answers counts; .n 0: any */
    struct slice model;    /* the same */
};

struct budget_hit {
    struct budget_claim claims[BUDGET_CLAIMS];
    struct budget_share shares[BUDGET_CLAIMS];
    size_t count;
};

/* Add the claims of all that a call is about, then those of a model that may answer. False: no memory. */
bool budget_claims(const struct budgets *b, const struct budget_subjects *s, struct arena *a,
                   struct budget_hit *hit);
bool budget_model_claims(const struct budgets *b, struct slice provider, struct slice model,
                         int64_t at_ms, struct arena *a, struct budget_hit *hit);
/* Say for each claim whether what the row tells of counts. */
void budget_settle(struct budget_hit *hit, const struct usage_row *row);
/* What begins the counters of a budget; with `about`, the one counter. .p NULL: no memory. */
struct slice budget_counter(const struct budget *b, struct slice about, struct arena *a);

/* The team that the calls of a user with a key (NULL: without) are for; .team NULL: none. */
struct membership team_of(const struct catalog *c, struct slice user,
                          const struct catalog_key *key);

#endif
