/* Calls cancelled and freed in every state, with their loop, model and hub given back in any order, and
 * waits that must not spin. */
#define _GNU_SOURCE
#include "exchange.h"
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* ---- where a call can be when it is let go ---- */

static void holds_on(struct tcp_connection *c)
{
    while (tcp_read_request(c)) {
        if (strstr(c->body, "begin"))
            tcp_say(c, STREAM_HEAD TEXT_CHUNK("begun"));
        if (strstr(c->body, "flood"))
            while (tcp_say(c, TEXT_CHUNK("0123456789012345678901234567890123456789")))
                continue;
        if (!strstr(c->body, "finish"))
            break;
        tcp_say(c, STREAM_HEAD TEXT_CHUNK("all") LAST_CHUNK DONE);
        return;
    }
    tcp_wait_closed(c, 30000);
}

struct way {
    const char *who;
    const char *model;
    const char *words;
    bool drive; /* until the provider was asked, or the call has news */
    int taken;  /* then take so many events */
};

static const struct way ways[] = {
    {NULL, "openai/m", "wait", false, 0},         /* not even sent */
    {NULL, "openai/m", "wait", true, 0},          /* no answer yet */
    {NULL, "openai/m", "begin", true, 1},         /* in the middle */
    {NULL, "openai/m", "begin flood", true, 1},   /* paused, or about to be */
    {NULL, "openai/m", "finish", true, 1},        /* the record is under way, or nearly */
    {NULL, "echo/pace-5000", "a b c", true, 1},   /* on a timer */
    {NULL, "echo/echo", "a b c", false, 0},       /* the record is under way */
    {NULL, "nobody/m", "a", false, 0},            /* on an errand */
    {"aigne-nobody", "echo/echo", "a", false, 0}, /* so too */
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

struct things {
    aigne_hub *hub;
    aigne_loop *loop;
    aigne_model *model;
    aigne_call *call;
};

static void come_so_far(struct things *t, const struct way *w, struct tcp_server *server)
{
    char request[200];
    aigne_event ev;
    int before = atomic_load(&server->requests);
    snprintf(request, sizeof(request), "{\"messages\":\"%s\"}", w->words);
    assert_int_equal(aigne_loop_new(&t->loop, NULL), AIGNE_OK);
    assert_int_equal(aigne_hub_model(t->hub, w->who, w->model, &t->model, NULL), AIGNE_OK);
    assert_int_equal(aigne_call_start(t->model, t->loop, request, AIGNE_Z, &t->call, NULL),
                     AIGNE_OK);
    bool provider = strstr(w->model, "openai") != NULL;
    while (w->drive && provider && atomic_load(&server->requests) == before)
        aigne_loop_drive(t->loop, 10);
    for (int i = 0; i < w->taken; i++)
        assert_int_equal(aigne_call_next(t->call, -1, &ev, NULL), AIGNE_EVENT);
}

static void free_loop(struct things *t)
{
    aigne_loop_free(t->loop);
}

static void free_model(struct things *t)
{
    aigne_model_free(t->model);
}

static void free_call(struct things *t)
{
    aigne_call_free(t->call);
}

/* The hub is held by the fixture, too, but for the memory this is one more owner to go. */
static void (*const orders[][3])(struct things *t) = {
    {free_loop, free_model, free_call}, {free_loop, free_call, free_model},
    {free_model, free_loop, free_call}, {free_model, free_call, free_loop},
    {free_call, free_loop, free_model}, {free_call, free_model, free_loop},
};

static void everything_may_go_in_any_order(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f, NULL, holds_on);
    for (size_t order = 0; order < 6; order++) {
        for (size_t i = 0; i < WAYS; i++) {
            struct things t = {.hub = f.hub};
            come_so_far(&t, &ways[i], &f.server);
            for (int k = 0; k < 3; k++)
                orders[order][k](&t);
        }
    }
    fixture_close(&f);
}

static void the_hub_may_go_first(void **state)
{
    (void)state;
    for (size_t i = 0; i < WAYS; i++) {
        struct fixture f;
        fixture_open(&f, NULL, holds_on);
        struct things t = {.hub = f.hub};
        come_so_far(&t, &ways[i], &f.server);
        aigne_hub_free(f.hub);
        f.hub = NULL;
        aigne_model_free(t.model);
        if (i % 2)
            aigne_call_free(t.call);
        aigne_loop_free(t.loop);
        if (i % 2 == 0)
            aigne_call_free(t.call);
        fixture_close(&f);
    }
}

/* ---- cancelling ---- */

static void *cancel(void *call)
{
    aigne_call_cancel(call);
    return NULL;
}

