/* Knows one thread's turn: what is waited for, and in which order it is served; refuses to know
 * requests and answers. */
#define _GNU_SOURCE
#include "front.h"
#include "client.h"
#include "front_state.h"
#include <malloc.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    EVENTS = 64,
    RUNS = 4,        /* of the daemon in one turn, so that a herd does not starve the loop */
    PULLS = 64,      /* calls served in one turn */
    POOL = 8 * 1024, /* fits a head of 7 KB; an idle client costs little else */
    SWEEP_MS = 1000,
    BURST = 100 /* clients */
};

static int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct MHD_Daemon *start_daemon(struct front *f, int listener)
{
    const struct front_options *o = f->options;
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, o->certificate},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, o->key},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
    if (o->certificate)
        flags |= MHD_USE_TLS;
    return MHD_start_daemon(
        flags, 0, NULL, NULL, client_request, f, MHD_OPTION_LISTEN_SOCKET, listener,
        MHD_OPTION_NOTIFY_CONNECTION, client_connection, f, MHD_OPTION_URI_LOG_CALLBACK,
        client_target, f, MHD_OPTION_NOTIFY_COMPLETED, client_completed, f,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL,
        MHD_OPTION_CONNECTION_MEMORY_INCREMENT, (size_t)POOL, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)o->keep_alive_s, MHD_OPTION_CONNECTION_LIMIT, o->connections,
        MHD_OPTION_ARRAY, o->certificate ? tls : none, MHD_OPTION_END);
}

static bool watch(struct front *f, int fd, void *who)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = who};
    return fd >= 0 && epoll_ctl(f->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* Events say whom they are for by an address: of these three members, or of a client. */
static bool watch_all(struct front *f)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(f->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    return info && watch(f, info->epoll_fd, &f->daemon) &&
           watch(f, aigne_loop_fd(f->loop), &f->loop) && watch(f, f->wake, &f->wake);
}

struct front *front_new(int listener, const struct front_options *options)
{
    struct front *f = calloc(1, sizeof(*f));
    if (!f) {
        close(listener);
        return NULL;
    }
    f->options = options;
    f->now_ms = clock_ms();
    f->epoll = epoll_create1(EPOLL_CLOEXEC);
    f->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (f->epoll < 0 || f->wake < 0 || aigne_loop_new(&f->loop, NULL) != AIGNE_OK ||
        !(f->daemon = start_daemon(f, listener)) || !watch_all(f)) {
        if (!f->daemon)
            close(listener);
        front_free(f);
        return NULL;
    }
    return f;
}

void front_order(struct front *f, enum front_order order)
{
    const uint64_t one = 1;
    atomic_store(&f->order, (int)order);
    if (write(f->wake, &one, sizeof(one)) < 0)
        return; /* it is awake already */
}

void front_resume(struct client *c)
{
    if (!c->suspended || c->resuming)
        return;
    c->resuming = true;
    c->next_resumed = c->front->resumed;
    c->front->resumed = c;
}

static bool resume_all(struct front *f)
{
    bool any = f->resumed;
    while (f->resumed) {
        struct client *c = f->resumed;
        f->resumed = c->next_resumed;
        c->suspended = c->resuming = false;
        MHD_resume_connection(c->connection);
    }
    return any;
}

static void run_daemon(struct front *f)
{
    for (int i = 0; i < RUNS; i++) {
        MHD_UNSIGNED_LONG_LONG left_ms = 0;
        f->closing = false;
        MHD_run(f->daemon);
        bool waits = MHD_get_timeout(f->daemon, &left_ms) != MHD_YES || left_ms > 0;
        f->busy = f->closing || !waits || f->clearing > 0;
        f->clearing -= f->clearing > 0;
        if (!f->busy)
            return;
    }
}

static void drive_loop(struct front *f)
{
    f->started = false;
    aigne_loop_drive(f->loop, 0);
    for (int i = 0; i < PULLS; i++) {
        aigne_call *call = aigne_loop_ready(f->loop);
        if (!call)
            return;
        client_pull(aigne_call_tag(call));
    }
}

/* After a burst the allocator keeps what it took; pages that are free go back when it is over. */
static void settle_memory(struct front *f, unsigned clients)
{
    if (clients > f->most)
        f->most = clients;
    if (f->most < BURST || clients > f->most / 4)
        return;
    malloc_trim(0);
    f->most = clients;
}

static void sweep(struct front *f)
{
    unsigned clients = 0;
    f->swept_ms = f->now_ms;
    for (struct client *c = f->clients; c; c = c->next) {
        client_check_patience(c);
        clients++;
    }
    settle_memory(f, clients);
}

static int wait_ms(struct front *f)
{
    if (f->busy || f->started)
        return 0;
    return f->clients || f->draining || f->most >= BURST ? SWEEP_MS : -1;
}

struct news {
    bool daemon;
    bool loop;
};

/* Nothing is freed here: an event further on in the batch may be for the same client. */
static struct news wait_for_news(struct front *f)
{
    struct news news = {f->busy, f->started};
    struct epoll_event events[EVENTS];
    uint64_t count = 0;
    int n = epoll_wait(f->epoll, events, EVENTS, wait_ms(f));
    f->now_ms = clock_ms();
    for (int i = 0; i < n; i++) {
        void *who = events[i].data.ptr;
        if (who == &f->daemon)
            news.daemon = true;
        else if (who == &f->loop)
            news.loop = true;
        else if (who == &f->wake)
            news.loop = read(f->wake, &count, sizeof(count)) > 0 || news.loop;
        else
            client_lost(who);
    }
    return news;
}

/* Answers before requests: what has arrived from providers leaves, then what clients ask for goes out
 * to providers, in one turn. The daemon runs after all events have been looked at. */
static void turn(struct front *f)
{
    struct news news = wait_for_news(f);
    if (f->now_ms - f->swept_ms >= SWEEP_MS) {
        sweep(f);
        news.daemon = true; /* it has timeouts of its own */
    }
    if (news.loop)
        drive_loop(f);
    if (resume_all(f) || news.daemon)
        run_daemon(f);
    if (f->started)
        drive_loop(f);
    if (resume_all(f))
        run_daemon(f);
}

static void begin_drain(struct front *f)
{
    f->draining = true;
    f->drain_until_ms = clock_ms() + f->options->drain_s * 1000;
    run_daemon(f); /* who has connected already is let in */
    close(MHD_quiesce_daemon(f->daemon));
    for (struct client *c = f->clients; c; c = c->next)
        client_retire(c);
}

void front_run(struct front *f)
{
    for (;;) {
        int order = atomic_load(&f->order);
        if (order == FRONT_DRAIN && !f->draining)
            begin_drain(f);
        bool drained = f->draining && (!f->clients || f->now_ms >= f->drain_until_ms);
        if (order == FRONT_STOP || drained)
            return;
        turn(f);
    }
}

void front_free(struct front *f)
{
    for (struct client *c = f->clients; c; c = c->next) {
        client_lost(c);
        front_resume(c); /* a daemon must not be stopped with a suspended connection */
    }
    if (resume_all(f))
        MHD_run(f->daemon);
    if (f->daemon)
        MHD_stop_daemon(f->daemon);
    aigne_loop_free(f->loop);
    spares_free(&f->spares);
    close(f->wake);
    close(f->epoll);
    free(f);
}
