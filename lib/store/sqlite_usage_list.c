/* Knows how usage rows are searched and told; refuses to know how they are added. */
#include "base/clock.h"
#include "base/mem.h"
#include "store/sqlite_archive.h"
#include "store/sqlite_store.h"
#include "store/usage_report.h"
#include "text/json_scan.h"
#include <aignehub/aignehub.h>
#include <sqlite3.h>

/* Counting goes no further; whoever wants to know more asks for a summary. */
enum { SQL_LARGEST = 4096, COUNTED_LARGEST = 100000 };

static const char listing[] = "The usage rows could not be read";

static void put_condition(struct buf *sql, const char *condition, bool *first)
{
    buf_put_text(sql, *first ? " WHERE " : " AND ");
    buf_put_text(sql, condition);
    *first = false;
}

/* Only what was asked for. */
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

/* At most `most` of them. */
static int count_rows(struct sqlite3 *db, const struct usage_query *query, int64_t most,
                      int64_t *out)
{
    struct buf sql AUTO(buf_free);
    struct sqlite3_stmt *statement AUTO(finalize) = NULL;
    buf_init(&sql, SQL_LARGEST);
    buf_put_text(&sql, "SELECT count(*) FROM (SELECT 1");
    put_conditions(&sql, query);
    buf_put_text(&sql, " LIMIT ?11)");
    int rc = prepare(db, &sql, query, &statement);
    if (rc)
        return rc;
    sqlite3_bind_int64(statement, 11, most);
    return sqlite_read(statement, out);
}

/* At most `most` of them behind the first `skip`. */
static int take_rows(struct sqlite3 *db, struct usage_query *query, int64_t skip, int64_t most,
                     usage_take_fn take, void *user, int64_t *last)
{
    struct buf sql AUTO(buf_free);
    struct sqlite3_stmt *statement AUTO(finalize) = NULL;
    buf_init(&sql, SQL_LARGEST);
    buf_put_text(&sql, "SELECT *");
    put_conditions(&sql, query);
    buf_put_text(&sql, query->oldest_first ? " ORDER BY place" : " ORDER BY place DESC");
    buf_put_text(&sql, " LIMIT ?11 OFFSET ?13");
    int rc = prepare(db, &sql, query, &statement);
    if (rc)
        return rc;
    sqlite3_bind_int64(statement, 11, most);
    sqlite3_bind_int64(statement, 13, skip);
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        struct usage_row row = {.id = SLICE_NONE};
        sqlite_usage_read(statement, &row);
        *last = sqlite3_column_int64(statement, 0);
        take(user, &row);
    }
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* ---- the file and its archives ---- */

struct listing {
    struct usage_query query;
    struct usage_source *sources; /* the last one is `db` */
    size_t source_count;
    struct sqlite3 *db;
    usage_take_fn take;
    void *user;
    int64_t skip; /* rows still to pass over, and to take */
    int64_t most;
    bool counting; /* instead of taking them */
    int64_t count;
    bool more;    /* than were counted */
    int64_t last; /* place of the last one taken */
};

static int open_listing(struct store *s, struct slice filters, struct arena *a,
                        struct listing *l, struct fault *why)
{
    int rc = usage_query_read(filters, a, &l->query, why);
    if (!rc)
        rc = sqlite_connect(s->path, SQLITE_OPEN_READONLY, &l->db, why);
    if (rc)
        return rc;
    int result = sqlite3_exec(l->db, "BEGIN", NULL, NULL, NULL);
    if (!result)
        result = sqlite_archive_sources(s, l->db, a, &l->sources, &l->source_count);
    return result ? sqlite_fault(result, listing, why) : AIGNE_OK;
}

static int list_source(struct listing *l, struct sqlite3 *db, struct usage_query *query)
{
    int64_t here = 0;
    int64_t before = l->most;
    if (l->counting) {
        int rc = count_rows(db, query, COUNTED_LARGEST - l->count, &here);
        l->count += here;
        return rc;
    }
    int rc = take_rows(db, query, l->skip, l->most, l->take, l->user, &l->last);
    if (!rc && l->most == before && l->skip > 0) /* all of it is passed over */
        rc = count_rows(db, query, l->skip, &here);
    else
        here = l->skip;
    l->skip -= here;
    return rc;
}

/* An archive that cannot have what is asked for is not opened. */
static int list_archive(struct listing *l, const struct usage_source *source)
{
    struct sqlite3 *db AUTO(sqlite_disconnect) = NULL;
    struct usage_query query = l->query;
    struct fault ignored;
    if (usage_place(query.since_ms) > source->last || query.before <= source->first)
        return SQLITE_OK;
    if (query.before > source->last)
        query.before = source->last + 1;
    /* Who was killed while it moved rows has left what the next reader must roll back. */
    if (sqlite_connect(source->path, SQLITE_OPEN_READWRITE, &db, &ignored))
        return SQLITE_CANTOPEN;
    return list_source(l, db, &query);
}

