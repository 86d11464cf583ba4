/* Knows AIGNE Hub's pages about who calls: account, grants, calls; refuses to know how they are kept. */
#include "base/mem.h"
#include "core/aigne_api.h"
#include "core/export.h"
#include "hub/billing.h"
#include "store/moment.h"
#include "text/decimal.h"
#include <aignehub/aignehub.h>

enum { DIDS_LARGEST = 200, UNIT_DIGITS = 9 };

static const struct billing *billing(const struct page *p)
{
    return &p->call->catalog->billing;
}

static void write_link(struct page *p)
{
    struct slice link = billing(p)->on ? billing(p)->purchase_url : SLICE_NONE;
    if (link.n)
        json_write_string(&p->w, link);
    else
        json_write_null(&p->w);
}

static void write_currency(struct page *p)
{
    json_member_object(&p->w, "currency");
    json_member_text(&p->w, "id", "credit");
    json_member_text(&p->w, "symbol", "AIC");
    json_member_text(&p->w, "name", "Credit");
    json_member_int(&p->w, "decimal", UNIT_DIGITS);
    json_member_int(&p->w, "maximum_precision", UNIT_DIGITS);
    json_close_object(&p->w);
}

static int account(struct page *p, struct json *out)
{
    return page_ask_for(p, "account.get", "user", page_account(p), out);
}

static void write_amount(struct page *p, const char *name, int64_t value, bool units)
{
    json_key(&p->w, name);
    BUF_LITERAL(p->w.out, "\"");
    decimal_write(p->w.out, value, units ? 0 : UNIT_DIGITS);
    BUF_LITERAL(p->w.out, "\"");
    p->w.comma = true;
}

/* As decimal text, or in billionths where the page tells the digits besides. */
static void write_balance(struct page *p, struct json told, bool units)
{
    write_amount(p, "balance", page_amount(p, told, "balance"), units);
    write_amount(p, "total", page_amount(p, told, "granted"), units);
    json_member_int(&p->w, "grantCount", (int64_t)json_count(json_get(told, "grants")));
    write_amount(p, "pendingCredit", page_amount(p, told, "held"), units);
}

static int info(struct page *p)
{
    static const char *const prefixes[] = {"$", "\xE2\x82\xAC", "\xC2\xA5"};
    struct json told = {JSON_NONE, SLICE_NONE};
    const struct billing *b = billing(p);
    int rc = b->on ? account(p, &told) : AIGNE_OK;
    if (rc)
        return rc;
    json_open_object(&p->w);
    json_key(&p->w, "user");
    page_write_user(p, page_account(p));
    json_key(&p->w, "creditBalance");
    if (b->on) {
        json_open_object(&p->w);
        write_balance(p, told, false);
        json_close_object(&p->w);
        write_currency(p);
    } else {
        json_write_null(&p->w);
    }
    json_key(&p->w, "paymentLink");
    write_link(p);
    json_member_bool(&p->w, "enableCredit", b->on);
    json_member_raw(&p->w, "profileLink", SLICE("null"));
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (slice_is(b->credit_prefix, prefixes[i]))
            json_member_text(&p->w, "creditPrefix", prefixes[i]);
    json_close_object(&p->w);
    return AIGNE_OK;
}

static int balance(struct page *p)
{
    struct json told = {.kind = JSON_NONE};
    int rc = account(p, &told);
    if (rc)
        return rc;
    json_open_object(&p->w);
    write_balance(p, told, true);
    write_currency(p);
    json_close_object(&p->w);
    return AIGNE_OK;
}

static int grants(struct page *p)
{
    struct json told = {.kind = JSON_NONE};
    int64_t since_ms = 0;
    int64_t until_ms = 0;
    int64_t count = 0;
    int rc = page_read_span(p, &since_ms, &until_ms);
    if (!rc)
        rc = account(p, &told);
    if (rc)
        return rc;
    json_open_object(&p->w);
    json_member_array(&p->w, "list");
    struct json_walk w = json_walk(json_get(told, "grants"));
    while (json_next(&w)) {
        int64_t made_ms = 0;
        struct slice made = json_string(json_get(w.value, "createdAt"), p->arena);
        bool within = moment_parse(made, &made_ms) && made_ms >= since_ms && made_ms < until_ms;
        if (!within || !page_shows(p, count++))
            continue;
        json_open_object(&p->w);
        page_write_members(p, w.value);
        page_write_as(p, "remaining_amount", w.value, "remaining");
        page_write_as(p, "category", w.value, "source");
        page_write_as(p, "expires_at", w.value, "expiresAt");
        page_write_as(p, "created_at", w.value, "createdAt");
        json_close_object(&p->w);
    }
    json_close_array(&p->w);
    json_member_int(&p->w, "count", count);
    page_write_paging(p);
    json_close_object(&p->w);
    return AIGNE_OK;
}

