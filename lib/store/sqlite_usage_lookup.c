/* Knows how what is asked of usage rows is put to SQLite, and opens where they are; refuses to know what becomes
 * of them. */
#include "store/sqlite_store.h"
#include "store/usage_lookup.h"
#include <aignehub/aignehub.h>
#include <sqlite3.h>

const char *const usage_columns[USAGE_MATCHES] = {
    [USAGE_USER] = "user",         [USAGE_KEY] = "key_id",   [USAGE_APP] = "app",
    [USAGE_MODEL] = "model",       [USAGE_TYPE] = "type",    [USAGE_STATUS] = "status",
    [USAGE_PROVIDER] = "provider", [USAGE_CALL] = "call_id",
};

void usage_finalize(struct sqlite3_stmt **statement)
{
    sqlite3_finalize(*statement);
}

static void put_match(struct buf *sql, const struct usage_query *query, int i)
{
    if (query->match[i].p)
        buf_printf(sql, " AND %s = ?%d", usage_columns[i], USAGE_NAME_AT + i);
}

void usage_put_names(struct buf *sql, const struct usage_query *query)
{
    for (int i = 0; i < USAGE_NAMES; i++)
        put_match(sql, query, i);
}

void usage_put_rest(struct buf *sql, const struct usage_query *query)
{
    put_match(sql, query, USAGE_CALL);
    if (query->search.p)
        buf_put_text(sql, " AND has(model, requested, call_id, id, user, app, error)");
    if (query->at_least_ms > 0)
        buf_put_text(sql, " AND duration_us >= ?15");
}

/* has(text, ...): what is searched for is in one of them, in whatever case. */
static void has(sqlite3_context *context, int count, sqlite3_value **values)
{
    bool found = false;
    for (int i = 0; i < count && !found; i++) {
        const char *p = sqlite3_value_blob(values[i]);
        found = slice_has_nocase(slice_of(p, (size_t)sqlite3_value_bytes(values[i])),
                                 sqlite3_user_data(context));
    }
    sqlite3_result_int(context, found);
}

int usage_prepare(struct sqlite3 *db, const struct buf *sql, const struct usage_query *query,
                  struct sqlite3_stmt **out)
{
    if (buf_rc(sql))
        return SQLITE_NOMEM;
    int rc = SQLITE_OK;
    if (query->search.p)
        rc = sqlite3_create_function_v2(db, "has", -1, SQLITE_UTF8 | SQLITE_DIRECTONLY,
                                        (void *)(uintptr_t)query->search.p, has, NULL, NULL,
                                        NULL);
    if (!rc)
        rc = sqlite3_prepare_v2(db, sql->p, (int)sql->n, out, NULL);
    if (rc)
        return rc;
    sqlite3_bind_int64(*out, 1, query->since_ms);
    sqlite3_bind_int64(*out, 2, query->until_ms);
    sqlite3_bind_int64(*out, 12, usage_place(query->since_ms));
    for (int i = 0; i < USAGE_MATCHES; i++)
        if (query->match[i].p)
            sqlite_bind(*out, USAGE_NAME_AT + i, query->match[i]);
    sqlite3_bind_int64(*out, 15, query->at_least_ms * 1000);
    sqlite3_bind_int64(*out, 16, query->before);
    return SQLITE_OK;
}

int usage_lookup_open(struct store *s, struct slice filters, struct arena *a,
                      struct usage_lookup *out, struct fault *why)
{
    int rc = usage_query_read(filters, a, &out->query, why);
    if (!rc)
        rc = sqlite_connect(s->path, SQLITE_OPEN_READONLY, &out->db, why);
    if (rc)
        return rc;
    int result = sqlite3_exec(out->db, "BEGIN", NULL, NULL, NULL);
    if (!result)
        result = sqlite_archive_sources(s, out->db, a, &out->sources, &out->source_count);
    return result ? sqlite_fault(result, "The usage rows could not be read", why) : AIGNE_OK;
}

void usage_lookup_close(struct usage_lookup *l)
{
    sqlite_disconnect(&l->db);
}

/* Who was killed while it moved rows has left what the next reader must roll back. */
int usage_source_open(const struct usage_source *source, struct sqlite3 **db)
{
    struct fault ignored;
    return sqlite_connect(source->path, SQLITE_OPEN_READWRITE, db, &ignored) ? SQLITE_CANTOPEN
                                                                             : SQLITE_OK;
}
