/* The public face of calls and loops: checks, then core. */
#include "core/call.h"
#include "api/guard.h"
#include "core/library.h"
#include "core/loop.h"
#include "core/pull.h"

int aigne_call_next(aigne_call *call, int wait_ms, aigne_event *ev, aigne_error **err)
{
    struct fault why;
    if (!call || !ev || call->magic != HANDLE_CALL) {
        fault_clear(&why);
        if (guard_handle(call, HANDLE_CALL, __func__, &why) >= 0)
            guard_pointer(ev, __func__, "ev", &why);
        return error_give(&why, err);
    }
    int rc = pull_next(call, wait_ms, ev, &why);
    return rc < 0 ? error_give(&why, err) : rc;
}

int aigne_call_finish(aigne_call *call, aigne_reply **out, aigne_error **err)
{
    struct fault why;
    fault_clear(&why);
    int rc = guard_pointer(out, __func__, "out", &why);
    if (rc >= 0) {
        *out = NULL;
        rc = guard_handle(call, HANDLE_CALL, __func__, &why);
    }
    if (rc >= 0 && !library_is(call))
        rc = fault_set(&why, AIGNE_E_USAGE,
                       "An exchange of the gateway has no reply; take its events instead.");
    if (rc >= 0)
        rc = pull_finish(call, out, &why);
    return rc < 0 ? error_give(&why, err) : AIGNE_OK;
}

static bool is_live(const aigne_call *call, const char *function)
{
    struct fault why;
    return guard_handle(call, HANDLE_CALL, function, &why) >= 0;
}

void aigne_call_cancel(aigne_call *call)
{
    if (call && call->magic == HANDLE_CALL)
        call_ask_cancel(call);
}

void aigne_call_set_tag(aigne_call *call, void *tag)
{
    if (is_live(call, __func__))
        call->tag = tag;
}

void *aigne_call_tag(const aigne_call *call)
{
    return is_live(call, __func__) ? call->tag : NULL;
}

void aigne_call_free(aigne_call *call)
{
    if (call && is_live(call, __func__))
        call_free(call);
}

int aigne_loop_new(aigne_loop **out, aigne_error **err)
{
    struct fault why;
    fault_clear(&why);
    int rc = guard_pointer(out, __func__, "out", &why);
    if (rc >= 0) {
        *out = NULL;
        rc = loop_new(out, &why);
    }
    return rc < 0 ? error_give(&why, err) : AIGNE_OK;
}

static bool is_live_loop(const aigne_loop *l, const char *function)
{
    struct fault why;
    return guard_handle(l, HANDLE_LOOP, function, &why) >= 0;
}

int aigne_loop_fd(const aigne_loop *l)
{
    return is_live_loop(l, __func__) ? net_loop_fd(l->net) : AIGNE_E_USAGE;
}

int aigne_loop_drive(aigne_loop *l, int wait_ms)
{
    return is_live_loop(l, __func__) ? loop_drive(l, wait_ms) : AIGNE_E_USAGE;
}

aigne_call *aigne_loop_ready(aigne_loop *l)
{
    return is_live_loop(l, __func__) ? loop_take_ready(l) : NULL;
}

void aigne_loop_free(aigne_loop *l)
{
    if (l && is_live_loop(l, __func__))
        loop_release(l);
}
