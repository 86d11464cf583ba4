/* Knows how budgets are counted inside a transaction; refuses to know whom they are about. */
#include "base/mem.h"
#include "store/sqlite_money.h"
#include "store/sqlite_store.h"
#include <aignehub/aignehub.h>
#include <sqlite3.h>

/* Counters of periods that began before are not kept. */
#define KEPT_MS ((int64_t)400 * 86400000)

static int read_counter(struct money_book *b, struct money_counter *c)
{
    struct sqlite3_stmt *read = b->statements[MONEY_READ_COUNTER];
    sqlite_bind(read, 1, c->id);
    sqlite3_bind_int64(read, 2, c->starts_ms);
    int rc = sqlite3_step(read);
    bool there = rc == SQLITE_ROW;
    if (there) {
        c->spent = sqlite3_column_int64(read, 0);
        c->held = sqlite3_column_int64(read, 1);
    }
    int end = sqlite3_reset(read);
    if (rc != SQLITE_DONE || end || !c->starts_ms)
        return there || rc == SQLITE_DONE ? end : rc;
    struct sqlite3_stmt *forget = b->statements[MONEY_FORGET_COUNTERS];
    sqlite_bind(forget, 1, c->id);
    sqlite3_bind_int64(forget, 2, c->starts_ms - KEPT_MS);
    return sqlite_run(forget);
}

static bool make_room(struct money_book *b)
{
    if (b->counter_count < b->counter_capacity)
        return true;
    size_t wanted = b->counter_capacity ? b->counter_capacity * 2 : 16;
    struct money_counter *grown = mem_resize(b->counters, wanted * sizeof *grown);
    if (!grown)
        return false;
    b->counters = grown;
    b->counter_capacity = wanted;
    return true;
}

/* Valid until another counter is looked up. */
static int find(struct money_book *b, const struct budget_claim *claim,
                struct money_counter **out)
{
    for (size_t i = 0; i < b->counter_count; i++) {
        *out = &b->counters[i];
        if ((*out)->starts_ms == claim->starts_ms && slice_eq((*out)->id, claim->counter))
            return SQLITE_OK;
    }
    if (!make_room(b))
        return SQLITE_NOMEM;
    *out = &b->counters[b->counter_count];
    **out = (struct money_counter){.id = arena_copy(&b->texts, claim->counter),
                                   .starts_ms = claim->starts_ms};
    if (!(*out)->id.p)
        return SQLITE_NOMEM;
    int rc = read_counter(b, *out);
    b->counter_count += rc == SQLITE_OK;
    return rc;
}

int money_counters_ask(struct money_book *b, struct money_op *op)
{
    int rc = SQLITE_OK;
    for (size_t i = 0; i < op->claim_count && !rc; i++) {
        struct budget_claim *claim = &op->claims[i];
        struct money_counter *c = NULL;
        int64_t sum = 0;
        rc = find(b, claim, &c);
        if (rc)
            break;
        claim->used = c->spent + c->held;
        bool countable = !__builtin_add_overflow(claim->used, op->amount, &sum);
        if (!op->broken && (!countable || (claim->hard && sum > claim->limit)))
            op->broken = claim;
    }
    op->refused = op->broken != NULL;
    return rc;
}

static int change(struct money_book *b, struct budget_claim *claim, int64_t held, int64_t spent)
{
    struct money_counter *c = NULL;
    int rc = find(b, claim, &c);
    if (rc)
        return rc;
    c->held += held;
    c->changed = true;
    if (__builtin_add_overflow(c->spent, spent, &c->spent))
        return SQLITE_TOOBIG;
    claim->used = c->spent;
    return SQLITE_OK;
}

int money_counters_hold(struct money_book *b, const struct money_op *op)
{
    struct sqlite3_stmt *add = b->statements[MONEY_ADD_SHARE];
    int rc = SQLITE_OK;
    for (size_t i = 0; i < op->claim_count && !rc; i++) {
        struct budget_claim claim = op->claims[i];
        sqlite_bind(add, 1, op->id);
        sqlite_bind(add, 2, claim.counter);
        sqlite3_bind_int64(add, 3, claim.starts_ms);
        rc = sqlite_run(add);
        if (!rc)
            rc = change(b, &claim, op->amount, 0);
    }
    return rc;
}

