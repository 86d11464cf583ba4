/* How long a call waits, over real sockets: each limit by itself, whoever says it, and for each way of
 * speaking to a provider. The limits are short, what is waited out is long. */
#define _GNU_SOURCE /* usleep */
#include "exchange.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define FOR_LONG_MS 60000 /* no test waits that long */

/* `headers` stands beside the key. */
static void ask_with(struct fixture *f, const char *headers, const char *body, struct answer *a)
{
    char all[400];
    snprintf(all, sizeof(all), "Host: hub\r\nAuthorization: Bearer %s\r\n%s", f->key, headers);
    aigne_call *exchange = begin(f, "POST", "/v1/chat/completions", all);
    finish_request(exchange, body);
    take(exchange, a);
}

static void ask_model(struct fixture *f, const char *headers, const char *model, bool stream,
                      struct answer *a)
{
    char body[200];
    snprintf(body, sizeof(body), "{\"model\":\"%s\",%s" CHAT_REST, model,
             stream ? "\"stream\":true," : "");
    ask_with(f, headers, body, a);
}

/* ---- each way of speaking to a provider ---- */

static void is_silent(struct tcp_connection *c)
{
    if (tcp_read_request(c))
        tcp_wait_closed(c, FOR_LONG_MS);
}

/* In the media type of who is asked. */
static void stops_after_the_head(struct tcp_connection *c)
{
    if (!tcp_read_request(c))
        return;
    const char *type = strstr(c->head, "converse-stream") ? "application/vnd.amazon.eventstream"
                       : strstr(c->head, "/api/chat")     ? "application/x-ndjson"
                       : strstr(c->body, "\"stream\":true") || strstr(c->head, "alt=sse")
                           ? "text/event-stream"
                           : "application/json";
    char head[200];
    snprintf(head, sizeof(head),
             "HTTP/1.1 200 OK\r\ncontent-type: %s\r\ntransfer-encoding: chunked\r\n\r\n", type);
    tcp_say(c, head);
    tcp_wait_closed(c, FOR_LONG_MS);
}

static const char *const speakers[][2] = {
    {"openai", "\"sk-first-0001\""},
    {"anthropic", "\"sk-first-0001\""},
    {"google", "\"sk-first-0001\""},
    {"ollama", NULL},
    {"bedrock", "{\"access_key_id\":\"AKIA0\",\"secret_access_key\":\"secret-of-ten\"}"},
};

static void put_speakers(struct fixture *f)
{
    char args[300];
    for (size_t i = 0; i < sizeof speakers / sizeof *speakers; i++) {
        snprintf(args, sizeof(args), "{\"name\":\"%s\",\"baseUrl\":\"http://127.0.0.1:%d%s\"}",
                 speakers[i][0], f->server.port, i == 0 ? "/v1" : "");
        do_quietly(f->hub, "provider.put", args);
        snprintf(args, sizeof(args), "{\"provider\":\"%s\",\"name\":\"t\",\"value\":%s}",
                 speakers[i][0], speakers[i][1]);
        if (speakers[i][1])
            do_quietly(f->hub, "credential.put", args);
    }
}

static void all_give_up(void (*serve)(struct tcp_connection *c), const char *headers,
                        const char *words)
{
    struct fixture f;
    struct answer a;
    char model[40];
    fixture_open(&f, NULL, serve);
    put_speakers(&f);
    for (size_t i = 0; i < sizeof speakers / sizeof *speakers; i++)
        for (int stream = 0; stream < 2; stream++) {
            snprintf(model, sizeof(model), "%s/m", speakers[i][0]);
            ask_model(&f, headers, model, stream, &a);
            expect_body(&a, 504, words);
        }
    fixture_close(&f);
}

static void every_adapter_obeys_the_time_for_the_first_byte(void **state)
{
    (void)state;
    all_give_up(is_silent, "x-aigne-hub-first-byte-timeout: 60\r\n", "no answer began in time");
}

static void every_adapter_obeys_the_time_of_silence(void **state)
{
    (void)state;
    all_give_up(stops_after_the_head, "x-aigne-hub-idle-timeout: 60\r\n",
                "stopped in the middle");
}

static void every_adapter_obeys_the_time_for_all(void **state)
{
    (void)state;
    all_give_up(stops_after_the_head, "x-aigne-hub-total-timeout: 60\r\n", "in all");
}

/* ---- independent of each other ---- */

enum { PIECES = 10 };
#define BETWEEN_US 100000

static void drips(struct tcp_connection *c)
{
    if (!tcp_read_request(c))
        return;
    tcp_say(c, STREAM_HEAD);
    for (int i = 0; i < PIECES; i++) {
        usleep(BETWEEN_US);
        if (!tcp_say(c, TEXT_CHUNK("x")))
            return;
    }
    tcp_say(c, LAST_CHUNK USAGE_CHUNK DONE);
}

/* It takes longer than its beginning may, and than any silence may. */
static void a_stream_that_has_begun_goes_on(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, drips);
    ask_with(&f, "x-aigne-hub-first-byte-timeout: 700\r\nx-aigne-hub-idle-timeout: 700\r\n",
             STREAM, &a);
    expect_body(&a, 200, "[DONE]");
    fixture_close(&f);
}

static void unless_the_time_for_all_is_over(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, drips);
    ask_with(&f, "x-aigne-hub-total-timeout: 750\r\n", STREAM, &a);
    expect_body(&a, 200, "in all");
    assert_null(strstr(a.body, "[DONE]"));
    fixture_close(&f);
}

