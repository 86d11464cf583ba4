/* A hub in this process, used as a host program uses it: models, streams, tools, loops, records. */
#include <aignehub/aignehub.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static aigne_hub *open_hub(void)
{
    aigne_config *c = NULL;
    aigne_hub *h = NULL;
    aigne_error *e = NULL;
    assert_int_equal(aigne_config_new(&c), AIGNE_OK);
    assert_int_equal(aigne_config_json(c, "{\"data\":\":memory:\"}", AIGNE_Z, &e), AIGNE_OK);
    if (aigne_hub_open(c, &h, &e) < 0)
        fail_msg("%s", aigne_error_text(e));
    aigne_config_free(c);
    return h;
}

static aigne_model *open_model(aigne_hub *h, const char *name)
{
    aigne_model *m = NULL;
    assert_int_equal(aigne_hub_model(h, NULL, name, &m, NULL), AIGNE_OK);
    return m;
}

static void expect_do(aigne_hub *h, const char *verb, const char *args, const char *part)
{
    aigne_reply *r = NULL;
    aigne_error *e = NULL;
    if (aigne_hub_do(h, verb, args, AIGNE_Z, &r, &e) < 0)
        fail_msg("%s: %s", verb, aigne_error_text(e));
    if (!strstr(aigne_reply_json(r, NULL), part))
        fail_msg("%s: no %s in %s", verb, part, aigne_reply_json(r, NULL));
    aigne_reply_free(r);
}

/* A user's name and the user's keys lead to the same rows; a name that no user has is kept as it is. */
static void books_a_name_under_its_user(void **state)
{
    (void)state;
    static const char *const names[] = {"alice", "bob"};
    aigne_hub *h = open_hub();
    expect_do(h, "user.put", "{\"name\":\"alice\"}", "\"name\":\"alice\"");
    for (size_t i = 0; i < 2; i++) {
        aigne_model *m = NULL;
        aigne_reply *r = NULL;
        assert_int_equal(aigne_hub_model(h, names[i], "echo/echo", &m, NULL), AIGNE_OK);
        assert_int_equal(aigne_model_invoke(m, "{\"messages\":\"x\"}", AIGNE_Z, &r, NULL),
                         AIGNE_OK);
        aigne_reply_free(r);
        aigne_model_free(m);
    }
    aigne_reply *users = NULL;
    assert_int_equal(aigne_hub_do(h, "user.get", "{\"name\":\"alice\"}", AIGNE_Z, &users, NULL),
                     AIGNE_OK);
    char row[64];
    (void)snprintf(row, sizeof(row), "\"user\":\"%.26s\"",
                   strstr(aigne_reply_json(users, NULL), "\"id\":\"") + 6);
    aigne_reply_free(users);
    expect_do(h, "usage.list", "{\"user\":\"alice\"}", row);
    expect_do(h, "usage.list", "{\"user\":\"alice\"}", "\"count\":1");
    expect_do(h, "usage.list", "{\"user\":\"bob\"}", "\"user\":\"bob\"");
    aigne_hub_free(h);
}

static void answers_a_plain_string(void **state)
{
    (void)state;
    aigne_hub *h = open_hub();
    aigne_model *m = open_model(h, "echo/echo");
    aigne_reply *r = NULL;
    aigne_error *e = NULL;
    int rc = aigne_model_invoke(m, "{\"messages\":\"Hello, AIGNE Hub!\"}", AIGNE_Z, &r, &e);
    if (rc < 0)
        fail_msg("%s", aigne_error_text(e));
    assert_string_equal(aigne_reply_text(r, NULL), "Hello, AIGNE Hub!");
    assert_non_null(strstr(aigne_reply_json(r, NULL), "\"modelWithProvider\":\"echo/echo\""));
    assert_non_null(strstr(aigne_reply_json(r, NULL), "\"usage\":{"));
    aigne_reply_free(r);
    expect_do(h, "usage.list", "{}", "\"status\":\"success\"");
    expect_do(h, "usage.list", "{}", "\"count\":1");
    aigne_hub_free(h); /* the model still holds it */
    aigne_model_free(m);
}