static int transactions(struct page *p)
{
    struct page_asking q;
    struct json told = {.kind = JSON_NONE};
    int64_t since_ms = 0;
    int64_t until_ms = 0;
    page_asking_begin(&q);
    json_member_string(&q.w, "user", page_account(p));
    int rc = page_read_span(p, &since_ms, &until_ms);
    json_member_int(&q.w, "since", since_ms);
    json_member_int(&q.w, "until", until_ms);
    if (!rc)
        rc = page_put_paging(p, &q);
    int asked = rc ? rc : page_ask(p, &q, "transaction.list", &told);
    buf_free(&q.text);
    if (asked)
        return asked;
    json_open_object(&p->w);
    page_write_members(p, told);
    page_write_paging(p);
    json_close_object(&p->w);
    return AIGNE_OK;
}

static int payment_link(struct page *p)
{
    write_link(p);
    return AIGNE_OK;
}

static int user_info(struct page *p)
{
    struct json dids = json_get(p->body, "userDids");
    if (dids.kind != JSON_ARRAY || json_count(dids) < 1 || json_count(dids) > DIDS_LARGEST)
        return page_refuse(p, 400, "userDids must be a list of 1 to 200 ids.");
    json_open_object(&p->w);
    json_member_array(&p->w, "users");
    struct json_walk w = json_walk(dids);
    while (json_next(&w)) {
        struct slice id = json_string(w.value, p->arena);
        page_write_user(p, id.p ? id : SLICE(""));
    }
    json_close_array(&p->w);
    json_close_object(&p->w);
    return AIGNE_OK;
}

/* ---- calls ---- */

static void write_metrics(struct page *p, struct json row)
{
    static const char *const names[] = {"inputTokens", "outputTokens",
                                        "cacheCreationInputTokens", "cacheReadInputTokens"};
    json_member_object(&p->w, "usageMetrics");
    int64_t total = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        total += page_number(row, names[i]);
        json_member_int(&p->w, names[i], page_number(row, names[i]));
    }
    total += page_number(row, "reasoningTokens");
    json_member_int(&p->w, "totalTokens", total);
    json_member_int(&p->w, "numberOfImageGeneration", page_number(row, "images"));
    json_close_object(&p->w);
    int64_t images = page_number(row, "images");
    int64_t seconds = (page_number(row, "milliseconds") + 500) / 1000;
    json_member_int(&p->w, "totalUsage", images ? images : seconds ? seconds : total);
}