/* ---- slower than a floor ---- */

static void pours_and_goes_on(struct tcp_connection *c)
{
    if (!tcp_read_request(c))
        return;
    tcp_say(c, STREAM_HEAD);
    for (int i = 0; i < 100; i++)
        tcp_say(c, TEXT_CHUNK("much "));
    usleep(6 * BETWEEN_US);
    tcp_say(c, TEXT_CHUNK("more") LAST_CHUNK USAGE_CHUNK DONE);
}

static void put_floor(struct fixture *f, void (*serve)(struct tcp_connection *c))
{
    fixture_open(f, NULL, serve);
    do_quietly(f->hub, "settings.put",
               "{\"policy\":{\"floorTokens\":100,\"floorWindow\":300}}");
}

static void what_drips_has_failed_before_it_goes_out(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    put_floor(&f, drips);
    ask_with(&f, "", STREAM, &a);
    expect_body(&a, 504, "too slowly");
    ask(&f, "POST", "/v1/messages", f.key,
        "{\"model\":\"openai/m\",\"stream\":true,\"max_tokens\":9," CHAT_REST, &a);
    expect_body(&a, 504, "too slowly");
    do_quietly(f.hub, "health.reset", "{}");
    ask_with(&f, "",
             "{\"model\":\"openai/m\",\"models\":[\"echo/echo\"],\"stream\":true," CHAT_REST,
             &a);
    expect_body(&a, 200, "\"content\":\"Hi\"");
    assert_null(strstr(a.body, "\"content\":\"x\""));
    fixture_close(&f);
}

static void what_is_quick_goes_out_when_that_is_known(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    aigne_event ev = {0};
    put_floor(&f, pours_and_goes_on);
    aigne_call *exchange = begin_with_key(&f, "POST", "/v1/chat/completions", f.key);
    finish_request(exchange, STREAM);
    while (ev.kind != AIGNE_EV_BYTES)
        assert_int_equal(aigne_call_next(exchange, -1, &ev, NULL), AIGNE_EVENT);
    assert_non_null(strstr(ev.data, "much "));
    assert_null(strstr(ev.data, "more")); /* its end was not waited for */
    aigne_call_free(exchange);
    ask_with(&f, "", STREAM, &a);
    assert_int_equal(a.status, 200);
    assert_true(a.size > 100 * strlen(TEXT_CHUNK("much ")));
    fixture_close(&f);
}

static void a_short_answer_is_no_slow_one(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, drips);
    do_quietly(f.hub, "settings.put",
               "{\"policy\":{\"floorTokens\":100,\"floorWindow\":60000}}");
    ask_with(&f, "", STREAM, &a);
    expect_body(&a, 200, "[DONE]");
    fixture_close(&f);
}

/* ---- who says it ---- */

static void the_nearest_to_the_call_decides(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    char patient[100];
    fixture_open(&f, "{\"data\":\":memory:\",\"firstByteTimeout\":60000}", is_silent);
    do_quietly(f.hub, "settings.put", "{\"policy\":{\"firstByteTimeout\":60}}");
    ask_with(&f, "", CHAT, &a);
    expect_body(&a, 504, "no answer began in time");
    make_key(
        f.hub,
        "{\"name\":\"patient\",\"policy\":{\"firstByteTimeout\":60000,\"totalTimeout\":90}}",
        patient);
    ask(&f, "POST", "/v1/chat/completions", patient, CHAT, &a);
    expect_body(&a, 504, "in all");
    snprintf(f.key, sizeof(f.key), "%s", patient);
    ask_with(&f, "x-aigne-hub-first-byte-timeout: 60\r\nx-aigne-hub-total-timeout: 0\r\n", CHAT,
             &a);
    expect_body(&a, 504, "no answer began in time");
    fixture_close(&f);
}

/* ---- without a network ---- */

static void who_makes_believe_obeys_as_well(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, NULL);
    do_quietly(f.hub, "provider.put", "{\"name\":\"echo\"}");
    ask_model(&f, "x-aigne-hub-first-byte-timeout: 50\r\n", "echo/echo-delay-60000", false, &a);
    expect_body(&a, 504, "longer than it may");
    ask_with(&f, "x-aigne-hub-idle-timeout: 50\r\n",
             "{\"model\":\"echo/echo-pace-60000\",\"stream\":true,\"messages\":[{\"role\":"
             "\"user\",\"content\":\"one two\"}]}",
             &a);
    expect_body(&a, 200, "longer than it may");
    ask_model(&f, "x-aigne-hub-total-timeout: 50\r\n", "echo/echo-delay-60000", true, &a);
    expect_body(&a, 504, "longer than it may");
    expect_rows(f.hub, "AIGNE_E_TIMEOUT");
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_adapter_obeys_the_time_for_the_first_byte),
        cmocka_unit_test(every_adapter_obeys_the_time_of_silence),
        cmocka_unit_test(every_adapter_obeys_the_time_for_all),
        cmocka_unit_test(a_stream_that_has_begun_goes_on),
        cmocka_unit_test(unless_the_time_for_all_is_over),
        cmocka_unit_test(what_drips_has_failed_before_it_goes_out),
        cmocka_unit_test(what_is_quick_goes_out_when_that_is_known),
        cmocka_unit_test(a_short_answer_is_no_slow_one),
        cmocka_unit_test(the_nearest_to_the_call_decides),
        cmocka_unit_test(who_makes_believe_obeys_as_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
