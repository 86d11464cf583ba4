/* The coordinator against a scripted provider on a real socket: who is asked, how often, and what the
 * books say afterwards. */
#include "tcp_server.h"
#include <aignehub/aignehub.h>
#include <pthread.h>
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

struct fixture {
    struct tcp_server server;
    aigne_hub *hub;
};

static aigne_reply *must_do(aigne_hub *h, const char *verb, const char *args)
{
    aigne_reply *r = NULL;
    aigne_error *e = NULL;
    if (aigne_hub_do(h, verb, args, AIGNE_Z, &r, &e) < 0)
        fail_msg("%s: %s", verb, aigne_error_text(e));
    return r;
}

static void expect_rows(aigne_hub *h, const char *part)
{
    aigne_reply *r = must_do(h, "usage.list", "{\"order\":\"asc\"}");
    if (!strstr(aigne_reply_json(r, NULL), part))
        fail_msg("no %s in %s", part, aigne_reply_json(r, NULL));
    aigne_reply_free(r);
}

static void open_fixture(struct fixture *f, void (*serve)(struct tcp_connection *c),
                         const char *settings)
{
    aigne_config *c = NULL;
    aigne_error *e = NULL;
    char args[200];
    assert_true(tcp_server_start(&f->server, serve, f));
    assert_int_equal(aigne_config_new(&c), AIGNE_OK);
    assert_int_equal(aigne_config_json(c, settings, AIGNE_Z, &e), AIGNE_OK);
    assert_int_equal(aigne_config_set(c, "data", ":memory:", AIGNE_Z, &e), AIGNE_OK);
    assert_int_equal(aigne_hub_open(c, &f->hub, &e), AIGNE_OK);
    aigne_config_free(c);
    snprintf(args, sizeof(args), "{\"name\":\"openai\",\"baseUrl\":\"http://127.0.0.1:%d/v1\"}",
             f->server.port);
    aigne_reply_free(must_do(f->hub, "provider.put", args));
    aigne_reply_free(
        must_do(f->hub, "credential.put",
                "{\"provider\":\"openai\",\"name\":\"a\",\"value\":\"sk-first-0001\"}"));
    aigne_reply_free(
        must_do(f->hub, "credential.put",
                "{\"provider\":\"openai\",\"name\":\"b\",\"value\":\"sk-second-002\"}"));
}

static void close_fixture(struct fixture *f)
{
    aigne_hub_free(f->hub);
    tcp_server_stop(&f->server);
}

static int ask(struct fixture *f, aigne_reply **r, aigne_error **e)
{
    aigne_model *m = NULL;
    assert_int_equal(aigne_hub_model(f->hub, NULL, "openai/m", &m, NULL), AIGNE_OK);
    int rc = aigne_model_invoke(m, "{\"messages\":\"Hi\"}", AIGNE_Z, r, e);
    aigne_model_free(m);
    return rc;
}

static void say(struct tcp_connection *c, const char *status, const char *extra,
                const char *body)
{
    char head[400];
    snprintf(head, sizeof(head),
             "HTTP/1.1 %s\r\ncontent-type: application/json\r\n%scontent-length: %zu\r\n\r\n",
             status, extra, strlen(body));
    tcp_say(c, head);
    tcp_say(c, body);
}

/* ---- failing over ---- */

static void first_key_is_bad(struct tcp_connection *c)
{
    while (tcp_read_request(c)) {
        if (strstr(c->head, "sk-first-0001"))
            say(c, "401 Unauthorized", "",
                "{\"error\":{\"message\":\"Incorrect API key provided\",\"type\":"
                "\"invalid_request_error\",\"code\":\"invalid_api_key\"}}");
        else
            say(c, "200 OK", "x-request-id: req-77\r\n", ANSWER);
    }
}

static void another_credential_takes_over(void **state)
{
    (void)state;
    struct fixture f;
    aigne_reply *r = NULL;
    open_fixture(&f, first_key_is_bad, "{}");
    for (int i = 0; i < 6; i++) { /* only the first starts with the bad key */
        assert_int_equal(ask(&f, &r, NULL), AIGNE_OK);
        assert_string_equal(aigne_reply_text(r, NULL), "fine");
        aigne_reply_free(r);
    }
    assert_int_equal(atomic_load(&f.server.requests), 7);
    expect_rows(f.hub, "\"count\":7");
    expect_rows(f.hub, "\"httpStatus\":401");
    expect_rows(f.hub, "\"upstreamRequestId\":\"req-77\"");
    expect_rows(f.hub, "\"inputTokens\":7");
    close_fixture(&f);
}