static void a_cancel_is_seen_in_every_state(void **state)
{
    (void)state;
    struct fixture f;
    aigne_event ev;
    fixture_open(&f, NULL, holds_on);
    for (size_t i = 0; i < WAYS; i++) {
        if (strcmp(ways[i].model, "echo/echo") == 0 && !ways[i].who)
            continue; /* complete already */
        if (strstr(ways[i].words, "finish"))
            continue;
        struct things t = {.hub = f.hub};
        pthread_t thread;
        int rc = 0;
        come_so_far(&t, &ways[i], &f.server);
        assert_int_equal(pthread_create(&thread, NULL, cancel, t.call), 0);
        pthread_join(thread, NULL);
        while ((rc = aigne_call_next(t.call, -1, &ev, NULL)) == AIGNE_EVENT)
            continue;
        if (rc != AIGNE_E_CANCELLED)
            fail_msg("way %zu ended with %s", i, aigne_rc_name(rc));
        aigne_call_free(t.call);
        aigne_model_free(t.model);
        aigne_loop_free(t.loop);
    }
    fixture_close(&f);
}

static void cancels_that_race(void **state)
{
    (void)state;
    struct fixture f;
    aigne_event ev;
    fixture_open(&f, NULL, holds_on);
    for (size_t i = 0; i < 20 * WAYS; i++) {
        const struct way *w = &ways[i % WAYS];
        struct way early = {w->who, w->model, w->words, false, 0};
        struct things t = {.hub = f.hub};
        pthread_t thread;
        int rc = 0;
        come_so_far(&t, &early, &f.server);
        assert_int_equal(pthread_create(&thread, NULL, cancel, t.call), 0);
        while ((rc = aigne_call_next(t.call, -1, &ev, NULL)) == AIGNE_EVENT)
            continue;
        pthread_join(thread, NULL);
        assert_true(rc == AIGNE_OK || rc == AIGNE_E_CANCELLED || rc == AIGNE_E_ROUTE ||
                    rc == AIGNE_E_AUTH);
        aigne_call_free(t.call);
        aigne_model_free(t.model);
        aigne_loop_free(t.loop);
    }
    fixture_close(&f);
}

/* A cancelled exchange still answers. */
static void a_cancelled_exchange_is_answered(void **state)
{
    (void)state;
    struct fixture f;
    struct answer a;
    fixture_open(&f, NULL, holds_on);
    for (int i = 0; i < 3; i++) {
        aigne_call *exchange =
            begin_with_key(&f, "POST", "/v1/chat/completions", i == 1 ? "aigne-nobody" : f.key);
        if (i > 0)
            finish_request(exchange, CHAT);
        aigne_call_cancel(exchange);
        take(exchange, &a);
        expect_body(&a, 499, "cancelled");
    }
    fixture_close(&f);
}

/* ---- who posts to a loop that goes ---- */

/* The ledger's thread tells the loop that a record is written while the loop goes with its last call. */
static void loops_go_while_they_are_told(void **state)
{
    (void)state;
    aigne_hub *hub = hub_of("{\"data\":\":memory:\"}");
    aigne_model *model = NULL;
    assert_int_equal(aigne_hub_model(hub, NULL, "echo/echo", &model, NULL), AIGNE_OK);
    for (int i = 0; i < 300; i++) {
        aigne_loop *loop = NULL;
        aigne_call *call = NULL;
        assert_int_equal(aigne_loop_new(&loop, NULL), AIGNE_OK);
        assert_int_equal(
            aigne_call_start(model, loop, "{\"messages\":\"a\"}", AIGNE_Z, &call, NULL),
            AIGNE_OK);
        aigne_call_free(call);
        aigne_loop_free(loop);
    }
    aigne_model_free(model);
    aigne_hub_free(hub);
}

/* ---- waiting ---- */

