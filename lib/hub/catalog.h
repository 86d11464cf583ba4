/* catalog.h - everything the request path must know, read whole from the store and never changed:
 * a new one replaces it when the store's version moves. Holders keep theirs until they let go. */
#ifndef AIGNE_HUB_CATALOG_H
#define AIGNE_HUB_CATALOG_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/map.h"
#include "base/ref.h"
#include "base/slice.h"
#include "store/store.h"
#include "text/decimal.h"
#include "vault/seal.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct catalog_credential {
    struct slice id;
    struct slice name;
    struct slice provider;
    struct slice sealed; /* the envelope's bytes */
    struct slice masked; /* "sk-a****wxyz" */
    bool active;
};

struct catalog_provider {
    struct slice name;     /* canonical: "google", never "gemini" */
    struct slice base_url; /* absent: the row's own */
    struct slice region;
    bool enabled;
    struct catalog_credential *credentials; /* active ones first, in order of creation */
    size_t credential_count;
    size_t active_count;
    atomic_uint turn; /* which credential is next */
};

struct catalog_rate {
    struct slice id;
    struct slice provider;
    struct slice model;
    struct slice type;       /* "chat" */
    decimal_wide input_rate; /* credits per token, 18 digits after the point */
    decimal_wide output_rate;
    decimal_wide read_rate;  /* cached prompt tokens; -1: charged as input */
    decimal_wide write_rate; /* written to the cache; -1: charged as input */
    struct slice body;       /* the whole object as JSON */
};

struct catalog_key {
    struct slice id;
    struct slice name;
    struct slice user; /* user id, may be empty */
    bool admin;
    bool revoked;
    int64_t expires_ms; /* 0: never */
    unsigned char hash[VAULT_HASH_SIZE];
};

struct catalog {
    struct ref ref;
    int64_t version;
    struct arena arena;
    struct catalog_provider *providers;
    size_t provider_count;
    struct catalog_rate *rates; /* sorted by provider, model, type */
    size_t rate_count;
    struct catalog_key *keys;
    size_t key_count;
    struct map providers_by_name;
    struct map rates_by_name; /* "provider/model/type" */
    struct map keys_by_hash;
    struct store_object *objects; /* all of them, for the verbs that list */
    size_t object_count;
};

int catalog_build(const struct store_type *type, struct store *store, struct catalog **out,
                  struct fault *why);
void catalog_hold(struct catalog *c);
void catalog_drop(struct catalog *c); /* NULL is harmless */

struct catalog_provider *catalog_provider(const struct catalog *c, struct slice name);
const struct catalog_rate *catalog_rate(const struct catalog *c, struct slice provider,
                                        struct slice model, struct slice type);
/* The key whose text is `secret`, also when revoked or expired; NULL: nobody's. */
const struct catalog_key *catalog_key(const struct catalog *c, struct slice secret);

#endif
