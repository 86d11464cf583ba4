/* Knows how what past calls cost is put right; refuses to know what they should cost. */
#include "base/mem.h"
#include "store/sqlite_archive.h"
#include "store/sqlite_store.h"
#include <aignehub/aignehub.h>
#include <sqlite3.h>

static const char reading[] = "The paid rows could not be read";

static int read_adjusted(struct money_book *b, struct slice row_id, int64_t *out)
{
    struct sqlite3_stmt *read = b->statements[MONEY_ADJUSTED];
    sqlite_bind(read, 1, row_id);
    return sqlite_read(read, out);
}

static int add_row(struct money_book *b, const struct adjustment *j)
{
    struct sqlite3_stmt *add = b->statements[MONEY_ADD_ADJUSTMENT];
    const struct slice texts[] = {j->row_id, j->run, j->call_id, j->account};
    for (int i = 0; i < 4; i++)
        sqlite_bind(add, 1 + i, texts[i]);
    sqlite3_bind_int64(add, 5, j->credits);
    sqlite3_bind_int64(add, 6, j->at_ms);
    return sqlite_run(add);
}

/* It is no part of what was granted: it makes what was spent less. Debts come first. */
static int give_back(struct money_book *b, struct money_account *a, const struct adjustment *j)
{
    struct sqlite3_stmt *give = b->statements[MONEY_GIVE_BACK];
    const struct slice parts[] = {j->run, SLICE("-"), j->account};
    struct slice id = arena_join(&b->texts, parts, 3);
    int64_t amount = -j->credits;
    int64_t debt = a->balance < 0 ? -a->balance : 0;
    if (!id.p)
        return SQLITE_NOMEM;
    sqlite_bind(give, 1, id);
    sqlite_bind(give, 2, j->account);
    sqlite_bind(give, 3, j->note);
    sqlite3_bind_int64(give, 4, amount);
    sqlite3_bind_int64(give, 5, amount > debt ? amount - debt : 0);
    sqlite3_bind_int64(give, 6, j->at_ms);
    a->balance += amount;
    a->spent -= amount;
    a->changed = true;
    return sqlite_run(give);
}

static int take_more(struct money_account *a, const struct adjustment *j)
{
    if (__builtin_sub_overflow(a->balance, j->credits, &a->balance) ||
        __builtin_add_overflow(a->spent, j->credits, &a->spent))
        return SQLITE_TOOBIG;
    a->owed += j->credits;
    a->changed = true;
    return SQLITE_OK;
}

/* One transaction of an account for each run. */
static int add_to_run(struct money_book *b, const struct money_account *a,
                      const struct adjustment *j)
{
    struct sqlite3_stmt *grow = b->statements[MONEY_GROW_TRANSACTION];
    const struct money_op about = {.id = j->run, .note = j->note, .at_ms = j->at_ms};
    sqlite_bind(grow, 1, a->id);
    sqlite_bind(grow, 2, j->run);
    sqlite3_bind_int64(grow, 3, -j->credits);
    sqlite3_bind_int64(grow, 4, a->balance);
    int rc = sqlite_run(grow);
    if (rc || sqlite3_changes(b->db) > 0)
        return rc;
    return money_add_transaction(b, a, "adjustment", -j->credits, &about);
}

int money_adjust(struct money_book *b, const struct adjustment *j)
{
    struct money_account *a = NULL;
    int64_t adjusted = 0;
    int rc = read_adjusted(b, j->row_id, &adjusted);
    if (!rc && adjusted != j->earlier)
        return SQLITE_BUSY_SNAPSHOT;
    if (!rc)
        rc = add_row(b, j);
    if (!rc)
        rc = money_account_find(b, j->account, &a);
    if (!rc)
        rc = money_take_owed(b, a);
    if (!rc)
        rc = j->credits > 0 ? take_more(a, j) : give_back(b, a, j);
    return rc ? rc : add_to_run(b, a, j);
}

int sqlite_adjust(struct store *s, const struct adjustment *j, struct fault *why)
{
    int rc = money_adjust(&s->money, j);
    if (rc != SQLITE_BUSY_SNAPSHOT)
        return rc ? sqlite_fault(rc, "The adjustment could not be written", why) : AIGNE_OK;
    if (why)
        why->http = 409;
    return fault_set(why, AIGNE_E_REQUEST, "The call was adjusted by somebody else meanwhile.");
}

/* ---- what was paid ---- */

static void finalize(struct sqlite3_stmt **statement)
{
    sqlite3_finalize(*statement);
}

static void keep_row(struct arena *a, struct sqlite3_stmt *at, struct paid_row *out)
{
    struct usage_row row = {.id = SLICE_NONE};
    sqlite_usage_read(at, &row);
    *out =
        (struct paid_row){.place = sqlite3_column_int64(at, 0),
                          .row = {.id = arena_copy(a, row.id),
                                  .call_id = arena_copy(a, row.call_id),
                                  .provider = arena_copy(a, row.provider),
                                  .model = arena_copy(a, row.model),
                                  .type = arena_copy(a, row.type),
                                  .account = arena_copy(a, row.account),
                                  .started_ms = row.started_ms,
                                  .usage = row.usage,
                                  .charged = row.charged,
                                  .credits = row.credits},
                          .adjusted = sqlite3_column_int64(at, sqlite3_column_count(at) - 1)};
}

