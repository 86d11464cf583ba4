/* Attempts that follow others, over real sockets: who is asked again, how often, and what the books say. */
#include "exchange.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ANSWER                                                                                     \
    "{\"id\":\"c1\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"m-1\",\"choices\":[{" \
    "\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"fine\"},\"finish_reason\":"     \
    "\"stop\"}],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2,\"total_tokens\":9}}"
#define TROUBLE "{\"error\":{\"message\":\"busy\",\"type\":\"server_error\"}}"

#define BARE "{\"model\":\"m\"," CHAT_REST

/* A second provider, which a bare name leads to after the first. */
static void put_other(struct fixture *f, struct tcp_server *other)
{
    char args[200];
    snprintf(args, sizeof(args), "{\"name\":\"xai\",\"baseUrl\":\"http://127.0.0.1:%d/v1\"}",
             other->port);
    do_quietly(f->hub, "provider.put", args);
    do_quietly(f->hub, "credential.put",
               "{\"provider\":\"xai\",\"name\":\"a\",\"value\":\"sk-third-0003\"}");
    do_quietly(
        f->hub, "rate.put",
        "{\"provider\":\"openai\",\"model\":\"m\",\"inputRate\":\"1\",\"outputRate\":\"1\"}");
    do_quietly(
        f->hub, "rate.put",
        "{\"provider\":\"xai\",\"model\":\"m\",\"inputRate\":\"1\",\"outputRate\":\"1\"}");
}

static void answers(struct tcp_connection *c)
{
    while (tcp_read_request(c))
        say(c, "200 OK", "", ANSWER);
}

/* `headers` stands beside the key. */
static void ask_with(struct fixture *f, const char *headers, const char *body, struct answer *a)
{
    char all[400];
    snprintf(all, sizeof(all), "Host: hub\r\nAuthorization: Bearer %s\r\n%s", f->key, headers);
    aigne_call *exchange = begin(f, "POST", "/v1/chat/completions", all);
    finish_request(exchange, body);
    take(exchange, a);
}

static int requests(const struct tcp_server *s)
{
    return atomic_load(&s->requests);
}

/* ---- the same target ---- */

static void is_busy_once(struct tcp_connection *c)
{
    struct fixture *f = c->user;
    while (tcp_read_request(c)) {
        if (requests(&f->server) == 1)
            say(c, "503 Service Unavailable", "", TROUBLE);
        else
            say(c, "200 OK", "", ANSWER);
    }
}

static void who_stands_alone_is_asked_once_more(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, is_busy_once);
    ask(&f, "POST", "/v1/chat/completions", f.key, CHAT, &a);
    expect_body(&a, 200, "fine");
    assert_int_equal(requests(&f.server), 2);
    assert_int_equal(count_rows(f.hub), 2); /* one for each attempt that was made */
    expect_rows(f.hub, "\"httpStatus\":503");
    expect_rows(f.hub, "\"attempt\":2");
    fixture_close(&f);
}

static void a_request_may_ask_for_no_retries(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, is_busy_once);
    ask_with(&f, "x-aigne-hub-retries: 0\r\n", CHAT, &a);
    expect_body(&a, 503, "busy");
    assert_int_equal(requests(&f.server), 1);
    fixture_close(&f);
}

static void limits_for_long(struct tcp_connection *c)
{
    while (tcp_read_request(c))
        say(c, "429 Too Many Requests", "retry-after: 60\r\nx-request-id: req-9\r\n", TROUBLE);
}

static void a_long_wait_is_left_to_the_caller(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, limits_for_long);
    ask(&f, "POST", "/v1/chat/completions", f.key, CHAT, &a);
    expect_body(&a, 429, "busy");
    assert_non_null(strstr(a.head, "\r\nretry-after: 60\r\n"));
    assert_non_null(strstr(a.head, "\r\nx-upstream-request-id: req-9\r\n"));
    assert_int_equal(requests(&f.server), 1);
    fixture_close(&f);
}

