/* Proves what a transfer delivers, and that a request is sent once, against real sockets. */
#define _GNU_SOURCE
#include "base/limits.h"
#include "base/mem.h"
#include "exchange.h"
#include <aignehub/aignehub.h>
#include <pthread.h>
#include <stdio.h>
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

static bool body_is(const struct exchange *x, const char *text)
{
    return slice_is(buf_slice(&x->body), text);
}

/* ---- plain exchanges ---- */

static void serve_echo(struct tcp_connection *c)
{
    while (tcp_read_request(c))
        if (!tcp_answer(c, c->body))
            return;
}

static void post_comes_back(void **state)
{
    (void)state;
    begin(serve_echo, NULL);
    struct exchange x;
    exchange_init(&x, loop, &server, "/v1?key=hidden", "{\"a\":1}");
    exchange_run(&x);
    assert_int_equal(x.rc, AIGNE_OK);
    assert_true(x.sent);
    assert_int_equal(x.status, 200);
    assert_int_equal(x.heads, 1);
    assert_true(body_is(&x, "{\"a\":1}"));
    assert_true(
        slice_is(http_block_get(buf_slice(&x.headers), "content-type"), "application/json"));
    assert_false(slice_starts(buf_slice(&x.headers), "HTTP/"));
    assert_true(slice_ends(buf_slice(&x.headers), "\r\n"));
    exchange_free(&x);
    finish();
}

static void connection_is_kept(void **state)
{
    (void)state;
    begin(serve_echo, NULL);
    for (int i = 0; i < 50; i++) {
        struct exchange x;
        exchange_init(&x, loop, &server, "/", "{}");
        exchange_run(&x);
        assert_int_equal(x.rc, AIGNE_OK);
        exchange_free(&x);
    }
    assert_int_equal(atomic_load(&server.connections), 1);
    assert_int_equal(atomic_load(&server.requests), 50);
    finish();
}

static void serve_head_back(struct tcp_connection *c)
{
    while (tcp_read_request(c))
        if (!tcp_answer(c, c->head))
            return;
}

static void head_holds_what_was_asked(void **state)
{
    (void)state;
    begin(serve_head_back, NULL);
    struct exchange x;
    exchange_init(&x, loop, &server, "/path?a=b", "{}");
    assert_int_equal(http_request_header(&x.request, "Authorization", SLICE("Bearer k-1")), 0);
    assert_int_equal(http_request_header(&x.request, "X-Empty", SLICE("")), 0);
    exchange_run(&x);
    buf_put_byte(&x.body, '\0');
    const char *head = x.body.p;
    assert_non_null(strstr(head, "POST /path?a=b HTTP/1.1\r\n"));
    assert_non_null(strstr(head, "\r\nAuthorization: Bearer k-1\r\n"));
    assert_non_null(strstr(head, "\r\nX-Empty:\r\n"));
    assert_non_null(strstr(head, "\r\nContent-Length: 2\r\n"));
    assert_null(strstr(head, "Expect"));
    assert_null(strstr(head, "Accept-Encoding"));
    exchange_free(&x);

    exchange_init(&x, loop, &server, "/second", NULL);
    exchange_run(&x);
    buf_put_byte(&x.body, '\0');
    assert_non_null(strstr(x.body.p, "GET /second HTTP/1.1\r\n"));
    assert_null(strstr(x.body.p, "Authorization"));
    assert_null(strstr(x.body.p, "Content-Length"));
    exchange_free(&x);

    exchange_init(&x, loop, &server, "/third", NULL);
    x.request.method = "DELETE";
    exchange_run(&x);
    buf_put_byte(&x.body, '\0');
    assert_non_null(strstr(x.body.p, "DELETE /third HTTP/1.1\r\n"));
    exchange_free(&x);

    exchange_init(&x, loop, &server, "/fourth", "{\"p\":1}");
    x.request.method = "PUT";
    exchange_run(&x);
    buf_put_byte(&x.body, '\0');
    assert_non_null(strstr(x.body.p, "PUT /fourth HTTP/1.1\r\n"));
    assert_non_null(strstr(x.body.p, "Content-Length: 7\r\n"));
    exchange_free(&x);

    exchange_init(&x, loop, &server, "/fifth", NULL);
    x.request.method = "HEAD";
    exchange_run(&x);
    assert_int_equal(x.rc, AIGNE_OK);
    assert_int_equal(x.status, 200);
    assert_int_equal(x.body.n, 0);
    exchange_free(&x);
    finish();
}

