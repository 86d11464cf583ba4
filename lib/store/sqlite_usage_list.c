/* Knows how a page of calls is found by when they began: whole stretches of time are passed over by what the sums
 * count in them, and only the rows of the quarter hours that are left are read. Refuses to know how it was asked. */
#include "base/mem.h"
#include "base/random.h"
#include "store/moment.h"
#include "store/sqlite_store.h"
#include "store/usage_lookup.h"
#include "store/usage_report.h"
#include <aignehub/aignehub.h>
#include <sqlite3.h>
#include <stdlib.h>

enum {
    HOUR_MS = 3600000,
    DAY_MS = 24 * HOUR_MS,
    AT_ONCE =
        4096, /* rows of days whose quarter hours are looked up together, when all are read */
    STEPS_LARGEST = 4000000 /* of SQLite's machine in one search: some tenths of a second */
};
#define FAR_MS ((int64_t)1 << 52)

static const char listing[] = "The usage rows could not be read";

struct found {
    int64_t started_ms;
    int64_t place;
};

/* A source's file. */
struct opened {
    struct sqlite3 *db;
    struct sqlite3_stmt *scan;
    struct sqlite3_stmt *row;
};

struct listing {
    struct usage_lookup lookup;
    struct opened own;
    struct opened archive; /* the one that was used last */
    size_t archive_at;
    bool searching; /* for what the sums do not know */
    bool by_id;     /* few rows, at a known time */
    bool rising;    /* the oldest are read first */
    struct found *found;
    size_t found_count;
    size_t found_room;
    int64_t farthest_ms; /* from when they began rows are looked for */
    int64_t steps;       /* a search may still take */
    int64_t stopped_ms;
    int64_t skip; /* rows still to pass over, and to tell */
    int64_t most;
    int64_t count;
    struct json_writer w;
};

/* ---- the file and its archives ---- */

static void close_source(struct opened *o)
{
    usage_finalize(&o->scan);
    usage_finalize(&o->row);
    sqlite_disconnect(&o->db);
    *o = (struct opened){NULL, NULL, NULL};
}

static int prepare(struct listing *l, struct sqlite3 *db, struct opened *o)
{
    struct buf sql AUTO(buf_free);
    buf_init(&sql, USAGE_SQL_LARGEST);
    buf_put_text(&sql, "SELECT place, started_ms, 1");
    usage_put_rest(&sql, &l->lookup.query);
    buf_put_text(&sql, " FROM usage WHERE place >= ?12 AND place < ?16 AND started_ms >= ?1"
                       " AND started_ms < ?2");
    usage_put_names(&sql, &l->lookup.query);
    int rc = usage_prepare(db, &sql, &l->lookup.query, &o->scan);
    return rc ? rc
              : sqlite3_prepare_v2(db, "SELECT * FROM usage WHERE place = ?1", -1, &o->row,
                                   NULL);
}

/* One archive at a time. */
static int open_source(struct listing *l, size_t at, struct opened **out)
{
    bool own = at + 1 == l->lookup.source_count;
    struct opened *o = *out = own ? &l->own : &l->archive;
    if (!own && l->archive_at != at)
        close_source(o);
    if (o->row)
        return SQLITE_OK;
    if (own)
        return prepare(l, l->lookup.db, o);
    l->archive_at = at;
    int rc = usage_source_open(&l->lookup.sources[at], &o->db);
    return rc ? rc : prepare(l, o->db, o);
}

/* ---- rows of a stretch of time ---- */

static int keep(struct listing *l, const struct found *f)
{
    if (l->found_count == l->found_room) {
        size_t room = l->found_room ? l->found_room * 2 : 128;
        struct found *grown = mem_resize(l->found, room * sizeof *grown);
        if (!grown)
            return SQLITE_NOMEM;
        l->found = grown;
        l->found_room = room;
    }
    l->found[l->found_count++] = *f;
    return SQLITE_OK;
}

