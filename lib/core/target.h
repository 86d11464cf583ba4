/* target.h - from a model name to the provider, address and key of one attempt. */
#ifndef AIGNE_CORE_TARGET_H
#define AIGNE_CORE_TARGET_H

#include "core/call.h"

/* Fill call->plan: by routing in a hub, else the one remote that the model names. */
int target_plan(struct aigne_call *call);
/* It is going to be asked: whether it may be now, where all that is planned is known to fail. */
int target_knock(struct aigne_call *call);
/* Fill call->attempt for the current attempt number. `discovery_url` is set when the remote must first
 * be asked where its API is; .p NULL: everything is known. */
int target_open(struct aigne_call *call, struct slice *discovery_url);
/* Make the attempt's request. */
int target_request(struct aigne_call *call);
/* How the answer to that question is gathered in the attempt of the call, which is `user`. */
int target_discovery_head(void *user, int status, struct slice headers);
int target_discovery_data(void *user, struct slice piece);
/* It is there, in call->attempt; the transfer ended with `rc`. */
int target_discovered(struct aigne_call *call, int rc, const struct fault *why);
const struct reach *target_reach(const struct aigne_call *call);

#endif