static void line_breaks_in_headers_are_refused(void **state)
{
    (void)state;
    begin(serve_echo, NULL);
    const struct slice bad[] = {SLICE("a\r\nX-More: 1"), SLICE("a\nb"), SLICE("a\0b")};
    for (size_t i = 0; i < 3; i++) {
        struct exchange x;
        struct transfer_handler none = {0};
        struct fault why;
        fault_clear(&why);
        exchange_init(&x, loop, &server, "/", "{}");
        assert_int_equal(http_request_header(&x.request, "X-Bad", bad[i]), 0);
        assert_int_equal(
            transfer_start(loop, &x.request, &x.limits, &x.route, &none, &x, &x.transfer, &why),
            AIGNE_E_REQUEST);
        assert_non_null(strstr(why.text, "X-Bad"));
        assert_null(x.transfer);
        exchange_free(&x);
    }
    assert_int_equal(atomic_load(&server.connections), 0);
    finish();
}

static void pieces_of_a_body_arrive_joined(void **state)
{
    (void)state;
    begin(serve_echo, NULL);
    const size_t sizes[] = {0, 1, 1000, 59000, 61440, 61441, 70000, 3000000};
    char *big = calloc(1, 3000001);
    for (size_t i = 0; i < 3000000; i++)
        big[i] = (char)('a' + i % 23);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct exchange x;
        exchange_init(&x, loop, &server, "/", "<");
        x.request.body[1] = slice_of(big, sizes[i]);
        x.request.body[2] = SLICE(">");
        x.request.body_count = 3;
        exchange_run(&x);
        assert_int_equal(x.rc, AIGNE_OK);
        assert_int_equal(x.body.n, sizes[i] + 2);
        assert_memory_equal(x.body.p + 1, big, sizes[i]);
        assert_int_equal(x.body.p[sizes[i] + 1], '>');
        exchange_free(&x);
    }
    assert_int_equal(atomic_load(&server.connections), 1);
    free(big);
    finish();
}

/* ---- heads ---- */

static void serve_text(struct tcp_connection *c)
{
    if (tcp_read_request(c))
        tcp_say(c, c->user);
}

static void run_answer(struct exchange *x, const char *answer)
{
    char *copy = strdup(answer);
    begin(serve_text, copy);
    exchange_init(x, loop, &server, "/", "{}");
    exchange_run(x);
    finish();
    free(copy);
}

