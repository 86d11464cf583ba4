/* What becomes of the provider's side when the caller leaves, over real sockets: closed at once wherever the
 * call stands, or read to its end where a policy wants that. */
#define _GNU_SOURCE
#include "exchange.h"
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* It is to be 50 ms; a loaded machine may need longer, and what is waited for otherwise never comes. */
#define SOON_MS 2000

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- the server's side ---- */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool may_read;     /* the test lets the server read on */
    int64_t closed_ms; /* when it saw the end; 0: not yet */
    size_t received;
} seen = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void forget(void)
{
    pthread_mutex_lock(&seen.lock);
    seen.may_read = false;
    seen.closed_ms = 0;
    seen.received = 0;
    pthread_mutex_unlock(&seen.lock);
}

static void note_closed(void)
{
    pthread_mutex_lock(&seen.lock);
    seen.closed_ms = now_ms();
    pthread_cond_broadcast(&seen.changed);
    pthread_mutex_unlock(&seen.lock);
}

static void let_it_read(void)
{
    pthread_mutex_lock(&seen.lock);
    seen.may_read = true;
    pthread_cond_broadcast(&seen.changed);
    pthread_mutex_unlock(&seen.lock);
}

static void wait_until_it_may_read(void)
{
    pthread_mutex_lock(&seen.lock);
    while (!seen.may_read)
        pthread_cond_wait(&seen.changed, &seen.lock);
    pthread_mutex_unlock(&seen.lock);
}

static bool saw_the_end(void)
{
    pthread_mutex_lock(&seen.lock);
    bool saw = seen.closed_ms != 0;
    pthread_mutex_unlock(&seen.lock);
    return saw;
}

static size_t note_received(size_t more)
{
    pthread_mutex_lock(&seen.lock);
    seen.received += more;
    size_t received = seen.received;
    pthread_mutex_unlock(&seen.lock);
    return received;
}

/* Milliseconds from `since_ms` until the server saw the end. */
static int64_t until_closed(int64_t since_ms)
{
    pthread_mutex_lock(&seen.lock);
    while (!seen.closed_ms)
        pthread_cond_wait(&seen.changed, &seen.lock);
    int64_t took_ms = seen.closed_ms - since_ms;
    pthread_mutex_unlock(&seen.lock);
    return took_ms;
}

static void reads_to_the_end(struct tcp_connection *c)
{
    char bytes[4096];
    ssize_t got;
    while ((got = recv(c->fd, bytes, sizeof(bytes), 0)) > 0)
        (void)note_received((size_t)got);
    note_closed();
}

static void is_silent(struct tcp_connection *c)
{
    if (tcp_read_request(c))
        reads_to_the_end(c);
}

static void begins_and_is_silent(struct tcp_connection *c)
{
    if (tcp_read_request(c) && tcp_say(c, STREAM_HEAD TEXT_CHUNK("one ")))
        reads_to_the_end(c);
}

/* Of a large request the kernel takes a part, and then nobody takes more. */
static void reads_nothing(struct tcp_connection *c)
{
    wait_until_it_may_read();
    reads_to_the_end(c);
}

static void talks_without_end(struct tcp_connection *c)
{
    if (!tcp_read_request(c) || !tcp_say(c, STREAM_HEAD))
        return;
    while (tcp_say(c, TEXT_CHUNK("on and on ")))
        continue;
    note_closed();
}

/* ---- the caller's side ---- */

static aigne_call *start(struct fixture *f, const char *body)
{
    aigne_call *exchange = begin_with_key(f, "POST", "/v1/chat/completions", f->key);
    finish_request(exchange, body);
    return exchange;
}

static void drive_until(struct fixture *f, const atomic_int *count, int wanted)
{
    while (atomic_load(count) < wanted)
        aigne_loop_drive(f->loop, 1);
}

static void *ask_to_cancel(void *call)
{
    aigne_call_cancel(call);
    return NULL;
}

/* Both ways to leave. */
static int64_t leave(aigne_call *exchange, bool by_asking)
{
    aigne_event ev;
    int64_t since_ms = now_ms();
    if (by_asking) {
        pthread_t thread;
        pthread_create(&thread, NULL, ask_to_cancel, exchange);
        int rc = aigne_call_next(exchange, -1, &ev, NULL);
        while (rc == AIGNE_EVENT)
            rc = aigne_call_next(exchange, -1, &ev, NULL);
        pthread_join(thread, NULL);
    }
    aigne_call_free(exchange);
    return since_ms;
}

