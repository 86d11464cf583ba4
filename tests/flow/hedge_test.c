/* A second attempt beside a slow first one, over real sockets: who answers first stays, the other one's
 * connection is closed and its row is written, and only the one that stays is charged for. */
#define _GNU_SOURCE /* usleep */
#include "exchange.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ANSWER(text)                                                                               \
    "{\"id\":\"c1\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"m-1\",\"choices\":[{" \
    "\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"" text                          \
    "\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2,"     \
    "\"total_tokens\":9}}"
#define SMART        "{\"model\":\"smart\"," CHAT_REST
#define SMART_STREAM "{\"model\":\"smart\",\"stream\":true," CHAT_REST

static atomic_int first_is; /* what the first provider does, see below */
static atomic_int second_is;
static atomic_int asked;  /* how often the second one was, before it counts */
static atomic_int closed; /* connections that a silent provider saw closed */

#define QUICK_US 20000
enum { QUICK, SILENT, FAILS_LATE, FAILS, BEGINS };

static bool act(struct tcp_connection *c, int how, const char *name,
                const struct tcp_server *other)
{
    bool stream = strstr(c->body, "\"stream\":true") != NULL;
    if (how == FAILS_LATE) /* when the second one was asked */
        while (atomic_load(&other->requests) == atomic_load(&asked))
            usleep(1000);
    if (how == FAILS || how == FAILS_LATE) {
        say(c, "503 Service Unavailable", "", "{\"error\":{\"message\":\"down\"}}");
        return true;
    }
    if (how == BEGINS)
        tcp_say(c, STREAM_HEAD);
    if (how != QUICK) {
        if (tcp_wait_closed(c, 30000) >= 0)
            atomic_fetch_add(&closed, 1);
        return false;
    }
    usleep(QUICK_US); /* so that what is quick is not done before one looks */
    if (stream)
        tcp_say(c, strcmp(name, "one") == 0
                       ? STREAM_HEAD TEXT_CHUNK("one") LAST_CHUNK USAGE_CHUNK DONE
                       : STREAM_HEAD TEXT_CHUNK("two") LAST_CHUNK USAGE_CHUNK DONE);
    else
        say(c, "200 OK", "", strcmp(name, "one") == 0 ? ANSWER("one") : ANSWER("two"));
    return !stream;
}

static struct tcp_server other;

static void first(struct tcp_connection *c)
{
    while (tcp_read_request(c) && act(c, atomic_load(&first_is), "one", &other))
        continue;
}

static void second(struct tcp_connection *c)
{
    while (tcp_read_request(c) && act(c, atomic_load(&second_is), "two", &other))
        continue;
}

#define POLICY_ON  "\"policy\":{\"hedge\":true,\"hedgeBudget\":100}"
#define POLICY_OFF "\"policy\":{}"

/* The first one is known to be quick from now on. */
static void open_route(struct fixture *f, const char *policy, const char *body)
{
    char args[300];
    struct answer a;
    atomic_store(&first_is, QUICK);
    atomic_store(&second_is, QUICK);
    atomic_store(&closed, 0);
    assert_true(tcp_server_start(&other, second, NULL));
    fixture_open(f, NULL, first);
    snprintf(args, sizeof(args), "{\"name\":\"xai\",\"baseUrl\":\"http://127.0.0.1:%d/v1\"}",
             other.port);
    do_quietly(f->hub, "provider.put", args);
    do_quietly(f->hub, "credential.put",
               "{\"provider\":\"xai\",\"name\":\"a\",\"value\":\"sk-third-0003\"}");
    snprintf(
        args, sizeof(args),
        "{\"name\":\"smart\",\"targets\":[{\"model\":\"openai/m\"},{\"model\":\"xai/m\"}],%s}",
        policy);
    do_quietly(f->hub, "route.put", args);
    for (int i = 0; i < 21; i++) {
        ask(f, "POST", "/v1/chat/completions", f->key, body, &a);
        expect_body(&a, 200, "\"content\":"); /* whoever it was */
    }
    atomic_store(&asked, atomic_load(&other.requests));
}

static int asked_since(void)
{
    return atomic_load(&other.requests) - atomic_load(&asked);
}

static void close_route(struct fixture *f)
{
    fixture_close(f);
    tcp_server_stop(&other);
}

