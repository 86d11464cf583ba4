/* Names of the operator's own, and fallbacks that a request names, through the gateway: who is asked, what
 * he is told, and what the books say. */
#include "exchange.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ANSWER                                                                                    \
    "{\"id\":\"c\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"m-7\",\"choices\":[{" \
    "\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"fine\"},\"finish_reason\":"    \
    "\"stop\"}],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2,\"total_tokens\":9}}"

static char told[16384]; /* the last body that a provider got */

static void answer_each(struct tcp_connection *c)
{
    while (tcp_read_request(c)) {
        snprintf(told, sizeof(told), "%s", c->body);
        if (!tcp_answer(c, ANSWER))
            return;
    }
}

static void fail_each(struct tcp_connection *c)
{
    while (tcp_read_request(c))
        say(c, "503 Service Unavailable", "", "{\"error\":{\"message\":\"down\"}}");
}

static void ask_with(struct fixture *f, const char *header, const char *body, struct answer *a)
{
    char headers[600];
    snprintf(headers, sizeof(headers), "authorization: Bearer %s\r\n%s\r\n", f->key, header);
    aigne_call *exchange = begin(f, "POST", "/v1/chat/completions", headers);
    finish_request(exchange, body);
    take(exchange, a);
}

static void a_route_falls_back_and_the_books_name_it(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, fail_each);
    do_quietly(f.hub, "route.put",
               "{\"name\":\"smart\",\"targets\":[{\"model\":\"openai/m\"},"
               "{\"model\":\"echo/echo\"}]}");
    ask(&f, "POST", "/v1/chat/completions", f.key, "{\"model\":\"smart\"," CHAT_REST, &a);
    expect_body(&a, 200, "Hi");
    expect_rows(f.hub, "\"requestedModel\":\"smart\"");
    expect_rows(f.hub, "\"provider\":\"echo\"");
    assert_int_equal(count_rows(f.hub), 2);
    expect_rows(f.hub, "\"explain\":{\"requested\":\"smart\",\"ms\":");
    expect_rows(f.hub, "\"result\":\"error\",\"http\":503,");
    fixture_close(&f);
}

static void a_request_names_its_fallbacks(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, fail_each);
    ask(&f, "POST", "/v1/chat/completions", f.key,
        "{\"model\":\"openai/m\",\"models\":[\"openai/m\",\"echo/echo\"]," CHAT_REST, &a);
    expect_body(&a, 200, "Hi");
    ask_with(&f, "x-aigne-hub-models: openai/n , echo/echo", CHAT, &a);
    expect_body(&a, 200, "Hi");
    ask(&f, "POST", "/v1/chat/completions", f.key,
        "{\"model\":\"openai/m\",\"models\":\"echo/echo\"," CHAT_REST, &a);
    expect_body(&a, 400, "models must be an array");
    ask_with(&f, "x-aigne-hub-strategy: fastest", CHAT, &a);
    expect_body(&a, 400, "There is no strategy \\\"fastest\\\"");
    ask_with(&f, "x-aigne-hub-metadata: x", CHAT, &a);
    expect_body(&a, 400, "must be a JSON object");
    fixture_close(&f);
}

/* What the hub chooses by is not the provider's to read. */
static void a_provider_is_not_told_of_others(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, answer_each);
    ask(&f, "POST", "/v1/chat/completions", f.key,
        "{\"model\":\"openai/m\",\"models\":[\"echo/echo\"],\"x_new\":1," CHAT_REST, &a);
    expect_body(&a, 200, "fine");
    assert_null(strstr(told, "models"));
    assert_non_null(strstr(told, "\"x_new\":1"));
    do_quietly(f.hub, "provider.put", "{\"name\":\"openrouter\",\"keyless\":true}");
    char args[200];
    snprintf(args, sizeof(args),
             "{\"name\":\"openrouter\",\"baseUrl\":\"http://127.0.0.1:%d/v1\"}", f.server.port);
    do_quietly(f.hub, "provider.put", args);
    ask(&f, "POST", "/v1/chat/completions", f.key,
        "{\"model\":\"openrouter/a/b\",\"models\":[\"c/d\"]," CHAT_REST, &a);
    expect_body(&a, 200, "fine");
    assert_non_null(strstr(told, "\"models\":[\"c/d\"]"));
    fixture_close(&f);
}

static void what_a_body_needs_decides(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, answer_each);
    do_quietly(f.hub, "rate.put",
               "{\"provider\":\"openai\",\"model\":\"m\",\"inputRate\":1,\"outputRate\":1,"
               "\"modelMetadata\":{\"features\":[\"text\"],\"contextWindow\":1000}}");
    do_quietly(f.hub, "route.put",
               "{\"name\":\"smart\",\"targets\":[{\"model\":\"openai/m\"},"
               "{\"model\":\"echo/echo\",\"when\":{\"metadata.plan\":\"pro\"}}]}");
    ask(&f, "POST", "/v1/chat/completions", f.key, "{\"model\":\"smart\"," CHAT_REST, &a);
    expect_body(&a, 200, "fine");