static void refuses_the_request(struct tcp_connection *c)
{
    while (tcp_read_request(c))
        say(c, "400 Bad Request", "",
            "{\"error\":{\"message\":\"too long by 7\",\"type\":\"invalid_request_error\",\"code\":"
            "\"context_length_exceeded\"}}");
}

static void a_callers_mistake_is_not_tried_again(void **state)
{
    (void)state;
    struct fixture f;
    aigne_reply *r = NULL;
    aigne_error *e = NULL;
    open_fixture(&f, refuses_the_request, "{}");
    assert_true(ask(&f, &r, &e) < 0);
    assert_non_null(strstr(aigne_error_json(e, NULL), "\"http\":400"));
    assert_non_null(strstr(aigne_error_json(e, NULL), "context_length_exceeded"));
    assert_non_null(strstr(aigne_error_text(e), "too long by 7"));
    aigne_error_free(e);
    assert_int_equal(atomic_load(&f.server.requests), 1);
    close_fixture(&f);
}

static void quotes_key_and_prompt(struct tcp_connection *c)
{
    while (tcp_read_request(c))
        say(c, "400 Bad Request", "",
            "{\"error\":{\"message\":\"No: Hi, said sk-first-0001 or sk-second-002\",\"type\":"
            "\"invalid_request_error\",\"code\":\"odd_greeting\"}}");
}

static void a_providers_quotations_stay_out_of_the_books(void **state)
{
    (void)state;
    struct fixture f;
    aigne_reply *r = NULL;
    aigne_error *e = NULL;
    open_fixture(&f, quotes_key_and_prompt, "{}");
    assert_true(ask(&f, &r, &e) < 0);
    assert_non_null(strstr(aigne_error_text(e), "No: Hi, said"));
    aigne_error_free(e);
    r = must_do(f.hub, "usage.list", "{}");
    assert_non_null(strstr(aigne_reply_json(r, NULL), "odd_greeting"));
    assert_null(strstr(aigne_reply_json(r, NULL), "said"));
    aigne_reply_free(r);
    close_fixture(&f);
}

static void echoes_the_key(struct tcp_connection *c)
{
    while (tcp_read_request(c)) {
        const char *second = strstr(c->head, "f00dfeed-4bad-cafe");
        say(c, "401 Unauthorized", "",
            second ? "{\"error\":{\"message\":\"f00dfeed-4bad-cafe is not known\"}}"
                   : "{\"error\":{\"message\":\"not known\"}}");
    }
}

/* A key that looks like nothing in particular. */
static void an_error_never_repeats_the_key(void **state)
{
    (void)state;
    struct fixture f;
    aigne_reply *r = NULL;
    aigne_error *e = NULL;
    open_fixture(&f, echoes_the_key, "{}");
    aigne_reply_free(must_do(f.hub, "credential.put",
                             "{\"provider\":\"openai\",\"name\":\"c\",\"value\":"
                             "\"f00dfeed-4bad-cafe\"}"));
    int rc = aigne_hub_do(f.hub, "credential.test",
                          "{\"provider\":\"openai\",\"name\":\"c\",\"model\":\"m\"}", AIGNE_Z,
                          &r, &e);
    assert_true(rc < 0);
    assert_non_null(strstr(aigne_error_text(e), "is not known"));
    assert_null(strstr(aigne_error_json(e, NULL), "f00dfeed"));
    aigne_error_free(e);
    close_fixture(&f);
}

static void overloaded(struct tcp_connection *c)
{
    while (tcp_read_request(c))
        say(c, "503 Service Unavailable", "retry-after: 3\r\n",
            "{\"error\":{\"message\":\"busy\"}}");
}

static void every_credential_is_tried_once(void **state)
{
    (void)state;
    struct fixture f;
    aigne_reply *r = NULL;
    aigne_error *e = NULL;
    open_fixture(&f, overloaded, "{}");
    assert_true(ask(&f, &r, &e) < 0);
    assert_int_equal(aigne_error_retry_ms(e), 3000);
    assert_non_null(strstr(aigne_error_json(e, NULL), "\"http\":503"));
    aigne_error_free(e);
    assert_int_equal(atomic_load(&f.server.requests), 2);
    expect_rows(f.hub, "\"count\":2");
    close_fixture(&f);
}

/* ---- what may have been executed is not repeated ---- */

static void takes_and_hangs_up(struct tcp_connection *c)
{
    tcp_read_request(c);
}

static void a_request_that_was_sent_is_never_repeated(void **state)
{
    (void)state;
    struct fixture f;
    aigne_reply *r = NULL;
    aigne_error *e = NULL;
    open_fixture(&f, takes_and_hangs_up, "{}");
    assert_int_equal(ask(&f, &r, &e), AIGNE_E_NETWORK);
    aigne_error_free(e);
    assert_int_equal(atomic_load(&f.server.requests), 1);
    expect_rows(f.hub, "\"count\":1");
    close_fixture(&f);
}

