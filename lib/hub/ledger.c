/* Knows how records of many calls become few transactions; refuses to know what the records say. */
#define _GNU_SOURCE
#include "hub/ledger.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "hub/spool.h"
#include <aignehub/aignehub.h>
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define CALL_ID_ROOM 40

/* A hold that could not be released: the call is over, its row is lost. */
struct unreleased {
    struct unreleased *next;
    size_t n;
    char id[CALL_ID_ROOM];
};

enum {
    FIRST_ROOM = 64,      /* operations there is always room for */
    LARGEST_BATCH = 1024, /* operations in one transaction, unless one entry alone has more */
    /* A commit costs much and a row little, so commits follow each other at this distance at least:
     * under load many calls share one, and a lone call never waits. When nobody came while it waited,
     * the next ones do not: there is one caller who does one call after the other. */
    COMMIT_GAP_US = 500,
    /* What sets something aside touches more of the database than a row does, so as long as others keep coming,
     * its commits wait for them a few times as long. */
    COMING_US = 250,
    COMING_MOST = 6,
    COMMITS_WITHOUT_GAP = 16,
    TICK_US = LEDGER_TICK_MS * 1000,
    OPS_WRITTEN_HERE = 8,
    TRIES = 8,
    TRIES_BEFORE_SPOOL = 3,
    FIRST_PAUSE_MS = 5 /* doubled with each further try: 1.3 s in all */
};

struct ledger {
    _Atomic(struct ledger_entry *) waiting; /* newest first */
    atomic_uint asleep; /* 1: the thread sleeps, or is about to; the futex */
    atomic_bool closing;
    atomic_bool visited; /* a caller writes on its own thread */
    struct ledger_options options;
    pthread_t thread;
    struct store_op *ops;
    size_t room;
    int64_t committed_us; /* when the last commit ended */
    int without_gap;      /* so many commits to come do not keep the distance */
    bool paid;            /* the last commit was of money, too */
    int64_t ticked_us;
    struct unreleased *unreleased;
    atomic_bool failing; /* the store did not take what is in the spool, or a hold */
    atomic_bool paused;
};

static void futex_wait(atomic_uint *word, unsigned expected, int64_t timeout_us)
{
    struct timespec timeout = {.tv_sec = timeout_us / 1000000,
                               .tv_nsec = timeout_us % 1000000 * 1000};
    (void)syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, &timeout, NULL, 0);
}

