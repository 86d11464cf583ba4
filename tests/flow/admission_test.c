/* Calls that limits let in, let wait and refuse, over the public headers. */
#define _GNU_SOURCE
#include "exchange.h"
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ANSWER                                                                                 \
    "{\"id\":\"c\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"m\",\"choices\":[" \
    "{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"yes\"},\"finish_reason\":" \
    "\"stop\"}],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2,\"total_tokens\":9}}"

/* ---- a provider that answers when it is told to ---- */

static sem_t may_answer;
static char asked_for[16]; /* the users of the requests, in their order */
static atomic_int asked;

static void answers_when_told(struct tcp_connection *c)
{
    while (tcp_read_request(c)) {
        const char *user = strstr(c->body, "\"user\":\"");
        int at = atomic_fetch_add(&asked, 1);
        asked_for[at % 16] = user ? user[8] : '-';
        sem_wait(&may_answer);
        if (!tcp_answer(c, ANSWER))
            return;
    }
}

static void open_with(struct fixture *f, const char *limit)
{
    atomic_store(&asked, 0);
    sem_init(&may_answer, 0, 0);
    fixture_open(f, NULL, answers_when_told);
    do_quietly(f->hub, "limit.put", limit);
}

static void close_all(struct fixture *f)
{
    for (int i = 0; i < 50; i++)
        sem_post(&may_answer);
    fixture_close(f);
}

static aigne_call *begin_chat(struct fixture *f, const char *user)
{
    char body[300];
    snprintf(body, sizeof(body), "{\"model\":\"openai/m\",\"user\":\"%s\"," CHAT_REST, user);
    aigne_call *exchange = begin_with_key(f, "POST", "/v1/chat/completions", f->key);
    finish_request(exchange, body);
    return exchange;
}

static void drive_until_asked(struct fixture *f, int count)
{
    while (atomic_load(&asked) < count)
        aigne_loop_drive(f->loop, 10);
}

static int64_t state_of(struct fixture *f, const char *limit, const char *member)
{
    char args[100];
    char name[40];
    snprintf(args, sizeof(args), "{\"name\":\"%s\"}", limit);
    snprintf(name, sizeof(name), "\"%s\":", member);
    aigne_reply *r = do_verb(f->hub, "limit.get", args);
    const char *at = strstr(aigne_reply_json(r, NULL), name);
    assert_non_null(at);
    int64_t value = strtoll(at + strlen(name), NULL, 10);
    aigne_reply_free(r);
    return value;
}

/* ---- refusals ---- */

#define ECHO_CHAT "{\"model\":\"echo/echo\"," CHAT_REST

static void over_the_limit_in_each_format(void **state)
{
    static const struct {
        const char *target;
        const char *body;
        const char *part;
        const char *header;
    } formats[] = {
        {"/v1/chat/completions", ECHO_CHAT, "\"code\":\"rate_limit_exceeded\"",
         "\r\nx-ratelimit-limit-requests: 1\r\nx-ratelimit-remaining-requests: 0\r\n"
         "x-ratelimit-reset-requests: "},
        {"/v1/responses", "{\"model\":\"echo/echo\",\"input\":\"Hi\"}",
         "\"type\":\"rate_limit_error\"", "\r\nx-ratelimit-limit-requests: 1\r\n"},
        {"/v1/messages",
         "{\"model\":\"echo/echo\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\","
         "\"content\":\"Hi\"}]}",
         "\"type\":\"rate_limit_error\"",
         "\r\nanthropic-ratelimit-requests-limit: 1\r\n"
         "anthropic-ratelimit-requests-remaining: 0\r\n"
         "anthropic-ratelimit-requests-reset: 20"},
        {"/v1beta/models/echo%2Fecho:generateContent",
         "{\"contents\":[{\"parts\":[{\"text\":\"Hi\"}]}]}",
         "\"status\":\"RESOURCE_EXHAUSTED\"", "\r\nretry-after: "},
        {"/api/v2/chat",
         "{\"input\":{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"modelOptions\":{"
         "\"model\":\"echo/echo\"}}}",
         "\"type\":\"rate_limit\"", "\r\nx-ratelimit-limit-requests: 1\r\n"},
    };
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, NULL);
    do_quietly(f.hub, "limit.put",
               "{\"name\":\"slow\",\"on\":\"key\",\"id\":\"*\",\"requestsPerMinute\":1}");
    ask(&f, "POST", formats[0].target, f.key, formats[0].body, &a);
    expect_body(&a, 200, "choices");
    assert_non_null(strstr(a.head, "\r\nx-ratelimit-remaining-requests: 0\r\n"));
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        ask(&f, "POST", formats[i].target, f.key, formats[i].body, &a);
        expect_body(&a, 429, formats[i].part);
        assert_non_null(
            strstr(a.body, "limit \\\"slow\\\" allows this key 1 requests a minute"));
        assert_non_null(strstr(a.head, "\r\nretry-after: "));
        if (!strstr(a.head, formats[i].header))
            fail_msg("no %s in %s", formats[i].header, a.head);
        bool google = strstr(formats[i].target, "v1beta") != NULL;
        assert_int_equal(google, strstr(a.body, "\"retryDelay\":\"") != NULL);
        assert_int_equal(google, strstr(a.head, "ratelimit") == NULL);
    }
    ask(&f, "POST", formats[0].target, f.admin, formats[0].body, &a);
    expect_body(&a, 200, "choices"); /* another key has its own */
    assert_int_equal(state_of(&f, "slow", "refused"), 5);
    assert_int_equal(state_of(&f, "slow", "running"), 0);
    fixture_close(&f);
}

