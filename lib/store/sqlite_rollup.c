/* Knows how usage rows are added to the sums, each exactly once; refuses to know what is asked of them. */
#include "store/sqlite_rollup.h"
#include "base/map.h"
#include "base/mem.h"
#include "store/sqlite_store.h"
#include "store/usage_sums.h"
#include "store/usage_units.h"
#include <aignehub/aignehub.h>
#include <sqlite3.h>
#include <stdlib.h>

#define NAME(which) (1U << USAGE_##which)
#define EITHER      (NAME(TYPE) | NAME(STATUS))
#define PEOPLE      (NAME(USER) | NAME(KEY))
const struct rollup_cut rollup_cuts[ROLLUP_SETS] = {
    [ROLLUP_ALL] = {EITHER, -1, true, ROLLUP_SLOTS_PER_DAY},
    [ROLLUP_MODELS] = {EITHER | NAME(MODEL) | NAME(PROVIDER), -1, true, ROLLUP_SLOTS_PER_DAY},
    [ROLLUP_PEOPLE] = {EITHER | PEOPLE, -1, false, ROLLUP_SLOTS_PER_DAY},
    [ROLLUP_PROJECTS] = {EITHER | NAME(APP), -1, false, ROLLUP_SLOTS_PER_DAY},
    [ROLLUP_APPS] = {EITHER | NAME(APP) | NAME(MODEL) | NAME(PROVIDER), USAGE_APP, true,
                     ROLLUP_SLOTS_PER_DAY},
    [ROLLUP_KEYS] = {(1U << USAGE_NAMES) - 1, USAGE_KEY, true, ROLLUP_SLOTS_PER_DAY},
    [ROLLUP_CROWD] = {PEOPLE, -1, false, ROLLUP_SLOTS_PER_DAY},
    [ROLLUP_CROWD_HOURS] = {PEOPLE, -1, false, ROLLUP_SLOTS_PER_DAY / 8},
    [ROLLUP_CROWD_LONG] = {PEOPLE, -1, false, ROLLUP_SLOTS_PER_DAY * 16},
    [ROLLUP_LONG] = {(1U << USAGE_NAMES) - 1, -1, false, ROLLUP_SLOTS_PER_DAY * 4},
    [ROLLUP_LONGER] = {(1U << USAGE_NAMES) - 1, -1, false, ROLLUP_SLOTS_PER_DAY * 16},
    [ROLLUP_PEOPLE_LONG] = {EITHER | PEOPLE, -1, false, ROLLUP_SLOTS_PER_DAY * 16},
    [ROLLUP_MODELS_HOURS] = {EITHER | NAME(MODEL) | NAME(PROVIDER), -1, false,
                             ROLLUP_SLOTS_PER_DAY / 8},
};

enum {
    ROWS_AT_ONCE = 2048, /* in one transaction: some ten milliseconds */
    STEPS_IDLE = 4,      /* at a time, when nobody else writes or we fall behind */
    PATIENCE = 16,       /* full steps in a row: then we fall behind */
    NAMES_REMEMBERED = 16384,
    /* A row that another process is about to add may get a place before the newest one, but not so long
     * afterwards: it would have given up. Until then reports read the rows themselves. */
    SETTLED_MS = 10000
};

enum { KEY_CUT, KEY_LEAD, KEY_SLOT, KEY_NAMES, KEY_PARTS = KEY_NAMES + USAGE_NAMES };

struct name {
    struct slice text;
    int64_t id;
};

struct entry {
    int64_t key[KEY_PARTS];
    struct slice sums; /* packed */
};

enum rollup_statement {
    ROLL_BEGIN,
    ROLL_COMMIT,
    ROLL_MARK,
    ROLL_LAST,
    ROLL_ROWS,
    ROLL_SET_MARK,
    ROLL_ADD_NAME,
    ROLL_FIND_NAME,
    ROLL_ADD_KEY,
    ROLL_ADD,
    ROLL_STATEMENTS
};

