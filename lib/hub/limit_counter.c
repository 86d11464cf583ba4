/* Knows which table of counters a process uses and what is told of it; refuses to know how they are used. */
#define _GNU_SOURCE
#include "hub/limit_counter.h"
#include "base/log.h"
#include "base/mem.h"
#include <aignehub/aignehub.h>
#include <string.h>

#define SECOND_US INT64_C(1000000)

struct limiter {
    pthread_mutex_t opening;
    atomic_bool open; /* then the table never changes */
    struct limit_table table;
    char *data; /* NULL: no process shares it */
    atomic_int_least64_t told_second;
    atomic_int told;
};

int limiter_open(struct slice data, struct limiter **out, struct fault *why)
{
    struct limiter *l = mem_alloc_zero(sizeof *l);
    *out = l;
    if (!l)
        return fault_nomem(why);
    pthread_mutex_init(&l->opening, NULL);
    if (data.p && !(l->data = mem_text(data.p, data.n)))
        return fault_nomem(why);
    return AIGNE_OK;
}

void limiter_close(struct limiter *l)
{
    if (!l)
        return;
    if (atomic_load(&l->open))
        limit_table_close(&l->table);
    pthread_mutex_destroy(&l->opening);
    mem_free(l->data);
    mem_free(l);
}

/* ---- the table, from the first call that is limited ---- */

static bool open_table(struct limiter *l)
{
    char text[80];
    int rc = l->data ? limit_table_open(&l->table, l->data, false) : 0;
    if (rc)
        log_line(LOG_WARNING, "hub",
                 "limits hold for this process alone; other processes on the same data let "
                 "through as much again: no shared memory: %s",
                 strerror_r(rc, text, sizeof text));
    return (l->data && !rc) || limit_table_alone(&l->table) == 0;
}

static bool has_table(struct limiter *l)
{
    if (atomic_load_explicit(&l->open, memory_order_acquire))
        return true;
    pthread_mutex_lock(&l->opening);
    if (!atomic_load(&l->open) && open_table(l))
        atomic_store(&l->open, true);
    pthread_mutex_unlock(&l->opening);
    return atomic_load(&l->open);
}

const struct limit_table *limiter_table(const struct limiter *l)
{
    return &l->table;
}

bool limiter_shares(const struct limiter *l)
{
    return !atomic_load(&l->open) ? l->data != NULL : l->table.shared;
}

struct limit_counter *limit_counter_use(struct limiter *l, struct slice limit,
                                        struct slice subject, int64_t now_us)
{
    if (!has_table(l))
        return NULL;
    struct limit_counter *c = limit_table_use(&l->table, limit, subject, now_us);
    return c ? c : limit_table_use(&l->table, limit, SLICE(LIMIT_EACH), now_us);
}

void limit_counter_leave(struct limiter *l, struct limit_counter *c)
{
    limit_table_leave(&l->table, c);
}

void limiter_tend(struct limiter *l)
{
    if (atomic_load(&l->open))
        limit_table_tend(&l->table);
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
    limit_counter_lock(c);
    c->refused++;
    c->untold++;
    if (now_us - c->told_us >= SECOND_US && may_tell(l, now_us)) {
        count = c->untold;
        c->untold = 0;
        c->told_us = now_us;
        atomic_fetch_add(&l->told, 1);
    }
    limit_counter_unlock(c);
    return count;
}

struct onlooker {
    int64_t now_us;
    void (*each)(void *user, const struct limit_state *state);
    void *user;
};

static void look_at(void *user, struct limit_counter *c)
{
    const struct onlooker *o = user;
    limit_counter_lock(c);
    struct limit_state state = {.subject = slice_of(c->shown, c->shown_size),
                                .running = c->running,
                                .waiting = c->waiting,
                                .requests = window_sum(&c->requests, o->now_us),
                                .tokens = window_sum(&c->tokens, o->now_us),
                                .held = c->held,
                                .refused = c->refused};
    limit_counter_unlock(c);
    o->each(o->user, &state);
}

/* Who only looks becomes none of those that count. */
void limiter_look(struct limiter *l, struct slice limit, int64_t now_us,
                  void (*each)(void *user, const struct limit_state *state), void *user)
{
    struct onlooker o = {now_us, each, user};
    struct limit_table other;
    if (atomic_load(&l->open)) {
        limit_table_each(&l->table, limit, look_at, &o);
    } else if (l->data && limit_table_open(&other, l->data, true) == 0) {
        limit_table_each(&other, limit, look_at, &o);
        limit_table_close(&other);
    }
}
