/* Knows when a streamed answer is kept back until it is whole; refuses to know how it is written or what
 * is tried next. */
#include "core/hold.h"
#include "base/log.h"
#include "core/exchange.h"
#include "core/floor.h"
#include "core/keep_alive.h"
#include "hub/policy.h"

static bool keeps_whole(const struct aigne_call *call)
{
    return POLICY_OR(call->policy, on_cut, CUT_ERROR) == CUT_HOLD;
}

bool hold_is_wanted(const struct aigne_call *call)
{
    return call->streamed && (keeps_whole(call) || floor_is_set(call));
}

int hold_plan(struct aigne_call *call)
{
    call->holding = exchange_is(call) && !call->relay.verbatim && hold_is_wanted(call);
    return keep_alive_begin(call);
}

void hold_pass_on(struct exchange *x)
{
    buf_put_slice(&x->filling, buf_slice(&x->held));
    buf_free(&x->held);
}

void hold_let_go(struct aigne_call *call)
{
    call->holding = false;
    if (!call->finish_seen)
        hold_pass_on(exchange_of(call));
    exchange_begin_stream(call);
    call->delivered = true;
    call_news(call);
}

void hold_release(struct aigne_call *call)
{
    if (!keeps_whole(call))
        call->outlet->release(call);
}

void hold_look(struct aigne_call *call, size_t kept)
{
    if ((int64_t)kept <= POLICY_OR(call->policy, hold_bytes, CUT_KEPT_USUAL))
        return;
    log_line(LOG_WARNING, "call", "%s is longer than holdBytes: it goes out before its end",
             call->id);
    call->outlet->release(call);
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
