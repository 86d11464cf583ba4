/* Requests made before: the same answer and one bill, while the first is under way, after it, after its
 * client has gone and after a restart; answers cached by what was asked. */
#define _GNU_SOURCE /* mkdtemp */
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

static void answers_with_its_number(struct tcp_connection *c)
{
    struct fixture *f = c->user;
    char body[600];
    while (tcp_read_request(c)) {
        int number = atomic_load(&f->server.requests);
        if (strstr(c->body, "\"stream\":true")) {
            snprintf(body, sizeof(body),
                     STREAM_HEAD "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\","
                                 "\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,"
                                 "\"delta\":{\"content\":\"number %d\"},"
                                 "\"finish_reason\":\"stop\"}]}\n\n" USAGE_CHUNK DONE,
                     number);
            tcp_say(c, body);
            return;
        }
        if (strstr(c->body, "please fail")) {
            say(c, "400 Bad Request", "", "{\"error\":{\"message\":\"no\"}}");
            continue;
        }
        snprintf(body, sizeof(body),
                 "{\"id\":\"c\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"m\","
                 "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":"
                 "\"number %d\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":7,"
                 "\"completion_tokens\":2,\"total_tokens\":9}}",
                 number);
        say(c, "200 OK", "", body);
    }
}

static void open_numbered(struct fixture *f, const char *settings)
{
    fixture_open(f, settings, answers_with_its_number);
}

static aigne_call *start(struct fixture *f, const char *key, const char *more, const char *body)
{
    char headers[1024];
    snprintf(headers, sizeof(headers),
             "Authorization: Bearer %s\r\ncontent-type: application/json\r\n%s", key, more);
    aigne_call *exchange = begin(f, "POST", "/v1/chat/completions", headers);
    finish_request(exchange, body);
    return exchange;
}

static void post(struct fixture *f, const char *key, const char *more, const char *body,
                 struct answer *a)
{
    take(start(f, key, more, body), a);
}

#define ONCE "Idempotency-Key: order-1\r\n"

static void a_key_gives_the_same_answer_and_one_bill(void **state)
{
    (void)state;
    struct fixture f;
    static struct answer first, again;
    open_numbered(&f, NULL);
    post(&f, f.key, ONCE, CHAT, &first);
    expect_body(&first, 200, "number 1");
    assert_null(strstr(first.head, "idempotent-replayed"));
    post(&f, f.key, ONCE, CHAT, &again);
    assert_int_equal(again.status, 200);
    assert_string_equal(again.body, first.body);
    assert_non_null(strstr(again.head, "idempotent-replayed: true\r\n"));
    assert_non_null(strstr(again.head, "content-type: application/json"));
    assert_int_equal(count_rows(f.hub), 1);
    post(&f, f.key, "Idempotency-Key: order-2\r\n", CHAT, &again);
    expect_body(&again, 200, "number 2");
    post(&f, f.key, "", CHAT, &again);
    expect_body(&again, 200, "number 3");
    post(&f, f.admin, ONCE, CHAT, &again); /* another's key is another key */
    expect_body(&again, 200, "number 4");
    assert_int_equal(count_rows(f.hub), 4);
    fixture_close(&f);
}

static void a_key_belongs_to_one_request(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    char longest[400];
    open_numbered(&f, NULL);
    post(&f, f.key, ONCE, CHAT, &a);
    post(&f, f.key, ONCE, "{\"model\":\"openai/m2\"," CHAT_REST, &a);
    expect_body(&a, 422, "Idempotency-Key");
    memset(longest, 'k', sizeof(longest));
    memcpy(longest, "Idempotency-Key: ", 17);
    memcpy(longest + 290, "\r\n", 3);
    post(&f, f.key, longest, CHAT, &a);
    expect_body(&a, 400, "Idempotency-Key");
    fixture_close(&f);
}

static void a_failure_is_not_kept(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    open_numbered(&f, NULL);
    for (int i = 0; i < 2; i++) {
        post(&f, f.key, ONCE,
             "{\"model\":\"openai/m\",\"messages\":[{\"role\":\"user\",\"content\":\"please "
             "fail\"}]}",
             &a);
        assert_int_equal(a.status, 400);
        assert_null(strstr(a.head, "idempotent-replayed"));
    }
    assert_int_equal(atomic_load(&f.server.requests), 2);
    fixture_close(&f);
}

