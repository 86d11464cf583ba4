/* Knows how to wait for sockets, timers and other threads at once; refuses to know what a request is. */
#define _GNU_SOURCE
#include "net/loop.h"
#include "base/clock.h"
#include "base/mem.h"
#include "net/internal.h"
#include <aignehub/aignehub.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define EVENTS_PER_DRIVE 128
#define TIMERS_PER_DRIVE 1024

/* Tags of our own descriptors; those of sockets hold a generation and a number, see sockets.c. */
#define TAG_WAKE  UINT64_MAX
#define TAG_TIMER (UINT64_MAX - 1)

static void close_if_open(int fd)
{
    if (fd >= 0)
        (void)close(fd);
}

static int watch_own(struct net_loop *l, int fd, uint64_t tag)
{
    struct epoll_event event = {.events = EPOLLIN, .data = {.u64 = tag}};
    return fd < 0 ? -1 : epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static int open_descriptors(struct net_loop *l, struct fault *why)
{
    l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    l->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    l->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (l->epoll_fd < 0 || watch_own(l, l->wake_fd, TAG_WAKE) ||
        watch_own(l, l->timer_fd, TAG_TIMER))
        return fault_set(why, AIGNE_E_INTERNAL,
                         "an event loop needs three file descriptors and the system gave none: "
                         "raise the limit of open files");
    return AIGNE_OK;
}

static void free_loop(struct net_loop *l)
{
    /* libcurl calls back while it is torn down, so the descriptors go last. */
    transfers_free(l);
    timer_heap_free(&l->timers);
    sockets_free(&l->sockets);
    close_if_open(l->timer_fd);
    close_if_open(l->wake_fd);
    close_if_open(l->epoll_fd);
    mem_free(l);
}

int net_loop_new(struct net_loop **out, struct fault *why)
{
    *out = NULL;
    struct net_loop *l = mem_alloc_zero(sizeof(*l));
    if (!l)
        return fault_nomem(why);
    l->epoll_fd = l->wake_fd = l->timer_fd = -1;
    l->armed_us = INT64_MAX;
    l->now_us = clock_monotonic_us();
    atomic_init(&l->signalled, false);
    atomic_init(&l->woken, false);
    atomic_init(&l->jobs, NULL);
    int rc = transfers_init(l, why);
    if (rc == AIGNE_OK)
        rc = open_descriptors(l, why);
    if (rc != AIGNE_OK) {
        free_loop(l);
        return rc;
    }
    sockets_init(&l->sockets, l->epoll_fd);
    *out = l;
    return AIGNE_OK;
}

void net_loop_free(struct net_loop *l)
{
    if (l)
        free_loop(l);
}

int net_loop_fd(const struct net_loop *l)
{
    return l->epoll_fd;
}

int64_t net_loop_now_us(const struct net_loop *l)
{
    return l->now_us;
}

/* ---- waking ---- */

/* One write makes the descriptor readable however often it is asked for, until `drain`. */
static void signal_self(struct net_loop *l)
{
    if (atomic_exchange_explicit(&l->signalled, true, memory_order_acq_rel))
        return;
    uint64_t one = 1;
    int saved = errno;
    ssize_t written = write(l->wake_fd, &one, sizeof(one));
    (void)written; /* the counter cannot be full: it is read before it is written again */
    errno = saved;
}

static struct net_job *take_jobs(struct net_loop *l)
{
    struct net_job *newest = atomic_load_explicit(&l->jobs, memory_order_relaxed);
    if (!newest)
        return NULL;
    newest = atomic_exchange_explicit(&l->jobs, NULL, memory_order_acquire);
    struct net_job *oldest = NULL;
    while (newest) {
        struct net_job *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

/* The flag falls after the read: a poster that still saw it up has already queued its job, and the
 * queue is looked at after this. */
static void drain(struct net_loop *l)
{
    if (!atomic_load_explicit(&l->signalled, memory_order_acquire))
        return;
    uint64_t count;
    ssize_t got = read(l->wake_fd, &count, sizeof(count));
    (void)got;
    atomic_exchange_explicit(&l->signalled, false, memory_order_acq_rel);
}

void net_loop_wake(struct net_loop *l)
{
    atomic_store_explicit(&l->woken, true, memory_order_release);
    signal_self(l);
}

static bool take_wake(struct net_loop *l)
{
    return atomic_load_explicit(&l->woken, memory_order_relaxed) &&
           atomic_exchange_explicit(&l->woken, false, memory_order_acq_rel);
}

void net_loop_post(struct net_loop *l, struct net_job *job)
{
    struct net_job *head = atomic_load_explicit(&l->jobs, memory_order_relaxed);
    do {
        job->next = head;
    } while (!atomic_compare_exchange_weak_explicit(&l->jobs, &head, job, memory_order_release,
                                                    memory_order_relaxed));
    signal_self(l);
}

void loop_request_turn(struct net_loop *l)
{
    if (!l->driving) /* a drive looks for itself before it ends */
        signal_self(l);
}

void net_loop_defer(struct net_loop *l, struct net_job *job)
{
    job->next = l->deferred;
    l->deferred = job;
    loop_request_turn(l);
}

static bool called_for(struct net_loop *l)
{
    return atomic_load_explicit(&l->jobs, memory_order_acquire) != NULL ||
           atomic_load_explicit(&l->woken, memory_order_acquire);
}

static bool work_left(struct net_loop *l)
{
    const struct net_timer *first = timer_heap_first(&l->timers);
    return transfers_pending(l) || l->deferred || called_for(l) ||
           (first && first->due_us <= l->now_us);
}

/* Make the descriptor say whether there is something to do: once, when all of it is known. It is left
 * readable from a wake-up until then, which spares most turns a write and a read. */
static void settle(struct net_loop *l)
{
    if (!l->held && !work_left(l)) {
        drain(l);
        if (!called_for(l)) /* by another thread, while it was drained */
            return;
    }
    signal_self(l);
}

void net_loop_hold_ready(struct net_loop *l, bool ready)
{
    if (l->held == ready)
        return;
    l->held = ready;
    if (!l->driving) /* a drive settles it before it ends */
        settle(l);
}

/* ---- timers ---- */

/* The kernel's timer is only ever moved to an earlier time; when it goes off for a timer that was
 * cleared or moved meanwhile, it is armed for the one that is first then. */
static void arm(struct net_loop *l)
{
    const struct net_timer *first = timer_heap_first(&l->timers);
    if (!first || first->due_us >= l->armed_us)
        return;
    int64_t due = first->due_us > 0 ? first->due_us : 1;
    struct itimerspec when = {0};
    when.it_value.tv_sec = due / 1000000;
    when.it_value.tv_nsec = due % 1000000 * 1000;
    if (timerfd_settime(l->timer_fd, TFD_TIMER_ABSTIME, &when, NULL) == 0)
        l->armed_us = first->due_us;
}

int net_timer_set(struct net_loop *l, struct net_timer *t, int64_t due_us)
{
    int rc = timer_heap_set(&l->timers, t, due_us);
    if (rc == AIGNE_OK && !l->driving)
        arm(l);
    return rc;
}

void net_timer_clear(struct net_loop *l, struct net_timer *t)
{
    timer_heap_clear(&l->timers, t);
}

static void run_timers(struct net_loop *l)
{
    for (size_t fired = 0; fired < TIMERS_PER_DRIVE; fired++) {
        struct net_timer *first = timer_heap_first(&l->timers);
        if (!first || first->due_us > l->now_us)
            return;
        timer_heap_clear(&l->timers, first);
        l->news++;
        first->fire(first);
    }
}

/* ---- driving ---- */

static void run_jobs(struct net_loop *l, struct net_job *job)
{
    while (job) {
        struct net_job *next = job->next; /* `run` may free it */
        l->news++;
        job->run(job);
        job = next;
    }
}

static void take_event(struct net_loop *l, const struct epoll_event *event)
{
    if (event->data.u64 == TAG_WAKE) {
        (void)take_wake(
            l); /* this drive returns for it; the descriptor is settled at its end */
        return;
    }
    if (event->data.u64 == TAG_TIMER) {
        uint64_t count;
        ssize_t got = read(l->timer_fd, &count, sizeof(count));
        (void)got;
        l->armed_us = INT64_MAX;
        return;
    }
    transfers_socket_event(l, event->data.u64, event->events);
}

static void run_ready(struct net_loop *l)
{
    run_jobs(l, take_jobs(l));
    struct net_job *deferred = l->deferred;
    l->deferred = NULL;
    run_jobs(l, deferred);
    transfers_flush(l);
    transfers_run_due(l);
}

static void wait_for_events(struct net_loop *l, int wait_ms)
{
    struct epoll_event events[EVENTS_PER_DRIVE];
    int count = epoll_wait(l->epoll_fd, events, EVENTS_PER_DRIVE, wait_ms);
    l->now_us = clock_monotonic_us();
    for (int i = 0; i < count; i++)
        take_event(l, &events[i]);
}

/* Before sleeping, our own calls for a turn are answered: they must not end the sleep at once. */
static bool may_sleep(struct net_loop *l)
{
    drain(l);
    if (called_for(l))
        return false;
    arm(l);
    return true;
}

int net_loop_drive(struct net_loop *l, int wait_ms)
{
    if (l->driving)
        return AIGNE_E_USAGE;
    l->driving = true;
    uint64_t news = l->news;
    l->now_us = clock_monotonic_us();
    bool woken = take_wake(l); /* before this drive: it must not sleep over it */
    run_ready(l);
    bool busy = woken || l->held || l->news != news || work_left(l);
    wait_for_events(l, !busy && wait_ms != 0 && may_sleep(l) ? wait_ms : 0);
    run_timers(l);
    run_ready(l);
    l->driving = false;
    arm(l);
    settle(l);
    return AIGNE_OK;
}
