/* store.h - where the hub keeps what must survive it.
 *
 * Objects are JSON documents under (table, id) with a version that rises with each change; usage
 * rows are appended. All functions block and none is called on a loop's thread. A store may be used
 * by several threads, and its file by several processes. */
#ifndef AIGNE_STORE_STORE_H
#define AIGNE_STORE_STORE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/slice.h"
#include "chat/usage.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One attempt at a provider, or one call that never came to an attempt. Texts are borrowed. */
struct usage_row {
    struct slice id;      /* unique; tried again after a failed apply, it is kept once */
    struct slice call_id; /* what the caller sees; attempts of one call share it */
    int64_t started_ms;   /* wall clock */
    struct slice user;
    struct slice key_id;    /* access key */
    struct slice app;       /* x-aigne-hub-client-did or "" */
    struct slice type;      /* "chat" */
    struct slice ingress;   /* "aigne", "openai", "library" */
    struct slice model;     /* as resolved, the provider's name for it */
    struct slice requested; /* as the caller named it */
    struct slice provider;
    struct slice credential; /* id */
    struct slice status;     /* "success", "error", "cancelled" */
    struct slice error;      /* code name and sentence, "" on success */
    int http_status;         /* the provider's, 0: none came */
    int attempt;             /* from 1; 0: no attempt was made */
    bool streamed;
    bool estimated;
    struct usage usage;
    bool charged;    /* a rate was known: credits count */
    int64_t credits; /* billionths */
    bool costed;     /* what it cost the operator is known */
    int64_t cost;    /* billionths of a dollar */
    int64_t duration_us;
    int64_t first_byte_us;   /* -1: none came */
    struct slice request_id; /* the provider's own */
    struct slice dropped; /* members of the request that it could not be told; "" when none */
    struct slice account; /* whose balance the credits are taken from; "" when nobody's */
    struct budget_claim *claims; /* to which its credits are added; not told when read */
    size_t claim_count;
    struct slice explained; /* JSON: the way of the call that ended so; .p NULL */
    /* When it was put aside because the store took no changes (hub/spool.h): it may have got there all the
     * same, and is looked for. 0: it was not. */
    int64_t spooled_ms;
};

/* A call's share in one budget's counter. */
struct budget_claim {
    struct slice counter; /* which budget, and of whom; unique */
    int64_t starts_ms;    /* of the period; 0: there is only one */
    int64_t limit;        /* billionths */
    bool hard;            /* a hold beyond the limit is refused */
    bool unspent; /* the call's row does not count: what answered is not what this is about */
    int64_t
        used; /* of a HOLD: what was spent and held before it; of a row: what is spent with it */
};

enum store_op_kind {
    STORE_USAGE = 1, /* append `usage`, and take its credits from its account */
    STORE_PUT,       /* write `body` under (table, id) */
    STORE_DROP,      /* remove (table, id); removing what is not there succeeds */
    STORE_CHECK,     /* write nothing, but insist on expected_version */
    STORE_HOLD,      /* the others are about `money` */
    STORE_RELEASE,
    STORE_INTERRUPT,
    STORE_ESCROW,
    STORE_NOTE,
    STORE_GRANT,
    STORE_REVOKE,
    STORE_RESTORE,
    STORE_PAYMENT,
    STORE_RATE,   /* append `rate` to the history of rates */
    STORE_ADJUST, /* book `adjustment` */
    STORE_ANSWER, /* keep `answer`, instead of one under the same key */
    STORE_MARK    /* remember `mark` under `id`; a place of 0: forget it */
};

/* How far a file of records (hub/spool.h) has come into the store, in the transaction of those that came. */
struct store_mark {
    int64_t number; /* of the last record */
    int64_t place;  /* behind it; not 0 */
};

#define STORE_NEVER INT64_MAX /* when a grant without an end expires */

/* What is told of a payment, and only ever adds to what is known of it: zero and "" say nothing. */
struct payment_note {
    int64_t paid;     /* in the smallest unit of its currency, as the next */
    int64_t refunded; /* of it, all in all */
    bool bought;
    struct slice dispute; /* its id */
    enum { DISPUTE_NONE, DISPUTE_OPEN, DISPUTE_LOST, DISPUTE_WON } state;
};

