/* Knows AIGNE Hub's pages about usage over time; refuses to know how it is added up. */
#include "base/mem.h"
#include "core/aigne_api.h"
#include "store/moment.h"
#include <aignehub/aignehub.h>

enum { AVERAGE_DAYS = 30, ENDLESS_DAYS = 999, DAY_S = 86400, PROJECTS_DRAWN = 10 };

/* ---- what is left ---- */

static int quota(struct page *p)
{
    struct json account = {.kind = JSON_NONE};
    struct json used = {.kind = JSON_NONE};
    struct page_asking q;
    int rc = page_ask_for(p, "account.get", "user", page_account(p), &account);
    page_asking_begin(&q);
    if (!rc)
        rc = page_put_usage(p, &q);
    if (!rc)
        rc = page_ask(p, &q, "usage.summary", &used);
    buf_free(&q.text);
    if (rc)
        return rc;
    int64_t average = page_amount(p, used, "total.credits") / AVERAGE_DAYS;
    int64_t left = page_amount(p, account, "balance");
    json_open_object(&p->w);
    page_write_as(p, "total", account, "granted");
    page_write_as(p, "remaining", account, "balance");
    page_write_as(p, "used", account, "spent");
    page_write_as(p, "pendingCredit", account, "held");
    json_member_int(&p->w, "estimatedDaysRemaining",
                    average > 0 ? left / average : ENDLESS_DAYS);
    json_member_amount(&p->w, "dailyAvgCredits", average);
    json_member_raw(&p->w, "currency", SLICE("{\"symbol\":\"AIC\",\"name\":\"Credit\"}"));
    json_close_object(&p->w);
    return AIGNE_OK;
}

/* ---- over time ---- */

static void write_seconds(struct page *p, const char *name, struct json sums, const char *times)
{
    page_write_thousandths(p, name, page_number(sums, times));
}

static void write_sums(struct page *p, struct json sums, const char *calls)
{
    int64_t count = page_number(sums, "calls");
    int64_t done = page_number(sums, "succeeded");
    json_member_int(&p->w, calls, count);
    json_member_int(&p->w, "successCalls", done);
    page_write_thousandths(p, "successRate", count > 0 ? done * 100000 / count : 0);
    write_seconds(p, "avgDuration", sums, "durationMs.average");
    write_seconds(p, "avgTtfb", sums, "firstByteMs.average");
    page_write_as(p, "totalCredits", sums, "credits");
    page_write_as(p, "totalUsage", sums, "totalTokens");
}

/* Up to a day by hours, longer by days, as the caller's clock shows them. */
static int put_buckets(struct page *p, struct page_asking *q, bool *hours)
{
    struct slice offset = page_query(p, "timezoneOffset");
    int64_t west = 0;
    int64_t since = 0;
    int64_t until = p->call->started_ms / 1000;
    int64_t days = AVERAGE_DAYS;
    if (offset.n && !slice_int64(offset, &west))
        return page_refuse(p, 400, "timezoneOffset must be minutes west of Greenwich.");
    (void)slice_int64(page_query(p, "timeRange"), &days);
    since = until - days * DAY_S;
    (void)slice_int64(page_query(p, "startTime"), &since);
    (void)slice_int64(page_query(p, "endTime"), &until);
    *hours = until - since <= DAY_S;
    json_member_text(&q->w, "bucket", *hours ? "hour" : "day");
    json_member_int(&q->w, "timeZone", -west);
    return AIGNE_OK;
}

static int ask_series(struct page *p, struct slice app, struct json *told, bool *hours)
{
    struct page_asking q;
    page_asking_begin(&q);
    int rc = put_buckets(p, &q, hours);
    if (!rc && app.p && !page_query(p, "appDid").n)
        json_member_string(&q.w, "app", app);
    if (!rc)
        rc = page_put_usage(p, &q);
    if (!rc)
        rc = page_ask(p, &q, "usage.series", told);
    buf_free(&q.text);
    return rc;
}

/* Seconds since 1970: what a moment of a reply says. */
static void write_timestamp(struct page *p, struct json bucket)
{
    int64_t ms = 0;
    struct slice text = json_string(json_get(bucket, "start"), p->arena);
    json_member_int(&p->w, "timestamp", text.p && moment_parse(text, &ms) ? ms / 1000 : 0);
}

static void write_trends(struct page *p, struct json series)
{
    json_member_array(&p->w, "trends");
    struct json_walk w = json_walk(json_get(series, "list"));
    while (json_next(&w)) {
        json_open_object(&p->w);
        write_timestamp(p, w.value);
        write_sums(p, w.value, "calls");
        json_close_object(&p->w);
    }
    json_close_array(&p->w);
}

static int trends(struct page *p)
{
    struct json told = {.kind = JSON_NONE};
    bool hours = false;
    int rc = ask_series(p, SLICE_NONE, &told, &hours);
    if (rc)
        return rc;
    json_open_object(&p->w);
    write_trends(p, told);
    json_member_text(&p->w, "granularity", hours ? "hour" : "day");
    json_close_object(&p->w);
    return AIGNE_OK;
}

/* ---- projects: what apps said they are ---- */

/* An access key that said nothing is called by its own name. */
static void write_app(struct page *p, struct slice app)
{
    const struct store_object *key = catalog_object(p->call->catalog, TABLE_KEY, app);
    json_member_string(&p->w, "appDid", app);
    if (key)
        page_write_as(p, "appName", json_of(key->body), "name");
    else
        json_member_string(&p->w, "appName", app);
}

