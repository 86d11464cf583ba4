/* steps.h - the steps of a provider without a network, taken on the call's own loop. */
#ifndef AIGNE_CORE_STEPS_H
#define AIGNE_CORE_STEPS_H

#include "core/call.h"

/* As many as may be taken at once. AIGNE_AGAIN: there are more, after `*delay_ms`, or when the outlet has
 * room (call->paused). Else the attempt is over. */
int steps_take(struct aigne_call *call, int64_t *delay_ms);

#endif
