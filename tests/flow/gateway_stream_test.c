/* What passes through the gateway between a client and a scripted provider: relays byte for byte, ends
 * that wait for the books, errors in each format, slow and vanishing clients, pages of others. */
#define _GNU_SOURCE /* memmem */
#include "exchange.h"
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- relays ---- */

static char seen_body[17000]; /* what the provider was sent last */
static char seen_head[17000];

static bool read_and_keep(struct tcp_connection *c)
{
    if (!tcp_read_request(c))
        return false;
    assert_true(c->body_size < sizeof(seen_body));
    memcpy(seen_head, c->head, sizeof(c->head));
    memcpy(seen_body, c->body, c->body_size + 1);
    return true;
}

#define ODD_ANSWER                                                                             \
    "{ \"id\":\"c1\",\"object\":\"chat.completion\",\"x_new\":{\"n\":1.50,\"big\":"            \
    "9007199254740993},\n\t\"created\":1,\"model\":\"m-1\",\"choices\":[{\"index\":0,"         \
    "\"message\":{\"role\":\"assistant\",\"content\":\"fi\\u006ee\",\"odd\":[]},"              \
    "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2,"     \
    "\"total_tokens\":9} }"

static void answers_plainly(struct tcp_connection *c)
{
    while (read_and_keep(c))
        say(c, "200 OK", "x-request-id: up-1\r\n", ODD_ANSWER);
}

static void a_plain_answer_passes_byte_for_byte(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, answers_plainly);
    ask(&f, "POST", "/v1/chat/completions", f.key,
        "{\"x_mine\":[1.0, 2 ],\"model\" : \"openai/m\" ,\"messages\":[{\"role\":\"user\","
        "\"content\":\"H\\u0069\"}],\"logit_bias\":{\"5\":-1e2},\"seed\":9007199254740993}",
        &a);
    expect_body(&a, 200, "fi");
    assert_string_equal(a.body, ODD_ANSWER);
    assert_string_equal(
        seen_body,
        "{\"x_mine\":[1.0, 2 ],\"model\" : \"m\" ,\"messages\":[{\"role\":\"user\","
        "\"content\":\"H\\u0069\"}],\"logit_bias\":{\"5\":-1e2},\"seed\":9007199254740993}");
    assert_non_null(strstr(seen_head, "Bearer sk-first-0001"));
    assert_null(strstr(seen_head, f.key));
    expect_rows(f.hub, "\"status\":\"success\"");
    expect_rows(f.hub, "\"inputTokens\":7");
    expect_rows(f.hub, "\"upstreamRequestId\":\"up-1\"");
    ask(&f, "POST", "/api/v2/chat", f.key, AIGNE_CHAT, &a);
    expect_body(&a, 200, "\"text\":\"fine\"");
    fixture_close(&f);
}

#define FIRST_CHUNKS                                                                           \
    ": comment\n\n" CHUNK("\"role\":\"assistant\"", "null") TEXT_CHUNK("fi") TEXT_CHUNK("ne")

static void streams(struct tcp_connection *c)
{
    if (read_and_keep(c))
        tcp_say(c, STREAM_HEAD FIRST_CHUNKS LAST_CHUNK USAGE_CHUNK DONE);
}

static void a_stream_passes_byte_for_byte(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, streams);
    ask(&f, "POST", "/v1/chat/completions", f.key, STREAM, &a);
    expect_body(&a, 200, "[DONE]");
    assert_non_null(strstr(a.head, "\r\ncontent-type: text/event-stream"));
    assert_null(strstr(a.head, "content-length"));
    const char *first = strstr(a.body, "data: "); /* comments may pass or not */
    assert_string_equal(first, strstr(FIRST_CHUNKS LAST_CHUNK DONE, "data: "));
    assert_non_null(strstr(seen_body, "\"include_usage\":true"));
    expect_rows(f.hub, "\"outputTokens\":2");
    ask(&f, "POST", "/v1/chat/completions", f.key,
        "{\"stream\":true,\"stream_options\":{\"x\":1,\"include_usage\":true},"
        "\"model\":\"openai/m\"," CHAT_REST,
        &a);
    assert_string_equal(strstr(a.body, "data: "),
                        strstr(FIRST_CHUNKS LAST_CHUNK USAGE_CHUNK DONE, "data: "));
    assert_non_null(strstr(seen_body, "\"x\":1"));
    ask(&f, "POST", "/v1/chat/completions", f.key,
        "{\"stream\":true,\"stream_options\":{\"include_usage\":false},"
        "\"model\":\"openai/m\"," CHAT_REST,
        &a);
    assert_null(strstr(a.body, "usage"));
    assert_int_equal(count_rows(f.hub), 3);
    fixture_close(&f);
}

