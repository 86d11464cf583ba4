/* Knows how records come into the store, and what becomes of them when it fails; refuses to know when they are
 * written. */
#define _POSIX_C_SOURCE 200809L
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "hub/ledger_state.h"
#include "hub/spool.h"
#include <aignehub/aignehub.h>

#define CALL_ID_ROOM 40

/* A hold that could not be released: the call is over, its row is lost. */
struct unreleased {
    struct unreleased *next;
    size_t n;
    int64_t place;
    char id[CALL_ID_ROOM];
};

enum {
    OPS_WRITTEN_HERE = 8,
    TRIES = 8,
    TRIES_BEFORE_SPOOL = 3,
    FIRST_PAUSE_MS = 5 /* doubled with each further try: 1.3 s in all */
};

size_t ledger_spooled(const struct ledger *l)
{
    return l->options.spool && !ledger_failing(l) ? spool_waiting(l->options.spool) : 0;
}

/* The row of a call that has only begun tells what its hold is about. */
static size_t row_count(const struct ledger_entry *e)
{
    return e->money_kind == STORE_NOTE ? 0 : e->row_count;
}

size_t ledger_op_count(const struct ledger_entry *e)
{
    return row_count(e) + (e->money != NULL) + (e->answer != NULL);
}

/* Money first: the row of a settled call finds its hold gone. */
static size_t put_ops(const struct ledger_entry *e, struct store_op *ops)
{
    size_t count = 0;
    if (e->money)
        ops[count++] = (struct store_op){.kind = e->money_kind, .money = e->money};
    for (size_t i = 0; i < row_count(e); i++)
        ops[count++] = (struct store_op){.kind = STORE_USAGE, .usage = &e->rows[i]};
    if (e->answer)
        ops[count++] = (struct store_op){.kind = STORE_ANSWER, .answer = e->answer};
    return count;
}

static bool is_refused(const struct ledger_entry *e)
{
    return e->money && e->money->refused;
}

/* Whether there is more for who is refused than the store knows. */
static bool recall(struct ledger *l, const struct ledger_entry *e)
{
    return escrow_recall(&l->escrows, e->money->account);
}

bool ledger_write_here(struct ledger *l, struct ledger_entry *entry)
{
    struct store_op ops[OPS_WRITTEN_HERE];
    struct fault why;
    bool alone = !atomic_load(&l->waiting) && atomic_load(&l->asleep) != AWAKE &&
                 !ledger_failing(l) &&
                 !ledger_spooled(l); /* a hold finds what was released before */
    if (!alone || ledger_op_count(entry) > OPS_WRITTEN_HERE ||
        atomic_exchange(&l->visited, true))
        return false; /* many share one commit: join them */
    size_t count = put_ops(entry, ops);
    bool before = entry->money_kind == STORE_HOLD && recall(l, entry);
    fault_clear(&why);
    entry->rc = l->options.type->apply(l->options.store, ops, count, &why);
    atomic_store(&l->visited, false);
    return entry->rc == AIGNE_OK && !(is_refused(entry) && (before || recall(l, entry)));
}

bool ledger_make_room(struct ledger *l, size_t rows)
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

/* What a transaction takes. */
struct batch {
    struct ledger_entry *first;
    struct ledger_entry *end;
    size_t rows;
    bool spooled; /* what waits in the spool, too, which comes first */
    bool again;   /* only those that were refused, behind what was set aside ahead for them */
};

/* The changes of what is set aside ahead, in the transactions that take what came of it. */
static size_t change_escrows(struct ledger *l, const struct batch *b, struct store_op *ops)
{
    int64_t now = clock_monotonic_us();
    if (b->again)
        return escrows_change(&l->escrows, ESCROW_RECALL, ops);
    if (!b->spooled || now - l->looked_us < LEDGER_SPOOL_GAP_US)
        return 0;
    l->looked_us = now;
    return escrows_change(&l->escrows, ESCROW_REFILL, ops);
}

