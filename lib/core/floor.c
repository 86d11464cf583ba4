/* Knows when a stream is too slow to be released; refuses to know how it is kept and what is tried next. */
#include "core/floor.h"
#include "core/hold.h"
#include "hub/policy.h"
#include <aignehub/aignehub.h>

#define WINDOW_USUAL_MS ((int64_t)5000)

struct floor {
    struct aigne_call *call;
    struct net_timer timer;
    bool begun;
};

bool floor_is_set(const struct aigne_call *call)
{
    return POLICY_OR(call->policy, floor_tokens, 0) > 0;
}

static int64_t window_ms(const struct aigne_call *call)
{
    return POLICY_OR(call->policy, floor_window, WINDOW_USUAL_MS);
}

static void on_window_over(struct net_timer *self)
{
    struct aigne_call *call = LIST_OWNER(self, struct floor, timer)->call;
    struct fault why;
    int64_t least = POLICY_OR(call->policy, floor_tokens, 0) * window_ms(call) / 1000;
    int64_t came = estimate_tokens(&call->seen);
    if (call->drain) /* nobody waits for it any more */
        return;
    if (call->finish_seen || came >= least) {
        hold_release(call);
        return;
    }
    fault_clear(&why);
    int rc = fault_set(&why, AIGNE_E_TIMEOUT,
                       "The answer came too slowly: about %lld tokens in %lld ms.",
                       (long long)came, (long long)window_ms(call));
    transfer_cancel(call->transfer);
    call_transfer_ended(call, rc, true, &why);
}

void floor_watch(struct aigne_call *call)
{
    struct floor *f = call->floor;
    if (!f && (f = arena_alloc(&call->arena, sizeof *f)) != NULL) {
        *f = (struct floor){.call = call, .timer.fire = on_window_over};
        call->floor = f;
    }
    if (!f || f->begun)
        return;
    f->begun = true; /* without memory for a timer it is held to its end */
    (void)net_timer_set(call->loop->net, &f->timer,
                        net_loop_now_us(call->loop->net) + window_ms(call) * 1000);
}

void floor_end(struct aigne_call *call)
{
    net_timer_clear(call->loop->net, &call->floor->timer);
    call->floor->begun = false;
}
