/* Proves what each kind of broken, silent or slow peer leads to. */
#define _GNU_SOURCE
#include "base/clock.h"
#include "exchange.h"
#include <aignehub/aignehub.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* What the peer does once it has the request. */
struct script {
    const char *answer;
    bool reset;   /* instead of an orderly close */
    bool stay;    /* neither: wait for the other side */
    int pieces;   /* after the answer: so many pieces of a chunked body, */
    int piece_ms; /* this far apart */
};

static void serve_script(struct tcp_connection *c)
{
    const struct script *script = c->user;
    if (!tcp_read_request(c) || !tcp_say(c, script->answer))
        return;
    for (int i = 0; i < script->pieces; i++) {
        if (tcp_wait_closed(c, script->piece_ms) >= 0 || !tcp_say(c, "3\r\nabc\r\n"))
            return;
    }
    if (script->pieces)
        tcp_say(c, "0\r\n\r\n");
    if (script->stay)
        tcp_wait_closed(c, 10000);
    if (script->reset)
        tcp_reset(c);
}

static struct tcp_server server;
static struct net_loop *loop;

static void run_script(struct exchange *x, const struct script *script,
                       const struct transfer_limits *limits)
{
    struct script copy = *script;
    assert_true(tcp_server_start(&server, serve_script, &copy));
    loop = loop_of_test();
    exchange_init(x, loop, &server, "/v1/chat?key=hidden", "{}");
    if (limits)
        x->limits = *limits;
    exchange_run(x);
    net_loop_free(loop);
    tcp_server_stop(&server);
    assert_null(strstr(x->why.text, "hidden"));
    assert_null(strstr(x->why.text, "/v1"));
    if (x->rc != AIGNE_OK) {
        assert_non_null(strstr(x->why.text, "127.0.0.1:"));
        assert_int_equal(x->why.code, x->rc);
    }
}

#define LENGTH "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
#define CHUNKS "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

static void every_truncation_is_an_error(void **state)
{
    (void)state;
    const char whole[] = CHUNKS "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
    for (size_t cut = 0; cut < sizeof(whole) - 1; cut++) {
        char part[sizeof(whole)];
        memcpy(part, whole, cut);
        part[cut] = '\0';
        for (int reset = 0; reset < 2; reset++) {
            struct exchange x;
            run_script(&x, &(struct script){.answer = part, .reset = reset}, NULL);
            /* libcurl takes the last chunk's "0 CRLF" for the end when nothing but CRLF is missing */
            if (x.rc == AIGNE_OK) {
                assert_true(cut >= sizeof(whole) - 1 - 2);
                assert_true(slice_is(buf_slice(&x.body), "hello world"));
            } else {
                assert_true(x.rc == AIGNE_E_NETWORK || x.rc == AIGNE_E_PROTOCOL);
            }
            assert_true(x.sent);
            exchange_free(&x);
        }
    }
}

static void short_length_is_an_error(void **state)
{
    (void)state;
    const char *answers[] = {LENGTH, LENGTH "123456789"};
    for (int i = 0; i < 4; i++) {
        struct exchange x;
        run_script(&x, &(struct script){.answer = answers[i / 2], .reset = i % 2}, NULL);
        assert_int_equal(x.rc, AIGNE_E_NETWORK);
        assert_int_equal(x.status, 200);
        exchange_free(&x);
    }
}

static void bytes_after_the_length_are_ignored(void **state)
{
    (void)state;
    struct exchange x;
    run_script(&x, &(struct script){.answer = LENGTH "0123456789surplus"}, NULL);
    assert_int_equal(x.rc, AIGNE_OK);
    assert_true(slice_is(buf_slice(&x.body), "0123456789"));
    exchange_free(&x);
}

static void hostile_answers_are_errors(void **state)
{
    (void)state;
    const char *answers[] = {
        "",
        "\r\n",
        "garbage\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "SSH-2.0-OpenSSH\r\n",
        "HTTP/9.9 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: zzz\r\n\r\nhello",
        CHUNKS "zz\r\nhello\r\n0\r\n\r\n",
        CHUNKS "ffffffffffffffffffff\r\nhello\r\n0\r\n\r\n",
        CHUNKS "5\r\nhelloXX0\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        struct exchange x;
        run_script(&x, &(struct script){.answer = answers[i]}, NULL);
        if (x.rc != AIGNE_E_NETWORK && x.rc != AIGNE_E_PROTOCOL)
            print_error("answer %zu gave %d %s\n", i, x.rc, x.why.text);
        assert_true(x.rc == AIGNE_E_NETWORK || x.rc == AIGNE_E_PROTOCOL);
        assert_true(x.sent);
        exchange_free(&x);
    }
}

