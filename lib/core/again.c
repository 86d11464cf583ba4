/* Knows which failures are worth another attempt, where and when; refuses to know how one is made. */
#include "core/again.h"
#include "base/clock.h"
#include "core/patience.h"
#include "hub/fit.h"
#include "hub/policy.h"
#include "hub/retry_budget.h"
#include <aignehub/aignehub.h>

/* A caller that could wait longer does better to hear when to come back. */
#define WAIT_LARGEST_MS ((int64_t)5000)
#define BACKOFF_MS      ((int64_t)250)
/* Where nobody says: of a target that has no other beside it. */
#define RETRIES_USUAL 1

enum cause {
    CAUSE_HOPELESS, /* the request is at fault, or nobody wants the answer */
    CAUSE_OTHER,    /* what was asked for is not there: another provider or model may have it */
    CAUSE_CREDENTIAL, /* another key may do better, too */
    CAUSE_PASSING     /* the same may do better in a while */
};

/* What was not said by the provider. */
static enum cause cause_of_ours(int rc)
{
    if (rc == AIGNE_E_NETWORK || rc == AIGNE_E_TIMEOUT || rc == AIGNE_E_PROTOCOL)
        return CAUSE_PASSING;
    bool other = rc == AIGNE_E_CONFIG || rc == AIGNE_E_STORE || rc == AIGNE_E_ROUTE ||
                 rc == AIGNE_E_RATE;
    return other ? CAUSE_CREDENTIAL : CAUSE_HOPELESS;
}

static enum cause cause_of(int rc, const struct fault *why)
{
    if (rc == AIGNE_E_CANCELLED || rc == AIGNE_E_NOMEM)
        return CAUSE_HOPELESS;
    if (!why->upstream)
        return cause_of_ours(rc);
    if (why->credential_bad || rc == AIGNE_E_CREDIT)
        return CAUSE_CREDENTIAL;
    if (why->http == 403 && !fit_unseemly(why)) /* another key may be allowed to */
        return CAUSE_CREDENTIAL;
    if (why->http == 404 || why->http == 413 || fit_too_long(why))
        return CAUSE_OTHER;
    if (rc != AIGNE_E_RATE && why->http != 429 && why->http != 408 && why->http < 500)
        return CAUSE_HOPELESS;
    return why->retry_ms < 0 ? CAUSE_CREDENTIAL : CAUSE_PASSING;
}

/* Twice as long each time, and never shorter than was asked for. */
static int64_t pause_ms(const struct again_facts *f)
{
    int64_t ms = BACKOFF_MS << (f->repeats < 10 ? f->repeats : 10);
    return f->why->upstream && f->why->retry_ms > ms ? f->why->retry_ms : ms;
}

/* Up to half longer by chance, so that many do not come back at once. */
static int64_t spread_ms(const struct again_facts *f, int64_t ms)
{
    int64_t spread = ms + ms / 2 * (int64_t)(f->chance >> 16) / 65536;
    return spread < f->left_ms ? spread : ms;
}

static bool may_repeat_here(const struct again_facts *f)
{
    int64_t ms = pause_ms(f);
    return f->affordable && !f->known_dead && ms <= WAIT_LARGEST_MS && ms < f->left_ms;
}

/* What may have been carried out is done again where the policy says so. Where nobody says, what is
 * harmless may be asked of somebody else. */
static bool may_ask(const struct again_facts *f, bool unanswered, bool elsewhere)
{
    return !unanswered || POLICY_OR(f->policy, repeat_sent, f->harmless && elsewhere) != 0;
}

struct again again_choose(const struct again_facts *f, bool *costly)
{
    const struct again end = {.step = AGAIN_SETTLE};
    const struct again here = {AGAIN_SAME, f->target, spread_ms(f, pause_ms(f))};
    enum cause cause = cause_of(f->rc, f->why);
    bool unanswered = f->sent && !f->why->upstream;
    int64_t retries = POLICY_OR(f->policy, retries, -1);
    *costly = true;
    if (cause == CAUSE_HOPELESS || f->left_ms <= 0 ||
        f->attempts >= (size_t)POLICY_OR(f->policy, attempts, LIMIT_ATTEMPTS))
        return end;
    bool passing =
        cause == CAUSE_PASSING && may_ask(f, unanswered, false) && may_repeat_here(f);
    if (passing && (int64_t)f->repeats < retries)
        return here;
    bool beside = f->next != f->elsewhere && cause != CAUSE_OTHER &&
                  may_ask(f, unanswered, false) && (cause == CAUSE_CREDENTIAL || f->affordable);
    size_t next = beside ? f->next : f->elsewhere;
    if (next != SIZE_MAX && may_ask(f, unanswered, !beside)) {
        *costly = beside && cause == CAUSE_PASSING;
        return (struct again){AGAIN_NEXT, next, 0};
    }
    bool alone = retries < 0 && f->targets == 1 && !f->self_made;
    return passing && alone && f->repeats < RETRIES_USUAL ? here : end;
}