static void closes_soon(void (*serve)(struct tcp_connection *c), const char *body,
                        void (*reach)(struct fixture *f, aigne_call *exchange))
{
    for (int by_asking = 0; by_asking < 2; by_asking++) {
        struct fixture f;
        forget();
        fixture_open(&f, NULL, serve);
        aigne_call *exchange = start(&f, body);
        reach(&f, exchange);
        int64_t since_ms = leave(exchange, by_asking == 1);
        let_it_read();
        int64_t took_ms = until_closed(since_ms);
        print_message("closed after %lld ms\n", (long long)took_ms);
        assert_in_range(took_ms, 0, SOON_MS);
        aigne_loop_free(f.loop);
        f.loop = NULL;
        expect_rows(f.hub, "\"status\":\"cancelled\"");
        assert_int_equal(count_rows(f.hub), 1);
        fixture_close(&f);
    }
}

static void until_it_was_sent(struct fixture *f, aigne_call *exchange)
{
    (void)exchange;
    drive_until(f, &f->server.requests, 1);
}

static void while_the_first_token_is_waited_for(void **state)
{
    (void)state;
    closes_soon(is_silent, STREAM, until_it_was_sent);
    closes_soon(is_silent, CHAT, until_it_was_sent);
}

static void until_a_piece_came(struct fixture *f, aigne_call *exchange)
{
    aigne_event ev = {0};
    (void)f;
    while (ev.kind != AIGNE_EV_BYTES)
        assert_int_equal(aigne_call_next(exchange, -1, &ev, NULL), AIGNE_EVENT);
}

static void between_two_tokens(void **state)
{
    (void)state;
    closes_soon(begins_and_is_silent, STREAM, until_a_piece_came);
}

/* Whoever has no call left may have no reason to drive the loop either. */
static void is_recorded_without_another_turn(void **state)
{
    (void)state;
    struct fixture f;
    forget();
    fixture_open(&f, NULL, begins_and_is_silent);
    aigne_call *exchange = start(&f, STREAM);
    until_a_piece_came(&f, exchange);
    aigne_call_free(exchange);
    assert_int_equal(count_rows(f.hub), 1);
    fixture_close(&f);
}

/* Nothing is taken any more, so the transfer rests. */
static void until_nobody_reads(struct fixture *f, aigne_call *exchange)
{
    (void)exchange;
    drive_until(f, &f->server.requests, 1);
    for (int quiet = 0; quiet < 20; quiet++) /* twenty turns without work in a row */
        aigne_loop_drive(f->loop, 5);
}

static void while_the_caller_reads_nothing(void **state)
{
    (void)state;
    closes_soon(talks_without_end, STREAM, until_nobody_reads);
}

static void until_it_is_stuck(struct fixture *f, aigne_call *exchange)
{
    (void)exchange;
    drive_until(f, &f->server.connections, 1);
    for (int quiet = 0; quiet < 20; quiet++)
        aigne_loop_drive(f->loop, 5);
}

static void while_blocked_in_a_write(void **state)
{
    size_t size = 30u * 1024 * 1024;
    char *body = malloc(size);
    (void)state;
    int n = snprintf(body, size,
                     "{\"model\":\"openai/m\",\"messages\":[{\"role\":\"user\","
                     "\"content\":\"");
    memset(body + n, 'x', size - (size_t)n);
    strcpy(body + size - 6, "\"}]}");
    closes_soon(reads_nothing, body, until_it_is_stuck);
    size_t received = note_received(0);
    assert_true(received > 0 && received < size);
    free(body);
}

/* ---- before there is a connection ---- */

/* A listener that has no room for another connection: what comes next is neither taken nor refused. */
struct full_listener {
    int fd;
    int port;
    int waiting[4];
};

static void listen_full(struct full_listener *l)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    l->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(l->fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(l->fd, 0), 0);
    assert_int_equal(getsockname(l->fd, (struct sockaddr *)&address, &size), 0);
    l->port = ntohs(address.sin_port);
    for (size_t i = 0; i < 4; i++) {
        l->waiting[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)connect(l->waiting[i], (struct sockaddr *)&address, sizeof(address));
    }
}

static void close_full(struct full_listener *l)
{
    for (size_t i = 0; i < 4; i++)
        close(l->waiting[i]);
    close(l->fd);
}

static int open_connections(void)
{
    int count = 0;
    for (int fd = 0; fd < 256; fd++) {
        int protocol = 0;
        socklen_t size = sizeof(protocol);
        count += getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 &&
                 protocol == IPPROTO_TCP;
    }
    return count;
}

