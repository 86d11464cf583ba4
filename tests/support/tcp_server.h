/* tcp_server.h - a scripted peer for tests: each connection is served by a function of the test, in
 * a thread of its own, on a port of the loopback address. */
#ifndef AIGNE_TESTS_TCP_SERVER_H
#define AIGNE_TESTS_TCP_SERVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct tcp_connection {
    int fd;
    int number; /* 1: the first that was accepted */
    void *user;
    char head[16384]; /* the last request's head, NUL-terminated */
    char *body;       /* and its body */
    size_t body_size;
};

struct tcp_server {
    int fd;
    int port;
    void (*serve)(struct tcp_connection *c);
    void *user;
    atomic_int connections; /* accepted so far */
    atomic_int requests;    /* read whole so far */
    atomic_int open;        /* being served */
    atomic_bool stopping;
    unsigned long thread;
    const char *body; /* of tcp_server_start_answering */
};

bool tcp_server_start(struct tcp_server *s, void (*serve)(struct tcp_connection *c),
                      void *user);
/* Every request gets `body`, all connections from one thread: for many at once. Counts as above. */
bool tcp_server_start_answering(struct tcp_server *s, const char *body);
/* Waits until every connection was served. */
void tcp_server_stop(struct tcp_server *s);

/* Read one request; false: the peer closed instead. */
bool tcp_read_request(struct tcp_connection *c);
bool tcp_write(struct tcp_connection *c, const void *bytes, size_t n);
bool tcp_say(struct tcp_connection *c, const char *text);
/* A whole answer with a length, keep-alive. */
bool tcp_answer(struct tcp_connection *c, const char *body);
/* Close so that the peer sees a reset. */
void tcp_reset(struct tcp_connection *c);
/* Wait for the peer to close, at most `ms`; how long that took in ms, or -1. */
int tcp_wait_closed(struct tcp_connection *c, int ms);
/* A loopback port that nobody listens on. */
int tcp_dead_port(void);

#endif
