/* Knows how a caller waits on a call; refuses to know what makes it go on. */
#include "core/pull.h"
#include "base/clock.h"
#include "core/exchange.h"
#include "core/library.h"

static bool take_waiting(struct aigne_call *call, struct aigne_event *ev)
{
    return exchange_is(call) ? exchange_take(call, ev) : library_take(call, ev);
}

/* What was taken makes room, and room may bring more at once. */
static bool take(struct aigne_call *call, struct aigne_event *ev)
{
    bool taken = take_waiting(call, ev);
    if (!taken)
        call_no_news(call);
    call_taken(call);
    return taken || take_waiting(call, ev);
}

static int ended(const struct aigne_call *call, struct fault *why)
{
    if (call->rc < 0)
        *why = call->fault;
    return call->rc < 0 ? call->rc : AIGNE_OK;
}

/* What is left of `wait_ms` since `started_us`; -1 stays for ever. */
static int left(int wait_ms, int64_t started_us)
{
    if (wait_ms < 0)
        return -1;
    int64_t used_ms = (clock_monotonic_us() - started_us) / 1000;
    return used_ms < wait_ms ? (int)(wait_ms - used_ms) : 0;
}

int pull_next(struct aigne_call *call, int wait_ms, struct aigne_event *ev, struct fault *why)
{
    int64_t started_us = wait_ms > 0 ? clock_monotonic_us() : 0;
    bool drive = wait_ms != 0 || call->pool;
    for (;;) {
        if (take(call, ev))
            return AIGNE_EVENT;
        if (call->state == CALL_END)
            return ended(call, why);
        if (!drive)
            return AIGNE_AGAIN;
        int wait = wait_ms ? left(wait_ms, started_us) : 0;
        loop_drive_for_one(call->loop, wait);
        drive = wait != 0;
    }
}

int pull_finish(struct aigne_call *call, struct aigne_reply **out, struct fault *why)
{
    struct aigne_event ev;
    int rc = pull_next(call, -1, &ev, why);
    while (rc == AIGNE_EVENT)
        rc = pull_next(call, -1, &ev, why);
    return rc < 0 ? rc : library_answer(call, out, why);
}