static int write_once(struct ledger *l, const struct batch *b, struct fault *why)
{
    struct spool *spool = b->spooled && ledger_spooled(l) ? l->options.spool : NULL;
    int rc = spool ? spool_settle(spool, why) : AIGNE_OK;
    if (rc)
        return rc;
    size_t room = spool ? spool_next(spool, SPOOLED_AT_ONCE) : 0;
    if (!ledger_make_room(l, room + b->rows + ESCROWS))
        return fault_nomem(why);
    size_t count = room ? spool_put(spool, l->ops) : 0;
    if (room && !count)
        return fault_nomem(why);
    count += change_escrows(l, b, l->ops + count);
    for (const struct ledger_entry *e = b->first; e != b->end; e = e->next)
        if (!b->again || e->rc)
            count += put_ops(e, l->ops + count);
    rc = count ? l->options.type->apply(l->options.store, l->ops, count, why) : AIGNE_OK;
    escrows_changed(&l->escrows, !rc);
    if (!rc && room) {
        spool_took(spool);
        l->emptied_us = clock_monotonic_us();
    }
    return rc;
}

bool ledger_passing(int rc, const struct fault *why)
{
    return rc == AIGNE_E_NOMEM || why->retry_ms >= 0;
}

static int write_patiently(struct ledger *l, const struct batch *b, struct fault *why)
{
    int64_t pause_ms = FIRST_PAUSE_MS;
    for (int i = 1;; i++) {
        fault_clear(why);
        why->retry_ms = -1;
        int rc = write_once(l, b, why);
        if (!rc || i == (l->options.spool ? TRIES_BEFORE_SPOOL : TRIES) ||
            !ledger_passing(rc, why))
            return rc;
        if (i == 1)
            log_line(LOG_WARNING, "ledger", "records must wait: %s", why->text);
        clock_pause_us(pause_ms * 1000);
        pause_ms *= 2;
    }
}

void ledger_report_lost(const struct usage_row *row, const struct fault *why)
{
    log_line(LOG_ERROR, "ledger",
             "usage row %.*s of call %.*s lost: %lld prompt and %lld answer tokens, %lld "
             "billionths of a credit: %s",
             (int)row->id.n, row->id.p, (int)row->call_id.n, row->call_id.p,
             (long long)usage_prompt(&row->usage), (long long)usage_answer(&row->usage),
             (long long)row->credits, why->text);
}

/* Without memory the hold stays until the process ends. */
static void remember_hold(struct ledger *l, const struct money_op *hold)
{
    struct unreleased *u = hold->id.n <= CALL_ID_ROOM ? mem_alloc(sizeof *u) : NULL;
    if (!u)
        return;
    memcpy(u->id, hold->id.p, hold->id.n);
    u->n = hold->id.n;
    u->place = hold->place;
    u->next = l->unreleased;
    l->unreleased = u;
}

