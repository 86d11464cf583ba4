/* Knows AIGNE Hub's pages about models and their rates; refuses to know what a call costs. */
#include "base/mem.h"
#include "core/aigne_api.h"
#include "store/moment.h"
#include <aignehub/aignehub.h>

static void write_rate(struct page *p, struct json rate)
{
    static const char *const wanted[] = {"modelDisplay",     "description",   "unitCosts",
                                         "caching",          "modelMetadata", "deprecatedAt",
                                         "deprecatedReason", "status"};
    struct json_walk w = json_walk(rate);
    json_open_object(&p->w);
    while (json_next(&w)) {
        json_key_slice(&p->w, w.key);
        if (json_key_is(&w, "provider"))
            page_write_provider(p, w.value);
        else
            json_write_raw(&p->w, w.value.raw);
    }
    page_write_as(p, "providerId", rate, "provider");
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (json_get(rate, wanted[i]).kind == JSON_NONE)
            json_member_raw(&p->w, wanted[i], SLICE("null"));
    if (json_get(rate, "deprecated").kind == JSON_NONE)
        json_member_raw(&p->w, "deprecated", SLICE("false"));
    json_close_object(&p->w);
}

static int ask_rates(struct page *p, struct slice provider, bool paged, struct json *told)
{
    struct page_asking q;
    struct slice model = page_query(p, "model");
    if (!model.n)
        model = page_query(p, "q");
    page_asking_begin(&q);
    if (provider.n)
        json_member_string(&q.w, paged ? "providers" : "provider", provider);
    if (paged && model.n)
        json_member_string(&q.w, "search", model);
    json_member_bool(&q.w, "includeDeprecated",
                     slice_is(page_query(p, "includeDeprecated"), "true"));
    int rc = paged ? page_put_paging(p, &q) : AIGNE_OK;
    if (!rc)
        rc = page_ask(p, &q, "rate.list", told);
    buf_free(&q.text);
    return rc;
}

static void write_rates(struct page *p, struct json told)
{
    struct json_walk w = json_walk(json_get(told, "list"));
    json_open_array(&p->w);
    while (json_next(&w))
        write_rate(p, w.value);
    json_close_array(&p->w);
}

static int rates_of_provider(struct page *p)
{
    struct json told = {.kind = JSON_NONE};
    int rc = ask_rates(p, p->ids[0], false, &told);
    if (!rc)
        write_rates(p, told);
    return rc;
}

static int rates(struct page *p)
{
    struct json told = {.kind = JSON_NONE};
    int rc = ask_rates(p, page_query(p, "providerId"), true, &told);
    if (rc)
        return rc;
    json_open_object(&p->w);
    page_write_as(p, "count", told, "count");
    json_key(&p->w, "list");
    write_rates(p, told);
    page_write_paging(p);
    json_close_object(&p->w);
    return AIGNE_OK;
}

static int put_rate(struct page *p, struct slice provider, struct json old)
{
    struct page_asking q;
    struct json told = {.kind = JSON_NONE};
    page_asking_begin(&q);
    json_member_string(&q.w, "provider", provider);
    if (old.kind == JSON_OBJECT) {
        json_member_raw(&q.w, "model", json_get(old, "model").raw);
        json_member_raw(&q.w, "type", json_get(old, "type").raw);
    } else {
        page_put_known(p, &q, PAGE_NAMES("model", "type"));
    }
    page_put_known(p, &q,
                   PAGE_NAMES("inputRate", "outputRate", "caching", "rates", "unitCosts",
                              "tiers", "modelDisplay", "description", "modelMetadata"));
    int rc = page_ask(p, &q, "rate.put", &told);
    if (!rc)
        write_rate(p, told);
    return rc;
}

/* AIGNE_OK: there is none of that model and type yet. */
static int refuse_twin(struct page *p, struct slice provider)
{
    struct page_asking q;
    struct json told = {.kind = JSON_NONE};
    page_asking_begin(&q);
    json_member_string(&q.w, "provider", provider);
    page_put_known(p, &q, PAGE_NAMES("model", "type"));
    int rc = page_ask(p, &q, "rate.get", &told);
    if (!rc)
        return page_refuse(p, 409, "There is a rate for this model and type already.");
    fault_clear(&p->call->fault);
    return AIGNE_OK;
}