/* ---- time ---- */

static void silence_ends_at_first_byte(void **state)
{
    (void)state;
    struct exchange x;
    int64_t start = clock_monotonic_us();
    run_script(&x, &(struct script){.answer = "", .stay = true},
               &(struct transfer_limits){.first_byte_ms = 80, .total_ms = 5000});
    int64_t took = clock_monotonic_us() - start;
    assert_int_equal(x.rc, AIGNE_E_TIMEOUT);
    assert_true(x.sent);
    assert_true(took >= 80000 && took < 2000000);
    exchange_free(&x);
}

static void half_a_head_is_silence(void **state)
{
    (void)state;
    struct exchange x;
    run_script(&x, &(struct script){.answer = "HTTP/1.1 200 OK\r\nX: ", .stay = true},
               &(struct transfer_limits){.first_byte_ms = 60});
    assert_int_equal(x.rc, AIGNE_E_TIMEOUT);
    assert_int_equal(x.heads, 0);
    exchange_free(&x);
}

static void silence_in_the_body_ends_at_idle(void **state)
{
    (void)state;
    struct exchange x;
    run_script(&x, &(struct script){.answer = LENGTH "12345", .stay = true},
               &(struct transfer_limits){.first_byte_ms = 5000, .idle_ms = 80});
    assert_int_equal(x.rc, AIGNE_E_TIMEOUT);
    assert_int_equal(x.heads, 1);
    assert_true(slice_is(buf_slice(&x.body), "12345"));
    exchange_free(&x);
}

static void slow_body_is_not_idle(void **state)
{
    (void)state;
    struct exchange x;
    run_script(&x, &(struct script){.answer = CHUNKS, .pieces = 20, .piece_ms = 20},
               &(struct transfer_limits){.first_byte_ms = 1000, .idle_ms = 250});
    assert_int_equal(x.rc, AIGNE_OK);
    assert_int_equal(x.body.n, 60);
    assert_true(x.pieces > 10);
    exchange_free(&x);
}

static void slow_body_ends_at_total(void **state)
{
    (void)state;
    struct exchange x;
    run_script(
        &x, &(struct script){.answer = CHUNKS, .pieces = 1000, .piece_ms = 10},
        &(struct transfer_limits){.first_byte_ms = 1000, .idle_ms = 5000, .total_ms = 400});
    assert_int_equal(x.rc, AIGNE_E_TIMEOUT);
    assert_true(x.pieces > 1);
    exchange_free(&x);
}

/* 192.0.2.1 is set aside for documentation: nothing answers there, or nothing routes there. */
static void connecting_has_its_own_limit(void **state)
{
    (void)state;
    struct tcp_server nobody = {.port = 9};
    loop = loop_of_test();
    struct exchange x;
    int64_t start = clock_monotonic_us();
    exchange_init(&x, loop, &nobody, "/", "{}");
    x.request.url = SLICE("http://192.0.2.1:9/");
    x.limits = (struct transfer_limits){.connect_ms = 100, .total_ms = 10000};
    exchange_run(&x);
    assert_true(x.rc == AIGNE_E_TIMEOUT || x.rc == AIGNE_E_NETWORK);
    assert_false(x.sent);
    assert_true(clock_monotonic_us() - start < 3000000);
    exchange_free(&x);
    net_loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_truncation_is_an_error),
        cmocka_unit_test(short_length_is_an_error),
        cmocka_unit_test(bytes_after_the_length_are_ignored),
        cmocka_unit_test(hostile_answers_are_errors),
        cmocka_unit_test(silence_ends_at_first_byte),
        cmocka_unit_test(half_a_head_is_silence),
        cmocka_unit_test(silence_in_the_body_ends_at_idle),
        cmocka_unit_test(slow_body_is_not_idle),
        cmocka_unit_test(slow_body_ends_at_total),
        cmocka_unit_test(connecting_has_its_own_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
