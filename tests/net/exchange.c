/* Knows how to run a transfer and write down what happens; refuses to judge it. */
#include "exchange.h"
#include "base/clock.h"
#include "base/mem.h"
#include <aignehub/aignehub.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int on_head(void *user, int status, struct slice headers)
{
    struct exchange *x = user;
    x->heads++;
    x->status = status;
    buf_put_slice(&x->headers, headers);
    return x->head_rc;
}

static int on_data(void *user, struct slice piece)
{
    struct exchange *x = user;
    x->pieces++;
    if (x->on_data) {
        int rc = x->on_data(x, piece);
        if (rc != AIGNE_OK)
            return rc;
    }
    if (x->pause_every && x->pieces % x->pause_every == 0) {
        x->refused++;
        return AIGNE_AGAIN;
    }
    buf_put_slice(&x->body, piece);
    return AIGNE_OK;
}

static void on_end(void *user, int rc, bool sent, const struct fault *why)
{
    struct exchange *x = user;
    x->ends++;
    x->rc = rc;
    x->sent = sent;
    x->why = *why;
    x->transfer = NULL;
    if (x->on_end)
        x->on_end(x);
}

const struct transfer_handler exchange_handler = {on_head, on_data, on_end};

void exchange_init(struct exchange *x, struct net_loop *l, const struct tcp_server *s,
                   const char *path, const char *body)
{
    *x = (struct exchange){.loop = l};
    buf_init(&x->headers, 1 << 20);
    buf_init(&x->body, 64 << 20);
    int n = snprintf(x->url, sizeof(x->url), "http://127.0.0.1:%d%s", s->port, path);
    x->request.url = slice_of(x->url, (size_t)n);
    x->request.method = body ? "POST" : "GET";
    if (body) {
        x->request.body[0] = slice_text(body);
        x->request.body_count = 1;
        x->request.headers[0] =
            (struct http_header){SLICE("Content-Type"), SLICE("application/json")};
        x->request.header_count = 1;
    }
}

void exchange_start(struct exchange *x)
{
    struct fault why;
    fault_clear(&why);
    int rc = transfer_start(x->loop, &x->request, &x->limits, &x->route, &exchange_handler, x,
                            &x->transfer, &why);
    if (rc != AIGNE_OK)
        print_error("transfer_start: %d %s\n", rc, why.text);
    assert_int_equal(rc, AIGNE_OK);
}

void drive_until(struct net_loop *l, const int *counter, int value)
{
    int64_t limit = clock_monotonic_us() + 120000000; /* only of what hangs */
    while (*counter < value) {
        assert_int_equal(net_loop_drive(l, 1000), AIGNE_OK);
        assert_true(clock_monotonic_us() < limit);
    }
}

void drive_for(struct net_loop *l, int ms)
{
    int64_t limit = clock_monotonic_us() + (int64_t)ms * 1000;
    for (int64_t now = clock_monotonic_us(); now < limit; now = clock_monotonic_us())
        assert_int_equal(net_loop_drive(l, (int)((limit - now) / 1000) + 1), AIGNE_OK);
}

void exchange_finish(struct exchange *x)
{
    drive_until(x->loop, &x->ends, 1);
    assert_int_equal(x->ends, 1);
}

void exchange_run(struct exchange *x)
{
    exchange_start(x);
    exchange_finish(x);
}

void exchange_free(struct exchange *x)
{
    if (x->transfer)
        transfer_cancel(x->transfer);
    buf_free(&x->headers);
    buf_free(&x->body);
}

struct net_loop *loop_of_test(void)
{
    struct net_loop *l = NULL;
    struct fault why;
    fault_clear(&why);
    assert_int_equal(net_loop_new(&l, &why), AIGNE_OK);
    return l;
}
