/* Knows how old usage rows move into a database for each quarter, a few at a time, each exactly once; refuses
 * to know when that should be. */
#include "store/sqlite_archive.h"
#include "base/mem.h"
#include "store/calendar.h"
#include "store/sqlite_store.h"
#include <aignehub/aignehub.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

enum { ROWS_AT_ONCE = 500, QUARTER_SIZE = 16, DAY_MS = 86400000, SQL_LARGEST = 16384 };

static const char moving[] = "Old usage rows could not be archived";

static void finalize(struct sqlite3_stmt **statement)
{
    sqlite3_finalize(*statement);
}

/* "2026-Q3", and the first place behind it. */
static void quarter_of(int64_t place, char name[QUARTER_SIZE], int64_t *end)
{
    int64_t date[3];
    calendar_date((place >> USAGE_PLACE_BITS) / DAY_MS, date);
    int64_t quarter = (date[1] - 1) / 3;
    int64_t next = quarter * 3 + 4;
    snprintf(name, QUARTER_SIZE, "%04u-Q%u", (unsigned)date[0] % 10000,
             (unsigned)quarter % 4 + 1);
    *end = usage_place(calendar_days(date[0] + next / 13, (next - 1) % 12 + 1, 1) * DAY_MS);
}

static const char *archive_path(const struct store *s, struct slice quarter, struct arena *a)
{
    const struct slice parts[] = {slice_text(s->path), SLICE(".archive-"), quarter};
    return arena_join(a, parts, 3).p;
}

