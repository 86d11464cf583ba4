/* One of three providers dies under load and comes back: no client sees a failed call but those whose
 * answer had begun to come from it. */
#include "exchange.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { PROVIDERS = 3, AT_ONCE = 12, CALLS = 240, DIES_AT = 60, BACK_AT = 180 };

#define ANSWER                                                                                    \
    "{\"id\":\"c\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"m-7\",\"choices\":[{" \
    "\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"fine\"},\"finish_reason\":"    \
    "\"stop\"}],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2,\"total_tokens\":9}}"

struct provider {
    struct tcp_server server;
    atomic_bool dead;
    atomic_int answered;
    atomic_int met_dead; /* connections and requests that it let down */
};

struct client {
    aigne_call *call; /* NULL: it rests */
    bool streams;
    struct answer answer;
};

struct outage {
    struct fixture f;
    struct provider providers[PROVIDERS];
    struct client clients[AT_ONCE];
    int begun;
    int ended;
    int cut; /* while they were streaming */
};

/* False: it is dead, and has hung up. */
static bool lives(struct provider *p, struct tcp_connection *c)
{
    if (!atomic_load(&p->dead))
        return true;
    atomic_fetch_add(&p->met_dead, 1);
    tcp_reset(c);
    return false;
}

static void serve(struct tcp_connection *c)
{
    struct provider *p = c->user;
    if (!lives(p, c))
        return;
    while (tcp_read_request(c)) {
        if (!lives(p, c))
            return;
        if (!strstr(c->body, "\"stream\":true")) {
            if (!tcp_answer(c, ANSWER))
                return;
            atomic_fetch_add(&p->answered, 1);
            continue;
        }
        if (!tcp_say(c, STREAM_HEAD TEXT_CHUNK("fi")) || !lives(p, c))
            return;
        (void)tcp_say(c, TEXT_CHUNK("ne") LAST_CHUNK USAGE_CHUNK DONE);
        atomic_fetch_add(&p->answered, 1);
        return;
    }
}

static void open_outage(struct outage *o)
{
    static const char *const names[PROVIDERS] = {"one", "two", "three"};
    char args[300];
    fixture_open(&o->f, NULL, NULL);
    for (int i = 0; i < PROVIDERS; i++) {
        assert_true(tcp_server_start(&o->providers[i].server, serve, &o->providers[i]));
        snprintf(args, sizeof(args),
                 "{\"name\":\"%s\",\"type\":\"openai\",\"keyless\":true,"
                 "\"baseUrl\":\"http://127.0.0.1:%d/v1\"}",
                 names[i], o->providers[i].server.port);
        do_quietly(o->f.hub, "provider.put", args);
    }
    do_quietly(o->f.hub, "route.put",
               "{\"name\":\"any\",\"strategy\":\"round-robin\",\"targets\":["
               "{\"model\":\"one/m\"},{\"model\":\"two/m\"},{\"model\":\"three/m\"}]}");
}

static void close_outage(struct outage *o)
{
    fixture_close(&o->f);
    for (int i = 0; i < PROVIDERS; i++)
        tcp_server_stop(&o->providers[i].server);
}

static void begin_call(struct outage *o, struct client *c)
{
    c->streams = o->begun++ % 2 == 0;
    memset(&c->answer, 0, sizeof(c->answer));
    c->call = begin_with_key(&o->f, "POST", "/v1/chat/completions", o->f.key);
    finish_request(c->call, c->streams ? "{\"model\":\"any\",\"stream\":true," CHAT_REST
                                       : "{\"model\":\"any\"," CHAT_REST);
}

static void end_call(struct outage *o, struct client *c)
{
    const struct answer *a = &c->answer;
    bool whole = strstr(a->body, c->streams ? "[DONE]" : "fine") != NULL;
    bool had_begun = c->streams && a->status == 200 && strstr(a->body, "\"fi\"");
    if (a->status != 200 || (!whole && !had_begun))
        fail_msg("call %d failed: %d %s", o->begun, a->status, a->body);
    o->cut += !whole;
    o->ended++;
    aigne_call_free(c->call);
    c->call = NULL;
}

static void take_what_came(struct outage *o, struct client *c)
{
    aigne_event ev;
    int rc;
    while ((rc = aigne_call_next(c->call, 0, &ev, NULL)) == AIGNE_EVENT) {
        struct answer *a = &c->answer;
        if (ev.kind == AIGNE_EV_HEAD)
            a->status = ev.index;
        for (size_t i = 0; ev.kind == AIGNE_EV_BYTES && i < ev.len; i++)
            if (a->size < sizeof(a->body) - 1)
                a->body[a->size++] = ev.data[i];
    }
    if (rc != AIGNE_AGAIN)
        end_call(o, c);
}

/* So many calls more, a dozen at once. */
static void go_on_until(struct outage *o, int ended)
{
    while (o->ended < ended) {
        for (int i = 0; i < AT_ONCE; i++) {
            struct client *c = &o->clients[i];
            if (!c->call && o->begun < ended)
                begin_call(o, c);
            if (c->call)
                take_what_came(o, c);
        }
        assert_true(aigne_loop_drive(o->f.loop, 5) >= 0);
    }
}

static void one_of_three_dies_and_comes_back(void **state)
{
    static struct outage o;
    (void)state;
    struct provider *two = &o.providers[1];
    open_outage(&o);
    go_on_until(&o, DIES_AT);
    assert_int_equal(o.cut, 0);
    for (int i = 0; i < PROVIDERS; i++)
        assert_int_equal(atomic_load(&o.providers[i].answered), DIES_AT / PROVIDERS);
    /* Some are under way while it dies. */
    for (int i = 0; i < AT_ONCE; i++)
        begin_call(&o, &o.clients[i]);
    assert_true(aigne_loop_drive(o.f.loop, 0) >= 0);
    atomic_store(&two->dead, true);
    go_on_until(&o, BACK_AT);
    /* It is left alone, but for those that found it dead together, and probes. */
    assert_in_range(atomic_load(&two->met_dead), 1, 2 * AT_ONCE + 20);
    int before = atomic_load(&two->answered);
    atomic_store(&two->dead, false);
    int last = CALLS;
    go_on_until(&o, last);
    for (; atomic_load(&two->answered) == before; last += AT_ONCE) {
        assert_true(last < 1000 * CALLS);
        go_on_until(&o, last);
    }
    before = atomic_load(&two->answered);
    go_on_until(&o, last + 30);
    assert_true(atomic_load(&two->answered) - before >= 8); /* a third again */
    assert_in_range(o.cut, 0, AT_ONCE / 2);
    close_outage(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_of_three_dies_and_comes_back)};
    return cmocka_run_group_tests_name("outage", tests, NULL, NULL);
}