static int add_rate(struct page *p)
{
    int rc = refuse_twin(p, p->ids[0]);
    return rc ? rc : put_rate(p, p->ids[0], (struct json){JSON_NONE, SLICE_NONE});
}

static int add_rates(struct page *p)
{
    struct json providers = json_get(p->body, "providers");
    struct json_walk w = json_walk(providers);
    if (providers.kind != JSON_ARRAY || !json_count(providers))
        return page_refuse(p, 400, "providers must be a list of provider ids.");
    int rc = AIGNE_OK;
    while (!rc && json_next(&w)) {
        struct slice name = json_string(w.value, p->arena);
        rc = name.p ? refuse_twin(p, name) : page_refuse(p, 400, "A provider's id is no text.");
    }
    json_open_object(&p->w);
    json_member_text(&p->w, "message", "Model rates created");
    json_member_array(&p->w, "data");
    for (w = json_walk(providers); !rc && json_next(&w);)
        rc = put_rate(p, json_string(w.value, p->arena), (struct json){JSON_NONE, SLICE_NONE});
    json_close_array(&p->w);
    json_member_object(&p->w, "summary");
    json_member_int(&p->w, "total", (int64_t)json_count(providers));
    json_close_object(&p->w);
    json_close_object(&p->w);
    return rc;
}

static int find_rate(struct page *p, struct json *told)
{
    int rc = page_ask_for(p, "rate.get", "id", p->ids[1], told);
    if (!rc && !slice_eq(json_string(json_get(*told, "provider"), p->arena), p->ids[0]))
        return page_refuse(p, 404, "The provider has no such rate.");
    return rc;
}

static int change_rate(struct page *p)
{
    struct json old = {.kind = JSON_NONE};
    int rc = find_rate(p, &old);
    return rc ? rc : put_rate(p, p->ids[0], old);
}

static int remove_rate(struct page *p)
{
    struct json old = {.kind = JSON_NONE};
    int rc = find_rate(p, &old);
    return rc ? rc : page_remove(p, "rate.delete", "id", p->ids[1]);
}

/* AIGNE's clients send prices as "entries" or as "updates". */
static void put_entries(const struct page *p, struct page_asking *q)
{
    struct json entries = json_get(p->body, "entries");
    if (entries.kind != JSON_ARRAY)
        entries = json_get(p->body, "updates");
    json_member_text(&q->w, "format", "aigne");
    json_member_raw_opt(&q->w, "body", entries.raw);
    page_put_known(p, q, PAGE_NAMES("applyRates", "deprecateUnmatched"));
}

/* Each model under what became of it, and how many there are. */
static void write_synced(struct page *p, struct json told)
{
    static const char *const names[] = {"updated", "unchanged", "created", "unmatched",
                                        "deprecated"};
    page_write_as(p, "dryRun", told, "dryRun");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct json_walk w = json_walk(json_get(told, "summary"));
        json_member_array(&p->w, names[i]);
        while (json_next(&w))
            if (json_string_is(json_get(w.value, "change"), names[i]))
                json_write_raw(&p->w, w.value.raw);
        json_close_array(&p->w);
    }
    json_member_raw(&p->w, "errors", SLICE("[]"));
    json_member_object(&p->w, "summary");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        page_write_as(p, names[i], told, names[i]);
    json_close_object(&p->w);
}

static int bulk_rates(struct page *p)
{
    struct page_asking q;
    struct json told = {.kind = JSON_NONE};
    bool sync = json_string_is(json_get(p->body, "mode"), "sync");
    page_asking_begin(&q);
    page_put_known(p, &q, PAGE_NAMES("profitMargin", "creditPrice", "dryRun", "provider"));
    if (sync)
        put_entries(p, &q);
    else
        page_put_known(p, &q, PAGE_NAMES("model"));
    int rc = page_ask(p, &q, sync ? "catalog.import" : "rate.margin", &told);
    json_open_object(&p->w);
    json_member_text(&p->w, "message", sync ? "Rates synced" : "Rates updated");
    json_member_object(&p->w, "parameters");
    page_write_as(p, "profitMargin", p->body, "profitMargin");
    page_write_as(p, "creditPrice", told, "creditPrice");
    json_close_object(&p->w);
    if (sync)
        write_synced(p, told);
    else
        page_write_members(p, told);
    json_close_object(&p->w);
    return rc;
}

