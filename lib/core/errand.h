/* errand.h - work that blocks, done for a call on another thread while its loop goes on. */
#ifndef AIGNE_CORE_ERRAND_H
#define AIGNE_CORE_ERRAND_H

#include "core/desk.h"
#include "net/loop.h"
#include <stdbool.h>

struct aigne_call;

struct errand {
    struct desk_job out;
    struct net_job back;
    void (*work)(struct aigne_call *call); /* on the desk's thread */
    void (*done)(struct aigne_call *call); /* on the call's loop */
};

/* Do `work` at the desk, then `done` on the call's loop. Meanwhile the call waits in CALL_ERRAND and
 * stays, even when its owner lets go: then `done` is left out. `done` moves the call on. On failure
 * nothing happens but call->fault. */
int errand_send(struct aigne_call *call, struct desk *desk,
                void (*work)(struct aigne_call *call), void (*done)(struct aigne_call *call));

#endif
