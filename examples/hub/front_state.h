/* front_state.h - what a front's two halves share: the loop (front.c) and its clients (client.c). */
#ifndef HUB_FRONT_STATE_H
#define HUB_FRONT_STATE_H

#include "answer.h"
#include "client.h"
#include "front.h"
#include <stdatomic.h>

struct front {
    const struct front_options *options;
    struct MHD_Daemon *daemon;
    aigne_loop *loop;
    struct client *clients;
    struct client *idle; /* the first of them is idle for longest */
    struct client *last_idle;
    unsigned count;         /* of clients */
    struct client *resumed; /* to be handed back to the daemon at the end of the turn */
    struct spares spares;
    int epoll;
    int wake;
    int64_t now_ms;
    int64_t swept_ms;
    int64_t drain_until_ms;
    unsigned most; /* clients at once since memory was last given back */
    bool busy;     /* the daemon has more to do without waiting */
    int clearing;  /* so many more runs, until it has let go of whom we cut off */
    bool closing;  /* a connection broke off: one more run clears it away */
    bool started;  /* exchanges have begun that the loop has not seen yet */
    bool draining;
    atomic_int order;
    char head[32 * 1024]; /* a request's header block; twice what the daemon accepts */
};

/* The daemon may go on with the client, once this turn's news have been collected. */
void front_resume(struct client *c);

#endif
