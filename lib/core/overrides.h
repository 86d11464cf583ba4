/* overrides.h - what a request asks for itself, in headers of its own, about how it is carried out. */
#ifndef AIGNE_CORE_OVERRIDES_H
#define AIGNE_CORE_OVERRIDES_H

#include "core/call.h"
#include "hub/policy.h"

struct overrides {
    bool has_policy;
    bool has_strategy;
    enum route_strategy strategy;
    struct policy policy;
    struct slice models;   /* "a, b": asked when the model cannot answer; absent: none */
    struct slice metadata; /* a JSON object; absent: none */
};

/* The client is let in: call->overrides, and call->app, from the headers of its exchange. AIGNE_E_REQUEST
 * about a value that cannot be. */
int overrides_read(struct aigne_call *call);
/* The call is planned: call->policy is what hub, key and request say together. */
int overrides_settle(struct aigne_call *call);
/* A hub elsewhere is asked: what the request says goes into its headers. AIGNE_E_REQUEST names what none can say. */
int overrides_send(struct aigne_call *call, struct http_request *out, struct fault *why);

#endif
