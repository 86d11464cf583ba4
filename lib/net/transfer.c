/* Knows the life of one HTTP exchange, from start to the last callback; refuses to know what is said. */
#include "net/transfer.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "net/transfer_internal.h"
#include <aignehub/aignehub.h>

/* ---- making and keeping handles ---- */

static void destroy(struct transfer *t)
{
    if (t->easy)
        curl_easy_cleanup(t->easy);
    curl_url_cleanup(t->parsed);
    mem_free(t->block);
    buf_free(&t->head);
    buf_free(&t->url);
    buf_free(&t->proxy);
    buf_free(&t->ca_file);
    mem_free(t);
}

static struct transfer *create(struct net_loop *l)
{
    struct transfer *t = mem_alloc_zero(sizeof(*t));
    if (!t)
        return NULL;
    t->loop = l;
    list_init(&t->link);
    list_init(&t->resume_link);
    buf_init(&t->head, LIMIT_HEADERS);
    buf_init(&t->url, LIMIT_URL);
    buf_init(&t->proxy, LIMIT_URL);
    buf_init(&t->ca_file, LIMIT_URL);
    t->easy = curl_easy_init();
    t->parsed = curl_url();
    if (!t->easy || !t->parsed || options_fixed(t) != CURLE_OK) {
        destroy(t);
        return NULL;
    }
    return t;
}

static struct transfer *take(struct net_loop *l)
{
    struct list *link = list_first(&l->pool);
    if (!link)
        return create(l);
    list_remove(link);
    l->pool_count--;
    return LIST_OWNER(link, struct transfer, link);
}

static void reset_progress(struct transfer *t)
{
    t->cancelled = t->connected = t->sent = t->repeat_refused = t->body_read = false;
    t->head_done = t->paused = t->in_head = false;
    t->status = t->stop_rc = 0;
    t->stop_text = NULL;
    t->read_piece = t->read_offset = 0;
    t->request_size_before = 0;
    t->detail[0] = '\0';
}

/* Out of every list and timer, off its multi handle; the connection stays when the answer is whole. */
static void detach(struct transfer *t)
{
    net_timer_clear(t->loop, &t->timer);
    list_remove(&t->resume_link);
    list_remove(&t->link);
    shard_remove(t);
}

/* Handles come back newest first, for their memory is warm then. */
static void recycle(struct transfer *t)
{
    struct net_loop *l = t->loop;
    options_forget(t);
    buf_clear(&t->head);
    t->state = TRANSFER_IDLE;
    t->handler = NULL;
    if (l->pool_count >= POOL_LIMIT) {
        destroy(t);
        return;
    }
    l->pool_count++;
    list_append(l->pool.next, &t->link); /* before the first: in front */
}

/* ---- ending ---- */

static void end(struct transfer *t, int rc, const struct fault *why)
{
    bool sent = may_have_sent(t);
    detach(t);
    t->state = TRANSFER_ENDING;
    t->loop->news++;
    t->handler->end(t->user, rc, sent, why);
    recycle(t);
}

void transfer_finish(struct transfer *t, CURLcode code)
{
    if (t->cancelled) {
        detach(t);
        recycle(t);
        return;
    }
    struct fault why;
    fault_clear(&why);
    int rc = transfer_explain(t, code, &why);
    end(t, rc, &why);
}

static void time_out(struct transfer *t, const char *text)
{
    t->stop_rc = AIGNE_E_TIMEOUT;
    t->stop_text = text;
    transfer_finish(t, CURLE_OPERATION_TIMEDOUT);
}

static int64_t at(int64_t from_us, int64_t limit_ms)
{
    return limit_ms > 0 ? from_us + limit_ms * 1000 : INT64_MAX;
}

/* One timer serves all limits. It is not moved when bytes come, only when it goes off: most never do. */
static void check_limits(struct net_timer *timer)
{
    struct transfer *t = LIST_OWNER(timer, struct transfer, timer);
    int64_t now = t->loop->now_us;
    int64_t total = at(t->started_us, t->limits.total_ms);
    int64_t first = t->head_done ? INT64_MAX : at(t->started_us, t->limits.first_byte_ms);
    int64_t idle = t->head_done && !t->paused ? at(t->active_us, t->limits.idle_ms) : INT64_MAX;
    if (now >= total) {
        time_out(t, "the answer took longer than it may in all");
        return;
    }
    if (now >= first) {
        time_out(t, "no answer began in time");
        return;
    }
    if (now >= idle) {
        time_out(t, "the answer stopped in the middle for too long");
        return;
    }
    int64_t next = total < first ? total : first;
    next = next < idle ? next : idle;
    if (next != INT64_MAX)
        (void)net_timer_set(t->loop, timer, next);
}

/* ---- the interface ---- */

int transfer_start(struct net_loop *l, const struct http_request *request,
                   const struct transfer_limits *limits, const struct transfer_route *route,
                   const struct transfer_handler *handler, void *user, struct transfer **out,
                   struct fault *why)
{
    *out = NULL;
    struct transfer *t = take(l);
    if (!t)
        return fault_nomem(why);
    reset_progress(t);
    t->limits = limits ? *limits : (struct transfer_limits){0};
    t->handler = handler;
    t->user = user;
    t->started_us = t->active_us = clock_monotonic_us();
    t->timer.fire = check_limits;
    int rc = options_request(t, request, route, why);
    int64_t first = at(t->started_us, t->limits.first_byte_ms);
    int64_t total = at(t->started_us, t->limits.total_ms);
    int64_t due = first < total ? first : total;
    if (rc == AIGNE_OK && due != INT64_MAX && net_timer_set(l, &t->timer, due) != AIGNE_OK)
        rc = fault_nomem(why);
    if (rc != AIGNE_OK) {
        recycle(t);
        return rc;
    }
    t->state = TRANSFER_STARTING;
    list_append(&l->starting, &t->link);
    loop_request_turn(l);
    *out = t;
    return AIGNE_OK;
}