/* Until all of `b` were met. */
static int scan(struct listing *l, struct sqlite3_stmt *statement, const struct usage_block *b,
                int64_t *met)
{
    const struct usage_query *q = &l->lookup.query;
    int rc = SQLITE_OK;
    while (!rc && *met < b->count && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        struct found f = {sqlite3_column_int64(statement, 1),
                          sqlite3_column_int64(statement, 0)};
        ++*met;
        bool fits = sqlite3_column_int(statement, 2) && f.started_ms >= q->since_ms &&
                    f.started_ms < q->until_ms;
        rc = fits ? keep(l, &f) : SQLITE_OK;
    }
    l->steps -= sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, 1);
    sqlite3_reset(statement);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Those that were recorded from a place to before another. */
static int scan_places(struct listing *l, const struct usage_block *b, int64_t from, int64_t to,
                       int64_t *met)
{
    int rc = SQLITE_OK;
    for (size_t i = 0; i < l->lookup.source_count && !rc; i++) {
        const struct usage_source *source = &l->lookup.sources[i];
        struct opened *o = NULL;
        if (!source->path || from > source->last || to <= source->first)
            continue;
        rc = open_source(l, i, &o);
        if (rc)
            return rc;
        sqlite3_bind_int64(o->scan, 1, b->slot * ROLLUP_SLOT_MS);
        sqlite3_bind_int64(o->scan, 2, (b->slot + b->slots) * ROLLUP_SLOT_MS);
        sqlite3_bind_int64(o->scan, 12, from);
        sqlite3_bind_int64(o->scan, 16, to <= source->last ? to : source->last + 1);
        rc = scan(l, o->scan, b, met);
    }
    return rc;
}

/* Behind the places of a moment; far ones share the last. */
static int64_t place_behind(int64_t ms)
{
    int64_t place = usage_place(ms);
    return place == usage_place(INT64_MAX) ? INT64_MAX : place;
}

/* A call is recorded when it has ended: mostly soon after it began, sometimes long after, and should the clock have
 * been put back meanwhile, before. So they are looked for further and further away; the sums tell when all were
 * met. */
static int read_block(struct listing *l, const struct usage_block *b)
{
    const bool uncounted = b->count == USAGE_UNCOUNTED;
    int64_t from_ms = b->slot * ROLLUP_SLOT_MS;
    int64_t to_ms = from_ms + b->slots * ROLLUP_SLOT_MS;
    int64_t low = usage_place(from_ms);
    int64_t high = low;
    int64_t met = 0;
    int rc = SQLITE_OK;
    for (int64_t reach = uncounted ? DAY_MS : HOUR_MS;
         !rc && met < b->count && reach < l->farthest_ms; reach *= 4) {
        int64_t before = reach > HOUR_MS ? usage_place(from_ms - reach) : low;
        int64_t behind = place_behind(to_ms + reach);
        rc = scan_places(l, b, high, behind, &met);
        if (!rc)
            rc = scan_places(l, b, before, low, &met);
        low = before;
        high = behind;
        if (uncounted)
            return rc;
    }
    if (met < b->count)
        l->farthest_ms =
            2 * DAY_MS; /* what was added up is there no more: do not look everywhere again */
    return rc;
}

/* ---- what was found is told ---- */

static int compare(const void *a, const void *b)
{
    const struct found *left = a;
    const struct found *right = b;
    if (left->started_ms != right->started_ms)
        return left->started_ms < right->started_ms ? -1 : 1;
    return left->place < right->place ? -1 : 1;
}

static int tell_row(struct listing *l, int64_t place)
{
    struct opened *o = NULL;
    size_t at = 0;
    while (!l->lookup.sources[at].path || place > l->lookup.sources[at].last)
        at++;
    int rc = open_source(l, at, &o);
    if (rc)
        return rc;
    sqlite3_bind_int64(o->row, 1, place);
    rc = sqlite3_step(o->row);
    if (rc == SQLITE_ROW) {
        struct usage_row row = {.id = SLICE_NONE};
        sqlite_usage_read(o->row, &row);
        usage_row_write(&l->w, &row);
    }
    sqlite3_reset(o->row);
    return rc == SQLITE_ROW ? SQLITE_OK : SQLITE_CORRUPT;
}

