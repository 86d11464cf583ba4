/* Knows how to answer like an OpenAI-compatible provider, as fast as one thread can; refuses to think.
 *
 *     mock PORT
 *
 * The model's name says how: mock-d60-p5-n64 waits 60 ms, then streams 64 pieces 5 ms apart (each part
 * may be left out: no delay, all at once, 64 pieces). Without "stream":true it is one answer of 1 KB. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { INPUT = 16384, WHEEL = 8192, PIECE = 512, PIECES = 64 };

struct connection {
    int fd;
    size_t used;      /* bytes of input kept */
    size_t body_left; /* of a body larger than the buffer */
    char *input;
    const char *output; /* what could not be written yet */
    size_t output_left;
    char *output_owned;
    bool streaming;
    int pieces_left; /* of a paced stream; -1: the head is still to come */
    int count;
    int pace_ms;
    int64_t due_ms; /* 0: not waiting */
    bool doomed;
    struct connection *next; /* in the wheel */
};

static int epoll_fd;
static struct connection *wheel[WHEEL];
static int64_t wheel_ms;
static size_t waiting;

static char answer[2048], stream_head[512], first[PIECE], piece[PIECE], last[3 * PIECE];
static char *burst[4097]; /* whole streams by number of pieces, made when first asked for */
static size_t burst_size[4097];

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- what it says ---- */

static void make_chunk(char *to, size_t room, const char *event)
{
    snprintf(to, room, "%zx\r\n%s\r\n", strlen(event), event);
}

static void make_texts(void)
{
    char text[512], body[1600], event[PIECE];
    memset(text, 0, sizeof(text));
    for (size_t i = 0; i < 480; i++)
        text[i] = "lorem ipsum dolor sit amet "[i % 27];
    int n = snprintf(
        body, sizeof(body),
        "{\"id\":\"chatcmpl-mock0123456789abcdefghijkl\",\"object\":\"chat.completion\","
        "\"created\":1753000000,\"model\":\"mock\",\"choices\":[{\"index\":0,\"message\":"
        "{\"role\":\"assistant\",\"content\":\"%s\",\"refusal\":null,\"annotations\":[]},"
        "\"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":212,"
        "\"completion_tokens\":118,\"total_tokens\":330,\"prompt_tokens_details\":"
        "{\"cached_tokens\":0,\"audio_tokens\":0},\"completion_tokens_details\":"
        "{\"reasoning_tokens\":0,\"audio_tokens\":0,\"accepted_prediction_tokens\":0,"
        "\"rejected_prediction_tokens\":0}},\"service_tier\":\"default\","
        "\"system_fingerprint\":\"fp_mock000000\"}",
        text);
    snprintf(answer, sizeof(answer),
             "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nx-request-id: req_mock\r\n"
             "Content-Length: %d\r\n\r\n%s",
             n, body);
    snprintf(stream_head, sizeof(stream_head),
             "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
             "x-request-id: req_mock\r\nTransfer-Encoding: chunked\r\n\r\n");
#define EVENT_HEAD                                                                             \
    "data: {\"id\":\"chatcmpl-mock0123456789abcdefghijkl\",\"object\":"                        \
    "\"chat.completion.chunk\",\"created\":1753000000,\"model\":\"mock\",\"service_tier\":"    \
    "\"default\",\"system_fingerprint\":\"fp_mock000000\",\"choices\":[{\"index\":0,\"delta\":"
    make_chunk(first, sizeof(first),
               EVENT_HEAD
               "{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null},\"logprobs\":"
               "null,\"finish_reason\":null}],\"usage\":null}\n\n");
    snprintf(event, sizeof(event),
             EVENT_HEAD "{\"content\":\"%.15s\"},\"logprobs\":null,"
                        "\"finish_reason\":null}],\"usage\":null}\n\n",
             text);
    make_chunk(piece, sizeof(piece), event);
    make_chunk(last, sizeof(last),
               EVENT_HEAD
               "{},\"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":null}\n\n");
    make_chunk(
        last + strlen(last), PIECE,
        "data: {\"id\":\"chatcmpl-mock0123456789abcdefghijkl\",\"object\":"
        "\"chat.completion.chunk\",\"created\":1753000000,\"model\":\"mock\",\"choices\":[],"
        "\"usage\":{\"prompt_tokens\":212,\"completion_tokens\":64,\"total_tokens\":276}}"
        "\n\n");
    make_chunk(last + strlen(last), PIECE, "data: [DONE]\n\n");
    strcat(last, "0\r\n\r\n");
}

