/* What a client sees while a provider is silent: signs of life in its format, and after them the answer,
 * another provider's answer, or the error, told where it can still be told. */
#define _GNU_SOURCE /* usleep */
#include "exchange.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SHORT_WAITS "{\"data\":\":memory:\",\"keepAliveInterval\":30,\"headWait\":40}"
#define OFF         "{\"data\":\":memory:\",\"keepAliveInterval\":0,\"headWait\":0}"
#define SILENCE_US  200000

#define ANSWER                                                                                 \
    "{\"id\":\"c\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"m\",\"choices\":"  \
    "[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"fine\"},"                 \
    "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2,"     \
    "\"total_tokens\":9}}"
#define BUSY "{\"error\":{\"message\":\"busy\",\"type\":\"server_error\",\"code\":null}}"

static int count(const char *text, const char *part)
{
    int n = 0;
    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
        n++;
    return n;
}

static void is_silent_then_answers(struct tcp_connection *c)
{
    if (!tcp_read_request(c))
        return;
    usleep(SILENCE_US);
    if (strstr(c->body, "\"stream\":true"))
        tcp_say(c, STREAM_HEAD TEXT_CHUNK("fine") LAST_CHUNK USAGE_CHUNK DONE);
    else
        say(c, "200 OK", "connection: close\r\n", ANSWER);
}

static void a_stream_shows_signs_of_life(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, SHORT_WAITS, is_silent_then_answers);
    ask(&f, "POST", "/v1/chat/completions", f.key, STREAM, &a);
    expect_body(&a, 200, "[DONE]");
    assert_non_null(strstr(a.head, "text/event-stream"));
    assert_true(count(a.body, ": keep-alive\n\n") >= 2);
    assert_int_equal(strncmp(a.body, ": keep-alive\n\n", 14), 0);
    ask(&f, "POST", "/api/v2/chat", f.key, AIGNE_STREAM, &a);
    expect_body(&a, 200, "{\"delta\":{\"text\":{\"text\":\"fine\"}}}");
    assert_true(count(a.body, ": ping\n\n") >= 2);
    expect_rows(f.hub, "\"status\":\"success\"");
    fixture_close(&f);
}

static void pauses_within(struct tcp_connection *c)
{
    if (!tcp_read_request(c))
        return;
    tcp_say(c, STREAM_HEAD TEXT_CHUNK("fi"));
    usleep(SILENCE_US);
    tcp_say(c, TEXT_CHUNK("ne") LAST_CHUNK USAGE_CHUNK DONE);
}

static void signs_stand_between_whole_events(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, SHORT_WAITS, pauses_within);
    ask(&f, "POST", "/v1/chat/completions", f.key, STREAM, &a);
    expect_body(&a, 200, TEXT_CHUNK("fi") ": keep-alive\n\n");
    expect_body(&a, 200, ": keep-alive\n\n" TEXT_CHUNK("ne"));
    fixture_close(&f);
}

static void a_plain_answer_comes_after_white_space(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, SHORT_WAITS, is_silent_then_answers);
    ask(&f, "POST", "/api/v2/chat", f.key, AIGNE_CHAT, &a);
    expect_body(&a, 200, "\"text\":\"fine\"");
    assert_non_null(strstr(a.head, "application/json"));
    assert_null(strstr(a.head, "content-length"));
    assert_true(strspn(a.body, " ") >= 2);
    assert_int_equal(a.body[strspn(a.body, " ")], '{');
    ask(&f, "POST", "/v1/chat/completions", f.key, CHAT,
        &a); /* its clients wait for the status */
    assert_string_equal(a.body, ANSWER);
    assert_non_null(strstr(a.head, "content-length"));
    fixture_close(&f);
}

static void ask_with(struct fixture *f, const char *target, const char *headers,
                     const char *body, struct answer *a)
{
    char all[400];
    snprintf(all, sizeof(all), "Host: hub\r\nAuthorization: Bearer %s\r\n%s", f->key, headers);
    aigne_call *exchange = begin(f, "POST", target, all);
    finish_request(exchange, body);
    take(exchange, a);
}

static void who_knows_better_may_say_so(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, SHORT_WAITS, is_silent_then_answers);
    ask_with(&f, "/v1/chat/completions", "x-aigne-hub-headers-after: 40\r\n", CHAT, &a);
    expect_body(&a, 200, "\"content\":\"fine\"");
    assert_null(strstr(a.head, "content-length"));
    assert_non_null(strstr(a.head, "application/json"));
    assert_true(strspn(a.body, " ") >= 1);
    ask_with(&f, "/api/v2/chat", "x-aigne-hub-headers-after: 0\r\n", AIGNE_CHAT, &a);
    expect_body(&a, 200, "\"text\":\"fine\"");
    assert_non_null(strstr(a.head, "content-length"));
    fixture_close(&f);
}

static void zero_turns_them_off(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, OFF, is_silent_then_answers);
    ask(&f, "POST", "/v1/chat/completions", f.key, STREAM, &a);
    expect_body(&a, 200, "[DONE]");
    assert_null(strstr(a.body, "keep-alive"));
    ask(&f, "POST", "/api/v2/chat", f.key, AIGNE_CHAT, &a);
    expect_body(&a, 200, "\"text\":\"fine\"");
    assert_non_null(strstr(a.head, "content-length"));
    fixture_close(&f);
}