#define PICTURE                                                                                \
    "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"Hi\"},"       \
    "{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://x.example/a.png\"}}]}]}"
    ask(&f, "POST", "/v1/chat/completions", f.key, "{\"model\":\"smart\"," PICTURE, &a);
    expect_body(&a, 400, "openai/m cannot take images; echo/echo is not for this caller");
    ask(&f, "POST", "/v1/chat/completions", f.key,
        "{\"model\":\"smart\",\"metadata\":{\"plan\":\"pro\"}," PICTURE, &a);
    expect_body(&a, 200, "Hi");
    ask_with(&f, "x-aigne-hub-metadata: {\"plan\":\"pro\"}", "{\"model\":\"smart\"," PICTURE,
             &a);
    expect_body(&a, 200, "Hi");
    ask(&f, "POST", "/v1/chat/completions", f.key, "{\"model\":\"openai/m\"," PICTURE, &a);
    expect_body(&a, 400, "openai/m cannot take images");
    ask(&f, "POST", "/v1/chat/completions", f.key, CHAT, &a);
    expect_body(&a, 200, "fine");
    fixture_close(&f);
}

static void routes_are_listed_as_models(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, answer_each);
    do_quietly(
        f.hub, "rate.put",
        "{\"provider\":\"openai\",\"model\":\"m\",\"inputRate\":\"0.5\",\"outputRate\":1,"
        "\"modelMetadata\":{\"features\":[\"tools\",\"vision\"],\"contextWindow\":1000}}");
    do_quietly(f.hub, "route.put",
               "{\"name\":\"smart\",\"targets\":[{\"model\":\"openai/m\"},"
               "{\"model\":\"echo/echo\"}]}");
    do_quietly(f.hub, "route.put",
               "{\"name\":\"hidden\",\"targets\":[{\"model\":\"openai/m\"}],"
               "\"when\":{\"app\":\"x\"}}");
    do_quietly(f.hub, "route.put",
               "{\"name\":\"openai/m\",\"targets\":[{\"model\":\"openai/m\"}]}");
    ask(&f, "GET", "/v1/models", f.key, NULL, &a);
    const char *first = strstr(a.body, "\"id\":\"openai/m\"");
    assert_true(first && !strstr(first + 1, "\"id\":\"openai/m\""));
    expect_body(&a, 200,
                "{\"id\":\"smart\",\"object\":\"model\",\"created\":0,\"owned_by\":\"route\","
                "\"features\":[\"tools\",\"vision\"],\"context_window\":1000}");
    assert_null(strstr(a.body, "hidden"));
    ask(&f, "GET", "/v1/models/smart", f.key, NULL, &a);
    expect_body(&a, 200, "\"id\":\"smart\"");
    ask(&f, "GET", "/api/ai/models?type=chat", NULL, NULL, &a);
    expect_body(
        &a, 200,
        "{\"key\":\"smart\",\"model\":\"smart\",\"type\":\"chat\",\"provider\":\"route\","
        "\"providerId\":\"route\",\"providerDisplayName\":\"Route\","
        "\"input_credits_per_token\":\"0.5\",\"output_credits_per_token\":\"1\","
        "\"modelMetadata\":{\"features\":[\"tools\",\"vision\"],\"contextWindow\":1000}");
    ask(&f, "GET", "/api/ai/models?type=video", NULL, NULL, &a);
    expect_body(&a, 200, "[]");
    ask(&f, "GET", "/v1beta/models", f.key, NULL, &a);
    expect_body(&a, 200, "\"name\":\"models/smart\"");
    ask(&f, "GET", "/anthropic/v1/models", f.key, NULL, &a);
    expect_body(&a, 200, "\"id\":\"smart\"");
    fixture_close(&f);
}

static void wait_for_rows(struct fixture *f, int rows)
{
    for (int i = 0; count_rows(f->hub) < rows; i++) {
        assert_true(i < 3000);
        assert_true(aigne_loop_drive(f->loop, 10) >= 0);
    }
}

/* The copy is answered by another, and its answer goes nowhere but into the books. */
static void a_shadow_sees_the_request_and_nobody_its_answer(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, answer_each);
    do_quietly(f.hub, "settings.put", "{\"billing\":\"credits\"}");
    do_quietly(f.hub, "credit.grant", "{\"user\":\"ann\",\"amount\":100}");
    do_quietly(f.hub, "rate.put",
               "{\"provider\":\"echo\",\"model\":\"echo\",\"inputRate\":"
               "\"0.001\",\"outputRate\":\"0.001\"}");
    do_quietly(f.hub, "rate.put",
               "{\"provider\":\"openai\",\"model\":\"m\",\"inputRate\":1,"
               "\"outputRate\":1}");
    do_quietly(f.hub, "route.put",
               "{\"name\":\"smart\",\"targets\":[{\"model\":\"echo/echo\"},"
               "{\"model\":\"openai/m\",\"shadow\":100}]}");
    told[0] = '\0';
    ask(&f, "POST", "/v1/chat/completions", f.key, "{\"model\":\"smart\"," CHAT_REST, &a);
    expect_body(&a, 200, "Hi");
    wait_for_rows(&f, 2);
    expect_rows(f.hub,
                "\"ingress\":\"shadow\",\"model\":\"m\",\"requestedModel\":\"openai/m\"");
    assert_non_null(strstr(told, "\"model\":\"m\""));
    ask(&f, "POST", "/api/v2/chat", f.key,
        "{\"input\":{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"modelOptions\":{"
        "\"model\":\"smart\"}},\"options\":{\"streaming\":true}}",
        &a);
    expect_body(&a, 200, "Hi");
    wait_for_rows(&f, 4);
    aigne_reply *r = do_verb(f.hub, "account.get", "{\"user\":\"ann\"}");
    assert_non_null(strstr(aigne_reply_json(r, NULL), "\"balance\":\"99.99"));
    aigne_reply_free(r);
    fixture_close(&f);
}