static void streams_in_small_pieces(struct tcp_connection *c)
{
    static const char text[] = STREAM_HEAD FIRST_CHUNKS LAST_CHUNK USAGE_CHUNK DONE;
    if (!read_and_keep(c))
        return;
    for (size_t i = 0; text[i]; i++)
        if (!tcp_write(c, text + i, 1))
            return;
}

static void a_stream_may_come_in_any_pieces(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, streams_in_small_pieces);
    ask(&f, "POST", "/v1/chat/completions", f.key, STREAM, &a);
    assert_string_equal(strstr(a.body, "data: "),
                        strstr(FIRST_CHUNKS LAST_CHUNK DONE, "data: "));
    ask(&f, "POST", "/api/v2/chat", f.key, AIGNE_STREAM, &a);
    expect_body(&a, 200, "{\"delta\":{\"text\":{\"text\":\"fi\"}}}");
    expect_body(&a, 200, "\"inputTokens\":7");
    fixture_close(&f);
}

/* ---- the other form than was asked for ---- */

static void a_plain_answer_to_a_stream_request(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, answers_plainly);
    ask(&f, "POST", "/v1/chat/completions", f.key, STREAM, &a);
    expect_body(&a, 200, "\"delta\":{");
    expect_body(&a, 200, "\"content\":\"fine\"");
    expect_body(&a, 200, "\"finish_reason\":\"stop\"");
    assert_non_null(strstr(a.body, "\n\ndata: [DONE]\n\n"));
    assert_non_null(strstr(a.head, "text/event-stream"));
    ask(&f, "POST", "/api/v2/chat", f.key, AIGNE_STREAM, &a);
    expect_body(&a, 200, "{\"delta\":{\"text\":{\"text\":\"fine\"}}}");
    expect_rows(f.hub, "\"inputTokens\":7");
    fixture_close(&f);
}

static void a_stream_for_a_plain_request(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, streams);
    ask(&f, "POST", "/v1/chat/completions", f.key, CHAT, &a);
    expect_body(&a, 200, "\"content\":\"fine\"");
    expect_body(&a, 200, "\"total_tokens\":9");
    assert_non_null(strstr(a.head, "application/json"));
    ask(&f, "POST", "/api/v2/chat", f.key, AIGNE_CHAT, &a);
    expect_body(&a, 200, "\"text\":\"fine\"");
    fixture_close(&f);
}

/* ---- the end waits for the books ---- */

static void the_end_comes_after_the_record(const char *target, const char *body,
                                           const char *piece, const char *end)
{
    struct fixture f;
    aigne_event ev;
    bool piece_seen = false;
    bool end_seen = false;
    int rc = 0;
    fixture_open(&f, NULL, streams);
    aigne_call *exchange = begin_with_key(&f, "POST", target, f.key);
    finish_request(exchange, body);
    while ((rc = aigne_call_next(exchange, -1, &ev, NULL)) == AIGNE_EVENT) {
        if (ev.kind != AIGNE_EV_BYTES)
            continue;
        piece_seen = piece_seen || memmem(ev.data, ev.len, piece, strlen(piece));
        if (memmem(ev.data, ev.len, end, strlen(end))) {
            end_seen = true;
            assert_true(piece_seen);
            assert_int_equal(count_rows(f.hub), 1);
            expect_rows(f.hub, "\"status\":\"success\"");
        }
    }
    assert_int_equal(rc, AIGNE_OK);
    assert_true(end_seen);
    aigne_call_free(exchange);
    fixture_close(&f);
}

static void the_end_is_held_back(void **state)
{
    (void)state;
    the_end_comes_after_the_record("/v1/chat/completions", STREAM, "\"fi\"", "\"stop\"");
    the_end_comes_after_the_record("/v1/chat/completions", STREAM, "\"ne\"", "[DONE]");
    the_end_comes_after_the_record("/api/v2/chat", AIGNE_STREAM, "\"fi\"", "\"usage\"");
    the_end_comes_after_the_record("/v1/chat/completions", CHAT, "\"fine\"", "\"stop\"");
}

/* All is said, but the connection stays open and silent. */
static void says_all_and_stays(struct tcp_connection *c)
{
    if (!read_and_keep(c))
        return;
    tcp_say(c, STREAM_HEAD FIRST_CHUNKS LAST_CHUNK USAGE_CHUNK DONE);
    tcp_wait_closed(c, 60000);
}

static void a_provider_that_does_not_hang_up_holds_nothing_back(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, says_all_and_stays);
    ask(&f, "POST", "/v1/chat/completions", f.key, STREAM, &a);
    expect_body(&a, 200, "[DONE]");
    expect_rows(f.hub, "\"status\":\"success\"");
    expect_rows(f.hub, "\"outputTokens\":2");
    fixture_close(&f);
}

