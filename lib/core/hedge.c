/* Knows how two attempts of one call run side by side and which of them stays; refuses to know what their
 * answers say. */
#include "core/hedge.h"
#include "base/clock.h"
#include "base/limits.h"
#include "core/admission.h"
#include "core/again.h"
#include "core/outcome.h"
#include "core/record.h"
#include "core/resume.h"
#include "core/target.h"
#include "hub/policy.h"
#include <aignehub/aignehub.h>

/* Percent of the calls that may have a second attempt, where nobody says another. */
#define BUDGET_USUAL 5

/* What a call has of its current attempt, and the hedge of the one beside it. */
struct racer {
    struct attempt attempt;
    struct transfer *transfer; /* NULL: it does not run */
    struct health_entry *measured;
    struct dropped dropped;
    size_t target;
    size_t number;
};

struct hedge {
    struct aigne_call *call;
    struct net_timer timer;
    struct racer other;
    bool won; /* the call's own attempt is the one that began here */
};

static bool is_wanted(const struct aigne_call *call)
{
    return !resume_under_way(call->resume) && POLICY_OR(call->policy, hedge, 0) == 1 &&
           call->hub && !call->drain;
}

/* ---- changing places ---- */

/* Nothing of either was decoded yet, so nothing but this points into them. */
static void swap(struct hedge *h)
{
    struct aigne_call *call = h->call;
    struct racer own = {.attempt = call->attempt,
                        .transfer = call->transfer,
                        .measured = call->measured,
                        .dropped = call->dropped,
                        .target = call->target,
                        .number = call->attempt_number};
    call->attempt = h->other.attempt;
    call->transfer = h->other.transfer;
    call->measured = h->other.measured;
    call->dropped = h->other.dropped;
    call->target = h->other.target;
    call->attempt_number = h->other.number;
    h->other = own;
    call->attempt.decoding.scratch = &call->attempt.scratch;
    h->other.attempt.decoding.scratch = &h->other.attempt.scratch;
    admission_swap(call);
}

/* The call's own attempt is the one that is not needed, or failed while another one runs. */
static void settle(struct aigne_call *call, int rc, const struct fault *why)
{
    attempt_forget(&call->attempt);
    outcome_explain(call, rc, why);
    record_attempt(call, rc, clock_monotonic_us());
    admission_attempt_over(call);
    outcome_note(call, rc);
    hedge_learn(call);
    attempt_close(&call->attempt);
    fault_clear(&call->fault);
}

static void give_up(struct aigne_call *call)
{
    call->attempt.sent = transfer_cancel(call->transfer);
    call->transfer = NULL;
    settle(call, fault_set(&call->fault, AIGNE_E_CANCELLED, "Another one answered sooner."),
           NULL);
}

static void win(struct hedge *h)
{
    give_up(h->call);
    swap(h);
    h->won = true;
    h->call->hedge = NULL;
}

/* ---- the second one's transfer ---- */

static int on_head(void *user, int status, struct slice headers)
{
    struct hedge *h = user;
    struct attempt *t = h->won ? &h->call->attempt : &h->other.attempt;
    t->first_byte_us = net_loop_now_us(h->call->loop->net);
    return attempt_head(t, status, headers);
}

static int on_data(void *user, struct slice piece)
{
    struct hedge *h = user;
    if (!h->won && h->other.attempt.status >= 300)
        return attempt_data(&h->other.attempt, piece);
    if (!h->won)
        win(h);
    return call_heard(h->call, piece);
}

/* What was asked stands in front of the current one: it is not asked again when that fails as well. */
static void put_in_front(struct aigne_call *call, size_t target)
{
    struct route_attempt *attempts = call->plan.attempts;
    struct route_attempt one = attempts[target];
    for (size_t i = target; i > 0; i--)
        attempts[i] = attempts[i - 1];
    attempts[0] = one;
    call->target++;
}

static void fail(struct hedge *h, int rc, const struct fault *why)
{
    struct aigne_call *call = h->call;
    swap(h);
    call->transfer = NULL;
    rc = attempt_end(&call->attempt, rc, false, clock_wall_ms());
    settle(call, rc, why);
    swap(h);
    put_in_front(call, h->other.target);
    call->hedge = NULL;
}

static void on_end(void *user, int rc, bool sent, const struct fault *why)
{
    struct hedge *h = user;
    int status = h->other.attempt.status;
    if (!h->won && (rc < 0 || status < 200 || status >= 300)) {
        fail(h, rc, why);
        return;
    }
    if (!h->won)
        win(h);
    call_transfer_ended(h->call, rc, sent, why);
}

