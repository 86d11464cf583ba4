/* ledger.h - the thread that writes: usage rows of many calls, one transaction for all that wait. */
#ifndef AIGNE_HUB_LEDGER_H
#define AIGNE_HUB_LEDGER_H

#include "base/fault.h"
#include "store/store.h"

/* What a call asks to be recorded. The memory is the caller's and must live until `done`, which is
 * called once, on the ledger's thread, after the commit (rc AIGNE_OK) or its final failure. */
struct ledger_entry {
    struct ledger_entry *next;
    const struct usage_row *rows;
    size_t row_count;
    int rc;
    void (*done)(struct ledger_entry *self);
};

#endif