/* What is on the page. */
static int tell_found(struct listing *l)
{
    int64_t n = (int64_t)l->found_count;
    int rc = SQLITE_OK;
    if (n > 0)
        qsort(l->found, l->found_count, sizeof *l->found, compare);
    for (int64_t i = l->skip; i < n && l->most > 0 && !rc; i++, l->most--)
        rc = tell_row(l, l->found[l->lookup.query.oldest_first ? i : n - 1 - i].place);
    l->skip = l->skip > n ? l->skip - n : 0;
    l->found_count = 0;
    return rc;
}

/* ---- the walk ---- */

static struct usage_block *block_at(const struct listing *l, const struct usage_blocks *blocks,
                                    size_t i)
{
    return &blocks->list[l->rising ? i : blocks->count - 1 - i];
}

static bool done(const struct listing *l)
{
    return l->searching ? l->steps <= 0 : l->most <= 0;
}

static int visit(struct listing *l, const struct usage_block *b)
{
    const size_t before = l->found_count;
    int rc = read_block(l, b);
    if (l->searching)
        l->count += (int64_t)(l->found_count - before);
    return rc || l->by_id ? rc : tell_found(l);
}

static int walk(struct listing *l, const struct usage_blocks *blocks);

/* The quarter hours of as many days as what is wanted needs; *i goes on to the last of them. */
static int visit_days(struct listing *l, const struct usage_blocks *days, size_t *i)
{
    struct usage_blocks quarters AUTO(usage_blocks_free) = {NULL, 0, 0};
    const struct usage_block *first = block_at(l, days, *i);
    const struct usage_block *last = first;
    int64_t missing = (l->searching ? AT_ONCE : l->skip + l->most) - first->count;
    while (missing > 0 && *i + 1 < days->count) {
        const struct usage_block *next = block_at(l, days, *i + 1);
        if (next->slots == 1 || next->count == USAGE_UNCOUNTED)
            break;
        last = next;
        missing -= last->count;
        ++*i;
    }
    const struct usage_block *low = l->rising ? first : last;
    const struct usage_block *high = l->rising ? last : first;
    int rc =
        usage_blocks_read(&l->lookup, low->slot, high->slot + high->slots, false, &quarters);
    return rc ? rc : walk(l, &quarters);
}

static int walk(struct listing *l, const struct usage_blocks *blocks)
{
    int rc = SQLITE_OK;
    size_t i = 0;
    for (; i < blocks->count && !rc && !done(l); i++) {
        const struct usage_block *b = block_at(l, blocks, i);
        if (!l->searching && l->skip >= b->wanted)
            l->skip -= b->wanted;
        else
            rc = b->slots > 1 && b->count != USAGE_UNCOUNTED ? visit_days(l, blocks, &i)
                                                             : visit(l, b);
    }
    if (l->searching && i < blocks->count && !l->stopped_ms) {
        const struct usage_block *b = block_at(l, blocks, i);
        l->stopped_ms = (b->slot + (l->rising ? 0 : b->slots)) * ROLLUP_SLOT_MS;
    }
    return rc;
}

/* ---- which blocks there are ---- */

/* Rows of that time, or of calls that had begun then, may be in an archive that is not there. */
static bool put_away(const struct listing *l, const struct usage_block *b)
{
    int64_t from_ms = b->slot * ROLLUP_SLOT_MS;
    int64_t to_ms = from_ms + b->slots * ROLLUP_SLOT_MS + DAY_MS;
    for (size_t i = 0; i < l->lookup.source_count; i++) {
        const struct usage_source *source = &l->lookup.sources[i];
        if (!source->path && from_ms <= source->last >> USAGE_PLACE_BITS &&
            to_ms > source->first >> USAGE_PLACE_BITS)
            return true;
    }
    return false;
}

