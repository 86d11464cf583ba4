/* Knows how all the usage rows that are wanted are told in pieces, in the order of their places; refuses to know
 * what they are told for. */
#include "store/sqlite_store.h"
#include "store/usage_lookup.h"
#include <aignehub/aignehub.h>
#include <sqlite3.h>

struct piece {
    struct usage_lookup lookup;
    usage_take_fn take;
    void *user;
    int64_t most; /* still to be taken */
    int64_t last; /* place of the last one that was */
};

static int take_rows(struct piece *p, struct sqlite3 *db, const struct usage_query *query)
{
    struct buf sql AUTO(buf_free);
    struct sqlite3_stmt *statement AUTO(usage_finalize) = NULL;
    buf_init(&sql, USAGE_SQL_LARGEST);
    buf_put_text(&sql, "SELECT * FROM usage WHERE place < ?16 AND place >= ?12"
                       " AND started_ms >= ?1 AND started_ms < ?2");
    usage_put_names(&sql, query);
    usage_put_rest(&sql, query);
    buf_put_text(&sql, " ORDER BY place DESC LIMIT ?11");
    int rc = usage_prepare(db, &sql, query, &statement);
    if (rc)
        return rc;
    sqlite3_bind_int64(statement, 11, p->most);
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        struct usage_row row = {.id = SLICE_NONE};
        sqlite_usage_read(statement, &row);
        p->last = sqlite3_column_int64(statement, 0);
        p->most--;
        p->take(p->user, &row);
    }
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* An archive that cannot have what is asked for is not opened. */
static int take_archive(struct piece *p, const struct usage_source *source)
{
    struct sqlite3 *db AUTO(sqlite_disconnect) = NULL;
    struct usage_query query = p->lookup.query;
    if (!source->path || usage_place(query.since_ms) > source->last ||
        query.before <= source->first)
        return SQLITE_OK;
    if (query.before > source->last)
        query.before = source->last + 1;
    int rc = usage_source_open(source, &db);
    return rc ? rc : take_rows(p, db, &query);
}

static int take_all(struct piece *p)
{
    size_t i = p->lookup.source_count - 1;
    int rc = take_rows(p, p->lookup.db, &p->lookup.query);
    while (i-- > 0 && !rc && p->most > 0)
        rc = take_archive(p, &p->lookup.sources[i]);
    return rc;
}

/* A search of its own each time: nothing is held while who asked takes what came. */
int sqlite_usage_each(struct store *s, struct slice filters, int64_t most, int64_t *cursor,
                      usage_take_fn take, void *user, struct fault *why)
{
    struct arena texts AUTO(arena_free);
    struct piece p = {.take = take, .user = user, .most = most, .last = *cursor};
    arena_init(&texts);
    int rc = usage_lookup_open(s, filters, &texts, &p.lookup, why);
    p.lookup.query.before = *cursor;
    int result = rc ? SQLITE_OK : take_all(&p);
    usage_lookup_close(&p.lookup);
    *cursor = p.last;
    return result ? sqlite_fault(result, "The usage rows could not be read", why) : rc;
}