/* Once the store takes changes again. */
static void release_remembered(struct ledger *l)
{
    while (l->unreleased) {
        struct unreleased *u = l->unreleased;
        struct fault why;
        struct money_op money = {.id = slice_of(u->id, u->n), .place = u->place};
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
    for (size_t i = 0; rc && i < row_count(e); i++)
        ledger_report_lost(&e->rows[i], why);
    if (rc && e->money && e->money_kind == STORE_RELEASE)
        remember_hold(l, e->money);
    if (rc && e->money_kind == STORE_NOTE)
        escrow_untake(&l->escrows, e->money);
    e->rc = rc;
    e->done(e); /* may free the entry */
}

/* The store takes nothing: calls go on without a hold, and records wait for it. */
static void set_aside(struct ledger *l, struct ledger_entry *first, struct ledger_entry *end,
                      int rc, const struct fault *why)
{
    struct ledger_entry *next = NULL;
    enum spool_need need = rc ? SPOOL_MAYBE_THERE : SPOOL_ON_DISK;
    if (!atomic_exchange(&l->failing, true) && rc)
        log_line(LOG_ERROR, "ledger", "records wait until the database takes them: %s",
                 why->text);
    for (struct ledger_entry *e = first; e != end; e = next) {
        next = e->next;
        bool noted = e->money_kind == STORE_NOTE;
        bool hold = noted || (e->money && e->money_kind == STORE_HOLD);
        e->next = NULL;
        e->rc = AIGNE_OK;
        if (!hold && ledger_op_count(e))
            spool_keep(l->options.spool, e, need);
        if (hold)
            e->money->unheld = true;
        if (noted)
            escrow_untake(&l->escrows, e->money);
        finish(l, e, e->rc && rc ? rc : e->rc, why);
    }
}

/* One bad row must not take the others with it: each entry for itself, once. */
static void write_singly(struct ledger *l, struct ledger_entry *first, struct ledger_entry *end)
{
    struct ledger_entry *next = NULL;
    struct fault why;
    int rc = ledger_spooled(l) ? spool_replay(l->options.spool, &why) : AIGNE_OK;
    if (rc) {
        set_aside(l, first, end, rc, &why);
        return;
    }
    for (struct ledger_entry *e = first; e != end; e = next) {
        fault_clear(&why);
        next = e->next;
        rc = write_once(l, &(struct batch){e, next, ledger_op_count(e), true, false}, &why);
        finish(l, e, rc, &why);
    }
}

/* Once the store takes what waits. */
static void hand_over(struct ledger *l)
{
    struct fault why;
    if (!l->options.spool || !ledger_failing(l) || atomic_load(&l->paused))
        return;
    int rc = spool_adopt(l->options.spool, &why);
    if (rc >= 0)
        rc = spool_replay(l->options.spool, &why);
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

/* What is to be set aside is given to most without a look at what came back since: that only makes it less. */
static bool may_go_first(const struct ledger *l, const struct batch *b)
{
    for (const struct ledger_entry *e = b->first; e != b->end; e = e->next)
        if (!e->money || e->money_kind != STORE_HOLD || e->row_count || e->answer)
            return false;
    return b->first && ledger_until_due(l) > 0;
}

/* Who was refused is asked again once all that is there was counted. When that fails, all is as it was. */
static void ask_again(struct ledger *l, struct batch *b, struct fault *why)
{
    b->spooled = b->again = true;
    if (write_patiently(l, b, why) == AIGNE_OK)
        return;
    for (struct ledger_entry *e = b->first; e != b->end; e = e->next)
        if (e->rc) {
            e->money->refused = true;
            e->money->place = 0;
        }
}

static int write_batch(struct ledger *l, struct batch *b, struct fault *why)
{
    b->spooled = !may_go_first(l, b);
    int rc = write_patiently(l, b, why);
    bool more = false;
    for (struct ledger_entry *e = b->first; e != b->end && !rc; e = e->next) {
        e->rc = is_refused(e);
        more |= e->rc && (recall(l, e) || (!b->spooled && ledger_spooled(l)));
    }
    if (more)
        ask_again(l, b, why);
    return rc;
}

void ledger_write_batch(struct ledger *l, struct ledger_entry *first, struct ledger_entry *end,
                        size_t rows)
{
    struct fault why;
    struct ledger_entry *next = NULL;
    fault_clear(&why);
    if (ledger_failing(l)) {
        set_aside(l, first, end, AIGNE_OK, &why);
        return;
    }
    int rc = write_batch(l, &(struct batch){.first = first, .end = end, .rows = rows}, &why);
    l->committed_us = clock_monotonic_us();
    l->holding = first && first->money_kind == STORE_HOLD;
    if (rc && l->options.spool && ledger_passing(rc, &why)) {
        set_aside(l, first, end, rc, &why);
        return;
    }
    bool several = ledger_spooled(l) || (first && first->next != end);
    if (rc && !ledger_passing(rc, &why) && several) {
        write_singly(l, first, end);
        return;
    }
    for (struct ledger_entry *e = first; e != end; e = next) {
        next = e->next;
        finish(l, e, rc, &why);
    }
}

void ledger_cool(struct ledger *l, enum escrow_look look)
{
    struct fault why;
    if (ledger_failing(l) || !ledger_make_room(l, ESCROWS))
        return;
    size_t count = escrows_change(&l->escrows, look, l->ops);
    int rc = count ? l->options.type->apply(l->options.store, l->ops, count, &why) : AIGNE_OK;
    escrows_changed(&l->escrows, !rc);
}

void ledger_catch_up(struct ledger *l)
{
    hand_over(l);
    release_remembered(l);
}

void ledger_forget(struct ledger *l)
{
    while (l->unreleased) {
        struct unreleased *u = l->unreleased;
        l->unreleased = u->next;
        mem_free(u);
    }
}
