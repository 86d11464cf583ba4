/* unseal.h - a conversation whose reasoning was sealed by another vendor than the one that is to go on with it. */
#ifndef AIGNE_CORE_UNSEAL_H
#define AIGNE_CORE_UNSEAL_H

#include "core/again.h"

/* The attempt failed with `rc`: whether the provider refused a seal and the same target is worth asking without
 * any, which is once in a call. */
bool unseal_helps(struct aigne_call *call, int rc);
/* Before a request goes out that was read: take the seals off, if that was found out. */
void unseal_request(struct aigne_call *call);
/* What is told when it did not help because the rest of the body cannot be said in other words: the refusal. */
void unseal_explain(struct aigne_call *call, int rc);

#endif