static const char *const statement_texts[ROLL_STATEMENTS] = {
    [ROLL_BEGIN] = "BEGIN IMMEDIATE",
    [ROLL_COMMIT] = "COMMIT",
    [ROLL_MARK] = "SELECT place FROM rollup_state",
    [ROLL_LAST] = "SELECT max(place) FROM usage",
    [ROLL_ROWS] = "SELECT " ROLLUP_COLUMNS " FROM usage WHERE place > ?1 AND place <= ?2"
                  " ORDER BY place LIMIT ?3",
    [ROLL_SET_MARK] = "UPDATE rollup_state SET place = ?1",
    [ROLL_ADD_NAME] = "INSERT INTO rollup_names (name) VALUES (?1) ON CONFLICT DO NOTHING",
    [ROLL_FIND_NAME] = "SELECT id FROM rollup_names WHERE name = ?1",
    [ROLL_ADD_KEY] = "INSERT INTO rollup_keys VALUES (?1, ?2) ON CONFLICT DO NOTHING",
    [ROLL_ADD] = ("INSERT INTO rollup VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
                  " ON CONFLICT DO UPDATE SET sums = sums_add(sums, excluded.sums)"),
};

struct rollup {
    struct sqlite3 *db; /* a connection of its own, on the thread of the upkeep */
    struct sqlite3_stmt *statements[ROLL_STATEMENTS];
    struct map names; /* text to struct name */
    struct arena name_texts;
    const struct name *newest[USAGE_NAMES]; /* of the row before: most have the same */
    struct arena work;                      /* of one step */
    struct entry *entries; /* of one step, too: the finest, and behind them those of one cut */
    int64_t last_place;    /* at the last look */
    int64_t settled;       /* no row will be added up to here */
    int64_t seen;          /* the last place some time ago, and when */
    int64_t seen_ms;
    int full_steps; /* one after the other */
    struct usage_sums sums;
    struct usage_spread spread;
    struct usage_sums merged; /* inside sums_add */
    struct usage_spread merged_spread;
    char room[USAGE_SUMS_ROOM];
};

/* ---- opening ---- */

/* sums_add(packed, packed) */
static void sums_add(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct rollup *r = sqlite3_user_data(context);
    usage_sums_clear(&r->merged);
    for (int i = 0; i < count; i++) {
        const char *p = sqlite3_value_blob(values[i]);
        if (!usage_sums_add(&r->merged,
                            slice_of(p ? p : "", (size_t)sqlite3_value_bytes(values[i])))) {
            sqlite3_result_error_code(context, SQLITE_CORRUPT);
            return;
        }
    }
    size_t n = usage_sums_pack(&r->merged, r->room);
    sqlite3_result_blob64(context, r->room, n, SQLITE_TRANSIENT);
}

void rollup_close(struct rollup *r)
{
    if (!r)
        return;
    for (int i = 0; i < ROLL_STATEMENTS; i++)
        sqlite3_finalize(r->statements[i]);
    sqlite_disconnect(&r->db);
    map_free(&r->names);
    arena_free(&r->name_texts);
    arena_free(&r->work);
    mem_free(r);
}

static int prepare_all(struct rollup *r)
{
    /* What a loss of power takes is added up again: the mark goes with it. */
    int rc = sqlite3_exec(r->db, "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -8192", NULL,
                          NULL, NULL);
    if (!rc)
        rc = sqlite3_create_function_v2(r->db, "sums_add", 2,
                                        SQLITE_UTF8 | SQLITE_DIRECTONLY | SQLITE_DETERMINISTIC,
                                        r, sums_add, NULL, NULL, NULL);
    for (int i = 0; i < ROLL_STATEMENTS && !rc; i++)
        rc = sqlite3_prepare_v3(r->db, statement_texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                                &r->statements[i], NULL);
    return rc;
}

static const char doing[] = "The sums for reports could not be kept";

static int open_once(struct store *s, struct fault *why)
{
    if (s->rollup)
        return AIGNE_OK;
    struct rollup *r = mem_alloc_zero(sizeof *r);
    if (!r)
        return fault_nomem(why);
    r->sums.spread = &r->spread;
    r->merged.spread = &r->merged_spread;
    map_init(&r->names);
    arena_init(&r->name_texts);
    arena_init(&r->work);
    int rc = sqlite_connect(s->path, SQLITE_OPEN_READWRITE, &r->db, why);
    int result = rc ? SQLITE_OK : prepare_all(r);
    if (result)
        rc = sqlite_fault(result, doing, why);
    if (rc)
        rollup_close(r);
    else
        s->rollup = r;
    return rc;
}

/* ---- rows ---- */