static void is_always_busy(struct tcp_connection *c)
{
    while (tcp_read_request(c))
        say(c, "500 Internal Server Error", "retry-after-ms: 1\r\n", TROUBLE);
}

/* As many retries as anybody may ask for: the breaker sees to it that they are few. */
static void nobody_hammers_what_is_dead(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, is_always_busy);
    ask_with(&f, "x-aigne-hub-retries: 5\r\n", CHAT, &a);
    expect_body(&a, 500, "busy");
    assert_true(requests(&f.server) <= 6);
    for (int i = 0; i < 50; i++) {
        ask_with(&f, "x-aigne-hub-retries: 5\r\n", CHAT, &a);
        expect_body(&a, 500, "busy");
    }
    assert_true(requests(&f.server) <= 60);
    assert_int_equal(count_rows(f.hub), requests(&f.server));
    fixture_close(&f);
}

/* ---- the next target ---- */

static void the_next_provider_is_asked(struct fixture *f,
                                       void (*fails)(struct tcp_connection *c),
                                       const char *headers, int status)
{
    struct tcp_server other;
    struct answer a;
    assert_true(tcp_server_start(&other, answers, NULL));
    fixture_open(f, NULL, fails);
    put_other(f, &other);
    ask_with(f, headers, BARE, &a);
    expect_body(&a, status, status == 200 ? "fine" : "error");
    assert_int_equal(requests(&f->server), 1);
    assert_int_equal(requests(&other), status == 200 ? 1 : 0);
    assert_int_equal(count_rows(f->hub), status == 200 ? 2 : 1);
    fixture_close(f);
    tcp_server_stop(&other);
}

static void does_not_know_it(struct tcp_connection *c)
{
    while (tcp_read_request(c))
        say(c, "404 Not Found", "", "{\"error\":{\"message\":\"error: no such model\"}}");
}

static void takes_and_hangs_up(struct tcp_connection *c)
{
    tcp_read_request(c);
}

static void takes_and_is_silent(struct tcp_connection *c)
{
    if (tcp_read_request(c))
        tcp_wait_closed(c, 30000);
}

static void begins_and_breaks_off(struct tcp_connection *c)
{
    if (tcp_read_request(c))
        tcp_say(c, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: "
                   "100\r\n\r\n{\"id\"");
}

static void another_provider_rescues(void **state)
{
    (void)state;
    struct fixture f;
    the_next_provider_is_asked(&f, is_always_busy, "", 200);
    the_next_provider_is_asked(&f, limits_for_long, "", 200);
    the_next_provider_is_asked(&f, does_not_know_it, "", 200);
    the_next_provider_is_asked(&f, takes_and_hangs_up, "", 200);
    the_next_provider_is_asked(&f, begins_and_breaks_off, "", 200);
    the_next_provider_is_asked(&f, takes_and_is_silent,
                               "x-aigne-hub-first-byte-timeout: 700\r\n", 200);
}

static void unless_it_may_have_been_done_and_a_policy_forbids_it(void **state)
{
    (void)state;
    struct fixture f;
    the_next_provider_is_asked(&f, takes_and_hangs_up, "x-aigne-hub-repeat-sent: false\r\n",
                               502);
    the_next_provider_is_asked(&f, begins_and_breaks_off, "x-aigne-hub-attempts: 1\r\n", 502);
}

/* ---- giving up while it waits ---- */

static void limits_for_a_while(struct tcp_connection *c)
{
    while (tcp_read_request(c))
        say(c, "429 Too Many Requests", "retry-after: 4\r\n", TROUBLE);
}

static bool is_cooling(aigne_hub *h)
{
    aigne_reply *r = do_verb(h, "credential.list", "{}");
    bool cooling = strstr(aigne_reply_json(r, NULL), "cooling") != NULL;
    aigne_reply_free(r);
    return cooling;
}

