/* hedge.h - a second attempt beside one that is slow to begin: the first of the two to answer stays. */
#ifndef AIGNE_CORE_HEDGE_H
#define AIGNE_CORE_HEDGE_H

#include "core/call.h"

/* The attempt was sent, and the policy has something to say: if its answer is not there by the time that
 * nineteen of twenty keep to, the next target is asked as well. */
void hedge_begin(struct aigne_call *call);
/* The attempt answers, or nobody waits for an answer: whatever runs beside it ends. */
void hedge_end(struct aigne_call *call);
/* The attempt has failed. True: the one beside it is the call's own now, and goes on. */
bool hedge_takes_over(struct aigne_call *call);
/* The attempt is over: how long its answer took to begin. */
void hedge_learn(const struct aigne_call *call);

#endif
