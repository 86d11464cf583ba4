/* Knows how to be a peer on a socket; refuses to know what a test wants to see. */
#define _GNU_SOURCE
#include "tcp_server.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct served {
    struct tcp_connection connection;
    struct tcp_server *server;
};

static int listen_on_loopback(int *port, bool listening)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
        (listening && listen(fd, 1024)) ||
        getsockname(fd, (struct sockaddr *)&address, &size)) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    *port = ntohs(address.sin_port);
    return fd;
}

int tcp_dead_port(void)
{
    int port = 0;
    int fd = listen_on_loopback(&port, false);
    if (fd >= 0)
        close(fd);
    return port;
}

static void *serve_one(void *argument)
{
    struct served *one = argument;
    struct tcp_server *server = one->server;
    server->serve(&one->connection);
    if (one->connection.fd >= 0)
        close(one->connection.fd);
    free(one->connection.body);
    free(one);
    atomic_fetch_sub(&server->open, 1);
    return NULL;
}

static void *accept_all(void *argument)
{
    struct tcp_server *s = argument;
    for (;;) {
        int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0 || atomic_load(&s->stopping)) {
            if (fd >= 0)
                close(fd);
            return NULL;
        }
        int on = 1;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        struct served *one = calloc(1, sizeof(*one));
        one->server = s;
        one->connection.fd = fd;
        one->connection.user = s->user;
        one->connection.number = atomic_fetch_add(&s->connections, 1) + 1;
        atomic_fetch_add(&s->open, 1);
        pthread_t thread;
        pthread_attr_t small;
        pthread_attr_init(&small);
        pthread_attr_setstacksize(&small, 256 * 1024);
        pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
        if (pthread_create(&thread, &small, serve_one, one))
            serve_one(one);
        pthread_attr_destroy(&small);
    }
}

bool tcp_server_start(struct tcp_server *s, void (*serve)(struct tcp_connection *c), void *user)
{
    memset(s, 0, sizeof(*s));
    s->serve = serve;
    s->user = user;
    s->fd = listen_on_loopback(&s->port, true);
    pthread_t thread;
    if (s->fd < 0 || pthread_create(&thread, NULL, accept_all, s))
        return false;
    s->thread = thread;
    return true;
}

enum { MOST_ANSWERED = 1024 };

/* Requests here are small: one piece is one request. */
static bool answer_piece(struct tcp_server *s, int fd)
{
    static _Thread_local char piece[8192];
    static _Thread_local struct tcp_connection c;
    c.fd = fd;
    if (recv(fd, piece, sizeof(piece), 0) <= 0)
        return false;
    atomic_fetch_add(&s->requests, 1);
    return tcp_answer(&c, s->body);
}

static void *answer_all(void *argument)
{
    struct tcp_server *s = argument;
    static struct pollfd fds[MOST_ANSWERED];
    nfds_t count = 1;
    fds[0] = (struct pollfd){.fd = s->fd, .events = POLLIN};
    while (poll(fds, count, -1) > 0 && !atomic_load(&s->stopping)) {
        for (nfds_t i = count - 1; i > 0; i--)
            if (fds[i].revents && !answer_piece(s, fds[i].fd)) {
                close(fds[i].fd);
                fds[i] = fds[--count];
            }
        if (!fds[0].revents || count == MOST_ANSWERED)
            continue;
        int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0) {
            fds[count++] = (struct pollfd){.fd = fd, .events = POLLIN};
            atomic_fetch_add(&s->connections, 1);
        }
    }
    while (count > 1)
        close(fds[--count].fd);
    return NULL;
}

bool tcp_server_start_answering(struct tcp_server *s, const char *body)
{
    memset(s, 0, sizeof(*s));
    s->body = body;
    s->fd = listen_on_loopback(&s->port, true);
    pthread_t thread;
    if (s->fd < 0 || pthread_create(&thread, NULL, answer_all, s))
        return false;
    s->thread = thread;
    return true;
}

void tcp_server_stop(struct tcp_server *s)
{
    atomic_store(&s->stopping, true);
    (void)shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->fd);
    while (atomic_load(&s->open))
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static size_t content_length(const char *head)
{
    const char *line = strcasestr(head, "\r\nContent-Length:");
    return line ? (size_t)strtoull(line + 17, NULL, 10) : 0;
}

static bool read_exactly(int fd, char *to, size_t n)
{
    while (n) {
        ssize_t got = recv(fd, to, n, 0);
        if (got <= 0)
            return false;
        to += got;
        n -= (size_t)got;
    }
    return true;
}

bool tcp_read_request(struct tcp_connection *c)
{
    size_t used = 0;
    char *end = NULL;
    while (!end) {
        ssize_t got = recv(c->fd, c->head + used, sizeof(c->head) - 1 - used, 0);
        if (got <= 0)
            return false;
        used += (size_t)got;
        c->head[used] = '\0';
        end = strstr(c->head, "\r\n\r\n");
    }
    size_t head_size = (size_t)(end + 4 - c->head);
    free(c->body);
    c->body_size = content_length(c->head);
    c->body = calloc(1, c->body_size + 1);
    size_t early = used - head_size < c->body_size ? used - head_size : c->body_size;
    memcpy(c->body, c->head + head_size, early);
    end[4] = '\0';
    if (!read_exactly(c->fd, c->body + early, c->body_size - early))
        return false;
    struct served *one = (struct served *)c;
    atomic_fetch_add(&one->server->requests, 1);
    return true;
}

bool tcp_write(struct tcp_connection *c, const void *bytes, size_t n)
{
    const char *p = bytes;
    while (n) {
        ssize_t put = send(c->fd, p, n, MSG_NOSIGNAL);
        if (put < 0)
            return false;
        p += put;
        n -= (size_t)put;
    }
    return true;
}

bool tcp_say(struct tcp_connection *c, const char *text)
{
    return tcp_write(c, text, strlen(text));
}

static size_t decimal(char *to, size_t value)
{
    char digits[24];
    size_t n = 0;
    do {
        digits[n++] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    for (size_t i = 0; i < n; i++)
        to[i] = digits[n - 1 - i];
    return n;
}

bool tcp_answer(struct tcp_connection *c, const char *body)
{
    char head[256] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ";
    size_t used = strlen(head);
    used += decimal(head + used, strlen(body));
    memcpy(head + used, "\r\n\r\n", 5);
    return tcp_write(c, head, used + 4) && tcp_say(c, body);
}

void tcp_reset(struct tcp_connection *c)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(c->fd);
    c->fd = -1;
}

static int64_t milliseconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int tcp_wait_closed(struct tcp_connection *c, int ms)
{
    char drop[4096];
    int64_t start = milliseconds();
    for (;;) {
        int64_t left = start + ms - milliseconds();
        struct pollfd one = {.fd = c->fd, .events = POLLIN};
        if (left <= 0 || poll(&one, 1, (int)left) <= 0)
            return -1;
        ssize_t got = recv(c->fd, drop, sizeof(drop), MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN))
            return (int)(milliseconds() - start);
    }
}
