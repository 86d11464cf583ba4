/* Knows how counters are kept in memory that processes share, and what is left of one that died; refuses to know
 * what is counted. */
#define _POSIX_C_SOURCE 200809L
#include "hub/limit_table.h"
#include "base/random.h"
#include "hub/limit.h"
#include "vault/seal.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
    COUNTERS = LIMIT_SHARDS * LIMIT_COUNTERS_LARGEST + 1,
    BACKED_AT_ONCE = 128,
    RESERVE = 16, /* for those who share a counter when there is no room for more */
    SWEEP_FIRST = LIMIT_COUNTERS_LARGEST / 8
};

/* The page of the first counter begins behind the head. */
#define HEAD_SIZE ((sizeof(struct limit_head) + 4095) / 4096 * 4096)

static size_t size_for(uint32_t counters)
{
    return HEAD_SIZE + counters * sizeof(struct limit_counter);
}

/* ---- locks ---- */

static void init_lock(pthread_mutex_t *lock, bool shared)
{
    pthread_mutexattr_t how;
    pthread_mutexattr_init(&how);
    if (shared) {
        pthread_mutexattr_setpshared(&how, PTHREAD_PROCESS_SHARED);
        pthread_mutexattr_setrobust(&how, PTHREAD_MUTEX_ROBUST);
    }
    pthread_mutex_init(lock, &how);
    pthread_mutexattr_destroy(&how);
}

/* True: whoever held it died, and left things half done. */
static bool lock_after_death(pthread_mutex_t *lock)
{
    if (pthread_mutex_lock(lock) != EOWNERDEAD)
        return false;
    pthread_mutex_consistent(lock);
    return true;
}

static void add_shares(struct limit_counter *c)
{
    c->running = c->held = c->waiting = 0;
    for (size_t i = 0; i < LIMIT_SHARES; i++) {
        c->running += c->share[i].running;
        c->held += c->share[i].held;
        c->waiting += c->share[i].waiting;
    }
}

void limit_counter_lock(struct limit_counter *c)
{
    if (!lock_after_death(&c->lock))
        return;
    add_shares(c);
    window_mend(&c->requests);
    window_mend(&c->tokens);
}

void limit_counter_unlock(struct limit_counter *c)
{
    pthread_mutex_unlock(&c->lock);
}

/* ---- chains ---- */

/* Where nothing tells them apart: the hash is as good as random. */
static size_t number_in(const unsigned char hash[LIMIT_HASH_SIZE], size_t from)
{
    return (size_t)hash[from];
}

static struct limit_shard *shard_of(const struct limit_table *t, const struct limit_counter *c)
{
    return &t->head->shards[number_in(c->hash, 0) % LIMIT_SHARDS];
}

static uint32_t *bucket_of(struct limit_shard *s, const unsigned char hash[LIMIT_HASH_SIZE])
{
    return &s->bucket[number_in(hash, 1)];
}

static void link_counter(struct limit_table *t, struct limit_shard *s, struct limit_counter *c)
{
    uint32_t *bucket = bucket_of(s, c->hash);
    c->next = *bucket;
    *bucket = (uint32_t)(c - t->counters);
    s->count++;
}

/* Under the lock of a shard, or none. */
static void lock_stock(struct limit_table *t)
{
    struct limit_head *h = t->head;
    if (!lock_after_death(&h->lock))
        return;
    h->free = 0;
    for (uint32_t i = 1; i <= h->made; i++)
        if (!t->counters[i].live) {
            t->counters[i].next = h->free;
            h->free = i;
        }
}

/* From the counters themselves. */
static void mend_chains(struct limit_table *t, struct limit_shard *s)
{
    lock_stock(t);
    memset(s->bucket, 0, sizeof s->bucket);
    s->count = 0;
    for (uint32_t i = 1; i <= t->head->made; i++) {
        struct limit_counter *c = &t->counters[i];
        if (!c->live || shard_of(t, c) != s)
            continue;
        c->users = 0;
        for (size_t k = 0; k < LIMIT_SHARES; k++)
            c->users += c->share[k].users;
        link_counter(t, s, c);
    }
    pthread_mutex_unlock(&t->head->lock);
}

static void lock_shard(struct limit_table *t, struct limit_shard *s)
{
    if (lock_after_death(&s->lock))
        mend_chains(t, s);
}

/* ---- counters made and forgotten: under the lock of the shard ---- */

struct wanted {
    unsigned char limit[LIMIT_HASH_SIZE];
    unsigned char hash[LIMIT_HASH_SIZE];
    struct slice subject;
};

/* Whole characters of it. */
static void show(struct limit_counter *c, struct slice subject)
{
    size_t n = subject.n < LIMIT_SHOWN_SIZE ? subject.n : LIMIT_SHOWN_SIZE;
    while (n && n < subject.n && (subject.p[n] & 0xC0) == 0x80)
        n--;
    if (n)
        memcpy(c->shown, subject.p, n);
    c->shown_size = (unsigned char)n;
}

