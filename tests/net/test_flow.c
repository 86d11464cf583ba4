/* Proves pausing, cancelling and many transfers at once. */
#define _GNU_SOURCE
#include "base/clock.h"
#include "exchange.h"
#include "failing_alloc.h"
#include <aignehub/aignehub.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct tcp_server server;
static struct net_loop *loop;

static void begin(void (*serve)(struct tcp_connection *c), void *user)
{
    assert_true(tcp_server_start(&server, serve, user));
    loop = loop_of_test();
}

static void finish(void)
{
    net_loop_free(loop);
    tcp_server_stop(&server);
}

/* ---- pausing ---- */

#define BIG ((size_t)10 * 1024 * 1024)

static char pattern(size_t i)
{
    return (char)(i * 2654435761U >> 13);
}

static void serve_big(struct tcp_connection *c)
{
    while (tcp_read_request(c)) {
        char *bytes = malloc(BIG);
        for (size_t i = 0; i < BIG; i++)
            bytes[i] = pattern(i);
        bool chunked = strstr(c->head, "/chunked") != NULL;
        tcp_say(c, "HTTP/1.1 200 OK\r\n");
        tcp_say(c, chunked ? "Transfer-Encoding: chunked\r\n\r\n"
                           : "Content-Length: 10485760\r\n\r\n");
        if (!chunked) {
            tcp_write(c, bytes, BIG);
        } else {
            for (size_t i = 0; i < BIG; i += 1024) {
                tcp_say(c, "400\r\n");
                tcp_write(c, bytes + i, 1024);
                tcp_say(c, "\r\n");
            }
            tcp_say(c, "0\r\n\r\n");
        }
        free(bytes);
    }
}

static void check_big(const char *path, int pause_every)
{
    struct exchange x;
    exchange_init(&x, loop, &server, path, "{}");
    x.pause_every = pause_every;
    exchange_start(&x);
    int seen = 0;
    int64_t limit = clock_monotonic_us() + 30000000;
    while (!x.ends) {
        assert_int_equal(net_loop_drive(loop, 100), AIGNE_OK);
        assert_true(clock_monotonic_us() < limit);
        if (x.refused != seen && x.transfer) {
            seen = x.refused;
            transfer_resume(x.transfer);
        }
    }
    assert_int_equal(x.rc, AIGNE_OK);
    assert_true(pause_every == 0 || x.refused > 5);
    assert_int_equal(x.body.n, BIG);
    for (size_t i = 0; i < BIG; i++)
        if (x.body.p[i] != pattern(i))
            fail_msg("byte %zu differs", i);
    exchange_free(&x);
}

static void paused_bytes_are_the_same(void **state)
{
    (void)state;
    begin(serve_big, NULL);
    check_big("/length", 0);
    check_big("/length", 2);
    check_big("/length", 7);
    check_big("/chunked", 3);
    assert_int_equal(atomic_load(&server.connections), 1);
    finish();
}

static void pause_holds_the_peer_and_the_idle_limit(void **state)
{
    (void)state;
    begin(serve_big, NULL);
    struct exchange x;
    exchange_init(&x, loop, &server, "/length", "{}");
    x.pause_every = 1;
    x.limits.idle_ms = 50;
    exchange_start(&x);
    drive_until(loop, &x.refused, 1);
    drive_for(loop, 200);
    assert_int_equal(x.ends, 0); /* not idle: we did not ask */
    assert_int_equal(x.pieces, 1);
    int64_t turns = 0; /* a paused transfer leaves the descriptor quiet */
    int64_t start = clock_monotonic_us();
    while (clock_monotonic_us() - start < 100000) {
        net_loop_drive(loop, 50);
        turns++;
    }
    assert_true(turns < 20);
    x.pause_every = 0;
    transfer_resume(x.transfer);
    exchange_finish(&x);
    assert_int_equal(x.rc, AIGNE_OK);
    assert_int_equal(x.body.n, BIG);
    exchange_free(&x);
    finish();
}

static int stop_when_resumed(struct exchange *x, struct slice piece)
{
    (void)piece;
    return x->pieces == 1 ? AIGNE_AGAIN : AIGNE_E_CANCELLED;
}

