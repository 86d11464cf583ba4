/* Knows when a streamed answer is kept back until it is whole; refuses to know how it is written or what
 * is tried next. */
#include "core/hold.h"
#include "base/log.h"
#include "core/exchange.h"
#include "core/keep_alive.h"
#include "hub/policy.h"

int hold_plan(struct aigne_call *call)
{
    call->holding = call->streamed && exchange_is(call) && !call->relay.verbatim &&
                    POLICY_OR(call->policy, on_cut, CUT_ERROR) == CUT_HOLD;
    return keep_alive_begin(call);
}

void hold_look(struct aigne_call *call)
{
    struct exchange *x = exchange_of(call);
    if ((int64_t)x->held.n <= POLICY_OR(call->policy, hold_bytes, CUT_KEPT_USUAL))
        return;
    log_line(LOG_WARNING, "call", "%s is longer than holdBytes: it goes out before its end",
             call->id);
    call->holding = false;
    if (call->finish_seen)
        return;
    buf_put_slice(&x->filling, buf_slice(&x->held));
    buf_clear(&x->held);
}

void hold_forget(struct aigne_call *call)
{
    struct exchange *x = exchange_of(call);
    if (x->ingress->close)
        x->ingress->close(&x->encoding);
    if (x->ingress->state_size)
        memset(x->encoding.state, 0, x->ingress->state_size);
    x->encoding.media_type = SLICE_NONE;
    x->start_held = false;
    buf_clear(&x->held);
}
