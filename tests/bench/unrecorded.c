/* Knows how a server does without a record of its calls: loaded before SQLite, it lets no usage row reach it. What
 * remains of metering is that a call is handed to the ledger's thread and back. Refuses to know what that saves. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sqlite3.h>
#include <string.h>

int sqlite3_step(sqlite3_stmt *statement)
{
    static int (*step)(sqlite3_stmt *);
    static const char row[] = "INSERT INTO usage ";
    if (!step)
        *(void **)(void *)&step = dlsym(RTLD_NEXT, "sqlite3_step");
    const char *sql = sqlite3_sql(statement);
    return sql && strncmp(sql, row, sizeof row - 1) == 0 ? SQLITE_DONE : step(statement);
}
