/* Proves that no header's text stays behind in memory that was ours. */
#define _GNU_SOURCE
#include "base/mem.h"
#include "exchange.h"
#include <aignehub/aignehub.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char secret[] = "Bearer canary-4711-canary-4711";
static int found;
static int released;

/* Every block that is given back, or left behind by growing, is looked through first. */
static void look(const void *p)
{
    if (!p)
        return;
    released++;
    size_t n = malloc_usable_size((void *)(uintptr_t)p);
    if (memmem(p, n, secret, sizeof(secret) - 1))
        found++;
}

static void *resize(void *user, void *old, size_t size)
{
    (void)user;
    void *p = calloc(1, size);
    if (p && old) {
        size_t n = malloc_usable_size(old);
        memcpy(p, old, n < size ? n : size);
        look(old);
        free(old);
    }
    return p;
}

static void release(void *user, void *old)
{
    (void)user;
    look(old);
    free(old);
}

static void serve_small(struct tcp_connection *c)
{
    while (tcp_read_request(c))
        if (!tcp_answer(c, "{}"))
            return;
}

static void headers_are_wiped(void **state)
{
    (void)state;
    struct tcp_server server;
    assert_true(tcp_server_start(&server, serve_small, NULL));
    mem_set_allocator(NULL, resize, release);
    struct net_loop *loop = loop_of_test();
    for (int i = 0; i < 4; i++) {
        struct exchange x;
        exchange_init(&x, loop, &server, "/", "{}");
        assert_int_equal(http_request_header(&x.request, "Authorization", slice_text(secret)),
                         0);
        for (int k = 0; k < i * 4; k++)
            assert_int_equal(http_request_header(&x.request, "X-Filler",
                                                 SLICE("a header that makes the block grow")),
                             0);
        exchange_start(&x);
        if (i == 3) {
            transfer_cancel(x.transfer);
            x.transfer = NULL;
        } else {
            exchange_finish(&x);
        }
        exchange_free(&x);
    }
    net_loop_free(loop);
    mem_set_allocator(NULL, NULL, NULL);
    assert_true(released > 10);
    assert_int_equal(found, 0);
    tcp_server_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(headers_are_wiped)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