static void a_stream_is_given_again_as_a_stream(void **state)
{
    (void)state;
    struct fixture f;
    static struct answer first, again;
    open_numbered(&f, NULL);
    post(&f, f.key, ONCE, STREAM, &first);
    expect_body(&first, 200, "number 1");
    post(&f, f.key, ONCE, STREAM, &again);
    assert_string_equal(again.body, first.body);
    assert_non_null(strstr(again.head, "content-type: text/event-stream"));
    assert_non_null(strstr(again.body, "[DONE]"));
    assert_int_equal(count_rows(f.hub), 1);
    fixture_close(&f);
}

static void those_who_ask_meanwhile_wait(void **state)
{
    (void)state;
    struct fixture f;
    static struct answer answers[3];
    aigne_call *calls[3];
    open_numbered(&f, NULL);
    for (int i = 0; i < 3; i++)
        calls[i] = start(&f, f.key, ONCE, CHAT);
    for (int i = 2; i >= 0; i--) {
        take(calls[i], &answers[i]);
        expect_body(&answers[i], 200, "number 1");
    }
    assert_int_equal(count_rows(f.hub), 1);
    fixture_close(&f);
}

static void who_waits_may_go(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    open_numbered(&f, NULL);
    aigne_call *first = start(&f, f.key, ONCE, CHAT);
    aigne_call *second = start(&f, f.key, ONCE, CHAT);
    aigne_call_free(second);
    take(first, &a);
    expect_body(&a, 200, "number 1");
    fixture_close(&f);
}

/* The first client goes while its answer is made: whoever repeats the request gets that one. */
static void it_is_made_to_the_end_without_its_client(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    open_numbered(&f, NULL);
    aigne_call_free(start(&f, f.key, ONCE, CHAT));
    post(&f, f.key, ONCE, CHAT, &a);
    expect_body(&a, 200, "number 1");
    assert_non_null(strstr(a.head, "idempotent-replayed"));
    assert_int_equal(count_rows(f.hub), 1);
    expect_rows(f.hub, "\"status\":\"success\"");
    fixture_close(&f);
}

static void a_loop_that_ends_takes_them_along(void **state)
{
    (void)state;
    struct fixture f;
    open_numbered(&f, NULL);
    aigne_call_free(start(&f, f.key, ONCE, CHAT));
    fixture_close(&f);
}