static void point_provider_at(struct fixture *f, const char *host, int port)
{
    char args[200];
    snprintf(args, sizeof(args), "{\"name\":\"openai\",\"baseUrl\":\"http://%s:%d/v1\"}", host,
             port);
    do_quietly(f->hub, "provider.put", args);
    do_quietly(f->hub, "credential.put",
               "{\"provider\":\"openai\",\"name\":\"a\",\"value\":\"sk-first-0001\"}");
}

static void while_connecting(void **state)
{
    (void)state;
    struct fixture f;
    struct full_listener l;
    listen_full(&l);
    fixture_open(&f, NULL, NULL);
    point_provider_at(&f, "127.0.0.1", l.port);
    for (int by_asking = 0; by_asking < 2; by_asking++) {
        int before = open_connections();
        aigne_call *exchange = start(&f, CHAT);
        while (open_connections() == before)
            aigne_loop_drive(f.loop, 1);
        int64_t since_ms = leave(exchange, by_asking == 1);
        assert_int_equal(open_connections(), before); /* the attempt to connect is given up */
        assert_in_range(now_ms() - since_ms, 0, SOON_MS);
    }
    fixture_close(&f);
    close_full(&l);
}

/* ---- a resolver that takes its time ---- */

static atomic_int asked; /* for a name that nobody answers for */

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **out)
{
    static int (*usual)(const char *, const char *, const struct addrinfo *,
                        struct addrinfo **);
    if (host && strcmp(host, "slow.test") == 0) {
        atomic_fetch_add(&asked, 1);
        wait_until_it_may_read();
        return EAI_AGAIN;
    }
    if (!usual)
        *(void **)&usual = dlsym(RTLD_NEXT, "getaddrinfo");
    return usual(host, service, hints, out);
}

static void while_resolving(void **state)
{
    (void)state;
    struct fixture f;
    forget();
    fixture_open(&f, NULL, NULL);
    point_provider_at(&f, "slow.test", 80);
    for (int by_asking = 0; by_asking < 2; by_asking++) {
        aigne_call *exchange = start(&f, CHAT);
        drive_until(&f, &asked, by_asking + 1);
        int64_t since_ms = leave(exchange, by_asking == 1);
        assert_in_range(now_ms() - since_ms, 0, SOON_MS); /* the resolver still sits there */
    }
    fixture_close(&f);
    let_it_read();
}

/* ---- reading on ---- */

/* The end is told when the test says so. */
static void ends_when_it_may(struct tcp_connection *c)
{
    if (!tcp_read_request(c) || !tcp_say(c, STREAM_HEAD TEXT_CHUNK("one ")))
        return;
    wait_until_it_may_read();
    tcp_say(c, TEXT_CHUNK("two") LAST_CHUNK USAGE_CHUNK DONE);
}

static void breaks_off_when_it_may(struct tcp_connection *c)
{
    if (!tcp_read_request(c) || !tcp_say(c, STREAM_HEAD TEXT_CHUNK("one ")))
        return;
    wait_until_it_may_read();
}

static void wait_for_rows(struct fixture *f, int wanted)
{
    while (count_rows(f->hub) < wanted)
        aigne_loop_drive(f->loop, 5);
}

static void drain_by(struct fixture *f, const char *policy,
                     void (*serve)(struct tcp_connection *c))
{
    char args[300];
    forget();
    fixture_open(f, NULL, serve);
    snprintf(args, sizeof(args), "{\"policy\":{\"onCancel\":\"drain\"%s}}", policy);
    do_quietly(f->hub, "settings.put", args);
}

static void the_true_usage_is_learnt_where_it_is_wanted(void **state)
{
    (void)state;
    struct fixture f;
    drain_by(&f, "", ends_when_it_may);
    aigne_call *exchange = start(&f, STREAM);
    until_a_piece_came(&f, exchange);
    aigne_call_free(exchange);
    let_it_read();
    wait_for_rows(&f, 1);
    expect_rows(f.hub, "\"status\":\"cancelled\"");
    expect_rows(f.hub, "\"inputTokens\":7");
    expect_rows(f.hub, "\"outputTokens\":2");
    expect_rows(f.hub, "\"estimated\":false");
    fixture_close(&f);
}

static void reading_on_has_an_end(void **state)
{
    (void)state;
    struct fixture f;
    drain_by(&f, ",\"drainTime\":100", begins_and_is_silent);
    aigne_call *exchange = start(&f, STREAM);
    until_a_piece_came(&f, exchange);
    int64_t since_ms = leave(exchange, false);
    wait_for_rows(&f, 1);
    assert_true(until_closed(since_ms) >= 90);
    expect_rows(f.hub, "\"status\":\"cancelled\"");
    fixture_close(&f);
}

