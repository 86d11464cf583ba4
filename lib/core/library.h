/* library.h - calls whose answer goes to the caller of the library: events to take, a reply at last. */
#ifndef AIGNE_CORE_LIBRARY_H
#define AIGNE_CORE_LIBRARY_H

#include "core/answer.h"
#include "core/call.h"

/* Begin. The request is read here and refused here. `pieces`: the caller will take events; without it
 * only the reply is gathered. With a NULL loop the call borrows one of the model's own. */
int library_start(struct aigne_model *m, struct aigne_loop *loop, struct slice request,
                  bool pieces, struct aigne_call **out, struct fault *why);
/* True: an event was stored. */
bool library_take(struct aigne_call *call, struct aigne_event *out);
/* The reply of a call that ended well. */
int library_answer(struct aigne_call *call, struct aigne_reply **out, struct fault *why);
bool library_is(const struct aigne_call *call); /* not an exchange of the gateway */

#endif
