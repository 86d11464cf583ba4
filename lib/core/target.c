/* Knows how a planned attempt becomes an address, a key and a format; refuses to know what is asked
 * there or why it comes next. */
#include "core/target.h"
#include "base/clock.h"
#include "core/choice.h"
#include "core/overrides.h"
#include "core/record.h"
#include "core/resume.h"
#include "core/unseal.h"
#include "hub/route_health.h"
#include "provider/config.h"
#include <aignehub/aignehub.h>

/* What says where a hub's API is, is short. */
#define DISCOVERY_LARGEST ((size_t)1024 * 1024)

/* What a request that names no model means, as AIGNE's clients have it. */
static const char *const default_models[KINDS] = {
    [KIND_CHAT] = "openai/gpt-5-mini",
    [KIND_EMBEDDING] = "openai/text-embedding-3-small",
    [KIND_IMAGE] = "openai/gpt-image-1",
    [KIND_VIDEO] = "openai/sora-2",
    [KIND_SPEECH] = "openai/gpt-4o-mini-tts",
    [KIND_TRANSCRIPTION] = "openai/gpt-4o-mini-transcribe",
    [KIND_COUNT_TOKENS] = "openai/gpt-5-mini",
};

const struct reach *target_reach(const struct aigne_call *call)
{
    return call->hub ? &call->hub->reach : &call->model->reach;
}

static struct endpoints *endpoints_of(struct aigne_call *call)
{
    return call->hub ? &call->hub->endpoints : &call->model->endpoints;
}

/* A trial names its credential: that one, whatever its state. */
static void pin_credential(struct aigne_call *call)
{
    struct route_attempt *first = &call->plan.attempts[0];
    const struct catalog_provider *p = first->provider;
    for (size_t i = 0; i < p->credential_count; i++)
        if (slice_eq(p->credentials[i].id, call->model->pinned_credential))
            first->credential = &p->credentials[i];
    call->plan.count = 1;
}

static int plan_in_hub(struct aigne_call *call)
{
    bool pinned = call->model && call->model->pinned_credential.p;
    int rc = pinned ? route_plan(call->catalog, call->requested, call->request.kind, 0,
                                 &call->arena, &call->plan, &call->fault)
                    : choice_plan(call, call->started_us / 1000);
    if (rc < 0)
        return rc;
    if (pinned)
        pin_credential(call);
    return overrides_settle(call);
}

int target_knock(struct aigne_call *call)
{
    bool pinned = call->model && call->model->pinned_credential.p;
    int64_t now_ms = clock_monotonic_us() / 1000;
    if (pinned || call->plan.attempts[0].health.condition == HEALTH_READY)
        return AIGNE_OK;
    struct health_entry *known = route_knock(&call->plan, now_ms);
    if (!known)
        return AIGNE_OK;
    health_tell(known, now_ms, &call->fault);
    const struct usage_row unasked = record_row(call);
    record_refusal(call, &unasked);
    health_quote(known, &call->fault);
    return call->fault.code;
}

int target_plan(struct aigne_call *call)
{
    if (!call->requested.n && call->hub)
        call->requested = slice_text(default_models[call->request.kind]);
    if (!call->requested.n)
        return fault_field(&call->fault, AIGNE_E_REQUEST, "model",
                           "No model was named: set \"model\" when opening it, or "
                           "modelOptions.model in the request.");
    if (call->hub)
        return plan_in_hub(call);
    call->plan.count = 1;
    return AIGNE_OK;
}

static int open_in_hub(struct aigne_call *call)
{
    const struct route_attempt *planned = call_target(call);
    struct attempt *t = &call->attempt;
    if (planned->measured && !call->measured) {
        call->measured = planned->measured;
        health_begin(call->measured);
    }
    const struct provider_row *row = provider_find(planned->provider->type);
    t->target.provider = planned->provider->name;
    t->target.model = planned->model;
    t->target.region = planned->provider->region;
    t->target.config = planned->provider->config;
    t->target.base_url = planned->provider->base_url;
    t->target.quirks = row ? provider_quirks(row, &t->target) : 0;
    t->adapter =
        row ? provider_adapter(row, call->request.kind, &t->target, call->relay_format) : NULL;
    if (!t->adapter)
        return fault_set(&call->fault, AIGNE_E_ROUTE,
                         "Provider \"%.*s\" cannot be reached by this version.",
                         (int)planned->provider->name.n, planned->provider->name.p);
    if (!t->target.base_url.n)
        t->target.base_url = slice_text(row->base_url);
    t->target.client_id = call->app;
    t->target.secret_is_pair =
        planned->credential && slice_is(planned->credential->type, "access_key_pair");
    if (!planned->credential)
        return AIGNE_OK;
    int rc = hub_open_secret(call->hub->hub, planned->credential, &t->secret, &call->fault);
    t->target.secret = buf_slice(&t->secret);
    return rc;
}

