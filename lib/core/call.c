/* Knows the order of things: admit, plan, open, send, stream, settle, end; refuses to know formats,
 * prices, sockets or where the answer goes. */
#include "core/call.h"
#include "base/clock.h"
#include "core/admission.h"
#include "core/bill.h"
#include "core/drain.h"
#include "core/floor.h"
#include "core/hedge.h"
#include "core/outcome.h"
#include "core/overload.h"
#include "core/patience.h"
#include "core/recall.h"
#include "core/record.h"
#include "core/refresh.h"
#include "core/resume.h"
#include "core/settle.h"
#include "core/shadow.h"
#include "core/steps.h"
#include "core/target.h"
#include "core/unseal.h"

enum flow { WAIT, GO };

/* ---- the end of an attempt ---- */

static void on_pause_over(struct net_timer *self)
{
    struct aigne_call *call = LIST_OWNER(self, struct aigne_call, timer);
    call->state = CALL_OPEN;
    call_go_on(call);
}

static void try_again(struct aigne_call *call, struct again again)
{
    if (again.step == AGAIN_SETTLE)
        return;
    if (again.delay_ms) {
        call->timer.fire = on_pause_over;
        if (net_timer_set(call->loop->net, &call->timer,
                          clock_monotonic_us() + again.delay_ms * 1000) < 0)
            return; /* without memory for a pause, that was all */
    }
    call->state = again.delay_ms ? CALL_PAUSE : CALL_OPEN;
    call->repeats = again.step == AGAIN_SAME ? call->repeats + 1 : 0;
    call->target = again.target;
    if (!resume_under_way(call->resume))
        call->outlet->restart(call);
}

static void close_attempt(struct aigne_call *call, int rc, bool sent, const struct fault *why)
{
    if (call->hedge && rc >= 0)
        hedge_end(call);
    if (call->floor)
        floor_end(call);
    attempt_forget(&call->attempt);
    call->attempt.sent = sent;
    outcome_explain(call, rc, why);
    if (call->refusal)
        unseal_explain(call, rc);
    if (rc >= 0)
        fault_clear(&call->fault);
    record_attempt(call, rc, clock_monotonic_us());
    admission_attempt_over(call);
    outcome_note(call, rc);
    if (call->policy && rc >= 0)
        hedge_learn(call);
    if (call->hedge && hedge_takes_over(call))
        return;
    call->rc = rc = drain_verdict(call, rc);
    call->state = CALL_SETTLE;
    try_again(call, unseal_helps(call, rc)
                        ? (struct again){.step = AGAIN_SAME, .target = call->target}
                        : resume_decide(call, rc, sent));
}

/* The answer is complete, but the provider may go on to tell its usage. One that neither does nor ends
 * must not hold back the end that the caller waits for: after a while of silence it is over. */
static void on_silence(struct net_timer *self)
{
    struct aigne_call *call = LIST_OWNER(self, struct aigne_call, timer);
    if (call->paused)
        return;
    transfer_cancel(call->transfer);
    call->transfer = NULL;
    call->attempt.cut = drain_cut(call);
    int rc = attempt_end(&call->attempt, AIGNE_E_TIMEOUT, call->finish_seen, clock_wall_ms());
    close_attempt(call, rc, true, NULL);
    call_go_on(call);
}

static void expect_end(struct aigne_call *call)
{
    call->timer.fire = on_silence;
    (void)net_timer_set(call->loop->net, &call->timer,
                        net_loop_now_us(call->loop->net) + drain_silence_us(call));
}

/* ---- the transfer's callbacks ---- */

static int on_head(void *user, int status, struct slice headers)
{
    struct aigne_call *call = user;
    call->attempt.first_byte_us = net_loop_now_us(call->loop->net);
    return attempt_head(&call->attempt, status, headers);
}

int call_heard(void *user, struct slice piece)
{
    struct aigne_call *call = user;
    if (call->hedge && call->attempt.status < 300)
        hedge_end(call);
    if (call->outlet->full(call)) {
        call->paused = true;
        return AIGNE_AGAIN;
    }
    if (call->holding && floor_is_set(call))
        floor_watch(call);
    int rc = attempt_data(&call->attempt, piece);
    if (rc >= 0)
        rc = overload_note(call);
    if (rc >= 0 && (call->finish_seen || call->attempt.decoding.ended))
        expect_end(call);
    return rc;
}