static void reader_may_stop_after_a_pause(void **state)
{
    (void)state;
    begin(serve_big, NULL);
    struct exchange x;
    exchange_init(&x, loop, &server, "/chunked", "{}");
    x.on_data = stop_when_resumed;
    exchange_start(&x);
    drive_until(loop, &x.pieces, 1);
    transfer_resume(x.transfer);
    assert_int_equal(x.pieces, 1); /* never from inside resume */
    exchange_finish(&x);
    assert_int_equal(x.rc, AIGNE_E_CANCELLED);
    assert_int_equal(x.pieces, 2);
    exchange_free(&x);
    finish();
}

/* ---- cancelling ---- */

struct watched {
    const char *answer; /* NULL: none */
    atomic_int closed_ms;
    atomic_int served;
};

static void serve_and_watch(struct tcp_connection *c)
{
    struct watched *w = c->user;
    if (!tcp_read_request(c))
        return;
    if (w->answer)
        tcp_say(c, w->answer);
    atomic_fetch_add(&w->served, 1);
    atomic_store(&w->closed_ms, tcp_wait_closed(c, 5000));
}

static void wait_for(atomic_int *value, int wanted)
{
    for (int i = 0; i < 5000 && atomic_load(value) < wanted; i++)
        drive_for(loop, 1);
    assert_true(atomic_load(value) >= wanted);
}

static void check_cancel(const char *answer, bool wait_for_head)
{
    struct watched w = {.answer = answer};
    atomic_init(&w.closed_ms, -2);
    begin(serve_and_watch, &w);
    struct exchange x;
    exchange_init(&x, loop, &server, "/", "{}");
    exchange_start(&x);
    if (wait_for_head)
        drive_until(loop, &x.heads, 1);
    else
        wait_for(&w.served, 1);
    int64_t start = clock_monotonic_us();
    transfer_cancel(x.transfer);
    x.transfer = NULL;
    while (atomic_load(&w.closed_ms) == -2) /* no drive: the close happens inside cancel */
        sched_yield();
    assert_true(clock_monotonic_us() - start < 50000);
    assert_int_not_equal(atomic_load(&w.closed_ms), -1);
    drive_for(loop, 20);
    assert_int_equal(x.ends, 0);
    exchange_free(&x);
    finish();
}

static void cancel_closes_at_once(void **state)
{
    (void)state;
    check_cancel(NULL, false);
    check_cancel("HTTP/1.1 200 OK\r\nX: ", false);
    check_cancel("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123", true);
    check_cancel("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", true);
}

static void cancel_before_anything_happens(void **state)
{
    (void)state;
    struct watched w = {0};
    begin(serve_and_watch, &w);
    struct exchange x;
    exchange_init(&x, loop, &server, "/", "{}");
    exchange_start(&x);
    transfer_cancel(x.transfer);
    drive_for(loop, 10);
    assert_int_equal(atomic_load(&server.connections), 0);
    x.request.url = SLICE("http://192.0.2.1:9/"); /* nobody answers there */
    exchange_start(&x);
    net_loop_drive(loop, 0); /* connecting */
    if (x.transfer)
        transfer_cancel(x.transfer);
    x.transfer = NULL;
    x.ends = 0;
    drive_for(loop, 10);
    assert_int_equal(x.ends, 0);
    /* a name whose lookup may hang */
    x.request.url = SLICE("http://does-not-exist.invalid/");
    exchange_start(&x);
    net_loop_drive(loop, 0);
    int64_t start = clock_monotonic_us();
    if (x.transfer) /* else it was told at once that there is none */
        transfer_cancel(x.transfer);
    x.transfer = NULL;
    assert_true(clock_monotonic_us() - start < 50000);
    exchange_free(&x);
    finish();
}

static int cancel_all(struct exchange *x, struct slice piece)
{
    struct exchange *all = x->user;
    (void)piece;
    for (int i = 0; i < 3; i++) {
        if (all[i].transfer)
            transfer_cancel(all[i].transfer);
        all[i].transfer = NULL;
        memset(all[i].url, 'x', sizeof(all[i].url)); /* the request's memory is ours again */
    }
    return AIGNE_OK;
}

static void cancel_from_a_callback(void **state)
{
    (void)state;
    begin(serve_big, NULL);
    struct exchange all[3];
    for (int i = 0; i < 3; i++) {
        exchange_init(&all[i], loop, &server, "/length", "{}");
        all[i].on_data = cancel_all;
        all[i].user = all;
        exchange_start(&all[i]);
    }
    int64_t limit = clock_monotonic_us() + 120000000;
    while (all[0].transfer) {
        net_loop_drive(loop, 100);
        assert_true(clock_monotonic_us() < limit);
    }
    drive_for(loop, 30);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(all[i].ends, 0);
        exchange_free(&all[i]);
    }
    finish();
}

