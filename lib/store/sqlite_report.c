/* Knows which sums answer a report and adds them up, and the newest rows to them; refuses to know how they
 * were made or how they are told. */
#include "base/map.h"
#include "base/mem.h"
#include "store/sqlite_store.h"
#include "store/usage_lookup.h"
#include "store/usage_question.h"
#include <aignehub/aignehub.h>
#include <sqlite3.h>
#include <stdlib.h>

enum { GROUPS_LARGEST = 200000, SQL_LARGEST = 1024 };

#define UNKNOWN ((int64_t)-1) /* the id of a name that the sums do not know */

/* What is read at once. */
struct span {
    int64_t from;
    int64_t to;
    enum rollup_set set;
    bool days;
};

struct reading {
    struct sqlite3 *db;
    const struct usage_frame *frame;
    struct arena *arena;
    int64_t wanted[USAGE_NAMES]; /* ids that are asked for; 0: any */
    struct usage_group *buckets; /* of a series or summary */
    struct map groups;           /* of a list: ids to group */
    struct usage_group **listed;
    struct usage_group *last; /* that something was added to */
    size_t count;
    size_t room;
    int64_t now;              /* in slots, rounded up */
    int64_t long_from;        /* ROLLUP_LONG and those behind it are whole from here on */
    enum rollup_set quarters; /* where quarter hours are read */
    enum rollup_set days;
    const enum rollup_set *stretches; /* and longer ones, the shorter first */
    int levels;
    int64_t newest; /* ids of names that only the newest rows have: below UNKNOWN */
    struct map newest_names;
};

static void finalize(struct sqlite3_stmt **statement)
{
    sqlite3_finalize(*statement);
}

static int prepare(struct reading *r, const char *sql, struct sqlite3_stmt **out)
{
    return sqlite3_prepare_v2(r->db, sql, -1, out, NULL);
}

/* ---- groups ---- */

static int list_group(struct reading *r, struct usage_group *g)
{
    if (r->count == r->room) {
        size_t room = r->room ? r->room * 2 : 64;
        struct usage_group **grown =
            r->count < GROUPS_LARGEST ? mem_resize(r->listed, room * sizeof *grown) : NULL;
        if (!grown)
            return r->count < GROUPS_LARGEST ? SQLITE_NOMEM : SQLITE_TOOBIG;
        r->listed = grown;
        r->room = room;
    }
    struct slice key = slice_of((const char *)g->ids, sizeof g->ids);
    if (map_put(&r->groups, key, g))
        return SQLITE_NOMEM;
    r->listed[r->count++] = g;
    return SQLITE_OK;
}

/* Where something of that slot and those ids goes; NULL and SQLITE_OK: nowhere. */
static int find_group(struct reading *r, int64_t slot, const int64_t ids[2],
                      struct usage_group **out)
{
    size_t bucket = usage_frame_bucket(r->frame, slot);
    *out = NULL;
    if (bucket == r->frame->buckets)
        return SQLITE_OK;
    if (r->buckets) {
        *out = &r->buckets[bucket];
        return SQLITE_OK;
    }
    *out = map_get(&r->groups, slice_of((const char *)ids, 2 * sizeof *ids));
    if (*out)
        return SQLITE_OK;
    *out = arena_alloc(r->arena, sizeof **out);
    if (!*out)
        return SQLITE_NOMEM;
    memcpy((*out)->ids, ids, sizeof(*out)->ids);
    return list_group(r, *out);
}

static int make_buckets(struct reading *r)
{
    size_t count = r->frame->buckets;
    r->buckets = arena_array(r->arena, count, sizeof *r->buckets);
    struct usage_spread *spreads = arena_array(r->arena, count, sizeof *spreads);
    for (size_t i = 0; spreads && r->buckets && i < count; i++)
        r->buckets[i].sums.spread = &spreads[i];
    return r->arena->failed ? SQLITE_NOMEM : SQLITE_OK;
}

/* ---- what is asked of the sums ---- */

static bool asks(const struct reading *r, int name)
{
    return r->wanted[name] != 0;
}

/* The fewest rows that know what is asked. */
static enum rollup_set choose(const struct reading *r, bool days)
{
    unsigned needed = 0;
    for (int i = 0; i < USAGE_NAMES; i++)
        if (asks(r, i) || r->frame->by[0] == i || r->frame->by[1] == i)
            needed |= 1U << i;
    if (asks(r, USAGE_USER) || asks(r, USAGE_KEY))
        return ROLLUP_KEYS;
    if (asks(r, USAGE_APP) && !(needed & ~rollup_cuts[ROLLUP_APPS].names))
        return ROLLUP_APPS;
    for (int set = 0; set < ROLLUP_APPS; set++)
        if (!(needed & ~rollup_cuts[set].names) && (days || rollup_cuts[set].quarters))
            return (enum rollup_set)set;
    return ROLLUP_KEYS;
}

