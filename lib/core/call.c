/* Knows the order of things: admit, plan, open, send, stream, settle, end; refuses to know formats,
 * prices, sockets or where the answer goes. */
#include "core/call.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "core/handle.h"
#include "core/record.h"
#include "core/target.h"
#include <stdalign.h>

#define STEPS_PER_TURN 64 /* of a provider without a network, before others get their turn */

enum flow { WAIT, GO };

static void call_run(struct aigne_call *call);

/* ---- what an attempt tells ---- */

static int pass_event(struct aigne_call *call, const struct event *e)
{
    return call->attempt.relaying ? AIGNE_OK : call->outlet->event(call, e);
}

static int tee_push(struct event_sink *self, const struct event *e)
{
    struct aigne_call *call = LIST_OWNER(self, struct aigne_call, tee);
    if (e->kind == EVENT_USAGE) {
        if (!usage_sane(&e->usage))
            return AIGNE_OK;
        usage_merge(&call->usage, &e->usage);
    }
    if (e->kind == EVENT_START && e->text.n)
        call->provider_model = arena_copy(&call->arena, e->text);
    if (e->kind == EVENT_FINISH) {
        call->finish = e->finish;
        call->finish_seen = true;
    }
    return pass_event(call, e);
}

static int frames_push(struct frame_sink *self, struct slice raw)
{
    struct aigne_call *call = LIST_OWNER(self, struct aigne_call, frames);
    return call->outlet->frame(call, raw);
}

/* ---- the end of an attempt ---- */

/* Another attempt makes sense when nothing was delivered and either nothing was sent, or the provider
 * itself said that it did not do the work. What may have been executed is never repeated. */
static bool worth_another(const struct aigne_call *call, int rc, bool sent)
{
    if (call->delivered || !call->hub || call->attempt_number >= call->plan.count)
        return false;
    const struct fault *f = &call->fault;
    if (f->upstream)
        return f->credential_bad || f->http == 408 || f->http == 429 || f->http >= 500;
    return rc == AIGNE_E_NETWORK && !sent;
}

static void fill_fault(struct aigne_call *call, int rc, const struct fault *why)
{
    if (rc >= 0)
        return;
    struct fault *f = &call->fault;
    if (!f->code && why && why->code) {
        f->code = why->code;
        f->http = why->http;
        f->retry_ms = why->retry_ms;
        FAULT_COPY(f->text, slice_text(why->text));
    }
    if (!f->code)
        fault_set(f, rc, "The call failed.");
    FAULT_COPY(f->provider, call->attempt.target.provider);
    FAULT_COPY(f->model, call->attempt.target.model);
    if (!f->request_id[0])
        FAULT_COPY(f->request_id, slice_text(call->attempt.request_id));
}

static void close_attempt(struct aigne_call *call, int rc, bool sent)
{
    if (rc >= 0)
        fault_clear(&call->fault);
    int recorded = record_attempt(call, rc, clock_monotonic_us());
    if (recorded < 0 && rc >= 0)
        rc = recorded;
    if (rc < 0 && worth_another(call, rc, sent)) {
        call->outlet->restart(call);
        call->state = CALL_OPEN;
        return;
    }
    call->rc = rc;
    call->state = CALL_SETTLE;
}

static void attempt_over(struct aigne_call *call, int rc, bool sent, const struct fault *why)
{
    rc = attempt_end(&call->attempt, rc, call->finish_seen, clock_wall_ms());
    fill_fault(call, rc, why);
    close_attempt(call, rc, sent);
}

/* ---- the transfer's callbacks ---- */

static int on_head(void *user, int status, struct slice headers)
{
    struct aigne_call *call = user;
    call->attempt.first_byte_us = net_loop_now_us(call->loop->net);
    return attempt_head(&call->attempt, status, headers);
}

static int on_data(void *user, struct slice piece)
{
    struct aigne_call *call = user;
    if (call->outlet->full(call)) {
        call->paused = true;
        return AIGNE_AGAIN;
    }
    return attempt_data(&call->attempt, piece);
}

static void on_end(void *user, int rc, bool sent, const struct fault *why)
{
    struct aigne_call *call = user;
    call->transfer = NULL;
    attempt_over(call, rc, sent, why);
    call_run(call);
}

static const struct transfer_handler provider_handler = {on_head, on_data, on_end};

static int on_discovery_head(void *user, int status, struct slice headers)
{
    struct aigne_call *call = user;
    call->attempt.status = status;
    (void)headers;
    return AIGNE_OK;
}

static int on_discovery_data(void *user, struct slice piece)
{
    struct aigne_call *call = user;
    buf_put_slice(&call->attempt.body, piece);
    return buf_rc(&call->attempt.body);
}