static const char *burst_of(int count, size_t *size)
{
    if (!burst[count]) {
        size_t n = strlen(stream_head) + strlen(first) + strlen(last);
        n += (size_t)count * strlen(piece);
        char *to = burst[count] = malloc(n + 1);
        to = stpcpy(stpcpy(to, stream_head), first);
        for (int i = 0; i < count; i++)
            to = stpcpy(to, piece);
        strcpy(to, last);
        burst_size[count] = n;
    }
    *size = burst_size[count];
    return burst[count];
}

/* ---- connections ---- */

static void drop(struct connection *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    if (c->due_ms) { /* the wheel still points here: it frees it */
        c->doomed = true;
        return;
    }
    free(c->input);
    free(c->output_owned);
    free(c);
}

static void want(struct connection *c, uint32_t events)
{
    struct epoll_event event = {.events = events, .data = {.ptr = c}};
    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &event);
}

/* Nobody ever has more than one answer under way, so what is left over always comes first. */
static bool say(struct connection *c, const char *bytes, size_t n)
{
    ssize_t put = send(c->fd, bytes, n, MSG_NOSIGNAL);
    if (put < 0 && errno != EAGAIN)
        return false;
    size_t done = put > 0 ? (size_t)put : 0;
    if (done == n)
        return true;
    size_t left = n - done;
    if (c->output_left) { /* a paced stream to a slow reader */
        char *joined = malloc(c->output_left + left);
        memcpy(joined, c->output, c->output_left);
        memcpy(joined + c->output_left, bytes + done, left);
        free(c->output_owned);
        c->output = c->output_owned = joined;
        c->output_left += left;
        return true;
    }
    c->output = bytes + done;
    c->output_left = left;
    want(c, EPOLLIN | EPOLLOUT);
    return true;
}

static void wait_until(struct connection *c, int64_t due_ms)
{
    c->due_ms = due_ms;
    struct connection **slot = &wheel[due_ms % WHEEL];
    c->next = *slot;
    *slot = c;
    waiting++;
}

static bool begin_answer(struct connection *c)
{
    if (!c->streaming)
        return say(c, answer, strlen(answer));
    if (c->pace_ms == 0) {
        size_t n = 0;
        const char *all = burst_of(c->count, &n);
        return say(c, all, n);
    }
    char head[sizeof(stream_head) + sizeof(first)];
    stpcpy(stpcpy(head, stream_head), first);
    c->pieces_left = c->count;
    wait_until(c, now_ms() + c->pace_ms);
    return say(c, head, strlen(head));
}

static bool go_on(struct connection *c)
{
    if (c->pieces_left < 0)
        return begin_answer(c);
    if (c->pieces_left-- == 0) {
        c->pieces_left = -1;
        return say(c, last, strlen(last));
    }
    wait_until(c, c->due_ms + c->pace_ms);
    return say(c, piece, strlen(piece));
}

static void turn_wheel(void)
{
    int64_t now = now_ms();
    for (; wheel_ms <= now; wheel_ms++) {
        struct connection *c = wheel[wheel_ms % WHEEL];
        wheel[wheel_ms % WHEEL] = NULL;
        while (c) {
            struct connection *next = c->next;
            int64_t due = c->due_ms;
            waiting--;
            if (due > wheel_ms) { /* another lap */
                wait_until(c, due);
            } else {
                bool doomed = c->doomed;
                bool fine = !doomed && go_on(c);
                if (c->due_ms == due)
                    c->due_ms = 0;
                if (!fine)
                    drop(c);
            }
            c = next;
        }
    }
}

/* ---- requests ---- */

static int number_after(const char *model, const char *end, const char *mark, int otherwise)
{
    const char *at = memmem(model, (size_t)(end - model), mark, strlen(mark));
    return at ? atoi(at + strlen(mark)) : otherwise;
}

