/* hub_state.h - the inside of a hub, for the files of this room that share it. */
#ifndef AIGNE_HUB_HUB_STATE_H
#define AIGNE_HUB_HUB_STATE_H

#include "hub/hub.h"
#include "hub/limiter.h"
#include <pthread.h>
#include <stdatomic.h>

/* The master keys that envelopes may be sealed under. None leaves before the hub closes: calls hold
 * catalogues from before a reseal. */
struct key_ring {
    struct vault_key *key;
    struct key_ring *older;
};

struct hub {
    struct ref ref;
    const struct store_type *type;
    struct store *store;
    struct ledger *ledger;
    struct spool *spool;
    struct events *events;
    struct health *health;
    struct limiter *limiter;
    const struct hub_providers *providers;
    pthread_mutex_t writing;  /* one changing verb at a time */
    pthread_mutex_t swapping; /* held for the pointer and its count only */
    struct catalog *catalog;
    atomic_int_least64_t version;
    _Atomic(struct key_ring *) keys;
    _Atomic(const struct vault_key *) key; /* the one to seal with */
    char *key_path;                        /* NULL: the key did not come from a file */
    bool poll_failed; /* on the ledger's thread only, as the next: said once, not every tick */
    bool sums_failed;
    int64_t retention_rest_ms; /* until then nothing is archived */
    atomic_int ticks_to_upkeep;
    int ticks_to_sums;  /* on the ledger's thread only, too */
    bool key_stale;     /* the credentials were sealed under a key we do not have */
    int64_t last_id_ms; /* under `writing`: ids rise, so that their order is that of creation */
};

/* Open an envelope with whichever key of the ring sealed it. */
int hub_open_envelope(struct hub *h, struct slice identity, struct slice envelope,
                      struct buf *out, struct fault *why);
/* Take the master key from the options, or make one, and see that it opens what is there. */
int hub_take_master_key(struct hub *h, const struct hub_options *options, struct fault *why);
void hub_free_keys(struct hub *h);
/* Let envelopes be opened with the key as well; the hub owns it from now on, also on failure. */
int hub_add_key(struct hub *h, struct vault_key *key, struct fault *why);
const struct vault_key *hub_key(struct hub *h);
void hub_use_key(struct hub *h, const struct vault_key *key);
/* Another process may have sealed everything under a new key: look into the key file again. */
void hub_follow_key(struct hub *h);

/* What an envelope is bound to, so that it opens in its own place only. */
#define IDENTITY_SIZE 256
struct slice credential_identity(char room[IDENTITY_SIZE], struct slice provider,
                                 struct slice id);
/* The object that tells whether a master key is the right one. */
#define CANARY_ID       "canary"
#define CANARY_IDENTITY "vault/canary"
#define CANARY_SECRET   "the master key fits"
/* {"sealed":"..."} for the canary under `key`. */
int canary_body(const struct vault_key *key, struct buf *out, struct fault *why);
/* AIGNE_E_CONFIG: it was sealed under another key. */
int canary_check(const struct vault_key *key, const struct store_object *canary,
                 struct fault *why);

#endif
