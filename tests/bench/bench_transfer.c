/* Knows what one transfer of lib/net costs in CPU; refuses to know what a model call adds to it.
 *
 *     bench_transfer PORT [AT-ONCE] [COUNT] [MODEL]        against the mock on PORT; a model: streamed */
#define _GNU_SOURCE
#include "base/clock.h"
#include "net/transfer.h"
#include <aignehub/aignehub.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

struct one {
    struct http_request request;
    struct transfer *transfer;
};

static struct net_loop *loop;
static long left, ended, failed, bytes;

static const struct transfer_limits limits = {10000, 60000, 60000, 600000};

static void start(struct one *o);

static int on_head(void *user, int status, struct slice headers)
{
    (void)user;
    (void)headers;
    return status == 200 ? AIGNE_OK : AIGNE_E_UPSTREAM;
}

static int on_data(void *user, struct slice piece)
{
    (void)user;
    bytes += (long)piece.n;
    return AIGNE_OK;
}

static void on_end(void *user, int rc, bool sent, const struct fault *why)
{
    (void)sent;
    (void)why;
    ended++;
    failed += rc != AIGNE_OK;
    if (left > 0)
        start(user);
}

static void start(struct one *o)
{
    static const struct transfer_handler handler = {on_head, on_data, on_end};
    left--;
    if (transfer_start(loop, &o->request, &limits, NULL, &handler, o, &o->transfer, NULL) !=
        AIGNE_OK)
        exit(1);
}

static double cpu_us(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void run(struct one *all, int at_once, long count)
{
    at_once = count < at_once ? (int)count : at_once;
    left = count;
    ended = failed = bytes = 0;
    double cpu = cpu_us();
    int64_t clock = clock_monotonic_us();
    for (int i = 0; i < at_once; i++)
        start(&all[i]);
    while (ended < count)
        net_loop_drive(loop, -1);
    cpu = cpu_us() - cpu;
    clock = clock_monotonic_us() - clock;
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    printf("at once %d: %ld transfers, %ld failed, %.2f us CPU each, %.2f us clock each, "
           "%ld bytes, at most %ld KB resident\n",
           at_once, count, failed, cpu / (double)count, (double)clock / (double)count, bytes,
           u.ru_maxrss);
}

int main(int argc, char **argv)
{
    static char url[64], body[2048], text[1024];
    int at_once = argc > 2 ? atoi(argv[2]) : 32;
    long count = argc > 3 ? atol(argv[3]) : 100000;
    if (argc < 2 || net_loop_new(&loop, NULL) != AIGNE_OK)
        return 2;
    memset(text, 'x', 900);
    int u = snprintf(url, sizeof(url), "http://127.0.0.1:%s/v1/chat/completions", argv[1]);
    int b =
        snprintf(body, sizeof(body),
                 "{\"model\":\"%s\",\"stream\":%s,\"messages\":[{\"role\":\"user\",\"content\":"
                 "\"%s\"}]}",
                 argc > 4 ? argv[4] : "mock", argc > 4 ? "true" : "false", text);
    struct one *all = calloc((size_t)at_once, sizeof(*all));
    for (int i = 0; i < at_once; i++) {
        struct http_request *r = &all[i].request;
        r->method = "POST";
        r->url = slice_of(url, (size_t)u);
        http_request_header(r, "Content-Type", SLICE("application/json"));
        http_request_header(r, "Authorization", SLICE("Bearer sk-mock-0123456789abcdef"));
        r->body[0] = slice_of(body, (size_t)b);
        r->body_count = 1;
    }
    if (count > at_once)
        run(all, at_once, count / 10);
    run(all, at_once, count);
    net_loop_free(loop);
    free(all);
    return failed != 0;
}
