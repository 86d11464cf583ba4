/* Knows what reports may ask for, and how their answers look; refuses to know where sums come from. */
#include "store/usage_question.h"
#include "store/moment.h"
#include "store/sqlite_rollup.h"
#include "text/json_scan.h"
#include <aignehub/aignehub.h>
#include <stdlib.h>

enum { SLOT_S = ROLLUP_SLOT_MS / 1000, DAY_S = 86400, USUAL_DAYS = 30, USUAL_TOP = 10 };

/* ---- questions ---- */

static int refuse(const char *name, const char *wanted, struct fault *why)
{
    why->http = 400;
    return fault_field(why, AIGNE_E_REQUEST, name, "Argument \"%s\" must be %s.", name, wanted);
}

/* One of `choices`, the first when absent; which one in *out. */
static int read_choice(struct json given, const char *name, const char *const *choices,
                       const char *wanted, int *out, struct fault *why)
{
    *out = 0;
    if (!json_present(given))
        return AIGNE_OK;
    for (int i = 0; choices[i]; i++)
        if (json_string_is(given, choices[i])) {
            *out = i;
            return AIGNE_OK;
        }
    return refuse(name, wanted, why);
}

static int64_t down_to(int64_t s, int64_t unit)
{
    return s - s % unit;
}

/* Periods are whole quarter hours. */
static void use_period(struct usage_frame *f, int64_t now_ms, int64_t usual_days)
{
    const int64_t latest_s = (int64_t)1 << 40;
    int64_t until = f->query.until_ms == INT64_MAX
                        ? now_ms / 1000 + 1
                        : f->query.until_ms / 1000 + (f->query.until_ms % 1000 > 0);
    if (until > latest_s)
        until = latest_s;
    int64_t since = f->query.since_ms / 1000;
    if (f->query.since_ms <= 0)
        since = until - usual_days * DAY_S;
    if (since < 2 * DAY_S) /* so that it is after 1970 in every zone */
        since = 2 * DAY_S;
    f->query.since_ms = down_to(since, SLOT_S) * 1000;
    f->query.until_ms = down_to(until + SLOT_S - 1, SLOT_S) * 1000;
}

static int cut_period(struct usage_frame *f, enum time_unit unit, struct arena *a,
                      struct fault *why)
{
    struct time_zone zone;
    int rc = time_zone_open(f->zone_name, a, &zone, why);
    f->edges = arena_array(a, USAGE_BUCKETS_LARGEST + 1, sizeof *f->edges);
    if (rc || !f->edges)
        return rc ? rc : fault_nomem(why);
    int64_t until = f->query.until_ms / 1000;
    int64_t at = time_zone_start(&zone, unit, f->query.since_ms / 1000);
    f->edges[0] = at / SLOT_S;
    while (at < until) {
        if (f->buckets == USAGE_BUCKETS_LARGEST)
            return refuse("since", "later, or \"bucket\" larger: 2000 buckets at most are told",
                          why);
        at = time_zone_next(&zone, unit, at);
        f->edges[++f->buckets] = at / SLOT_S;
    }
    return AIGNE_OK;
}

/* The period, and behind the period before it when that is asked for too. */
static int take_period(struct usage_frame *f, bool before, struct arena *a, struct fault *why)
{
    int64_t since = f->query.since_ms / ROLLUP_SLOT_MS;
    int64_t until = f->query.until_ms / ROLLUP_SLOT_MS;
    f->edges = arena_array(a, 3, sizeof *f->edges);
    if (!f->edges)
        return fault_nomem(why);
    if (before)
        f->edges[f->buckets++] = since - (until - since);
    f->edges[f->buckets++] = since;
    f->edges[f->buckets] = until;
    return AIGNE_OK;
}

static int read_list(struct usage_frame *f, const struct json *given, struct fault *why)
{
    static const char *const names[] = {"model", "provider", "user",   "key",
                                        "app",   "type",     "status", NULL};
    static const int by[] = {USAGE_MODEL, USAGE_PROVIDER, USAGE_USER,  USAGE_KEY,
                             USAGE_APP,   USAGE_TYPE,     USAGE_STATUS};
    static const char *const metrics[] = {"calls",  "tokens",   "credits", "cost",
                                          "failed", "duration", NULL};
    int chosen = 0;
    int rc = read_choice(given[0], "by", names,
                         "model, provider, user, key, app, type or status", &chosen, why);
    f->by[0] = by[chosen];
    f->by[1] = by[chosen] == USAGE_MODEL ? USAGE_PROVIDER : -1;
    if (!rc)
        rc = read_choice(given[1], "orderBy", metrics,
                         "calls, tokens, credits, cost, failed or duration", &chosen, why);
    f->metric = slice_text(metrics[rc ? 0 : chosen]);
    f->limit = USUAL_TOP;
    if (!rc && json_present(given[2]) &&
        (!json_int64(given[2], &f->limit) || f->limit < 1 || f->limit > USAGE_TOP_LARGEST))
        return refuse("limit", "a whole number from 1 to 1000", why);
    return rc;
}