int money_counters_release(struct money_book *b, const struct money_op *op)
{
    struct sqlite3_stmt *drop = b->statements[MONEY_DROP_SHARES];
    sqlite_bind(drop, 1, op->id);
    int rc = sqlite_run(drop);
    for (size_t i = 0; i < op->claim_count && !rc; i++)
        rc = change(b, &op->claims[i], -op->amount, 0);
    return rc;
}

int money_counters_spend(struct money_book *b, const struct usage_row *row)
{
    int rc = SQLITE_OK;
    for (size_t i = 0; i < row->claim_count && !rc; i++)
        if (!row->claims[i].unspent)
            rc = change(b, &row->claims[i], 0, row->credits);
    return rc;
}

int money_counters_of(struct money_book *b, struct slice call_id, struct money_op *hold)
{
    enum { MOST = 64 };
    struct sqlite3_stmt *read = b->statements[MONEY_READ_SHARES];
    int rc = SQLITE_ROW;
    hold->claim_count = 0;
    sqlite_bind(read, 1, call_id);
    while (hold->claim_count < MOST && (rc = sqlite3_step(read)) == SQLITE_ROW) {
        if (!hold->claims)
            hold->claims = arena_array(&b->texts, MOST, sizeof *hold->claims);
        if (!hold->claims)
            break;
        hold->claims[hold->claim_count++] =
            (struct budget_claim){.counter = arena_copy(&b->texts, sqlite_text(read, 0)),
                                  .starts_ms = sqlite3_column_int64(read, 1)};
    }
    int end = sqlite3_reset(read);
    if (b->texts.failed)
        return SQLITE_NOMEM;
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? end : rc;
}

int money_counters_write(struct money_book *b)
{
    struct sqlite3_stmt *put = b->statements[MONEY_PUT_COUNTER];
    int rc = SQLITE_OK;
    for (size_t i = 0; i < b->counter_count && !rc; i++) {
        const struct money_counter *c = &b->counters[i];
        if (!c->changed)
            continue;
        sqlite_bind(put, 1, c->id);
        sqlite3_bind_int64(put, 2, c->starts_ms);
        sqlite3_bind_int64(put, 3, c->spent);
        sqlite3_bind_int64(put, 4, c->held);
        rc = sqlite_run(put);
    }
    return rc;
}

/* ---- how they are shown ---- */

static void finalize(struct sqlite3_stmt **statement)
{
    sqlite3_finalize(*statement);
}

static int list(struct sqlite3_stmt *rows, struct arena *a, struct budget_state *out,
                size_t most, size_t *count)
{
    int rc = SQLITE_ROW;
    while (*count < most && (rc = sqlite3_step(rows)) == SQLITE_ROW)
        out[(*count)++] =
            (struct budget_state){arena_copy(a, sqlite_text(rows, 0)),
                                  sqlite3_column_int64(rows, 1), sqlite3_column_int64(rows, 2)};
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* What begins with the prefix stands between it and itself with the highest byte behind. */
int sqlite_budget_list(struct store *s, struct slice prefix, int64_t starts_ms, size_t most,
                       struct arena *a, struct budget_state **out, size_t *count,
                       struct fault *why)
{
    static const char sql[] =
        "SELECT counter, spent, held FROM counters WHERE counter >= ?1"
        " AND counter < ?1 || char(1114111) AND starts_ms = ?2 ORDER BY spent DESC LIMIT ?3";
    HOLD(s);
    struct sqlite3_stmt *rows AUTO(finalize) = NULL;
    *count = 0;
    *out = arena_array(a, most, sizeof **out);
    if (!*out)
        return fault_nomem(why);
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &rows, NULL);
    if (!rc) {
        sqlite_bind(rows, 1, prefix);
        sqlite3_bind_int64(rows, 2, starts_ms);
        sqlite3_bind_int64(rows, 3, (int64_t)most);
        rc = list(rows, a, *out, most, count);
    }
    if (a->failed)
        return fault_nomem(why);
    return rc ? sqlite_fault(rc, "The budgets could not be read", why) : AIGNE_OK;
}
