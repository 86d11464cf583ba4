/* Knows how an answer is read for its usage alone; refuses to know who pays for it. */
#include "core/drain.h"
#include "base/clock.h"
#include "chat/trimmed.h"
#include "core/unheard.h"
#include "hub/policy.h"

/* Where the policy does not say. */
#define CALLS_USUAL   16
#define TIME_USUAL_MS ((int64_t)60000)

#define SILENCE_US ((int64_t)3000000)

enum { ON_CANCEL_DRAIN = 1 }; /* the second of the policy's words */

struct drain {
    struct aigne_call *call;
    const struct outlet *outlet; /* the one that nobody looks at any more */
    struct net_timer timer;
};

/* The record may need to know what was asked. */
static int read_request(struct aigne_call *call)
{
    return call->drain->outlet->read_request(call);
}

static void end_drain(struct aigne_call *call)
{
    struct drain *d = call->drain;
    net_timer_clear(call->loop->net, &d->timer);
    atomic_fetch_sub_explicit(&call->hub->draining, 1, memory_order_relaxed);
    d->outlet->free(call);
}

static const struct outlet drain_outlet = {
    .read_request = read_request,
    .planned = unheard_step,
    .event = unheard_event,
    .frame = unheard_frame,
    .full = unheard_full,
    .restart = unheard_end,
    .finish = unheard_end,
    .fail = unheard_end,
    .free = end_drain,
};

static void on_too_long(struct net_timer *self)
{
    call_stop(LIST_OWNER(self, struct drain, timer)->call);
}

static bool take_place(struct aigne_call *call)
{
    int64_t most = POLICY_OR(call->policy, drain_calls, CALLS_USUAL);
    if (atomic_fetch_add_explicit(&call->hub->draining, 1, memory_order_relaxed) < most)
        return true;
    atomic_fetch_sub_explicit(&call->hub->draining, 1, memory_order_relaxed);
    return false;
}

static bool is_policy(const struct aigne_call *call)
{
    return POLICY_OR(call->policy, on_cancel, 0) == ON_CANCEL_DRAIN;
}

/* On a borrowed loop the caller's thread would have to stay for it. */
static bool is_wanted(const struct aigne_call *call)
{
    return call->detached && !call->drain && call->hub && !call->pool &&
           !call->loop->owner_gone && call->state == CALL_STREAM &&
           !call->attempt.adapter->step && is_policy(call);
}

bool drain_begin(struct aigne_call *call)
{
    if (!call->policy || !is_wanted(call))
        return false;
    struct drain *d = arena_alloc(&call->arena, sizeof *d);
    if (!d || !take_place(call))
        return false;
    *d = (struct drain){.call = call, .outlet = call->outlet, .timer.fire = on_too_long};
    int64_t due_us =
        clock_monotonic_us() + POLICY_OR(call->policy, drain_time, TIME_USUAL_MS) * 1000;
    if (net_timer_set(call->loop->net, &d->timer, due_us) < 0) {
        atomic_fetch_sub_explicit(&call->hub->draining, 1, memory_order_relaxed);
        return false;
    }
    call->drain = d;
    call->outlet = &drain_outlet;
    call->delivered = true; /* there is nobody to ask another provider for */
    if (call->paused && call->transfer)
        transfer_resume(call->transfer);
    call->paused = false;
    return true;
}

bool drain_cut(const struct aigne_call *call)
{
    return (call->attempt.trims & TRIM_STOPS) && call->finish_seen &&
           call->finish == FINISH_STOP_SEQUENCE && !is_policy(call);
}

int64_t drain_silence_us(const struct aigne_call *call)
{
    return drain_cut(call) ? 0 : SILENCE_US;
}

int drain_verdict(struct aigne_call *call, int rc)
{
    if (!call->drain || rc < 0)
        return rc;
    return fault_set(&call->fault, AIGNE_E_CANCELLED,
                     "The caller left; the answer was read for its usage.");
}