/* One row a second stands for all that were refused in it. */
static void refusals_leave_few_rows(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, NULL);
    do_quietly(f.hub, "limit.put", "{\"name\":\"one\",\"on\":\"all\",\"requestsPerMinute\":1}");
    for (int i = 0; i < 300; i++) {
        ask(&f, "POST", "/v1/chat/completions", f.key, ECHO_CHAT, &a);
        assert_int_equal(a.status, i == 0 ? 200 : 429);
    }
    assert_in_range(count_rows(f.hub), 2, 100);
    expect_rows(f.hub, "\"attempt\":0");
    expect_rows(f.hub, "AIGNE_E_RATE: Rate limit reached");
    assert_int_equal(state_of(&f, "one", "refused"), 299);
    assert_int_equal(state_of(&f, "one", "requests"), 1);
    fixture_close(&f);
}

static void tokens_are_held_and_given_back(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    open_with(&f, "{\"name\":\"t\",\"on\":\"user\",\"id\":\"ann\",\"tokensPerMinute\":1000}");
    ask(&f, "POST", "/v1/chat/completions", f.key,
        "{\"model\":\"openai/m\",\"max_tokens\":1000," CHAT_REST, &a);
    expect_body(&a, 429, "too large");
    assert_null(strstr(a.head, "retry-after"));
    aigne_call *first = begin_with_key(&f, "POST", "/v1/chat/completions", f.key);
    finish_request(first, "{\"model\":\"openai/m\",\"max_tokens\":900," CHAT_REST);
    drive_until_asked(&f, 1);
    assert_in_range(state_of(&f, "t", "tokensHeld"), 901, 990);
    ask(&f, "POST", "/v1/chat/completions", f.key,
        "{\"model\":\"openai/m\",\"max_tokens\":200," CHAT_REST, &a);
    expect_body(&a, 429, "tokens a minute");
    assert_non_null(strstr(a.head, "\r\nx-ratelimit-limit-tokens: 1000\r\n"));
    sem_post(&may_answer);
    take(first, &a);
    expect_body(&a, 200, "yes");
    assert_int_equal(state_of(&f, "t", "tokensHeld"), 0);
    assert_int_equal(state_of(&f, "t", "tokens"), 9);
    sem_post(&may_answer);
    ask(&f, "POST", "/v1/chat/completions", f.key, CHAT,
        &a); /* nobody said how long: what is left */
    expect_body(&a, 429, "tokens a minute");
    sem_trywait(&may_answer);
    close_all(&f);
}

/* ---- calls at the same time ---- */

static void who_goes_away_makes_room(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    open_with(&f, "{\"name\":\"one\",\"on\":\"key\",\"id\":\"*\",\"concurrent\":1}");
    aigne_call *first = begin_chat(&f, "a");
    drive_until_asked(&f, 1);
    ask(&f, "POST", "/v1/chat/completions", f.key, CHAT, &a);
    expect_body(&a, 429, "1 calls at the same time");
    assert_non_null(strstr(a.head, "\r\nretry-after: 1\r\n"));
    assert_int_equal(state_of(&f, "one", "running"), 1);
    aigne_call_free(first); /* the client has gone */
    assert_int_equal(state_of(&f, "one", "running"), 0);
    aigne_call *second = begin_chat(&f, "b");
    drive_until_asked(&f, 2);
    sem_post(&may_answer);
    sem_post(&may_answer);
    take(second, &a);
    expect_body(&a, 200, "yes");
    assert_int_equal(state_of(&f, "one", "running"), 0);
    close_all(&f);
}

#define QUEUE                                                                                  \
    "{\"name\":\"q\",\"on\":\"provider\",\"id\":\"openai\",\"concurrent\":1,\"queue\":3"