static void streams_pieces_that_add_up(void **state)
{
    (void)state;
    aigne_hub *h = open_hub();
    aigne_model *m = open_model(h, "echo/echo");
    aigne_call *call = NULL;
    aigne_reply *r = NULL;
    aigne_event ev;
    char text[200] = "";
    int pieces = 0;
    int usages = 0;
    assert_int_equal(aigne_call_start(m, NULL, "{\"messages\":\"one two three four five\"}",
                                      AIGNE_Z, &call, NULL),
                     AIGNE_OK);
    int rc = aigne_call_next(call, -1, &ev, NULL);
    for (; rc == AIGNE_EVENT; rc = aigne_call_next(call, -1, &ev, NULL)) {
        if (ev.kind == AIGNE_EV_TEXT) {
            pieces++;
            assert_int_equal(ev.data[ev.len], 0);
            strncat(text, ev.data, ev.len);
        }
        usages += ev.kind == AIGNE_EV_USAGE;
    }
    assert_int_equal(rc, AIGNE_OK);
    assert_true(pieces > 1);
    assert_int_equal(usages, 1);
    assert_string_equal(text, "one two three four five");
    assert_int_equal(aigne_call_finish(call, &r, NULL), AIGNE_OK);
    assert_string_equal(aigne_reply_text(r, NULL), text);
    aigne_reply_free(r);
    aigne_call_free(call);
    aigne_model_free(m);
    aigne_hub_free(h);
}

static void tells_tool_calls_whole(void **state)
{
    (void)state;
    aigne_hub *h = open_hub();
    aigne_model *m = open_model(h, "echo/echo");
    aigne_call *call = NULL;
    aigne_event ev;
    int seen = 0;
    const char *request =
        "{\"messages\":\"weather\",\"toolChoice\":\"required\",\"tools\":[{\"type\":\"function\","
        "\"function\":{\"name\":\"weather\",\"parameters\":{\"type\":\"object\",\"properties\":{"
        "\"city\":{\"type\":\"string\"}}}}}]}";
    assert_int_equal(aigne_call_start(m, NULL, request, AIGNE_Z, &call, NULL), AIGNE_OK);
    while (aigne_call_next(call, -1, &ev, NULL) == AIGNE_EVENT) {
        if (ev.kind != AIGNE_EV_TOOL_CALL)
            continue;
        seen++;
        assert_non_null(strstr(ev.data, "\"name\":\"weather\""));
        assert_non_null(strstr(ev.data, "\"arguments\":{"));
    }
    assert_int_equal(seen, 1);
    aigne_call_free(call);
    aigne_model_free(m);
    aigne_hub_free(h);
}

static void refuses_with_the_field(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        const char *part;
    } cases[] = {
        {"nonsense", "not JSON"},
        {"[]", "object"},
        {"{}", "messages"},
        {"{\"messages\":5}", "messages"},
        {"{\"messages\":[{\"role\":\"king\",\"content\":\"x\"}]}", "role"},
        {"{\"messages\":[{\"role\":\"user\",\"content\":7}]}", "content"},
        {"{\"messages\":\"x\",\"tools\":{}}", "tools"},
        {"{\"messages\":\"x\",\"modelOptions\":{\"temperature\":\"hot\"}}", "temperature"},
    };
    aigne_hub *h = open_hub();
    aigne_model *m = open_model(h, "echo/echo");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        aigne_reply *r = NULL;
        aigne_error *e = NULL;
        assert_int_equal(aigne_model_invoke(m, cases[i].request, AIGNE_Z, &r, &e),
                         AIGNE_E_REQUEST);
        assert_null(r);
        if (!strstr(aigne_error_text(e), cases[i].part))
            fail_msg("%s: %s", cases[i].request, aigne_error_text(e));
        aigne_error_free(e);
    }
    expect_do(h, "usage.list", "{}", "\"count\":0");
    aigne_model_free(m);
    aigne_hub_free(h);
}

