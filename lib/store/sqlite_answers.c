/* Knows how answers that may be given again are kept and thrown out; refuses to know what they say. */
#include "store/sqlite_store.h"
#include <aignehub/aignehub.h>
#include <sqlite3.h>

static void finalize(struct sqlite3_stmt **statement)
{
    sqlite3_finalize(*statement);
}

static int run(struct store *s, const char *sql, int64_t number)
{
    struct sqlite3_stmt *statement AUTO(finalize) = NULL;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL);
    if (!rc)
        rc = sqlite3_bind_int64(statement, 1, number);
    return rc ? rc : sqlite_run(statement);
}

/* The newest that together are not too large stay. */
static int make_room(struct store *s, const struct answer_op *answer)
{
    int rc = run(s, "DELETE FROM answers WHERE until_ms <= ?1", answer->at_ms);
    if (!rc)
        rc = run(s,
                 "DELETE FROM answers WHERE at_ms <= (SELECT max(at_ms) FROM (SELECT at_ms, "
                 "sum(size) OVER (ORDER BY at_ms DESC, size DESC) AS total FROM answers) WHERE "
                 "total > ?1)",
                 answer->most_bytes);
    return rc;
}

int sqlite_answer_put(struct store *s, const struct answer_op *answer)
{
    struct sqlite3_stmt *put AUTO(finalize) = NULL;
    int rc = sqlite3_prepare_v2(s->db, "INSERT OR REPLACE INTO answers VALUES (?1,?2,?3,?4,?5)",
                                -1, &put, NULL);
    if (!rc)
        rc = sqlite3_bind_blob64(put, 1, answer->key.p, answer->key.n, SQLITE_STATIC);
    if (!rc)
        rc = sqlite3_bind_int64(put, 2, answer->at_ms);
    if (!rc)
        rc = sqlite3_bind_int64(put, 3, answer->until_ms);
    if (!rc)
        rc = sqlite3_bind_int64(put, 4, (int64_t)answer->sealed.n);
    if (!rc)
        rc = sqlite3_bind_blob64(put, 5, answer->sealed.p, answer->sealed.n, SQLITE_STATIC);
    if (!rc)
        rc = sqlite_run(put);
    return rc || !answer->tidy ? rc : make_room(s, answer);
}

int sqlite_answer_get(struct store *s, struct slice key, int64_t now_ms, struct buf *sealed,
                      struct fault *why)
{
    HOLD(s);
    struct sqlite3_stmt *get AUTO(finalize) = NULL;
    int rc = sqlite3_prepare_v2(
        s->db, "SELECT sealed FROM answers WHERE key = ?1 AND until_ms > ?2", -1, &get, NULL);
    if (!rc)
        rc = sqlite3_bind_blob64(get, 1, key.p, key.n, SQLITE_STATIC);
    if (!rc)
        rc = sqlite3_bind_int64(get, 2, now_ms);
    if (!rc)
        rc = sqlite3_step(get);
    if (rc == SQLITE_ROW) {
        const char *bytes = sqlite3_column_blob(get, 0);
        buf_put(sealed, bytes ? bytes : "", (size_t)sqlite3_column_bytes(get, 0));
        return buf_rc(sealed) ? fault_nomem(why) : AIGNE_OK;
    }
    return rc == SQLITE_DONE ? AIGNE_OK
                             : sqlite_fault(rc, "A kept answer could not be read", why);
}
