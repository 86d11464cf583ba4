/* outcome.h - what an attempt tells, why it failed, and what later calls learn of it. */
#ifndef AIGNE_CORE_OUTCOME_H
#define AIGNE_CORE_OUTCOME_H

#include "core/call.h"

/* Let the call's attempts speak to its outlet, past the meter. */
void outcome_listen(struct aigne_call *call);
/* Another attempt begins: forget what the one before told. */
void outcome_reset(struct aigne_call *call);
/* The attempt ended with `rc`, and the transfer says `why`, which may be NULL: make call->fault say what
 * failed and where. */
void outcome_explain(struct aigne_call *call, int rc, const struct fault *why);
/* Nobody wants the answer any more: AIGNE_E_CANCELLED, whatever call->fault said. */
int outcome_cancelled(struct aigne_call *call);
/* The attempt ended with `rc`: let later calls choose by it. */
void outcome_note(struct aigne_call *call, int rc);

#endif
