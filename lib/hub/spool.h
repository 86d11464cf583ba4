/* spool.h - records on their way to the store.
 *
 * A call that is over puts its record here and need not wait for the store: in memory, and in a file beside
 * the database, so that it outlives the process. The ledger's thread brings records to the store, many in one
 * transaction, in which the store also keeps how far the file has come: whoever dies when, each is there once.
 * While the store takes no changes, they wait. */
#ifndef AIGNE_HUB_SPOOL_H
#define AIGNE_HUB_SPOOL_H

#include "hub/ledger.h"

struct spool;

/* `database` names the file beside which they wait, .p NULL: in memory only, as what it is for. */
int spool_open(struct slice database, const struct store_type *type, struct store *store,
               struct spool **out, struct fault *why);
void spool_close(struct spool *s); /* NULL is harmless; what waits stays in the file */
enum spool_need {
    SPOOL_LIKE_STORE, /* as safe as what is in the store */
    SPOOL_ON_DISK,    /* also when the power fails, if it can be; in memory at least */
    SPOOL_MAYBE_THERE /* the same; and the store may have it already */
};
/* Keep the rows and the release of each entry from `first` on, and say in its `rc` whether that could be done.
 * Any thread. */
void spool_keep(struct spool *s, struct ledger_entry *first, enum spool_need need);
size_t spool_waiting(const struct spool *s); /* entries; any thread */

/* The rest is for one thread at a time. What was handed out before and is in the store, although that seemed to
 * fail, is done with. */
int spool_settle(struct spool *s, struct fault *why);
/* Records of the oldest entries, at most so many, as operations for one
 * transaction, with that which keeps count: how many there will be; 0: nothing waits. */
size_t spool_next(struct spool *s, size_t most);
/* Fill them in: how many there are; 0: no memory. */
size_t spool_put(struct spool *s, struct store_op *ops);
/* They are in the store. */
void spool_took(struct spool *s);
/* Bring all that waits to the store, until it fails; with nothing it is only asked whether it takes a change. */
int spool_replay(struct spool *s, struct fault *why);
/* The same for what processes left that are gone. AIGNE_AGAIN: another one is at it. */
int spool_adopt(struct spool *s, struct fault *why);
/* What other processes keep now will be in the store soon: wait for it, but not for long. Any thread. */
void spool_await_others(struct spool *s);

#endif
