/* internal.h - what the files of this room share, and nobody else includes. */
#ifndef AIGNE_NET_INTERNAL_H
#define AIGNE_NET_INTERNAL_H

#include "base/buf.h"
#include "base/list.h"
#include "net/loop.h"
#include "net/sockets.h"
#include "net/timer_heap.h"
#include "net/transfer.h"
#include <stdatomic.h>
#include <stddef.h>

struct shard;

struct net_loop {
    int epoll_fd;
    int wake_fd;
    int timer_fd;
    atomic_bool signalled; /* wake_fd is readable, or about to be */
    atomic_bool woken;     /* somebody called net_loop_wake, and no drive returned since */
    _Atomic(struct net_job *) jobs;
    struct net_job *deferred; /* by the loop's own thread */
    int64_t now_us;
    int64_t armed_us; /* when timer_fd goes off; INT64_MAX: never */
    bool held;
    bool driving;
    bool in_curl; /* inside a call of libcurl that may call back: it must not be re-entered */
    uint64_t actions; /* calls of libcurl so far */
    uint64_t news;    /* callbacks delivered so far */
    struct timer_heap timers;
    struct socket_table sockets;

    /* transfer*.c */
    struct shard **shards;
    size_t shard_count;
    struct list due;      /* shards that libcurl wants run now */
    struct list starting; /* transfers on their way in, */
    struct list running;  /* under way, */
    struct list resuming; /* to be unpaused (resume_link), */
    struct list doomed;   /* cancelled while libcurl was busy, */
    struct list pool;     /* and those that wait for the next request */
    size_t pool_count;
    struct net_timer housekeeping;
};

/* loop.c: make the next drive happen soon. Loop's thread. */
void loop_request_turn(struct net_loop *l);

/* transfer.c, transfer_shard.c */
int transfers_init(struct net_loop *l, struct fault *why);
void transfers_free(struct net_loop *l);
bool transfers_pending(const struct net_loop *l);
void transfers_flush(struct net_loop *l); /* carry out what callbacks and callers asked for */
void transfers_run_due(struct net_loop *l);
void transfers_socket_event(struct net_loop *l, uint64_t tag, uint32_t events);

#endif