static void unknown_models_are_a_route_error(void **state)
{
    (void)state;
    aigne_hub *h = open_hub();
    aigne_model *m = open_model(h, "openai/gpt-4o");
    aigne_reply *r = NULL;
    aigne_error *e = NULL;
    assert_int_equal(aigne_model_invoke(m, "{\"messages\":\"x\"}", AIGNE_Z, &r, &e),
                     AIGNE_E_ROUTE);
    assert_non_null(strstr(aigne_error_text(e), "openai"));
    aigne_error_free(e);
    aigne_model_free(m);
    aigne_hub_free(h);
}

static void failures_are_recorded_with_their_status(void **state)
{
    (void)state;
    aigne_hub *h = open_hub();
    aigne_model *m = open_model(h, "echo/echo");
    aigne_reply *r = NULL;
    aigne_error *e = NULL;
    const char *request = "{\"messages\":\"x\",\"modelOptions\":{\"echo\":{\"status\":429,"
                          "\"message\":\"slow down\",\"retryAfterMs\":1500}}}";
    assert_int_equal(aigne_model_invoke(m, request, AIGNE_Z, &r, &e), AIGNE_E_RATE);
    assert_non_null(strstr(aigne_error_text(e), "slow down"));
    assert_int_equal(aigne_error_retry_ms(e), 1500);
    assert_non_null(strstr(aigne_error_json(e, NULL), "\"http\":429"));
    aigne_error_free(e);
    expect_do(h, "usage.list", "{}", "\"status\":\"error\"");
    expect_do(h, "usage.list", "{}", "\"httpStatus\":429");
    aigne_model_free(m);
    aigne_hub_free(h);
}

static void a_cut_stream_is_no_clean_end(void **state)
{
    (void)state;
    aigne_hub *h = open_hub();
    aigne_model *m = open_model(h, "echo/echo");
    aigne_call *call = NULL;
    aigne_event ev;
    aigne_error *e = NULL;
    const char *request = "{\"messages\":\"a b c d e f\",\"modelOptions\":{\"echo\":{"
                          "\"cutAfter\":2}}}";
    assert_int_equal(aigne_call_start(m, NULL, request, AIGNE_Z, &call, NULL), AIGNE_OK);
    int rc = aigne_call_next(call, -1, &ev, &e);
    while (rc == AIGNE_EVENT)
        rc = aigne_call_next(call, -1, &ev, &e);
    assert_int_equal(rc, AIGNE_E_PROTOCOL);
    aigne_error_free(e);
    aigne_call_free(call);
    aigne_model_free(m);
    aigne_hub_free(h);
}

static void *cancel_it(void *call)
{
    aigne_call_cancel(call);
    return NULL;
}

static void another_thread_may_cancel(void **state)
{
    (void)state;
    aigne_hub *h = open_hub();
    aigne_model *m = open_model(h, "echo/echo");
    aigne_call *call = NULL;
    aigne_event ev;
    pthread_t thread;
    const char *request =
        "{\"messages\":\"x\",\"modelOptions\":{\"echo\":{\"delayMs\":60000}}}";
    assert_int_equal(aigne_call_start(m, NULL, request, AIGNE_Z, &call, NULL), AIGNE_OK);
    assert_int_equal(pthread_create(&thread, NULL, cancel_it, call), 0);
    assert_int_equal(aigne_call_next(call, -1, &ev, NULL), AIGNE_E_CANCELLED);
    pthread_join(thread, NULL);
    aigne_call_free(call);
    expect_do(h, "usage.list", "{}", "\"status\":\"cancelled\"");
    aigne_model_free(m);
    aigne_hub_free(h);
}

/* Freed while it runs: its record must still be written before the loop is gone. */
static void a_freed_call_is_still_recorded(void **state)
{
    (void)state;
    aigne_hub *h = open_hub();
    aigne_model *m = open_model(h, "echo/echo");
    aigne_loop *loop = NULL;
    aigne_call *call = NULL;
    const char *request =
        "{\"messages\":\"x\",\"modelOptions\":{\"echo\":{\"delayMs\":60000}}}";
    assert_int_equal(aigne_loop_new(&loop, NULL), AIGNE_OK);
    assert_int_equal(aigne_call_start(m, loop, request, AIGNE_Z, &call, NULL), AIGNE_OK);
    aigne_loop_free(loop); /* any order */
    aigne_model_free(m);
    aigne_call_free(call);
    expect_do(h, "usage.list", "{}", "\"status\":\"cancelled\"");
    aigne_hub_free(h);
}

