/* Knows what choosing must know of a call and where it is found; refuses to know how one chooses. */
#include "core/choice.h"
#include "core/bill.h"
#include "core/exchange.h"
#include "core/overrides.h"
#include "hub/route_targets.h"
#include <aignehub/aignehub.h>

/* Nothing but the model's name decides: so it is nearly always. */
static bool goes_by_name(const struct aigne_call *call)
{
    const struct overrides *o = call->overrides;
    const struct catalog *c = call->catalog;
    return !c->route_count && !c->fits_known && !call->relay.models.p &&
           !(o && (o->models.p || o->has_strategy));
}

/* Of the body as it came: a member "metadata" as OpenAI's and Anthropic's formats have it. */
static struct slice metadata_of(const struct aigne_call *call)
{
    if (call->overrides && call->overrides->metadata.p)
        return call->overrides->metadata;
    if (!exchange_is(call))
        return SLICE_NONE;
    struct json found = json_get(json_of(buf_slice(&exchange_of(call)->body)), "metadata");
    return found.kind == JSON_OBJECT ? found.raw : SLICE_NONE;
}

/* ---- further models that the request names ---- */

static void add_model(struct route_ask *ask, struct slice *models, struct slice name)
{
    if (name.n && ask->also_count < LIMIT_TARGETS)
        models[ask->also_count++] = name;
}

static int name_further_models(struct aigne_call *call, struct route_ask *ask)
{
    struct slice listed = call->overrides ? call->overrides->models : SLICE_NONE;
    if (!listed.p && !call->relay.models.p)
        return AIGNE_OK;
    struct slice *models = arena_array(&call->arena, LIMIT_TARGETS, sizeof *models);
    struct json_walk w = json_walk(json_of(call->relay.models));
    struct slice one;
    if (!models)
        return fault_nomem(&call->fault);
    while (call->relay.models.p && !listed.p && json_next(&w))
        add_model(ask, models, json_string(w.value, &call->arena));
    while (slice_cut(listed, ',', &one, &listed))
        add_model(ask, models, slice_trim(one));
    add_model(ask, models, slice_trim(listed));
    ask->also = models;
    return call->arena.failed ? fault_nomem(&call->fault) : AIGNE_OK;
}

/* ---- what the request needs ---- */

/* What cannot be read may still be passed on: then nothing is known of it. */
static int measure(struct aigne_call *call, struct fit *fit, const struct fit **out)
{
    bool chat = call->request.kind == KIND_CHAT || call->request.kind == KIND_COUNT_TOKENS;
    *out = NULL;
    if (!chat)
        return AIGNE_OK;
    if (!call->request_read && call->relay_format && fit_look(&call->relay, fit)) {
        *out = fit;
        return AIGNE_OK;
    }
    int rc = bill_read(call);
    if (rc < 0 || !call->request_read)
        return rc;
    fit_measure(&call->request, fit);
    *out = fit;
    return AIGNE_OK;
}

int choice_plan(struct aigne_call *call, int64_t now_ms)
{
    struct fit fit;
    if (goes_by_name(call))
        return route_plan(call->catalog, call->requested, call->request.kind, now_ms,
                          &call->arena, &call->plan, &call->fault);
    struct route_ask ask = {
        .facts = {.catalog = call->catalog,
                  .key = call->who,
                  .user = call->user,
                  .app = call->app,
                  .model = call->requested,
                  .kind = call->request.kind,
                  .streamed = call->streamed,
                  .metadata = call->catalog->route_count ? metadata_of(call) : SLICE_NONE},
        .call_id = slice_of(call->id, RANDOM_ID_SIZE - 1),
        .now_ms = now_ms,
        .wall_ms = call->started_ms};
    if (call->overrides) {
        ask.strategy_said = call->overrides->has_strategy;
        ask.strategy = call->overrides->strategy;
    }
    int rc = name_further_models(call, &ask);
    if (rc >= 0 && route_wants_fit(call->catalog, &ask))
        rc = measure(call, &fit, &ask.fit);
    if (rc < 0)
        return rc;
    return route_choose(&ask, &call->arena, &call->plan, &call->fault);
}
