/* record.h - what a call leaves behind: one usage row for each attempt. */
#ifndef AIGNE_CORE_RECORD_H
#define AIGNE_CORE_RECORD_H

#include "core/call.h"
#include <stdint.h>

/* Before `more` attempts are made: room for their rows, so that none can be lost for lack of memory. */
int record_prepare(struct aigne_call *call, size_t more);
/* What each row of a call says, with nobody asked. */
struct usage_row record_row(const struct aigne_call *call);
/* The answer of that provider was given again. */
int record_recalled(struct aigne_call *call, struct slice provider, struct slice model);
/* Note the attempt that just ended with `rc`. What cannot be copied is left out; the row is not. */
void record_attempt(struct aigne_call *call, int rc, int64_t now_us);
/* Note that the call was refused, for what call->fault says, before any attempt; `planned` says what it
 * would have been. */
void record_refusal(struct aigne_call *call, const struct usage_row *planned);

#endif