static void bind_query(struct sqlite3_stmt *statement, const struct paid_query *query)
{
    int64_t first = usage_place(query->from_ms) - 1;
    sqlite3_bind_int64(statement, 1, query->after_place > first ? query->after_place : first);
    sqlite3_bind_int64(statement, 2, query->from_ms);
    sqlite3_bind_int64(statement, 3, query->until_ms);
    if (query->provider.p)
        sqlite_bind(statement, 4, query->provider);
    if (query->model.p)
        sqlite_bind(statement, 5, query->model);
    sqlite3_bind_int64(statement, 6, (int64_t)query->most);
}

struct paid_list {
    struct sqlite3 *db;
    const struct paid_query *query;
    struct arena *arena;
    struct paid_row *rows;
    size_t count;
};

/* From the file's own table, or from the archive's that is attached, which may have more than counts. */
static int read_paid(struct paid_list *l, const char *schema, int64_t last)
{
    struct buf sql AUTO(buf_free);
    struct sqlite3_stmt *statement AUTO(finalize) = NULL;
    buf_init(&sql, 4096);
    buf_printf(&sql,
               "SELECT *, (SELECT coalesce(sum(credits), 0) FROM main.adjustments"
               " WHERE row_id = u.id) FROM %s.usage AS u WHERE place > ?1 AND place <= ?7"
               " AND started_ms >= ?2 AND started_ms < ?3 AND account <> ''"
               " AND (?4 IS NULL OR provider = ?4) AND (?5 IS NULL OR model = ?5)"
               " ORDER BY place LIMIT ?6",
               schema);
    int rc = buf_rc(&sql) ? SQLITE_NOMEM
                          : sqlite3_prepare_v2(l->db, sql.p, (int)sql.n, &statement, NULL);
    if (rc)
        return rc;
    bind_query(statement, l->query);
    sqlite3_bind_int64(statement, 7, last);
    while (l->count < l->query->most && (rc = sqlite3_step(statement)) == SQLITE_ROW)
        keep_row(l->arena, statement, &l->rows[l->count++]);
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
}

static int read_source(struct paid_list *l, const struct usage_source *source)
{
    struct sqlite3_stmt *attach AUTO(finalize) = NULL;
    if (source->last == INT64_MAX)
        return read_paid(l, "main", INT64_MAX);
    if (!source->path || source->last <= l->query->after_place)
        return SQLITE_OK;
    int rc = sqlite3_prepare_v2(l->db, "ATTACH ?1 AS archive", -1, &attach, NULL);
    if (rc)
        return rc;
    sqlite_bind(attach, 1, slice_text(source->path));
    rc = sqlite_run(attach);
    if (!rc)
        rc = read_paid(l, "archive", source->last);
    int detached = sqlite3_exec(l->db, "DETACH archive", NULL, NULL, NULL);
    return rc ? rc : detached;
}

static int read_moved(struct sqlite3 *db, int64_t *last)
{
    struct sqlite3_stmt *statement AUTO(finalize) = NULL;
    int rc = sqlite3_prepare_v2(db, "SELECT max(last) FROM archives", -1, &statement, NULL);
    return rc ? rc : sqlite_read(statement, last);
}

/* Archives come first, as their rows are older. Rows that move meanwhile would be missed: then it begins again. */
static int read_sources(struct store *s, struct paid_list *l)
{
    struct usage_source *sources = NULL;
    size_t count = 0;
    int64_t before = 0;
    int64_t after = 0;
    int rc = SQLITE_OK;
    do {
        l->count = 0;
        rc = read_moved(l->db, &before);
        if (!rc)
            rc = sqlite_archive_sources(s, l->db, l->arena, &sources, &count);
        for (size_t i = 0; i < count && !rc && l->count < l->query->most; i++)
            rc = read_source(l, &sources[i]);
        if (!rc)
            rc = read_moved(l->db, &after);
    } while (!rc && before != after);
    return rc;
}

int sqlite_usage_paid(struct store *s, struct arena *a, const struct paid_query *query,
                      struct paid_row **rows, size_t *count, struct fault *why)
{
    struct sqlite3 *db AUTO(sqlite_disconnect) = NULL;
    *count = 0;
    *rows = arena_array(a, query->most, sizeof **rows);
    if (!*rows)
        return fault_nomem(why);
    /* Who was killed while it moved rows has left what the next reader must roll back. */
    int rc = sqlite_connect(s->path, SQLITE_OPEN_READWRITE, &db, why);
    if (rc)
        return rc;
    struct paid_list list = {db, query, a, *rows, 0};
    int result = read_sources(s, &list);
    *count = list.count;
    if (result)
        return sqlite_fault(result, reading, why);
    return a->failed ? fault_nomem(why) : AIGNE_OK;
}
