/* Knows how to run a handful of transfers on one multi handle; refuses to know what they carry. */
#define _GNU_SOURCE
#include "base/clock.h"
#include "base/mem.h"
#include "net/transfer_internal.h"
#include <aignehub/aignehub.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- what libcurl asks for ---- */

static void fire_timer(struct net_timer *timer)
{
    struct shard *s = LIST_OWNER(timer, struct shard, timer);
    if (list_empty(&s->due_link))
        list_append(&s->loop->due, &s->due_link);
}

static int on_timer(CURLM *multi, long timeout_ms, void *user)
{
    struct shard *s = user;
    (void)multi;
    net_timer_clear(s->loop, &s->timer);
    list_remove(&s->due_link);
    if (timeout_ms < 0)
        return 0;
    if (timeout_ms > 0 &&
        net_timer_set(s->loop, &s->timer, clock_monotonic_us() + (int64_t)timeout_ms * 1000) ==
            AIGNE_OK)
        return 0;
    list_append(&s->loop->due, &s->due_link);
    loop_request_turn(s->loop);
    return 0;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *unused)
{
    struct shard *s = user;
    struct transfer *t = NULL;
    (void)unused;
    (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&t);
    uint8_t wanted = 0;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
        wanted = SOCKET_READ;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
        wanted |= SOCKET_WRITE;
    /* Past the point of sending, only the connection itself is announced, and it is closed through
     * shard_close_socket; before it, attempts and the resolver's pipe come and go silently. */
    bool kept = t && t->connected;
    if (sockets_watch(&s->loop->sockets, fd, wanted, s, kept) != AIGNE_OK && t && wanted &&
        !t->stop_rc) {
        t->stop_rc = AIGNE_E_NOMEM;
        t->stop_text = "out of memory while watching a connection";
        if (list_empty(&t->resume_link)) /* ends there: this is no place to call libcurl */
            list_append(&s->loop->resuming, &t->resume_link);
    }
    return 0;
}

curl_socket_t shard_open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct transfer *t = user;
    (void)purpose;
    /* A second connection after bytes went out can only serve a repetition: see before_sending. */
    if (may_have_sent(t)) {
        t->sent = true;
        t->repeat_refused = true;
        return CURL_SOCKET_BAD;
    }
    t->connected = false;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                    address->protocol);
    if (fd < 0)
        return CURL_SOCKET_BAD;
    if (sockets_opened(&t->loop->sockets, fd) != AIGNE_OK) {
        (void)close(fd);
        return CURL_SOCKET_BAD;
    }
    return fd;
}

int shard_close_socket(void *loop, curl_socket_t fd)
{
    struct net_loop *l = loop;
    sockets_closed(&l->sockets, fd);
    return close(fd);
}

/* ---- making and resting ---- */

static int open_multi(struct shard *s)
{
    CURLM *multi = curl_multi_init();
    if (!multi)
        return AIGNE_E_NOMEM;
    (void)curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    (void)curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, s);
    (void)curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
    (void)curl_multi_setopt(multi, CURLMOPT_TIMERDATA, s);
    (void)curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)SHARD_CONNECTIONS);
    (void)curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    s->multi = multi;
    return AIGNE_OK;
}

static void close_multi(struct shard *s)
{
    if (s->multi)
        (void)curl_multi_cleanup(s->multi); /* closes connections: calls back */
    s->multi = NULL;
    net_timer_clear(s->loop, &s->timer);
    list_remove(&s->due_link);
}

void shard_free(struct shard *s)
{
    close_multi(s);
    mem_free(s);
}

static struct shard *new_shard(struct net_loop *l)
{
    struct shard **shards =
        mem_resize(l->shards, (l->shard_count + 1) * sizeof(struct shard *));
    if (!shards)
        return NULL;
    l->shards = shards;
    struct shard *s = mem_alloc_zero(sizeof(*s));
    if (!s)
        return NULL;
    s->loop = l;
    s->timer.fire = fire_timer;
    list_init(&s->due_link);
    l->shards[l->shard_count++] = s;
    return s;
}

int shard_choose(struct net_loop *l, struct shard **out)
{
    struct shard *s = NULL;
    for (size_t i = 0; i < l->shard_count && !s; i++)
        if (l->shards[i]->active < SHARD_TRANSFERS)
            s = l->shards[i];
    if (!s)
        s = new_shard(l);
    if (!s || (!s->multi && open_multi(s) != AIGNE_OK))
        return AIGNE_E_NOMEM;
    *out = s;
    return AIGNE_OK;
}

int shard_add(struct shard *s, struct transfer *t)
{
    if (curl_multi_add_handle(s->multi, t->easy) != CURLM_OK)
        return AIGNE_E_NOMEM;
    t->shard = s;
    s->active++;
    return AIGNE_OK;
}

void shard_remove(struct transfer *t)
{
    struct shard *s = t->shard;
    if (!s)
        return;
    (void)curl_multi_remove_handle(s->multi, t->easy);
    t->shard = NULL;
    s->active--;
    s->idle_since_us = s->loop->now_us;
}

/* libcurl looks at idle connections only when a transfer starts, so those of a shard that nobody
 * needs any more would stay open half closed: give up the whole multi handle. */
void shard_rest_idle(struct net_loop *l)
{
    bool open = false;
    for (size_t i = 0; i < l->shard_count; i++) {
        struct shard *s = l->shards[i];
        if (!s->multi)
            continue;
        if (!s->active && l->now_us - s->idle_since_us > (int64_t)IDLE_CONNECTION_S * 1000000)
            close_multi(s);
        else
            open = true;
    }
    if (open)
        (void)net_timer_set(l, &l->housekeeping,
                            l->now_us + (int64_t)IDLE_CONNECTION_S * 1000000);
}

/* ---- running ---- */

static void collect_ended(struct shard *s)
{
    int left = 0;
    CURLMsg *message = curl_multi_info_read(s->multi, &left);
    while (message) {
        struct transfer *t = NULL;
        CURLcode code = message->data.result; /* the message dies with the handle's removal */
        bool done = message->msg == CURLMSG_DONE;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
        if (done && t)
            transfer_finish(t, code);
        message = curl_multi_info_read(s->multi, &left);
    }
}

static void act(struct shard *s, curl_socket_t fd, int what)
{
    struct net_loop *l = s->loop;
    int running = 0;
    l->actions++;
    l->in_curl = true;
    (void)curl_multi_socket_action(s->multi, fd, what, &running);
    l->in_curl = false;
    collect_ended(s);
    transfers_flush(l);
}

void transfers_socket_event(struct net_loop *l, uint64_t tag, uint32_t events)
{
    int fd = -1;
    struct socket_slot *slot = sockets_event(&l->sockets, tag, &fd);
    if (!slot)
        return;
    struct shard *s = slot->owner;
    int what = 0;
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        what |= CURL_CSELECT_IN;
    if (events & EPOLLOUT)
        what |= CURL_CSELECT_OUT;
    if (events & EPOLLERR)
        what |= CURL_CSELECT_ERR;
    if (s->multi)
        act(s, fd, what);
}

/* Each shard once: one that is due again waits for the next drive. */
void transfers_run_due(struct net_loop *l)
{
    struct list now;
    list_init(&now);
    while (!list_empty(&l->due)) {
        struct list *link = list_first(&l->due);
        list_remove(link);
        list_append(&now, link);
    }
    while (!list_empty(&now)) {
        struct shard *s = LIST_OWNER(list_first(&now), struct shard, due_link);
        list_remove(&s->due_link);
        if (s->multi)
            act(s, CURL_SOCKET_TIMEOUT, 0);
    }
}