static void expect_newest(aigne_hub *h, int count, const char *const *parts)
{
    char args[50];
    snprintf(args, sizeof(args), "{\"pageSize\":%d}", count);
    aigne_reply *r = do_verb(h, "usage.list", args);
    for (int i = 0; parts[i]; i++)
        if (!strstr(aigne_reply_json(r, NULL), parts[i]))
            fail_msg("no %s in %s", parts[i], aigne_reply_json(r, NULL));
    aigne_reply_free(r);
}

static void the_second_one_answers(const char *body)
{
    static const char *const rows[] = {"\"provider\":\"openai\"", "\"status\":\"cancelled\"",
                                       "\"provider\":\"xai\"",    "\"status\":\"success\"",
                                       "\"attempt\":2",           NULL};
    struct fixture f;
    struct answer a;
    open_route(&f, POLICY_ON, body);
    int rows_before = count_rows(f.hub);
    atomic_store(&first_is, SILENT);
    ask(&f, "POST", "/v1/chat/completions", f.key, body, &a);
    expect_body(&a, 200, "two");
    assert_null(strstr(a.body, "one"));
    assert_int_equal(asked_since(), 1);
    assert_int_equal(count_rows(f.hub), rows_before + 2);
    expect_newest(f.hub, 2, rows);
    while (atomic_load(&closed) == 0) /* without the loop being driven any more */
        continue;
    close_route(&f);
}

static void who_answers_first_stays(void **state)
{
    (void)state;
    the_second_one_answers(SMART);
    the_second_one_answers(SMART_STREAM);
}

/* A head is no answer yet. */
static void who_only_begins_has_not_answered(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    open_route(&f, POLICY_ON, SMART_STREAM);
    atomic_store(&first_is, SILENT);
    atomic_store(&second_is, BEGINS);
    char headers[300];
    snprintf(headers, sizeof(headers),
             "authorization: Bearer %s\r\nx-aigne-hub-total-timeout: 700\r\n", f.key);
    aigne_call *exchange = begin(&f, "POST", "/v1/chat/completions", headers);
    finish_request(exchange, SMART_STREAM);
    take(exchange, &a);
    expect_body(&a, 504, "in all");
    close_route(&f);
}

static void the_first_one_may_fail_meanwhile(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    open_route(&f, POLICY_ON, SMART);
    atomic_store(&first_is, FAILS_LATE);
    ask(&f, "POST", "/v1/chat/completions", f.key, SMART, &a);
    expect_body(&a, 200, "two");
    expect_rows(f.hub, "\"httpStatus\":503");
    close_route(&f);
}

static void and_so_may_the_second(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    open_route(&f, POLICY_ON, SMART);
    atomic_store(&second_is, FAILS);
    atomic_store(&first_is, FAILS_LATE);
    int before = count_rows(f.hub);
    ask(&f, "POST", "/v1/chat/completions", f.key, SMART, &a);
    expect_body(&a, 503, "down");
    assert_int_equal(asked_since(), 1); /* not asked once more */
    assert_int_equal(count_rows(f.hub), before + 2);
    close_route(&f);
}

static void whoever_leaves_ends_both(void **state)
{
    (void)state;
    struct fixture f;
    open_route(&f, POLICY_ON, SMART);
    int before = count_rows(f.hub);
    atomic_store(&first_is, SILENT);
    atomic_store(&second_is, SILENT);
    aigne_call *exchange = begin_with_key(&f, "POST", "/v1/chat/completions", f.key);
    finish_request(exchange, SMART);
    while (asked_since() == 0)
        aigne_loop_drive(f.loop, 1);
    aigne_call_free(exchange);
    while (atomic_load(&closed) < 2)
        continue;
    aigne_loop_free(f.loop);
    f.loop = NULL;
    assert_int_equal(count_rows(f.hub), before + 2);
    close_route(&f);
}

static void answers_in(struct fixture *f, const char *total_ms, int status, const char *part)
{
    struct answer a;
    char headers[300];
    snprintf(headers, sizeof(headers),
             "authorization: Bearer %s\r\nx-aigne-hub-total-timeout: %s\r\n", f->key, total_ms);
    aigne_call *exchange = begin(f, "POST", "/v1/chat/completions", headers);
    finish_request(exchange, SMART);
    take(exchange, &a);
    expect_body(&a, status, part);
}

