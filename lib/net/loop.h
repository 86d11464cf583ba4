/* loop.h - one epoll descriptor that drives transfers, timers and wake-ups.
 *
 * Used by one thread at a time; only net_loop_wake and net_loop_post may be called from any thread.
 * The descriptor stays readable (level-triggered) while there is work to do, and while
 * net_loop_hold_ready says that somebody above still has news to take. */
#ifndef AIGNE_NET_LOOP_H
#define AIGNE_NET_LOOP_H

#include "base/fault.h"
#include "base/list.h"
#include <stdbool.h>
#include <stdint.h>

struct net_loop;

int net_loop_new(struct net_loop **out, struct fault *why);
/* Every transfer must have ended or been cancelled. NULL is harmless. */
void net_loop_free(struct net_loop *l);
int net_loop_fd(const struct net_loop *l);
/* Do what can be done; wait up to `wait_ms` (-1: for ever) when there is nothing. Returns AIGNE_OK.
 * Bounded work per call: transfers that stay busy are served again at the next one. */
int net_loop_drive(struct net_loop *l, int wait_ms);
/* The time as of the last drive, so that a turn reads the clock once. */
int64_t net_loop_now_us(const struct net_loop *l);
/* Keep the descriptor readable (true) or not (false) on behalf of the layer above. */
void net_loop_hold_ready(struct net_loop *l, bool ready);

/* Make a waiting drive return. Any thread, and signal handlers. */
void net_loop_wake(struct net_loop *l);

/* A job handed to the loop's thread by any thread; `run` is called once inside a drive. The memory is
 * the caller's and must live until then. Lock-free. */
struct net_job {
    struct net_job *next;
    void (*run)(struct net_job *self);
};
void net_loop_post(struct net_loop *l, struct net_job *job);
/* The same by the loop's own thread: what can be done together with what the rest of this turn brings. */
void net_loop_defer(struct net_loop *l, struct net_job *job);

/* A deadline; `fire` is called once inside a drive at or after it. Zero-initialise before first use;
 * setting an armed timer moves it, clearing an idle one is harmless. */
struct net_timer {
    size_t position; /* in the loop's heap, 1-based; 0: not armed */
    int64_t due_us;
    void (*fire)(struct net_timer *self);
};
int net_timer_set(struct net_loop *l, struct net_timer *t, int64_t due_us); /* AIGNE_E_NOMEM */
void net_timer_clear(struct net_loop *l, struct net_timer *t);

#endif