int64_t rollup_read_row(struct sqlite3_stmt *statement, struct slice names[USAGE_NAMES],
                        struct usage_row *row)
{
    static const int columns[USAGE_NAMES] = {
        [USAGE_USER] = 1,     [USAGE_KEY] = 2,  [USAGE_APP] = 3,   [USAGE_MODEL] = 4,
        [USAGE_PROVIDER] = 5, [USAGE_TYPE] = 6, [USAGE_STATUS] = 7};
    for (int i = 0; i < USAGE_NAMES; i++)
        names[i] = sqlite_text(statement, columns[i]);
    *row = (struct usage_row){.status = names[USAGE_STATUS],
                              .started_ms = sqlite3_column_int64(statement, 8),
                              .attempt = sqlite3_column_int(statement, 9),
                              .estimated = sqlite3_column_int(statement, 10) != 0,
                              .charged = sqlite3_column_type(statement, 17) != SQLITE_NULL,
                              .credits = sqlite3_column_int64(statement, 17),
                              .costed = sqlite3_column_type(statement, 21) != SQLITE_NULL,
                              .cost = sqlite3_column_int64(statement, 21),
                              .duration_us = sqlite3_column_int64(statement, 18),
                              .first_byte_us = sqlite3_column_int64(statement, 19)};
    row->usage = (struct usage){.input = sqlite3_column_int64(statement, 11),
                                .cache_read = sqlite3_column_int64(statement, 12),
                                .cache_write_5m = sqlite3_column_int64(statement, 13),
                                .cache_write_1h = sqlite3_column_int64(statement, 14),
                                .output = sqlite3_column_int64(statement, 15),
                                .reasoning = sqlite3_column_int64(statement, 16)};
    usage_units_read(sqlite_text(statement, 20), &row->usage);
    return sqlite3_column_int64(statement, 0);
}

static int add_name(struct rollup *r, struct slice text, const struct name **out)
{
    struct name *name = arena_alloc(&r->name_texts, sizeof *name);
    if (!name)
        return SQLITE_NOMEM;
    *name = (struct name){.text = arena_copy(&r->name_texts, text)};
    if (!name->text.p || map_put(&r->names, name->text, name))
        return SQLITE_NOMEM;
    sqlite_bind(r->statements[ROLL_ADD_NAME], 1, text);
    sqlite_bind(r->statements[ROLL_FIND_NAME], 1, text);
    int rc = sqlite_run(r->statements[ROLL_ADD_NAME]);
    *out = name;
    return rc ? rc : sqlite_read(r->statements[ROLL_FIND_NAME], &name->id);
}

static int name_id(struct rollup *r, int which, struct slice text, int64_t *out)
{
    const struct name *name = r->newest[which];
    if (!name || !slice_eq(name->text, text))
        name = map_get(&r->names, text);
    int rc = name ? SQLITE_OK : add_name(r, text, &name);
    if (rc)
        return rc;
    r->newest[which] = name;
    *out = name->id;
    return SQLITE_OK;
}

static void forget_names(struct rollup *r)
{
    memset(r->newest, 0, sizeof r->newest);
    map_free(&r->names);
    arena_free(&r->name_texts);
}

/* The key of a row among the entries of the finest cut. */
static int key_of(struct rollup *r, const struct slice *names, const struct usage_row *row,
                  int64_t key[KEY_PARTS])
{
    key[KEY_CUT] = ROLLUP_CUT(ROLLUP_KEYS, false);
    key[KEY_SLOT] = row->started_ms / ROLLUP_SLOT_MS;
    for (int i = 0; i < USAGE_NAMES; i++) {
        int rc = name_id(r, i, names[i], &key[KEY_NAMES + i]);
        if (rc)
            return rc;
    }
    key[KEY_LEAD] = key[KEY_NAMES + USAGE_KEY];
    return SQLITE_OK;
}

static int pack(struct rollup *r, struct entry *e)
{
    e->sums = arena_copy(&r->work, slice_of(r->room, usage_sums_pack(&r->sums, r->room)));
    return e->sums.p ? SQLITE_OK : SQLITE_NOMEM;
}