/* Both count while they run, and neither when they are over. */
static void each_takes_its_place_under_limits(void **state)
{
    (void)state;
    struct fixture f;
    open_route(&f, POLICY_ON, SMART);
    do_quietly(f.hub, "limit.put",
               "{\"name\":\"one\",\"on\":\"provider\",\"id\":\"*\",\"concurrent\":1}");
    atomic_store(&first_is, SILENT);
    for (int i = 0; i < 3; i++)
        answers_in(&f, "20000", 200, "two");
    atomic_store(&second_is, FAILS);
    answers_in(&f, "500", 504, "in all");
    assert_int_equal(asked_since(), 4);
    do_quietly(f.hub, "health.reset", "{}");
    atomic_store(&second_is, SILENT); /* and now its only place is taken */
    aigne_call *other_call = begin_with_key(&f, "POST", "/v1/chat/completions", f.key);
    finish_request(other_call, "{\"model\":\"xai/m\"," CHAT_REST);
    while (asked_since() < 5)
        aigne_loop_drive(f.loop, 1);
    answers_in(&f, "500", 504, "in all");
    assert_int_equal(asked_since(), 5);
    aigne_call_free(other_call);
    aigne_reply *r = do_verb(f.hub, "limit.state", "{\"name\":\"one\"}");
    if (strstr(aigne_reply_json(r, NULL), "\"running\":1"))
        fail_msg("%s", aigne_reply_json(r, NULL));
    aigne_reply_free(r);
    close_route(&f);
}

static void only_where_the_policy_wants_it(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    open_route(&f, POLICY_OFF, SMART);
    atomic_store(&first_is, SILENT);
    char headers[300];
    snprintf(headers, sizeof(headers),
             "authorization: Bearer %s\r\nx-aigne-hub-total-timeout: 300\r\n", f.key);
    aigne_call *exchange = begin(&f, "POST", "/v1/chat/completions", headers);
    finish_request(exchange, SMART);
    take(exchange, &a);
    expect_body(&a, 504, "in all");
    assert_int_equal(asked_since(), 0);
    close_route(&f);
}

/* What ann has left of 100,000 credits once a silent provider and a quick one were asked for her. */
static void expect_left(const char *policy, const char *left)
{
    struct fixture f;
    struct answer a;
    open_route(&f, policy, SMART);
    do_quietly(
        f.hub, "rate.put",
        "{\"provider\":\"openai\",\"model\":\"m\",\"inputRate\":\"1\",\"outputRate\":\"1\"}");
    do_quietly(
        f.hub, "rate.put",
        "{\"provider\":\"xai\",\"model\":\"m\",\"inputRate\":\"1\",\"outputRate\":\"1\"}");
    do_quietly(f.hub, "settings.put", "{\"billing\":\"credits\"}");
    do_quietly(f.hub, "credit.grant", "{\"user\":\"ann\",\"amount\":\"100000\"}");
    atomic_store(&first_is, SILENT);
    ask(&f, "POST", "/v1/chat/completions", f.key, SMART, &a);
    expect_body(&a, 200, "two");
    aigne_reply *r = do_verb(f.hub, "account.get", "{\"user\":\"ann\"}");
    if (!strstr(aigne_reply_json(r, NULL), left) ||
        !strstr(aigne_reply_json(r, NULL), "\"held\":\"0\""))
        fail_msg("%s", aigne_reply_json(r, NULL));
    aigne_reply_free(r);
    r = do_verb(f.hub, "ledger.check", "{}");
    assert_non_null(strstr(aigne_reply_json(r, NULL), "\"ok\":true"));
    aigne_reply_free(r);
    close_route(&f);
}

static void only_the_winner_is_paid(void **state)
{
    (void)state;
    expect_left(POLICY_ON, "\"balance\":\"99991\"");
}

/* What was asked of the other one, a token as it is estimated. */
static void both_are_paid_where_the_policy_says_so(void **state)
{
    (void)state;
    expect_left("\"policy\":{\"hedge\":true,\"hedgeBudget\":100,\"paysFor\":\"attempts\"}",
                "\"balance\":\"99990\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_answers_first_stays),
        cmocka_unit_test(who_only_begins_has_not_answered),
        cmocka_unit_test(the_first_one_may_fail_meanwhile),
        cmocka_unit_test(and_so_may_the_second),
        cmocka_unit_test(whoever_leaves_ends_both),
        cmocka_unit_test(each_takes_its_place_under_limits),
        cmocka_unit_test(only_where_the_policy_wants_it),
        cmocka_unit_test(only_the_winner_is_paid),
        cmocka_unit_test(both_are_paid_where_the_policy_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