static void a_pause_ends_when_nobody_waits(void **state)
{
    (void)state;
    struct fixture f;
    aigne_event ev;
    fixture_open(&f, NULL, limits_for_a_while);
    aigne_call *exchange = begin_with_key(&f, "POST", "/v1/chat/completions", f.key);
    finish_request(exchange, CHAT);
    while (!is_cooling(f.hub))
        assert_int_equal(aigne_call_next(exchange, 1, &ev, NULL), AIGNE_AGAIN);
    aigne_call_free(exchange);
    aigne_loop_free(f.loop); /* waits for what is recorded, and for nothing else */
    f.loop = NULL;
    expect_rows(f.hub, "\"httpStatus\":429");
    assert_int_equal(count_rows(f.hub), 1);
    fixture_close(&f);
}

static void a_pause_is_never_longer_than_the_time_that_is_left(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, limits_for_a_while);
    ask_with(&f, "x-aigne-hub-total-timeout: 3000\r\n", CHAT, &a);
    expect_body(&a, 429, "busy");
    assert_non_null(strstr(a.head, "\r\nretry-after: 4\r\n"));
    assert_int_equal(requests(&f.server), 1);
    fixture_close(&f);
}

/* ---- who asks how it went ---- */

#define EXPLAIN "x-aigne-hub-explain: true\r\n"

static void expect_in_order(const char *text, const char *first, const char *second)
{
    const char *at = strstr(text, first);
    if (!at || !strstr(at + strlen(first), second))
        fail_msg("not %s and then %s in %s", first, second, text);
}

static void the_way_of_a_call_is_told_to_who_asks(void **state)
{
    (void)state;
    struct fixture f;
    struct tcp_server other;
    struct answer a;
    assert_true(tcp_server_start(&other, answers, NULL));
    fixture_open(&f, NULL, is_always_busy);
    put_other(&f, &other);
    ask_with(&f, EXPLAIN, BARE, &a);
    expect_body(&a, 200, "fine");
    assert_non_null(strstr(a.head, "\r\nx-aigne-hub-explain: {\"requested\":\"m\",\"ms\":"));
    expect_in_order(
        a.head,
        "{\"provider\":\"openai\",\"model\":\"m\",\"result\":\"error\",\"http\":"
        "500,\"error\":\"AIGNE_E_UPSTREAM: server_error\",\"ms\":",
        "{\"provider\":\"xai\",\"model\":\"m\",\"result\":\"success\",\"http\":200");
    ask_with(&f, "", BARE, &a);
    assert_null(strstr(a.head, "explain"));
    fixture_close(&f);
    tcp_server_stop(&other);
}

static void also_when_it_failed(void **state)
{
    (void)state;
    struct fixture f;
    struct tcp_server other;
    struct answer a;
    assert_true(tcp_server_start(&other, answers, NULL));
    fixture_open(&f, NULL, takes_and_hangs_up);
    put_other(&f, &other);
    ask_with(&f, EXPLAIN "x-aigne-hub-repeat-sent: false\r\n", BARE, &a);
    expect_body(&a, 502, "error");
    expect_in_order(a.head, "\"result\":\"error\"",
                    "{\"provider\":\"xai\",\"model\":\"m\",\"result\":\"not asked\"}");
    fixture_close(&f);
    tcp_server_stop(&other);
}

static void who_was_passed_over_is_named_too(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, answers);
    do_quietly(f.hub, "route.put",
               "{\"name\":\"smart\",\"targets\":[{\"model\":\"echo/echo\",\"when\":{"
               "\"metadata.plan\":\"pro\"}},{\"model\":\"openai/m\"}]}");
    ask_with(&f, EXPLAIN, "{\"model\":\"smart\"," CHAT_REST, &a);
    expect_body(&a, 200, "fine");
    expect_in_order(a.head, "\"result\":\"success\"",
                    "{\"target\":\"echo/echo\",\"result\":\"skipped\",\"error\":");
    fixture_close(&f);
}

static void streams_well(struct tcp_connection *c)
{
    if (tcp_read_request(c))
        tcp_say(c, STREAM_HEAD TEXT_CHUNK("fine") LAST_CHUNK USAGE_CHUNK DONE);
}