static void interim_answers_are_skipped(void **state)
{
    (void)state;
    struct exchange x;
    run_answer(&x, "HTTP/1.1 100 Continue\r\nX-Interim: 1\r\n\r\n"
                   "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                   "HTTP/1.1 201 Created\r\nX-Final: 2\r\nContent-Length: 2\r\n\r\nok");
    assert_int_equal(x.rc, AIGNE_OK);
    assert_int_equal(x.status, 201);
    assert_int_equal(x.heads, 1);
    assert_true(slice_is(buf_slice(&x.headers), "X-Final: 2\r\nContent-Length: 2\r\n"));
    exchange_free(&x);
}

static void trailers_are_dropped(void **state)
{
    (void)state;
    struct exchange x;
    run_answer(&x, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n");
    assert_int_equal(x.rc, AIGNE_OK);
    assert_int_equal(x.heads, 1);
    assert_true(body_is(&x, "abcde"));
    assert_true(slice_is(buf_slice(&x.headers), "Transfer-Encoding: chunked\r\n"));
    exchange_free(&x);
}

static void redirects_are_not_followed(void **state)
{
    (void)state;
    struct exchange x;
    run_answer(&x, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
                   "Content-Length: 0\r\n\r\n");
    assert_int_equal(x.rc, AIGNE_OK);
    assert_int_equal(x.status, 302);
    exchange_free(&x);
}

static void close_ends_a_body_without_length(void **state)
{
    (void)state;
    struct exchange x;
    run_answer(&x, "HTTP/1.0 200 OK\r\nX: 1\r\n\r\nall of it");
    assert_int_equal(x.rc, AIGNE_OK);
    assert_true(body_is(&x, "all of it"));
    exchange_free(&x);
}

static void large_heads_are_refused(void **state)
{
    (void)state;
    struct exchange x;
    struct buf answer;
    buf_init(&answer, 1 << 20);
    buf_put_text(&answer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n");
    for (int i = 0; i < 80; i++) {
        buf_printf(&answer, "X-Header-%d: ", i);
        for (int k = 0; k < 100; k++)
            buf_put_text(&answer, "0123456789");
        buf_put_text(&answer, "\r\n");
    }
    buf_put_text(&answer, "\r\nok");
    run_answer(&x, answer.p);
    assert_int_equal(x.rc, AIGNE_E_PROTOCOL);
    assert_int_equal(x.heads, 0);
    assert_non_null(strstr(x.why.text, "headers"));
    exchange_free(&x);
    buf_free(&answer);
}

static void reader_stops_at_the_head(void **state)
{
    (void)state;
    begin(serve_echo, NULL);
    struct exchange x;
    exchange_init(&x, loop, &server, "/", "{}");
    x.head_rc = AIGNE_E_UPSTREAM;
    exchange_run(&x);
    assert_int_equal(x.rc, AIGNE_E_UPSTREAM);
    assert_int_equal(x.pieces, 0);
    exchange_free(&x);
    finish();
}

/* ---- sent once ---- */

static void serve_then_vanish(struct tcp_connection *c)
{
    if (c->number == 1) {
        if (tcp_read_request(c))
            tcp_answer(c, "first");
        (void)tcp_read_request(c); /* reads the second, says nothing, closes */
        if (c->user)
            tcp_reset(c);
        return;
    }
    while (tcp_read_request(c))
        tcp_answer(c, "again");
}

static void request_is_sent_once(void **state)
{
    (void)state;
    const char *kinds[] = {"close", NULL};
    for (int kind = 0; kind < 2; kind++) {
        begin(serve_then_vanish, (void *)(uintptr_t)kinds[kind]);
        struct exchange x;
        exchange_init(&x, loop, &server, "/", "{}");
        exchange_run(&x);
        assert_true(body_is(&x, "first"));
        exchange_free(&x);
        exchange_init(&x, loop, &server, "/", "{\"costs\":\"money\"}");
        exchange_run(&x);
        assert_int_equal(x.rc, AIGNE_E_NETWORK);
        assert_true(x.sent);
        assert_non_null(strstr(x.why.text, "127.0.0.1:"));
        exchange_free(&x);
        drive_for(loop, 50);
        assert_int_equal(atomic_load(&server.requests), 2);
        finish();
    }
}

static void large_request_is_sent_once(void **state)
{
    (void)state;
    begin(serve_then_vanish, NULL);
    struct exchange x;
    exchange_init(&x, loop, &server, "/", "{}");
    exchange_run(&x);
    exchange_free(&x);
    char *big = calloc(1, 400001);
    memset(big, 'b', 400000);
    exchange_init(&x, loop, &server, "/", big);
    exchange_run(&x);
    assert_int_equal(x.rc, AIGNE_E_NETWORK);
    assert_true(x.sent);
    exchange_free(&x);
    drive_for(loop, 50);
    assert_int_equal(atomic_load(&server.requests), 2);
    assert_int_equal(atomic_load(&server.connections), 1);
    free(big);
    finish();
}

static void serve_one_then_close(struct tcp_connection *c)
{
    if (tcp_read_request(c))
        tcp_answer(c, "once");
}

static void closed_connection_is_replaced(void **state)
{
    (void)state;
    begin(serve_one_then_close, NULL);
    for (int i = 0; i < 5; i++) {
        struct exchange x;
        exchange_init(&x, loop, &server, "/", "{}");
        exchange_run(&x);
        assert_int_equal(x.rc, AIGNE_OK);
        exchange_free(&x);
        drive_for(loop, 20); /* the close is seen while the connection is idle */
    }
    assert_int_equal(atomic_load(&server.requests), 5);
    assert_int_equal(atomic_load(&server.connections), 5);
    finish();
}

static void nothing_is_sent_where_nobody_listens(void **state)
{
    (void)state;
    struct tcp_server nobody = {.port = tcp_dead_port()};
    loop = loop_of_test();
    struct exchange x;
    exchange_init(&x, loop, &nobody, "/path?key=hidden", "{}");
    exchange_run(&x);
    assert_int_equal(x.rc, AIGNE_E_NETWORK);
    assert_false(x.sent);
    assert_non_null(strstr(x.why.text, "127.0.0.1:"));
    assert_null(strstr(x.why.text, "hidden"));
    exchange_free(&x);
    exchange_init(&x, loop, &nobody, "/", "{}");
    (void)snprintf(x.url, sizeof(x.url),
                   "http://user:hidden@does-not-exist.invalid:99/?k=hidden");
    x.request.url = slice_text(x.url);
    exchange_run(&x);
    assert_int_equal(x.rc, AIGNE_E_NETWORK);
    assert_false(x.sent);
    assert_non_null(strstr(x.why.text, "does-not-exist.invalid:99"));
    assert_null(strstr(x.why.text, "hidden"));
    exchange_free(&x);
    net_loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(post_comes_back),
        cmocka_unit_test(connection_is_kept),
        cmocka_unit_test(head_holds_what_was_asked),
        cmocka_unit_test(line_breaks_in_headers_are_refused),
        cmocka_unit_test(pieces_of_a_body_arrive_joined),
        cmocka_unit_test(interim_answers_are_skipped),
        cmocka_unit_test(trailers_are_dropped),
        cmocka_unit_test(redirects_are_not_followed),
        cmocka_unit_test(close_ends_a_body_without_length),
        cmocka_unit_test(large_heads_are_refused),
        cmocka_unit_test(reader_stops_at_the_head),
        cmocka_unit_test(request_is_sent_once),
        cmocka_unit_test(large_request_is_sent_once),
        cmocka_unit_test(closed_connection_is_replaced),
        cmocka_unit_test(nothing_is_sent_where_nobody_listens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