static void on_discovery_end(void *user, int rc, bool sent, const struct fault *why)
{
    struct aigne_call *call = user;
    (void)sent;
    call->transfer = NULL;
    rc = target_discovered(call, rc, why);
    if (rc < 0) {
        fill_fault(call, rc, why);
        close_attempt(call, rc, false); /* the request itself was not sent */
    } else {
        attempt_close(&call->attempt);
        call->state = CALL_OPEN;
        call->attempt_number--;
    }
    call_run(call);
}

static const struct transfer_handler discovery_handler = {on_discovery_head, on_discovery_data,
                                                          on_discovery_end};

/* ---- the states ---- */

static enum flow fail_now(struct aigne_call *call)
{
    call->rc = call->fault.code ? call->fault.code : AIGNE_E_INTERNAL;
    call->state = CALL_SETTLE;
    return GO;
}

static enum flow admit_member(struct aigne_call *call);

static void admit_again(struct aigne_call *call)
{
    if (admit_member(call) == GO)
        call_run(call);
}

static enum flow admit_member(struct aigne_call *call)
{
    call->state = CALL_PLAN;
    int rc =
        hub_who(call->catalog, call->model->who, call->started_ms, &call->who, &call->fault);
    if (rc < 0)
        return call_refresh_catalog(call, admit_again) ? WAIT : fail_now(call);
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
    call->user = who;
    return slice_starts(who, "aigne-") ? admit_member(call) : GO;
}

static void plan_again(struct aigne_call *call)
{
    call->state = CALL_PLAN;
    call_run(call);
}

static enum flow plan(struct aigne_call *call)
{
    int rc = target_plan(call);
    if (rc == AIGNE_E_ROUTE && call_refresh_catalog(call, plan_again))
        return WAIT;
    if (rc < 0)
        return fail_now(call);
    call->state = CALL_OPEN;
    return GO;
}

/* The limits of one transfer: the call's total limit covers all of its attempts. */
static struct transfer_limits limits_now(const struct aigne_call *call)
{
    struct transfer_limits limits = target_reach(call)->limits;
    if (limits.total_ms) {
        int64_t used = (clock_monotonic_us() - call->started_us) / 1000;
        limits.total_ms = used < limits.total_ms ? limits.total_ms - used : 1;
    }
    return limits;
}

static int start_transfer(struct aigne_call *call, const struct transfer_handler *handler)
{
    struct transfer_limits limits = limits_now(call);
    return transfer_start(call->loop->net, &call->attempt.request, &limits,
                          &target_reach(call)->route, handler, call, &call->transfer,
                          &call->fault);
}

static enum flow discover(struct aigne_call *call, struct slice url)
{
    struct attempt *t = &call->attempt;
    t->active = true;
    t->request = (struct http_request){.method = "GET", .url = url};
    int rc = start_transfer(call, &discovery_handler);
    if (rc < 0) {
        fill_fault(call, rc, NULL);
        close_attempt(call, rc, false);
        return GO;
    }
    call->state = CALL_DISCOVER;
    return WAIT;
}

static void reset_answer(struct aigne_call *call)
{
    usage_init(&call->usage);
    call->finish = FINISH_UNKNOWN;
    call->finish_seen = false;
    call->provider_model = SLICE_NONE;
}

static int open_attempt(struct aigne_call *call)
{
    struct attempt *t = &call->attempt;
    t->relaying = t->relaying && call->relay_format != NULL;
    if (!t->relaying && !call->request_read) {
        int rc = call->outlet->read_request(call);
        if (rc < 0)
            return rc;
        call->request_read = true;
    }
    return attempt_open(t, &call->request, &call->relay, &call->arena);
}

static enum flow open_next(struct aigne_call *call)
{
    struct attempt *t = &call->attempt;
    struct slice discovery_url;
    attempt_close(t);
    attempt_init(t, &call->tee, &call->fault);
    fault_clear(&call->fault);
    reset_answer(call);
    t->frames = &call->frames;
    t->usage_wanted = call->relay.include_usage;
    t->started_us = clock_monotonic_us();
    call->attempt_number++;
    int rc = target_open(call, &discovery_url);
    if (rc >= 0 && discovery_url.p)
        return discover(call, discovery_url);
    if (rc >= 0)
        rc = open_attempt(call);
    if (rc >= 0 && !t->adapter->step)
        rc = start_transfer(call, &provider_handler);
    if (rc < 0) {
        fill_fault(call, rc, NULL);
        attempt_close(t);
        close_attempt(call, rc, false);
        return GO;
    }
    call->state = CALL_STREAM;
    return t->adapter->step ? GO : WAIT;
}