static void first_come_first_served(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    aigne_call *calls[4];
    static const char *const users[] = {"a", "b", "c", "d"};
    open_with(&f, QUEUE "}");
    for (int i = 0; i < 4; i++)
        calls[i] = begin_chat(&f, users[i]);
    ask(&f, "POST", "/v1/chat/completions", f.key, CHAT, &a);
    expect_body(&a, 429, "its provider");
    assert_int_equal(state_of(&f, "q", "waiting"), 3);
    aigne_call_free(calls[2]); /* leaves the queue */
    assert_int_equal(state_of(&f, "q", "waiting"), 2);
    for (int i = 0; i < 4; i++) {
        if (i == 2)
            continue;
        sem_post(&may_answer);
        take(calls[i], &a);
        expect_body(&a, 200, "yes");
    }
    assert_int_equal(atomic_load(&asked), 3);
    assert_memory_equal(asked_for, "abd", 3);
    assert_int_equal(state_of(&f, "q", "running"), 0);
    assert_int_equal(state_of(&f, "q", "requests"), 3);
    close_all(&f);
}

static void nobody_waits_longer_than_he_may(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    open_with(&f, QUEUE ",\"queueTime\":30}");
    aigne_call *first = begin_chat(&f, "a");
    drive_until_asked(&f, 1);
    ask(&f, "POST", "/v1/chat/completions", f.key, CHAT, &a);
    expect_body(&a, 429, "Rate limit reached");
    assert_int_equal(state_of(&f, "q", "waiting"), 0);
    assert_int_equal(atomic_load(&asked), 1);
    sem_post(&may_answer);
    take(first, &a);
    expect_body(&a, 200, "yes");
    close_all(&f);
}

/* The one in front leaves; the one behind must not be forgotten. Freed in any state, also when its turn has
 * just come. */
static void whoever_leaves_the_queue_is_passed_over(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) {
        struct fixture f;
        struct answer a;
        open_with(&f, QUEUE "}");
        aigne_call *first = begin_chat(&f, "a");
        aigne_call *second = begin_chat(&f, "b");
        aigne_call *third = begin_chat(&f, "c");
        drive_until_asked(&f, 1);
        if (round == 0)
            aigne_call_free(second);
        aigne_call_free(first); /* now it is the next one's turn */
        if (round == 1)
            aigne_call_free(second);
        if (round == 2)
            aigne_call_cancel(second);
        sem_post(&may_answer);
        sem_post(&may_answer);
        take(third, &a);
        expect_body(&a, 200, "yes");
        if (round == 2)
            take(second, &a);
        assert_int_equal(state_of(&f, "q", "running"), 0);
        assert_int_equal(state_of(&f, "q", "waiting"), 0);
        close_all(&f);
    }
}

/* ---- who is asked instead ---- */

static void a_target_at_its_limit_is_passed_over(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    char args[200];
    open_with(&f, "{\"name\":\"p\",\"on\":\"provider\",\"id\":\"openai\",\"concurrent\":1}");
    snprintf(args, sizeof(args),
             "{\"name\":\"zweite\",\"type\":\"openai\",\"keyless\":true,\"baseUrl\":"
             "\"http://127.0.0.1:%d/v1\"}",
             f.server.port);
    do_quietly(f.hub, "provider.put", args);
    do_quietly(f.hub, "rate.put",
               "{\"provider\":\"openai\",\"model\":\"mm\",\"inputRate\":1,\"outputRate\":1}");
    do_quietly(f.hub, "rate.put",
               "{\"provider\":\"zweite\",\"model\":\"mm\",\"inputRate\":1,\"outputRate\":1}");
    aigne_call *first = begin_with_key(&f, "POST", "/v1/chat/completions", f.key);
    finish_request(first, "{\"model\":\"mm\"," CHAT_REST);
    drive_until_asked(&f, 1);
    aigne_call *second = begin_with_key(&f, "POST", "/v1/chat/completions", f.key);
    finish_request(second, "{\"model\":\"mm\"," CHAT_REST);
    drive_until_asked(&f, 2);
    sem_post(&may_answer);
    sem_post(&may_answer);
    take(first, &a);
    expect_body(&a, 200, "yes");
    take(second, &a);
    expect_body(&a, 200, "yes");
    expect_rows(f.hub, "\"provider\":\"zweite\"");
    assert_int_equal(count_rows(f.hub), 2);
    close_all(&f);
}

/* ---- threads that wait for each other ---- */

enum { CALLERS = 12 };

