/* Knows how a hub's models are told to Google's clients; refuses to know how a request got here. */
#include "base/limits.h"
#include "core/exchange.h"
#include "core/models.h"
#include "core/pages.h"
#include "text/json_write.h"
#include "text/url.h"

#define JSON_TYPE      "application/json"
#define PAGE_USUAL     50
#define PAGE_LARGEST   1000
#define NUMBER_LARGEST 1000000000

/* What can be asked of a model of a type, by Google's names. */
static void put_methods(struct json_writer *w, struct slice type)
{
    static const struct {
        const char *type;
        const char *methods[3];
    } known[] = {{"chat", {"generateContent", "streamGenerateContent", "countTokens"}},
                 {"embedding", {"embedContent", "batchEmbedContents"}},
                 {"image", {"predict"}},
                 {"video", {"predictLongRunning"}}};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        for (size_t k = 0; k < 3 && slice_is(type, known[i].type) && known[i].methods[k]; k++)
            json_write_text(w, known[i].methods[k]);
}

static bool same_model(const struct catalog_rate *a, const struct catalog_rate *b)
{
    return slice_eq(a->provider, b->provider) && slice_eq(a->model, b->model);
}

/* One that does several things has a rate for each; they stand together. */
static void put_model(struct aigne_call *call, struct json_writer *w, size_t first)
{
    const struct catalog *c = call->catalog;
    struct slice name = models_full_name(&c->rates[first], &call->arena);
    struct slice parts[] = {SLICE("models/"), name};
    json_open_object(w);
    json_member_string(w, "name", arena_join(&call->arena, parts, 2));
    json_member_text(w, "version", "001");
    json_member_string(w, "displayName", name);
    json_member_array(w, "supportedGenerationMethods");
    for (size_t i = first; i < models_count(c) && same_model(&c->rates[first], &c->rates[i]);
         i++)
        if (models_listed(c, &c->rates[i], SLICE_NONE))
            put_methods(w, c->rates[i].type);
    json_close_array(w);
    json_close_object(w);
}

/* The first listed rate of a model. */
static bool is_first(const struct catalog *c, size_t i)
{
    if (!models_listed(c, &c->rates[i], SLICE_NONE))
        return false;
    for (; i > 0 && same_model(&c->rates[i - 1], &c->rates[i]); i--)
        if (models_listed(c, &c->rates[i - 1], SLICE_NONE))
            return false;
    return true;
}

static int64_t query_number(struct aigne_call *call, const char *name, int64_t usual)
{
    int64_t number = 0;
    struct slice text = url_query(&call->arena, exchange_of(call)->query, name);
    return slice_int64(text, &number) && number > 0 && number < NUMBER_LARGEST ? number : usual;
}

static void answer_list(struct aigne_call *call)
{
    const struct catalog *c = call->catalog;
    struct buf body;
    buf_init(&body, LIMIT_REPLY_BODY);
    struct json_writer w = json_writer(&body);
    int64_t size = query_number(call, "pageSize", PAGE_USUAL);
    int64_t skip = query_number(call, "pageToken", 0);
    int64_t seen = 0;
    int64_t end = skip + (size < PAGE_LARGEST ? size : PAGE_LARGEST);
    json_open_object(&w);
    json_member_array(&w, "models");
    for (size_t i = 0; i < models_count(c); i++) {
        if (!is_first(c, i))
            continue;
        if (seen >= skip && seen < end)
            put_model(call, &w, i);
        seen++;
    }
    json_close_array(&w);
    if (seen > end) {
        json_key(&w, "nextPageToken");
        buf_put_byte(&body, '"');
        buf_put_int(&body, end);
        buf_put_byte(&body, '"');
        w.comma = true;
    }
    json_close_object(&w);
    exchange_answer(call, 200, JSON_TYPE, &body);
}

static void answer_one(struct aigne_call *call, struct slice id)
{
    const struct catalog *c = call->catalog;
    for (size_t i = 0; i < models_count(c); i++) {
        const struct catalog_rate *r = &c->rates[i];
        bool named = slice_eq(r->model, id) || slice_eq(models_full_name(r, &call->arena), id);
        if (!named || !is_first(c, i))
            continue;
        struct buf body;
        buf_init(&body, LIMIT_REPLY_BODY);
        struct json_writer w = json_writer(&body);
        put_model(call, &w, i);
        exchange_answer(call, 200, JSON_TYPE, &body);
        return;
    }
    fault_field(&call->fault, AIGNE_E_ROUTE, "name",
                "There is no such model; see /v1beta/models.");
    call->fault.http = 404;
    call_refuse(call);
}

/* A token that is no number of ours begins anew, as one too large ends. */
void page_gemini_models(struct aigne_call *call)
{
    struct slice path = exchange_of(call)->path;
    size_t at = slice_find(path, SLICE("/models/"));
    if (at < path.n)
        answer_one(call, slice_from(path, at + sizeof("/models/") - 1));
    else
        answer_list(call);
}