static int open_remote(struct aigne_call *call)
{
    struct attempt *t = &call->attempt;
    const struct aigne_model *m = call->model;
    t->target = model_target(m);
    t->target.model = call->requested;
    t->adapter = provider_adapter(m->row, call->request.kind, &t->target, NULL);
    if (!t->adapter)
        return fault_set(&call->fault, AIGNE_E_ROUTE, "%s cannot be asked for this: %s.",
                         m->row->display_name, kind_name(call->request.kind));
    return AIGNE_OK;
}

static bool same_format(const struct adapter *a, const char *relay_format)
{
    return a->relay && a->format && relay_format && strcmp(a->format, relay_format) == 0;
}

static int resolve_endpoint(struct aigne_call *call, struct slice *discovery_url)
{
    struct attempt *t = &call->attempt;
    if (!t->adapter->discover_url)
        return AIGNE_OK;
    struct slice root = endpoints_get(endpoints_of(call), t->target.base_url);
    if (root.p) {
        t->target.base_url = root;
        return AIGNE_OK;
    }
    *discovery_url = t->adapter->discover_url(t->target.base_url, &call->arena);
    return call->arena.failed ? fault_nomem(&call->fault) : AIGNE_OK;
}

int target_open(struct aigne_call *call, struct slice *discovery_url)
{
    struct attempt *t = &call->attempt;
    *discovery_url = SLICE_NONE;
    call->dropped.n = 0;
    int rc = call->hub ? open_in_hub(call) : open_remote(call);
    if (rc < 0)
        return rc;
    t->target.now_ms = clock_wall_ms();
    t->target.dropped = &call->dropped;
    while (t->target.base_url.n && t->target.base_url.p[t->target.base_url.n - 1] == '/')
        t->target.base_url.n--;
    t->relaying = same_format(t->adapter, call->relay_format);
    return resolve_endpoint(call, discovery_url);
}

int target_discovery_head(void *user, int status, struct slice headers)
{
    struct aigne_call *call = user;
    call->attempt.status = status;
    (void)headers;
    return AIGNE_OK;
}

int target_discovery_data(void *user, struct slice piece)
{
    struct aigne_call *call = user;
    struct buf *body = &call->attempt.body;
    if (piece.n > DISCOVERY_LARGEST - body->n)
        return AIGNE_E_PROTOCOL;
    buf_put_slice(body, piece);
    return buf_rc(body);
}

int target_discovered(struct aigne_call *call, int rc, const struct fault *why)
{
    struct attempt *t = &call->attempt;
    if (rc < 0)
        return fault_set(&call->fault, rc, "The hub could not be asked where its API is: %s",
                         why->text);
    if (t->status != 200)
        return fault_set(&call->fault, AIGNE_E_PROTOCOL,
                         "The hub answered HTTP status %d when asked where its API is "
                         "(GET /__blocklet__.js).",
                         t->status);
    struct slice root;
    rc = t->adapter->discovered(t->target.base_url, buf_slice(&t->body), &call->arena, &root,
                                &call->fault);
    if (rc < 0)
        return rc;
    rc = endpoints_put(endpoints_of(call), t->target.base_url, root);
    return rc < 0 ? fault_nomem(&call->fault) : AIGNE_OK;
}

int target_request(struct aigne_call *call)
{
    struct attempt *t = &call->attempt;
    t->relaying = t->relaying && call->relay_format != NULL;
    if (!t->relaying && !call->request_read) {
        int rc = call->outlet->read_request(call);
        if (rc < 0)
            return rc;
        call->request_read = true;
    }
    if (call->refusal)
        unseal_request(call);
    int rc = resume_open(call);
    return rc < 0 || call->hub ? rc : overrides_send(call, &t->request, &call->fault);
}
