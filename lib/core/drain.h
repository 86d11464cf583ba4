/* drain.h - reading on after the caller has left, to learn what the provider will charge. */
#ifndef AIGNE_CORE_DRAIN_H
#define AIGNE_CORE_DRAIN_H

#include "core/call.h"

/* The caller has let go of the call. True: its policy wants the answer read to its end, and there is room
 * for one more such call: nothing need be stopped. */
bool drain_begin(struct aigne_call *call);
/* Whether what the provider still says is for nobody: a stop sequence was met that it does not know of, and the
 * policy wants nothing read for its usage alone. */
bool drain_cut(const struct aigne_call *call);
/* How long a provider may say nothing once its answer is complete. */
int64_t drain_silence_us(const struct aigne_call *call);
/* What the end of an attempt means, now that nobody waits for it. */
int drain_verdict(struct aigne_call *call, int rc);

#endif
