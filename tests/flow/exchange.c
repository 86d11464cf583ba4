/* Knows how to be a client of a gateway and to ask a hub for its books; refuses to know what a test
 * wants to see. */
#include "exchange.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

aigne_hub *hub_of(const char *settings)
{
    aigne_config *c = NULL;
    aigne_hub *h = NULL;
    aigne_error *e = NULL;
    assert_int_equal(aigne_config_new(&c), AIGNE_OK);
    assert_int_equal(aigne_config_json(c, settings, AIGNE_Z, &e), AIGNE_OK);
    if (aigne_hub_open(c, &h, &e) < 0)
        fail_msg("%s", aigne_error_text(e));
    aigne_config_free(c);
    return h;
}

aigne_reply *do_verb(aigne_hub *h, const char *verb, const char *args)
{
    aigne_reply *r = NULL;
    aigne_error *e = NULL;
    if (aigne_hub_do(h, verb, args, AIGNE_Z, &r, &e) < 0)
        fail_msg("%s: %s", verb, aigne_error_text(e));
    return r;
}

void do_quietly(aigne_hub *h, const char *verb, const char *args)
{
    aigne_reply_free(do_verb(h, verb, args));
}

void make_key(aigne_hub *h, const char *args, char key[100])
{
    aigne_reply *r = do_verb(h, "key.create", args);
    snprintf(key, 100, "%s", aigne_reply_text(r, NULL));
    aigne_reply_free(r);
}

void expect_rows(aigne_hub *h, const char *part)
{
    aigne_reply *r = do_verb(h, "usage.list", "{\"order\":\"asc\"}");
    if (!strstr(aigne_reply_json(r, NULL), part))
        fail_msg("no %s in %s", part, aigne_reply_json(r, NULL));
    aigne_reply_free(r);
}

int count_rows(aigne_hub *h)
{
    aigne_reply *r = do_verb(h, "usage.list", "{}");
    const char *at = strstr(aigne_reply_json(r, NULL), "\"count\":");
    int count = at ? (int)strtol(at + 8, NULL, 10) : -1;
    aigne_reply_free(r);
    return count;
}

static void put_provider(struct fixture *f)
{
    char args[200];
    snprintf(args, sizeof(args), "{\"name\":\"openai\",\"baseUrl\":\"http://127.0.0.1:%d/v1\"}",
             f->server.port);
    do_quietly(f->hub, "provider.put", args);
    do_quietly(f->hub, "credential.put",
               "{\"provider\":\"openai\",\"name\":\"a\",\"value\":\"sk-first-0001\"}");
}

void fixture_open(struct fixture *f, const char *settings,
                  void (*serve)(struct tcp_connection *c))
{
    memset(f, 0, sizeof(*f));
    f->served = serve != NULL;
    f->hub = hub_of(settings ? settings : "{\"data\":\":memory:\"}");
    assert_int_equal(aigne_loop_new(&f->loop, NULL), AIGNE_OK);
    if (f->served) {
        assert_true(tcp_server_start(&f->server, serve, f));
        put_provider(f);
    }
    do_quietly(f->hub, "user.put", "{\"name\":\"ann\"}");
    make_key(f->hub, "{\"name\":\"k\",\"user\":\"ann\"}", f->key);
    make_key(f->hub, "{\"name\":\"root\",\"role\":\"admin\"}", f->admin);
}

void fixture_close(struct fixture *f)
{
    aigne_loop_free(f->loop);
    aigne_hub_free(f->hub);
    if (f->served)
        tcp_server_stop(&f->server);
}

aigne_call *begin(struct fixture *f, const char *method, const char *target,
                  const char *headers)
{
    aigne_call *exchange = NULL;
    assert_int_equal(aigne_gateway_start(f->hub, f->loop, method, target, AIGNE_Z, headers,
                                         AIGNE_Z, &exchange, NULL),
                     AIGNE_OK);
    return exchange;
}

aigne_call *begin_with_key(struct fixture *f, const char *method, const char *target,
                           const char *key)
{
    char headers[300] = "host: hub\r\n";
    if (key)
        snprintf(headers, sizeof(headers), "Host: hub\r\nAuthorization: Bearer %s\r\n", key);
    return begin(f, method, target, headers);
}

void finish_request(aigne_call *exchange, const char *body)
{
    if (body)
        assert_true(aigne_gateway_write(exchange, body, strlen(body), NULL) >= 0);
    assert_int_equal(aigne_gateway_end(exchange, NULL), AIGNE_OK);
}

static void keep(struct answer *a, const aigne_event *ev)
{
    assert_int_equal(ev->data[ev->len], 0);
    if (ev->kind == AIGNE_EV_HEAD) {
        assert_int_equal(a->status, 0);
        a->status = ev->index;
        snprintf(a->head, sizeof(a->head), "\r\n%s", ev->data);
        return;
    }
    assert_int_equal(ev->kind, AIGNE_EV_BYTES);
    assert_int_not_equal(a->status, 0);
    for (size_t i = 0; i < ev->len && a->size + i < sizeof(a->body) - 1; i++)
        a->body[a->size + i] = ev->data[i];
    a->size += ev->len;
}

void take(aigne_call *exchange, struct answer *a)
{
    aigne_event ev;
    memset(a, 0, sizeof(*a));
    while ((a->rc = aigne_call_next(exchange, -1, &ev, NULL)) == AIGNE_EVENT)
        keep(a, &ev);
    assert_int_equal(aigne_call_next(exchange, 0, &ev, NULL), a->rc);
    aigne_call_free(exchange);
}

void ask(struct fixture *f, const char *method, const char *target, const char *key,
         const char *body, struct answer *a)
{
    aigne_call *exchange = begin_with_key(f, method, target, key);
    finish_request(exchange, body);
    take(exchange, a);
}

void expect_body(const struct answer *a, int status, const char *part)
{
    if (a->rc != AIGNE_OK || a->status != status || !strstr(a->body, part))
        fail_msg("not %d with %s but %d, %d: %s%s", status, part, a->rc, a->status, a->head,
                 a->body);
}

void say(struct tcp_connection *c, const char *status, const char *more, const char *body)
{
    char head[400];
    snprintf(head, sizeof(head),
             "HTTP/1.1 %s\r\ncontent-type: application/json\r\n%scontent-length: %zu\r\n\r\n",
             status, more, strlen(body));
    tcp_say(c, head);
    tcp_say(c, body);
}
