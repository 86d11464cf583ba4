/* Knows how usage rows are searched and told; refuses to know how they are added. */
#include "base/mem.h"
#include "store/sqlite_store.h"
#include "store/usage_report.h"
#include <aignehub/aignehub.h>
#include <sqlite3.h>

static const char listing[] = "The usage rows could not be read";

static void put_condition(struct buf *sql, const char *condition, bool *first)
{
    buf_put_text(sql, *first ? " WHERE " : " AND ");
    buf_put_text(sql, condition);
    *first = false;
}

/* Only what was asked for: counting all rows must not have to read them. */
static void put_conditions(struct buf *sql, const struct usage_query *query)
{
    static const char *const matches[USAGE_MATCHES] = {
        [USAGE_USER] = "user = ?3",         [USAGE_KEY] = "key_id = ?4",
        [USAGE_APP] = "app = ?5",           [USAGE_MODEL] = "model = ?6",
        [USAGE_PROVIDER] = "provider = ?7", [USAGE_TYPE] = "type = ?8",
        [USAGE_STATUS] = "status = ?9",     [USAGE_CALL] = "call_id = ?10"};
    bool first = true;
    buf_put_text(sql, " FROM usage");
    if (query->before < INT64_MAX)
        put_condition(sql, "place < ?16", &first);
    if (query->since_ms > 0)
        put_condition(sql, "place >= ?12 AND started_ms >= ?1", &first);
    if (query->until_ms < INT64_MAX)
        put_condition(sql, "started_ms < ?2", &first);
    for (int i = 0; i < USAGE_MATCHES; i++)
        if (query->match[i].p)
            put_condition(sql, matches[i], &first);
    if (query->search.p)
        put_condition(
            sql,
            "instr(lower(model || char(10) || requested || char(10) || call_id || char(10)"
            " || id || char(10) || user || char(10) || app || char(10) || error), lower(?14))",
            &first);
    if (query->at_least_ms > 0)
        put_condition(sql, "duration_us >= ?15", &first);
}

static int prepare(struct sqlite3 *db, const struct buf *sql, const struct usage_query *query,
                   struct sqlite3_stmt **out)
{
    if (buf_rc(sql))
        return SQLITE_NOMEM;
    int rc = sqlite3_prepare_v2(db, sql->p, (int)sql->n, out, NULL);
    if (rc)
        return rc;
    sqlite3_bind_int64(*out, 1, query->since_ms);
    sqlite3_bind_int64(*out, 2, query->until_ms);
    sqlite3_bind_int64(*out, 12, usage_place(query->since_ms));
    for (int i = 0; i < USAGE_MATCHES; i++)
        if (query->match[i].p)
            sqlite_bind(*out, 3 + i, query->match[i]);
    sqlite_bind(*out, 14, query->search);
    sqlite3_bind_int64(*out, 16, query->before);
    sqlite3_bind_int64(*out, 15, query->at_least_ms * 1000);
    return SQLITE_OK;
}

static void finalize(struct sqlite3_stmt **statement)
{
    sqlite3_finalize(*statement);
}

static int write_count(struct sqlite3 *db, const struct usage_query *query,
                       struct json_writer *w)
{
    struct buf sql AUTO(buf_free);
    struct sqlite3_stmt *statement AUTO(finalize) = NULL;
    buf_init(&sql, 4096);
    buf_put_text(&sql, "SELECT count(*)");
    put_conditions(&sql, query);
    int rc = prepare(db, &sql, query, &statement);
    if (!rc)
        rc = sqlite3_step(statement);
    if (rc != SQLITE_ROW)
        return rc;
    json_member_int(w, "count", sqlite3_column_int64(statement, 0));
    return SQLITE_OK;
}

static int write_rows(struct sqlite3 *db, const struct usage_query *query,
                      struct json_writer *w)
{
    struct buf sql AUTO(buf_free);
    struct sqlite3_stmt *statement AUTO(finalize) = NULL;
    buf_init(&sql, 4096);
    buf_put_text(&sql, "SELECT *");
    put_conditions(&sql, query);
    buf_put_text(&sql, query->oldest_first ? " ORDER BY place" : " ORDER BY place DESC");
    buf_put_text(&sql, " LIMIT ?11 OFFSET ?13");
    int rc = prepare(db, &sql, query, &statement);
    if (rc)
        return rc;
    sqlite3_bind_int64(statement, 11, query->page_size);
    sqlite3_bind_int64(statement, 13, (query->page - 1) * query->page_size);
    json_key(w, "list");
    json_open_array(w);
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        struct usage_row row = {.id = SLICE_NONE};
        sqlite_usage_read(statement, &row);
        usage_row_write(w, &row);
    }
    json_close_array(w);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* On a connection of its own: however long the search takes, no call waits for it to be recorded. */
int sqlite_usage_list(struct store *s, struct slice filters, struct buf *json,
                      struct fault *why)
{
    struct sqlite3 *db AUTO(sqlite_disconnect) = NULL;
    struct arena texts AUTO(arena_free);
    struct usage_query query;
    arena_init(&texts);
    int rc = usage_query_read(filters, &texts, &query, why);
    if (!rc)
        rc = sqlite_connect(s->path, SQLITE_OPEN_READONLY, &db, why);
    if (rc)
        return rc;
    struct json_writer w = json_writer(json);
    int result = sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
    json_open_object(&w);
    if (!result)
        result = write_count(db, &query, &w);
    if (!result)
        result = write_rows(db, &query, &w);
    json_close_object(&w);
    if (result)
        return sqlite_fault(result, listing, why);
    return buf_rc(json) ? fault_nomem(why) : AIGNE_OK;
}

static int take_rows(struct sqlite3 *db, struct usage_query *query, usage_take_fn take,
                     void *user)
{
    struct buf sql AUTO(buf_free);
    struct sqlite3_stmt *statement AUTO(finalize) = NULL;
    buf_init(&sql, 4096);
    buf_put_text(&sql, "SELECT *");
    put_conditions(&sql, query);
    buf_put_text(&sql, " ORDER BY place DESC LIMIT ?11");
    int rc = prepare(db, &sql, query, &statement);
    if (rc)
        return rc;
    sqlite3_bind_int64(statement, 11, query->page_size);
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        struct usage_row row = {.id = SLICE_NONE};
        sqlite_usage_read(statement, &row);
        query->before = sqlite3_column_int64(statement, 0);
        take(user, &row);
    }
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* A search of its own each time: nothing is held while who asked takes what came. */
int sqlite_usage_each(struct store *s, struct slice filters, int64_t most, int64_t *cursor,
                      usage_take_fn take, void *user, struct fault *why)
{
    struct sqlite3 *db AUTO(sqlite_disconnect) = NULL;
    struct arena texts AUTO(arena_free);
    struct usage_query query;
    arena_init(&texts);
    int rc = usage_query_read(filters, &texts, &query, why);
    if (!rc)
        rc = sqlite_connect(s->path, SQLITE_OPEN_READONLY, &db, why);
    if (rc)
        return rc;
    query.before = *cursor;
    query.page_size = most;
    int result = take_rows(db, &query, take, user);
    *cursor = query.before;
    return result ? sqlite_fault(result, listing, why) : AIGNE_OK;
}
