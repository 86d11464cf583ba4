/* Knows how a connection to SQLite is opened and how its failures are told; refuses to know tables. */
#define _POSIX_C_SOURCE 200809L
#include "store/sqlite_store.h"
#include <aignehub/aignehub.h>
#include <sqlite3.h>
#include <time.h>

/* Another process may hold the file for the length of its commit or checkpoint, not longer. */
enum { BUSY_MS = 2000, BUSY_RETRY_MS = 250, WAL_TRIES = 200, WAL_PAUSE_NS = 10000000 };

struct problem {
    int rc;
    int64_t retry_ms;
    const char *text;
};

static const struct problem problems[] = {
    {SQLITE_FULL, BUSY_RETRY_MS, "the disk is full; free some space"},
    {SQLITE_BUSY, BUSY_RETRY_MS, "another process keeps the database locked"},
    {SQLITE_LOCKED, BUSY_RETRY_MS, "the database is locked"},
    {SQLITE_PROTOCOL, BUSY_RETRY_MS, "another process keeps the database locked"},
    {SQLITE_READONLY, BUSY_RETRY_MS,
     "the database may not be written; check the owner and mode of the file and its folder"},
    {SQLITE_PERM, -1, "the database may not be opened; check the owner and mode of the file"},
    {SQLITE_CANTOPEN, BUSY_RETRY_MS,
     "it is not a file, or may not be opened; check its owner and mode"},
    {SQLITE_IOERR, BUSY_RETRY_MS, "the disk reported an error"},
    {SQLITE_CORRUPT, -1, "the database is damaged; restore it from a copy"},
    {SQLITE_NOTADB, -1, "the file is not an SQLite database"},
    {SQLITE_TOOBIG, -1, "a value is too large"},
};

int sqlite_fault(int rc, const char *doing, struct fault *why)
{
    int primary = rc & 0xff;
    if (primary == SQLITE_NOMEM || rc == SQLITE_IOERR_NOMEM)
        return fault_nomem(why);
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++) {
        if (problems[i].rc != primary)
            continue;
        if (why)
            why->retry_ms = problems[i].retry_ms;
        return fault_set(why, AIGNE_E_STORE, "%s: %s.", doing, problems[i].text);
    }
    if (why)
        why->retry_ms = -1;
    return fault_set(why, AIGNE_E_STORE, "%s: %s.", doing, sqlite3_errstr(rc));
}

void sqlite_disconnect(struct sqlite3 **db)
{
    sqlite3_close(*db);
    *db = NULL;
}

int sqlite_connect(const char *path, int flags, struct sqlite3 **out, struct fault *why)
{
    static const char settings[] =
        "PRAGMA trusted_schema = OFF;"
        "PRAGMA secure_delete = ON;" /* no old envelopes left behind */
        "PRAGMA temp_store = MEMORY;"
        "PRAGMA cache_size = -1024;"
        "PRAGMA journal_size_limit = 67108864;";
    static const char doing[] = "The database could not be opened";
    *out = NULL;
    bool in_memory = strncmp(path, MEMORY_PATH, sizeof MEMORY_PATH - 1) == 0;
    int rc = sqlite3_open_v2(path, out, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE,
                             in_memory ? "memdb" : NULL);
    if (!rc)
        rc = sqlite3_extended_result_codes(*out, 1);
    if (!rc)
        rc = sqlite3_busy_timeout(*out, BUSY_MS);
    if (!rc)
        rc = sqlite3_db_config(*out, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    if (!rc)
        rc = sqlite3_exec(*out, settings, NULL, NULL, NULL);
    if (!rc)
        return AIGNE_OK;
    sqlite_disconnect(out);
    return sqlite_fault(rc, doing, why);
}

/* Two processes that open a new file at once may trip over each other here without waiting. */
int sqlite_use_wal(struct sqlite3 *db)
{
    int rc = SQLITE_BUSY;
    for (int i = 0; i < WAL_TRIES && (rc & 0xff) == SQLITE_BUSY; i++) {
        if (i > 0)
            nanosleep(&(struct timespec){.tv_nsec = WAL_PAUSE_NS}, NULL);
        rc = sqlite3_exec(db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
    }
    return rc;
}

void sqlite_bind(struct sqlite3_stmt *statement, int at, struct slice text)
{
    sqlite3_bind_text64(statement, at, text.p ? text.p : "", text.n, SQLITE_STATIC,
                        SQLITE_UTF8);
}

int sqlite_run(struct sqlite3_stmt *statement)
{
    int rc = sqlite3_step(statement);
    int end = sqlite3_reset(statement);
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? end : rc;
}

int sqlite_read(struct sqlite3_stmt *statement, int64_t *out)
{
    int rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        *out = sqlite3_column_int64(statement, 0);
    int end = sqlite3_reset(statement);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? end : rc;
}

struct slice sqlite_text(struct sqlite3_stmt *statement, int column)
{
    const char *p = sqlite3_column_blob(statement, column); /* a text would be copied */
    return slice_of(p ? p : "", (size_t)sqlite3_column_bytes(statement, column));
}