/* ?1 is the cut, ?2 to ?3 the slots, ?4 the lead, and from ?10 the names. */
static void write_question(const struct reading *r, enum rollup_set set, struct buf *sql)
{
    const int *by = r->frame->by;
    int lead = rollup_cuts[set].lead;
    buf_printf(sql, "SELECT slot, sums, %s, %s FROM rollup WHERE cut = ?1 AND lead",
               by[0] < 0 ? "0" : usage_columns[by[0]], by[1] < 0 ? "0" : usage_columns[by[1]]);
    if (lead < 0 || asks(r, lead))
        buf_put_text(sql, " = ?4");
    else
        buf_printf(sql, " IN (SELECT key_id FROM rollup_keys%s)",
                   asks(r, USAGE_USER) ? " WHERE user = ?10" : "");
    buf_put_text(sql, " AND slot >= ?2 AND slot < ?3");
    for (int i = 0; i < USAGE_NAMES; i++)
        if (asks(r, i))
            buf_printf(sql, " AND %s = ?%d", usage_columns[i], 10 + i);
}

static int add_sums(struct reading *r, struct sqlite3_stmt *statement)
{
    const int64_t ids[2] = {sqlite3_column_int64(statement, 2),
                            sqlite3_column_int64(statement, 3)};
    struct usage_group *group = r->last; /* of a list: often it is the same again */
    int rc = SQLITE_OK;
    if (!group || memcmp(group->ids, ids, sizeof ids) != 0)
        rc = find_group(r, sqlite3_column_int64(statement, 0), ids, &group);
    if (rc || !group)
        return rc;
    r->last = r->buckets ? NULL : group;
    return usage_sums_add(&group->sums, sqlite_text(statement, 1)) ? SQLITE_OK : SQLITE_CORRUPT;
}

