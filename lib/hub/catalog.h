/* catalog.h - everything the request path must know, read whole from the store and never changed:
 * a new one replaces it when the store's version moves. Holders keep theirs until they let go. */
#ifndef AIGNE_HUB_CATALOG_H
#define AIGNE_HUB_CATALOG_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/map.h"
#include "base/ref.h"
#include "base/slice.h"
#include "chat/kind.h"
#include "hub/billing.h"
#include "hub/budget.h"
#include "hub/health.h"
#include "hub/limit.h"
#include "hub/policy.h"
#include "hub/price.h"
#include "hub/rotation.h"
#include "hub/routes.h"
#include "store/store.h"
#include "text/decimal.h"
#include "text/json_scan.h"
#include "vault/seal.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct vault_opened;

struct catalog_credential {
    struct slice id;
    struct slice name;
    struct slice provider;
    struct slice sealed;                    /* the envelope's bytes */
    _Atomic(struct vault_opened *) *opened; /* once it was, as long as the catalogue is there */
    struct slice masked;                    /* "sk-a****wxyz" */
    struct slice
        type; /* "api_key": the secret is the key; "access_key_pair": a JSON object with
                            access_key_id and secret_access_key */
    bool active;
    unsigned weight;             /* of the provider's calls, against its other ones */
    struct health_entry *health; /* NULL: nobody keeps it */
};

/* What the hub must know of a provider without knowing how to speak to it. */
struct hub_provider_facts {
    struct slice name; /* canonical: "google" for "gemini"; static text */
    bool keyless;      /* works without a credential */
    bool placeless;    /* has no usual place: an operator must say where it is */
    unsigned
        kinds; /* KIND_BIT of each kind of call it can be asked for; 0: nobody speaks to it */
};

/* The providers there are. The hub knows none by itself: whoever opens it, core, introduces them. */
struct hub_providers {
    /* False: nobody knows this name. It comes in any case of letters. */
    bool (*find)(struct slice name, struct hub_provider_facts *out);
    /* All names, aliases too, for advice; NULL past the end. */
    const char *(*name_at)(size_t index);
    /* AIGNE_E_REQUEST about what `config` of a provider of this type may not say. */
    int (*check_config)(struct slice type, struct json config, struct fault *why);
};

struct catalog_provider {
    struct slice name; /* canonical: "google", never "gemini"; or the operator's own: "groq" */
    struct slice type; /* what it is: its name, or of the operator's own "openai" */
    struct slice display_name; /* absent: none was given */
    struct slice base_url;     /* absent: the row's own */
    struct slice region;
    struct slice config; /* a JSON object; absent: none */
    bool enabled;
    bool keyless;
    unsigned kinds;
    struct catalog_credential *credentials; /* active ones first, in order of creation */
    size_t credential_count;
    size_t active_count;
    struct rotation rotation;       /* of the active ones */
    atomic_uint turn;               /* which slot is next */
    struct health_provider *health; /* NULL: nobody keeps it */
};

struct catalog_rate {
    struct slice id;
    struct slice provider;
    struct slice model;
    struct slice type;              /* "chat" */
    struct price_list prices;       /* in credits */
    const struct price_list *costs; /* in dollars; NULL: not known */
    int64_t answer_limit;           /* tokens that the model can answer with; 0: not known */
    int64_t context_window;         /* tokens of prompt and answer together; 0: not known */
    bool prefill;                   /* it goes on with words put into its mouth */
    bool deprecated;   /* offered no more: nobody is told of it, and it is no price */
    unsigned lacks;    /* what it is known not to be able to do, see fit.h */
    struct slice body; /* the whole object as JSON */
    struct catalog_rate *same_tail; /* the next one whose model ends in the same segment */
};

struct catalog_key {
    struct slice id;
    struct slice name;
    struct slice user; /* user id, may be empty */
    struct slice team; /* the id of the one that pays, may be empty */
    bool admin;
    bool revoked;
    int64_t expires_ms;          /* 0: never */
    struct slice hint;           /* its last four characters */
    const struct policy *policy; /* NULL: it says nothing */
    unsigned char hash[VAULT_HASH_SIZE];
};