/* ---- errors ---- */

static void asks_to_wait(struct tcp_connection *c)
{
    while (read_and_keep(c))
        say(c, "429 Too Many Requests", "retry-after: 7\r\nx-request-id: up-9\r\n",
            "{\"error\":{\"message\":\"slow down\",\"type\":\"requests\",\"code\":"
            "\"rate_limit_exceeded\"}}");
}

static void an_error_before_the_stream_is_a_status(void **state)
{
    static const char *const targets[] = {"/v1/chat/completions", "/api/v2/chat"};
    static const char *const bodies[][2] = {{CHAT, STREAM}, {AIGNE_CHAT, AIGNE_STREAM}};
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, asks_to_wait);
    for (int i = 0; i < 4; i++) {
        ask(&f, "POST", targets[i / 2], f.key, bodies[i / 2][i % 2], &a);
        expect_body(&a, 429, "{\"error\":{\"message\":\"slow down\"");
        assert_non_null(strstr(a.head, "\r\nretry-after: 7\r\n"));
        assert_non_null(strstr(a.head, "\r\nx-upstream-request-id: up-9\r\n"));
        assert_non_null(strstr(a.head, "\r\ncontent-type: application/json\r\n"));
    }
    assert_int_equal(count_rows(f.hub), 4);
    expect_rows(f.hub, "\"httpStatus\":429");
    fixture_close(&f);
}

static void cuts_the_stream(struct tcp_connection *c)
{
    if (read_and_keep(c))
        tcp_say(c, STREAM_HEAD FIRST_CHUNKS);
}

static void fails_in_the_stream(struct tcp_connection *c)
{
    if (read_and_keep(c))
        tcp_say(c, STREAM_HEAD FIRST_CHUNKS "data: {\"error\":{\"message\":\"model fell over\","
                                            "\"type\":\"server_error\",\"code\":500}}\n\n");
}

static void an_error_inside_the_stream(void (*serve)(struct tcp_connection *c),
                                       const char *words)
{
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, serve);
    ask(&f, "POST", "/v1/chat/completions", f.key, STREAM, &a);
    expect_body(&a, 200, "\"content\":\"ne\"");
    expect_body(&a, 200, words);
    const char *error = strstr(a.body, "data: {\"error\":{\"message\":");
    assert_non_null(error);
    assert_null(strstr(error + 1, "data: ")); /* nothing follows */
    assert_null(strstr(a.body, "[DONE]"));
    ask(&f, "POST", "/api/v2/chat", f.key, AIGNE_STREAM, &a);
    expect_body(&a, 200, "{\"text\":\"ne\"}");
    error = strstr(a.body, "event: error\ndata: {\"message\":");
    assert_non_null(error);
    assert_non_null(strstr(error, words));
    assert_null(strstr(a.body, "\"usage\""));
    assert_int_equal(count_rows(f.hub), 2);
    expect_rows(f.hub, "\"status\":\"error\"");
    fixture_close(&f);
}

static void errors_inside_streams(void **state)
{
    (void)state;
    an_error_inside_the_stream(cuts_the_stream, "");
    an_error_inside_the_stream(fails_in_the_stream, "model fell over");
}

/* An error whose text never ends. */
static void fails_for_ever(struct tcp_connection *c)
{
    static const char spaces[4096];
    if (!read_and_keep(c))
        return;
    tcp_say(c, "HTTP/1.1 500 Oh\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n");
    while (tcp_write(c, spaces, sizeof(spaces)))
        continue;
}

static void an_error_without_end_is_not_waited_for(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, fails_for_ever);
    ask(&f, "POST", "/v1/chat/completions", f.key, STREAM, &a);
    expect_body(&a, 500, "\"error\"");
    expect_rows(f.hub, "\"httpStatus\":500");
    fixture_close(&f);
}

/* ---- clients that are slow, and clients that go ---- */

#define FLOOD_CHUNKS 60000

static atomic_int blocked; /* the provider could not write for a while */
static atomic_long written;

static bool write_watched(struct tcp_connection *c, const char *text)
{
    struct pollfd one = {.fd = c->fd, .events = POLLOUT};
    while (poll(&one, 1, 300) == 0)
        atomic_store(&blocked, 1);
    atomic_fetch_add(&written, (long)strlen(text));
    return tcp_say(c, text);
}

