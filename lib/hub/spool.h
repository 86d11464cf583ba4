/* spool.h - records that the store could not take, until it can: in memory, and in a file beside the database
 * that outlives the process. One thread at a time. */
#ifndef AIGNE_HUB_SPOOL_H
#define AIGNE_HUB_SPOOL_H

#include "hub/ledger.h"

struct spool;

/* Says how far a spool came, in the transaction of what came from it. */
#define TABLE_SPOOL "spool"

/* `database` names the file, .p NULL: in memory only. A file that a process left behind is taken over, so
 * there may be records at once. */
int spool_open(struct slice database, const struct store_type *type, struct store *store,
               struct spool **out, struct fault *why);
void spool_close(struct spool *s); /* NULL is harmless; what waits stays in the file */
/* Keep the entry's rows and its release; false: there is no room, nothing is kept. */
bool spool_keep(struct spool *s, const struct ledger_entry *e);
/* Whether every record that waits has reached the file. */
bool spool_safe(const struct spool *s);
size_t spool_waiting(const struct spool *s); /* entries */
/* Hand the oldest of them to the store; with none it is only asked whether it takes a change. */
int spool_replay(struct spool *s, struct fault *why);

#endif
