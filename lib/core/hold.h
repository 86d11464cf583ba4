/* hold.h - a streamed answer that is kept back until it is whole, so that each failure can still fail
 * over. */
#ifndef AIGNE_CORE_HOLD_H
#define AIGNE_CORE_HOLD_H

#include "core/call.h"

/* Whether the call's policy has its answer kept back. */
bool hold_is_wanted(const struct aigne_call *call);
/* Of an exchange that is planned: call->holding, and signs of life from now on. */
int hold_plan(struct aigne_call *call);
/* So many bytes are kept: beyond holdBytes all of it goes on its way, as the rest will. */
void hold_look(struct aigne_call *call, size_t kept);
/* What was kept for its speed alone may go: all of it, and the rest as it comes. */
void hold_release(struct aigne_call *call);
struct exchange;
/* An exchange's outlet. */
void hold_let_go(struct aigne_call *call);
/* What was kept is part of what goes out. */
void hold_pass_on(struct exchange *x);
/* The attempt is over: what it wrote was read by nobody. */
void hold_forget(struct aigne_call *call);

#endif
