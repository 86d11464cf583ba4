/* Knows where it stands how far files of records have come; refuses to know what is in them. */
#include "store/sqlite_store.h"
#include <aignehub/aignehub.h>
#include <sqlite3.h>

int sqlite_mark_put(struct store *s, struct slice id, const struct store_mark *mark)
{
    struct sqlite3_stmt *put =
        s->statements[mark->place ? STATEMENT_PUT_MARK : STATEMENT_DROP_MARK];
    sqlite_bind(put, 1, id);
    if (mark->place) {
        sqlite3_bind_int64(put, 2, mark->number);
        sqlite3_bind_int64(put, 3, mark->place);
    }
    return sqlite_run(put);
}

int sqlite_mark(struct store *s, struct slice id, struct store_mark *out, struct fault *why)
{
    HOLD(s);
    struct sqlite3_stmt *read = s->statements[STATEMENT_READ_MARK];
    sqlite_bind(read, 1, id);
    int rc = sqlite3_step(read);
    if (rc == SQLITE_ROW) {
        out->number = sqlite3_column_int64(read, 0);
        out->place = sqlite3_column_int64(read, 1);
    }
    int end = sqlite3_reset(read);
    rc = rc == SQLITE_ROW || rc == SQLITE_DONE ? end : rc;
    return rc ? sqlite_fault(rc, "How far records have come could not be read", why) : AIGNE_OK;
}