static void a_stream_tells_it_before_its_end(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, streams_well);
    ask_with(&f, EXPLAIN, STREAM, &a);
    expect_body(&a, 200, "[DONE]");
    expect_in_order(a.head, "x-aigne-hub-explain: ", "\"result\":\"asked\"");
    expect_in_order(a.body, "\n\n: explain {\"requested\":\"openai/m\"", "[DONE]");
    expect_in_order(a.body, "\"result\":\"success\",\"http\":200,\"ms\":", "}]}\n\n");
    fixture_close(&f);
}

/* ---- what the provider said, in each client's format ---- */

static void refuses_for_long(struct tcp_connection *c)
{
    while (tcp_read_request(c))
        say(c, "429 Too Many Requests", "retry-after: 60\r\nx-request-id: req-9\r\n",
            "{\"error\":{\"message\":\"too fast for us\",\"type\":\"rate_limit\"}}");
}

static void the_providers_words_reach_every_client(void **state)
{
    static const struct {
        const char *path;
        const char *body;
    } clients[] = {
        {"/v1/chat/completions", CHAT},
        {"/v1/chat/completions", STREAM},
        {"/v1/responses", "{\"model\":\"openai/m\",\"input\":\"Hi\"}"},
        {"/v1/messages", "{\"model\":\"openai/m\",\"max_tokens\":5," CHAT_REST},
        {"/v1beta/models/openai%2Fm:generateContent",
         "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"Hi\"}]}]}"},
        {"/v1beta/models/openai%2Fm:streamGenerateContent?alt=sse",
         "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"Hi\"}]}]}"},
        {"/api/v2/chat", AIGNE_CHAT},
        {"/api/v2/chat", AIGNE_STREAM},
        {"/api/v2/chat/completions", CHAT},
        {"/v1/embeddings", "{\"model\":\"openai/m\",\"input\":\"Hi\"}"},
        {"/v1/images/generations", "{\"model\":\"openai/m\",\"prompt\":\"Hi\"}"},
        {"/v1/audio/speech", "{\"model\":\"openai/m\",\"input\":\"Hi\",\"voice\":\"alloy\"}"},
        {"/api/v2/image",
         "{\"input\":{\"prompt\":\"Hi\",\"modelOptions\":{\"model\":\"openai/m\"}}}"},
    };
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, refuses_for_long);
    for (size_t i = 0; i < sizeof clients / sizeof *clients; i++) {
        ask(&f, "POST", clients[i].path, f.key, clients[i].body, &a);
        expect_body(&a, 429, "too fast for us");
        if (!strstr(a.head, "\r\nretry-after: 60\r\n") ||
            !strstr(a.head, "\r\nx-upstream-request-id: req-9\r\n"))
            fail_msg("%s: %s", clients[i].path, a.head);
    }
    fixture_close(&f);
}

static void who_answered_is_named_in_every_format(void **state)
{
    (void)state;
    static const struct {
        const char *target, *body, *named;
    } cases[] = {
        {"/v1/chat/completions", "{\"model\":\"smart\"," CHAT_REST, "\"model\":\"echo/echo\""},
        {"/v1/chat/completions", "{\"model\":\"smart\",\"stream\":true," CHAT_REST,
         "\"model\":\"echo/echo\""},
        {"/v1/chat/completions", "{\"model\":\"aignehub/echo/echo\"," CHAT_REST,
         "\"model\":\"aignehub/echo/echo\""}, /* as it was asked for */
        {"/v1/messages", "{\"model\":\"smart\",\"max_tokens\":9," CHAT_REST,
         "\"model\":\"echo/echo\""},
        {"/v1beta/models/smart:generateContent",
         "{\"contents\":[{\"parts\":[{\"text\":\"Hi\"}]}]}", "\"modelVersion\":\"echo/echo\""},
    };
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, is_always_busy);
    do_quietly(
        f.hub, "route.put",
        "{\"name\":\"smart\",\"targets\":[{\"model\":\"openai/m\"},{\"model\":\"echo/echo\"}]}");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ask(&f, "POST", cases[i].target, f.key, cases[i].body, &a);
        expect_body(&a, 200, cases[i].named);
    }
    fixture_close(&f);
}