/* A provider without a network: take its steps here, with its pauses on the loop's timer. */
static enum flow stream(struct aigne_call *call)
{
    struct attempt *t = &call->attempt;
    if (!t->adapter->step)
        return WAIT;
    for (int i = 0; i < STEPS_PER_TURN; i++) {
        if (call->outlet->full(call)) {
            call->paused = true;
            return WAIT;
        }
        int64_t delay_ms = 0;
        int rc = t->adapter->step(&t->decoding, &call->request, &delay_ms);
        arena_clear(&t->scratch);
        if (rc != AIGNE_AGAIN) {
            fill_fault(call, rc, NULL);
            close_attempt(call, rc, false);
            return GO;
        }
        if (!t->first_byte_us)
            t->first_byte_us = clock_monotonic_us();
        if (delay_ms <= 0)
            continue;
        int64_t due_us = clock_monotonic_us() + delay_ms * 1000;
        return net_timer_set(call->loop->net, &call->timer, due_us) < 0 ? fail_now(call) : WAIT;
    }
    int rc = net_timer_set(call->loop->net, &call->timer, clock_monotonic_us());
    return rc < 0 ? fail_now(call) : WAIT;
}

static void on_timer(struct net_timer *self)
{
    call_run(LIST_OWNER(self, struct aigne_call, timer));
}

static void on_recorded(struct net_job *self)
{
    struct aigne_call *call = LIST_OWNER(self, struct aigne_call, back);
    if (call->record.rc < 0 && call->rc >= 0) {
        call->rc = AIGNE_E_STORE;
        fault_set(&call->fault, AIGNE_E_STORE,
                  "The answer came but could not be recorded, so it is not handed out; see the "
                  "hub's log.");
    }
    call->state = CALL_END;
    call_run(call);
}

static void record_done(struct ledger_entry *self)
{
    struct aigne_call *call = LIST_OWNER(self, struct aigne_call, record);
    net_loop_post(call->loop->net, &call->back);
}

static enum flow settle(struct aigne_call *call)
{
    if (call->errand_work)
        return WAIT;
    if (call->row_count == 0) {
        call->state = CALL_END;
        return GO;
    }
    if (!call->record.done) {
        call->back.run = on_recorded;
        call->record = (struct ledger_entry){
            .rows = call->rows, .row_count = call->row_count, .done = record_done};
        hub_record(call->hub->hub, &call->record);
    }
    return WAIT;
}

static void destroy(struct aigne_call *call);

static enum flow end(struct aigne_call *call)
{
    if (call->detached) {
        destroy(call);
        return WAIT;
    }
    if (call->rc >= 0)
        call->outlet->finish(call);
    else
        call->outlet->fail(call);
    call_news(call);
    return WAIT;
}

static enum flow wait_for_network(struct aigne_call *call)
{
    (void)call;
    return WAIT;
}

static enum flow (*const states[])(struct aigne_call *call) = {
    [CALL_ADMIT] = admit,    [CALL_PLAN] = plan,
    [CALL_OPEN] = open_next, [CALL_DISCOVER] = wait_for_network,
    [CALL_STREAM] = stream,  [CALL_SETTLE] = settle,
    [CALL_END] = end,
};

static void call_run(struct aigne_call *call)
{
    while (states[call->state](call) == GO)
        continue;
}

/* ---- the life of a call ---- */

int call_new(const struct outlet *outlet, void *outlet_state, struct aigne_loop *loop,
             struct loop_pool *pool, struct aigne_call **out, struct fault *why)
{
    struct aigne_call *call = mem_alloc_zero(sizeof(*call));
    if (!call)
        return fault_nomem(why);
    call->magic = HANDLE_CALL;
    call->rc = AIGNE_AGAIN;
    call->outlet = outlet;
    call->outlet_state = outlet_state;
    call->loop = loop;
    call->pool = pool;
    call->ingress = "library";
    call->app = SLICE("");
    call->tee.push = tee_push;
    call->frames.push = frames_push;
    call->timer.fire = on_timer;
    list_init(&call->ready_link);
    list_init(&call->live_link);
    arena_init(&call->arena);
    attempt_init(&call->attempt, &call->tee, &call->fault);
    fault_clear(&call->fault);
    usage_init(&call->usage);
    call->started_us = clock_monotonic_us();
    call->started_ms = clock_wall_ms();
    int rc = random_id(call->id, call->started_ms);
    if (rc < 0) {
        mem_free(call);
        return fault_set(why, rc, "The system has no random numbers.");
    }
    loop_call_added(loop, &call->live_link);
    *out = call;
    return AIGNE_OK;
}

void call_use_model(struct aigne_call *call, struct aigne_model *m)
{
    model_hold(m);
    call->model = m;
    if (m->hub)
        call_use_hub(call, m->hub);
}

void call_use_hub(struct aigne_call *call, struct aigne_hub *h)
{
    hub_object_hold(h);
    call->hub = h;
}

