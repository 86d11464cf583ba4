/* escrow.h - credit that is set aside ahead of the calls of who makes many.
 *
 * What a call may cost is set aside in the store before it begins, and the call waits for that. Of an account with
 * many calls the ledger's thread sets more aside than they ask for; those that come next take their amount out of it
 * in memory, and what the store must know of them goes the way of the records. It is a small part of what is free,
 * so the last of a balance is always given out by the store, and it goes back when nobody takes of it. */
#ifndef AIGNE_HUB_ESCROW_H
#define AIGNE_HUB_ESCROW_H

#include "base/fault.h"
#include "store/store.h"
#include <pthread.h>

enum { ESCROWS = 64 }; /* accounts at once: more cannot have so many calls */

struct escrow {
    char *account; /* NULL: of none */
    size_t n;
    int64_t place;
    int64_t owner;
    int64_t left;
    int64_t available; /* in the account besides, when the store was last asked */
    int64_t largest;   /* that a call asked for since the last look */
    int64_t calls;     /* the same: how many there were */
    int64_t taken;     /* calls that had enough here, since the last tick */
    bool changing;
    bool recalled;
};

struct escrows {
    pthread_mutex_t lock;
    struct escrow all[ESCROWS];
    int64_t next_place; /* for a hold */
    /* Changes on their way to the store: the ledger's thread's. */
    struct money_op changes[ESCROWS];
    struct escrow *changing[ESCROWS];
    size_t count;
};

void escrows_init(struct escrows *es);
void escrows_free(struct escrows *es);

/* Hold op->amount of op->account: true when there is enough of it set aside. Any thread. */
bool escrow_take(struct escrows *es, struct money_op *op);
/* That hold came to nothing. Any thread. */
void escrow_untake(struct escrows *es, const struct money_op *op);
/* Somebody was refused: whether something of his account is set aside, or on its way back, which with the next
 * ESCROW_RECALL it is. Any thread. */
bool escrow_recall(struct escrows *es, struct slice account);

enum escrow_look {
    ESCROW_REFILL, /* by what was asked for since the last look */
    ESCROW_COOL,   /* what hardly anybody took of since the last time goes back */
    ESCROW_RECALL, /* what was recalled goes back */
    ESCROW_CLOSE   /* all goes back */
};
/* Put the changes of amounts that are due now into `ops`, ESCROWS at most; then say what became of them. One thread
 * at a time. */
size_t escrows_change(struct escrows *es, enum escrow_look look, struct store_op *ops);
void escrows_changed(struct escrows *es, bool written);

#endif