enum { CALLS = 50 };

static void one_descriptor_drives_many_calls(void **state)
{
    (void)state;
    aigne_hub *h = open_hub();
    aigne_model *m = open_model(h, "echo/echo");
    aigne_loop *loop = NULL;
    aigne_call *calls[CALLS];
    int ended = 0;
    assert_int_equal(aigne_loop_new(&loop, NULL), AIGNE_OK);
    for (int i = 0; i < CALLS; i++) {
        char request[200];
        snprintf(request, sizeof(request),
                 "{\"messages\":\"call %d has some words\",\"modelOptions\":{\"echo\":{"
                 "\"paceMs\":%d}}}",
                 i, i % 3);
        assert_int_equal(aigne_call_start(m, loop, request, AIGNE_Z, &calls[i], NULL),
                         AIGNE_OK);
    }
    while (ended < CALLS) {
        struct pollfd watch = {aigne_loop_fd(loop), POLLIN, 0};
        assert_int_equal(poll(&watch, 1, 10000), 1);
        aigne_loop_drive(loop, 0);
        for (aigne_call *c = aigne_loop_ready(loop); c; c = aigne_loop_ready(loop)) {
            aigne_event ev;
            int rc = aigne_call_next(c, 0, &ev, NULL);
            while (rc == AIGNE_EVENT)
                rc = aigne_call_next(c, 0, &ev, NULL);
            if (rc == AIGNE_AGAIN)
                continue;
            assert_int_equal(rc, AIGNE_OK);
            ended++;
        }
    }
    for (int i = 0; i < CALLS; i++)
        aigne_call_free(calls[i]);
    aigne_loop_free(loop);
    expect_do(h, "usage.list", "{}", "\"count\":50");
    aigne_model_free(m);
    aigne_hub_free(h);
}

static void access_keys_open_models(void **state)
{
    (void)state;
    aigne_hub *h = open_hub();
    aigne_reply *key = NULL;
    aigne_reply *r = NULL;
    aigne_error *e = NULL;
    aigne_model *m = NULL;
    assert_int_equal(aigne_hub_do(h, "key.create", "{\"name\":\"app\"}", AIGNE_Z, &key, NULL),
                     AIGNE_OK);
    assert_int_equal(strncmp(aigne_reply_text(key, NULL), "aigne-", 6), 0);
    assert_int_equal(aigne_hub_model(h, aigne_reply_text(key, NULL), "echo/echo", &m, NULL),
                     AIGNE_OK);
    assert_int_equal(aigne_model_invoke(m, "{\"messages\":\"x\"}", AIGNE_Z, &r, NULL),
                     AIGNE_OK);
    aigne_reply_free(r);
    aigne_model_free(m);
    assert_int_equal(aigne_hub_model(h, "aigne-wrong", "echo/echo", &m, NULL), AIGNE_OK);
    assert_int_equal(aigne_model_invoke(m, "{\"messages\":\"x\"}", AIGNE_Z, &r, &e),
                     AIGNE_E_AUTH);
    aigne_error_free(e);
    aigne_model_free(m);
    aigne_reply_free(key);
    aigne_hub_free(h);
}

static void rates_turn_usage_into_credits(void **state)
{
    (void)state;
    aigne_hub *h = open_hub();
    aigne_model *m = open_model(h, "echo/echo");
    aigne_reply *r = NULL;
    expect_do(
        h, "rate.put",
        "{\"provider\":\"echo\",\"model\":\"echo\",\"type\":\"chat\",\"inputRate\":\"0.5\","
        "\"outputRate\":\"0.25\"}",
        "echo");
    const char *request = "{\"messages\":\"x\",\"modelOptions\":{\"echo\":{\"usage\":{"
                          "\"inputTokens\":10,\"outputTokens\":4}}}}";
    assert_int_equal(aigne_model_invoke(m, request, AIGNE_Z, &r, NULL), AIGNE_OK);
    assert_non_null(strstr(aigne_reply_json(r, NULL), "\"aigneHubCredits\":6"));
    aigne_reply_free(r);
    expect_do(h, "usage.list", "{}", "\"credits\":\"6\"");
    aigne_model_free(m);
    aigne_hub_free(h);
}

