/* Knows how accounts are shown and how they are proved to agree with the rows; refuses to change any. */
#include "base/mem.h"
#include "store/moment.h"
#include "store/sqlite_store.h"
#include "text/decimal.h"
#include "text/json_write.h"
#include <aignehub/aignehub.h>
#include <sqlite3.h>

static const char reading[] = "The accounts could not be read";

/* One search: where its columns go, and what the reader needs besides. */
struct search {
    struct sqlite3 *db;
    struct json_writer *w;
    const struct money_query *query;
};

static void finalize(struct sqlite3_stmt **statement)
{
    sqlite3_finalize(*statement);
}

static void member_some(struct json_writer *w, const char *name, struct slice text)
{
    json_member_string_opt(w, name, text.n ? text : SLICE_NONE);
}

/* ?1 is the account, ?2 and ?3 the page, ?4 and ?5 since and until when, ?6 and ?7 the same as places of rows. */
static int each_row(const struct search *at, const char *sql,
                    void (*write)(struct json_writer *w, struct sqlite3_stmt *row))
{
    struct sqlite3_stmt *statement AUTO(finalize) = NULL;
    int rc = sqlite3_prepare_v2(at->db, sql, -1, &statement, NULL);
    if (rc)
        return rc;
    if (at->query->account.p)
        sqlite_bind(statement, 1, at->query->account);
    sqlite3_bind_int64(statement, 2, at->query->page_size);
    sqlite3_bind_int64(statement, 3, (at->query->page - 1) * at->query->page_size);
    sqlite3_bind_int64(statement, 4, at->query->since_ms);
    sqlite3_bind_int64(statement, 5, at->query->until_ms);
    sqlite3_bind_int64(statement, 6, usage_place(at->query->since_ms));
    sqlite3_bind_int64(statement, 7, usage_place(at->query->until_ms));
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW)
        write(at->w, statement);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int write_list(const struct search *at, const char *name, const char *sql,
                      void (*write)(struct json_writer *w, struct sqlite3_stmt *row))
{
    json_key(at->w, name);
    json_open_array(at->w);
    int rc = each_row(at, sql, write);
    json_close_array(at->w);
    return rc;
}

static void write_count(struct json_writer *w, struct sqlite3_stmt *row)
{
    json_member_int(w, "count", sqlite3_column_int64(row, 0));
}

/* ---- accounts ---- */

/* What is set aside ahead of its calls is held for none yet. */
#define HOLDS_OF "FROM holds WHERE held > 0 AND holds.account = accounts.id AND call_id "
#define ACCOUNT_COLUMNS                                                                        \
    "id, balance, held - (SELECT coalesce(sum(amount), 0) " HOLDS_OF                           \
    "= ''), granted, spent, expired, revoked, (SELECT count(*) " HOLDS_OF "<> '')"

static void write_sums(struct json_writer *w, struct sqlite3_stmt *row)
{
    static const char *const names[] = {"balance", "held",    "granted",
                                        "spent",   "expired", "revoked"};
    int64_t balance = sqlite3_column_int64(row, 1);
    int64_t held = sqlite3_column_int64(row, 2);
    for (int i = 0; i < 6; i++)
        json_member_amount(w, names[i], sqlite3_column_int64(row, i + 1));
    json_member_amount(w, "available", balance - held);
    json_member_int(w, "pending", sqlite3_column_int64(row, 7));
}

static void write_account(struct json_writer *w, struct sqlite3_stmt *row)
{
    json_open_object(w);
    json_member_string(w, "account", sqlite_text(row, 0));
    write_sums(w, row);
    json_close_object(w);
}

static void write_grant(struct json_writer *w, struct sqlite3_stmt *row)
{
    int64_t expires_ms = sqlite3_column_int64(row, 7);
    int64_t revoked_ms = sqlite3_column_int64(row, 8);
    json_open_object(w);
    json_member_string(w, "id", sqlite_text(row, 0));
    json_member_string(w, "source", sqlite_text(row, 1));
    member_some(w, "note", sqlite_text(row, 2));
    json_member_amount(w, "amount", sqlite3_column_int64(row, 3));
    json_member_amount(w, "remaining", sqlite3_column_int64(row, 4));
    json_member_int(w, "priority", sqlite3_column_int64(row, 5));
    moment_member(w, "createdAt", sqlite3_column_int64(row, 6));
    if (expires_ms != STORE_NEVER)
        moment_member(w, "expiresAt", expires_ms);
    if (revoked_ms)
        moment_member(w, "revokedAt", revoked_ms);
    json_close_object(w);
}