static bool back_more(struct limit_table *t)
{
    struct limit_head *h = t->head;
    uint32_t wanted = h->backed + BACKED_AT_ONCE;
    if (wanted > COUNTERS)
        wanted = COUNTERS;
    if (wanted == h->backed || segment_back(&t->memory, size_for(wanted)))
        return false;
    h->backed = wanted;
    return true;
}

static uint32_t fresh_counter(struct limit_table *t, uint32_t reserve)
{
    struct limit_head *h = t->head;
    if (h->made + 1 + reserve >= h->backed && !back_more(t))
        return 0;
    init_lock(&t->counters[h->made + 1].lock, t->shared);
    return ++h->made;
}

/* Live is what has its name: then it is found again should we die before it is in its chain. */
static struct limit_counter *take_counter(struct limit_table *t, const struct wanted *w,
                                          bool each)
{
    struct limit_head *h = t->head;
    lock_stock(t);
    uint32_t number = h->free;
    if (number)
        h->free = t->counters[number].next;
    else
        number = fresh_counter(t, each ? 0 : RESERVE);
    struct limit_counter *c = number ? &t->counters[number] : NULL;
    if (c) {
        memset(&c->running, 0, sizeof *c - offsetof(struct limit_counter, running));
        memcpy(c->limit, w->limit, sizeof c->limit);
        memcpy(c->hash, w->hash, sizeof c->hash);
        show(c, w->subject);
        c->told_us = INT64_MIN / 2;
        atomic_signal_fence(memory_order_seq_cst);
        c->live = true;
    }
    pthread_mutex_unlock(&h->lock);
    return c;
}

static void free_counter(struct limit_table *t, struct limit_counter *c)
{
    lock_stock(t);
    c->live = false;
    c->next = t->head->free;
    t->head->free = (uint32_t)(c - t->counters);
    pthread_mutex_unlock(&t->head->lock);
}

/* Nobody uses it, so nobody else can look at it. */
static bool is_idle(struct limit_counter *c, int64_t now_us)
{
    return c->users == 0 && window_sum(&c->requests, now_us) == 0 &&
           window_sum(&c->tokens, now_us) == 0;
}

static void sweep(struct limit_table *t, struct limit_shard *s, int64_t now_us)
{
    for (size_t k = 0; k < LIMIT_BUCKETS; k++)
        for (uint32_t *at = &s->bucket[k]; *at;) {
            struct limit_counter *c = &t->counters[*at];
            if (!is_idle(c, now_us)) {
                at = &c->next;
                continue;
            }
            *at = c->next;
            free_counter(t, c);
            s->count--;
        }
    s->sweep_at = s->count * 2 < SWEEP_FIRST ? SWEEP_FIRST : s->count * 2;
    if (s->sweep_at > LIMIT_COUNTERS_LARGEST)
        s->sweep_at = LIMIT_COUNTERS_LARGEST;
}

static struct limit_counter *make(struct limit_table *t, struct limit_shard *s,
                                  const struct wanted *w, int64_t now_us)
{
    bool each = slice_is(w->subject, LIMIT_EACH);
    if (s->count >= s->sweep_at)
        sweep(t, s, now_us);
    struct limit_counter *c =
        s->count < LIMIT_COUNTERS_LARGEST || each ? take_counter(t, w, each) : NULL;
    if (c)
        link_counter(t, s, c);
    return c;
}

struct limit_counter *limit_table_use(struct limit_table *t, struct slice limit,
                                      struct slice subject, int64_t now_us)
{
    struct wanted w = {.subject = subject};
    vault_short_hash(t->head->key, limit, w.limit);
    vault_short_hash(w.limit, subject, w.hash);
    struct limit_shard *s = &t->head->shards[number_in(w.hash, 0) % LIMIT_SHARDS];
    lock_shard(t, s);
    uint32_t at = *bucket_of(s, w.hash);
    while (at && memcmp(t->counters[at].hash, w.hash, sizeof w.hash) != 0)
        at = t->counters[at].next;
    struct limit_counter *c = at ? &t->counters[at] : make(t, s, &w, now_us);
    if (c) {
        struct limit_share *mine = &c->share[t->me];
        c->users++;
        /* Without a user nobody of this process can be in the queue, or look at it. */
        if (mine->users++ == 0 && !mine->queue.next)
            list_init(&mine->queue);
    }
    pthread_mutex_unlock(&s->lock);
    return c;
}

void limit_table_leave(struct limit_table *t, struct limit_counter *c)
{
    struct limit_shard *s = shard_of(t, c);
    lock_shard(t, s);
    c->users--;
    c->share[t->me].users--;
    pthread_mutex_unlock(&s->lock);
}

static void visit(struct limit_table *t, void (*each)(void *user, struct limit_counter *c),
                  void *user)
{
    for (size_t i = 0; i < LIMIT_SHARDS; i++) {
        struct limit_shard *s = &t->head->shards[i];
        lock_shard(t, s);
        for (size_t k = 0; k < LIMIT_BUCKETS; k++)
            for (uint32_t at = s->bucket[k]; at; at = t->counters[at].next)
                each(user, &t->counters[at]);
        pthread_mutex_unlock(&s->lock);
    }
}