enum { THREADS = 8, ASKED = 40 };

static void *ask_often(void *model)
{
    for (int i = 0; i < ASKED; i++) {
        aigne_reply *r = NULL;
        if (aigne_model_invoke(model, "{\"messages\":\"Hi\"}", AIGNE_Z, &r, NULL) != AIGNE_OK ||
            strcmp(aigne_reply_text(r, NULL), "Hi") != 0)
            return model;
        aigne_reply_free(r);
    }
    return NULL;
}

static void one_model_serves_many_threads(void **state)
{
    (void)state;
    aigne_hub *h = open_hub();
    aigne_model *m = open_model(h, "echo/echo");
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, m), 0);
    for (int i = 0; i < THREADS; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    expect_do(h, "usage.list", "{}", "\"count\":320");
    aigne_model_free(m);
    aigne_hub_free(h);
}

static int stop_at_second(void *user, const aigne_event *ev)
{
    int *seen = user;
    (void)ev;
    return ++*seen == 2;
}

static void the_event_function_may_stop_it(void **state)
{
    (void)state;
    aigne_hub *h = open_hub();
    aigne_model *m = open_model(h, "echo/echo");
    aigne_reply *r = NULL;
    int seen = 0;
    assert_int_equal(aigne_model_stream(m, "{\"messages\":\"a b c d e f\"}", AIGNE_Z,
                                        stop_at_second, &seen, &r, NULL),
                     AIGNE_E_CANCELLED);
    assert_int_equal(seen, 2);
    assert_null(r);
    aigne_model_free(m);
    aigne_hub_free(h);
}

static void broken_rules_are_usage_errors(void **state)
{
    (void)state;
    aigne_error *e = NULL;
    aigne_reply *r = NULL;
    aigne_config *c = NULL;
    assert_int_equal(aigne_model_invoke(NULL, "{}", AIGNE_Z, &r, &e), AIGNE_E_USAGE);
    assert_non_null(strstr(aigne_error_text(e), "aigne_model_invoke"));
    aigne_error_free(e);
    assert_int_equal(aigne_config_new(&c), AIGNE_OK);
    assert_int_equal(aigne_model_invoke((aigne_model *)(void *)c, "{}", AIGNE_Z, &r, NULL),
                     AIGNE_E_USAGE);
    assert_int_equal(aigne_config_set(c, "acessKey", "x", AIGNE_Z, &e), AIGNE_E_CONFIG);
    assert_non_null(strstr(aigne_error_text(e), "\"accessKey\""));
    aigne_error_free(e);
    aigne_config_free(c);
    aigne_config_free(NULL);
    aigne_reply_free(NULL);
    aigne_error_free(NULL);
    aigne_call_free(NULL);
    aigne_loop_free(NULL);
    aigne_hub_free(NULL);
    aigne_model_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(books_a_name_under_its_user),
        cmocka_unit_test(answers_a_plain_string),
        cmocka_unit_test(streams_pieces_that_add_up),
        cmocka_unit_test(tells_tool_calls_whole),
        cmocka_unit_test(refuses_with_the_field),
        cmocka_unit_test(unknown_models_are_a_route_error),
        cmocka_unit_test(failures_are_recorded_with_their_status),
        cmocka_unit_test(a_cut_stream_is_no_clean_end),
        cmocka_unit_test(another_thread_may_cancel),
        cmocka_unit_test(a_freed_call_is_still_recorded),
        cmocka_unit_test(one_descriptor_drives_many_calls),
        cmocka_unit_test(access_keys_open_models),
        cmocka_unit_test(rates_turn_usage_into_credits),
        cmocka_unit_test(one_model_serves_many_threads),
        cmocka_unit_test(the_event_function_may_stop_it),
        cmocka_unit_test(broken_rules_are_usage_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
