/* wrapped.h - a structured answer that is no object, of a provider that gives objects alone: it is asked for
 * {"value": ...}, of which the caller gets the value. */
#ifndef AIGNE_CHAT_WRAPPED_H
#define AIGNE_CHAT_WRAPPED_H

#include "chat/event.h"
#include "chat/request.h"

/* Whether the answer that is asked for can be something else than an object. */
bool wrapped_wanted(const struct chat_request *r);
/* The same request with its schema wrapped, and in `*sink` what takes the wrapping off on the way to it. Both
 * are in `a`; NULL: no memory. */
const struct chat_request *wrapped_request(const struct chat_request *r, struct arena *a,
                                           struct event_sink **sink);

#endif
