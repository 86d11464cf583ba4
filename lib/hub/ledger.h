/* ledger.h - the thread that writes: usage rows, holds and releases of many calls, one transaction for all
 * that wait, and for what waits in the spool. */
#ifndef AIGNE_HUB_LEDGER_H
#define AIGNE_HUB_LEDGER_H

#include "base/fault.h"
#include "store/store.h"
#include <stdbool.h>

/* What a call asks to be recorded. The memory is the caller's and must live until `done`, which is
 * called once, on the ledger's thread, after the commit (rc AIGNE_OK) or its final failure. */
struct ledger_entry {
    struct ledger_entry *next;
    const struct usage_row *rows;
    size_t row_count;
    struct money_op *money; /* NULL: none. A STORE_HOLD's result is in it when rc is AIGNE_OK */
    enum store_op_kind money_kind;
    const struct answer_op *answer; /* NULL: none */
    int rc;
    void (*done)(struct ledger_entry *self);
};

struct ledger;
struct spool;

struct ledger_options {
    const struct store_type *type;
    struct store *store;
    void (*tick)(
        void *user); /* called on the ledger's thread every LEDGER_TICK_MS; may be NULL */
    void *user;
    struct spool *spool; /* where records wait; NULL: what the store does not take is lost */
    bool wait;           /* who has a record waits until it is in the store */
};

#define LEDGER_TICK_MS 250

int ledger_open(const struct ledger_options *options, struct ledger **out, struct fault *why);
/* Any thread; waits for nothing. `done` must not close the ledger. */
void ledger_submit(struct ledger *l, struct ledger_entry *entry);
/* The same in two: who has several entries wakes it once, behind the last, and they share a commit. */
void ledger_enqueue(struct ledger *l, struct ledger_entry *entry);
void ledger_wake(struct ledger *l);
/* Whether the entry's record may be kept (false: submit it), and that of a hold: it is then taken from what is set
 * aside ahead. */
bool ledger_may_keep(const struct ledger *l, const struct ledger_entry *entry);
bool ledger_hold(struct ledger *l, struct ledger_entry *entry);
/* Keep the records of the entries from `first` on, which may be kept, where they are as safe as in the store, and
 * see that they come there soon. Those whose `rc` is AIGNE_OK then are done with, and `done` is not called; the
 * others are to be submitted. */
void ledger_keep(struct ledger *l, struct ledger_entry *first);
/* Wait until all that was kept before, by other processes too, is in the store, unless that fails. Not on the
 * ledger's thread. */
void ledger_flush(struct ledger *l);
/* Write the entry on the caller's own thread, which blocks for it: for who has nothing else to do
 * meanwhile. True: it is committed, and `done` is not called. False: somebody else is writing, or it
 * failed; submit it. */
bool ledger_write_here(struct ledger *l, struct ledger_entry *entry);
/* Record what was submitted, end the thread; NULL is harmless. Nobody may submit any more. */
void ledger_close(struct ledger *l);

/* Whether the store takes no changes, or records wait that it did not take. Any thread. */
bool ledger_failing(const struct ledger *l);
/* What may pass by itself: a full disk, a lock, no memory. */
bool ledger_passing(int rc, const struct fault *why);
/* Nothing is lost silently: what cannot be stored is at least said, with what it takes to bill it. */
void ledger_report_lost(const struct usage_row *row, const struct fault *why);
/* Let records wait, as if the store failed, until it is said again. */
void ledger_pause(struct ledger *l, bool paused);

#endif
