/* spool_record.h - an entry of the ledger as bytes, and the operations that become of them again. */
#ifndef AIGNE_HUB_SPOOL_RECORD_H
#define AIGNE_HUB_SPOOL_RECORD_H

#include "base/arena.h"
#include "hub/ledger.h"

/* How many bytes the entry takes: its rows and its release, not what else it asks for. */
size_t spool_record_size(const struct ledger_entry *e);
/* `doubtful`: it may be in the store already. */
void spool_record_write(char *to, const struct ledger_entry *e, bool doubtful);
/* At most so many operations become of it; 0: it is none. */
size_t spool_record_ops(struct slice record);
/* How many they are; 0: it is none, or there is no memory. Texts stay where they are, in the record. */
size_t spool_record_read(struct slice record, struct arena *a, struct store_op *ops);

#endif
