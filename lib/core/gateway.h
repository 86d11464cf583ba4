/* gateway.h - the hub as HTTP: which path means what, who may, and the request's body. */
#ifndef AIGNE_CORE_GATEWAY_H
#define AIGNE_CORE_GATEWAY_H

#include "core/call.h"

int gateway_start(struct aigne_hub *h, struct aigne_loop *loop, struct slice method,
                  struct slice target, struct slice headers, struct aigne_call **out,
                  struct fault *why);
/* AIGNE_AGAIN: the answer is decided, the rest of the body does not matter. */
int gateway_write(struct aigne_call *call, struct slice data);
void gateway_end(struct aigne_call *call);

#endif
