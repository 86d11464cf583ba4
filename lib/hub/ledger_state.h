/* ledger_state.h - the inside of a ledger, for the two files that share it. */
#ifndef AIGNE_HUB_LEDGER_STATE_H
#define AIGNE_HUB_LEDGER_STATE_H

#include "hub/escrow.h"
#include "hub/ledger.h"
#include <pthread.h>
#include <stdatomic.h>

enum ledger_sleep {
    AWAKE,
    ASLEEP,
    DOZING /* until the next commit may begin: only who waits need wake it */
};

struct ledger {
    _Atomic(struct ledger_entry *) waiting; /* newest first */
    atomic_uint
        asleep; /* enum ledger_sleep: of the thread, or what it is about to; the futex */
    atomic_bool closing;
    atomic_bool visited; /* a caller writes on its own thread */
    struct ledger_options options;
    pthread_t thread;
    struct store_op *ops;
    size_t room;
    int64_t committed_us; /* when the last commit ended */
    int64_t emptied_us;   /* when the last one took what was in the spool */
    int64_t looked_us;    /* the last look at the escrows */
    int without_gap;      /* so many commits to come do not keep the distance */
    bool holding;         /* callers waited for the last commit to set something aside */
    int64_t ticked_us;
    struct unreleased *unreleased;
    struct escrows escrows;
    atomic_bool failing; /* the store did not take what is in the spool, or a hold */
    atomic_bool paused;
};

enum {
    SPOOLED_AT_ONCE = 512, /* entries that come from the spool in one transaction */
    /* Nobody waits for what is in the spool; who looks for it has it written. */
    LEDGER_SPOOL_GAP_US = 25000
};

size_t ledger_op_count(const struct ledger_entry *e);
bool ledger_make_room(struct ledger *l, size_t rows);
/* How much there is to do in the spool. */
size_t ledger_spooled(const struct ledger *l);
/* Until what is in the spool may be written, once there is some. */
int64_t ledger_until_due(const struct ledger *l);
/* Write what waits in the spool, and the entries from `first` to before `end`, which may be none. Whatever comes
 * of it, they are done with. */
void ledger_write_batch(struct ledger *l, struct ledger_entry *first, struct ledger_entry *end,
                        size_t rows);
/* Give back what is set aside ahead of calls that do not come. */
void ledger_cool(struct ledger *l, enum escrow_look look);
/* Once the store takes changes again: what had to wait for that. */
void ledger_catch_up(struct ledger *l);
/* What still waits then is only in the spool. */
void ledger_forget(struct ledger *l);

#endif
