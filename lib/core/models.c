/* Knows how to list models, here and at a remote; refuses to know how one is called. */
#include "core/models.h"
#include "base/clock.h"
#include "base/mem.h"
#include "core/fetch.h"
#include "text/decimal.h"
#include "text/json_scan.h"
#include "text/json_write.h"
#include <aignehub/aignehub.h>

/* ---- in a hub of this process ---- */

bool models_listed(const struct catalog *c, const struct catalog_rate *r, struct slice type)
{
    const struct catalog_provider *p = catalog_provider(c, r->provider);
    bool usable = p ? catalog_usable(p) : !r->provider.n;
    bool wanted = !type.n || slice_eq(kind_canonical(type), r->type);
    return wanted && usable;
}

struct slice models_full_name(const struct catalog_rate *r, struct arena *a)
{
    struct slice parts[] = {r->provider, SLICE("/"), r->model};
    return r->provider.n ? arena_join(a, parts, 3) : r->model;
}

size_t models_count(const struct catalog *c)
{
    return c->rate_count + c->listed_routes;
}

struct slice models_owner(const struct catalog_rate *r)
{
    return r->provider.n ? r->provider : SLICE("route");
}

static void put_rate(struct json_writer *w, const char *name, decimal_wide rate)
{
    json_key(w, name);
    buf_put_byte(w->out, '"');
    decimal_write(w->out, rate, DECIMAL_RATE_DIGITS);
    buf_put_byte(w->out, '"');
    w->comma = true;
}

/* Of an operator's own name the type's is no name for it. */
static struct slice display_name(const struct catalog_provider *p)
{
    const struct provider_row *row = p ? provider_find(p->type) : NULL;
    if (!p)
        return SLICE("Route");
    if (p->display_name.n)
        return p->display_name;
    return row && slice_eq(p->type, p->name) ? slice_text(row->display_name) : p->name;
}

static void put_model(struct json_writer *w, const struct catalog *c,
                      const struct catalog_rate *r, struct arena *a)
{
    const struct catalog_provider *p = catalog_provider(c, r->provider);
    json_open_object(w);
    json_member_string(w, "key", models_full_name(r, a));
    json_member_string(w, "model", r->model);
    json_member_string(w, "type", kind_listed(r->type));
    json_member_string(w, "provider", models_owner(r));
    json_member_string(w, "providerId", models_owner(r));
    json_member_string(w, "providerDisplayName", display_name(p));
    put_rate(w, "input_credits_per_token", r->prices.base.part[PRICE_INPUT]);
    put_rate(w, "output_credits_per_token", r->prices.base.part[PRICE_OUTPUT]);
    struct slice metadata = json_get(json_of(r->body), "modelMetadata").raw;
    json_member_raw(w, "modelMetadata", metadata.p ? metadata : SLICE("null"));
    json_key(w, "status");
    json_write_null(w);
    json_close_object(w);
}

void models_write(const struct catalog *c, struct slice type, struct arena *a, struct buf *out)
{
    struct json_writer w = json_writer(out);
    json_open_array(&w);
    for (size_t i = 0; i < models_count(c); i++)
        if (models_listed(c, &c->rates[i], type))
            put_model(&w, c, &c->rates[i], a);
    json_close_array(&w);
}

static int list_local(struct aigne_model *m, struct slice type, struct arena *a,
                      struct buf *out)
{
    struct catalog *c = hub_catalog(m->hub->hub);
    models_write(c, type, a, out);
    catalog_drop(c);
    return AIGNE_OK;
}

/* ---- at a remote ---- */

static int refused(const struct adapter *adapter, const struct fetched *got, struct fault *why)
{
    adapter->explain(got->status, buf_slice(&got->head), buf_slice(&got->body), clock_wall_ms(),
                     why);
    if (!why->code)
        fault_set(why, AIGNE_E_UPSTREAM, "The list of models was refused with HTTP status %d.",
                  got->status);
    return why->code;
}

static int resolve(struct aigne_model *m, struct aigne_loop *loop, struct arena *a,
                   struct slice *base_url, struct fault *why)
{
    const struct adapter *adapter = m->row->adapters[KIND_CHAT];
    *base_url = m->base_url;
    if (!adapter->discover_url)
        return AIGNE_OK;
    struct slice known = endpoints_get(&m->endpoints, m->base_url);
    if (known.p) {
        *base_url = known;
        return AIGNE_OK;
    }
    struct http_request request = {.method = "GET",
                                   .url = adapter->discover_url(m->base_url, a)};
    if (!request.url.p)
        return a->failed ? fault_nomem(why) : AIGNE_OK;
    AUTO(fetched_free) struct fetched got;
    fetched_init(&got);
    int rc = fetch(loop, &m->reach, &request, &got, why);
    if (rc >= 0 && got.status != 200)
        rc = fault_set(why, AIGNE_E_PROTOCOL,
                       "The hub answered HTTP status %d when asked where its API is.",
                       got.status);
    if (rc >= 0)
        rc = adapter->discovered(m->base_url, buf_slice(&got.body), a, base_url, why);
    if (rc >= 0)
        (void)endpoints_put(&m->endpoints, m->base_url, *base_url);
    return rc;
}

static int list_remote(struct aigne_model *m, struct aigne_loop *loop, struct slice type,
                       struct arena *a, struct buf *out, struct fault *why)
{
    const struct adapter *adapter = m->row->adapters[KIND_CHAT];
    struct chat_target target = model_target(m);
    target.now_ms = clock_wall_ms();
    struct http_request request = {0};
    if (!adapter->list_request)
        return fault_set(why, AIGNE_E_REQUEST, "%s has no list of models.",
                         m->row->display_name);
    int rc = resolve(m, loop, a, &target.base_url, why);
    if (rc >= 0)
        rc = adapter->list_request(type, &target, a, &request, why);
    if (rc < 0)
        return rc;
    AUTO(fetched_free) struct fetched got;
    fetched_init(&got);
    rc = fetch(loop, &m->reach, &request, &got, why);
    if (rc >= 0 && (got.status < 200 || got.status > 299))
        return refused(adapter, &got, why);
    return rc < 0 ? rc : adapter->list_answer(buf_slice(&got.body), a, out, why);
}

static int list(struct aigne_model *m, struct slice type, struct buf *out, struct fault *why)
{
    AUTO(arena_wipe_free) struct arena a;
    struct aigne_loop *loop = NULL;
    arena_init(&a);
    if (m->hub)
        return list_local(m, type, &a, out);
    int rc = loop_pool_take(&m->pool, &loop, why);
    if (rc < 0)
        return rc;
    rc = list_remote(m, loop, type, &a, out, why);
    loop_pool_give(&m->pool, loop);
    return rc;
}

int models_list(struct aigne_model *m, struct slice type, struct aigne_reply **out,
                struct fault *why)
{
    struct aigne_reply *answer = answer_new(why);
    if (!answer)
        return AIGNE_E_NOMEM;
    int rc = list(m, type, &answer->json, why);
    if (rc >= 0)
        buf_put_slice(&answer->text, buf_slice(&answer->json));
    if (rc >= 0 && (buf_rc(&answer->json) < 0 || buf_rc(&answer->text) < 0))
        rc = fault_nomem(why);
    if (rc < 0) {
        answer_free(answer);
        return rc;
    }
    *out = answer;
    return AIGNE_OK;
}