static void keep_silent(struct tcp_connection *c)
{
    if (tcp_read_request(c))
        (void)tcp_wait_closed(c, 20000);
}

/* Who frees the loop does not wait for copies, and no more of them are made than is good. */
static void shadows_are_bounded_and_end_with_the_loop(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, keep_silent);
    do_quietly(f.hub, "route.put",
               "{\"name\":\"smart\",\"targets\":[{\"model\":\"echo/echo\"},"
               "{\"model\":\"openai/m\",\"shadow\":100}]}");
    for (int i = 0; i < 40; i++) {
        ask(&f, "POST", "/v1/chat/completions", f.key, "{\"model\":\"smart\"," CHAT_REST, &a);
        expect_body(&a, 200, "Hi");
    }
    assert_int_equal(count_rows(f.hub), 40);
    aigne_loop_free(f.loop);
    assert_int_equal(aigne_loop_new(&f.loop, NULL), AIGNE_OK);
    assert_int_equal(count_rows(f.hub), 72);
    expect_rows(f.hub, "\"status\":\"cancelled\"");
    fixture_close(&f);
}

#define TOO_LONG                                                                                \
    "{\"error\":{\"message\":\"This model's maximum context length is 8192 tokens.\",\"type\":" \
    "\"invalid_request_error\",\"code\":\"context_length_exceeded\"}}"

static void refuse_length(struct tcp_connection *c)
{
    while (tcp_read_request(c))
        say(c, "400 Bad Request", "", TOO_LONG);
}

/* The provider knows better how long it is: then somebody with more room is asked, and nobody with less. */
static void what_does_not_fit_goes_where_there_is_more_room(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, refuse_length);
    do_quietly(f.hub, "route.put",
               "{\"name\":\"smart\",\"targets\":[{\"model\":\"openai/m\"},"
               "{\"model\":\"openai/n\"},{\"model\":\"echo/echo\"}]}");
    do_quietly(f.hub, "rate.put",
               "{\"provider\":\"openai\",\"model\":\"m\",\"inputRate\":1,\"outputRate\":1,"
               "\"modelMetadata\":{\"contextWindow\":8192}}");
    do_quietly(f.hub, "rate.put",
               "{\"provider\":\"openai\",\"model\":\"n\",\"inputRate\":1,\"outputRate\":1,"
               "\"modelMetadata\":{\"contextWindow\":8000}}");
    ask(&f, "POST", "/v1/chat/completions", f.key, "{\"model\":\"smart\"," CHAT_REST, &a);
    expect_body(&a, 200, "Hi");
    assert_int_equal(count_rows(f.hub), 2);
    ask(&f, "POST", "/v1/chat/completions", f.key, CHAT, &a);
    expect_body(&a, 400, "context_length_exceeded");
    fixture_close(&f);
}

static void a_choice_by_measurements_ends_every_measurement(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, fail_each);
    do_quietly(f.hub, "route.put",
               "{\"name\":\"quick\",\"strategy\":\"least-busy\",\"targets\":["
               "{\"model\":\"openai/m\"},{\"model\":\"echo/echo\"}]}");
    for (int i = 0; i < 4; i++) {
        ask(&f, "POST", "/v1/chat/completions", f.key, "{\"model\":\"quick\"," CHAT_REST, &a);
        expect_body(&a, 200, "Hi");
    }
    aigne_reply *r = do_verb(f.hub, "health.list", "{\"provider\":\"echo\"}");
    assert_non_null(strstr(aigne_reply_json(r, NULL), "\"inFlight\":0"));
    assert_non_null(strstr(aigne_reply_json(r, NULL), "\"latencyMs\":"));
    aigne_reply_free(r);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_route_falls_back_and_the_books_name_it),
        cmocka_unit_test(a_request_names_its_fallbacks),
        cmocka_unit_test(a_provider_is_not_told_of_others),
        cmocka_unit_test(what_a_body_needs_decides),
        cmocka_unit_test(routes_are_listed_as_models),
        cmocka_unit_test(a_shadow_sees_the_request_and_nobody_its_answer),
        cmocka_unit_test(shadows_are_bounded_and_end_with_the_loop),
        cmocka_unit_test(what_does_not_fit_goes_where_there_is_more_room),
        cmocka_unit_test(a_choice_by_measurements_ends_every_measurement),
    };
    return cmocka_run_group_tests_name("routes", tests, NULL, NULL);
}
