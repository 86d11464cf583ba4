/* Knows when the thread writes and what it writes together; refuses to know what the records say. */
#define _GNU_SOURCE
#include "hub/ledger.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/mem.h"
#include "hub/ledger_state.h"
#include "hub/spool.h"
#include <aignehub/aignehub.h>
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    FIRST_ROOM = 64,      /* operations there is always room for, besides those of escrows */
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
    TICK_US = LEDGER_TICK_MS * 1000
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

void ledger_wake(struct ledger *l)
{
    /* Only who finds it asleep pays for the system call. */
    if (atomic_load(&l->asleep) != AWAKE && atomic_exchange(&l->asleep, AWAKE) != AWAKE)
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

/* Who is told what a budget has come to must wait for it. */
static bool needs_answer(const struct ledger_entry *e)
{
    if (e->answer || (e->money && (e->money_kind != STORE_RELEASE || e->money->claim_count)))
        return true;
    for (size_t i = 0; i < e->row_count; i++)
        if (e->rows[i].claim_count)
            return true;
    return false;
}

bool ledger_may_keep(const struct ledger *l, const struct ledger_entry *entry)
{
    return !l->options.wait && l->options.spool && !ledger_failing(l) && !needs_answer(entry);
}

bool ledger_hold(struct ledger *l, struct ledger_entry *entry)
{
    struct money_op *money = entry->money;
    if (!l->options.spool || ledger_failing(l) || !money->account.n || money->claim_count ||
        !escrow_take(&l->escrows, money))
        return false;
    entry->money_kind = STORE_NOTE;
    entry->rows = money->row;
    entry->row_count = 1;
    return true;
}

void ledger_keep(struct ledger *l, struct ledger_entry *first)
{
    spool_keep(l->options.spool, first, SPOOL_LIKE_STORE);
    if (atomic_load(&l->asleep) == ASLEEP)
        ledger_wake(l);
}

struct flush {
    struct ledger_entry entry;
    sem_t done;
};

static void flushed(struct ledger_entry *self)
{
    sem_post(&LIST_OWNER(self, struct flush, entry)->done);
}

void ledger_flush(struct ledger *l)
{
    struct flush f = {.entry = {.done = flushed}};
    if (l->options.spool)
        spool_await_others(l->options.spool);
    if (!ledger_spooled(l) || sem_init(&f.done, 0, 0))
        return;
    ledger_submit(l, &f.entry);
    while (sem_wait(&f.done) != 0 && errno == EINTR)
        ;
    sem_destroy(&f.done);
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
    size_t rows = ledger_op_count(first);
    struct ledger_entry *e = first->next;
    while (e && rows + ledger_op_count(e) <= most) {
        rows += ledger_op_count(e);
        e = e->next;
    }
    *end = e;
    return rows;
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
    clock_pause_us(gap);
    for (int i = 0; l->holding && i < COMING_MOST && newest != atomic_load(&l->waiting); i++) {
        newest = atomic_load(&l->waiting);
        clock_pause_us(COMING_US);
    }
    return true;
}

static void drain(struct ledger *l, bool closing)
{
    bool waited = !closing && atomic_load(&l->waiting) && keep_distance(l);
    struct ledger_entry *end = NULL;
    struct ledger_entry *first = take_all(l);
    if (waited && first && !first->next)
        l->without_gap = COMMITS_WITHOUT_GAP;
    while (ledger_spooled(l) > SPOOLED_AT_ONCE || (ledger_spooled(l) && !first))
        ledger_write_batch(l, NULL, NULL, 0);
    for (; first; first = end) {
        size_t rows = count_batch(first, LARGEST_BATCH, &end);
        if (!ledger_make_room(l, rows + ESCROWS)) /* then what there is room for */
            rows = count_batch(first, l->room - ESCROWS, &end);
        ledger_write_batch(l, first, end, rows);
    }
}

static void tick(struct ledger *l)
{
    int64_t now = clock_monotonic_us();
    if (now - l->ticked_us < TICK_US)
        return;
    ledger_catch_up(l);
    ledger_cool(l, ESCROW_COOL);
    if (l->options.tick)
        l->options.tick(l->options.user);
    l->ticked_us = clock_monotonic_us();
}

int64_t ledger_until_due(const struct ledger *l)
{
    return LEDGER_SPOOL_GAP_US - (clock_monotonic_us() - l->emptied_us);
}

/* Until there is work, or a tick is due. */
static void rest(struct ledger *l)
{
    int64_t longest = TICK_US - (clock_monotonic_us() - l->ticked_us);
    int64_t due = ledger_until_due(l);
    enum ledger_sleep how = due > 0 ? DOZING : ASLEEP;
    if (how == DOZING && due < longest)
        longest = due;
    atomic_store(&l->asleep, how);
    /* Whoever has something after this look finds us asleep and wakes us. */
    if (!atomic_load(&l->waiting) && !atomic_load(&l->closing) && longest > 0 &&
        (how == DOZING || !ledger_spooled(l)))
        futex_wait(&l->asleep, how, longest);
    atomic_store(&l->asleep, AWAKE);
}

/* Who sleeps little is let on a processor in the midst of another's turn, and calls must not wait for a
 * record that nobody waits for. */
static void step_back(void)
{
    const struct sched_param none = {0};
    (void)pthread_setschedparam(pthread_self(), SCHED_BATCH, &none);
}

static void *run(void *user)
{
    struct ledger *l = user;
    step_back();
    for (;;) {
        bool closing = atomic_load(&l->closing);
        if (atomic_load(&l->waiting) ||
            (ledger_spooled(l) && (closing || ledger_until_due(l) <= 0))) {
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
    l->room = FIRST_ROOM + ESCROWS;
    l->ops = mem_alloc(l->room * sizeof *l->ops);
    l->ticked_us = clock_monotonic_us();
    escrows_init(&l->escrows);
    atomic_init(&l->failing, options->spool && spool_adopt(options->spool, why) < 0);
    *out = l; /* before the thread looks there */
    if (!l->ops || start_thread(l) != 0) {
        *out = NULL;
        int rc = l->ops ? fault_set(why, AIGNE_E_INTERNAL, "No thread could be started.")
                        : fault_nomem(why);
        escrows_free(&l->escrows);
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
    ledger_catch_up(l);
    ledger_cool(l, ESCROW_CLOSE);
    ledger_forget(l);
    escrows_free(&l->escrows);
    mem_free(l->ops);
    mem_free(l);
}