static int read_set(struct reading *r, const struct span *s)
{
    struct buf sql AUTO(buf_free);
    struct sqlite3_stmt *statement AUTO(finalize) = NULL;
    int lead = rollup_cuts[s->set].lead;
    buf_init(&sql, SQL_LARGEST);
    write_question(r, s->set, &sql);
    int rc = buf_rc(&sql) ? SQLITE_NOMEM : prepare(r, sql.p, &statement);
    if (rc)
        return rc;
    sqlite3_bind_int64(statement, 1, ROLLUP_CUT(s->set, s->days));
    sqlite3_bind_int64(statement, 2, s->from);
    sqlite3_bind_int64(statement, 3, s->to);
    sqlite3_bind_int64(statement, 4, lead < 0 ? 0 : r->wanted[lead]);
    for (int i = 0; i < USAGE_NAMES; i++)
        sqlite3_bind_int64(statement, 10 + i, r->wanted[i]);
    while (!rc && (rc = sqlite3_step(statement)) == SQLITE_ROW)
        rc = add_sums(r, statement);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Up to there in the way of `s`, which is what was not read yet. */
static int read_span(struct reading *r, struct span *s)
{
    int rc = s->from < s->to ? read_set(r, s) : SQLITE_OK;
    s->from = s->to;
    return rc;
}

/* Up to `to`, together with what comes before it when that is read the same way. */
static int read_on(struct reading *r, struct span *s, int64_t to, enum rollup_set set,
                   bool days)
{
    int rc = SQLITE_OK;
    if (to <= s->to)
        return rc;
    if (days != s->days || set != s->set)
        rc = read_span(r, s);
    s->set = set;
    s->days = days;
    s->to = to;
    return rc;
}

static int64_t up_to(int64_t slot, int64_t slots)
{
    slot += slots - 1;
    return slot - slot % slots;
}

/* The longest stretches there are, at both ends of them the next shorter ones, and at last quarter hours. */
static int read_stretches(struct reading *r, struct span *s, int64_t to, int level)
{
    if (level < 0)
        return read_on(r, s, to, r->quarters, false);
    enum rollup_set set = r->stretches[level];
    int64_t slots = rollup_cuts[set].slots;
    int64_t first = up_to(s->to, slots);
    int64_t last = to - to % slots;
    if (set >= ROLLUP_LONG && first < r->long_from)
        first = up_to(r->long_from, slots);
    if (first >= last)
        return read_stretches(r, s, to, level - 1);
    int rc = read_stretches(r, s, first, level - 1);
    if (!rc)
        rc = read_on(r, s, last, set, true);
    return rc ? rc : read_stretches(r, s, to, level - 1);
}

/* Where the sums are, the shorter stretches first. */
static const enum rollup_set crowd[] = {ROLLUP_CROWD_HOURS, ROLLUP_CROWD, ROLLUP_CROWD_LONG};
static const enum rollup_set people[] = {ROLLUP_PEOPLE, ROLLUP_PEOPLE_LONG};
static const enum rollup_set models[] = {ROLLUP_MODELS_HOURS, ROLLUP_MODELS};
static const enum rollup_set everything[] = {ROLLUP_KEYS, ROLLUP_LONG, ROLLUP_LONGER};

static bool asks_for_crowd(const struct reading *r)
{
    const int *by = r->frame->by;
    bool filtered = false;
    for (int i = 0; i < USAGE_NAMES; i++)
        filtered = filtered || asks(r, i);
    return !filtered && (by[0] == USAGE_USER || by[0] == USAGE_KEY);
}

static void choose_stretches(struct reading *r)
{
    enum rollup_set days = choose(r, true);
    r->quarters = choose(r, false);
    r->days = days;
    r->stretches = &r->days;
    r->levels = 1;
#define GO_BY(sets) (r->stretches = (sets), r->levels = (int)(sizeof(sets) / sizeof *(sets)))
    if (asks_for_crowd(r))
        GO_BY(crowd);
    else if (days == ROLLUP_PEOPLE)
        GO_BY(people);
    else if (days == ROLLUP_MODELS)
        GO_BY(models);
    else if (days == ROLLUP_KEYS && !asks(r, USAGE_USER) && !asks(r, USAGE_KEY))
        GO_BY(everything);
#undef GO_BY
}

static int read_sums(struct reading *r)
{
    const struct usage_frame *f = r->frame;
    struct span s = {.from = f->edges[0], .to = f->edges[0]};
    struct sqlite3_stmt *statement AUTO(finalize) = NULL;
    int rc = prepare(r, "SELECT long_from FROM rollup_state", &statement);
    if (!rc)
        rc = sqlite_read(statement, &r->long_from);
    choose_stretches(r);
    for (size_t i = 1; i <= f->buckets && !rc; i++) {
        int64_t end = f->edges[i];
        if (end >=
            r->now) /* nothing is behind it yet: the stretch that it is in may be read whole */
            end = up_to(end, rollup_cuts[ROLLUP_LONGER].slots);
        rc = read_stretches(r, &s, end, r->levels - 1);
    }
    return rc ? rc : read_span(r, &s);
}

/* ---- names ---- */

static int find_name(struct reading *r, struct slice name, int64_t *out)
{
    struct sqlite3_stmt *statement AUTO(finalize) = NULL;
    *out = UNKNOWN;
    int rc = prepare(r, "SELECT id FROM rollup_names WHERE name = ?1", &statement);
    if (rc)
        return rc;
    sqlite_bind(statement, 1, name);
    rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        *out = sqlite3_column_int64(statement, 0);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int find_wanted(struct reading *r, bool *known)
{
    int rc = SQLITE_OK;
    *known = true;
    for (int i = 0; i < USAGE_NAMES && !rc; i++) {
        if (!r->frame->query.match[i].p)
            continue;
        rc = find_name(r, r->frame->query.match[i], &r->wanted[i]);
        *known = *known && r->wanted[i] != UNKNOWN;
    }
    return rc;
}

static int name_group(struct reading *r, struct sqlite3_stmt *find, struct usage_group *g)
{
    for (size_t k = 0; k < 2 && r->frame->by[k] >= 0; k++) {
        if (g->names[k].p)
            continue;
        sqlite3_bind_int64(find, 1, g->ids[k]);
        int rc = sqlite3_step(find);
        if (rc == SQLITE_ROW)
            g->names[k] = arena_copy(r->arena, sqlite_text(find, 0));
        sqlite3_reset(find);
        if (rc != SQLITE_ROW || !g->names[k].p)
            return rc == SQLITE_ROW ? SQLITE_NOMEM : SQLITE_CORRUPT;
    }
    return SQLITE_OK;
}

/* ---- rows that are in no sum yet ---- */

static int newest_id(struct reading *r, struct slice name, int64_t *out)
{
    const void *found = map_get(&r->newest_names, name);
    *out = (int64_t)(intptr_t)found;
    if (found)
        return SQLITE_OK;
    int rc = find_name(r, name, out);
    if (*out == UNKNOWN)
        *out = --r->newest;
    struct slice kept = rc ? SLICE_NONE : arena_copy(r->arena, name);
    if (rc || !kept.p)
        return rc ? rc : SQLITE_NOMEM;
    return map_put(&r->newest_names, kept, (void *)(intptr_t)*out) ? SQLITE_NOMEM : SQLITE_OK;
}

static int add_newest(struct reading *r, struct sqlite3_stmt *statement)
{
    const struct usage_query *query = &r->frame->query;
    struct slice names[USAGE_NAMES];
    struct usage_row row;
    struct usage_group *group = NULL;
    int64_t ids[2] = {0, 0};
    (void)rollup_read_row(statement, names, &row);
    for (int i = 0; i < USAGE_NAMES; i++)
        if (query->match[i].p && !slice_eq(query->match[i], names[i]))
            return SQLITE_OK;
    int rc = SQLITE_OK;
    for (size_t k = 0; k < 2 && r->frame->by[k] >= 0 && !rc; k++)
        rc = newest_id(r, names[r->frame->by[k]], &ids[k]);
    if (!rc)
        rc = find_group(r, row.started_ms / ROLLUP_SLOT_MS, ids, &group);
    if (rc || !group)
        return rc;
    for (size_t k = 0; k < 2 && r->frame->by[k] >= 0; k++)
        if (ids[k] < UNKNOWN && !group->names[k].p)
            group->names[k] = arena_copy(r->arena, names[r->frame->by[k]]);
    usage_sums_add_row(&group->sums, &row);
    return r->arena->failed ? SQLITE_NOMEM : SQLITE_OK;
}

static int read_newest(struct reading *r)
{
    struct sqlite3_stmt *statement AUTO(finalize) = NULL;
    int rc = prepare(r,
                     "SELECT " ROLLUP_COLUMNS
                     " FROM usage WHERE place > (SELECT place FROM rollup_state)",
                     &statement);
    while (!rc && (rc = sqlite3_step(statement)) == SQLITE_ROW)
        rc = add_newest(r, statement);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* ---- the answer ---- */

struct ranked {
    int64_t rank;
    struct usage_group *group;
};

static int compare(const void *a, const void *b)
{
    const struct ranked *left = a;
    const struct ranked *right = b;
    if (left->rank != right->rank)
        return left->rank > right->rank ? -1 : 1;
    return memcmp(left->group->ids, right->group->ids, sizeof left->group->ids);
}

/* The first ones of the list, named. */
static int put_in_order(struct reading *r, struct usage_group **out)
{
    struct sqlite3_stmt *find AUTO(finalize) = NULL;
    struct ranked *ranked = arena_array(r->arena, r->count + 1, sizeof *ranked);
    size_t told = (int64_t)r->count < r->frame->limit ? r->count : (size_t)r->frame->limit;
    *out = arena_array(r->arena, told + 1, sizeof **out);
    if (r->arena->failed)
        return SQLITE_NOMEM;
    for (size_t i = 0; i < r->count; i++)
        ranked[i] = (struct ranked){usage_sums_rank(&r->listed[i]->sums, r->frame->metric),
                                    r->listed[i]};
    qsort(ranked, r->count, sizeof *ranked, compare);
    int rc = prepare(r, "SELECT name FROM rollup_names WHERE id = ?1", &find);
    for (size_t i = 0; i < told && !rc; i++) {
        rc = name_group(r, find, ranked[i].group);
        (*out)[i] = *ranked[i].group;
    }
    return rc;
}

static int read_all(struct reading *r, struct usage_group **groups)
{
    bool known = true;
    int rc = sqlite3_exec(r->db, "BEGIN", NULL, NULL, NULL);
    if (!rc && r->frame->report != USAGE_TOP)
        rc = make_buckets(r);
    if (!rc)
        rc = find_wanted(r, &known);
    if (!rc && known)
        rc = read_sums(r);
    if (!rc)
        rc = read_newest(r);
    *groups = r->buckets;
    return rc || r->buckets ? rc : put_in_order(r, groups);
}

static int refuse_crowd(struct fault *why)
{
    why->http = 400;
    return fault_set(why, AIGNE_E_REQUEST,
                     "More than %d different ones were found; take a shorter time or a filter.",
                     GROUPS_LARGEST);
}

/* On a connection of its own, as usage.list. */
int sqlite_usage_report(struct store *s, const struct usage_question *question,
                        struct buf *json, struct fault *why)
{
    struct sqlite3 *db AUTO(sqlite_disconnect) = NULL;
    struct arena arena AUTO(arena_free);
    struct usage_frame frame;
    struct usage_group *groups = NULL;
    arena_init(&arena);
    int rc = usage_frame_read(question, &arena, &frame, why);
    if (!rc)
        rc = sqlite_connect(s->path, SQLITE_OPEN_READONLY, &db, why);
    if (rc)
        return rc;
    struct reading r = {.db = db,
                        .frame = &frame,
                        .arena = &arena,
                        .newest = UNKNOWN,
                        .now = question->now_ms / ROLLUP_SLOT_MS + 1};
    int result = read_all(&r, &groups);
    mem_free(r.listed);
    map_free(&r.groups);
    map_free(&r.newest_names);
    if (result == SQLITE_TOOBIG)
        return refuse_crowd(why);
    if (result)
        return sqlite_fault(result, "The usage could not be added up", why);
    struct json_writer w = json_writer(json);
    usage_frame_write(&frame, groups, r.count, &w);
    return buf_rc(json) ? fault_nomem(why) : AIGNE_OK;
}