static void on_next_due(struct net_timer *self);

/* The attempt goes on with another request, at once or after a pause. */
static int ask_later(struct aigne_call *call, int64_t delay_ms)
{
    int64_t left_ms = patience_left_ms(call);
    call->delivered = true; /* somebody works for us: no other provider any more */
    call->timer.fire = on_next_due;
    if (delay_ms > left_ms)
        delay_ms = left_ms;
    int rc = net_timer_set(call->loop->net, &call->timer,
                           net_loop_now_us(call->loop->net) + delay_ms * 1000);
    return rc < 0 ? fault_nomem(&call->fault) : AIGNE_AGAIN;
}

void call_transfer_ended(void *user, int rc, bool sent, const struct fault *why)
{
    struct aigne_call *call = user;
    int64_t delay_ms = 0;
    call->transfer = NULL;
    net_timer_clear(call->loop->net, &call->timer);
    rc = attempt_end(&call->attempt, rc, call->finish_seen, clock_wall_ms());
    if (rc >= 0)
        rc = attempt_more(&call->attempt, &delay_ms);
    else if (patience_left_ms(call) > 0)
        rc = attempt_repeat(&call->attempt, rc, &delay_ms);
    if (rc == AIGNE_AGAIN)
        rc = ask_later(call, delay_ms);
    if (rc == AIGNE_AGAIN)
        return;
    close_attempt(call, rc, sent, why);
    call_go_on(call);
}

static const struct transfer_handler provider_handler = {on_head, call_heard,
                                                         call_transfer_ended};

static void on_discovery_end(void *user, int rc, bool sent, const struct fault *why)
{
    struct aigne_call *call = user;
    (void)sent;
    call->transfer = NULL;
    rc = target_discovered(call, rc, why);
    if (rc < 0) {
        close_attempt(call, rc, false, why); /* the request itself was not sent */
    } else {
        attempt_close(&call->attempt);
        call->state = CALL_OPEN;
    }
    call_go_on(call);
}

static const struct transfer_handler discovery_handler = {
    target_discovery_head, target_discovery_data, on_discovery_end};

/* ---- the states ---- */

static enum flow fail_now(struct aigne_call *call)
{
    if (!call->fault.code)
        fault_set(&call->fault, AIGNE_E_INTERNAL, "The call failed.");
    call->rc = call->fault.code;
    call->state = CALL_SETTLE;
    return GO;
}

static enum flow admit_member(struct aigne_call *call);

static void admit_again(struct aigne_call *call)
{
    if (admit_member(call) == GO)
        call_go_on(call);
}

static enum flow admit_member(struct aigne_call *call)
{
    call->state = CALL_PLAN;
    int rc = hub_who(call->catalog, loop_recent_keys(call->loop, call->catalog),
                     call->model->who, call->started_ms, &call->who, &call->fault);
    if (rc < 0)
        return refresh_catalog(call, admit_again) ? WAIT : fail_now(call);
    call->user = call->who->user;
    return GO;
}

static enum flow admit(struct aigne_call *call)
{
    call->state = CALL_PLAN;
    if (!call->hub || call->catalog)
        return GO;
    call->catalog = loop_catalog(call->loop, call->hub->hub, call->hub->serial);
    struct slice who = call->model->who;
    const struct store_object *user = catalog_user(call->catalog, who);
    call->user = user ? user->id : who;
    return slice_starts(who, "aigne-") ? admit_member(call) : GO;
}

static enum flow price(struct aigne_call *call);

static void price_again(struct aigne_call *call)
{
    if (price(call) == GO)
        call_go_on(call);
}

/* It will be made: what it may cost is set aside first, and a target found whose limits let it in. */
static enum flow price(struct aigne_call *call)
{
    int rc = bill_plan(call);
    if (rc == AIGNE_E_ROUTE && refresh_catalog(call, price_again)) /* it may have a price now */
        return WAIT;
    if (rc >= 0)
        rc = target_knock(call);
    call->state = call->bill ? CALL_HOLD : CALL_OPEN;
    if (rc >= 0)
        rc = admission_target(call);
    return rc < 0 ? fail_now(call) : rc == AIGNE_AGAIN ? WAIT : GO;
}

