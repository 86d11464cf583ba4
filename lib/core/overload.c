/* Knows how much the exchanges of a hub hold and when that is too much; refuses to know what is in it. */
#include "core/overload.h"
#include "core/exchange.h"

/* What a call holds beside its buffers, its connections included. */
#define CALL_BYTES ((int64_t)32 * 1024)
/* Less is not worth telling the others. */
#define NOTED_BYTES ((int64_t)64 * 1024)
#define RETRY_MS    ((int64_t)1000)

static int refuse(struct aigne_call *call, const char *what)
{
    call->fault.retry_ms = RETRY_MS;
    return fault_set(&call->fault, AIGNE_E_NOMEM, "The hub has too much to do (%s); try again.",
                     what);
}

static int64_t add(atomic_int_least64_t *to, int64_t more)
{
    return atomic_fetch_add_explicit(to, more, memory_order_relaxed) + more;
}

/* An eighth is left for the calls that have begun. */
bool overload_enter(struct aigne_call *call)
{
    struct overload *o = &call->hub->overload;
    struct overload_share *share = &exchange_of(call)->share;
    share->entered = true;
    share->bytes = CALL_BYTES;
    int64_t calls = add(&o->calls, 1);
    int64_t bytes = add(&o->bytes, CALL_BYTES);
    bool crowded = o->most_calls && calls > o->most_calls;
    if (!crowded && (!o->most_bytes || bytes <= o->most_bytes - o->most_bytes / 8))
        return true;
    overload_leave(call); /* until its client has taken the refusal it is in nobody's way */
    (void)refuse(call, crowded ? "callLimit" : "memoryLimit");
    return false;
}

static int64_t bytes_of(const struct aigne_call *call)
{
    const struct exchange *x = exchange_of(call);
    return CALL_BYTES + (int64_t)(x->body.capacity + x->filling.capacity + x->reading.capacity +
                                  x->held.capacity + call->attempt.body.capacity);
}

int overload_note(struct aigne_call *call)
{
    if (!exchange_is(call) || !exchange_of(call)->share.entered)
        return AIGNE_OK;
    struct overload *o = &call->hub->overload;
    struct overload_share *share = &exchange_of(call)->share;
    int64_t more = bytes_of(call) - share->bytes;
    if (more < NOTED_BYTES && more > -NOTED_BYTES)
        return AIGNE_OK;
    share->bytes += more;
    int64_t bytes = add(&o->bytes, more);
    return more > 0 && o->most_bytes && bytes > o->most_bytes ? refuse(call, "memoryLimit")
                                                              : AIGNE_OK;
}

void overload_leave(struct aigne_call *call)
{
    struct overload_share *share = &exchange_of(call)->share;
    if (!share->entered)
        return;
    add(&call->hub->overload.calls, -1);
    add(&call->hub->overload.bytes, -share->bytes);
    share->entered = false;
}
