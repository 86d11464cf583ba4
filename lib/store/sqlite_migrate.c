/* Knows whether a database is ours and how it becomes the newest version; refuses to know its rows. */
#include "store/schema.h"
#include "store/sqlite_store.h"
#include <aignehub/aignehub.h>
#include <sqlite3.h>

/* Stands in the file's header, so that a file of another program is never touched. */
#define APPLICATION_ID     1097418568 /* "AiGH" */
#define SET_APPLICATION_ID "PRAGMA application_id = 1097418568"

static const char doing[] = "The database could not be brought up to date";

static int read_number(sqlite3 *db, const char *sql, int64_t *out)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (!rc)
        rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        *out = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

static int check_ours(sqlite3 *db, const char *path, int64_t *version, struct fault *why)
{
    int64_t application = 0;
    int64_t tables = 0;
    int rc = read_number(db, "PRAGMA user_version", version);
    if (!rc)
        rc = read_number(db, "PRAGMA application_id", &application);
    if (!rc)
        rc = read_number(db, "SELECT count(*) FROM sqlite_schema", &tables);
    if (rc)
        return sqlite_fault(rc, doing, why);
    bool empty = *version == 0 && application == 0 && tables == 0;
    if (!empty && application != APPLICATION_ID)
        return fault_set(why, AIGNE_E_STORE,
                         "\"%.200s\" is a database of another program; name another file.",
                         path);
    if (*version > schema_step_count)
        return fault_set(why, AIGNE_E_STORE,
                         "\"%.200s\" was made by a newer version of this library; update it.",
                         path);
    return AIGNE_OK;
}

static int run_steps(sqlite3 *db, int64_t version, struct fault *why)
{
    char set_version[64];
    int rc = SQLITE_OK;
    for (int64_t i = version; i < schema_step_count && !rc; i++)
        rc = sqlite3_exec(db, schema_steps[i], NULL, NULL, NULL);
    sqlite3_snprintf(sizeof set_version, set_version, "PRAGMA user_version = %d",
                     schema_step_count);
    if (!rc)
        rc = sqlite3_exec(db, SET_APPLICATION_ID, NULL, NULL, NULL);
    if (!rc)
        rc = sqlite3_exec(db, set_version, NULL, NULL, NULL);
    if (!rc)
        rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    return rc ? sqlite_fault(rc, doing, why) : AIGNE_OK;
}

int sqlite_migrate(struct sqlite3 *db, const char *path, struct fault *why)
{
    int64_t version = 0;
    int rc = check_ours(db, path, &version, why);
    if (rc)
        return rc;
    int result = sqlite_use_wal(db);
    if (result)
        return sqlite_fault(result, doing, why);
    if (version == schema_step_count)
        return AIGNE_OK;
    /* Another process may have done it while we waited for the lock: look again. */
    result = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (result)
        return sqlite_fault(result, doing, why);
    rc = check_ours(db, path, &version, why);
    if (!rc)
        rc = run_steps(db, version, why);
    if (rc && !sqlite3_get_autocommit(db))
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}
