/* Knows how the history of rates is kept; refuses to know what a rate is. */
#include "base/mem.h"
#include "store/sqlite_store.h"
#include <aignehub/aignehub.h>
#include <sqlite3.h>

/* The columns behind `place`, in their order. */
static const size_t texts_at[] = {
    offsetof(struct rate_record, provider), offsetof(struct rate_record, model),
    offsetof(struct rate_record, type),     offsetof(struct rate_record, kind),
    offsetof(struct rate_record, who),      offsetof(struct rate_record, note),
    offsetof(struct rate_record, before),   offsetof(struct rate_record, after)};
enum { TEXTS = sizeof texts_at / sizeof *texts_at };

static void finalize(struct sqlite3_stmt **statement)
{
    sqlite3_finalize(*statement);
}

int sqlite_rate_add(struct store *s, const struct rate_record *record, struct fault *why)
{
    struct sqlite3_stmt *add AUTO(finalize) = NULL;
    int rc = sqlite3_prepare_v2(
        s->db,
        "INSERT INTO rate_history VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)", -1,
        &add, NULL);
    for (int i = 0; i < TEXTS && !rc; i++)
        sqlite_bind(add, 1 + i,
                    *(const struct slice *)(const void *)((const char *)record + texts_at[i]));
    if (!rc)
        rc = sqlite3_bind_int64(add, TEXTS + 1, record->at_ms);
    if (!rc)
        rc = sqlite3_bind_int64(add, TEXTS + 2, record->since_ms);
    if (!rc)
        rc = sqlite_run(add);
    return rc ? sqlite_fault(rc, "The history of rates could not be written", why) : AIGNE_OK;
}

static bool keep(struct arena *a, struct sqlite3_stmt *at, struct rate_record *out)
{
    for (int i = 0; i < TEXTS; i++)
        *(struct slice *)(void *)((char *)out + texts_at[i]) =
            arena_copy(a, sqlite_text(at, 1 + i));
    out->at_ms = sqlite3_column_int64(at, TEXTS + 1);
    out->since_ms = sqlite3_column_int64(at, TEXTS + 2);
    return !a->failed;
}

#define CONDITIONS                                                                             \
    " FROM rate_history WHERE (?1 IS NULL OR provider = ?1) AND (?2 IS NULL OR model = ?2)"    \
    " AND (?3 IS NULL OR type = ?3)"

static int search(struct sqlite3 *db, const char *sql, const struct rate_query *query,
                  struct sqlite3_stmt **out)
{
    const struct slice texts[] = {query->provider, query->model, query->type};
    int rc = sqlite3_prepare_v2(db, sql, -1, out, NULL);
    for (int i = 0; i < 3 && !rc; i++)
        if (texts[i].p)
            sqlite_bind(*out, 1 + i, texts[i]);
    return rc;
}

static int read_all(struct sqlite3 *db, struct arena *a, const struct rate_query *query,
                    struct rate_record **records, size_t *count)
{
    struct sqlite3_stmt *number AUTO(finalize) = NULL;
    struct sqlite3_stmt *list AUTO(finalize) = NULL;
    int rc = search(db, "SELECT count(*)" CONDITIONS, query, &number);
    if (!rc)
        rc = search(db, "SELECT *" CONDITIONS " ORDER BY place DESC LIMIT ?4 OFFSET ?5", query,
                    &list);
    if (rc)
        return rc;
    sqlite3_bind_int64(list, 4, query->most);
    sqlite3_bind_int64(list, 5, query->skip);
    if (sqlite3_step(number) != SQLITE_ROW)
        return SQLITE_CORRUPT;
    size_t all = (size_t)sqlite3_column_int64(number, 0);
    *records = arena_array(a, all + 1, sizeof **records);
    rc = *records ? SQLITE_ROW : SQLITE_NOMEM;
    while (rc == SQLITE_ROW && *count < all && (rc = sqlite3_step(list)) == SQLITE_ROW)
        if (!keep(a, list, &(*records)[(*count)++]))
            return SQLITE_NOMEM;
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int sqlite_rate_history(struct store *s, struct arena *a, const struct rate_query *query,
                        struct rate_record **records, size_t *count, struct fault *why)
{
    struct sqlite3 *db AUTO(sqlite_disconnect) = NULL;
    *count = 0;
    int rc = sqlite_connect(s->path, SQLITE_OPEN_READONLY, &db, why);
    if (rc)
        return rc;
    int result = sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
    if (!result)
        result = read_all(db, a, query, records, count);
    return result ? sqlite_fault(result, "The history of rates could not be read", why)
                  : AIGNE_OK;
}
