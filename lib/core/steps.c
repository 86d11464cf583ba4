/* Knows how many steps a provider without a network takes in a row; refuses to know what comes of them. */
#include "core/steps.h"
#include <aignehub/aignehub.h>

#define STEPS_PER_TURN 64 /* before others get their turn */

int steps_take(struct aigne_call *call, int64_t *delay_ms)
{
    struct attempt *t = &call->attempt;
    int rc = AIGNE_AGAIN;
    *delay_ms = 0;
    for (int i = 0; i < STEPS_PER_TURN && rc == AIGNE_AGAIN && *delay_ms <= 0; i++) {
        call->paused = call->outlet->full(call);
        if (call->paused)
            return AIGNE_AGAIN;
        rc = t->adapter->step(&t->decoding, &call->request, delay_ms);
        arena_clear(&t->scratch);
    }
    return rc;
}
