/* Knows how the SQLite store is opened and closed; refuses to know what is written into it. */
#define _POSIX_C_SOURCE 200809L
#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "store/sqlite_store.h"
#include <aignehub/aignehub.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

static const char *const statement_texts[STATEMENTS] = {
    [STATEMENT_BEGIN] = "BEGIN",
    [STATEMENT_BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [STATEMENT_COMMIT] = "COMMIT",
    [STATEMENT_ROLLBACK] = "ROLLBACK",
    [STATEMENT_VERSION] = "SELECT catalog_version FROM meta",
    [STATEMENT_RAISE_VERSION] =
        "UPDATE meta SET catalog_version = catalog_version + 1 RETURNING catalog_version",
    [STATEMENT_OBJECT_VERSION] = "SELECT version FROM objects WHERE tbl = ?1 AND id = ?2",
    [STATEMENT_PUT] =
        ("INSERT INTO objects VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET"
         " body = excluded.body, version = excluded.version,"
         " updated_ms = excluded.updated_ms"),
    [STATEMENT_DROP] = "DELETE FROM objects WHERE tbl = ?1 AND id = ?2",
    [STATEMENT_COUNT] = "SELECT count(*) FROM objects",
    [STATEMENT_LOAD] = "SELECT tbl, id, body, version FROM objects ORDER BY tbl, id",
    [STATEMENT_ADD_USAGE] =
        ("INSERT INTO usage VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,"
         " ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29,"
         " ?30, ?31, ?32, ?33, ?34)"),
    [STATEMENT_LAST_PLACE] = "SELECT max(place) FROM usage",
    [STATEMENT_USAGE_THERE] =
        "SELECT count(*) FROM usage WHERE place BETWEEN ?1 AND ?2 AND id = ?3",
    [STATEMENT_PUT_MARK] = ("INSERT INTO spools VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET"
                            " number = excluded.number, place = excluded.place"),
    [STATEMENT_DROP_MARK] = "DELETE FROM spools WHERE id = ?1",
    [STATEMENT_READ_MARK] = "SELECT number, place FROM spools WHERE id = ?1",
};

static void store_close(struct store *s)
{
    if (!s)
        return;
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(s->statements[i]);
    rollup_close(s->rollup);
    money_book_close(&s->money);
    sqlite_owner_close(&s->owner);
    sqlite_disconnect(&s->db);
    pthread_mutex_destroy(&s->lock);
    mem_free(s->path);
    mem_free(s);
}

/* Nobody else may read it: it holds sealed secrets and everybody's usage. Only a file that is not
 * there yet is touched: closing a database file that is open elsewhere in this process would take
 * away its locks. */
int sqlite_make_private(const char *path, struct fault *why)
{
    int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file >= 0) {
        close(file);
        return AIGNE_OK;
    }
    if (errno == EEXIST)
        return AIGNE_OK;
    const char *problem = errno == ENOENT || errno == ENOTDIR ? "its folder does not exist"
                          : errno == ENOSPC                   ? "the disk is full"
                          : errno == EROFS                    ? "the file system is read-only"
                                                              : "its folder may not be written";
    return fault_set(why, AIGNE_E_STORE, "The database \"%.200s\" cannot be made: %s.", path,
                     problem);
}

static int prepare_all(struct store *s, struct fault *why)
{
    for (int i = 0; i < STATEMENTS; i++) {
        int rc = sqlite3_prepare_v3(s->db, statement_texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                                    &s->statements[i], NULL);
        if (rc)
            return sqlite_fault(rc, "The database could not be prepared", why);
    }
    return AIGNE_OK;
}

static int open_file(struct store *s, bool durable, struct fault *why)
{
    int rc = s->in_memory ? AIGNE_OK : sqlite_make_private(s->path, why);
    if (!rc)
        rc = sqlite_connect(s->path,
                            SQLITE_OPEN_READWRITE | (s->in_memory ? SQLITE_OPEN_CREATE : 0),
                            &s->db, why);
    if (!rc)
        rc = sqlite_migrate(s->db, s->path, why);
    if (rc)
        return rc;
    int result = sqlite3_exec(
        s->db, durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL", NULL,
        NULL, NULL);
    s->durable = durable;
    if (!result)
        result = money_book_open(&s->money, s->db);
    return result ? sqlite_fault(result, "The database could not be opened", why)
                  : prepare_all(s, why);
}

static int open_at(struct slice where, bool durable, bool in_memory, struct store **out,
                   struct fault *why)
{
    *out = NULL;
    if (where.n == 0 || memchr(where.p, '\0', where.n))
        return fault_set(why, AIGNE_E_CONFIG,
                         "The path of the database is empty or not a path.");
    struct store *s = mem_alloc_zero(sizeof *s);
    if (!s)
        return fault_nomem(why);
    if (pthread_mutex_init(&s->lock, NULL) != 0) {
        mem_free(s);
        return fault_nomem(why);
    }
    sqlite_owner_init(&s->owner);
    s->in_memory = in_memory;
    s->owner.number = in_memory; /* nobody else's: no file need tell */
    s->path = mem_text(where.p, where.n);
    int rc = s->path ? open_file(s, durable, why) : fault_nomem(why);
    if (rc) {
        store_close(s);
        return rc;
    }
    *out = s;
    return AIGNE_OK;
}

static int store_open(struct slice where, bool durable, struct store **out, struct fault *why)
{
    return open_at(where, durable, false, out, why);
}

/* Each under a name of its own. */
static int memory_open(struct slice where, bool durable, struct store **out, struct fault *why)
{
    char path[sizeof MEMORY_PATH + RANDOM_ID_SIZE] = MEMORY_PATH;
    (void)where;
    (void)durable;
    *out = NULL;
    if (random_id(path + sizeof MEMORY_PATH - 1, clock_wall_ms()))
        return fault_set(why, AIGNE_E_INTERNAL, "The system gave no random bytes.");
    return open_at(slice_text(path), false, true, out, why);
}

#define STORE_TYPE(name, opener, answers)                                                      \
    {                                                                                          \
        .scheme = (name), .open = (opener), .load = sqlite_load, .version = sqlite_version,    \
        .apply = sqlite_apply, .usage_list = sqlite_usage_list,                                \
        .usage_each = sqlite_usage_each, .money_list = sqlite_money_list,                      \
        .budget_list = sqlite_budget_list, .money_upkeep = sqlite_money_upkeep,                \
        .end_orphans = sqlite_end_orphans, .mark = sqlite_mark, .roll_up = sqlite_roll_up,     \
        .archive = sqlite_archive, .usage_report = sqlite_usage_report,                        \
        .rate_history = sqlite_rate_history, .usage_paid = sqlite_usage_paid,                  \
        .answer_get = (answers), .close = store_close                                          \
    }

const struct store_type store_sqlite = STORE_TYPE("sqlite", store_open, sqlite_answer_get);
const struct store_type store_memory = STORE_TYPE("memory", memory_open, NULL);