int usage_frame_read(const struct usage_question *question, struct arena *a,
                     struct usage_frame *out, struct fault *why)
{
    static const char *const names[] = {"by", "orderBy", "limit", "bucket", "timeZone"};
    static const char *const units[] = {"day", "hour", "month", NULL};
    static const enum time_unit unit_of[] = {TIME_DAY, TIME_HOUR, TIME_MONTH};
    static const int64_t usual_days[] = {USUAL_DAYS, 1, 365};
    struct json given[5];
    int unit = 0;
    *out = (struct usage_frame){.report = question->report, .by = {-1, -1}};
    json_pick(json_of(question->arguments), names, 5, given);
    int rc = usage_query_read(question->arguments, a, &out->query, why);
    if (!rc)
        rc = read_choice(given[3], "bucket", units, "hour, day or month", &unit, why);
    if (!rc && question->report == USAGE_TOP)
        rc = read_list(out, given, why);
    if (rc)
        return rc;
    use_period(out, question->now_ms, usual_days[unit]);
    if (out->query.since_ms >= out->query.until_ms)
        return refuse("until", "after \"since\"", why);
    if (question->report != USAGE_SERIES)
        return take_period(out, question->report == USAGE_SUMMARY, a, why);
    out->unit_name = slice_text(units[unit]);
    out->zone_name = given[4].kind == JSON_NUMBER ? given[4].raw : json_string(given[4], a);
    return a->failed ? fault_nomem(why) : cut_period(out, unit_of[unit], a, why);
}

size_t usage_frame_bucket(const struct usage_frame *f, int64_t slot)
{
    size_t low = 0;
    size_t high = f->buckets;
    if (slot < f->edges[0] || slot >= f->edges[f->buckets])
        return f->buckets;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (f->edges[middle] <= slot)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* ---- answers ---- */

static void write_slot(struct json_writer *w, const char *name, int64_t slot)
{
    moment_member(w, name, slot * ROLLUP_SLOT_MS);
}

static void write_series(const struct usage_frame *f, const struct usage_group *groups,
                         struct json_writer *w)
{
    json_member_string(w, "bucket", f->unit_name);
    json_member_string(w, "timeZone", f->zone_name.p ? f->zone_name : SLICE("UTC"));
    json_member_int(w, "count", (int64_t)f->buckets);
    json_key(w, "list");
    json_open_array(w);
    for (size_t i = 0; i < f->buckets; i++) {
        json_open_object(w);
        write_slot(w, "start", f->edges[i]);
        write_slot(w, "end", f->edges[i + 1]);
        usage_sums_write(w, &groups[i].sums);
        json_close_object(w);
    }
    json_close_array(w);
}

static void write_sums(struct json_writer *w, const char *name, const struct usage_sums *s)
{
    json_key(w, name);
    json_open_object(w);
    usage_sums_write(w, s);
    json_close_object(w);
}

/* By how many per cent it is more than before, with one digit; null when there was nothing. */
static void write_change(struct json_writer *w, const char *metric,
                         const struct usage_group *groups)
{
    __extension__ typedef __int128 wide;
    int64_t before = usage_sums_rank(&groups[0].sums, slice_text(metric));
    int64_t now = usage_sums_rank(&groups[1].sums, slice_text(metric));
    json_key(w, metric);
    if (before == 0) {
        json_write_null(w);
        return;
    }
    wide tenths = ((wide)now - before) * 1000 / before;
    tenths = tenths > INT64_MAX ? INT64_MAX : tenths;
    int64_t shown = (int64_t)(tenths < 0 ? -tenths : tenths);
    buf_printf(w->out, "%s%lld.%lld", tenths < 0 ? "-" : "", (long long)(shown / 10),
               (long long)(shown % 10));
    w->comma = true;
}

static void write_summary(const struct usage_frame *f, const struct usage_group *groups,
                          struct json_writer *w)
{
    static const char *const metrics[] = {"calls", "tokens", "credits", "cost", "failed"};
    write_slot(w, "since", f->edges[1]);
    write_slot(w, "until", f->edges[2]);
    write_sums(w, "total", &groups[1].sums);
    write_sums(w, "before", &groups[0].sums);
    json_key(w, "changePercent");
    json_open_object(w);
    for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++)
        write_change(w, metrics[i], groups);
    json_close_object(w);
}

static void write_top(const struct usage_frame *f, const struct usage_group *groups,
                      size_t count, struct json_writer *w)
{
    write_slot(w, "since", f->edges[0]);
    write_slot(w, "until", f->edges[1]);
    json_member_int(w, "count", (int64_t)count);
    json_key(w, "list");
    json_open_array(w);
    for (size_t i = 0; i < count && (int64_t)i < f->limit; i++) {
        json_open_object(w);
        for (size_t k = 0; k < 2 && f->by[k] >= 0; k++)
            json_member_string(w, usage_filters[f->by[k]], groups[i].names[k]);
        usage_sums_write(w, &groups[i].sums);
        json_close_object(w);
    }
    json_close_array(w);
}

void usage_frame_write(const struct usage_frame *f, struct usage_group *groups, size_t count,
                       struct json_writer *w)
{
    json_open_object(w);
    if (f->report == USAGE_SERIES)
        write_series(f, groups, w);
    else if (f->report == USAGE_SUMMARY)
        write_summary(f, groups, w);
    else
        write_top(f, groups, count, w);
    json_close_object(w);
}
