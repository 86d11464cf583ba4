/* exchange.h - one transfer of a test, with everything that was called back written down. */
#ifndef AIGNE_TESTS_NET_EXCHANGE_H
#define AIGNE_TESTS_NET_EXCHANGE_H

#include "base/buf.h"
#include "net/transfer.h"
#include "tcp_server.h"

struct exchange {
    struct net_loop *loop;
    struct transfer *transfer; /* NULL once it ended */
    struct http_request request;
    struct transfer_limits limits;
    struct transfer_route route;
    char url[256];
    /* what came */
    int status;
    int heads;
    int pieces;
    int ends;
    struct buf headers;
    struct buf body;
    int rc;
    bool sent;
    struct fault why;
    /* what to do, all optional */
    int head_rc;
    int pause_every; /* refuse every nth piece once */
    int (*on_data)(struct exchange *x, struct slice piece);
    void (*on_end)(struct exchange *x);
    void *user;
    int refused;
};

extern const struct transfer_handler exchange_handler;

/* A POST of `body` (NULL: a GET) to the server's `path`. */
void exchange_init(struct exchange *x, struct net_loop *l, const struct tcp_server *s,
                   const char *path, const char *body);
void exchange_start(struct exchange *x); /* fails the test when it cannot */
/* Drive until it ended; fails the test after 20 s. */
void exchange_finish(struct exchange *x);
void exchange_run(struct exchange *x);
void exchange_free(struct exchange *x);
struct net_loop *loop_of_test(void);
/* Drive until `*counter` reaches `value`, at most 20 s. */
void drive_until(struct net_loop *l, const int *counter, int value);
void drive_for(struct net_loop *l, int ms);

#endif
