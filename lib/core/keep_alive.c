/* Knows when a client that waits is given a sign of life; refuses to know how a format writes one. */
#include "core/keep_alive.h"
#include "base/clock.h"
#include "hub/policy.h"

/* How long the client may wait for the next bytes, the first ones included; 0: as long as it takes. */
static int64_t wait_ms(const struct aigne_call *call)
{
    const struct exchange *x = exchange_of(call);
    const struct aigne_hub *h = call->hub;
    if (call->relay.verbatim)
        return 0;
    if (call->streamed)
        return x->ingress->keep_alive ? h->keep_alive_ms : 0;
    int64_t wait =
        POLICY_OR(call->policy, headers_after, x->ingress->early_head ? h->head_wait_ms : 0);
    return wait && x->status && h->keep_alive_ms ? h->keep_alive_ms : wait;
}

static void put_sign(struct aigne_call *call)
{
    struct exchange *x = exchange_of(call);
    if (!call->streamed) {
        exchange_begin_early(call);
        buf_put_byte(&x->filling, ' ');
        return;
    }
    exchange_begin_stream(call);
    x->encoding.out = &x->filling;
    x->ingress->keep_alive(&x->encoding);
}

static void on_silence(struct net_timer *self)
{
    struct exchange *x = LIST_OWNER(self, struct exchange, silence);
    struct aigne_call *call = x->call;
    int64_t now_us = clock_monotonic_us();
    if (call->detached)
        return;
    if (now_us >= x->seen_us + wait_ms(call) * 1000) {
        /* Who has not taken what is there would not read more of it either. */
        bool taken = x->filling.n == 0 && (!x->status || x->head_taken);
        if (taken) {
            put_sign(call);
            call_news(call);
        }
        x->seen_us = now_us;
    }
    /* It has just left its place among the timers, so there is room. */
    (void)net_timer_set(call->loop->net, self, x->seen_us + wait_ms(call) * 1000);
}

int keep_alive_begin(struct aigne_call *call)
{
    struct exchange *x = exchange_of(call);
    int64_t wait = wait_ms(call);
    if (!wait)
        return AIGNE_OK;
    x->call = call;
    x->silence.fire = on_silence;
    x->seen_us = clock_monotonic_us();
    int rc = net_timer_set(call->loop->net, &x->silence, x->seen_us + wait * 1000);
    return rc < 0 ? fault_nomem(&call->fault) : AIGNE_OK;
}

void keep_alive_end(struct aigne_call *call)
{
    net_timer_clear(call->loop->net, &exchange_of(call)->silence);
}

void keep_alive_seen(struct aigne_call *call)
{
    struct exchange *x = exchange_of(call);
    if (x->silence.position)
        x->seen_us = clock_monotonic_us();
}