static int64_t microseconds(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void take_slowly(aigne_call *call)
{
    aigne_event ev;
    int64_t wall = microseconds(CLOCK_MONOTONIC);
    int64_t busy = microseconds(CLOCK_THREAD_CPUTIME_ID);
    int rc = 0;
    while ((rc = aigne_call_next(call, -1, &ev, NULL)) == AIGNE_EVENT)
        continue;
    assert_int_equal(rc, AIGNE_OK);
    wall = microseconds(CLOCK_MONOTONIC) - wall;
    busy = microseconds(CLOCK_THREAD_CPUTIME_ID) - busy;
    assert_true(wall > 500000);
    if (busy > wall / 2)
        fail_msg("busy for %lld of %lld microseconds", (long long)busy, (long long)wall);
}

static void waiting_costs_nothing(void **state)
{
    (void)state;
    const char *slow = "{\"messages\":\"a b c d\"}";
    aigne_hub *hub = hub_of("{\"data\":\":memory:\"}");
    aigne_model *model = NULL;
    aigne_model *fast = NULL;
    aigne_loop *loop = NULL;
    aigne_call *call = NULL;
    aigne_call *other = NULL;
    assert_int_equal(aigne_hub_model(hub, NULL, "echo/pace-200", &model, NULL), AIGNE_OK);
    assert_int_equal(aigne_hub_model(hub, NULL, "echo/echo", &fast, NULL), AIGNE_OK);
    assert_int_equal(aigne_call_start(model, NULL, slow, AIGNE_Z, &call, NULL), AIGNE_OK);
    take_slowly(call); /* on a loop of its own */
    aigne_call_free(call);
    assert_int_equal(aigne_loop_new(&loop, NULL), AIGNE_OK);
    assert_int_equal(aigne_call_start(model, loop, slow, AIGNE_Z, &call, NULL), AIGNE_OK);
    take_slowly(call); /* on one of ours */
    aigne_call_free(call);
    assert_int_equal(aigne_call_start(fast, loop, slow, AIGNE_Z, &other, NULL), AIGNE_OK);
    assert_int_equal(aigne_call_start(model, loop, slow, AIGNE_Z, &call, NULL), AIGNE_OK);
    take_slowly(call); /* where another call waits to be taken */
    assert_ptr_equal(aigne_loop_ready(loop), other);
    aigne_call_free(call);
    aigne_call_free(other);
    aigne_loop_free(loop);
    aigne_model_free(fast);
    aigne_model_free(model);
    aigne_hub_free(hub);
}

/* What a host's event loop sees: the descriptor rests once all was taken, and only then. */
static void the_descriptor_tells_of_news(void **state)
{
    (void)state;
    struct fixture f;
    aigne_model *model = NULL;
    aigne_call *call = NULL;
    aigne_event ev;
    fixture_open(&f, NULL, holds_on);
    struct pollfd one = {.fd = aigne_loop_fd(f.loop), .events = POLLIN};
    assert_int_equal(aigne_hub_model(f.hub, NULL, "openai/m", &model, NULL), AIGNE_OK);
    assert_int_equal(
        aigne_call_start(model, f.loop, "{\"messages\":\"begin\"}", AIGNE_Z, &call, NULL),
        AIGNE_OK);
    while (!aigne_loop_ready(f.loop)) {
        assert_int_equal(poll(&one, 1, 20000), 1);
        aigne_loop_drive(f.loop, 0);
    }
    assert_int_equal(aigne_call_next(call, 0, &ev, NULL), AIGNE_EVENT);
    assert_int_equal(aigne_call_next(call, 0, &ev, NULL), AIGNE_AGAIN);
    for (int i = 0; i < 3; i++) /* what was under way settles */
        aigne_loop_drive(f.loop, 0);
    assert_int_equal(poll(&one, 1, 0), 0);
    aigne_call_free(call);
    aigne_model_free(model);
    fixture_close(&f);
}

/* ---- failing over ---- */

static atomic_int asked_where;

static void is_a_hub_at_the_second_look(struct tcp_connection *c)
{
    while (tcp_read_request(c)) {
        if (!strstr(c->head, "__blocklet__"))
            say(c, "200 OK", "",
                "{\"text\":\"fine\",\"usage\":{\"inputTokens\":1,\"outputTokens\":1}}");
        else if (atomic_fetch_add(&asked_where, 1) == 0)
            say(c, "500 Oh", "", "{}");
        else
            say(c, "200 OK", "",
                "{\"prefix\":\"/\",\"componentMountPoints\":[{\"did\":"
                "\"z8ia3xzq2tMq8CRHfaXj1BTYJyYnEcHbqP8cJ\",\"mountPoint\":\"/\"}]}");
    }
}

static void a_hub_that_is_not_found_is_not_the_end(void **state)
{
    (void)state;
    struct fixture f;
    aigne_model *model = NULL;
    aigne_reply *reply = NULL;
    aigne_error *e = NULL;
    char args[200];
    fixture_open(&f, NULL, is_a_hub_at_the_second_look);
    snprintf(args, sizeof(args), "{\"name\":\"aignehub\",\"baseUrl\":\"http://127.0.0.1:%d\"}",
             f.server.port);
    do_quietly(f.hub, "provider.put", args);
    do_quietly(f.hub, "credential.put",
               "{\"provider\":\"aignehub\",\"name\":\"a\",\"value\":\"aigne-12345678\"}");
    do_quietly(f.hub, "credential.put",
               "{\"provider\":\"aignehub\",\"name\":\"b\",\"value\":\"aigne-87654321\"}");
    assert_int_equal(aigne_hub_model(f.hub, NULL, "aignehub/deepseek/m", &model, NULL),
                     AIGNE_OK);
    if (aigne_model_invoke(model, "{\"messages\":\"a\"}", AIGNE_Z, &reply, &e) < 0)
        fail_msg("%s", aigne_error_text(e));
    assert_string_equal(aigne_reply_text(reply, NULL), "fine");
    assert_int_equal(count_rows(f.hub), 2);
    aigne_reply_free(reply);
    aigne_model_free(model);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_may_go_in_any_order),
        cmocka_unit_test(the_hub_may_go_first),
        cmocka_unit_test(a_cancel_is_seen_in_every_state),
        cmocka_unit_test(cancels_that_race),
        cmocka_unit_test(a_cancelled_exchange_is_answered),
        cmocka_unit_test(loops_go_while_they_are_told),
        cmocka_unit_test(waiting_costs_nothing),
        cmocka_unit_test(the_descriptor_tells_of_news),
        cmocka_unit_test(a_hub_that_is_not_found_is_not_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
