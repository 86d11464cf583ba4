/* Knows how objects are read and how a batch of changes is written; refuses to know what they mean. */
#include "base/clock.h"
#include "base/mem.h"
#include "store/sqlite_store.h"
#include <aignehub/aignehub.h>
#include <sqlite3.h>

static const char reading[] = "The hub's objects could not be read";
static const char writing[] = "The change could not be written";

void sqlite_roll_back(struct store *s)
{
    if (!sqlite3_get_autocommit(s->db))
        (void)sqlite_run(s->statements[STATEMENT_ROLLBACK]);
}

int sqlite_version(struct store *s, int64_t *out, struct fault *why)
{
    HOLD(s);
    int rc = sqlite_read(s->statements[STATEMENT_VERSION], out);
    return rc ? sqlite_fault(rc, reading, why) : AIGNE_OK;
}

static int read_objects(struct store *s, struct arena *a, struct store_object *objects,
                        size_t count)
{
    struct sqlite3_stmt *load = s->statements[STATEMENT_LOAD];
    int rc = SQLITE_ROW;
    for (size_t i = 0; i < count && (rc = sqlite3_step(load)) == SQLITE_ROW; i++)
        objects[i] = (struct store_object){
            arena_copy(a, sqlite_text(load, 0)), arena_copy(a, sqlite_text(load, 1)),
            arena_copy(a, sqlite_text(load, 2)), sqlite3_column_int64(load, 3)};
    int end = sqlite3_reset(load);
    if (rc != SQLITE_ROW)
        return rc == SQLITE_DONE ? SQLITE_CORRUPT : rc;
    return a->failed ? SQLITE_NOMEM : end;
}

int sqlite_load(struct store *s, struct arena *a, struct store_object **objects, size_t *count,
                int64_t *version, struct fault *why)
{
    HOLD(s);
    int64_t rows = 0;
    int rc = sqlite_run(s->statements[STATEMENT_BEGIN]);
    if (!rc)
        rc = sqlite_read(s->statements[STATEMENT_VERSION], version);
    if (!rc)
        rc = sqlite_read(s->statements[STATEMENT_COUNT], &rows);
    *count = (size_t)rows;
    *objects = rc ? NULL : arena_array(a, *count + 1, sizeof **objects);
    if (!rc)
        rc = *objects ? read_objects(s, a, *objects, *count) : SQLITE_NOMEM;
    if (!rc)
        rc = sqlite_run(s->statements[STATEMENT_COMMIT]);
    if (rc)
        sqlite_roll_back(s);
    return rc ? sqlite_fault(rc, reading, why) : AIGNE_OK;
}

static int check_version(struct store *s, const struct store_op *op, struct fault *why)
{
    struct sqlite3_stmt *statement = s->statements[STATEMENT_OBJECT_VERSION];
    int64_t version = STORE_ABSENT;
    sqlite_bind(statement, 1, op->table);
    sqlite_bind(statement, 2, op->id);
    int rc = sqlite_read(statement, &version);
    if (rc)
        return sqlite_fault(rc, writing, why);
    return version == op->expected_version ? AIGNE_OK : store_conflict(op, why);
}

static int apply_put(struct store *s, const struct store_op *op, int64_t version)
{
    struct sqlite3_stmt *put = s->statements[STATEMENT_PUT];
    sqlite_bind(put, 1, op->table);
    sqlite_bind(put, 2, op->id);
    sqlite_bind(put, 3, op->body);
    sqlite3_bind_int64(put, 4, version);
    sqlite3_bind_int64(put, 5, clock_wall_ms());
    return sqlite_run(put);
}

static int apply_drop(struct store *s, const struct store_op *op)
{
    struct sqlite3_stmt *drop = s->statements[STATEMENT_DROP];
    sqlite_bind(drop, 1, op->table);
    sqlite_bind(drop, 2, op->id);
    return sqlite_run(drop);
}

static int apply_one(struct store *s, const struct store_op *op, int64_t *version,
                     struct fault *why)
{
    int rc = SQLITE_OK;
    if (op->kind == STORE_USAGE) {
        rc = sqlite_usage_add(s, op->usage);
        return rc ? sqlite_fault(rc, "The usage rows could not be written", why) : AIGNE_OK;
    }
    if (op->money)
        return sqlite_money_apply(s, op, why);
    if (op->rate)
        return sqlite_rate_add(s, op->rate, why);
    if (op->adjustment)
        return sqlite_adjust(s, op->adjustment, why);
    if (op->answer || op->mark) {
        rc = op->mark ? sqlite_mark_put(s, op->id, op->mark) : sqlite_answer_put(s, op->answer);
        return rc ? sqlite_fault(rc, "What is kept beside could not be written", why)
                  : AIGNE_OK;
    }
    if (op->expected_version != STORE_ANY_VERSION) {
        rc = check_version(s, op, why);
        if (rc)
            return rc;
    }
    if (op->kind == STORE_CHECK)
        return AIGNE_OK;
    if (*version == 0)
        rc = sqlite_read(s->statements[STATEMENT_RAISE_VERSION], version);
    if (!rc)
        rc = op->kind == STORE_PUT ? apply_put(s, op, *version) : apply_drop(s, op);
    return rc ? sqlite_fault(rc, writing, why) : AIGNE_OK;
}

/* A hold need not outlive a loss of power, which the call does not either; every other commit must. Those
 * that follow bring it to the disk in any case. */
static int choose_durability(struct store *s, const struct store_op *ops, size_t count)
{
    bool holds_only = s->durable;
    for (size_t i = 0; i < count && holds_only; i++)
        holds_only = ops[i].kind == STORE_HOLD;
    if (holds_only == s->relaxed)
        return SQLITE_OK;
    int rc = sqlite3_exec(
        s->db, holds_only ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL", NULL,
        NULL, NULL);
    if (!rc)
        s->relaxed = holds_only;
    return rc;
}

int sqlite_apply(struct store *s, const struct store_op *ops, size_t count, struct fault *why)
{
    HOLD(s);
    int64_t version = 0; /* of the catalogue after this batch; raised by the first change */
    int64_t before = s->last_place;
    bool alone = count == 1 && ops->kind == STORE_USAGE && !ops->usage->account.n &&
                 !ops->usage->claim_count;
    money_book_begin(&s->money);
    int result = choose_durability(s, ops, count);
    if (!result && !alone)
        result = sqlite_run(s->statements[STATEMENT_BEGIN_WRITE]);
    if (result)
        return sqlite_fault(result, writing, why);
    int rc = AIGNE_OK;
    for (size_t i = 0; i < count && !rc; i++)
        rc = apply_one(s, &ops[i], &version, why);
    if (!rc && !alone) {
        result = money_book_finish(&s->money);
        if (!result)
            result = sqlite_run(s->statements[STATEMENT_COMMIT]);
        rc = result ? sqlite_fault(result, writing, why) : AIGNE_OK;
    }
    if (rc) {
        sqlite_roll_back(s);
        sqlite_usage_doubt(s, before);
    }
    return rc;
}
