/* Knows which operation on money is which, and what is done about holds and grants that nobody ends;
 * refuses to know how an account is kept. */
#include "base/clock.h"
#include "store/sqlite_store.h"
#include <aignehub/aignehub.h>
#include <sqlite3.h>

enum { AT_ONCE = STORE_GONE, TEXT_SIZE = 208 };

static const char writing[] = "The account could not be written";

static int interrupt(struct store *s, struct slice call_id, int64_t place)
{
    struct money_op hold = {.id = call_id, .place = place};
    struct usage_row row = {.status = SLICE("interrupted"),
                            .error =
                                SLICE("AIGNE_E_INTERNAL: What carried the call out ended."),
                            .request_id = SLICE(""),
                            .dropped = SLICE(""),
                            .account = SLICE(""),
                            .attempt = 1,
                            .first_byte_us = -1};
    usage_init(&row.usage);
    int rc = money_held_row(&s->money, &row, &hold);
    if (rc || !hold.account.p)
        return rc;
    row.id = row.call_id;
    if (call_id.n) /* an escrow is no call's */
        rc = sqlite_usage_add(s, &row);
    return rc ? rc : money_release(&s->money, &hold);
}

int sqlite_money_apply(struct store *s, const struct store_op *op, struct fault *why)
{
    struct money_op *money = op->money;
    int rc = SQLITE_OK;
    if (op->kind == STORE_GRANT)
        return money_grant(&s->money, money, why);
    if (op->kind == STORE_RESTORE)
        return money_restore(&s->money, money, why);
    if (op->kind == STORE_REVOKE)
        return money_revoke(&s->money, money, why);
    if (op->kind == STORE_PAYMENT)
        return money_payment(&s->money, money, why);
    if (op->kind == STORE_HOLD || op->kind == STORE_ESCROW) {
        int taken = sqlite_owner_take(&s->owner, s->path, why);
        if (taken)
            return taken;
        rc = (op->kind == STORE_HOLD ? money_hold : money_escrow)(&s->money, money,
                                                                  s->owner.number);
    } else if (op->kind == STORE_RELEASE) {
        rc = money_release(&s->money, money);
    } else if (op->kind == STORE_NOTE) {
        rc = money_note(&s->money, money);
    } else {
        rc = interrupt(s, money->id, money->place);
    }
    return rc ? sqlite_fault(rc, writing, why) : AIGNE_OK;
}

/* ---- what nobody else ends ---- */

/* What a search gives, of so many rows: the text in the first column, and the number in the last. */
struct found {
    char texts[AT_ONCE][TEXT_SIZE];
    int64_t numbers[AT_ONCE];
    int count;
};

static int search(struct store *s, const char *sql, int64_t about, struct found *out)
{
    sqlite3_stmt *statement = NULL;
    out->count = 0;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL);
    if (!rc)
        rc = sqlite3_bind_int64(statement, 1, about);
    while (!rc && out->count < AT_ONCE && sqlite3_step(statement) == SQLITE_ROW) {
        struct slice text = sqlite_text(statement, 0);
        out->numbers[out->count] =
            sqlite3_column_int64(statement, sqlite3_column_count(statement) - 1);
        if (text.n >= TEXT_SIZE)
            continue;
        memcpy(out->texts[out->count], text.p, text.n);
        out->texts[out->count++][text.n] = '\0';
    }
    int end = sqlite3_finalize(statement);
    return rc ? rc : end;
}

static int apply_to_all(struct store *s, const struct found *found, int64_t now_ms,
                        int (*change)(struct store *s, const struct found *found, int i,
                                      int64_t now_ms))
{
    money_book_begin(&s->money);
    int64_t before = s->last_place;
    int rc = sqlite_run(s->statements[STATEMENT_BEGIN_WRITE]);
    if (rc)
        return rc;
    for (int i = 0; i < found->count && !rc; i++)
        rc = change(s, found, i, now_ms);
    if (!rc)
        rc = money_book_finish(&s->money);
    if (!rc)
        rc = sqlite_run(s->statements[STATEMENT_COMMIT]);
    if (rc) {
        sqlite_roll_back(s);
        sqlite_usage_doubt(s, before);
    }
    return rc;
}