static void expect_health(aigne_hub *h, const char *part)
{
    aigne_reply *r = must_do(h, "health.list", "{}");
    if (!strstr(aigne_reply_json(r, NULL), part))
        fail_msg("no %s in %s", part, aigne_reply_json(r, NULL));
    aigne_reply_free(r);
}

/* It is the only one there is, so it is asked nevertheless. */
static void what_hangs_up_is_known_for_it(void **state)
{
    (void)state;
    struct fixture f;
    aigne_reply *r = NULL;
    open_fixture(&f, takes_and_hangs_up, "{}");
    for (int i = 0; i < 4; i++)
        assert_int_equal(ask(&f, &r, NULL), AIGNE_E_NETWORK);
    assert_int_equal(atomic_load(&f.server.requests), 4);
    expect_health(f.hub, "\"model\":\"m\",\"state\":\"open\",\"failures\":3");
    expect_health(f.hub, "\"reason\":\"AIGNE_E_NETWORK\"");
    aigne_reply_free(must_do(f.hub, "health.reset", "{}"));
    expect_health(f.hub, "\"model\":\"m\",\"state\":\"closed\",\"failures\":0");
    close_fixture(&f);
}

static void answers_once_then_hangs_up(struct tcp_connection *c)
{
    if (tcp_read_request(c))
        say(c, "200 OK", "", ANSWER);
    tcp_read_request(c);
}

static void also_not_on_a_kept_connection(void **state)
{
    (void)state;
    struct fixture f;
    aigne_reply *r = NULL;
    aigne_error *e = NULL;
    open_fixture(&f, answers_once_then_hangs_up, "{}");
    assert_int_equal(ask(&f, &r, NULL), AIGNE_OK);
    aigne_reply_free(r);
    assert_int_equal(ask(&f, &r, &e), AIGNE_E_NETWORK);
    aigne_error_free(e);
    assert_int_equal(atomic_load(&f.server.requests), 2);
    close_fixture(&f);
}

/* ---- time ---- */

static void silent(struct tcp_connection *c)
{
    if (tcp_read_request(c))
        tcp_wait_closed(c, 10000);
}

static void silence_is_a_timeout(void **state)
{
    (void)state;
    struct fixture f;
    aigne_reply *r = NULL;
    aigne_error *e = NULL;
    open_fixture(&f, silent, "{\"firstByteTimeout\":50}");
    assert_int_equal(ask(&f, &r, &e), AIGNE_E_TIMEOUT);
    aigne_error_free(e);
    expect_rows(f.hub, "AIGNE_E_TIMEOUT");
    close_fixture(&f);
}

static atomic_int closed_after_ms;

static void notes_when_closed(struct tcp_connection *c)
{
    if (tcp_read_request(c))
        atomic_store(&closed_after_ms, tcp_wait_closed(c, 10000));
}

static void *cancel_it(void *call)
{
    aigne_call_cancel(call);
    return NULL;
}

static void cancelling_closes_the_provider(void **state)
{
    (void)state;
    struct fixture f;
    aigne_model *m = NULL;
    aigne_call *call = NULL;
    aigne_event ev;
    pthread_t thread;
    open_fixture(&f, notes_when_closed, "{}");
    assert_int_equal(aigne_hub_model(f.hub, NULL, "openai/m", &m, NULL), AIGNE_OK);
    assert_int_equal(aigne_call_start(m, NULL, "{\"messages\":\"Hi\"}", AIGNE_Z, &call, NULL),
                     AIGNE_OK);
    while (atomic_load(&f.server.requests) == 0)
        assert_int_equal(aigne_call_next(call, 1, &ev, NULL), AIGNE_AGAIN);
    pthread_create(&thread, NULL, cancel_it, call);
    assert_int_equal(aigne_call_next(call, -1, &ev, NULL), AIGNE_E_CANCELLED);
    pthread_join(thread, NULL);
    aigne_call_free(call);
    aigne_model_free(m);
    expect_rows(f.hub, "\"status\":\"cancelled\"");
    close_fixture(&f);
    assert_true(atomic_load(&closed_after_ms) >= 0); /* closed, not waited out */
}

/* ---- streams ---- */

#define STREAM_HEAD                                                                            \
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
#define PIECE(text)                                                                            \
    "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\","  \
    "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" text                                 \
    "\"},\"finish_reason\":null}]}\n\n"

static void cuts_the_stream(struct tcp_connection *c)
{
    if (!tcp_read_request(c))
        return;
    tcp_say(c, STREAM_HEAD PIECE("half ") PIECE("an "));
}