static int ask_projects(struct page *p, int64_t limit, struct json *told)
{
    struct page_asking q;
    page_asking_begin(&q);
    json_member_text(&q.w, "by", "app");
    json_member_text(&q.w, "orderBy",
                     slice_is(page_query(p, "sortBy"), "totalCredits") ? "credits" : "calls");
    json_member_int(&q.w, "limit", limit);
    int rc = page_put_usage(p, &q);
    if (!rc)
        rc = page_ask(p, &q, "usage.top", told);
    buf_free(&q.text);
    return rc;
}

static void write_project(struct page *p, struct json item)
{
    struct slice app = json_string(json_get(item, "app"), p->arena);
    int64_t ms = 0;
    struct slice last = json_string(json_get(item, "lastCallAt"), p->arena);
    json_open_object(&p->w);
    write_app(p, app.p ? app : SLICE(""));
    write_sums(p, item, "totalCalls");
    json_member_int(&p->w, "lastCallTime", last.p && moment_parse(last, &ms) ? ms / 1000 : 0);
    json_close_object(&p->w);
}

static int projects(struct page *p)
{
    struct json told = {.kind = JSON_NONE};
    int64_t page = 1;
    int64_t size = 20;
    (void)slice_int64(page_query(p, "page"), &page);
    (void)slice_int64(page_query(p, "pageSize"), &size);
    if (page < 1 || size < 1 || size > 100 || page * size > 1000)
        return page_refuse(p, 400,
                           "page and pageSize must be from 1 up, pageSize to 100, and the "
                           "first thousand projects are told.");
    int rc = ask_projects(p, page * size, &told);
    if (rc)
        return rc;
    json_open_object(&p->w);
    json_member_array(&p->w, "projects");
    struct json_walk w = json_walk(json_get(told, "list"));
    for (int64_t i = 0; json_next(&w); i++)
        if (i >= (page - 1) * size)
            write_project(p, w.value);
    json_close_array(&p->w);
    page_write_as(p, "total", told, "count");
    json_member_int(&p->w, "page", page);
    json_member_int(&p->w, "pageSize", size);
    json_close_object(&p->w);
    return AIGNE_OK;
}

/* One series for each of the largest projects, told bucket by bucket. */
static void write_group(struct page *p, const struct slice *apps, struct json_walk *series,
                        size_t count)
{
    json_member_array(&p->w, "trends");
    while (count > 0 && json_next(&series[0])) {
        json_open_object(&p->w);
        write_timestamp(p, series[0].value);
        json_member_object(&p->w, "byProject");
        for (size_t i = 0; i < count && (i == 0 || json_next(&series[i])); i++) {
            json_key_slice(&p->w, apps[i]);
            json_open_object(&p->w);
            write_sums(p, series[i].value, "totalCalls");
            json_close_object(&p->w);
        }
        json_close_object(&p->w);
        json_close_object(&p->w);
    }
    json_close_array(&p->w);
}

static int group_trends(struct page *p)
{
    struct json told = {.kind = JSON_NONE};
    struct slice apps[PROJECTS_DRAWN];
    struct json_walk series[PROJECTS_DRAWN];
    size_t count = 0;
    bool hours = false;
    int rc = ask_projects(p, PROJECTS_DRAWN, &told);
    struct json_walk w = json_walk(json_get(told, "list"));
    while (!rc && count < PROJECTS_DRAWN && json_next(&w)) {
        struct json list;
        apps[count] = json_string(json_get(w.value, "app"), p->arena);
        if (!apps[count].p)
            return fault_nomem(&p->call->fault);
        rc = ask_series(p, apps[count], &list, &hours);
        if (!rc)
            series[count++] = json_walk(json_get(list, "list"));
    }
    if (rc)
        return rc;
    json_open_object(&p->w);
    json_member_array(&p->w, "projects");
    for (size_t i = 0; i < count; i++) {
        json_open_object(&p->w);
        write_app(p, apps[i]);
        json_close_object(&p->w);
    }
    json_close_array(&p->w);
    write_group(p, apps, series, count);
    json_member_text(&p->w, "granularity", hours ? "hour" : "day");
    json_close_object(&p->w);
    return AIGNE_OK;
}

static int project_trends(struct page *p)
{
    struct json told = {.kind = JSON_NONE};
    bool hours = false;
    struct slice app = page_query(p, "appDid");
    if (!app.n)
        return page_refuse(p, 400, "appDid is missing.");
    int rc = ask_series(p, app, &told, &hours);
    if (rc)
        return rc;
    json_open_object(&p->w);
    json_member_object(&p->w, "project");
    write_app(p, app);
    json_close_object(&p->w);
    write_trends(p, told);
    json_member_text(&p->w, "granularity", hours ? "hour" : "day");
    json_close_object(&p->w);
    return AIGNE_OK;
}

static int project_calls(struct page *p)
{
    return page_query(p, "appDid").n ? aigne_calls(p)
                                     : page_refuse(p, 400, "appDid is missing.");
}

/* The sums are never behind: there is nothing to make up for. */
static int backfill(struct page *p)
{
    json_write_raw(&p->w, SLICE("{\"processed\":0,\"ranges\":[]}"));
    return AIGNE_OK;
}

static const struct page_row rows[] = {
    {"GET", "/api/usage/quota", false, quota},
    {"GET", "/api/usage/projects", false, projects},
    {"GET", "/api/usage/projects/group-trends", false, group_trends},
    {"GET", "/api/usage/projects/trends", false, project_trends},
    {"GET", "/api/usage/projects/calls", false, project_calls},
    {"GET", "/api/usage/trends", true, trends},
    {"POST", "/api/usage/stats/backfill", true, backfill},
};
const struct page_table aigne_usage_pages = {rows, sizeof rows / sizeof *rows};
