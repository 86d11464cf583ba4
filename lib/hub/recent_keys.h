/* recent_keys.h - access keys that came lately, found again with less work than by the hash they are stored under. */
#ifndef AIGNE_HUB_RECENT_KEYS_H
#define AIGNE_HUB_RECENT_KEYS_H

#include "hub/catalog.h"
#include "vault/seal.h"

#define RECENT_KEYS 32

/* One thread's, of one catalogue: to be forgotten before that goes. Zeroed, it knows none. */
struct recent_keys {
    bool ready;
    unsigned char secret[VAULT_SHORT_HASH_SIZE];
    struct recent_key {
        unsigned char hash[VAULT_SHORT_HASH_SIZE];
        const struct catalog_key *key; /* NULL: there is none here */
    } all[RECENT_KEYS];
};

/* As catalog_key. */
const struct catalog_key *recent_keys_find(struct recent_keys *r, const struct catalog *c,
                                           struct slice secret);
void recent_keys_forget(struct recent_keys *r);

#endif