/* Those that follow one another with the same key become one entry at once. */
static int take_row(struct rollup *r, size_t *count, int64_t *place)
{
    struct usage_row row;
    struct slice names[USAGE_NAMES];
    struct entry next = {.sums = SLICE_NONE};
    struct entry *newest = *count ? &r->entries[*count - 1] : NULL;
    *place = rollup_read_row(r->statements[ROLL_ROWS], names, &row);
    int rc = key_of(r, names, &row, next.key);
    if (!rc && (!newest || memcmp(newest->key, next.key, sizeof next.key) != 0)) {
        rc = newest ? pack(r, newest) : SQLITE_OK;
        r->entries[(*count)++] = next;
        usage_sums_clear(&r->sums);
    }
    usage_sums_add_row(&r->sums, &row);
    return rc;
}

/* At most ROWS_AT_ONCE, which become so many entries. */
static int take_rows(struct rollup *r, int64_t from, int64_t to, size_t *rows, size_t *count,
                     int64_t *last)
{
    struct sqlite3_stmt *statement = r->statements[ROLL_ROWS];
    int rc = SQLITE_OK;
    *count = 0;
    sqlite3_bind_int64(statement, 1, from);
    sqlite3_bind_int64(statement, 2, to);
    sqlite3_bind_int64(statement, 3, ROWS_AT_ONCE);
    for (*rows = 0; !rc && (rc = sqlite3_step(statement)) == SQLITE_ROW; ++*rows)
        rc = take_row(r, count, last);
    sqlite3_reset(statement);
    if (rc != SQLITE_DONE)
        return rc;
    return *count ? pack(r, &r->entries[*count - 1]) : SQLITE_OK;
}

/* ---- entries ---- */

static int compare(const void *a, const void *b)
{
    const int64_t *left = ((const struct entry *)a)->key;
    const int64_t *right = ((const struct entry *)b)->key;
    for (int i = 0; i < KEY_PARTS; i++)
        if (left[i] != right[i])
            return left[i] < right[i] ? -1 : 1;
    return 0;
}

/* Entries of the same key become one, in place. */
static int fold(struct rollup *r, struct entry *entries, size_t *count)
{
    size_t kept = 0;
    size_t next = 0;
    qsort(entries, *count, sizeof *entries, compare);
    for (size_t i = 0; i < *count; i = next) {
        next = i + 1;
        while (next < *count && compare(&entries[i], &entries[next]) == 0)
            next++;
        struct entry sum = entries[i];
        if (next > i + 1) {
            usage_sums_clear(&r->sums);
            for (size_t k = i; k < next; k++)
                if (!usage_sums_add(&r->sums, entries[k].sums))
                    return SQLITE_CORRUPT;
            int rc = pack(r, &sum);
            if (rc)
                return rc;
        }
        entries[kept++] = sum;
    }
    *count = kept;
    return SQLITE_OK;
}

static int add_entry(struct rollup *r, const struct entry *e)
{
    struct sqlite3_stmt *add = r->statements[ROLL_ADD];
    for (int i = 0; i < KEY_PARTS; i++)
        sqlite3_bind_int64(add, i + 1, e->key[i]);
    sqlite3_bind_blob64(add, KEY_PARTS + 1, e->sums.p, e->sums.n, SQLITE_STATIC);
    return sqlite_run(add);
}

/* The finest entries as those of another cut. */
static int add_cut(struct rollup *r, enum rollup_set set, bool days, size_t finest)
{
    const struct rollup_cut *cut = &rollup_cuts[set];
    struct entry *entries = r->entries + finest;
    size_t count = finest;
    for (size_t i = 0; i < finest; i++) {
        struct entry *e = &entries[i];
        *e = r->entries[i];
        e->key[KEY_CUT] = ROLLUP_CUT(set, days);
        e->key[KEY_LEAD] = cut->lead < 0 ? 0 : e->key[KEY_NAMES + cut->lead];
        if (days)
            e->key[KEY_SLOT] -= e->key[KEY_SLOT] % cut->slots;
        for (int k = 0; k < USAGE_NAMES; k++)
            if (!(cut->names >> k & 1))
                e->key[KEY_NAMES + k] = 0;
    }
    int rc = fold(r, entries, &count);
    for (size_t i = 0; i < count && !rc; i++)
        rc = add_entry(r, &entries[i]);
    return rc;
}

