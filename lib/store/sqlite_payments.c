/* Knows what is known of each payment, and which grant follows from it; refuses to know who tells it, how often
 * and in which order: what is told is only ever added, and the grant is made anew when it should be another. */
#include "base/mem.h"
#include "store/sqlite_store.h"
#include "text/decimal.h"
#include <aignehub/aignehub.h>
#include <sqlite3.h>
#include <stdio.h>

enum { NUMBER_SIZE = 24 };

struct payment {
    struct slice account;
    int64_t credits;
    int64_t paid;
    int64_t refunded;
    int64_t given;  /* of its grant that counts */
    int64_t grants; /* made so far: each has an id of its own */
    bool owed;      /* it was bought, and nobody disputes it */
};

static void finalize(struct sqlite3_stmt **statement)
{
    sqlite3_finalize(*statement);
}

/* Numbers from ?1 on, then texts. */
static int run(struct money_book *b, const char *sql, const int64_t *numbers, int count,
               const struct slice *texts, int text_count)
{
    struct sqlite3_stmt *statement AUTO(finalize) = NULL;
    int rc = sqlite3_prepare_v2(b->db, sql, -1, &statement, NULL);
    if (rc)
        return rc;
    for (int i = 0; i < count; i++)
        sqlite3_bind_int64(statement, 1 + i, numbers[i]);
    for (int i = 0; i < text_count; i++)
        sqlite_bind(statement, 1 + count + i, texts[i]);
    return sqlite_run(statement);
}

/* A grant of that name may be older than what is known of payments. */
static int note(struct money_book *b, const struct money_op *op)
{
    const struct payment_note *n = op->payment;
    const int64_t numbers[] = {op->amount, n->paid, n->refunded, n->bought};
    const struct slice texts[] = {op->id, op->account};
    const int64_t state[] = {n->state};
    const struct slice dispute[] = {op->id, n->dispute};
    int rc = run(b,
                 "INSERT INTO payments SELECT ?5, ?6, ?1, ?2, ?3, ?4 OR count(*) > 0,"
                 " coalesce(sum(amount) FILTER (WHERE revoked_ms = 0), 0), count(*)"
                 " FROM grants WHERE id = ?5 ON CONFLICT DO UPDATE SET"
                 " account = iif(account = '', excluded.account, account),"
                 " credits = max(credits, excluded.credits), paid = max(paid, excluded.paid),"
                 " refunded = max(refunded, excluded.refunded),"
                 " bought = bought OR excluded.bought",
                 numbers, 4, texts, 2);
    if (!rc && n->state)
        rc = run(b,
                 "INSERT INTO disputes (state, payment, id) VALUES (?1, ?2, ?3)"
                 " ON CONFLICT DO UPDATE SET state = max(state, excluded.state)",
                 state, 1, dispute, 2);
    return rc;
}

static int read(struct money_book *b, struct slice id, struct payment *out)
{
    struct sqlite3_stmt *statement AUTO(finalize) = NULL;
    int rc = sqlite3_prepare_v2(
        b->db,
        "SELECT iif(account = '', (SELECT account FROM grants WHERE id = ?1), account), credits,"
        " paid, refunded, given, grants, bought AND NOT EXISTS (SELECT 1 FROM disputes"
        " WHERE payment = ?1 AND state <> 3) FROM payments WHERE id = ?1",
        -1, &statement, NULL);
    if (rc)
        return rc;
    sqlite_bind(statement, 1, id);
    rc = sqlite3_step(statement);
    if (rc != SQLITE_ROW)
        return rc == SQLITE_DONE ? SQLITE_CORRUPT : rc;
    *out = (struct payment){.account = arena_copy(&b->texts, sqlite_text(statement, 0)),
                            .credits = sqlite3_column_int64(statement, 1),
                            .paid = sqlite3_column_int64(statement, 2),
                            .refunded = sqlite3_column_int64(statement, 3),
                            .given = sqlite3_column_int64(statement, 4),
                            .grants = sqlite3_column_int64(statement, 5),
                            .owed = sqlite3_column_int(statement, 6) != 0};
    return b->texts.failed ? SQLITE_NOMEM : SQLITE_OK;
}

/* Of a part that was paid back its share is gone. */
static int64_t due(const struct payment *p)
{
    if (!p->owed || (p->refunded > 0 && p->refunded >= p->paid))
        return 0;
    return p->refunded > 0
               ? (int64_t)((decimal_wide)p->credits * (p->paid - p->refunded) / p->paid)
               : p->credits;
}

/* The first grant is called as the payment, the others have a number behind it. */
static struct slice grant_id(struct money_book *b, struct slice payment, int64_t number)
{
    char text[NUMBER_SIZE];
    if (number == 0)
        return payment;
    (void)snprintf(text, sizeof text, "-%lld", (long long)number);
    const struct slice parts[] = {payment, slice_text(text)};
    return arena_join(&b->texts, parts, 2);
}

int money_payment(struct money_book *b, const struct money_op *op, struct fault *why)
{
    static const char writing[] = "The payment could not be written";
    struct payment p = {.given = 0};
    int rc = note(b, op);
    if (!rc)
        rc = read(b, op->id, &p);
    if (rc)
        return sqlite_fault(rc, writing, why);
    int64_t amount = due(&p);
    if (amount == p.given)
        return AIGNE_OK;
    struct money_op change = *op;
    change.whole = true;
    change.account = p.account;
    change.amount = amount;
    change.id = grant_id(b, op->id, p.grants - 1);
    if (p.given && change.id.p)
        rc = money_revoke(b, &change, why);
    change.id = grant_id(b, op->id, p.grants);
    if (!change.id.p)
        return fault_nomem(why);
    if (!rc && amount)
        rc = money_grant(b, &change, why);
    if (rc)
        return rc;
    const int64_t numbers[] = {amount, p.grants + (amount > 0)};
    rc = run(b, "UPDATE payments SET given = ?1, grants = ?2 WHERE id = ?3", numbers, 2,
             &op->id, 1);
    return rc ? sqlite_fault(rc, writing, why) : AIGNE_OK;
}
