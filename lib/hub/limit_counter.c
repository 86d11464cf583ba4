/* Knows where the counters of all limits are kept and when one is forgotten; refuses to know how they are used. */
#define _POSIX_C_SOURCE 200809L
#include "hub/limit_counter.h"
#include "base/mem.h"
#include <aignehub/aignehub.h>
#include <stdatomic.h>
#include <string.h>

#define SECOND_US INT64_C(1000000)

/* Callers name apps and models: so many are told apart at the same time, the others share one counter of
 * each limit. What was not used for a minute makes room. */
enum { SHARDS = 16, BUCKETS = 64, COUNTERS_LARGEST = 4096 /* in a shard */ };

struct shard {
    pthread_mutex_t lock;
    struct limit_counter *bucket[BUCKETS];
    size_t count;
    size_t sweep_at;
};

struct limiter {
    struct shard shards[SHARDS];
    atomic_int_least64_t told_second;
    atomic_int told;
};

int limiter_open(struct limiter **out, struct fault *why)
{
    struct limiter *l = mem_alloc_zero(sizeof *l);
    *out = l;
    if (!l)
        return fault_nomem(why);
    for (size_t i = 0; i < SHARDS; i++) {
        pthread_mutex_init(&l->shards[i].lock, NULL);
        l->shards[i].sweep_at = COUNTERS_LARGEST / 8;
    }
    return AIGNE_OK;
}

static void free_counter(struct limit_counter *c)
{
    pthread_mutex_destroy(&c->lock);
    mem_free(c);
}

void limiter_close(struct limiter *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < SHARDS; i++) {
        for (size_t k = 0; k < BUCKETS; k++)
            while (l->shards[i].bucket[k]) {
                struct limit_counter *c = l->shards[i].bucket[k];
                l->shards[i].bucket[k] = c->next;
                free_counter(c);
            }
        pthread_mutex_destroy(&l->shards[i].lock);
    }
    mem_free(l);
}

static uint64_t hash_of(uint64_t hash, struct slice text)
{
    for (size_t i = 0; i < text.n; i++)
        hash = (hash ^ (unsigned char)text.p[i]) * UINT64_C(1099511628211);
    return hash ^ hash >> 29;
}

static struct limit_counter *new_counter(struct slice limit, struct slice subject)
{
    struct limit_counter *c = mem_alloc_zero(sizeof *c + limit.n + subject.n);
    if (!c)
        return NULL;
    char *text = (char *)(c + 1);
    memcpy(text, limit.p, limit.n);
    if (subject.n)
        memcpy(text + limit.n, subject.p, subject.n);
    c->limit = slice_of(text, limit.n);
    c->subject = slice_of(text + limit.n, subject.n);
    c->told_us = -SECOND_US;
    list_init(&c->queue);
    pthread_mutex_init(&c->lock, NULL);
    return c;
}

/* Nobody uses it, so nobody else can look at it: the shard's lock is held. */
static bool is_idle(struct limit_counter *c, int64_t now_us)
{
    return c->users == 0 && window_sum(&c->requests, now_us) == 0 &&
           window_sum(&c->tokens, now_us) == 0;
}

static void sweep(struct shard *s, int64_t now_us)
{
    for (size_t k = 0; k < BUCKETS; k++)
        for (struct limit_counter **at = &s->bucket[k]; *at;) {
            struct limit_counter *c = *at;
            if (!is_idle(c, now_us)) {
                at = &c->next;
                continue;
            }
            *at = c->next;
            free_counter(c);
            s->count--;
        }
    s->sweep_at = s->count * 2 < COUNTERS_LARGEST / 8 ? COUNTERS_LARGEST / 8 : s->count * 2;
    if (s->sweep_at > COUNTERS_LARGEST)
        s->sweep_at = COUNTERS_LARGEST;
}

static struct shard *shard_of(struct limiter *l, uint64_t hash)
{
    return &l->shards[hash % SHARDS];
}