static enum flow plan(struct aigne_call *call)
{
    int rc = call->catalog && call->catalog->limits ? admission_enter(call) : AIGNE_OK;
    if (rc == AIGNE_AGAIN)
        return WAIT;
    if (rc >= 0)
        rc = target_plan(call);
    if (rc == AIGNE_E_ROUTE && refresh_catalog(call, call_go_on))
        return WAIT;
    if (rc >= 0)
        rc = resume_plan(call);
    if (rc >= 0)
        rc = recall_plan(call);
    if (rc >= 0)
        rc = call->outlet->planned(call);
    if (rc < 0)
        return fail_now(call);
    if (!call->recall)
        return price(call);
    call->state = CALL_RECALL;
    return GO;
}

static enum flow recall(struct aigne_call *call)
{
    enum recall_step step = recall_ask(call);
    if (step == RECALL_MAKE)
        return price(call);
    if (step == RECALL_WAIT || step == RECALL_FAILED)
        return step == RECALL_WAIT ? WAIT : fail_now(call);
    call->rc = AIGNE_OK;
    call->state = CALL_SETTLE;
    return GO;
}

/* Who asked may have gone meanwhile. */
static void on_held(struct net_job *self)
{
    struct aigne_call *call = bill_of(self);
    int rc = bill_held(call);
    call->state = CALL_OPEN;
    if (call_unwanted(call))
        rc = outcome_cancelled(call);
    if (rc < 0)
        (void)fail_now(call);
    call_go_on(call);
}

static enum flow hold(struct aigne_call *call)
{
    bill_ask(call, on_held);
    return WAIT;
}

int call_send(struct aigne_call *call, const struct transfer_handler *handler, void *user,
              struct transfer **out)
{
    struct transfer_limits limits = patience_now(call);
    return transfer_start(call->loop->net, &call->attempt.request, &limits,
                          &target_reach(call)->route, handler, user, out, &call->fault);
}

/* A provider that answers at once must not be asked on and on in a last moment that never ends. */
static void on_next_due(struct net_timer *self)
{
    struct aigne_call *call = LIST_OWNER(self, struct aigne_call, timer);
    int rc = patience_left_ms(call) > 0
                 ? call_send(call, &provider_handler, call, &call->transfer)
                 : fault_set(&call->fault, AIGNE_E_TIMEOUT,
                             "The job was not done within the time for the whole call "
                             "(totalTimeout).");
    if (rc >= 0)
        return;
    close_attempt(call, rc, false, NULL);
    call_go_on(call);
}

static enum flow discover(struct aigne_call *call, struct slice url)
{
    call->attempt.request = (struct http_request){.method = "GET", .url = url};
    int rc = call_send(call, &discovery_handler, call, &call->transfer);
    if (rc < 0) {
        close_attempt(call, rc, false, NULL);
        return GO;
    }
    call->state = CALL_DISCOVER;
    return WAIT;
}

static enum flow open_next(struct aigne_call *call)
{
    struct attempt *t = &call->attempt;
    struct slice discovery_url;
    if (!admission_next(call) || record_prepare(call, 1) < 0)
        return fail_now(call);
    if (call->attempt_number) { /* the first is ready since the call began */
        attempt_close(t);
        attempt_init(t, &call->tee, &call->fault, call->sending_room,
                     sizeof(call->sending_room));
    }
    outcome_reset(call);
    t->frames = &call->frames;
    t->usage_wanted = call->relay.include_usage;
    t->started_us = clock_monotonic_us();
    call->attempt_number = call->row_count + 1;
    again_begin(call);
    int rc = target_open(call, &discovery_url);
    if (rc >= 0 && discovery_url.p)
        return discover(call, discovery_url);
    if (rc >= 0)
        rc = target_request(call);
    if (rc >= 0 && !t->adapter->step)
        rc = call_send(call, &provider_handler, call, &call->transfer);
    if (rc < 0) {
        close_attempt(call, rc, false, NULL);
        return GO;
    }
    call->state = CALL_STREAM;
    if (call->plan.shadow.p)
        shadow_begin(call);
    if (call->policy && call->transfer)
        hedge_begin(call);
    return t->adapter->step ? GO : WAIT;
}

static void on_timer(struct net_timer *self)
{
    call_go_on(LIST_OWNER(self, struct aigne_call, timer));
}