void call_begin(struct aigne_call *call)
{
    call_run(call);
}

void call_refuse(struct aigne_call *call)
{
    fail_now(call);
    call_run(call);
}

static void on_errand_done(struct net_job *self)
{
    struct aigne_call *call = LIST_OWNER(self, struct aigne_call, back);
    call->errand_work = NULL;
    if (call->detached)
        destroy(call);
    else
        call->errand_done(call);
}

static void run_errand(struct desk_job *self)
{
    struct aigne_call *call = LIST_OWNER(self, struct aigne_call, errand);
    call->errand_work(call);
    net_loop_post(call->loop->net, &call->back);
}

int call_send_to_desk(struct aigne_call *call, void (*work)(struct aigne_call *call),
                      void (*done)(struct aigne_call *call))
{
    call->errand.run = run_errand;
    call->errand_work = work;
    call->errand_done = done;
    call->back.run = on_errand_done;
    call->state = CALL_SETTLE;
    int rc = desk_submit(&call->hub->desk, &call->errand, &call->fault);
    if (rc < 0)
        call->errand_work = NULL;
    return rc;
}

static void read_store(struct aigne_call *call)
{
    struct fault why; /* when the store cannot be read, the catalogue at hand stays */
    fault_clear(&why);
    hub_refresh(call->hub->hub, &why);
}

static void take_catalog(struct aigne_call *call)
{
    call->earlier_catalog = call->catalog;
    call->catalog = loop_catalog(call->loop, call->hub->hub, call->hub->serial);
    fault_clear(&call->fault);
    call->refresh_done(call);
}

bool call_refresh_catalog(struct aigne_call *call, void (*done)(struct aigne_call *call))
{
    if (!call->hub || call->refreshed)
        return false;
    call->refreshed = true;
    call->refresh_done = done;
    return call_send_to_desk(call, read_store, take_catalog) >= 0;
}

void call_news(struct aigne_call *call)
{
    if (!call->detached)
        loop_mark_ready(call->loop, &call->ready_link);
}

void call_taken(struct aigne_call *call)
{
    if (!call->paused || call->outlet->full(call))
        return;
    call->paused = false;
    if (call->transfer)
        transfer_resume(call->transfer);
    else if (call->state == CALL_STREAM)
        call_run(call);
}

/* Stop whatever is under way; what was used so far is recorded. */
static void stop(struct aigne_call *call)
{
    if (call->state >= CALL_SETTLE)
        return;
    bool attempting = call->state == CALL_STREAM || call->state == CALL_DISCOVER;
    if (call->transfer)
        transfer_cancel(call->transfer);
    call->transfer = NULL;
    net_timer_clear(call->loop->net, &call->timer);
    fault_clear(&call->fault);
    fault_set(&call->fault, AIGNE_E_CANCELLED, "The call was cancelled.");
    fill_fault(call, AIGNE_E_CANCELLED, NULL);
    call->delivered = true;
    if (attempting)
        close_attempt(call, AIGNE_E_CANCELLED, true);
    else
        fail_now(call);
    call_run(call);
}

void call_ask_cancel(struct aigne_call *call)
{
    atomic_store_explicit(&call->cancel_asked, true, memory_order_relaxed);
    atomic_store_explicit(&call->loop->cancel_pending, true, memory_order_release);
    net_loop_wake(call->loop->net);
}

void call_cancel_if_asked(struct aigne_call *call)
{
    if (atomic_load_explicit(&call->cancel_asked, memory_order_relaxed))
        stop(call);
}

static void destroy(struct aigne_call *call)
{
    struct aigne_loop *loop = call->loop;
    if (call->detached)
        loop->detached--;
    loop_call_gone(loop, &call->live_link, &call->ready_link);
    attempt_close(&call->attempt);
    call->outlet->free(call);
    catalog_drop(call->catalog);
    catalog_drop(call->earlier_catalog);
    if (call->model)
        model_drop(call->model);
    if (call->hub)
        hub_object_drop(call->hub);
    arena_free(&call->arena);
    call->magic = HANDLE_DEAD;
    mem_free(call);
}

void call_free(struct aigne_call *call)
{
    struct aigne_loop *loop = call->loop;
    struct loop_pool *pool = call->pool;
    struct aigne_model *owner =
        pool ? call->model : NULL; /* of the pool: must outlive the call */
    if (owner)
        model_hold(owner);
    if (call->state == CALL_END) {
        destroy(call);
    } else {
        call->detached = true;
        loop->detached++;
        stop(call);
    }
    if (!pool) {
        loop_settle_orphan(loop);
        return;
    }
    while (loop->detached > 0)
        loop_drive(loop, -1);
    loop_pool_give(pool, loop);
    if (owner)
        model_drop(owner);
}