static int list_account(const struct search *at)
{
    /* Who was never granted anything has an account all the same: an empty one. */
    int rc = each_row(at,
                      "SELECT " ACCOUNT_COLUMNS " FROM accounts WHERE id = ?1 UNION ALL"
                      " SELECT ?1, 0, 0, 0, 0, 0, 0, 0 LIMIT 1",
                      write_sums);
    return rc ? rc
              : write_list(at, "grants",
                           "SELECT id, source, note, amount, remaining, priority, granted_ms,"
                           " expires_ms, revoked_ms FROM grants WHERE account = ?1"
                           " ORDER BY remaining = 0, priority, expires_ms, place LIMIT 1000",
                           write_grant);
}

static int list_accounts(const struct search *at)
{
    int rc = each_row(at, "SELECT count(*) FROM accounts", write_count);
    return rc ? rc
              : write_list(at, "list",
                           "SELECT " ACCOUNT_COLUMNS
                           " FROM accounts ORDER BY id LIMIT ?2 OFFSET ?3",
                           write_account);
}

/* ---- transactions ---- */

static void write_transaction(struct json_writer *w, struct sqlite3_stmt *row)
{
    json_open_object(w);
    json_member_string(w, "account", sqlite_text(row, 1));
    json_member_string(w, "kind", sqlite_text(row, 2));
    json_member_amount(w, "amount", sqlite3_column_int64(row, 3));
    if (sqlite3_column_type(row, 4) != SQLITE_NULL)
        json_member_amount(w, "balance", sqlite3_column_int64(row, 4));
    member_some(w, "grant", sqlite_text(row, 5));
    member_some(w, "requestId", sqlite_text(row, 6));
    member_some(w, "note", sqlite_text(row, 7));
    moment_member(w, "createdAt", sqlite3_column_int64(row, 0));
    json_close_object(w);
}

#define CHANGES                                                                                \
    " FROM transactions WHERE (?1 IS NULL OR account = ?1) AND at_ms >= ?4 AND at_ms < ?5"
#define PAID_CALLS                                                                             \
    " FROM usage WHERE place >= ?6 AND place < ?7 AND account <> '' AND credits > 0"           \
    " AND (?1 IS NULL OR account = ?1)"

static int list_transactions(const struct search *at)
{
    /* A usage row's place begins with the moment when it was recorded. */
    int rc =
        each_row(at, "SELECT (SELECT count(*)" CHANGES ") + (SELECT count(*)" PAID_CALLS ")",
                 write_count);
    return rc ? rc
              : write_list(
                    at, "list",
                    "SELECT at_ms, account, kind, amount, balance, grant_id, '', note,"
                    " place" CHANGES
                    " UNION ALL SELECT place >> 20, account, 'usage', -credits, NULL, '',"
                    " call_id, provider || '/' || model, place" PAID_CALLS
                    " ORDER BY 1 DESC, 9 DESC LIMIT ?2 OFFSET ?3",
                    write_transaction);
}

static void write_adjustment(struct json_writer *w, struct sqlite3_stmt *row)
{
    json_open_object(w);
    json_member_string(w, "account", sqlite_text(row, 0));
    json_member_string(w, "requestId", sqlite_text(row, 1));
    json_member_string(w, "run", sqlite_text(row, 2));
    json_member_amount(w, "credits", sqlite3_column_int64(row, 3));
    moment_member(w, "createdAt", sqlite3_column_int64(row, 4));
    json_close_object(w);
}

static int list_adjustments(const struct search *at)
{
    int rc = each_row(at, "SELECT count(*) FROM adjustments WHERE ?1 IS NULL OR account = ?1",
                      write_count);
    return rc ? rc
              : write_list(at, "list",
                           "SELECT account, call_id, run, credits, at_ms FROM adjustments"
                           " WHERE ?1 IS NULL OR account = ?1 ORDER BY at_ms DESC, row_id"
                           " LIMIT ?2 OFFSET ?3",
                           write_adjustment);
}

/* ---- the proof ---- */