/* Nobody may take longer than is waited for, not even who only makes believe. */
static void on_step_too_late(struct net_timer *self)
{
    struct aigne_call *call = LIST_OWNER(self, struct aigne_call, timer);
    int rc = fault_set(&call->fault, AIGNE_E_TIMEOUT, "The answer took longer than it may.");
    close_attempt(call, rc, false, NULL);
    call_go_on(call);
}

static enum flow step_later(struct aigne_call *call, int64_t delay_ms)
{
    int64_t longest_ms = patience_pause_ms(call);
    call->timer.fire = delay_ms > longest_ms ? on_step_too_late : on_timer;
    int64_t pause_ms = delay_ms > longest_ms ? longest_ms : delay_ms;
    int rc =
        net_timer_set(call->loop->net, &call->timer, clock_monotonic_us() + pause_ms * 1000);
    if (rc >= 0)
        return WAIT;
    close_attempt(call, fault_nomem(&call->fault), false, NULL);
    return GO;
}

/* A provider without a network: take its steps here, with its pauses on the loop's timer. */
static enum flow stream(struct aigne_call *call)
{
    int64_t delay_ms = 0;
    if (!call->attempt.adapter->step)
        return WAIT;
    int rc = steps_take(call, &delay_ms);
    if (rc == AIGNE_AGAIN)
        return call->paused ? WAIT : step_later(call, delay_ms);
    close_attempt(call, rc, false, NULL);
    return GO;
}

static enum flow settle(struct aigne_call *call)
{
    admission_over(call);
    if (!settle_now(call))
        return WAIT;
    call->state = CALL_END;
    return GO;
}

static enum flow end(struct aigne_call *call)
{
    bool good = call->rc == AIGNE_OK;
    /* Without an owner a whole answer is for those who ask for it again, and anything else for nobody. */
    if (!call->detached || (call->recall && good))
        (good ? call->outlet->finish : call->outlet->fail)(call);
    if (call->recall)
        recall_end(call, good);
    if (call->detached)
        call_destroy(call);
    else
        call_news(call);
    return WAIT;
}

static enum flow wait_for_others(struct aigne_call *call)
{
    (void)call;
    return WAIT;
}

static enum flow (*const states[])(struct aigne_call *call) = {
    [CALL_ADMIT] = admit,    [CALL_PLAN] = plan,
    [CALL_RECALL] = recall,  [CALL_QUEUED] = wait_for_others,
    [CALL_HOLD] = hold,      [CALL_ERRAND] = wait_for_others,
    [CALL_OPEN] = open_next, [CALL_DISCOVER] = wait_for_others,
    [CALL_STREAM] = stream,  [CALL_PAUSE] = wait_for_others,
    [CALL_SETTLE] = settle,  [CALL_END] = end,
};

void call_go_on(struct aigne_call *call)
{
    while (states[call->state](call) == GO)
        continue;
}

/* ---- what the owner asks for ---- */

void call_refuse(struct aigne_call *call)
{
    fail_now(call);
    call_go_on(call);
}

void call_taken(struct aigne_call *call)
{
    if (!call->paused || call->outlet->full(call))
        return;
    call->paused = false;
    if (call->transfer)
        transfer_resume(call->transfer);
    else if (call->state == CALL_STREAM)
        call_go_on(call);
}

/* An errand cannot be called back: what comes after it looks whether it is still wanted. */
void call_stop(struct aigne_call *call)
{
    if (call->hedge)
        hedge_end(call);
    if (call->state == CALL_ERRAND || call->state == CALL_HOLD || call->state >= CALL_SETTLE ||
        drain_begin(call))
        return;
    if ((call->state == CALL_RECALL && !recall_leave(call)) ||
        (call->state == CALL_QUEUED && !admission_leave(call)))
        return;
    bool attempting = call->state == CALL_STREAM || call->state == CALL_DISCOVER;
    bool sent = call->transfer && transfer_cancel(call->transfer) && call->state == CALL_STREAM;
    call->transfer = NULL;
    net_timer_clear(call->loop->net, &call->timer);
    outcome_cancelled(call);
    call->delivered = true;
    if (attempting)
        close_attempt(call, AIGNE_E_CANCELLED, sent, NULL);
    else
        fail_now(call);
    call_go_on(call);
}