static void start_again(struct exchange *x)
{
    if (x->ends < 5)
        exchange_start(x);
}

static void serve_small(struct tcp_connection *c)
{
    while (tcp_read_request(c))
        if (!tcp_answer(c, "{\"ok\":true}"))
            return;
}

static void start_from_the_end_of_another(void **state)
{
    (void)state;
    begin(serve_small, NULL);
    struct exchange x;
    exchange_init(&x, loop, &server, "/", "{}");
    x.on_end = start_again;
    exchange_start(&x);
    drive_until(loop, &x.ends, 5);
    assert_int_equal(x.body.n, 5 * 11);
    assert_int_equal(atomic_load(&server.connections), 1);
    exchange_free(&x);
    finish();
}

static void loop_may_go_with_work_left(void **state)
{
    (void)state;
    begin(serve_big, NULL);
    struct exchange x;
    exchange_init(&x, loop, &server, "/length", "{}");
    x.pause_every = 1;
    exchange_start(&x);
    drive_until(loop, &x.refused, 1);
    x.transfer = NULL;
    finish();
    assert_int_equal(x.ends, 0);
    exchange_free(&x);
}

/* ---- many ---- */

static int ended;

static void count_end(struct exchange *x)
{
    (void)x;
    ended++;
}

static void five_hundred_at_once(void **state)
{
    (void)state;
    enum { MANY = 500 };
    assert_true(tcp_server_start_answering(&server, "{\"ok\":true}"));
    loop = loop_of_test();
    struct exchange *all = calloc(MANY, sizeof(*all));
    for (int round = 0; round < 3; round++) {
        ended = 0;
        for (int i = 0; i < MANY; i++) {
            exchange_init(&all[i], loop, &server, "/", "{\"n\":1}");
            all[i].on_end = count_end;
            exchange_start(&all[i]);
        }
        drive_until(loop, &ended, MANY);
        for (int i = 0; i < MANY; i++) {
            assert_int_equal(all[i].rc, AIGNE_OK);
            assert_int_equal(all[i].body.n, 11);
            exchange_free(&all[i]);
        }
    }
    assert_int_equal(atomic_load(&server.requests), 3 * MANY);
    assert_true(atomic_load(&server.connections) <= MANY + 10); /* kept for the next rounds */
    free(all);
    finish();
}

/* ---- no memory ---- */

static void once_with_failing_memory(void *user)
{
    (void)user;
    struct net_loop *l = NULL;
    struct fault why;
    fault_clear(&why);
    if (net_loop_new(&l, &why) != AIGNE_OK) {
        assert_true(failing_alloc_tripped());
        return;
    }
    struct exchange x;
    exchange_init(&x, l, &server, "/", "{}");
    x.request.body[1] = SLICE(" ");
    x.request.body_count = 2;
    x.limits = (struct transfer_limits){1000, 1000, 1000, 2000};
    int rc = transfer_start(l, &x.request, &x.limits, &x.route, &exchange_handler, &x,
                            &x.transfer, &why);
    if (rc == AIGNE_OK) {
        drive_until(l, &x.ends, 1);
        rc = x.rc;
    }
    if (!failing_alloc_tripped())
        assert_int_equal(rc, AIGNE_OK);
    else
        assert_true(rc == AIGNE_OK || rc == AIGNE_E_NOMEM || rc == AIGNE_E_NETWORK ||
                    rc == AIGNE_E_PROTOCOL);
    exchange_free(&x);
    net_loop_free(l);
}

static void every_failed_allocation_is_an_error(void **state)
{
    (void)state;
    assert_true(tcp_server_start(&server, serve_small, NULL));
    assert_true(failing_alloc_each(once_with_failing_memory, NULL) > 4);
    tcp_server_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_failed_allocation_is_an_error),
        cmocka_unit_test(paused_bytes_are_the_same),
        cmocka_unit_test(pause_holds_the_peer_and_the_idle_limit),
        cmocka_unit_test(reader_may_stop_after_a_pause),
        cmocka_unit_test(cancel_closes_at_once),
        cmocka_unit_test(cancel_before_anything_happens),
        cmocka_unit_test(cancel_from_a_callback),
        cmocka_unit_test(start_from_the_end_of_another),
        cmocka_unit_test(loop_may_go_with_work_left),
        cmocka_unit_test(five_hundred_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
