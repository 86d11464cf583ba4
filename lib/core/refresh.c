/* Knows how a call comes by a newer catalogue; refuses to know what it looks for in it. */
#include "core/refresh.h"

static void read_store(struct aigne_call *call)
{
    struct fault why; /* when the store cannot be read, the catalogue at hand stays */
    fault_clear(&why);
    hub_refresh(call->hub->hub, &why);
}

static void take_catalog(struct aigne_call *call)
{
    call->state = call->refresh_for;
    call->earlier_catalog = call->catalog;
    call->catalog = loop_catalog(call->loop, call->hub->hub, call->hub->serial);
    if (call_cancel_if_asked(call))
        return;
    fault_clear(&call->fault);
    call->refresh_done(call);
}

bool refresh_catalog(struct aigne_call *call, void (*done)(struct aigne_call *call))
{
    if (!call->hub || call->refreshed)
        return false;
    call->refreshed = true;
    call->refresh_for = call->state;
    call->refresh_done = done;
    return errand_send(call, &call->hub->desk, read_store, take_catalog) >= 0;
}
