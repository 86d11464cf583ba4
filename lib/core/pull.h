/* pull.h - waiting for the next event of a call, or for its end. */
#ifndef AIGNE_CORE_PULL_H
#define AIGNE_CORE_PULL_H

#include "core/answer.h"
#include "core/call.h"

/* As aigne_call_next: AIGNE_EVENT, AIGNE_AGAIN, AIGNE_OK or the error, with `why` filled. */
int pull_next(struct aigne_call *call, int wait_ms, struct aigne_event *ev, struct fault *why);
/* As aigne_call_finish. */
int pull_finish(struct aigne_call *call, struct aigne_reply **out, struct fault *why);

#endif