static void floods(struct tcp_connection *c)
{
    bool going = read_and_keep(c) && tcp_say(c, STREAM_HEAD);
    for (int i = 0; going && i < FLOOD_CHUNKS; i++)
        going = write_watched(c, TEXT_CHUNK("0123456789012345678901234567890123456789"));
    if (going)
        tcp_say(c, LAST_CHUNK USAGE_CHUNK DONE);
}

static void a_slow_client_slows_the_provider(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    const size_t chunk = strlen(TEXT_CHUNK("0123456789012345678901234567890123456789"));
    atomic_store(&blocked, 0);
    atomic_store(&written, 0);
    fixture_open(&f, NULL, floods);
    aigne_call *exchange = begin_with_key(&f, "POST", "/v1/chat/completions", f.key);
    finish_request(exchange, STREAM);
    while (!atomic_load(&blocked)) {
        aigne_loop_drive(f.loop, 20);
        while (aigne_loop_ready(f.loop))
            continue;
    }
    assert_true((size_t)atomic_load(&written) < FLOOD_CHUNKS * chunk);
    take(exchange, &a);
    assert_int_equal(a.rc, AIGNE_OK);
    assert_int_equal(a.size, FLOOD_CHUNKS * chunk + strlen(LAST_CHUNK DONE));
    expect_rows(f.hub, "\"outputTokens\":2");
    fixture_close(&f);
}

static atomic_int closed_after_ms;

static void says_a_little_and_waits(struct tcp_connection *c)
{
    if (!read_and_keep(c))
        return;
    if (strstr(c->body, "\"stream\":true"))
        tcp_say(c, STREAM_HEAD FIRST_CHUNKS);
    atomic_store(&closed_after_ms, tcp_wait_closed(c, 30000));
}

static void expect_closed_when_freed(const char *target, const char *body, bool begun)
{
    struct fixture f;
    aigne_event ev;
    atomic_store(&closed_after_ms, -1);
    fixture_open(&f, NULL, says_a_little_and_waits);
    aigne_call *exchange = begin_with_key(&f, "POST", target, f.key);
    finish_request(exchange, body);
    if (begun) {
        assert_int_equal(aigne_call_next(exchange, -1, &ev, NULL), AIGNE_EVENT);
        assert_int_equal(ev.kind, AIGNE_EV_HEAD);
        assert_int_equal(aigne_call_next(exchange, -1, &ev, NULL), AIGNE_EVENT);
    }
    while (atomic_load(&f.server.requests) == 0)
        aigne_loop_drive(f.loop, 20);
    aigne_call_free(exchange);
    while (atomic_load(&f.server.open)) /* the loop need not be driven for it */
        poll(NULL, 0, 1);
    assert_true(atomic_load(&closed_after_ms) >= 0);
    while (count_rows(f.hub) == 0)
        aigne_loop_drive(f.loop, 20);
    expect_rows(f.hub, "\"status\":\"cancelled\"");
    fixture_close(&f);
}

static void a_client_that_goes_ends_the_provider(void **state)
{
    (void)state;
    expect_closed_when_freed("/v1/chat/completions", STREAM, true);
    expect_closed_when_freed("/api/v2/chat", AIGNE_STREAM, true);
    expect_closed_when_freed("/v1/chat/completions", CHAT, false);
}

/* Who may read an answer is said to pages, and with what may be kept for them. */
static void pages_of_others(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        const char *headers;
        bool told;
    } asked[] = {{"POST", "Content-Type: application/json\r\n", false},
                 {"POST", "ORIGIN: https://example.org\r\n", true},
                 {"GET", "", true}};
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, NULL);
    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
        aigne_call *exchange = begin(&f, asked[i].method, "/v1/nothing", asked[i].headers);
        finish_request(exchange, NULL);
        take(exchange, &a);
        assert_int_equal(a.status, 404);
        assert_int_equal(strstr(a.head, "access-control-allow-origin: *\r\n") != NULL,
                         asked[i].told);
    }
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_answer_passes_byte_for_byte),
        cmocka_unit_test(a_stream_passes_byte_for_byte),
        cmocka_unit_test(a_stream_may_come_in_any_pieces),
        cmocka_unit_test(a_plain_answer_to_a_stream_request),
        cmocka_unit_test(a_stream_for_a_plain_request),
        cmocka_unit_test(the_end_is_held_back),
        cmocka_unit_test(a_provider_that_does_not_hang_up_holds_nothing_back),
        cmocka_unit_test(an_error_before_the_stream_is_a_status),
        cmocka_unit_test(errors_inside_streams),
        cmocka_unit_test(an_error_without_end_is_not_waited_for),
        cmocka_unit_test(a_slow_client_slows_the_provider),
        cmocka_unit_test(a_client_that_goes_ends_the_provider),
        cmocka_unit_test(pages_of_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