struct filter {
    unsigned char limit[LIMIT_HASH_SIZE];
    void (*each)(void *user, struct limit_counter *c);
    void *user;
};

static void pass(void *user, struct limit_counter *c)
{
    struct filter *f = user;
    if (memcmp(c->limit, f->limit, sizeof c->limit) == 0)
        f->each(f->user, c);
}

void limit_table_each(struct limit_table *t, struct slice limit,
                      void (*each)(void *user, struct limit_counter *c), void *user)
{
    struct filter f = {.each = each, .user = user};
    vault_short_hash(t->head->key, limit, f.limit);
    visit(t, pass, &f);
}

/* ---- processes that are gone ---- */

static void take_share(void *user, struct limit_counter *c)
{
    struct limit_share *gone = &c->share[*(int *)user];
    limit_counter_lock(c);
    c->users -= gone->users;
    memset(gone, 0, sizeof *gone);
    add_shares(c);
    limit_counter_unlock(c);
}

/* The lock of the share is ours: its process is gone, or it is this one that goes. Whoever has the share next finds no
 * address of another's memory in it. */
static void give_back(struct limit_table *t, int share)
{
    if (atomic_load(&t->head->member[share]))
        visit(t, take_share, &share);
    atomic_store(&t->head->member[share], false);
}

void limit_table_tend(struct limit_table *t)
{
    for (int i = 0; i < LIMIT_SHARES && t->shared; i++)
        if (i != t->me && atomic_load(&t->head->member[i]) && segment_lock(&t->memory, i + 1)) {
            give_back(t, i);
            segment_unlock(&t->memory, i + 1);
        }
}

bool limit_table_has_others(const struct limit_table *t)
{
    int members = 0;
    for (int i = 0; i < LIMIT_SHARES && t->shared; i++)
        members += atomic_load_explicit(&t->head->member[i], memory_order_relaxed);
    return members > 1;
}

/* ---- coming and going ---- */

/* Whoever began this before us and died left it not ready. */
static int begin(struct limit_table *t)
{
    struct limit_head *h = t->head;
    int rc = segment_back(&t->memory, size_for(BACKED_AT_ONCE));
    if (rc || atomic_load(&h->ready))
        return rc;
    memset(h, 0, sizeof *h);
    if (random_bytes(h->key, sizeof h->key))
        return EIO;
    for (size_t i = 0; i < LIMIT_SHARDS; i++) {
        init_lock(&h->shards[i].lock, t->shared);
        h->shards[i].sweep_at = SWEEP_FIRST;
    }
    init_lock(&h->lock, t->shared);
    h->backed = BACKED_AT_ONCE;
    atomic_store(&h->ready, true);
    return 0;
}

static int join(struct limit_table *t)
{
    for (t->me = 0; t->me < LIMIT_SHARES; t->me++)
        if (segment_lock(&t->memory, t->me + 1)) {
            give_back(t, t->me);
            atomic_store(&t->head->member[t->me], true);
            limit_table_tend(t);
            return 0;
        }
    return EUSERS;
}

static void place(struct limit_table *t)
{
    t->head = (struct limit_head *)(void *)t->memory.start;
    t->counters = (struct limit_counter *)(void *)(t->memory.start + HEAD_SIZE);
}

int limit_table_alone(struct limit_table *t)
{
    *t = (struct limit_table){0};
    int rc = segment_alone(&t->memory, size_for(COUNTERS));
    if (rc)
        return rc;
    place(t);
    return begin(t);
}

/* Processes that would not understand each other do not meet. */
static void name_layout(char out[32])
{
    (void)snprintf(out, 32, "limits-1-%zx-%zx", sizeof(struct limit_head),
                   sizeof(struct limit_counter));
}

static int come_in(struct limit_table *t, bool look)
{
    if (look)
        return segment_backed(&t->memory) >= size_for(BACKED_AT_ONCE) &&
                       atomic_load(&t->head->ready)
                   ? 0
                   : ENOENT;
    int rc = begin(t);
    if (rc)
        segment_remove(&t->memory); /* it is nobody's yet */
    return rc ? rc : join(t);
}

int limit_table_open(struct limit_table *t, const char *path, bool look)
{
    char layout[32];
    *t = (struct limit_table){.shared = true, .me = -1};
    name_layout(layout);
    int rc = segment_open(&t->memory, path, layout, size_for(COUNTERS), !look);
    if (rc)
        return rc;
    place(t);
    rc = come_in(t, look);
    segment_unlock(&t->memory, 0);
    if (rc)
        segment_close(&t->memory);
    return rc;
}

/* The last one takes it away: what is counted is forgotten with those who counted. */
static void leave(struct limit_table *t)
{
    (void)segment_lock_wait(&t->memory, 0);
    give_back(t, t->me);
    limit_table_tend(t);
    bool last = true;
    for (int i = 0; i < LIMIT_SHARES; i++)
        last = last && !atomic_load(&t->head->member[i]);
    if (last)
        segment_remove(&t->memory);
}

void limit_table_close(struct limit_table *t)
{
    if (t->shared && t->me >= 0)
        leave(t);
    segment_close(&t->memory);
}