static const char differences[] =
    "WITH g AS (SELECT account, sum(amount) FILTER (WHERE source <> 'adjustment') amount,"
    " sum(remaining) remaining, min(remaining) least"
    " FROM grants GROUP BY account),"
    " h AS (SELECT account, sum(amount) amount FROM holds WHERE account <> '' GROUP BY account),"
    " s AS (SELECT counter, starts_ms, sum(amount) amount FROM hold_counters"
    " JOIN holds USING (call_id) GROUP BY counter, starts_ms),"
    " u AS (SELECT account, sum(credits) credits FROM usage WHERE account <> ''"
    " GROUP BY account),"
    " j AS (SELECT account, sum(credits) credits FROM adjustments GROUP BY account),"
    " ids AS (SELECT id FROM accounts UNION SELECT account FROM g UNION SELECT account FROM h"
    " UNION SELECT account FROM u UNION SELECT account FROM j),"
    " a AS (SELECT ids.id, coalesce(balance, 0) balance, coalesce(held, 0) held,"
    " coalesce(granted, 0) granted, coalesce(spent, 0) spent, coalesce(expired, 0) expired,"
    " coalesce(revoked, 0) revoked, coalesce(archived, 0) archived, coalesce(g.amount, 0) given,"
    " coalesce(g.remaining, 0) remaining, coalesce(least, 0) least,"
    " coalesce(h.amount, 0) holding, coalesce(u.credits, 0) + coalesce(j.credits, 0) used"
    " FROM ids LEFT JOIN accounts USING (id) LEFT JOIN g ON g.account = ids.id"
    " LEFT JOIN h ON h.account = ids.id LEFT JOIN u ON u.account = ids.id"
    " LEFT JOIN j ON j.account = ids.id),"
    " c AS (SELECT id, 'balance' what, balance told, granted - spent - expired - revoked shown"
    " FROM a UNION ALL SELECT id, 'granted', granted, given FROM a"
    " UNION ALL SELECT id, 'held', held, holding FROM a"
    " UNION ALL SELECT id, 'spent', spent, used + archived FROM a"
    " UNION ALL SELECT id, 'remaining', max(balance, 0), remaining FROM a"
    " UNION ALL SELECT id, 'remaining', min(least, 0), 0 FROM a"
    " UNION ALL SELECT counter, 'budget', held, coalesce(amount, 0)"
    " FROM counters LEFT JOIN s USING (counter, starts_ms))"
    " SELECT id, what, told, shown FROM c WHERE told <> shown LIMIT 100";

static void write_difference(struct json_writer *w, struct sqlite3_stmt *row)
{
    json_open_object(w);
    json_member_string(w, "account", sqlite_text(row, 0));
    json_member_string(w, "what", sqlite_text(row, 1));
    json_member_amount(w, "kept", sqlite3_column_int64(row, 2));
    json_member_amount(w, "shown", sqlite3_column_int64(row, 3));
    json_close_object(w);
}

static void write_ok(struct json_writer *w, struct sqlite3_stmt *row)
{
    static const char *const counts[] = {"accounts", "grants", "holds", "rows"};
    json_member_bool(w, "ok", sqlite3_column_int64(row, 0) == 0);
    for (int i = 0; i < 4; i++)
        json_member_int(w, counts[i], sqlite3_column_int64(row, i + 1));
}

static int check(const struct search *at)
{
    struct buf sql AUTO(buf_free);
    buf_init(&sql, 8192);
    buf_put_text(&sql, "SELECT (SELECT count(*) FROM (");
    buf_put_text(&sql, differences);
    buf_put_text(&sql, ")), (SELECT count(*) FROM accounts), (SELECT count(*) FROM grants),"
                       " (SELECT count(*) FROM holds WHERE call_id <> ''),"
                       " (SELECT count(*) FROM usage WHERE account <> '')");
    if (buf_rc(&sql))
        return SQLITE_NOMEM;
    int rc = each_row(at, sql.p, write_ok);
    return rc ? rc : write_list(at, "differences", differences, write_difference);
}

/* On a connection of its own, as usage.list. */
int sqlite_money_list(struct store *s, const struct money_query *query, struct buf *json,
                      struct fault *why)
{
    static int (*const reports[])(const struct search *at) = {
        [MONEY_ACCOUNT] = list_account,
        [MONEY_ACCOUNTS] = list_accounts,
        [MONEY_TRANSACTIONS] = list_transactions,
        [MONEY_ADJUSTMENTS] = list_adjustments,
        [MONEY_CHECK] = check};
    struct sqlite3 *db AUTO(sqlite_disconnect) = NULL;
    int rc = sqlite_connect(s->path, SQLITE_OPEN_READONLY, &db, why);
    if (rc)
        return rc;
    struct json_writer w = json_writer(json);
    const struct search at = {.db = db, .w = &w, .query = query};
    int result = sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
    json_open_object(&w);
    if (query->report == MONEY_ACCOUNT)
        json_member_string(&w, "user", query->account);
    if (!result)
        result = reports[query->report](&at);
    json_close_object(&w);
    if (result)
        return sqlite_fault(result, reading, why);
    return buf_rc(json) ? fault_nomem(why) : AIGNE_OK;
}
