/* Knows how a call waits for another thread's work; refuses to know what the work is. */
#include "core/errand.h"
#include "core/call.h"

static void come_back(struct net_job *self)
{
    struct aigne_call *call = LIST_OWNER(self, struct aigne_call, errand.back);
    if (!call->detached) {
        call->errand.done(call);
        return;
    }
    call->state = CALL_SETTLE;
    call_go_on(call);
}

static void carry_out(struct desk_job *self)
{
    struct aigne_call *call = LIST_OWNER(self, struct aigne_call, errand.out);
    call->errand.work(call);
    loop_post(call->loop, &call->errand.back);
}

int errand_send(struct aigne_call *call, struct desk *desk,
                void (*work)(struct aigne_call *call), void (*done)(struct aigne_call *call))
{
    call->errand.out.run = carry_out;
    call->errand.back.run = come_back;
    call->errand.work = work;
    call->errand.done = done;
    enum call_state before = call->state;
    call->state = CALL_ERRAND;
    loop_expect(call->loop);
    int rc = desk_submit(desk, &call->errand.out, &call->fault);
    if (rc < 0) {
        call->state = before;
        loop_drop(call->loop);
    }
    return rc;
}