static struct limit_counter **bucket_of(struct shard *s, uint64_t hash)
{
    return &s->bucket[hash / SHARDS % BUCKETS];
}

/* Under the shard's lock. */
static struct limit_counter *find_or_make(struct shard *s, uint64_t hash, struct slice limit,
                                          struct slice subject, bool *full, int64_t now_us)
{
    struct limit_counter **bucket = bucket_of(s, hash);
    struct limit_counter *c = *bucket;
    while (c && !(slice_eq(c->subject, subject) && slice_eq(c->limit, limit)))
        c = c->next;
    if (c)
        return c;
    if (s->count >= s->sweep_at)
        sweep(s, now_us);
    *full = s->count >= COUNTERS_LARGEST && !slice_is(subject, LIMIT_EACH);
    c = *full ? NULL : new_counter(limit, subject);
    if (!c)
        return NULL;
    c->next = *bucket;
    *bucket = c;
    s->count++;
    return c;
}

struct limit_counter *limit_counter_use(struct limiter *l, struct slice limit,
                                        struct slice subject, int64_t now_us)
{
    bool full = false;
    uint64_t hash = hash_of(hash_of(UINT64_C(14695981039346656037), limit), subject);
    struct shard *s = shard_of(l, hash);
    pthread_mutex_lock(&s->lock);
    struct limit_counter *c = find_or_make(s, hash, limit, subject, &full, now_us);
    if (c)
        c->users++;
    pthread_mutex_unlock(&s->lock);
    return full ? limit_counter_use(l, limit, SLICE(LIMIT_EACH), now_us) : c;
}

void limit_counter_leave(struct limiter *l, struct limit_counter *c)
{
    uint64_t hash = hash_of(hash_of(UINT64_C(14695981039346656037), c->limit), c->subject);
    struct shard *s = shard_of(l, hash);
    pthread_mutex_lock(&s->lock);
    c->users--;
    pthread_mutex_unlock(&s->lock);
}

/* ---- telling ---- */

/* Whether there is room for one more in this second. */
static bool may_tell(struct limiter *l, int64_t now_us)
{
    int_least64_t second = now_us / SECOND_US;
    if (atomic_exchange(&l->told_second, second) != second)
        atomic_store(&l->told, 0);
    return atomic_load(&l->told) < LIMITER_TOLD;
}

int64_t limiter_refused(struct limiter *l, const struct limit_part *by, int64_t now_us)
{
    struct limit_counter *c = by->counter;
    int64_t count = 0;
    pthread_mutex_lock(&c->lock);
    c->refused++;
    c->untold++;
    if (now_us - c->told_us >= SECOND_US && may_tell(l, now_us)) {
        count = c->untold;
        c->untold = 0;
        c->told_us = now_us;
        atomic_fetch_add(&l->told, 1);
    }
    pthread_mutex_unlock(&c->lock);
    return count;
}

static struct limit_state state_of(struct limit_counter *c, int64_t now_us)
{
    pthread_mutex_lock(&c->lock);
    struct limit_state state = {.subject = c->subject,
                                .running = c->running,
                                .waiting = (int64_t)c->waiting,
                                .requests = window_sum(&c->requests, now_us),
                                .tokens = window_sum(&c->tokens, now_us),
                                .held = c->held,
                                .refused = c->refused};
    pthread_mutex_unlock(&c->lock);
    return state;
}

void limiter_look(struct limiter *l, struct slice limit, int64_t now_us,
                  void (*each)(void *user, const struct limit_state *state), void *user)
{
    for (size_t i = 0; i < SHARDS; i++) {
        pthread_mutex_lock(&l->shards[i].lock);
        for (size_t k = 0; k < BUCKETS; k++)
            for (struct limit_counter *c = l->shards[i].bucket[k]; c; c = c->next)
                if (slice_eq(c->limit, limit)) {
                    struct limit_state state = state_of(c, now_us);
                    each(user, &state);
                }
        pthread_mutex_unlock(&l->shards[i].lock);
    }
}