void transfer_resume(struct transfer *t)
{
    if (t->cancelled || !t->paused || !list_empty(&t->resume_link))
        return;
    list_append(&t->loop->resuming, &t->resume_link);
    loop_request_turn(t->loop);
}

bool transfer_cancel(struct transfer *t)
{
    struct net_loop *l = t->loop;
    bool sent = may_have_sent(t);
    if (t->cancelled || t->state == TRANSFER_ENDING || t->state == TRANSFER_IDLE)
        return sent;
    t->cancelled = true;
    if (l->in_curl && t->shard) { /* libcurl must not be entered again: after this call of it */
        net_timer_clear(l, &t->timer);
        list_remove(&t->resume_link);
        list_remove(&t->link);
        list_append(&l->doomed, &t->link);
        return sent;
    }
    detach(t);
    recycle(t);
    return sent;
}

/* ---- what a drive carries out ---- */

static void launch(struct transfer *t)
{
    struct net_loop *l = t->loop;
    struct shard *s = NULL;
    list_remove(&t->link);
    list_append(&l->running, &t->link);
    t->state = TRANSFER_RUNNING;
    if (shard_choose(l, &s) != AIGNE_OK || shard_add(s, t) != AIGNE_OK) {
        transfer_finish(t, CURLE_OUT_OF_MEMORY);
        return;
    }
    if (!l->housekeeping.position)
        (void)net_timer_set(l, &l->housekeeping,
                            l->now_us + (int64_t)IDLE_CONNECTION_S * 1000000);
}

/* libcurl hands the kept bytes over at once, so what was said about its calls holds here too. */
static void unpause(struct transfer *t)
{
    struct net_loop *l = t->loop;
    CURLcode code = CURLE_OK;
    list_remove(&t->resume_link);
    if (!t->stop_rc) {
        t->paused = false;
        t->active_us = l->now_us;
        l->actions++;
        l->in_curl = true;
        code = curl_easy_pause(t->easy, CURLPAUSE_CONT);
        l->in_curl = false;
    }
    if (code != CURLE_OK || t->stop_rc) { /* libcurl does not end a transfer from here */
        transfer_finish(t, code);
        return;
    }
    if (t->limits.idle_ms && !t->paused) {
        int64_t due = at(t->active_us, t->limits.idle_ms);
        if (!t->timer.position || due < t->timer.due_us)
            (void)net_timer_set(l, &t->timer, due);
    }
}

bool transfers_pending(const struct net_loop *l)
{
    return !list_empty(&l->due) || !list_empty(&l->starting) || !list_empty(&l->resuming) ||
           !list_empty(&l->doomed);
}

/* A transfer resumed from inside its own data callback goes into the list again while it runs down;
 * each is taken once, so that a reader who always asks for more cannot hold the loop. */
static void resume_all(struct net_loop *l)
{
    struct list now;
    list_init(&now);
    while (!list_empty(&l->resuming)) {
        struct list *link = list_first(&l->resuming);
        list_remove(link);
        list_append(&now, link);
    }
    while (!list_empty(&now))
        unpause(LIST_OWNER(list_first(&now), struct transfer, resume_link));
}

static void remove_doomed(struct net_loop *l)
{
    while (!list_empty(&l->doomed)) {
        struct transfer *t = LIST_OWNER(list_first(&l->doomed), struct transfer, link);
        detach(t);
        recycle(t);
    }
}

void transfers_flush(struct net_loop *l)
{
    remove_doomed(l);
    resume_all(l);
    remove_doomed(l);
    while (!list_empty(&l->starting))
        launch(LIST_OWNER(list_first(&l->starting), struct transfer, link));
}

/* ---- with the loop ---- */

static void keep_house(struct net_timer *timer)
{
    shard_rest_idle(LIST_OWNER(timer, struct net_loop, housekeeping));
}

/* curl_global_init counts its callers and is thread-safe from 7.84 on (7.88 is required), so each
 * loop takes one count and gives it back: the host may use libcurl as well, in any order. */
int transfers_init(struct net_loop *l, struct fault *why)
{
    list_init(&l->due);
    list_init(&l->starting);
    list_init(&l->running);
    list_init(&l->resuming);
    list_init(&l->doomed);
    list_init(&l->pool);
    l->housekeeping.fire = keep_house;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return fault_set(why, AIGNE_E_INTERNAL, "libcurl could not be started");
    return AIGNE_OK;
}

static void drop_all(struct list *of)
{
    while (!list_empty(of)) {
        struct transfer *t = LIST_OWNER(list_first(of), struct transfer, link);
        detach(t);
        options_forget(t);
        destroy(t);
    }
}

void transfers_free(struct net_loop *l)
{
    drop_all(&l->starting);
    drop_all(&l->running);
    drop_all(&l->doomed);
    drop_all(&l->pool);
    net_timer_clear(l, &l->housekeeping);
    for (size_t i = 0; i < l->shard_count; i++)
        shard_free(l->shards[i]);
    mem_free(l->shards);
    l->shards = NULL;
    l->shard_count = 0;
    curl_global_cleanup();
}
