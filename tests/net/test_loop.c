/* Proves the loop itself: its descriptor, timers, wake-ups and jobs from other threads. */
#define _GNU_SOURCE
#include "base/clock.h"
#include "base/mem.h"
#include "exchange.h"
#include "net/timer_heap.h"
#include <aignehub/aignehub.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static bool readable(struct net_loop *l, int ms)
{
    struct pollfd one = {.fd = net_loop_fd(l), .events = POLLIN};
    return poll(&one, 1, ms) == 1;
}

static void descriptor_follows_hold_and_wake(void **state)
{
    (void)state;
    struct net_loop *l = loop_of_test();
    assert_false(readable(l, 0));
    net_loop_wake(l);
    net_loop_wake(l);
    assert_true(readable(l, 0));
    net_loop_drive(l, 0);
    assert_false(readable(l, 0));
    net_loop_hold_ready(l, true);
    assert_true(readable(l, 0));
    net_loop_drive(l, -1); /* does not wait while news is held */
    assert_true(readable(l, 0));
    net_loop_hold_ready(l, false);
    assert_false(readable(l, 0));
    net_loop_hold_ready(l, true);
    net_loop_wake(l);
    net_loop_hold_ready(l, false);
    net_loop_drive(l, 0);
    assert_false(readable(l, 0));
    net_loop_wake(l);
    net_loop_drive(l, -1); /* does not sleep over a wake that came before */
    net_loop_hold_ready(l, true);
    net_loop_wake(l);
    net_loop_hold_ready(l, false);
    assert_true(readable(l, 0));
    net_loop_drive(l, -1);
    assert_false(readable(l, 0));
    net_loop_free(l);
    net_loop_free(NULL);
}

/* ---- timers ---- */

struct ticking {
    struct net_timer timer;
    struct net_loop *loop;
    int fired;
    int64_t at_us;
};

static void tick(struct net_timer *timer)
{
    struct ticking *t = (struct ticking *)(void *)timer;
    t->fired++;
    t->at_us = clock_monotonic_us();
}

static void timers_fire_once_and_not_early(void **state)
{
    (void)state;
    struct net_loop *l = loop_of_test();
    struct ticking a = {.timer = {.fire = tick}};
    struct ticking b = {.timer = {.fire = tick}};
    struct ticking c = {.timer = {.fire = tick}};
    int64_t now = clock_monotonic_us();
    assert_int_equal(net_timer_set(l, &a.timer, now + 30000), AIGNE_OK);
    assert_int_equal(net_timer_set(l, &b.timer, now + 10000), AIGNE_OK);
    assert_int_equal(net_timer_set(l, &c.timer, now + 20000), AIGNE_OK);
    net_timer_clear(l, &c.timer);
    net_timer_clear(l, &c.timer);
    assert_true(readable(l, 2000)); /* a host's poll sees it */
    drive_until(l, &a.fired, 1);
    assert_int_equal(b.fired, 1);
    assert_int_equal(c.fired, 0);
    assert_true(b.at_us >= now + 10000);
    assert_true(a.at_us >= now + 30000);
    assert_int_equal(net_timer_set(l, &a.timer, now), AIGNE_OK); /* past: the next drive */
    assert_int_equal(net_timer_set(l, &b.timer, now + 60000000), AIGNE_OK);
    assert_int_equal(net_timer_set(l, &b.timer, now - 1), AIGNE_OK);
    net_loop_drive(l, 0);
    assert_int_equal(a.fired, 2);
    assert_int_equal(b.fired, 2);
    net_loop_drive(l, 0);
    net_loop_drive(l, 0);
    assert_false(readable(l, 0));
    net_loop_free(l);
}

static void rearm(struct net_timer *timer)
{
    struct ticking *t = (struct ticking *)(void *)timer;
    t->fired++;
    assert_int_equal(net_timer_set(t->loop, timer, net_loop_now_us(t->loop) + 1000), AIGNE_OK);
}

static void timers_may_arm_themselves(void **state)
{
    (void)state;
    struct net_loop *l = loop_of_test();
    struct ticking a = {.timer = {.fire = rearm}, .loop = l};
    assert_int_equal(net_timer_set(l, &a.timer, 0), AIGNE_OK);
    while (a.fired < 5) {
        assert_true(readable(l, 1000));
        net_loop_drive(l, 0);
    }
    net_timer_clear(l, &a.timer);
    net_loop_free(l);
}

