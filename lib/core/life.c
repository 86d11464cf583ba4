/* Knows how a call is made, watched and given back; refuses to know what happens on its way. */
#include "base/clock.h"
#include "base/mem.h"
#include "core/call.h"
#include "core/handle.h"
#include "core/outcome.h"
#include "core/recall.h"
#include "core/resume.h"

struct aigne_call *call_new(const struct outlet *outlet, struct aigne_loop *loop,
                            struct loop_pool *pool)
{
    struct aigne_call *call = loop_call_memory(loop, sizeof(*call) + outlet->state_size);
    if (!call)
        return NULL;
    memset(call, 0, offsetof(struct aigne_call, fault));
    memset(call->outlet_room, 0, outlet->state_size);
    call->magic = HANDLE_CALL;
    call->rc = AIGNE_AGAIN;
    call->outlet = outlet;
    call->outlet_state = call->outlet_room;
    call->loop = loop;
    call->pool = pool;
    call->ingress = "library";
    call->app = SLICE("");
    list_init(&call->ready_link);
    list_init(&call->live_link);
    arena_init_room(&call->arena, call->room, sizeof(call->room));
    attempt_init(&call->attempt, &call->tee, &call->fault, call->sending_room,
                 sizeof(call->sending_room));
    outcome_listen(call);
    outcome_reset(call);
    call->started_us = clock_monotonic_us();
    call->started_ms = clock_wall_ms();
    if (random_pool_id(&loop->ids, call->id, call->started_ms) < 0) {
        loop_call_over(loop, call, sizeof(*call) + outlet->state_size);
        return NULL;
    }
    loop_call_added(loop, &call->live_link);
    return call;
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

/* Nobody looks for news on a borrowed loop: its call is waited for. */
void call_news(struct aigne_call *call)
{
    if (!call->detached && !call->pool)
        loop_mark_ready(call->loop, &call->ready_link);
}

void call_no_news(struct aigne_call *call)
{
    loop_unmark_ready(call->loop, &call->ready_link);
}

void call_ask_cancel(struct aigne_call *call)
{
    atomic_store_explicit(&call->cancel_asked, true, memory_order_relaxed);
    atomic_store_explicit(&call->loop->cancel_pending, true, memory_order_release);
    net_loop_wake(call->loop->net);
}

bool call_unwanted(const struct aigne_call *call)
{
    return call->detached || atomic_load_explicit(&call->cancel_asked, memory_order_relaxed);
}

bool call_cancel_if_asked(struct aigne_call *call)
{
    bool asked = atomic_load_explicit(&call->cancel_asked, memory_order_relaxed);
    if (asked)
        call_stop(call);
    return asked;
}

void call_destroy(struct aigne_call *call)
{
    struct aigne_loop *loop = call->loop;
    if (call->detached)
        loop->detached--;
    call_no_news(call);
    list_remove(&call->live_link);
    attempt_close(&call->attempt);
    if (call->recall)
        recall_end(call, false);
    resume_free(call->resume);
    call->outlet->free(call);
    catalog_drop(call->catalog);
    catalog_drop(call->earlier_catalog);
    if (call->model)
        model_drop(call->model);
    if (call->hub)
        hub_object_drop(call->hub);
    arena_free(&call->arena);
    call->magic = HANDLE_DEAD;
    loop_call_over(loop, call, sizeof(*call) + call->outlet->state_size);
}

/* Over now, or as soon as what was used is recorded. */
static void let_go(struct aigne_call *call)
{
    if (call->state == CALL_END) {
        call_destroy(call);
        return;
    }
    call->detached = true;
    call->loop->detached++;
    call_no_news(call);
    if (!recall_outlives(call))
        call_stop(call);
}

/* The pool is the model's, which must outlive the call until the loop is back in it. */
static void let_go_and_return_loop(struct aigne_call *call)
{
    struct aigne_loop *loop = call->loop;
    struct loop_pool *pool = call->pool;
    struct aigne_model *owner = call->model;
    model_hold(owner);
    let_go(call);
    loop_wait_for_records(loop);
    loop_pool_give(pool, loop);
    model_drop(owner);
}

void call_free(struct aigne_call *call)
{
    struct aigne_loop *loop = call->loop;
    if (call->pool) {
        let_go_and_return_loop(call);
        return;
    }
    let_go(call);
    loop_settle_orphan(loop);
}