static void breaks_off(struct tcp_connection *c)
{
    if (tcp_read_request(c))
        tcp_say(c, STREAM_HEAD TEXT_CHUNK("half an ans"));
}

static void who_went_on_is_named_at_the_end(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, breaks_off);
    ask_with(
        &f, "x-aigne-hub-on-cut: resume\r\nx-aigne-hub-models: echo/echo\r\n",
        "{\"model\":\"openai/m\",\"stream\":true,\"stream_options\":{\"include_usage\":true}," CHAT_REST,
        &a);
    expect_body(&a, 200, "half an ans");
    expect_in_order(a.body, "\"model\":\"openai/m\"", "\"model\":\"echo/echo\"");
    const char *finish = strstr(a.body, "\"finish_reason\":\"stop\"");
    assert_non_null(finish);
    assert_null(strstr(finish, "openai/m"));
    assert_non_null(strstr(finish, "[DONE]"));
    fixture_close(&f);
}

/* ---- a program with the hub in its own process ---- */

/* The events' text, and how the call ended. */
static int call_library(struct fixture *f, const char *request, char text[100])
{
    aigne_model *m = NULL;
    aigne_call *call = NULL;
    aigne_event ev;
    int rc = aigne_hub_model(f->hub, NULL, "m", &m, NULL);
    assert_int_equal(rc, AIGNE_OK);
    assert_int_equal(aigne_call_start(m, NULL, request, AIGNE_Z, &call, NULL), AIGNE_OK);
    text[0] = '\0';
    while ((rc = aigne_call_next(call, -1, &ev, NULL)) == AIGNE_EVENT)
        if (ev.kind == AIGNE_EV_TEXT)
            strncat(text, ev.data, ev.len);
    aigne_call_free(call);
    aigne_model_free(m);
    return rc;
}

static void nothing_goes_out_before_all_is_there(void **state)
{
    (void)state;
    struct fixture f;
    struct tcp_server other;
    char text[100];
    static const char held[] =
        "{\"messages\":\"Hi\",\"policy\":{\"onCut\":\"hold\",\"retries\":0}}";
    fixture_open(&f, NULL, breaks_off);
    assert_true(tcp_server_start(&other, streams_well, NULL));
    put_other(&f, &other);
    assert_int_equal(call_library(&f, held, text), AIGNE_OK);
    assert_string_equal(text, "fine");
    assert_true(call_library(&f, "{\"messages\":\"Hi\"}", text) < 0);
    assert_string_equal(text, "half an ans");
    tcp_server_stop(&other);
    do_quietly(f.hub, "health.reset", "{}");
    assert_true(call_library(&f, held, text) < 0); /* neither: nothing of it is seen */
    assert_string_equal(text, "");
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_stands_alone_is_asked_once_more),
        cmocka_unit_test(a_request_may_ask_for_no_retries),
        cmocka_unit_test(a_long_wait_is_left_to_the_caller),
        cmocka_unit_test(nobody_hammers_what_is_dead),
        cmocka_unit_test(another_provider_rescues),
        cmocka_unit_test(unless_it_may_have_been_done_and_a_policy_forbids_it),
        cmocka_unit_test(a_pause_ends_when_nobody_waits),
        cmocka_unit_test(a_pause_is_never_longer_than_the_time_that_is_left),
        cmocka_unit_test(the_way_of_a_call_is_told_to_who_asks),
        cmocka_unit_test(also_when_it_failed),
        cmocka_unit_test(who_was_passed_over_is_named_too),
        cmocka_unit_test(a_stream_tells_it_before_its_end),
        cmocka_unit_test(the_providers_words_reach_every_client),
        cmocka_unit_test(who_answered_is_named_in_every_format),
        cmocka_unit_test(who_went_on_is_named_at_the_end),
        cmocka_unit_test(nothing_goes_out_before_all_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
