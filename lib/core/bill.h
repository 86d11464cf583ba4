/* bill.h - who pays for a call, and what is set aside for it before it is made. */
#ifndef AIGNE_CORE_BILL_H
#define AIGNE_CORE_BILL_H

#include "core/call.h"

/* The call is planned: leave out what has no price, and make call->bill when an account pays. AIGNE_OK
 * with call->bill NULL: nobody's does. */
int bill_plan(struct aigne_call *call);
/* Have it set aside: the ledger answers through `answered`, now or later. */
void bill_ask(struct aigne_call *call, void (*answered)(struct net_job *job));
struct aigne_call *bill_of(struct net_job *job);
/* The ledger answered: AIGNE_OK when it is set aside, AIGNE_E_CREDIT when the account does not cover it. */
int bill_held(struct aigne_call *call);
/* The call is over: say in its last row who pays for it, when anybody does. NULL: nothing was set aside. */
struct money_op *bill_release(struct aigne_call *call);
/* Read what is passed on, if that was not done yet; what cannot be read leaves call->request_read false. */
int bill_read(struct aigne_call *call);
/* The record is committed: say so when a budget was used up with it. */
void bill_settled(struct aigne_call *call);
/* The name of a budget that the call may exceed and that only warns; .p NULL: there is none. */
struct slice bill_warning(const struct aigne_call *call);
/* How large the request is. */
void bill_measure(const struct aigne_call *call, struct ceiling *out);
/* The same before an attempt: the request is read for it where that is needed. */
int bill_size(struct aigne_call *call, struct ceiling *out);

#endif