/* A change of an account. Amounts are billionths of a credit, none is negative. */
struct money_op {
    struct slice id; /* of the call, or of the grant */
    /* Where the hold of that call is noted: HOLD tells it, RELEASE and INTERRUPT name it. 0: nowhere. */
    int64_t place;
    struct slice account;
    int64_t amount;
    int64_t at_ms;
    /* HOLD: set the amount aside until RELEASE, if balance - held + overdraft covers it and no hard budget
     * is exceeded; what has expired is not counted. Without an account, only the budgets count. RELEASE names the same account and amount. INTERRUPT releases and records `row` as the end of the call. */
    int64_t overdraft;
    const struct usage_row *row;
    /* ESCROW: set so much more aside at `place` for calls that are yet to come, if that is a small part of what is
     * free, or give so much back where it is negative; `owner` is told. NOTE: the call holds its amount, at a
     * place of its own, out of the `escrow` of that owner. */
    int64_t owner;
    int64_t escrow;
    /* GRANT: once for each id. REVOKE: take back what remains, or with `whole` what was spent of it too.
     * RESTORE: give what a revocation of the grant `source` took back, as a grant of its own.
     * PAYMENT: note what is told of the payment `id`, for `amount` in all, and let its grant be what follows.
     * http 404: there is no such grant. */
    const struct payment_note *payment;
    struct slice source;
    struct slice note;
    int64_t expires_ms; /* STORE_NEVER: it does not */
    int priority;       /* smaller ones are used first */
    bool whole;
    /* What came of a HOLD once its transaction is committed. */
    bool refused;
    bool unheld; /* the store failed: nothing was set aside, the call may go on all the same */
    int64_t available; /* there was only so much */
    /* HOLD, RELEASE: the budgets that it is part of; `broken` is the one that refused it. */
    struct budget_claim *claims;
    size_t claim_count;
    const struct budget_claim *broken;
};

/* What a counter came to. */
struct budget_state {
    struct slice counter;
    int64_t spent;
    int64_t held;
};

enum money_report {
    MONEY_ACCOUNT = 1,
    MONEY_ACCOUNTS,
    MONEY_TRANSACTIONS,
    MONEY_ADJUSTMENTS,
    MONEY_CHECK
};

struct money_query {
    enum money_report report;
    struct slice account; /* .p NULL: all */
    int64_t page;         /* from 1 */
    int64_t page_size;
    int64_t since_ms; /* of transactions: not before this, and before that */
    int64_t until_ms;
};

/* A change of a rate: what its object was and became ("" when there was or is none), and since when that
 * counts, which may be before it was made. Of those that count for a moment the last one made holds. */
struct rate_record {
    struct slice provider;
    struct slice model;
    struct slice type;
    struct slice kind; /* "manual_update" */
    struct slice who;
    struct slice note;
    struct slice before;
    struct slice after;
    int64_t at_ms;
    int64_t since_ms;
};

struct rate_query {
    struct slice provider; /* .p NULL: any, as the next two */
    struct slice model;
    struct slice type;
    int64_t skip;
    int64_t most; /* -1: all */
};

/* A past call costs another amount: the difference is taken from its account or given back to it, once for
 * each run. 409: others adjusted the row since it was read. */
struct adjustment {
    struct slice row_id;
    struct slice call_id;
    struct slice account;
    struct slice
        run; /* the id of all that is adjusted together: one transaction for each account */
    struct slice note;
    int64_t credits; /* more, or less when negative */
    int64_t earlier; /* sum of what the row was adjusted by before */
    int64_t at_ms;
};

/* Rows that an account paid for, oldest first, with what they were adjusted by. Their texts but what names
 * the call, its rate and its account are empty. */
struct paid_row {
    int64_t place;
    struct usage_row row;
    int64_t adjusted;
};

struct paid_query {
    struct slice provider; /* .p NULL: any */
    struct slice model;
    int64_t from_ms;
    int64_t until_ms;
    int64_t after_place;
    size_t most;
};

/* An answer that may be given again; what it says is sealed. Where `tidy`, those over `most_bytes` in
 * all leave, the oldest first. */
struct answer_op {
    struct slice key;
    struct slice sealed;
    int64_t at_ms;
    int64_t until_ms;
    int64_t most_bytes;
    bool tidy; /* see to what has expired or is too much, which takes a look at all of them */
};

#define STORE_ANY_VERSION ((int64_t)-1)
#define STORE_ABSENT      ((int64_t)0) /* PUT only when there is nothing yet */

struct store_op {
    enum store_op_kind kind;
    struct slice table;
    struct slice id;
    struct slice body; /* a JSON object */
    int64_t
        expected_version; /* AIGNE_E_REQUEST with http 409 for the whole batch when it differs */
    const struct usage_row *usage;
    struct money_op *money;
    const struct rate_record *rate;
    const struct adjustment *adjustment;
    const struct answer_op *answer;
    const struct store_mark *mark;
};

