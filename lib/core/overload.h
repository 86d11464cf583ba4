/* overload.h - how much the exchanges of a hub hold at once, and what is turned away when that is too much. */
#ifndef AIGNE_CORE_OVERLOAD_H
#define AIGNE_CORE_OVERLOAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct aigne_call;

struct overload {
    atomic_int_least64_t calls;
    atomic_int_least64_t bytes;
    int64_t most_calls; /* 0: no limit, as the next */
    int64_t most_bytes;
};

/* What an exchange is counted with. */
struct overload_share {
    bool entered;
    int64_t bytes;
};

/* A call begins. False: call->fault says that the hub has too much to do. */
bool overload_enter(struct aigne_call *call);
/* Its buffers may have grown. An error: they must not. */
int overload_note(struct aigne_call *call);
void overload_leave(struct aigne_call *call);

#endif