/* Our members, and AIGNE's names for them. "success" and "failed" are all that it knows. */
static void write_call(struct page *p, struct json row)
{
    static const char *const names[][2] = {
        {"providerId", "provider"}, {"credentialId", "credentialId"},
        {"errorReason", "error"},   {"appDid", "app"},
        {"userDid", "user"},        {"traceId", "requestId"},
        {"ttfb", "firstByteMs"},    {"updatedAt", "createdAt"}};
    struct json_walk w = json_walk(row);
    struct slice user = json_string(json_get(row, "user"), p->arena);
    json_open_object(&p->w);
    while (json_next(&w)) {
        if (json_key_is(&w, "status") || json_key_is(&w, "credentialId") ||
            json_key_is(&w, "provider"))
            continue;
        json_key_slice(&p->w, w.key);
        json_write_raw(&p->w, w.value.raw);
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        page_write_as(p, names[i][0], row, names[i][1]);
    bool done = json_string_is(json_get(row, "status"), "success");
    json_member_text(&p->w, "status", done ? "success" : "failed");
    page_write_thousandths(p, "duration", page_number(row, "durationMs"));
    write_metrics(p, row);
    json_key(&p->w, "provider");
    page_write_provider(p, json_get(row, "provider"));
    json_key(&p->w, "userInfo");
    page_write_user(p, user.p ? user : SLICE(""));
    json_close_object(&p->w);
}

static int put_calls(struct page *p, struct page_asking *q)
{
    struct slice search = page_query(p, "search");
    struct slice model = page_query(p, "model");
    struct slice least = page_query(p, "minDurationSeconds");
    int64_t seconds = 0;
    if (search.n || model.n)
        json_member_string(&q->w, "search", search.n ? search : model);
    if (least.n && (!slice_int64(least, &seconds) || seconds < 0 || seconds > 1000000))
        return page_refuse(p, 400, "minDurationSeconds must be a whole number of seconds.");
    if (seconds)
        json_member_int(&q->w, "minDurationMs", seconds * 1000);
    return page_put_usage(p, q);
}

int aigne_calls(struct page *p)
{
    struct page_asking q;
    struct json told = {.kind = JSON_NONE};
    page_asking_begin(&q);
    int rc = put_calls(p, &q);
    if (!rc)
        rc = page_put_paging(p, &q);
    if (!rc)
        rc = page_ask(p, &q, "usage.list", &told);
    buf_free(&q.text);
    if (rc)
        return rc;
    json_open_object(&p->w);
    page_write_as(p, "count", told, "count");
    static const char *const search[] = {"complete", "stoppedAt"};
    for (size_t i = 0; i < 2; i++)
        json_member_raw_opt(&p->w, search[i], json_get(told, search[i]).raw);
    json_member_array(&p->w, "list");
    struct json_walk w = json_walk(json_get(told, "list"));
    while (json_next(&w))
        write_call(p, w.value);
    json_close_array(&p->w);
    page_write_paging(p);
    json_close_object(&p->w);
    return AIGNE_OK;
}

void page_aigne_export(struct aigne_call *call)
{
    struct page p = {.call = call, .arena = &call->arena};
    struct page_asking q;
    page_asking_begin(&q);
    int rc = put_calls(&p, &q);
    json_close_object(&q.w);
    struct slice kept = arena_copy(&call->arena, buf_slice(&q.text));
    if (!rc && (buf_rc(&q.text) || !kept.p))
        rc = fault_nomem(&call->fault);
    buf_free(&q.text);
    if (rc)
        call_refuse(call);
    else
        export_begin(call, kept, true);
}

/* ---- what was used most ---- */

static int stats(struct page *p, bool everybody)
{
    struct page_asking q;
    struct json told = {.kind = JSON_NONE};
    page_asking_begin(&q);
    int rc = AIGNE_OK;
    if (everybody)
        json_member_int(&q.w, "since", p->call->started_ms - INT64_C(30) * 86400000);
    else
        rc = page_put_usage(p, &q);
    json_member_int(&q.w, "limit", 5);
    if (!rc)
        rc = page_ask(p, &q, "usage.top", &told);
    buf_free(&q.text);
    if (rc)
        return rc;
    json_open_object(&p->w);
    json_member_object(&p->w, "modelStats");
    json_member_array(&p->w, "list");
    struct json_walk w = json_walk(json_get(told, "list"));
    while (json_next(&w)) {
        json_open_object(&p->w);
        page_write_as(p, "providerId", w.value, "provider");
        json_key(&p->w, "provider");
        page_write_provider(p, json_get(w.value, "provider"));
        page_write_as(p, "model", w.value, "model");
        page_write_as(p, "totalCalls", w.value, "calls");
        json_close_object(&p->w);
    }
    json_close_array(&p->w);
    page_write_as(p, "totalModelCount", told, "count");
    json_close_object(&p->w);
    json_close_object(&p->w);
    return AIGNE_OK;
}

static int usage_stats(struct page *p)
{
    return stats(p, false);
}

static int user_stats(struct page *p)
{
    return stats(p, true);
}

/* Days are sums of hours here: there is nothing of their own to clean up. */
static int clean_up(struct page *p)
{
    json_write_raw(&p->w, SLICE("{\"message\":\"Daily stats cleaned up\",\"deletedCount\":0}"));
    return AIGNE_OK;
}

static const struct page_row rows[] = {
    {"GET", "/api/user/info", false, info},
    {"GET", "/api/user/credit/balance", false, balance},
    {"GET", "/api/user/credit/grants", false, grants},
    {"GET", "/api/user/credit/transactions", false, transactions},
    {"GET", "/api/user/credit/payment-link", false, payment_link},
    {"POST", "/api/user/admin/user-info", true, user_info},
    {"GET", "/api/user/model-calls", false, aigne_calls},
    {"GET", "/api/user/usage-stats", false, usage_stats},
    {"GET", "/api/user/admin/user-stats", true, user_stats},
    {"POST", "/api/user/cleanup-daily-stats", true, clean_up},
};
const struct page_table aigne_user_pages = {rows, sizeof rows / sizeof *rows};