static void open_on_disk(struct fixture *f, char folder[40])
{
    char settings[100];
    snprintf(folder, 40, "/tmp/aigne-recall-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(settings, sizeof(settings), "{\"data\":\"%s/hub.db\"}", folder);
    open_numbered(f, settings);
}

static void remove_folder(const char *folder)
{
    char command[100];
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
}

/* The first client goes while the store is asked: nothing was made, and nothing may be kept. */
static void who_goes_before_it_begins_leaves_nothing(void **state)
{
    (void)state;
    struct fixture f;
    char folder[40];
    static struct answer a;
    open_on_disk(&f, folder);
    aigne_call_free(start(&f, f.key, ONCE, CHAT));
    post(&f, f.key, ONCE, CHAT, &a);
    expect_body(&a, 200, "number 1");
    assert_null(strstr(a.head, "idempotent-replayed"));
    post(&f, f.key, ONCE, CHAT, &a);
    expect_body(&a, 200, "number 1");
    fixture_close(&f);
    remove_folder(folder);
}

/* Read on for its usage alone, an answer is not there for others. */
static void a_drained_answer_is_not_kept(void **state)
{
    (void)state;
    struct fixture f;
    static struct answer a;
    open_numbered(&f, NULL);
    do_quietly(f.hub, "settings.put",
               "{\"policy\":{\"cache\":\"exact\",\"onCancel\":\"drain\"}}");
    aigne_call_free(start(&f, f.key, "", CHAT));
    while (count_rows(f.hub) < 1)
        aigne_loop_drive(f.loop, 10);
    post(&f, f.key, "", CHAT, &a);
    expect_body(&a, 200, "number 2");
    assert_non_null(strstr(a.head, "x-aigne-hub-cache: miss"));
    fixture_close(&f);
}

static void an_answer_outlives_the_process(void **state)
{
    (void)state;
    struct fixture f;
    static struct answer first, again;
    char settings[100], key[100], remove[100];
    char folder[] = "/tmp/aigne-recall-XXXXXX";
    assert_non_null(mkdtemp(folder));
    snprintf(settings, sizeof(settings), "{\"data\":\"%s/hub.db\"}", folder);
    open_numbered(&f, settings);
    snprintf(key, sizeof(key), "%s", f.key);
    post(&f, key, ONCE, CHAT, &first);
    expect_body(&first, 200, "number 1");
    fixture_close(&f);
    open_numbered(&f, settings);
    post(&f, key, ONCE, CHAT, &again);
    assert_string_equal(again.body, first.body);
    assert_non_null(strstr(again.head, "idempotent-replayed"));
    assert_int_equal(atomic_load(&f.server.requests), 0);
    fixture_close(&f);
    snprintf(remove, sizeof(remove), "rm -rf %s", folder);
    assert_int_equal(system(remove), 0);
}

#define CACHED "x-aigne-hub-cache: exact\r\n"

static void what_was_asked_before_is_answered_from_the_cache(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    open_numbered(&f, NULL);
    post(&f, f.key, CACHED, CHAT, &a);
    expect_body(&a, 200, "number 1");
    assert_non_null(strstr(a.head, "x-aigne-hub-cache: miss"));
    post(&f, f.key, CACHED,
         "{ \"messages\":[{\"content\":\"H\\u0069\",\"role\":\"user\"}],\"user\":\"u-7\",\n"
         "\"model\":\"openai/m\"}",
         &a);
    expect_body(&a, 200, "number 1");
    assert_non_null(strstr(a.head, "x-aigne-hub-cache: hit"));
    expect_rows(f.hub, "\"status\":\"cached\"");
    assert_int_equal(count_rows(f.hub), 2);
    post(&f, f.key, CACHED, STREAM, &a); /* a stream is another request */
    expect_body(&a, 200, "number 2");
    post(&f, f.admin, CACHED, CHAT, &a); /* another tenant */
    expect_body(&a, 200, "number 3");
    post(&f, f.key, "", CHAT, &a); /* who does not want it */
    expect_body(&a, 200, "number 4");
    post(&f, f.key, CACHED "x-aigne-hub-models: openai/other\r\n", CHAT, &a); /* else, others */
    expect_body(&a, 200, "number 5");
    do_quietly(f.hub, "settings.put", "{\"policy\":{\"cache\":\"exact\",\"cacheTime\":1}}");
    post(&f, f.key, "", CHAT, &a);
    assert_non_null(strstr(a.head, "x-aigne-hub-cache: "));
    fixture_close(&f);
}

static void the_same_bytes_soon_again_are_a_repetition(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    open_numbered(&f, NULL);
    do_quietly(f.hub, "settings.put", "{\"policy\":{\"repeatWindow\":60000}}");
    for (int i = 0; i < 2; i++) {
        post(&f, f.key, "", CHAT, &a);
        expect_body(&a, 200, "number 1");
    }
    post(&f, f.key, "", "{\"model\": \"openai/m\"," CHAT_REST, &a);
    expect_body(&a, 200, "number 2");
    fixture_close(&f);
}

/* ---- calls of a program that has the hub in its own process ---- */

/* What an answer came to: its text, which is in `reply` too when it was not streamed. */
struct told {
    int rc;
    char text[100];
    char json[1000];
    int usages;
};

static void call_once(struct fixture *f, const char *who, bool pieces, const char *request,
                      struct told *t)
{
    aigne_model *m = NULL;
    aigne_call *call = NULL;
    aigne_reply *r = NULL;
    aigne_error *e = NULL;
    aigne_event ev;
    memset(t, 0, sizeof *t);
    assert_int_equal(aigne_hub_model(f->hub, who, "openai/m", &m, NULL), AIGNE_OK);
    if (pieces) {
        assert_int_equal(aigne_call_start(m, NULL, request, AIGNE_Z, &call, &e), AIGNE_OK);
        while (aigne_call_next(call, -1, &ev, NULL) == AIGNE_EVENT) {
            t->usages += ev.kind == AIGNE_EV_USAGE;
            if (ev.kind == AIGNE_EV_TEXT)
                strncat(t->text, ev.data, ev.len);
        }
        t->rc = aigne_call_finish(call, &r, &e);
    } else {
        t->rc = aigne_model_invoke(m, request, AIGNE_Z, &r, &e);
    }
    const char *json = r ? aigne_reply_json(r, NULL) : aigne_error_json(e, NULL);
    snprintf(t->json, sizeof t->json, "%s", json);
    if (r && pieces)
        assert_string_equal(t->text, aigne_reply_text(r, NULL));
    else if (r)
        snprintf(t->text, sizeof t->text, "%s", aigne_reply_text(r, NULL));
    aigne_error_free(e);
    aigne_reply_free(r);
    aigne_call_free(call);
    aigne_model_free(m);
}

#define ORDER "{\"messages\":\"Hi\",\"idempotencyKey\":\"order-1\"}"

static void a_program_has_keys_too(void **state)
{
    (void)state;
    struct fixture f;
    struct told first, again;
    open_numbered(&f, NULL);
    call_once(&f, "alice", false, ORDER, &first);
    assert_string_equal(first.text, "number 1");
    call_once(&f, "alice", false, ORDER, &again);
    assert_string_equal(again.text, "number 1");
    assert_string_equal(again.json, first.json);
    assert_int_equal(count_rows(f.hub), 1);
    call_once(&f, "alice", false, "{\"messages\":\"Ho\",\"idempotencyKey\":\"order-1\"}",
              &again);
    assert_int_equal(again.rc, AIGNE_E_REQUEST);
    assert_non_null(strstr(again.json, "Idempotency-Key was used for another request"));
    call_once(&f, "bob", false, ORDER, &again);
    assert_string_equal(again.text, "number 2");
    call_once(&f, "alice", false, "{\"messages\":\"Hi\",\"idempotencyKey\":7}", &again);
    assert_int_equal(again.rc, AIGNE_E_REQUEST);
    fixture_close(&f);
}

static void a_program_gets_a_stream_again_as_one(void **state)
{
    (void)state;
    struct fixture f;
    struct told first, again;
    open_numbered(&f, NULL);
    call_once(&f, f.key, true, ORDER, &first);
    assert_string_equal(first.text, "number 1");
    call_once(&f, f.key, true, ORDER, &again);
    assert_string_equal(again.text, "number 1");
    assert_string_equal(again.json, first.json);
    assert_int_equal(first.usages, 1);
    assert_int_equal(again.usages, 1);
    assert_int_equal(atomic_load(&f.server.requests), 1);
    fixture_close(&f);
}

static void a_programs_answers_are_cached(void **state)
{
    (void)state;
    struct fixture f;
    struct told t;
    static const char request[] = "{\"messages\":\"Hi\",\"policy\":{\"cache\":\"exact\"}}";
    open_numbered(&f, NULL);
    call_once(&f, NULL, false, request, &t);
    call_once(&f, NULL, false, request, &t);
    assert_string_equal(t.text, "number 1");
    expect_rows(f.hub, "\"status\":\"cached\"");
    expect_rows(f.hub, "\"count\":2");
    call_once(&f, "alice", false, request, &t);
    assert_string_equal(t.text, "number 2");
    call_once(&f, NULL, false, "{\"messages\":\"Hi\",\"policy\":{\"cash\":\"exact\"}}", &t);
    assert_int_equal(t.rc, AIGNE_E_REQUEST);
    assert_non_null(strstr(t.json, "cache"));
    fixture_close(&f);
}

static void a_programs_answer_outlives_the_process(void **state)
{
    (void)state;
    struct fixture f;
    struct told t;
    char folder[40], settings[100];
    open_on_disk(&f, folder);
    call_once(&f, "alice", true, ORDER, &t);
    assert_string_equal(t.text, "number 1");
    fixture_close(&f);
    snprintf(settings, sizeof(settings), "{\"data\":\"%s/hub.db\"}", folder);
    open_numbered(&f, settings);
    call_once(&f, "alice", true, ORDER, &t);
    assert_string_equal(t.text, "number 1");
    assert_int_equal(t.usages, 1);
    assert_int_equal(atomic_load(&f.server.requests), 0);
    fixture_close(&f);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_gives_the_same_answer_and_one_bill),
        cmocka_unit_test(a_key_belongs_to_one_request),
        cmocka_unit_test(a_failure_is_not_kept),
        cmocka_unit_test(a_stream_is_given_again_as_a_stream),
        cmocka_unit_test(those_who_ask_meanwhile_wait),
        cmocka_unit_test(who_waits_may_go),
        cmocka_unit_test(it_is_made_to_the_end_without_its_client),
        cmocka_unit_test(a_loop_that_ends_takes_them_along),
        cmocka_unit_test(who_goes_before_it_begins_leaves_nothing),
        cmocka_unit_test(a_drained_answer_is_not_kept),
        cmocka_unit_test(an_answer_outlives_the_process),
        cmocka_unit_test(what_was_asked_before_is_answered_from_the_cache),
        cmocka_unit_test(the_same_bytes_soon_again_are_a_repetition),
        cmocka_unit_test(a_program_has_keys_too),
        cmocka_unit_test(a_program_gets_a_stream_again_as_one),
        cmocka_unit_test(a_programs_answers_are_cached),
        cmocka_unit_test(a_programs_answer_outlives_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