static bool serve(struct connection *c, const char *body, size_t n)
{
    const char *model = memmem(body, n, "\"mock", 5);
    const char *end = model ? memchr(model + 1, '"', (size_t)(body + n - model - 1)) : NULL;
    const char *stream = memmem(body, n, "\"stream\"", 8);
    c->streaming =
        stream &&
        memmem(stream, (size_t)(body + n - stream) < 14 ? (size_t)(body + n - stream) : 14,
               "true", 4);
    c->pieces_left = -1;
    c->pace_ms = end ? number_after(model, end, "-p", 0) : 0;
    c->count = end ? number_after(model, end, "-n", PIECES) : PIECES;
    if (c->count < 0 || c->count > 4096)
        c->count = PIECES;
    int delay = end ? number_after(model, end, "-d", 0) : 0;
    if (delay > 0) {
        wait_until(c, now_ms() + delay);
        return true;
    }
    return begin_answer(c);
}

/* What a request is known by once its body no longer fits: its first and last bytes are kept. */
static bool take(struct connection *c)
{
    for (;;) {
        char *end = memmem(c->input, c->used, "\r\n\r\n", 4);
        if (!end)
            return c->used < INPUT;
        size_t head = (size_t)(end + 4 - c->input);
        *end = '\0';
        const char *line = strcasestr(c->input, "\ncontent-length:");
        size_t length = line ? strtoul(line + 16, NULL, 10) : 0;
        *end = '\r';
        size_t here = c->used - head;
        if (here < length && c->used < INPUT)
            return true;
        size_t kept = here < length ? here : length;
        if (here < length) {
            c->body_left = length - here;
            return true;
        }
        if (!serve(c, c->input + head, kept))
            return false;
        memmove(c->input, c->input + head + length, c->used - head - length);
        c->used -= head + length;
        if (!c->used)
            return true;
    }
}

/* A large body is dropped as it comes; the answer is chosen by the last bytes of it and the first. */
static bool skip_body(struct connection *c, size_t got)
{
    char *end = memmem(c->input, INPUT, "\r\n\r\n", 4);
    size_t head = (size_t)(end + 4 - c->input);
    c->body_left -= got;
    if (c->body_left)
        return true;
    c->used = 0;
    return serve(c, c->input + head, INPUT - head);
}

static bool readable(struct connection *c)
{
    static char rest[262144];
    if (c->body_left) {
        size_t room = c->body_left < sizeof(rest) ? c->body_left : sizeof(rest);
        ssize_t got = recv(c->fd, rest, room, 0);
        if (got <= 0)
            return got < 0 && errno == EAGAIN;
        return skip_body(c, (size_t)got);
    }
    ssize_t got = recv(c->fd, c->input + c->used, INPUT - c->used, 0);
    if (got <= 0)
        return got < 0 && errno == EAGAIN;
    c->used += (size_t)got;
    return take(c);
}

static bool writable(struct connection *c)
{
    ssize_t put = send(c->fd, c->output, c->output_left, MSG_NOSIGNAL);
    if (put < 0)
        return errno == EAGAIN;
    c->output += put;
    c->output_left -= (size_t)put;
    if (!c->output_left)
        want(c, EPOLLIN);
    return true;
}

static void accept_all(int listener)
{
    int on = 1;
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        struct connection *c = calloc(1, sizeof(*c));
        c->fd = fd;
        c->input = malloc(INPUT);
        struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = c}};
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
    }
}

static int listen_on(int port)
{
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 4096)) {
        perror("mock: cannot listen");
        exit(1);
    }
    return fd;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: mock PORT\n");
        return 2;
    }
    struct rlimit files = {65536, 65536};
    setrlimit(RLIMIT_NOFILE, &files);
    make_texts();
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    int listener = listen_on(atoi(argv[1]));
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = NULL}};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &event);
    wheel_ms = now_ms();
    for (;;) {
        struct epoll_event events[256];
        if (!waiting)
            wheel_ms = now_ms();
        int n = epoll_wait(epoll_fd, events, 256, waiting ? 1 : -1);
        if (!waiting)
            wheel_ms = now_ms();
        for (int i = 0; i < n; i++) {
            struct connection *c = events[i].data.ptr;
            if (!c) {
                accept_all(listener);
                continue;
            }
            bool fine = true;
            if (events[i].events & EPOLLOUT)
                fine = writable(c);
            if (fine && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                fine = readable(c);
            if (!fine)
                drop(c);
        }
        turn_wheel();
    }
}