static const struct transfer_handler second_handler = {on_head, on_data, on_end};

/* ---- beginning ---- */

static int open_second(struct hedge *h, void *room)
{
    struct aigne_call *call = h->call;
    struct attempt *t = &call->attempt;
    struct slice discovery_url;
    attempt_init(t, &call->tee, &call->fault, room, CALL_SENDING_ROOM);
    t->frames = &call->frames;
    t->usage_wanted = call->relay.include_usage;
    t->started_us = clock_monotonic_us();
    int rc = admission_more(call) ? target_open(call, &discovery_url) : AIGNE_E_RATE;
    if (rc >= 0 && (discovery_url.p || t->adapter->step)) /* not worth the trouble */
        return AIGNE_E_ROUTE;
    if (rc >= 0)
        rc = target_request(call);
    return rc < 0 ? rc : call_send(call, &second_handler, h, &call->transfer);
}

static bool may_begin(struct hedge *h)
{
    struct aigne_call *call = h->call;
    int64_t percent = POLICY_OR(call->policy, hedge_budget, BUDGET_USUAL);
    size_t most = (size_t)POLICY_OR(call->policy, attempts, LIMIT_ATTEMPTS);
    return call->state == CALL_STREAM && !call->delivered && !call->attempt.status &&
           call->row_count + 2 <= most &&
           retry_budget_take(&call->hub->hedges, percent, clock_monotonic_us() / 1000);
}

static void on_slow(struct net_timer *self)
{
    struct hedge *h = LIST_OWNER(self, struct hedge, timer);
    struct aigne_call *call = h->call;
    call->hedge = NULL;
    if (!may_begin(h) || record_prepare(call, 2) < 0)
        return;
    void *room = arena_alloc(&call->arena, CALL_SENDING_ROOM);
    if (!room)
        return;
    h->other.number = call->attempt_number + 1;
    swap(h);
    int rc = open_second(h, room);
    if (rc >= 0) {
        again_begin(call);
        call->hedge = h;
    } else {
        if (call->measured)
            outcome_note(call, AIGNE_E_CANCELLED);
        if (call->admission)
            limit_claim_undo(&call->admission->target, clock_monotonic_us());
        attempt_close(&call->attempt);
    }
    fault_clear(&call->fault);
    swap(h);
}

static struct first_byte *times_of(const struct aigne_call *call, bool make)
{
    const struct route_attempt *t = call_target(call);
    struct health_provider *p = t->provider->health;
    struct health_entry *e = make ? health_need_model(p, t->model) : health_model(p, t->model);
    return e ? &e->first_byte[call->streamed] : NULL;
}

void hedge_learn(const struct aigne_call *call)
{
    if (!is_wanted(call))
        return;
    const struct attempt *t = &call->attempt;
    int64_t until_us = t->first_byte_us ? t->first_byte_us : clock_monotonic_us();
    struct first_byte *times = times_of(call, true);
    if (times)
        first_byte_note(times, (until_us - t->started_us) / 1000);
}

void hedge_begin(struct aigne_call *call)
{
    if (!is_wanted(call) || !again_harmless(call))
        return;
    int64_t now_ms = call->attempt.started_us / 1000;
    retry_budget_call(&call->hub->hedges, now_ms);
    const struct first_byte *times = times_of(call, false);
    int64_t wait_ms = times ? first_byte_p95(times) : -1;
    size_t next = again_elsewhere(call);
    if (wait_ms < 0 || next == SIZE_MAX ||
        call->plan.attempts[next].health.condition != HEALTH_READY)
        return;
    struct hedge *h = arena_alloc(&call->arena, sizeof *h);
    if (!h)
        return;
    *h = (struct hedge){.call = call, .timer.fire = on_slow, .other.target = next};
    if (net_timer_set(call->loop->net, &h->timer, call->attempt.started_us + wait_ms * 1000) >=
        0)
        call->hedge = h;
}

/* ---- the first one's way ---- */

void hedge_end(struct aigne_call *call)
{
    struct hedge *h = call->hedge;
    call->hedge = NULL;
    net_timer_clear(call->loop->net, &h->timer);
    if (!h->other.transfer)
        return;
    swap(h);
    give_up(call);
    swap(h);
}

bool hedge_takes_over(struct aigne_call *call)
{
    struct hedge *h = call->hedge;
    call->hedge = NULL;
    net_timer_clear(call->loop->net, &h->timer);
    if (!h->other.transfer)
        return false;
    attempt_close(&call->attempt);
    swap(h);
    h->won = true;
    outcome_reset(call);
    call->outlet->restart(call);
    call->state = CALL_STREAM;
    return true;
}
