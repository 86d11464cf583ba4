/* Knows how the models are told to Anthropic's clients, page by page; refuses to know how a request got
 * here. */
#include "base/limits.h"
#include "core/exchange.h"
#include "core/models.h"
#include "core/pages.h"
#include "text/json_write.h"
#include "text/url.h"

#define JSON_TYPE      "application/json"
#define PAGE_USUAL     20
#define PAGE_LARGEST   1000
#define NOT_KNOWN_WHEN "1970-01-01T00:00:00Z"

struct page {
    struct slice after;
    struct slice before;
    size_t limit;
    size_t from; /* of the models there are, which are told: from, and to before */
    size_t to;
    size_t count; /* all of them */
};

static void put_model(struct json_writer *w, struct slice id)
{
    static const char *const unknown[] = {"capabilities",     "deprecated_at", "line",
                                          "max_input_tokens", "max_tokens",    "retires_at"};
    json_open_typed(w, "model");
    json_member_string(w, "id", id);
    json_member_string(w, "display_name", id);
    json_member_text(w, "created_at", NOT_KNOWN_WHEN);
    json_member_text(w, "lifecycle", "active");
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
        json_member_text(w, unknown[i], NULL);
    json_close_object(w);
}

static bool is_listed(const struct aigne_call *call, size_t i)
{
    return models_listed(call->catalog, &call->catalog->rates[i], SLICE("chat"));
}

static struct slice name_of(struct aigne_call *call, size_t i)
{
    return models_full_name(&call->catalog->rates[i], &call->arena);
}

static void refuse(struct aigne_call *call, const char *param, const char *sentence)
{
    fault_field(&call->fault, AIGNE_E_REQUEST, param, "%s", sentence);
    call_refuse(call);
}

/* Of the query; false: refused. */
static bool read_page(struct aigne_call *call, struct page *p)
{
    struct slice query = exchange_of(call)->query;
    struct slice limit = url_query(&call->arena, query, "limit");
    int64_t wanted = PAGE_USUAL;
    *p = (struct page){.after = url_query(&call->arena, query, "after_id"),
                       .before = url_query(&call->arena, query, "before_id")};
    if (limit.n && (!slice_int64(limit, &wanted) || wanted < 1 || wanted > PAGE_LARGEST)) {
        refuse(call, "limit", "limit must be a whole number from 1 to 1000.");
        return false;
    }
    p->limit = (size_t)wanted;
    return true;
}

/* Which of the models are on the page; false: refused. */
static bool find_page(struct aigne_call *call, struct page *p)
{
    bool after_met = !p->after.n;
    bool before_met = !p->before.n;
    size_t end = SIZE_MAX;
    for (size_t i = 0; i < models_count(call->catalog); i++) {
        if (!is_listed(call, i))
            continue;
        struct slice name = name_of(call, i);
        if (p->before.n && slice_eq(name, p->before)) {
            before_met = true;
            end = p->count;
        }
        p->count++;
        if (p->after.n && slice_eq(name, p->after)) {
            after_met = true;
            p->from = p->count;
        }
    }
    if (!after_met || !before_met) {
        refuse(call, after_met ? "before_id" : "after_id",
               "There is no model of that id; see /v1/models.");
        return false;
    }
    end = end < p->count ? end : p->count;
    bool backwards = p->before.n && !p->after.n && end > p->limit;
    if (backwards)
        p->from = end - p->limit;
    p->to = end > p->from + p->limit ? p->from + p->limit : end;
    return true;
}

static void put_list(struct aigne_call *call, const struct page *p, struct buf *body)
{
    struct json_writer w = json_writer(body);
    struct slice first = SLICE_NONE;
    struct slice last = SLICE_NONE;
    size_t place = 0;
    json_open_object(&w);
    json_member_array(&w, "data");
    for (size_t i = 0; i < models_count(call->catalog) && place < p->to; i++) {
        if (!is_listed(call, i) || place++ < p->from)
            continue;
        last = name_of(call, i);
        first = first.p ? first : last;
        put_model(&w, last);
    }
    json_close_array(&w);
    bool more = p->before.n && !p->after.n ? p->from > 0 : p->to < p->count;
    json_member_bool(&w, "has_more", more);
    const char *const names[] = {"first_id", "last_id"};
    const struct slice ids[] = {first, last};
    for (size_t i = 0; i < 2; i++) {
        if (ids[i].p)
            json_member_string(&w, names[i], ids[i]);
        else
            json_member_text(&w, names[i], NULL);
    }
    json_close_object(&w);
}

static void answer_one(struct aigne_call *call, struct slice id)
{
    for (size_t i = 0; i < models_count(call->catalog); i++) {
        if (!is_listed(call, i) || !slice_eq(name_of(call, i), id))
            continue;
        struct buf body;
        buf_init(&body, LIMIT_REPLY_BODY);
        struct json_writer w = json_writer(&body);
        put_model(&w, id);
        exchange_answer(call, 200, JSON_TYPE, &body);
        return;
    }
    fault_field(&call->fault, AIGNE_E_ROUTE, "model",
                "There is no such model; see /v1/models.");
    call->fault.http = 404;
    call_refuse(call);
}

void page_anthropic_models(struct aigne_call *call)
{
    struct slice path = exchange_of(call)->path;
    struct page page;
    size_t at = slice_find(path, SLICE("/models/"));
    if (at < path.n) {
        answer_one(call, slice_from(path, at + sizeof("/models/") - 1));
        return;
    }
    if (!read_page(call, &page) || !find_page(call, &page))
        return;
    struct buf body;
    buf_init(&body, LIMIT_REPLY_BODY);
    put_list(call, &page, &body);
    exchange_answer(call, 200, JSON_TYPE, &body);
}