struct store_object {
    struct slice table;
    struct slice id;
    struct slice body;
    int64_t version;
};

enum usage_report { USAGE_SERIES = 1, USAGE_SUMMARY, USAGE_TOP };
struct usage_question {
    enum usage_report report;
    struct slice arguments; /* a checked JSON object: usage.series and the others */
    int64_t now_ms;
};

typedef void (*usage_take_fn)(void *user, const struct usage_row *row);

struct store;
struct store_type {
    const char *scheme; /* "sqlite", "memory" */
    /* Open, create and migrate. `durable`: a commit survives power loss, not only a killed process. */
    int (*open)(struct slice where, bool durable, struct store **out, struct fault *why);
    /* All objects and the version of the whole, which rises with every PUT and DROP by anybody. */
    int (*load)(struct store *s, struct arena *a, struct store_object **objects, size_t *count,
                int64_t *version, struct fault *why);
    int (*version)(struct store *s, int64_t *out, struct fault *why);
    /* All of it in one transaction, or none. */
    int (*apply)(struct store *s, const struct store_op *ops, size_t count, struct fault *why);
    /* Usage rows as {"count":N,"list":[...]}; `filters` is a checked JSON object (usage.list). */
    int (*usage_list)(struct store *s, struct slice filters, struct buf *json,
                      struct fault *why);
    /* At most so many rows, the newest first, from before `*cursor` on, which becomes that of the last one;
     * it is INT64_MAX at first. NULL: this store does not tell them so. */
    int (*usage_each)(struct store *s, struct slice filters, int64_t most, int64_t *cursor,
                      usage_take_fn take, void *user, struct fault *why);
    /* Accounts as JSON; NULL, with the next: this store keeps none. */
    int (*money_list)(struct store *s, const struct money_query *query, struct buf *json,
                      struct fault *why);
    /* The counters of a period that begin with `prefix`, at most `most`, the fullest first. */
    int (*budget_list)(struct store *s, struct slice prefix, int64_t starts_ms, size_t most,
                       struct arena *a, struct budget_state **out, size_t *count,
                       struct fault *why);
    /* From time to time: end what has expired, and see which processes are gone that held something:
     * AIGNE_AGAIN: some are. Once what they left is recorded, end_orphans settles what they held. */
    int (*money_upkeep)(struct store *s, int64_t now_ms, struct fault *why);
    int (*end_orphans)(struct store *s, int64_t now_ms, struct fault *why);
    /* What was remembered under `id`; unchanged when nothing was. */
    int (*mark)(struct store *s, struct slice id, struct store_mark *out, struct fault *why);
    /* Every few seconds, and after AIGNE_AGAIN soon again, on one thread: bring the sums of usage rows, which
     * reports are made from, up to date. NULL, with the next: this store keeps none. */
    int (*roll_up)(struct store *s, int64_t now_ms, struct fault *why);
    /* Move some of the rows recorded before then into archives, or only count all of them; 0 moved: there
     * are no more. */
    int (*archive)(struct store *s, int64_t until_ms, bool dry, int64_t *moved,
                   struct fault *why);
    int (*usage_report)(struct store *s, const struct usage_question *question,
                        struct buf *json, struct fault *why);
    /* Changes of rates, the newest first; NULL, with the next: this store keeps no history. */
    int (*rate_history)(struct store *s, struct arena *a, const struct rate_query *query,
                        struct rate_record **records, size_t *count, struct fault *why);
    int (*usage_paid)(struct store *s, struct arena *a, const struct paid_query *query,
                      struct paid_row **rows, size_t *count, struct fault *why);
    /* Append what is kept under the key, still sealed; nothing when there is none. NULL: this store keeps no
     * answers and takes no STORE_ANSWER. */
    int (*answer_get)(struct store *s, struct slice key, int64_t now_ms, struct buf *sealed,
                      struct fault *why);
    void (*close)(struct store *s);
};

/* For stores: an object is not at the version an operation expects. */
int store_conflict(const struct store_op *op, struct fault *why);

extern const struct store_type store_sqlite;
/* The same without a file, gone when it is closed. The newest STORE_MEMORY_ROWS usage rows are kept: a
 * program may run on it for ever. */
#define STORE_MEMORY_ROWS 10000
extern const struct store_type store_memory;

#endif