static int list_all(struct listing *l)
{
    int rc = SQLITE_OK;
    for (size_t i = 0;
         i < l->source_count && !rc && (l->counting ? l->count < COUNTED_LARGEST : l->most > 0);
         i++) {
        size_t at = l->query.oldest_first ? i : l->source_count - 1 - i;
        rc = at + 1 == l->source_count ? list_source(l, l->db, &l->query)
                                       : list_archive(l, &l->sources[at]);
    }
    return rc;
}

/* ---- how many there are ---- */

/* What the sums know. Rows in memory do not stay. */
static bool in_sums(const struct store *s, const struct usage_query *q)
{
    return !s->in_memory && !q->since_ms && q->until_ms == INT64_MAX && !q->search.p &&
           !q->at_least_ms && !q->match[USAGE_CALL].p;
}

static int count_by_sums(struct store *s, struct listing *l, struct fault *why)
{
    struct buf arguments AUTO(buf_free);
    struct buf told AUTO(buf_free);
    buf_init(&arguments, 65536);
    buf_init(&told, 65536);
    struct json_writer w = json_writer(&arguments);
    json_open_object(&w);
    json_member_int(&w, "since", 1);
    for (int i = 0; i < USAGE_NAMES; i++)
        json_member_string_opt(&w, usage_filters[i], l->query.match[i]);
    json_close_object(&w);
    if (buf_rc(&arguments))
        return fault_nomem(why);
    const struct usage_question question = {USAGE_SUMMARY, buf_slice(&arguments),
                                            clock_wall_ms()};
    int rc = sqlite_usage_report(s, &question, &told, why);
    (void)json_int64(json_path(json_of(buf_slice(&told)), "total.calls"), &l->count);
    return rc;
}

static int count_all(struct store *s, struct listing *l, struct fault *why)
{
    const struct usage_query everything = {.until_ms = INT64_MAX, .before = INT64_MAX};
    int64_t rows = 0;
    int rc = in_sums(s, &l->query) ? count_rows(l->db, &everything, COUNTED_LARGEST, &rows)
                                   : SQLITE_OK;
    if (!rc && rows == COUNTED_LARGEST)
        return count_by_sums(s, l, why);
    l->counting = true;
    if (!rc)
        rc = list_all(l);
    l->counting = false;
    l->more = l->count == COUNTED_LARGEST;
    return rc ? sqlite_fault(rc, listing, why) : AIGNE_OK;
}

struct page {
    struct json_writer w;
    struct listing *listing;
};

static void write_row(void *user, const struct usage_row *row)
{
    struct page *p = user;
    p->listing->most--;
    usage_row_write(&p->w, row);
}

/* On a connection of its own: however long the search takes, no call waits for it to be recorded. */
int sqlite_usage_list(struct store *s, struct slice filters, struct buf *json,
                      struct fault *why)
{
    struct arena texts AUTO(arena_free);
    struct buf rows AUTO(buf_free);
    struct listing l = {.take = write_row};
    struct page page = {.w = json_writer(&rows), .listing = &l};
    arena_init(&texts);
    buf_init(&rows, json->ceiling);
    l.user = &page;
    int rc = open_listing(s, filters, &texts, &l, why);
    l.skip = (l.query.page - 1) * l.query.page_size;
    l.most = l.query.page_size;
    if (!rc)
        rc = count_all(s, &l, why);
    int result = rc ? SQLITE_OK : list_all(&l);
    sqlite_disconnect(&l.db);
    if (rc || result)
        return rc ? rc : sqlite_fault(result, listing, why);
    struct json_writer w = json_writer(json);
    json_open_object(&w);
    json_member_int(&w, "count", l.count);
    if (l.more)
        json_member_bool(&w, "more", true);
    json_key(&w, "list");
    json_open_array(&w);
    buf_put_slice(json, buf_slice(&rows));
    json_close_array(&w);
    json_close_object(&w);
    return buf_rc(json) || buf_rc(&rows) ? fault_nomem(why) : AIGNE_OK;
}

struct piece {
    struct listing *listing;
    usage_take_fn take;
    void *user;
};

static void pass_on(void *user, const struct usage_row *row)
{
    struct piece *p = user;
    p->listing->most--;
    p->take(p->user, row);
}

/* A search of its own each time: nothing is held while who asked takes what came. */
int sqlite_usage_each(struct store *s, struct slice filters, int64_t most, int64_t *cursor,
                      usage_take_fn take, void *user, struct fault *why)
{
    struct arena texts AUTO(arena_free);
    struct listing l = {.take = pass_on};
    struct piece piece = {&l, take, user};
    arena_init(&texts);
    l.user = &piece;
    int rc = open_listing(s, filters, &texts, &l, why);
    l.query.before = *cursor;
    l.query.oldest_first = false;
    l.most = most;
    l.last = *cursor;
    int result = rc ? SQLITE_OK : list_all(&l);
    sqlite_disconnect(&l.db);
    *cursor = l.last;
    return rc || !result ? rc : sqlite_fault(result, listing, why);
}