static void a_cut_stream_is_an_error(void **state)
{
    (void)state;
    struct fixture f;
    aigne_model *m = NULL;
    aigne_call *call = NULL;
    aigne_event ev;
    char text[50] = "";
    open_fixture(&f, cuts_the_stream, "{}");
    assert_int_equal(aigne_hub_model(f.hub, NULL, "openai/m", &m, NULL), AIGNE_OK);
    assert_int_equal(aigne_call_start(m, NULL, "{\"messages\":\"Hi\"}", AIGNE_Z, &call, NULL),
                     AIGNE_OK);
    int rc = aigne_call_next(call, -1, &ev, NULL);
    for (; rc == AIGNE_EVENT; rc = aigne_call_next(call, -1, &ev, NULL))
        strncat(text, ev.data, ev.len);
    assert_int_equal(rc, AIGNE_E_PROTOCOL);
    assert_string_equal(text, "half an ");
    aigne_call_free(call);
    aigne_model_free(m);
    assert_int_equal(atomic_load(&f.server.requests), 1);
    expect_rows(f.hub, "\"status\":\"error\"");
    close_fixture(&f);
}

/* The same object, opened on a provider. */
static void a_provider_is_reached_directly(void **state)
{
    (void)state;
    struct fixture f;
    aigne_config *c = NULL;
    aigne_model *m = NULL;
    aigne_reply *r = NULL;
    char json[200];
    open_fixture(&f, first_key_is_bad, "{}");
    snprintf(
        json, sizeof(json),
        "{\"provider\":\"openai\",\"url\":\"http://127.0.0.1:%d/v1/\",\"apiKey\":\"sk-second-002\","
        "\"model\":\"openai/m\"}",
        f.server.port);
    assert_int_equal(aigne_config_new(&c), AIGNE_OK);
    assert_int_equal(aigne_config_json(c, json, AIGNE_Z, NULL), AIGNE_OK);
    assert_int_equal(aigne_model_open(c, &m, NULL), AIGNE_OK);
    aigne_config_free(c);
    assert_int_equal(aigne_model_invoke(m, "{\"messages\":\"Hi\"}", AIGNE_Z, &r, NULL),
                     AIGNE_OK);
    assert_string_equal(aigne_reply_text(r, NULL), "fine");
    aigne_reply_free(r);
    aigne_model_free(m);
    close_fixture(&f);
}

static void a_credential_can_be_tested(void **state)
{
    (void)state;
    struct fixture f;
    aigne_reply *r = NULL;
    aigne_error *e = NULL;
    open_fixture(&f, first_key_is_bad, "{}");
    aigne_reply_free(must_do(f.hub, "credential.test",
                             "{\"provider\":\"openai\",\"name\":\"b\",\"model\":\"m\"}"));
    int rc = aigne_hub_do(f.hub, "credential.test",
                          "{\"provider\":\"openai\",\"name\":\"a\",\"model\":\"m\"}", AIGNE_Z,
                          &r, &e);
    assert_true(rc < 0);
    assert_non_null(strstr(aigne_error_text(e), "Incorrect API key"));
    aigne_error_free(e);
    /* a typo would have asked another model, and said that all is well */
    rc = aigne_hub_do(f.hub, "rate.test", "{\"provider\":\"openai\",\"modell\":\"m\"}", AIGNE_Z,
                      &r, &e);
    assert_int_equal(rc, AIGNE_E_REQUEST);
    assert_non_null(strstr(aigne_error_text(e), "the nearest known one is \"model\""));
    aigne_error_free(e);
    rc = aigne_hub_do(f.hub, "provider.test", "{\"name\":5}", AIGNE_Z, &r, &e);
    assert_int_equal(rc, AIGNE_E_REQUEST);
    assert_non_null(strstr(aigne_error_text(e), "must be: string"));
    aigne_error_free(e);
    close_fixture(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_credential_takes_over),
        cmocka_unit_test(a_callers_mistake_is_not_tried_again),
        cmocka_unit_test(every_credential_is_tried_once),
        cmocka_unit_test(a_providers_quotations_stay_out_of_the_books),
        cmocka_unit_test(an_error_never_repeats_the_key),
        cmocka_unit_test(a_request_that_was_sent_is_never_repeated),
        cmocka_unit_test(what_hangs_up_is_known_for_it),
        cmocka_unit_test(also_not_on_a_kept_connection),
        cmocka_unit_test(silence_is_a_timeout),
        cmocka_unit_test(cancelling_closes_the_provider),
        cmocka_unit_test(a_cut_stream_is_an_error),
        cmocka_unit_test(a_provider_is_reached_directly),
        cmocka_unit_test(a_credential_can_be_tested),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