int sqlite_archive_sources(struct store *s, struct sqlite3 *db, struct arena *a,
                           struct usage_source **out, size_t *count)
{
    struct sqlite3_stmt *statement AUTO(finalize) = NULL;
    int64_t archives = 0;
    int rc = sqlite3_prepare_v2(db, "SELECT count(*) FROM archives", -1, &statement, NULL);
    if (!rc)
        rc = sqlite_read(statement, &archives);
    finalize(&statement);
    statement = NULL;
    *count = 0;
    *out = arena_array(a, (size_t)archives + 1, sizeof **out);
    if (!rc && !*out)
        rc = SQLITE_NOMEM;
    if (!rc && archives)
        rc =
            sqlite3_prepare_v2(db, "SELECT quarter, first, last FROM archives ORDER BY quarter",
                               -1, &statement, NULL);
    while (!rc && statement && *count < (size_t)archives &&
           (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        struct usage_source source = {.path = archive_path(s, sqlite_text(statement, 0), a),
                                      .first = sqlite3_column_int64(statement, 1),
                                      .last = sqlite3_column_int64(statement, 2)};
        rc = source.path ? SQLITE_OK : SQLITE_NOMEM;
        if (!rc && access(source.path, F_OK) != 0)
            source.path = NULL;
        (*out)[(*count)++] = source;
    }
    if (rc && rc != SQLITE_DONE)
        return rc;
    (*out)[(*count)++] = (struct usage_source){.path = s->path, .last = INT64_MAX};
    return SQLITE_OK;
}

/* ---- moving ---- */

struct move {
    struct sqlite3 *db;
    struct arena *arena;
    int64_t limit; /* rows before this place */
    int64_t first;
    int64_t last;
    char quarter[QUARTER_SIZE];
};

static int read_number(struct move *m, const char *sql, int64_t about, int64_t *out)
{
    struct sqlite3_stmt *statement AUTO(finalize) = NULL;
    int rc = sqlite3_prepare_v2(m->db, sql, -1, &statement, NULL);
    if (rc)
        return rc;
    sqlite3_bind_int64(statement, 1, about);
    sqlite3_bind_int64(statement, 2, ROWS_AT_ONCE);
    return sqlite_read(statement, out);
}

/* The oldest rows of one quarter that may go: only what is in the sums, as those are not made again. */
static int choose(struct move *m)
{
    int64_t added_up = 0;
    int64_t end = 0;
    int rc = read_number(m, "SELECT place FROM rollup_state", 0, &added_up);
    if (m->limit > added_up + 1)
        m->limit = added_up + 1;
    m->first = INT64_MAX;
    if (!rc)
        rc = read_number(m, "SELECT place FROM usage ORDER BY place LIMIT 1", 0, &m->first);
    if (rc || m->first >= m->limit)
        return rc;
    quarter_of(m->first, m->quarter, &end);
    if (m->limit > end)
        m->limit = end;
    return read_number(m,
                       "SELECT max(place) FROM (SELECT place FROM usage WHERE place < ?1"
                       " ORDER BY place LIMIT ?2)",
                       m->limit, &m->last);
}

/* The columns that a newer version added since the archive was made. */
static int add_columns(struct move *m)
{
    struct sqlite3_stmt *missing AUTO(finalize) = NULL;
    int rc = sqlite3_prepare_v2(m->db,
                                "SELECT 'ALTER TABLE archive.usage ADD COLUMN \"' || name ||"
                                " '\" ' || type FROM pragma_table_info('usage', 'main')"
                                " WHERE name NOT IN (SELECT name FROM"
                                " pragma_table_info('usage', 'archive')) ORDER BY cid LIMIT 1",
                                -1, &missing, NULL);
    while (!rc && (rc = sqlite3_step(missing)) == SQLITE_ROW) {
        struct slice sql = arena_copy(m->arena, sqlite_text(missing, 0));
        sqlite3_reset(missing);
        rc = sql.p ? sqlite3_exec(m->db, sql.p, NULL, NULL, NULL) : SQLITE_NOMEM;
    }
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int make_table(struct move *m)
{
    static const char head[] = "CREATE TABLE usage";
    struct sqlite3_stmt *find AUTO(finalize) = NULL;
    int rc = sqlite3_prepare_v2(
        m->db, "SELECT sql FROM main.sqlite_schema WHERE name = 'usage'", -1, &find, NULL);
    if (rc)
        return rc;
    rc = sqlite3_step(find);
    struct slice sql = sqlite_text(find, 0);
    if (rc != SQLITE_ROW || !slice_starts(sql, head))
        return SQLITE_CORRUPT;
    const struct slice parts[] = {SLICE("CREATE TABLE IF NOT EXISTS archive.usage"),
                                  slice_from(sql, sizeof head - 1)};
    sql = arena_join(m->arena, parts, 2);
    sqlite3_reset(find);
    rc = sql.p ? sqlite3_exec(m->db, sql.p, NULL, NULL, NULL) : SQLITE_NOMEM;
    return rc ? rc : add_columns(m);
}

static int run(struct move *m, const char *sql, int64_t place, const char *text)
{
    struct sqlite3_stmt *statement AUTO(finalize) = NULL;
    int rc = sqlite3_prepare_v2(m->db, sql, -1, &statement, NULL);
    if (rc)
        return rc;
    sqlite3_bind_int64(statement, 1, place);
    if (text)
        sqlite_bind(statement, 2, slice_text(text));
    return sqlite_run(statement);
}

/* A transaction of the archive alone: in WAL mode one over both files would not be whole after a crash. */
static int copy(struct move *m, const char *path)
{
    struct sqlite3_stmt *attach AUTO(finalize) = NULL;
    int rc = sqlite3_prepare_v2(m->db, "ATTACH ?1 AS archive", -1, &attach, NULL);
    if (rc)
        return rc;
    sqlite_bind(attach, 1, slice_text(path));
    rc = sqlite_run(attach);
    if (!rc)
        rc = make_table(m);
    if (!rc)
        rc = run(
            m, "INSERT OR IGNORE INTO archive.usage SELECT * FROM main.usage WHERE place <= ?1",
            m->last, NULL);
    int detached = sqlite3_exec(m->db, "DETACH archive", NULL, NULL, NULL);
    return rc ? rc : detached;
}

/* What was copied goes; whoever did the same meanwhile has left nothing to go. */
static int drop_copied(struct move *m, int64_t *moved)
{
    int rc = run(m,
                 "UPDATE accounts SET archived = archived + u.credits FROM (SELECT account,"
                 " sum(credits) AS credits FROM usage WHERE place <= ?1 AND account <> ''"
                 " AND credits > 0 GROUP BY account) AS u WHERE accounts.id = u.account",
                 m->last, NULL);
    if (!rc)
        rc = run(m,
                 "INSERT INTO archives SELECT ?2, count(*), min(place), max(place) FROM usage"
                 " WHERE place <= ?1 HAVING count(*) > 0 ON CONFLICT DO UPDATE SET"
                 " rows = rows + excluded.rows, last = excluded.last",
                 m->last, m->quarter);
    if (!rc)
        rc = run(m, "DELETE FROM usage WHERE place <= ?1", m->last, NULL);
    *moved = rc ? 0 : sqlite3_changes(m->db);
    return rc;
}

static int drop(struct move *m, int64_t *moved)
{
    int rc = sqlite3_exec(m->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (rc)
        return rc;
    rc = drop_copied(m, moved);
    if (!rc)
        rc = sqlite3_exec(m->db, "COMMIT", NULL, NULL, NULL);
    if (rc && !sqlite3_get_autocommit(m->db))
        (void)sqlite3_exec(m->db, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}

int sqlite_archive(struct store *s, int64_t until_ms, bool dry, int64_t *moved,
                   struct fault *why)
{
    struct sqlite3 *db AUTO(sqlite_disconnect) = NULL;
    struct arena arena AUTO(arena_free);
    arena_init(&arena);
    *moved = 0;
    if (s->in_memory)
        return fault_set(why, AIGNE_E_REQUEST,
                         "A hub in memory has no archives; give it a database file.");
    int rc = sqlite_connect(s->path, SQLITE_OPEN_READWRITE, &db, why);
    if (rc)
        return rc;
    struct move m = {.db = db, .arena = &arena, .limit = usage_place(until_ms)};
    if (dry) {
        rc = read_number(&m, "SELECT count(*) FROM usage WHERE place < ?1", m.limit, moved);
        return rc ? sqlite_fault(rc, moving, why) : AIGNE_OK;
    }
    rc = choose(&m);
    if (rc || m.first >= m.limit)
        return rc ? sqlite_fault(rc, moving, why) : AIGNE_OK;
    const char *path = archive_path(s, slice_text(m.quarter), &arena);
    rc = path ? sqlite_make_private(path, why) : fault_nomem(why);
    if (rc)
        return rc;
    rc = copy(&m, path);
    if (!rc)
        rc = drop(&m, moved);
    return rc ? sqlite_fault(rc, moving, why) : AIGNE_OK;
}
