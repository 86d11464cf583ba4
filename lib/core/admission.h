/* admission.h - whether its limits let a call go on: first those of who asks, then those of who is asked. */
#ifndef AIGNE_CORE_ADMISSION_H
#define AIGNE_CORE_ADMISSION_H

#include "core/call.h"
#include "hub/limiter.h"

struct admission {
    struct aigne_call *call;
    struct limit_claim
        caller; /* key, user, app, the model's name, the hub: while the call lasts */
    struct limit_claim target;   /* provider and model there: while an attempt lasts */
    struct limit_claim beside;   /* the same, of the attempt that runs beside this one */
    struct limit_claim *waiting; /* which of the two has a place in a queue */
    bool expected;               /* the loop knows that somebody will post `turn` */
    enum call_state after;       /* the queue */
    struct net_job turn;
    int64_t until_us;
    int64_t used; /* tokens, by all attempts so far */
};

/* Each gives AIGNE_OK; AIGNE_AGAIN when the call waits in CALL_QUEUED and goes on by itself when it is its
 * turn; or what call->fault says, AIGNE_E_RATE when a limit refuses it. */

/* Before it is planned. For nothing but calls of a hub with limits. */
int admission_enter(struct aigne_call *call);
/* The rest is for any call. */

/* It is planned, and goes on in call->state: put that target first whose limits let the call in. */
int admission_target(struct aigne_call *call);

/* An attempt is about to be made at call->target: pass over targets that are at their limits. False: no other
 * is left. */
bool admission_next(struct aigne_call *call);
void admission_attempt_over(struct aigne_call *call);
/* Another attempt runs beside it: whether call->target lets it in at once; and the two change places. */
bool admission_more(struct aigne_call *call);
void admission_swap(struct aigne_call *call);
/* Give everything back. May be called twice. */
void admission_over(struct aigne_call *call);
/* Out of the queue. False: its turn has come, so the call must wait for that. */
bool admission_leave(struct aigne_call *call);

#endif