static void only_so_many_are_read_on(void **state)
{
    (void)state;
    struct fixture f;
    drain_by(&f, ",\"drainCalls\":1", begins_and_is_silent);
    aigne_call *first = start(&f, STREAM);
    until_a_piece_came(&f, first);
    aigne_call *second = start(&f, STREAM);
    until_a_piece_came(&f, second);
    aigne_call_free(first);
    assert_false(saw_the_end());
    int64_t since_ms = leave(second, false);
    assert_in_range(until_closed(since_ms), 0, SOON_MS);
    wait_for_rows(&f, 1);
    assert_int_equal(count_rows(f.hub), 1); /* the first one is still read */
    aigne_loop_free(f.loop);                /* which nobody waits for when the loop goes */
    f.loop = NULL;
    assert_int_equal(count_rows(f.hub), 2);
    fixture_close(&f);
}

/* As another policy would have an answer that breaks off gone on with by somebody else. */
static void nobody_else_is_asked_for_who_left(void **state)
{
    (void)state;
    struct fixture f;
    drain_by(&f, ",\"onCut\":\"resume\"", breaks_off_when_it_may);
    do_quietly(f.hub, "route.put",
               "{\"name\":\"smart\",\"targets\":[{\"model\":\"openai/m\"},{\"model\":\"echo/"
               "echo\"}]}");
    aigne_call *exchange = start(&f, "{\"model\":\"smart\",\"stream\":true," CHAT_REST);
    until_a_piece_came(&f, exchange);
    aigne_call_free(exchange);
    let_it_read();
    wait_for_rows(&f, 1);
    aigne_loop_free(f.loop);
    f.loop = NULL;
    assert_int_equal(count_rows(f.hub), 1);
    fixture_close(&f);
}

static atomic_int heard;

static void writes_down_when_it_may(struct tcp_connection *c)
{
    if (!tcp_read_request(c))
        return;
    atomic_fetch_add(&heard, 1);
    wait_until_it_may_read();
    say(c, "200 OK", "", "{\"text\":\"four\"}");
}

/* How long it sounds is read from a request that was passed on unread. */
static void a_recording_is_charged_without_its_sender(void **state)
{
    (void)state;
    struct fixture f;
    char headers[300];
    drain_by(&f, "", writes_down_when_it_may);
    snprintf(headers, sizeof headers,
             "authorization: Bearer %s\r\ncontent-type: multipart/form-data; boundary=b\r\n",
             f.key);
    aigne_call *exchange = begin(&f, "POST", "/v1/audio/transcriptions", headers);
    finish_request(exchange, "--b\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\n"
                             "openai/whisper-1\r\n--b\r\ncontent-disposition: form-data; "
                             "name=\"file\"; filename=\"a.mp3\"\r\n\r\nsound\r\n--b--\r\n");
    drive_until(&f, &heard, 1);
    aigne_call_free(exchange);
    let_it_read();
    wait_for_rows(&f, 1);
    expect_rows(f.hub, "\"status\":\"cancelled\"");
    expect_rows(f.hub, "\"estimated\":true");
    fixture_close(&f);
}

static void who_stays_is_not_kept_waiting(void **state)
{
    (void)state;
    struct fixture f;
    drain_by(&f, "", begins_and_is_silent);
    aigne_call *exchange = start(&f, STREAM);
    until_a_piece_came(&f, exchange);
    int64_t since_ms = leave(exchange, true);
    assert_in_range(until_closed(since_ms), 0, SOON_MS);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(while_the_first_token_is_waited_for),
        cmocka_unit_test(between_two_tokens),
        cmocka_unit_test(is_recorded_without_another_turn),
        cmocka_unit_test(while_the_caller_reads_nothing),
        cmocka_unit_test(while_blocked_in_a_write),
        cmocka_unit_test(while_connecting),
        cmocka_unit_test(while_resolving),
        cmocka_unit_test(the_true_usage_is_learnt_where_it_is_wanted),
        cmocka_unit_test(reading_on_has_an_end),
        cmocka_unit_test(only_so_many_are_read_on),
        cmocka_unit_test(nobody_else_is_asked_for_who_left),
        cmocka_unit_test(a_recording_is_charged_without_its_sender),
        cmocka_unit_test(who_stays_is_not_kept_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