/* ---- of a call ---- */

static bool differs(const struct route_attempt *a, const struct route_attempt *b)
{
    return a->provider != b->provider || !slice_eq(a->model, b->model);
}

static int64_t window_of(const struct aigne_call *call, const struct route_attempt *target)
{
    const struct catalog_rate *rate =
        catalog_rate(call->catalog, target->provider->name, target->model,
                     slice_text(kind_rate_type(call->request.kind)));
    return rate ? rate->context_window : 0;
}

/* What did not fit there may fit where there is more room, as far as that is known. */
static bool has_no_more_room(const struct aigne_call *call, const struct route_attempt *target)
{
    int64_t window = window_of(call, target);
    return fit_too_long(&call->fault) && window && window <= window_of(call, call_target(call));
}

size_t again_elsewhere(const struct aigne_call *call)
{
    const struct route_attempt *failed = call_target(call);
    for (size_t i = call->target + 1; i < call->plan.count; i++)
        if (differs(&call->plan.attempts[i], failed) &&
            !has_no_more_room(call, &call->plan.attempts[i]))
            return i;
    return SIZE_MAX;
}

/* Whether it is so beyond the pause. */
static bool is_known_dead(const struct route_attempt *target, int64_t now_ms, int64_t pause)
{
    const struct catalog_credential *key = target->credential;
    if (!health_troubled(target->provider->health))
        return false;
    const struct health_entry *e = health_model(target->provider->health, target->model);
    return health_look(e, now_ms).condition == HEALTH_OPEN ||
           health_look(key ? key->health : e, now_ms + pause).condition == HEALTH_PACED;
}

static bool pay(const struct aigne_call *call, int64_t now_ms)
{
    int64_t percent = POLICY_OR(call->policy, retry_budget, RETRY_BUDGET_USUAL);
    struct health_provider *p = call_target(call)->provider->health;
    return (!p || retry_budget_take(&p->retries, percent, now_ms)) &&
           retry_budget_take(&call->hub->retries, percent, now_ms);
}

void again_begin(const struct aigne_call *call)
{
    if (!call->hub || call->repeats)
        return;
    int64_t now_ms = call->attempt.started_us / 1000;
    struct health_provider *p = call_target(call)->provider->health;
    if (p)
        retry_budget_call(&p->retries, now_ms);
    if (call->attempt_number == 1)
        retry_budget_call(&call->hub->retries, now_ms);
}

bool again_harmless(const struct aigne_call *call)
{
    enum chat_kind kind = call->request.kind;
    return kind == KIND_CHAT || kind == KIND_EMBEDDING || kind == KIND_COUNT_TOKENS;
}

struct again again_decide(const struct aigne_call *call, int rc, bool sent)
{
    struct again again = {.step = AGAIN_SETTLE};
    bool tried_out = call->model && call->model->pinned_credential.p;
    if (call->delivered || !call->hub || tried_out)
        return again;
    int64_t now_us = clock_monotonic_us();
    const struct adapter *adapter = call->attempt.adapter;
    struct again_facts f = {
        .rc = rc,
        .why = &call->fault,
        .policy = call->policy,
        .sent = sent,
        .harmless = again_harmless(call),
        .self_made = adapter && (adapter->step || adapter->discover_url),
        .affordable = true,
        .attempts = call->row_count,
        .repeats = call->repeats,
        .targets = call->plan.count,
        .target = call->target,
        .next = call->target + 1 < call->plan.count ? call->target + 1 : SIZE_MAX,
        .elsewhere = again_elsewhere(call),
        .left_ms = patience_left_ms(call),
        .chance = (uint32_t)now_us * UINT32_C(2654435761),
    };
    f.known_dead = is_known_dead(call_target(call), now_us / 1000, pause_ms(&f));
    bool costly = false;
    again = again_choose(&f, &costly);
    if (again.step != AGAIN_SETTLE && costly && !pay(call, now_us / 1000)) {
        f.affordable = false;
        again = again_choose(&f, &costly);
    }
    return again;
}