/* The first key is silent and then fails; the other one answers. */
static void fails_for_the_first_key(struct tcp_connection *c)
{
    if (!tcp_read_request(c))
        return;
    usleep(SILENCE_US);
    if (strstr(c->head, "sk-first-0001"))
        say(c, "503 Service Unavailable", "connection: close\r\n", BUSY);
    else if (strstr(c->body, "\"stream\":true"))
        tcp_say(c, STREAM_HEAD TEXT_CHUNK("fine") LAST_CHUNK USAGE_CHUNK DONE);
    else
        say(c, "200 OK", "connection: close\r\n", ANSWER);
}

static void add_second_key(const struct fixture *f)
{
    do_quietly(f->hub, "credential.put",
               "{\"provider\":\"openai\",\"name\":\"b\",\"value\":\"sk-second-002\"}");
}

static void another_attempt_is_still_made(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, SHORT_WAITS, fails_for_the_first_key);
    add_second_key(&f);
    for (int i = 0; i < 2;
         i++) { /* whichever key comes first, one of the two begins with the bad one */
        ask(&f, "POST", "/v1/chat/completions", f.key, STREAM, &a);
        expect_body(&a, 200, "[DONE]");
        expect_body(&a, 200, ": keep-alive\n\n");
        assert_int_equal(count(a.body, "\"content\":\"fine\""), 1);
        assert_null(strstr(a.body, "busy"));
    }
    expect_rows(f.hub, "\"httpStatus\":503");
    fixture_close(&f);
}

static void another_attempt_after_white_space(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, SHORT_WAITS, fails_for_the_first_key);
    add_second_key(&f);
    for (int i = 0; i < 2; i++) {
        ask(&f, "POST", "/api/v2/chat", f.key, AIGNE_CHAT, &a);
        expect_body(&a, 200, "\"text\":\"fine\"");
        assert_int_equal(a.body[0], ' ');
        assert_null(strstr(a.body, "busy"));
    }
    expect_rows(f.hub, "\"httpStatus\":503");
    fixture_close(&f);
}

static void is_silent_then_fails(struct tcp_connection *c)
{
    if (!tcp_read_request(c))
        return;
    usleep(SILENCE_US);
    say(c, "503 Service Unavailable", "connection: close\r\n", BUSY);
}

static void an_error_is_told_where_it_can_be(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, SHORT_WAITS, is_silent_then_fails);
    ask(&f, "POST", "/v1/chat/completions", f.key, STREAM, &a);
    expect_body(&a, 200, ": keep-alive\n\ndata: {\"error\":{\"message\":\"busy\"");
    assert_null(strstr(a.body, "[DONE]"));
    ask(&f, "POST", "/api/v2/chat", f.key, AIGNE_STREAM, &a);
    expect_body(&a, 200, ": ping\n\nevent: error\ndata: {\"message\":\"busy\"");
    ask(&f, "POST", "/api/v2/chat", f.key, AIGNE_CHAT, &a);
    assert_int_equal(a.rc, AIGNE_E_UPSTREAM); /* it breaks off: 200 is no error to anybody */
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.body, " {\"error\":{\"message\":\"busy\""));
    ask(&f, "POST", "/v1/chat/completions", f.key, CHAT, &a);
    expect_body(&a, 503, "busy");
    fixture_close(&f);
    fixture_open(&f, OFF, is_silent_then_fails);
    ask(&f, "POST", "/v1/chat/completions", f.key, STREAM, &a);
    expect_body(&a, 503, "busy");
    ask(&f, "POST", "/api/v2/chat", f.key, AIGNE_CHAT, &a);
    expect_body(&a, 503, "busy");
    fixture_close(&f);
}

static void drive_for_a_while(struct fixture *f)
{
    for (int i = 0; i < 30; i++) {
        aigne_loop_drive(f->loop, 0);
        usleep(10000);
    }
}

/* A client that reads nothing is not buried in signs of life. */
static void who_does_not_read_is_left_alone(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    aigne_event ev;
    fixture_open(&f, SHORT_WAITS, is_silent_then_answers);
    aigne_call *exchange = begin_with_key(&f, "POST", "/v1/chat/completions", f.key);
    finish_request(exchange, STREAM);
    drive_for_a_while(&f);
    take(exchange, &a);
    expect_body(&a, 200, "[DONE]");
    assert_int_equal(count(a.body, "keep-alive"), 1);
    exchange = begin_with_key(&f, "POST", "/v1/chat/completions", f.key);
    finish_request(exchange, STREAM);
    while (aigne_call_next(exchange, -1, &ev, NULL) == AIGNE_EVENT && ev.kind != AIGNE_EV_BYTES)
        continue;
    aigne_call_free(exchange); /* and who has gone costs nothing more */
    drive_for_a_while(&f);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_shows_signs_of_life),
        cmocka_unit_test(signs_stand_between_whole_events),
        cmocka_unit_test(a_plain_answer_comes_after_white_space),
        cmocka_unit_test(who_knows_better_may_say_so),
        cmocka_unit_test(zero_turns_them_off),
        cmocka_unit_test(another_attempt_is_still_made),
        cmocka_unit_test(another_attempt_after_white_space),
        cmocka_unit_test(an_error_is_told_where_it_can_be),
        cmocka_unit_test(who_does_not_read_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