/* How many of its rows are wanted: of one that is cut by `since` or `until` the sums do not tell. */
static int weigh(struct listing *l, struct usage_block *b)
{
    const struct usage_query *q = &l->lookup.query;
    int rc = SQLITE_OK;
    bool whole = b->slot * ROLLUP_SLOT_MS >= q->since_ms &&
                 (b->slot + b->slots) * ROLLUP_SLOT_MS <= q->until_ms;
    if (put_away(l, b))
        b->count = USAGE_UNCOUNTED;
    if (l->searching)
        return SQLITE_OK;
    if (!whole || b->count == USAGE_UNCOUNTED) {
        rc = read_block(l, b);
        b->wanted = (int64_t)l->found_count;
        l->found_count = 0;
    }
    l->count += b->wanted;
    return rc;
}

static int list_all(struct listing *l, bool in_memory)
{
    struct usage_blocks blocks AUTO(usage_blocks_free) = {NULL, 0, 0};
    const struct usage_query *q = &l->lookup.query;
    int64_t from = q->since_ms / ROLLUP_SLOT_MS;
    int64_t to = (q->until_ms + ROLLUP_SLOT_MS - 1) / ROLLUP_SLOT_MS;
    int rc = SQLITE_OK;
    if (from >= to)
        return rc;
    if (in_memory) /* there are few rows, and they do not stay as the sums do */
        rc = usage_blocks_add(
            &blocks, &(struct usage_block){0, FAR_MS / ROLLUP_SLOT_MS, USAGE_UNCOUNTED, 0});
    else
        rc = usage_blocks_read(&l->lookup, from, to, true, &blocks);
    for (size_t i = 0; i < blocks.count && !rc; i++)
        rc = weigh(l, &blocks.list[i]);
    if (!rc)
        rc = walk(l, &blocks);
    return rc ? rc : tell_found(l);
}

/* ---- the answer ---- */

static void begin(struct listing *l)
{
    struct usage_query *q = &l->lookup.query;
    int64_t made_ms = random_id_ms(q->match[USAGE_CALL]);
    l->by_id = made_ms >= 0;
    if (l->by_id && q->since_ms < made_ms)
        q->since_ms = made_ms;
    if (l->by_id && q->until_ms > made_ms + DAY_MS)
        q->until_ms = made_ms + DAY_MS;
    if (q->until_ms > FAR_MS)
        q->until_ms = FAR_MS;
    l->rising = q->oldest_first || l->by_id;
    l->searching = q->match[USAGE_CALL].p || q->search.p || q->at_least_ms;
    l->steps = STEPS_LARGEST;
    l->farthest_ms = 16 * FAR_MS;
    l->skip = (q->page - 1) * q->page_size;
    l->most = q->page_size;
}

static void write_answer(struct listing *l, struct slice rows, struct buf *json)
{
    struct json_writer w = json_writer(json);
    json_open_object(&w);
    json_member_int(&w, "count", l->count);
    if (l->stopped_ms) {
        json_member_bool(&w, "complete", false);
        moment_member(&w, "stoppedAt", l->stopped_ms);
    }
    json_key(&w, "list");
    json_open_array(&w);
    buf_put_slice(json, rows);
    json_close_array(&w);
    json_close_object(&w);
}

int sqlite_usage_list(struct store *s, struct slice filters, struct buf *json,
                      struct fault *why)
{
    struct arena texts AUTO(arena_free);
    struct buf rows AUTO(buf_free);
    struct listing l = {.w = json_writer(&rows)};
    arena_init(&texts);
    buf_init(&rows, json->ceiling);
    int rc = usage_lookup_open(s, filters, &texts, &l.lookup, why);
    if (!rc)
        begin(&l);
    int result = rc ? SQLITE_OK : list_all(&l, s->in_memory);
    close_source(&l.own);
    close_source(&l.archive);
    usage_lookup_close(&l.lookup);
    mem_free(l.found);
    if (rc || result)
        return rc ? rc : sqlite_fault(result, listing, why);
    write_answer(&l, buf_slice(&rows), json);
    return buf_rc(json) || buf_rc(&rows) ? fault_nomem(why) : AIGNE_OK;
}
