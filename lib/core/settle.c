/* Knows how what a call used is committed before its end is handed out; refuses to know what it was. */
#include "core/settle.h"
#include "core/bill.h"
#include "core/explain.h"
#include <aignehub/aignehub.h>

static void on_recorded(struct net_job *self)
{
    struct aigne_call *call = LIST_OWNER(self, struct aigne_call, recorded);
    if (call->record.rc < 0 && call->rc >= 0) {
        call->rc = AIGNE_E_STORE;
        fault_set(&call->fault, AIGNE_E_STORE,
                  "The answer came but could not be recorded, so it is not handed out; see the "
                  "hub's log.");
    }
    if (call->bill && call->record.rc >= 0)
        bill_settled(call);
    call->state = CALL_END;
    call_go_on(call);
}

static void record_done(struct ledger_entry *self)
{
    struct aigne_call *call = LIST_OWNER(self, struct aigne_call, record);
    loop_post(call->loop, &call->recorded);
}

/* On a borrowed loop the caller's thread waits for this call alone: two thread switches less. */
static void submit(struct aigne_call *call)
{
    call->record.done = record_done;
    call->record.rc = AIGNE_OK;
    if (call->pool && hub_record_here(call->hub->hub, &call->record)) {
        on_recorded(&call->recorded);
        return;
    }
    loop_expect(call->loop);
    loop_record(call->loop, call->hub->hub, &call->record);
}

static void record_kept(struct ledger_entry *self)
{
    struct aigne_call *call = LIST_OWNER(self, struct aigne_call, record);
    if (self->rc)
        submit(call);
    else
        on_recorded(&call->recorded);
}

bool settle_now(struct aigne_call *call)
{
    struct money_op *release = bill_release(call);
    if (call->row_count == 0 && !release)
        return true;
    if (call->record.done)
        return false;
    explain_record(call);
    call->recorded.run = on_recorded;
    call->record = (struct ledger_entry){.rows = call->rows,
                                         .row_count = call->row_count,
                                         .money = release,
                                         .money_kind = STORE_RELEASE,
                                         .done = record_kept};
    if (hub_may_keep(call->hub->hub, &call->record))
        loop_keep(call->loop, call->hub->hub, &call->record);
    else
        submit(call);
    return false;
}