static void *invoke(void *model)
{
    aigne_reply *r = NULL;
    aigne_error *e = NULL;
    int rc = aigne_model_invoke(model, "{\"messages\":\"Hi\"}", AIGNE_Z, &r, &e);
    aigne_reply_free(r);
    aigne_error_free(e);
    return (void *)(intptr_t)rc;
}

static void threads_take_turns(void **state)
{
    (void)state;
    struct fixture f;
    aigne_model *model = NULL;
    pthread_t threads[CALLERS];
    void *rc = NULL;
    open_with(&f, "{\"name\":\"all\",\"on\":\"all\",\"concurrent\":1,\"queue\":100}");
    assert_int_equal(aigne_hub_model(f.hub, NULL, "openai/m", &model, NULL), AIGNE_OK);
    for (int i = 0; i < CALLERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, invoke, model), 0);
    for (int i = 0; i < CALLERS; i++)
        sem_post(&may_answer);
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(threads[i], &rc);
        assert_int_equal((int)(intptr_t)rc, AIGNE_OK);
    }
    assert_int_equal(state_of(&f, "all", "running"), 0);
    assert_int_equal(state_of(&f, "all", "requests"), CALLERS);
    aigne_model_free(model);
    close_all(&f);
}

/* ---- too much at once ---- */

static void more_calls_than_can_be(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    atomic_store(&asked, 0);
    sem_init(&may_answer, 0, 0);
    fixture_open(&f, "{\"data\":\":memory:\",\"callLimit\":2}", answers_when_told);
    aigne_call *first = begin_chat(&f, "a");
    aigne_call *second = begin_with_key(&f, "POST", "/v1/chat/completions", f.key);
    ask(&f, "POST", "/v1/chat/completions", f.key, CHAT, &a);
    expect_body(&a, 503, "\"type\":\"server_error\"");
    assert_non_null(strstr(a.head, "\r\nretry-after: 1\r\n"));
    ask(&f, "POST", "/v1/messages", f.key, CHAT, &a);
    expect_body(&a, 503, "\"type\":\"overloaded_error\"");
    ask(&f, "GET", "/health", NULL, NULL, &a); /* it lives */
    expect_body(&a, 200, "\"ok\":true");
    ask(&f, "POST", "/api/admin/limit.list", f.admin, "{}", &a); /* and can be seen to */
    expect_body(&a, 200, "\"count\":0");
    aigne_call_free(second);
    sem_post(&may_answer);
    take(first, &a);
    expect_body(&a, 200, "yes");
    sem_post(&may_answer);
    ask(&f, "POST", "/v1/chat/completions", f.key, CHAT, &a);
    expect_body(&a, 200, "yes");
    close_all(&f);
}

/* Bodies, announced or not, and answers. */
static void more_bytes_than_can_be(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    static char piece[10000];
    char headers[300];
    memset(piece, ' ', sizeof(piece));
    atomic_store(&asked, 0);
    sem_init(&may_answer, 0, 0);
    fixture_open(&f, "{\"data\":\":memory:\",\"memoryLimit\":2000000}", answers_when_told);
    snprintf(headers, sizeof(headers),
             "host: hub\r\nauthorization: Bearer %s\r\ncontent-length: 3000000\r\n", f.key);
    take(begin(&f, "POST", "/v1/chat/completions", headers), &a);
    expect_body(&a, 503, "memoryLimit");
    aigne_call *endless = begin_with_key(&f, "POST", "/v1/chat/completions", f.key);
    int written = 0;
    while (aigne_gateway_write(endless, piece, sizeof(piece), NULL) == AIGNE_OK)
        written++;
    assert_in_range(written, 50, 200);
    ask(&f, "POST", "/v1/chat/completions", f.key, CHAT, &a); /* it still holds what it has */
    expect_body(&a, 503, "memoryLimit");
    take(endless, &a);
    expect_body(&a, 503, "memoryLimit");
    assert_int_equal(atomic_load(&asked), 0);
    sem_post(&may_answer);
    ask(&f, "POST", "/v1/chat/completions", f.key, CHAT, &a);
    expect_body(&a, 200, "yes");
    close_all(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(over_the_limit_in_each_format),
        cmocka_unit_test(refusals_leave_few_rows),
        cmocka_unit_test(tokens_are_held_and_given_back),
        cmocka_unit_test(who_goes_away_makes_room),
        cmocka_unit_test(first_come_first_served),
        cmocka_unit_test(nobody_waits_longer_than_he_may),
        cmocka_unit_test(whoever_leaves_the_queue_is_passed_over),
        cmocka_unit_test(a_target_at_its_limit_is_passed_over),
        cmocka_unit_test(threads_take_turns),
        cmocka_unit_test(more_calls_than_can_be),
        cmocka_unit_test(more_bytes_than_can_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
