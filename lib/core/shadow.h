/* shadow.h - a copy of a request for a model that is being tried out: nobody waits for what it answers. */
#ifndef AIGNE_CORE_SHADOW_H
#define AIGNE_CORE_SHADOW_H

#include "core/call.h"

/* Show the call's request to call->plan.shadow, once. The copy is a call of its own, with a row of its own,
 * on nobody's account; when there are too many of them, or memory is short, it is left out. */
void shadow_begin(struct aigne_call *call);

#endif