static int expire_one(struct store *s, const struct found *found, int i, int64_t now_ms)
{
    return money_expire(&s->money, slice_text(found->texts[i]), now_ms);
}

static int interrupt_one(struct store *s, const struct found *found, int i, int64_t now_ms)
{
    (void)now_ms;
    return interrupt(s, slice_text(found->texts[i]), found->numbers[i]);
}

/* What is held does not expire: an account with nothing else is left for later. */
static int end_expired(struct store *s, int64_t now_ms)
{
    struct found due;
    int rc = search(s,
                    "SELECT id FROM accounts WHERE next_expiry_ms <= ?1"
                    " AND next_expiry_ms < 9223372036854775807 AND balance > held LIMIT 16",
                    now_ms, &due);
    return rc || !due.count ? rc : apply_to_all(s, &due, now_ms, expire_one);
}

static int end_holds_of(struct store *s, int64_t owner, int64_t now_ms)
{
    struct found calls = {.count = AT_ONCE};
    int rc = SQLITE_OK;
    while (!rc && calls.count == AT_ONCE) {
        rc = search(s, "SELECT call_id, place FROM holds WHERE owner = ?1 LIMIT 16", owner,
                    &calls);
        if (!rc && calls.count)
            rc = apply_to_all(s, &calls, now_ms, interrupt_one);
    }
    return rc;
}

/* Whose process is gone now, among those that hold something. */
static int find_orphans(struct store *s, struct fault *why)
{
    struct found owners;
    int rc = search(s, "SELECT DISTINCT owner FROM holds WHERE owner <> ?1 LIMIT 16",
                    s->owner.number, &owners);
    s->gone_count = 0;
    if (rc || !owners.count)
        return rc ? sqlite_fault(rc, writing, why) : AIGNE_OK;
    rc = sqlite_owner_take(&s->owner, s->path, why);
    for (int i = 0; i < owners.count && !rc; i++)
        if (!sqlite_owner_lives(&s->owner, owners.numbers[i]))
            s->gone[s->gone_count++] = owners.numbers[i];
    return rc || !s->gone_count ? rc : AIGNE_AGAIN;
}

int sqlite_end_orphans(struct store *s, int64_t now_ms, struct fault *why)
{
    HOLD(s);
    int rc = SQLITE_OK;
    while (s->gone_count && !rc) {
        rc = end_holds_of(s, s->gone[s->gone_count - 1], now_ms);
        s->gone_count -= !rc;
    }
    return rc ? sqlite_fault(rc, writing, why) : AIGNE_OK;
}

/* What was spent by rows that go is still spent. */
static int forget_rows(struct store *s)
{
    static const char sql[] =
        "BEGIN IMMEDIATE;"
        "CREATE TEMP TABLE gone AS SELECT account, sum(credits) credits FROM usage WHERE place <="
        " (SELECT place FROM usage ORDER BY place DESC LIMIT 1 OFFSET %d) GROUP BY account;"
        "UPDATE accounts SET archived = archived + (SELECT credits FROM gone WHERE account = id)"
        " WHERE id IN (SELECT account FROM gone WHERE credits > 0);"
        "DELETE FROM usage WHERE place <="
        " (SELECT place FROM usage ORDER BY place DESC LIMIT 1 OFFSET %d);"
        "DROP TABLE gone;"
        "COMMIT";
    char text[sizeof sql + 40];
    struct found many;
    int rc = search(s, "SELECT place FROM usage ORDER BY place DESC LIMIT 1 OFFSET ?1",
                    2 * STORE_MEMORY_ROWS, &many);
    if (rc || !many.count)
        return rc;
    sqlite3_snprintf(sizeof text, text, sql, STORE_MEMORY_ROWS, STORE_MEMORY_ROWS);
    rc = sqlite3_exec(s->db, text, NULL, NULL, NULL);
    if (rc)
        sqlite_roll_back(s);
    return rc;
}

int sqlite_money_upkeep(struct store *s, int64_t now_ms, struct fault *why)
{
    HOLD(s);
    int rc = end_expired(s, now_ms);
    if (!rc && s->in_memory)
        rc = forget_rows(s);
    return rc ? sqlite_fault(rc, writing, why) : find_orphans(s, why);
}