static void futex_wake(atomic_uint *word)
{
    (void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void pause_us(int64_t us)
{
    struct timespec rest = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    while (nanosleep(&rest, &rest) != 0 && errno == EINTR)
        ;
}

void ledger_wake(struct ledger *l)
{
    /* Only who finds it asleep pays for the system call. */
    if (atomic_load(&l->asleep) && atomic_exchange(&l->asleep, 0))
        futex_wake(&l->asleep);
}

void ledger_enqueue(struct ledger *l, struct ledger_entry *entry)
{
    struct ledger_entry *newest = atomic_load_explicit(&l->waiting, memory_order_relaxed);
    do
        entry->next = newest;
    while (!atomic_compare_exchange_weak(&l->waiting, &newest, entry));
}

void ledger_submit(struct ledger *l, struct ledger_entry *entry)
{
    ledger_enqueue(l, entry);
    ledger_wake(l);
}

static size_t op_count(const struct ledger_entry *e)
{
    return e->row_count + (e->money != NULL) + (e->answer != NULL);
}

/* Money first: the row of a settled call finds its hold gone. */
static size_t put_ops(const struct ledger_entry *e, struct store_op *ops)
{
    size_t count = 0;
    if (e->money)
        ops[count++] = (struct store_op){.kind = e->money_kind, .money = e->money};
    for (size_t i = 0; i < e->row_count; i++)
        ops[count++] = (struct store_op){.kind = STORE_USAGE, .usage = &e->rows[i]};
    if (e->answer)
        ops[count++] = (struct store_op){.kind = STORE_ANSWER, .answer = e->answer};
    return count;
}

bool ledger_write_here(struct ledger *l, struct ledger_entry *entry)
{
    struct store_op ops[OPS_WRITTEN_HERE];
    struct fault why;
    bool alone = !atomic_load(&l->waiting) && atomic_load(&l->asleep) && !ledger_failing(l);
    if (!alone || op_count(entry) > OPS_WRITTEN_HERE || atomic_exchange(&l->visited, true))
        return false; /* many share one commit: join them */
    size_t count = put_ops(entry, ops);
    fault_clear(&why);
    entry->rc = l->options.type->apply(l->options.store, ops, count, &why);
    atomic_store(&l->visited, false);
    return entry->rc == AIGNE_OK;
}

/* Everything that waits, oldest first. */
static struct ledger_entry *take_all(struct ledger *l)
{
    struct ledger_entry *newest = atomic_exchange(&l->waiting, NULL);
    struct ledger_entry *oldest = NULL;
    while (newest) {
        struct ledger_entry *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

/* The entries from `first` on with at most so many operations; at least one. *end is the one after. */
static size_t count_batch(const struct ledger_entry *first, size_t most,
                          struct ledger_entry **end)
{
    size_t rows = op_count(first);
    struct ledger_entry *e = first->next;
    while (e && rows + op_count(e) <= most) {
        rows += op_count(e);
        e = e->next;
    }
    *end = e;
    return rows;
}

static bool make_room(struct ledger *l, size_t rows)
{
    if (rows <= l->room)
        return true;
    struct store_op *grown = mem_resize(l->ops, rows * sizeof *grown);
    if (!grown)
        return false;
    l->ops = grown;
    l->room = rows;
    return true;
}

static int write_once(struct ledger *l, const struct ledger_entry *first,
                      const struct ledger_entry *end, size_t rows, struct fault *why)
{
    size_t count = 0;
    if (!make_room(l, rows))
        return fault_nomem(why);
    for (const struct ledger_entry *e = first; e != end; e = e->next)
        count += put_ops(e, l->ops + count);
    return count ? l->options.type->apply(l->options.store, l->ops, count, why) : AIGNE_OK;
}

/* What may pass by itself: a full disk, a lock, no memory. */
static bool passing(int rc, const struct fault *why)
{
    return rc == AIGNE_E_NOMEM || why->retry_ms >= 0;
}

static int write_patiently(struct ledger *l, const struct ledger_entry *first,
                           const struct ledger_entry *end, size_t rows, struct fault *why)
{
    int64_t pause_ms = FIRST_PAUSE_MS;
    for (int i = 1;; i++) {
        fault_clear(why);
        why->retry_ms = -1;
        int rc = write_once(l, first, end, rows, why);
        if (!rc || i == (l->options.spool ? TRIES_BEFORE_SPOOL : TRIES) || !passing(rc, why))
            return rc;
        if (i == 1)
            log_line(LOG_WARNING, "ledger", "records must wait: %s", why->text);
        pause_us(pause_ms * 1000);
        pause_ms *= 2;
    }
}

/* Nothing is lost silently: what cannot be stored is at least said, with what it takes to bill it. */
static void report_lost(const struct ledger_entry *e, const struct fault *why)
{
    for (size_t i = 0; i < e->row_count; i++) {
        const struct usage_row *row = &e->rows[i];
        log_line(LOG_ERROR, "ledger",
                 "usage row %.*s of call %.*s lost: %lld prompt and %lld answer tokens, %lld "
                 "billionths of a credit: %s",
                 (int)row->id.n, row->id.p, (int)row->call_id.n, row->call_id.p,
                 (long long)usage_prompt(&row->usage), (long long)usage_answer(&row->usage),
                 (long long)row->credits, why->text);
    }
}

/* Without memory the hold stays until the process ends. */
static void remember_hold(struct ledger *l, struct slice call_id)
{
    struct unreleased *u = call_id.n <= CALL_ID_ROOM ? mem_alloc(sizeof *u) : NULL;
    if (!u)
        return;
    memcpy(u->id, call_id.p, call_id.n);
    u->n = call_id.n;
    u->next = l->unreleased;
    l->unreleased = u;
}

/* Once the store takes changes again. */
static void release_remembered(struct ledger *l)
{
    while (l->unreleased) {
        struct unreleased *u = l->unreleased;
        struct fault why;
        struct money_op money = {.id = slice_of(u->id, u->n)};
        const struct store_op op = {.kind = STORE_INTERRUPT, .money = &money};
        fault_clear(&why);
        if (l->options.type->apply(l->options.store, &op, 1, &why))
            return;
        l->unreleased = u->next;
        mem_free(u);
    }
}

static void finish(struct ledger *l, struct ledger_entry *e, int rc, const struct fault *why)
{
    if (rc)
        report_lost(e, why);
    if (rc && e->money && e->money_kind == STORE_RELEASE)
        remember_hold(l, e->money->id);
    e->rc = rc;
    e->done(e); /* may free the entry */
}

/* One bad row must not take the others with it: each entry for itself, once. */
static void write_singly(struct ledger *l, struct ledger_entry *first, struct ledger_entry *end)
{
    struct ledger_entry *next = NULL;
    for (struct ledger_entry *e = first; e != end; e = next) {
        struct fault why;
        fault_clear(&why);
        next = e->next;
        int rc = write_once(l, e, next, op_count(e), &why);
        finish(l, e, rc, &why);
    }
}

/* The store takes nothing: calls go on without a hold, and records wait for it. */
static void set_aside(struct ledger *l, struct ledger_entry *first, struct ledger_entry *end,
                      int rc, const struct fault *why)
{
    struct ledger_entry *next = NULL;
    if (!atomic_exchange(&l->failing, true) && rc)
        log_line(LOG_ERROR, "ledger", "records wait until the database takes them: %s",
                 why->text);
    for (struct ledger_entry *e = first; e != end; e = next) {
        next = e->next;
        bool hold = e->money && e->money_kind == STORE_HOLD;
        bool kept = hold || spool_keep(l->options.spool, e);
        if (hold)
            e->money->unheld = true;
        finish(l, e, kept ? AIGNE_OK : rc ? rc : AIGNE_E_STORE, why);
    }
}

/* As long as the store takes what waits. */
static void hand_over(struct ledger *l)
{
    struct fault why;
    int rc = AIGNE_OK;
    if (!l->options.spool || !ledger_failing(l) || atomic_load(&l->paused))
        return;
    do {
        fault_clear(&why);
        rc = spool_replay(l->options.spool, &why);
    } while (!rc && spool_waiting(l->options.spool));
    if (rc)
        return;
    atomic_store(&l->failing, false);
    log_line(LOG_WARNING, "ledger", "the database takes changes; no record waits any more");
}

bool ledger_failing(const struct ledger *l)
{
    return atomic_load_explicit(&l->failing, memory_order_relaxed);
}

void ledger_pause(struct ledger *l, bool paused)
{
    atomic_store(&l->paused, paused && l->options.spool);
    if (paused && l->options.spool)
        atomic_store(&l->failing, true);
}

static void write_batch(struct ledger *l, struct ledger_entry *first, struct ledger_entry *end,
                        size_t rows)
{
    struct fault why;
    struct ledger_entry *next = NULL;
    fault_clear(&why);
    if (ledger_failing(l)) {
        set_aside(l, first, end, AIGNE_OK, &why);
        return;
    }
    int rc = write_patiently(l, first, end, rows, &why);
    l->committed_us = clock_monotonic_us();
    l->paid = first->money != NULL;
    if (rc && l->options.spool && passing(rc, &why)) {
        set_aside(l, first, end, rc, &why);
        return;
    }
    if (rc && !passing(rc, &why) && first->next != end) {
        write_singly(l, first, end);
        return;
    }
    for (struct ledger_entry *e = first; e != end; e = next) {
        next = e->next;
        finish(l, e, rc, &why);
    }
}

/* Let others join, when the last commit was only just now. True when it waited. */
static bool keep_distance(struct ledger *l)
{
    int64_t gap = COMMIT_GAP_US - (clock_monotonic_us() - l->committed_us);
    if (gap <= 0)
        return false;
    if (l->without_gap > 0) {
        l->without_gap--;
        return false;
    }
    const struct ledger_entry *newest = atomic_load(&l->waiting);
    pause_us(gap);
    for (int i = 0; l->paid && i < COMING_MOST && newest != atomic_load(&l->waiting); i++) {
        newest = atomic_load(&l->waiting);
        pause_us(COMING_US);
    }
    return true;
}

static void drain(struct ledger *l, bool closing)
{
    bool waited = !closing && keep_distance(l);
    struct ledger_entry *end = NULL;
    struct ledger_entry *first = take_all(l);
    if (waited && first && !first->next)
        l->without_gap = COMMITS_WITHOUT_GAP;
    for (; first; first = end) {
        size_t rows = count_batch(first, LARGEST_BATCH, &end);
        if (!make_room(l, rows)) /* then what there is room for */
            rows = count_batch(first, l->room, &end);
        write_batch(l, first, end, rows);
    }
}

static void tick(struct ledger *l)
{
    int64_t now = clock_monotonic_us();
    if (now - l->ticked_us < TICK_US)
        return;
    hand_over(l);
    release_remembered(l);
    if (l->options.tick)
        l->options.tick(l->options.user);
    l->ticked_us = clock_monotonic_us();
}

/* Until there is work, or a tick is due. */
static void rest(struct ledger *l)
{
    int64_t until_tick = TICK_US - (clock_monotonic_us() - l->ticked_us);
    atomic_store(&l->asleep, 1);
    /* Whoever submits after this look finds us asleep and wakes us. */
    if (!atomic_load(&l->waiting) && !atomic_load(&l->closing) && until_tick > 0)
        futex_wait(&l->asleep, 1, until_tick);
    atomic_store(&l->asleep, 0);
}

static void *run(void *user)
{
    struct ledger *l = user;
    for (;;) {
        bool closing = atomic_load(&l->closing);
        if (atomic_load(&l->waiting)) {
            drain(l, closing);
        } else if (closing) {
            return NULL;
        } else {
            rest(l);
        }
        if (!closing)
            tick(l);
    }
}

/* The host's signals are for the host's threads. */
static int start_thread(struct ledger *l)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&l->thread, NULL, run, l);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

int ledger_open(const struct ledger_options *options, struct ledger **out, struct fault *why)
{
    *out = NULL;
    struct ledger *l = mem_alloc_zero(sizeof *l);
    if (!l)
        return fault_nomem(why);
    l->options = *options;
    l->room = FIRST_ROOM;
    l->ops = mem_alloc(FIRST_ROOM * sizeof *l->ops);
    l->ticked_us = clock_monotonic_us();
    atomic_init(&l->failing, options->spool && spool_waiting(options->spool));
    hand_over(l);
    *out = l; /* before the thread looks there */
    if (!l->ops || start_thread(l) != 0) {
        *out = NULL;
        int rc = l->ops ? fault_set(why, AIGNE_E_INTERNAL, "No thread could be started.")
                        : fault_nomem(why);
        mem_free(l->ops);
        mem_free(l);
        return rc;
    }
    return AIGNE_OK;
}

void ledger_close(struct ledger *l)
{
    if (!l)
        return;
    atomic_store(&l->closing, true);
    ledger_wake(l);
    pthread_join(l->thread, NULL);
    hand_over(l);
    release_remembered(l);
    while (l->unreleased) {
        struct unreleased *u = l->unreleased;
        l->unreleased = u->next;
        mem_free(u);
    }
    mem_free(l->ops);
    mem_free(l);
}
