/* hub.h - the hub as the coordinator sees it: who may, where to, with which key, and the record.
 *
 * Thread-safe. Knows the store, the vault and the catalogue; nothing of networks or formats. */
#ifndef AIGNE_HUB_HUB_H
#define AIGNE_HUB_HUB_H

#include "base/buf.h"
#include "base/fault.h"
#include "base/slice.h"
#include "hub/catalog.h"
#include "hub/ledger.h"
#include "hub/recent_keys.h"
#include <stdbool.h>
#include <stdint.h>

struct hub;
struct limiter;
struct events;

struct hub_options {
    struct slice data;       /* path of the SQLite file; ":memory:" for one without a file */
    bool durable;            /* commits survive power loss, not only a killed process */
    struct slice master_key; /* see vault_key_of; absent: the file */
    struct slice master_key_file;          /* absent: data + ".key" */
    const struct hub_providers *providers; /* which there are; static */
    const struct store_type *store;        /* NULL: by `data` */
};

/* Open; create, migrate and make the key file on first use. Refuses (AIGNE_E_CONFIG) a master key
 * that cannot open the credentials already there. */
int hub_open(const struct hub_options *options, struct hub **out, struct fault *why);
void hub_hold(struct hub *h);
void hub_drop(struct hub *h); /* the last one flushes the ledger and closes */
/* No access key has ever been made: a fresh database. */
bool hub_is_new(struct hub *h);

/* The current catalogue, held for the caller. Costs a few nanoseconds; waits for nothing. */
struct catalog *hub_catalog(struct hub *h);
/* Rises when the catalogue is replaced: a cheap way to see that a held one is still current. */
int64_t hub_catalog_version(const struct hub *h);

/* Replace the catalogue if the store's version moved. Happens by itself several times a second; this is
 * for who cannot wait. Blocks. */
int hub_refresh(struct hub *h, struct fault *why);

/* Append the credential's secret to `out`; wipe it after use. */
int hub_open_secret(struct hub *h, const struct catalog_credential *credential, struct buf *out,
                    struct fault *why);

/* Answers that may be given again, under a hash of who asked for what: whether this hub's store takes them;
 * the envelope of one, for a ledger entry; and what was kept, nothing appended when there is none. The last
 * blocks. */
bool hub_keeps_answers(const struct hub *h);
int hub_seal_answer(struct hub *h, struct slice key, struct slice answer, struct buf *out,
                    struct fault *why);
int hub_find_answer(struct hub *h, struct slice key, int64_t now_ms, struct buf *out,
                    struct fault *why);

/* Who presents `secret`: AIGNE_OK and the key, or AIGNE_E_AUTH (http 401) saying unknown, expired or
 * revoked in one and the same way. The key lives as long as `c`. `recent`: those of `c` that are remembered; NULL:
 * none are. */
int hub_who(const struct catalog *c, struct recent_keys *recent, struct slice secret,
            int64_t wall_ms, const struct catalog_key **out, struct fault *why);

/* Who uses how much of the catalogue's limits; the hub's, as long as that is open. */
struct limiter *hub_limiter(const struct hub *h);

/* What changes by itself is told here; the hub's. */
struct events *hub_events(const struct hub *h);

/* Record; see ledger.h. Never blocks. */
void hub_record(struct hub *h, struct ledger_entry *entry);
/* The same in two: see ledger_enqueue. */
void hub_record_later(struct hub *h, struct ledger_entry *entry);
void hub_record_now(struct hub *h);
/* The same for what need not be in the store yet, and for what a call may cost: see ledger_keep. */
bool hub_may_keep(struct hub *h, const struct ledger_entry *entry);
bool hub_set_aside(struct hub *h, struct ledger_entry *entry);
void hub_keep(struct hub *h, struct ledger_entry *first);
/* The same on the caller's thread, see ledger_write_here. */
bool hub_record_here(struct hub *h, struct ledger_entry *entry);

/* The store takes no changes now. Costs next to nothing. */
bool hub_failing(const struct hub *h);

/* An administrator's verb with JSON arguments (hub/verbs.c has the table). Blocks: not for loops. */
int hub_do(struct hub *h, const char *verb, struct slice arguments, struct buf *json,
           struct fault *why);
/* The same for somebody, whom records of the change name. */
int hub_do_as(struct hub *h, struct slice who, const char *verb, struct slice arguments,
              struct buf *json, struct fault *why);

/* One verb of the table, for help and reference pages. */
struct hub_verb {
    const char *name;      /* "credential.put" */
    const char *arguments; /* JSON Schema of its arguments */
    const char *doc;       /* one sentence */
};
const struct hub_verb *hub_verb_at(size_t index); /* NULL past the end */

#endif
