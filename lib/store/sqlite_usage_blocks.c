/* Knows how many usage rows began when, from the sums and those that are in none yet; refuses to read more of
 * the rows. */
#include "base/mem.h"
#include "store/sqlite_store.h"
#include "store/usage_lookup.h"
#include "store/usage_sums.h"
#include <sqlite3.h>
#include <stdlib.h>

int usage_blocks_add(struct usage_blocks *b, const struct usage_block *block)
{
    struct usage_block *last = b->count ? &b->list[b->count - 1] : NULL;
    if (last && last->slot == block->slot) {
        last->count += block->count;
        return SQLITE_OK;
    }
    if (b->count == b->room) {
        size_t room = b->room ? b->room * 2 : 64;
        struct usage_block *grown = mem_resize(b->list, room * sizeof *grown);
        if (!grown)
            return SQLITE_NOMEM;
        b->list = grown;
        b->room = room;
    }
    b->list[b->count++] = *block;
    return SQLITE_OK;
}

void usage_blocks_free(struct usage_blocks *b)
{
    mem_free(b->list);
}

static int compare(const void *a, const void *b)
{
    int64_t left = ((const struct usage_block *)a)->slot;
    int64_t right = ((const struct usage_block *)b)->slot;
    return (left > right) - (left < right);
}

static void fold(struct usage_blocks *b)
{
    size_t count = b->count;
    if (count)
        qsort(b->list, count, sizeof *b->list, compare);
    b->count = 0;
    for (size_t i = 0; i < count; i++) {
        struct usage_block next = b->list[i];
        (void)usage_blocks_add(b, &next); /* there is room */
    }
    for (size_t i = 0; i < b->count; i++)
        b->list[i].wanted = b->list[i].count;
}

/* The fewest sums that know the names, by quarter hours too, and are found by one of them. */
static enum rollup_set choose(const struct usage_query *q)
{
    if (q->match[USAGE_USER].p || q->match[USAGE_KEY].p)
        return ROLLUP_KEYS;
    if (q->match[USAGE_APP].p)
        return ROLLUP_APPS;
    return q->match[USAGE_MODEL].p || q->match[USAGE_PROVIDER].p ? ROLLUP_MODELS : ROLLUP_ALL;
}

static void put_name(struct buf *sql, const char *column, int which)
{
    buf_printf(sql, "%s (SELECT id FROM rollup_names WHERE name = ?%d)", column,
               USAGE_NAME_AT + which);
}

/* ?1 to ?2 are the slots, ?11 is the cut. A row that is in no sum yet is one without sums. */
static void put_question(struct buf *sql, const struct usage_query *q, enum rollup_set set)
{
    int lead = rollup_cuts[set].lead;
    buf_put_text(sql, "SELECT slot, sums FROM rollup WHERE cut = ?11 AND slot >= ?1"
                      " AND slot < ?2 AND lead");
    if (lead < 0)
        buf_put_text(sql, " = 0");
    else if (q->match[lead].p)
        put_name(sql, " =", lead);
    else {
        put_name(sql, " IN (SELECT key_id FROM rollup_keys WHERE user =", USAGE_USER);
        buf_put_text(sql, ")");
    }
    for (int i = 0; i < USAGE_NAMES; i++)
        if (q->match[i].p) {
            buf_printf(sql, " AND %s", usage_columns[i]);
            put_name(sql, " =", i);
        }
    buf_printf(sql,
               " UNION ALL SELECT started_ms / %d, NULL FROM usage WHERE place > (SELECT place"
               " FROM rollup_state) AND started_ms >= ?1 * %d AND started_ms < ?2 * %d",
               ROLLUP_SLOT_MS, ROLLUP_SLOT_MS, ROLLUP_SLOT_MS);
    usage_put_names(sql, q);
}

static int read_slots(struct usage_lookup *l, int64_t from, int64_t to, int64_t slots,
                      struct usage_blocks *out)
{
    struct buf sql AUTO(buf_free);
    struct sqlite3_stmt *statement AUTO(usage_finalize) = NULL;
    enum rollup_set set = choose(&l->query);
    buf_init(&sql, USAGE_SQL_LARGEST);
    if (from >= to)
        return SQLITE_OK;
    put_question(&sql, &l->query, set);
    int rc = usage_prepare(l->db, &sql, &l->query, &statement);
    if (rc)
        return rc;
    sqlite3_bind_int64(statement, 11, ROLLUP_CUT(set, slots > 1));
    sqlite3_bind_int64(statement, 1, from);
    sqlite3_bind_int64(statement, 2, to);
    while (!rc && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        struct slice sums = sqlite_text(statement, 1);
        struct usage_block block = {sqlite3_column_int64(statement, 0), slots,
                                    sums.n ? usage_sums_calls(sums) : 1, 0};
        block.slot -= block.slot % slots;
        rc = usage_blocks_add(out, &block);
    }
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int usage_blocks_read(struct usage_lookup *l, int64_t from, int64_t to, bool days,
                      struct usage_blocks *out)
{
    /* Days that `since` or `until` cuts are none: of their quarter hours only the cut one must be read to be
     * counted. */
    const int64_t day_ms = (int64_t)ROLLUP_SLOT_MS * ROLLUP_SLOTS_PER_DAY;
    int64_t first = (l->query.since_ms + day_ms - 1) / day_ms * ROLLUP_SLOTS_PER_DAY;
    int64_t last = l->query.until_ms / day_ms * ROLLUP_SLOTS_PER_DAY;
    if (!days || first > last)
        first = last = to;
    int rc = read_slots(l, from, first, 1, out);
    if (!rc)
        rc = read_slots(l, first, last, ROLLUP_SLOTS_PER_DAY, out);
    if (!rc)
        rc = read_slots(l, last, to, 1, out);
    fold(out);
    return rc;
}
