/* sqlite_money.h - accounts inside a transaction: each is read once, changed in memory, written once. */
#ifndef AIGNE_STORE_SQLITE_MONEY_H
#define AIGNE_STORE_SQLITE_MONEY_H

#include "base/arena.h"
#include "base/buf.h"
#include "store/store.h"

struct sqlite3;
struct sqlite3_stmt;

enum money_statement {
    MONEY_READ_ACCOUNT,
    MONEY_PUT_ACCOUNT,
    MONEY_ADD_HOLD,
    MONEY_READ_HOLD,
    MONEY_DROP_HOLD,
    MONEY_READ_ESCROW,
    MONEY_PUT_ESCROW,
    MONEY_USABLE_GRANTS,
    MONEY_DUE_GRANTS,
    MONEY_SET_GRANT,
    MONEY_NEXT_EXPIRY,
    MONEY_ADD_GRANT,
    MONEY_FIND_GRANT,
    MONEY_REVOKE_GRANT,
    MONEY_ADD_TRANSACTION,
    MONEY_READ_COUNTER,
    MONEY_PUT_COUNTER,
    MONEY_FORGET_COUNTERS,
    MONEY_ADD_SHARE,
    MONEY_READ_SHARES,
    MONEY_DROP_SHARES,
    MONEY_ADJUSTED,
    MONEY_ADD_ADJUSTMENT,
    MONEY_GROW_TRANSACTION,
    MONEY_GIVE_BACK,
    MONEY_STATEMENTS
};

struct money_account {
    struct slice id;
    int64_t balance;
    int64_t held;
    int64_t granted;
    int64_t spent;
    int64_t expired;
    int64_t revoked;
    int64_t archived;
    int64_t next_expiry_ms;
    int64_t owed; /* gone from the balance, not yet from the grants */
    bool changed;
    bool expiry_stale; /* next_expiry_ms must be looked up again */
};

/* A budget's counter. */
struct money_counter {
    struct slice id;
    int64_t starts_ms;
    int64_t spent;
    int64_t held;
    bool changed;
};

struct money_escrow;
struct money_note;

struct money_book {
    struct sqlite3 *db;
    struct sqlite3_stmt *statements[MONEY_STATEMENTS];
    struct money_account *accounts; /* of this transaction */
    size_t count;
    size_t capacity;
    size_t last;                    /* most changes in a row are about one account */
    struct money_counter *counters; /* of this transaction */
    size_t counter_count;
    size_t counter_capacity;
    struct arena texts;
    struct money_escrow *escrows; /* of this transaction, in the arena, as the notes */
    struct money_note *notes;
    struct money_note **next_note;
    int64_t next_place; /* of a hold */
    struct buf about;   /* of the hold that is noted */
};

/* All of them give SQLite result codes, unless they have a fault to fill. */
int money_book_open(struct money_book *b, struct sqlite3 *db);
void money_book_close(struct money_book *b);
/* A transaction begins, and ends: what the one before knew is forgotten, what this one changed written. */
void money_book_begin(struct money_book *b);
int money_book_finish(struct money_book *b);

/* Valid until another account is looked up. One that is not there has nothing. */
int money_account_find(struct money_book *b, struct slice id, struct money_account **out);
/* Take from the grants what is gone from the balance already; what they do not cover is a debt. */
int money_take_owed(struct money_book *b, struct money_account *a);
int money_next_expiry(struct money_book *b, struct money_account *a);

int money_debit(struct money_book *b, const struct usage_row *row);
int money_hold(struct money_book *b, struct money_op *op, int64_t owner);
int money_release(struct money_book *b, const struct money_op *op);
/* Write down a hold. */
int money_add_hold(struct money_book *b, const struct money_op *op, int64_t owner);
/* Change what is held of an account; "" is none. */
int money_change_held(struct money_book *b, struct slice account, int64_t by);
/* Whether the account covers it. */
int money_ask_account(struct money_book *b, struct money_op *op);
/* What the hold of the call hold->id at hold->place says of it, and its account, amount and claims; they live
 * until `money_book_begin`. hold->account.p NULL: there is no hold. */
int money_held_row(struct money_book *b, struct usage_row *row, struct money_op *hold);
int money_grant(struct money_book *b, const struct money_op *op, struct fault *why);
int money_restore(struct money_book *b, const struct money_op *op, struct fault *why);
int money_revoke(struct money_book *b, const struct money_op *op, struct fault *why);
int money_payment(struct money_book *b, const struct money_op *op, struct fault *why);
/* Take the difference from the account, or give it back as a grant. SQLITE_BUSY_SNAPSHOT: it was adjusted by
 * another amount before. */
int money_adjust(struct money_book *b, const struct adjustment *j);
int money_add_transaction(struct money_book *b, const struct money_account *a, const char *kind,
                          int64_t amount, const struct money_op *about);
/* Take what has expired by now from the account; what is held for calls stays until it is not. */
int money_expire(struct money_book *b, struct slice account, int64_t now_ms);

/* ---- holds ahead of their calls: sqlite_escrow.c ---- */

void money_escrows_begin(struct money_book *b);
int money_escrow(struct money_book *b, struct money_op *op, int64_t owner);
/* A hold that is written down at the end, unless its call is over by then. */
int money_note(struct money_book *b, const struct money_op *op);
/* Whether the call was noted in this transaction: then that was all there was to write. */
bool money_note_ends(struct money_book *b, const struct money_op *op);
int money_escrows_write(struct money_book *b);

/* ---- budgets: sqlite_counters.c ---- */

/* The hard budget that `amount` more would exceed, or NULL; each claim is told what is used. */
int money_counters_ask(struct money_book *b, struct money_op *op);
/* The hold was taken: note it, with its counters. */
int money_counters_hold(struct money_book *b, const struct money_op *op);
int money_counters_release(struct money_book *b, const struct money_op *op);
int money_counters_spend(struct money_book *b, const struct usage_row *row);
/* The claims of a hold. */
int money_counters_of(struct money_book *b, struct slice call_id, struct money_op *hold);
int money_counters_write(struct money_book *b);

#endif
