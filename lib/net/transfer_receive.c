/* Knows what libcurl hands over and asks for while a transfer runs; refuses to know how it ends. */
#include "base/limits.h"
#include "net/transfer_internal.h"
#include <aignehub/aignehub.h>

/* libcurl repeats a request by itself when a kept-alive connection dies before the first byte of the
 * answer. A model call costs money each time, so it may only happen when nothing reached the peer.
 * Nothing did when the request's bytes were all refused in the very call of libcurl that tried to send
 * them. Over TLS a refused write may have let complete records of 16 KiB out. */
bool may_have_sent(const struct transfer *t)
{
    if (t->sent)
        return true;
    if (!t->connected)
        return false;
    long size = 0;
    (void)curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &size);
    return size > t->request_size_before || t->body_read ||
           t->loop->actions != t->send_action ||
           (t->secure && t->headers_size + t->body_size > 15000);
}

/* Called by libcurl, with parameters of its choice, when a connection is ready and the request is about
 * to be written. NOLINTNEXTLINE(readability-non-const-parameter) */
int before_sending(void *user, char *peer, char *local, int peer_port, int local_port)
{
    struct transfer *t = user;
    (void)peer;
    (void)local;
    (void)peer_port;
    (void)local_port;
    if (t->cancelled) /* its request's memory may be gone already */
        return CURL_PREREQFUNC_ABORT;
    if (may_have_sent(t)) {
        t->sent = true;
        t->repeat_refused = true;
        return CURL_PREREQFUNC_ABORT;
    }
    (void)curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &t->request_size_before);
    t->send_action = t->loop->actions;
    t->connected = true;
    return CURL_PREREQFUNC_OK;
}

size_t send_body(char *to, size_t one, size_t room, void *user)
{
    struct transfer *t = user;
    size_t filled = 0;
    room *= one;
    if (t->cancelled)
        return CURL_READFUNC_ABORT;
    t->body_read = true;
    while (filled < room && t->read_piece < t->body_count) {
        struct slice rest = slice_from(t->body[t->read_piece], t->read_offset);
        size_t n = rest.n < room - filled ? rest.n : room - filled;
        if (n)
            memcpy(to + filled, rest.p, n);
        filled += n;
        t->read_offset += n;
        if (n == rest.n) {
            t->read_piece++;
            t->read_offset = 0;
        }
    }
    return filled;
}

int rewind_body(void *user, curl_off_t offset, int origin)
{
    struct transfer *t = user;
    if (offset != 0 || origin != SEEK_SET)
        return CURL_SEEKFUNC_FAIL;
    t->read_piece = 0;
    t->read_offset = 0;
    return CURL_SEEKFUNC_OK;
}

static size_t stop(struct transfer *t, int rc, const char *text)
{
    t->stop_rc = rc < 0 ? rc : AIGNE_E_INTERNAL;
    t->stop_text = text;
    return 0;
}

/* "HTTP/1.1 200 OK": libcurl has already refused what does not look like it. */
static int status_of(struct slice line)
{
    struct slice version;
    struct slice rest;
    struct slice digits;
    int64_t status = 0;
    (void)slice_cut(line, ' ', &version, &rest);
    rest = slice_trim(rest);
    if (!slice_cut(rest, ' ', &digits, &rest))
        digits = rest;
    return slice_int64(digits, &status) && status >= 100 && status <= 999 ? (int)status : 0;
}

static void watch_idle(struct transfer *t)
{
    int64_t due = t->active_us + t->limits.idle_ms * 1000;
    if (t->limits.idle_ms && (!t->timer.position || due < t->timer.due_us))
        (void)net_timer_set(t->loop, &t->timer, due);
}

static size_t head_complete(struct transfer *t, size_t taken)
{
    t->in_head = false;
    if (t->status < 200 && t->status != 101) /* an interim answer: the real one follows */
        return taken;
    t->head_done = true;
    watch_idle(t);
    if (buf_rc(&t->head) != AIGNE_OK)
        return stop(t, buf_rc(&t->head) == AIGNE_E_NOMEM ? AIGNE_E_NOMEM : AIGNE_E_PROTOCOL,
                    "the headers of the answer are too large");
    t->loop->news++;
    int rc = t->handler->head(t->user, t->status, buf_slice(&t->head));
    if (t->cancelled)
        return 0;
    return rc == AIGNE_OK ? taken : stop(t, rc, NULL);
}

/* One line at a time: a status line, headers, the empty line; after a body also its trailers. */
size_t receive_head(char *p, size_t one, size_t n, void *user)
{
    struct transfer *t = user;
    size_t size = one * n;
    struct slice line = slice_of(p, size);
    if (t->cancelled || t->stop_rc)
        return 0;
    t->active_us = t->loop->now_us;
    if (t->head_done)
        return size;
    if (!t->in_head) {
        t->in_head = true;
        t->status = status_of(line);
        buf_clear(&t->head);
        return size;
    }
    if (slice_trim(line).n == 0)
        return head_complete(t, size);
    buf_put_slice(&t->head, line);
    if (buf_rc(&t->head) != AIGNE_OK)
        return head_complete(t, size);
    return size;
}

size_t receive_body(char *p, size_t one, size_t n, void *user)
{
    struct transfer *t = user;
    size_t size = one * n;
    if (t->cancelled || t->stop_rc)
        return 0;
    t->active_us = t->loop->now_us;
    t->loop->news++;
    int rc = t->handler->data(t->user, slice_of(p, size));
    if (t->cancelled)
        return 0;
    if (rc == AIGNE_AGAIN) {
        t->paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    return rc == AIGNE_OK ? size : stop(t, rc, NULL);
}
