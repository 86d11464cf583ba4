/* Knows who says how long a call waits, and how long it has; refuses to know what it waits for. */
#include "core/patience.h"
#include "base/clock.h"
#include "core/target.h"
#include "hub/policy.h"

struct transfer_limits patience_limits(const struct aigne_call *call)
{
    const struct transfer_limits usual = target_reach(call)->limits;
    const struct policy *p = call->policy;
    if (!p)
        return usual;
    return (struct transfer_limits){
        .connect_ms = POLICY_OR(p, connect_timeout, usual.connect_ms),
        .first_byte_ms = POLICY_OR(p, first_byte_timeout, usual.first_byte_ms),
        .idle_ms = POLICY_OR(p, idle_timeout, usual.idle_ms),
        .total_ms = POLICY_OR(p, total_timeout, usual.total_ms),
    };
}

int64_t patience_left_ms(const struct aigne_call *call)
{
    int64_t total_ms =
        POLICY_OR(call->policy, total_timeout, target_reach(call)->limits.total_ms);
    if (!total_ms)
        return INT64_MAX;
    int64_t used_ms = (clock_monotonic_us() - call->started_us) / 1000;
    return used_ms < total_ms ? total_ms - used_ms : 0;
}

struct transfer_limits patience_now(const struct aigne_call *call)
{
    struct transfer_limits limits = patience_limits(call);
    if (limits.total_ms) {
        int64_t left_ms = patience_left_ms(call);
        limits.total_ms = left_ms > 0 ? left_ms : 1;
    }
    return limits;
}

int64_t patience_pause_ms(const struct aigne_call *call)
{
    struct transfer_limits limits = patience_limits(call);
    int64_t pause_ms = call->attempt.first_byte_us ? limits.idle_ms : limits.first_byte_ms;
    int64_t left_ms = patience_left_ms(call);
    return pause_ms && pause_ms < left_ms ? pause_ms : left_ms;
}