static void heap_keeps_the_order(void **state)
{
    (void)state;
    enum { MANY = 2000 };
    static struct net_timer timers[MANY];
    struct timer_heap heap = {0};
    unsigned seed = 7;
    for (int i = 0; i < 20000; i++) {
        seed = seed * 1103515245 + 12345;
        struct net_timer *t = &timers[(seed >> 8) % MANY];
        if (seed >> 30 == 0)
            timer_heap_clear(&heap, t);
        else
            assert_int_equal(timer_heap_set(&heap, t, (int64_t)(seed >> 4) % 5000), AIGNE_OK);
    }
    int64_t last = INT64_MIN;
    size_t armed = heap.count;
    size_t left = 0;
    for (int i = 0; i < MANY; i++)
        left += timers[i].position != 0;
    assert_int_equal(armed, left);
    while (heap.count) {
        struct net_timer *first = timer_heap_first(&heap);
        assert_true(first->due_us >= last);
        last = first->due_us;
        timer_heap_clear(&heap, first);
        assert_int_equal(first->position, 0);
    }
    timer_heap_free(&heap);
}

/* ---- other threads ---- */

enum { POSTERS = 4, JOBS = 2000 };

struct posted {
    struct net_job job;
    int *counter;
    int *order; /* the poster's jobs come in their order */
    int number;
};

static struct net_loop *shared;
static struct posted posted[POSTERS][JOBS];
static int counter;
static int orders[POSTERS];

static void run_posted(struct net_job *self)
{
    struct posted *p = (struct posted *)(void *)self;
    assert_int_equal(*p->order, p->number);
    (*p->order)++;
    (*p->counter)++;
}

static void *post_all(void *argument)
{
    struct posted *mine = argument;
    for (int i = 0; i < JOBS; i++) {
        net_loop_post(shared, &mine[i].job);
        if (i % 64 == 0)
            net_loop_wake(shared);
    }
    return NULL;
}

static void jobs_arrive_from_other_threads(void **state)
{
    (void)state;
    shared = loop_of_test();
    counter = 0;
    pthread_t threads[POSTERS];
    for (int t = 0; t < POSTERS; t++) {
        orders[t] = 0;
        for (int i = 0; i < JOBS; i++)
            posted[t][i] = (struct posted){{NULL, run_posted}, &counter, &orders[t], i};
        assert_int_equal(pthread_create(&threads[t], NULL, post_all, posted[t]), 0);
    }
    int64_t limit = clock_monotonic_us() + 20000000;
    while (counter < POSTERS * JOBS) {
        net_loop_drive(shared, -1); /* a lost wake-up would hang here */
        assert_true(clock_monotonic_us() < limit);
    }
    for (int t = 0; t < POSTERS; t++)
        pthread_join(threads[t], NULL);
    net_loop_drive(shared, 0);
    assert_false(readable(shared, 0));
    net_loop_free(shared);
}

/* A host that only polls the descriptor and drives without waiting must see everything. */
static void serve_small(struct tcp_connection *c)
{
    while (tcp_read_request(c))
        if (!tcp_answer(c, "{}"))
            return;
}

static void polling_host_never_stalls(void **state)
{
    (void)state;
    struct tcp_server server;
    assert_true(tcp_server_start(&server, serve_small, NULL));
    struct net_loop *l = loop_of_test();
    for (int i = 0; i < 200; i++) {
        struct exchange x;
        exchange_init(&x, l, &server, "/", "{}");
        exchange_start(&x);
        while (!x.ends) {
            assert_true(readable(l, 5000));
            net_loop_drive(l, 0);
        }
        assert_int_equal(x.rc, AIGNE_OK);
        exchange_free(&x);
    }
    net_loop_free(l);
    tcp_server_stop(&server);
}

static struct net_loop *reentered;

static void drive_again(struct net_job *self)
{
    (void)self;
    counter++;
    assert_int_equal(net_loop_drive(reentered, 0), AIGNE_E_USAGE);
}

static void drive_is_not_reentered(void **state)
{
    (void)state;
    struct net_job job = {NULL, drive_again};
    reentered = loop_of_test();
    counter = 0;
    net_loop_post(reentered, &job);
    net_loop_drive(reentered, -1);
    assert_int_equal(counter, 1);
    net_loop_free(reentered);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(descriptor_follows_hold_and_wake),
        cmocka_unit_test(timers_fire_once_and_not_early),
        cmocka_unit_test(timers_may_arm_themselves),
        cmocka_unit_test(heap_keeps_the_order),
        cmocka_unit_test(jobs_arrive_from_other_threads),
        cmocka_unit_test(polling_host_never_stalls),
        cmocka_unit_test(drive_is_not_reentered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