/* Against the costs that were noted: it takes no time that anybody would have to wait for in the background. */
static int check_rates(struct page *p)
{
    char moment[MOMENT_SIZE];
    struct page_asking q;
    struct json told = {.kind = JSON_NONE};
    page_asking_begin(&q);
    json_member_bool(&q.w, "record", true);
    int rc = page_ask(p, &q, "catalog.drift", &told);
    if (rc)
        return rc;
    moment_write(p->call->started_ms, moment);
    json_open_object(&p->w);
    json_member_text(&p->w, "message", "Rate check triggered");
    json_member_text(&p->w, "timestamp", moment);
    json_member_raw(&p->w, "report", told.raw);
    json_close_object(&p->w);
    return AIGNE_OK;
}

/* ---- models ---- */

/* Of each provider the chat model whose tokens are the cheapest. */
static int test_models(struct page *p)
{
    const struct catalog *c = p->call->catalog;
    const struct catalog_rate *best = NULL;
    json_open_object(&p->w);
    for (size_t i = 0; i < c->rate_count; i++) {
        const struct catalog_rate *r = &c->rates[i];
        const decimal_wide *part = r->prices.base.part;
        if (slice_is(r->type, "chat") &&
            (!best ||
             part[PRICE_INPUT] + part[PRICE_OUTPUT] <
                 best->prices.base.part[PRICE_INPUT] + best->prices.base.part[PRICE_OUTPUT]))
            best = r;
        bool last = i + 1 == c->rate_count || !slice_eq(r->provider, r[1].provider);
        if (last && best) {
            json_key_slice(&p->w, best->provider);
            json_write_string(&p->w, best->model);
        }
        if (last)
            best = NULL;
    }
    json_close_object(&p->w);
    return AIGNE_OK;
}

/* Rates stand by provider. */
static bool told_before(const struct catalog *c, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (slice_eq(c->rates[k].model, c->rates[i].model))
            return true;
    return false;
}

static int chat_models(struct page *p)
{
    struct json told = {.kind = JSON_NONE};
    struct slice type = page_query(p, "type");
    const struct catalog *c = p->call->catalog;
    int rc = page_ask_for(p, "rate.list", type.n ? "type" : NULL, type, &told);
    if (rc)
        return rc;
    json_open_array(&p->w);
    for (size_t i = 0; i < c->rate_count; i++) {
        struct slice model = c->rates[i].model;
        struct json_walk w = json_walk(json_get(told, "list"));
        if (told_before(c, i))
            continue;
        json_open_object(&p->w);
        json_member_string(&p->w, "model", model);
        json_member_array(&p->w, "rates");
        while (json_next(&w))
            if (slice_eq(json_string(json_get(w.value, "model"), p->arena), model))
                write_rate(p, w.value);
        json_close_array(&p->w);
        json_member_array(&p->w, "providers");
        for (size_t k = i; k < c->rate_count; k++)
            if (slice_eq(c->rates[k].model, model))
                page_write_provider(p, json_get(json_of(c->rates[k].body), "provider"));
        json_close_array(&p->w);
        json_close_object(&p->w);
    }
    json_close_array(&p->w);
    return AIGNE_OK;
}

static const struct page_row rows[] = {
    {"GET", "/api/ai/chat/models", false, chat_models},
    {"GET", "/api/ai/test-models", true, test_models},
    {"POST", "/api/ai/trigger-rate-check", true, check_rates},
    {"GET", "/api/ai/model-rates", true, rates},
    {"POST", "/api/ai/model-rates", true, add_rates},
    {"POST", "/api/ai/bulk-rate-update", true, bulk_rates},
    {"GET", "/api/ai/:/model-rates", true, rates_of_provider},
    {"POST", "/api/ai/:/model-rates", true, add_rate},
    {"PUT", "/api/ai/:/model-rates/:", true, change_rate},
    {"DELETE", "/api/ai/:/model-rates/:", true, remove_rate},
};
const struct page_table aigne_rate_pages = {rows, sizeof rows / sizeof *rows};