struct catalog {
    struct ref ref;
    int64_t version;
    struct arena arena;
    struct catalog_provider *providers;
    size_t provider_count;
    struct catalog_rate *rates; /* sorted by provider, model, type; behind them the routes */
    size_t rate_count;
    size_t deprecated_count; /* just before `rates`; found by catalog_rate_object() alone */
    size_t listed_routes;    /* they have no provider */
    struct catalog_key *keys;
    size_t key_count;
    struct map providers_by_name;
    struct map rates_by_name; /* "provider/model/type" */
    struct map rates_by_tail; /* what follows the model's last slash */
    struct map keys_by_hash;
    struct map users_by_name; /* objects */
    struct catalog_route *routes;
    size_t route_count;
    struct map routes_by_name;
    bool routes_by_price; /* some route goes by it */
    bool fits_known;      /* of some rate's model it is known what it cannot do */
    const struct hub_providers *known;
    struct billing billing;
    const struct policy *policy; /* of the whole hub; NULL: the settings say nothing */
    struct budgets budgets;
    bool topups;                  /* there are some */
    struct limits *limits;        /* NULL: there are none */
    bool has_own;                 /* a provider under a name of the operator's own */
    struct store_object *objects; /* all of them by (table, id), for the verbs that list */
    size_t object_count;
};

/* The tables of the store. */
#define TABLE_PROVIDER   "provider"
#define TABLE_CREDENTIAL "credential"
#define TABLE_RATE       "rate"
#define TABLE_USER       "user"
#define TABLE_KEY        "key"
#define TABLE_TEAM       "team"
#define TABLE_BUDGET     "budget"
#define TABLE_TOPUP      "topup"
#define TABLE_SETTINGS   "settings"
#define TABLE_PRICES     "prices" /* where the list that was last taken is from */
#define SETTINGS_ID      "hub"    /* the one object of its table */
#define TABLE_ROUTE      "route"
#define TABLE_VAULT      "vault"
#define TABLE_LIMIT      "limit"
#define TABLE_HEALTH     "health" /* which credentials are disabled, by their ids */

int catalog_build(const struct store_type *type, struct store *store,
                  const struct hub_providers *known, struct catalog **out, struct fault *why);
void catalog_hold(struct catalog *c);
void catalog_drop(struct catalog *c); /* NULL is harmless */

struct catalog_provider *catalog_provider(const struct catalog *c, struct slice name);
/* Whether anybody knows a provider of this name, alias or case, and which: the operator's own come
 * first. What is told lives as long as the catalogue. */
bool catalog_facts(const struct catalog *c, struct slice name, struct hub_provider_facts *out);
/* May be asked now: enabled, spoken here, and with a credential unless it needs none. */
bool catalog_usable(const struct catalog_provider *p);
/* The same for one kind of call. */
bool catalog_does(const struct catalog_provider *p, enum chat_kind kind);
const struct catalog_rate *catalog_rate(const struct catalog *c, struct slice provider,
                                        struct slice model, struct slice type);
/* Its object, also when it is deprecated; NULL: there is none. */
const struct store_object *catalog_rate_object(const struct catalog *c, struct slice provider,
                                               struct slice model, struct slice type);
/* The key whose text is `secret`, also when revoked or expired; NULL: nobody's. */
const struct catalog_key *catalog_key(const struct catalog *c, struct slice secret);
/* The object of the user of that name; NULL: there is none. */
const struct store_object *catalog_user(const struct catalog *c, struct slice name);
/* Rates whose model ends in the last segment of `model`; follow same_tail. */
const struct catalog_rate *catalog_rates_like(const struct catalog *c, struct slice model);
/* The object (table, id), or NULL. */
const struct store_object *catalog_object(const struct catalog *c, const char *table,
                                          struct slice id);
/* All objects of a table, in the order of their ids. */
const struct store_object *catalog_objects(const struct catalog *c, const char *table,
                                           size_t *count);
/* For its readers: what an object says as "policy"; NULL: nothing. */
const struct policy *catalog_policy(struct catalog *c, struct json object);
/* Let the new catalogue go on taking credentials where the old one is. */
void catalog_inherit(struct catalog *to, const struct catalog *from);

#endif
