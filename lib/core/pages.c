/* Knows what the hub tells about itself over HTTP; refuses to know how a request got here. */
#include "core/pages.h"
#include "base/limits.h"
#include "core/exchange.h"
#include "core/models.h"
#include "text/json_write.h"
#include "text/url.h"

#define HUB_DID   "z8ia3xzq2tMq8CRHfaXj1BTYJyYnEcHbqP8cJ"
#define JSON_TYPE "application/json"

static struct buf page_buf(void)
{
    struct buf b;
    buf_init(&b, LIMIT_REPLY_BODY);
    return b;
}

static struct slice query_value(struct aigne_call *call, const char *name)
{
    return url_query(&call->arena, exchange_of(call)->query, name);
}

/* ---- discovery ---- */

static void put_discovery(const struct aigne_call *call, struct buf *out)
{
    const char *mount = call->hub->mount_point[0] ? call->hub->mount_point : "/";
    struct json_writer w = json_writer(out);
    json_open_object(&w);
    json_member_text(&w, "appName", "AIGNE Hub");
    json_member_text(&w, "prefix", mount);
    json_member_array(&w, "componentMountPoints");
    json_open_object(&w);
    json_member_text(&w, "title", "AIGNE Hub");
    json_member_text(&w, "name", "ai-kit");
    json_member_text(&w, "did", HUB_DID);
    json_member_text(&w, "version", AIGNE_VERSION);
    json_member_text(&w, "status", "running");
    json_member_text(&w, "mountPoint", mount);
    json_close_object(&w);
    json_close_array(&w);
    json_close_object(&w);
}

void page_discovery(struct aigne_call *call)
{
    struct buf body = page_buf();
    bool json = slice_is(query_value(call, "type"), "json");
    if (!json)
        BUF_LITERAL(&body, "window.blocklet = ");
    put_discovery(call, &body);
    if (!json)
        BUF_LITERAL(&body, ";\n");
    exchange_answer(call, 200, json ? JSON_TYPE : "application/javascript", &body);
}

/* ---- models ---- */

void page_aigne_models(struct aigne_call *call)
{
    struct buf body = page_buf();
    models_write(call->catalog, query_value(call, "type"), &call->arena, &body);
    exchange_answer(call, 200, JSON_TYPE, &body);
}

/* What is known of what it can do stands beside what OpenAI's lists say. */
static void put_openai_model(struct json_writer *w, struct slice id,
                             const struct catalog_rate *r)
{
    struct json metadata = json_get(json_of(r->body), "modelMetadata");
    json_open_object(w);
    json_member_string(w, "id", id);
    json_member_text(w, "object", "model");
    json_member_int(w, "created", 0);
    json_member_string(w, "owned_by", models_owner(r));
    json_member_raw_opt(w, "features", json_get(metadata, "features").raw);
    if (r->context_window)
        json_member_int(w, "context_window", r->context_window);
    json_close_object(w);
}

/* A model that does several things has a rate for each; they stand together. */
static bool listed_before(const struct catalog *c, size_t i)
{
    return i > 0 && slice_eq(c->rates[i - 1].provider, c->rates[i].provider) &&
           slice_eq(c->rates[i - 1].model, c->rates[i].model);
}

static void put_openai_list(struct aigne_call *call, struct buf *body)
{
    const struct catalog *c = call->catalog;
    struct json_writer w = json_writer(body);
    json_open_object(&w);
    json_member_text(&w, "object", "list");
    json_member_array(&w, "data");
    for (size_t i = 0; i < models_count(c); i++)
        if (models_listed(c, &c->rates[i], SLICE_NONE) && !listed_before(c, i))
            put_openai_model(&w, models_full_name(&c->rates[i], &call->arena), &c->rates[i]);
    json_close_array(&w);
    json_close_object(&w);
}

static void answer_one_model(struct aigne_call *call, struct slice id)
{
    const struct catalog *c = call->catalog;
    for (size_t i = 0; i < models_count(c); i++) {
        const struct catalog_rate *r = &c->rates[i];
        bool named = slice_eq(r->model, id) || slice_eq(models_full_name(r, &call->arena), id);
        if (!named || !models_listed(c, r, SLICE_NONE))
            continue;
        struct buf body = page_buf();
        struct json_writer w = json_writer(&body);
        put_openai_model(&w, id, r);
        exchange_answer(call, 200, JSON_TYPE, &body);
        return;
    }
    fault_field(&call->fault, AIGNE_E_ROUTE, "model",
                "There is no such model; see /v1/models.");
    call->fault.http = 404;
    FAULT_COPY(call->fault.reason, SLICE("model_not_found"));
    call_refuse(call);
}

/* "/v1/models", or one of them: "/v1/models/openai/gpt-4o". */
void page_openai_models(struct aigne_call *call)
{
    struct slice path = exchange_of(call)->path;
    size_t at = slice_find(path, SLICE("/models/"));
    if (at < path.n) {
        answer_one_model(call, slice_from(path, at + sizeof("/models/") - 1));
        return;
    }
    struct buf body = page_buf();
    put_openai_list(call, &body);
    exchange_answer(call, 200, JSON_TYPE, &body);
}

/* ---- status ---- */

/* Without a type it is enough that the model can be asked for something; if not, the fault is a chat's. */
static int look_for(struct aigne_call *call, struct slice model, struct slice type,
                    struct fault *why)
{
    enum chat_kind kind = KIND_CHAT;
    struct route_plan plan;
    if (type.n && !kind_parse(type, &kind))
        return fault_field(why, AIGNE_E_REQUEST, "type",
                           "type must be chat, embedding, image, video, speech or "
                           "transcription.");
    if (!model.n)
        return AIGNE_OK;
    int rc = route_plan(call->catalog, model, kind, 0, &call->arena, &plan, why);
    for (int other = 0; rc < 0 && !type.n && other < KINDS; other++) {
        struct fault ignored;
        fault_clear(&ignored);
        if (!route_plan(call->catalog, model, (enum chat_kind)other, 0, &call->arena, &plan,
                        &ignored))
            return AIGNE_OK;
    }
    return rc;
}

void page_aigne_status(struct aigne_call *call)
{
    struct buf body = page_buf();
    struct fault why;
    fault_clear(&why);
    int rc = look_for(call, query_value(call, "model"), query_value(call, "type"), &why);
    struct json_writer w = json_writer(&body);
    json_open_object(&w);
    json_member_bool(&w, "available", rc >= 0);
    if (rc < 0) {
        json_member_text(&w, "error", why.text);
        json_member_int(&w, "code", fault_status(&why));
    }
    json_close_object(&w);
    exchange_answer(call, 200, JSON_TYPE, &body);
}

void page_health(struct aigne_call *call)
{
    struct buf body = page_buf();
    struct json_writer w = json_writer(&body);
    json_open_object(&w);
    json_member_bool(&w, "ok", true);
    json_member_text(&w, "name", "AIGNE Hub");
    json_member_text(&w, "version", AIGNE_VERSION);
    json_close_object(&w);
    exchange_answer(call, 200, JSON_TYPE, &body);
}

void page_options(struct aigne_call *call)
{
    struct exchange *x = exchange_of(call);
    struct buf body = page_buf();
    exchange_answer(call, 204, NULL, &body);
    BUF_LITERAL(&x->head, "access-control-allow-methods: GET,HEAD,PUT,PATCH,POST,DELETE\r\n"
                          "access-control-allow-headers: *,authorization\r\n"
                          "access-control-max-age: 86400\r\n");
}
