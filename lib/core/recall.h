/* recall.h - requests that were made before: their answer is given again, or waited for while it is made.
 *
 * A request is known again by its Idempotency-Key, where the policy has answers cached by what it says, or
 * where the policy takes the same bytes within a while for a repetition. One that is the first is made, and
 * what goes out to its client is kept. */
#ifndef AIGNE_CORE_RECALL_H
#define AIGNE_CORE_RECALL_H

#include "core/call.h"

enum recall_step {
    RECALL_MAKE,     /* nobody has it: go on */
    RECALL_WAIT,     /* somebody makes it, or the store is asked: call_go_on comes later */
    RECALL_ANSWERED, /* the exchange has the answer */
    RECALL_FAILED    /* call->fault says why */
};

/* After planning: whether this request may be known again. Then call->recall is set. */
int recall_plan(struct aigne_call *call);
enum recall_step recall_ask(struct aigne_call *call);
/* These bytes of the answer's body go out. */
void recall_note(struct aigne_call *call, struct slice bytes);
/* They never did: another attempt makes the answer. */
void recall_forget(struct aigne_call *call);
/* The exchange has all of its answer, or never will: keep it, or let another make it. */
void recall_end(struct aigne_call *call, bool good);
/* The owner is gone while others may want the answer: it is made all the same. */
bool recall_outlives(const struct aigne_call *call);
/* The call is stopped. False: it is being woken, and ends then. */
bool recall_leave(struct aigne_call *call);

#endif