static int add_keys(struct rollup *r, size_t count)
{
    struct sqlite3_stmt *add = r->statements[ROLL_ADD_KEY];
    const int64_t *last = NULL;
    int rc = SQLITE_OK;
    for (size_t i = 0; i < count && !rc; i++) {
        const int64_t *names = r->entries[i].key + KEY_NAMES;
        if (last && last[USAGE_USER] == names[USAGE_USER] &&
            last[USAGE_KEY] == names[USAGE_KEY])
            continue;
        last = names;
        sqlite3_bind_int64(add, 1, names[USAGE_USER]);
        sqlite3_bind_int64(add, 2, names[USAGE_KEY]);
        rc = sqlite_run(add);
    }
    return rc;
}

/* ---- a step ---- */

static int add_rows(struct rollup *r, size_t *rows)
{
    int64_t mark = 0;
    size_t count = 0;
    int rc = sqlite_read(r->statements[ROLL_MARK], &mark);
    if (!rc)
        rc = take_rows(r, mark, r->settled, rows, &count, &mark);
    if (rc || !count)
        return rc;
    rc = fold(r, r->entries, &count);
    if (!rc)
        rc = add_keys(r, count);
    for (int set = 0; set < ROLLUP_SETS && !rc; set++) {
        if (rollup_cuts[set].quarters)
            rc = add_cut(r, (enum rollup_set)set, false, count);
        if (!rc)
            rc = add_cut(r, (enum rollup_set)set, true, count);
    }
    if (rc)
        return rc;
    sqlite3_bind_int64(r->statements[ROLL_SET_MARK], 1, mark);
    return sqlite_run(r->statements[ROLL_SET_MARK]);
}

static int step(struct rollup *r, size_t *rows)
{
    *rows = 0;
    r->entries = mem_alloc(ROWS_AT_ONCE * 2 * sizeof *r->entries);
    int rc = r->entries ? sqlite_run(r->statements[ROLL_BEGIN]) : SQLITE_NOMEM;
    if (!rc)
        rc = add_rows(r, rows);
    if (!rc)
        rc = sqlite_run(r->statements[ROLL_COMMIT]);
    if (rc) {
        if (!sqlite3_get_autocommit(r->db))
            (void)sqlite3_exec(r->db, "ROLLBACK", NULL, NULL, NULL);
        forget_names(r); /* some may not be there */
    } else if (r->names.count > NAMES_REMEMBERED) {
        forget_names(r);
    }
    mem_free(r->entries);
    arena_clear(&r->work);
    return rc;
}

/* By the clock; and by what was seen, should the clock once have been ahead. */
static void settle(struct rollup *r, int64_t last, int64_t now_ms)
{
    int64_t by_clock = usage_place(now_ms - SETTLED_MS);
    if (now_ms - r->seen_ms >= SETTLED_MS || now_ms < r->seen_ms) {
        r->settled = now_ms < r->seen_ms ? r->settled : r->seen;
        r->seen = last;
        r->seen_ms = now_ms;
    }
    if (by_clock > last)
        by_clock = last;
    if (by_clock > r->settled)
        r->settled = by_clock;
}

/* Who records calls goes first, as long as we keep up. */
static int steps_now(struct rollup *r, int64_t last)
{
    bool idle = last == r->last_place || !r->last_place;
    r->last_place = last;
    return idle || r->full_steps > PATIENCE ? STEPS_IDLE : 1;
}

int sqlite_roll_up(struct store *s, int64_t now_ms, struct fault *why)
{
    int64_t mark = 0;
    int64_t last = 0;
    int opened = open_once(s, why);
    if (opened)
        return opened;
    struct rollup *r = s->rollup;
    int rc = sqlite_read(r->statements[ROLL_MARK], &mark);
    if (!rc)
        rc = sqlite_read(r->statements[ROLL_LAST], &last);
    if (rc)
        return sqlite_fault(rc, doing, why);
    sqlite_usage_pass(s, mark);
    settle(r, last, now_ms);
    int steps = steps_now(r, last);
    for (int i = 0; i < steps && mark < r->settled && !rc; i++) {
        size_t rows = 0;
        rc = step(r, &rows);
        r->full_steps = rows == ROWS_AT_ONCE ? r->full_steps + 1 : 0;
        if (rows < ROWS_AT_ONCE)
            break;
    }
    if (rc)
        return sqlite_fault(rc, doing, why);
    return r->full_steps ? AIGNE_AGAIN : AIGNE_OK;
}
