/* Knows who may go on, who waits and whose turn is next; refuses to know what a call is and what the time is. */
#define _POSIX_C_SOURCE 200809L
#include "hub/limit_counter.h"
#include <aignehub/aignehub.h>
#include <string.h>

#define LOOK_US      INT64_C(20000)   /* between two looks at what another process gives back */
#define FORGOTTEN_US INT64_C(1000000) /* since the last one */

/* In the order of their addresses, for the locks. */
static bool place_part(struct limit_claim *c, struct limit_part part)
{
    size_t at = 0;
    while (at < c->count && c->parts[at].counter < part.counter)
        at++;
    if (c->count == LIMIT_PARTS || (at < c->count && c->parts[at].counter == part.counter))
        return false;
    memmove(&c->parts[at + 1], &c->parts[at], (c->count - at) * sizeof *c->parts);
    c->parts[at] = part;
    c->count++;
    return true;
}

int limit_claim_add(struct limit_claim *c, const struct limit_rule *rules, struct slice subject,
                    int64_t now_us)
{
    for (const struct limit_rule *r = rules; r; r = r->same) {
        struct limit_counter *counter = limit_counter_use(c->limiter, r->name, subject, now_us);
        if (!counter)
            return AIGNE_E_NOMEM;
        if (!place_part(c, (struct limit_part){.rule = r, .counter = counter}))
            limit_counter_leave(c->limiter, counter);
    }
    return AIGNE_OK;
}

/* ---- queues: under the counter's lock ---- */

static struct limit_share *share_of(const struct limit_claim *c, struct limit_counter *counter)
{
    return &counter->share[limiter_table(c->limiter)->me];
}

static void call_first(struct limit_share *mine)
{
    struct list *first = list_first(&mine->queue);
    struct limit_claim *c = first ? LIST_OWNER(first, struct limit_claim, place) : NULL;
    if (!c || c->called)
        return;
    c->called = true;
    c->wake(c);
}

/* What other processes see of the queue. */
static void note_first(struct limit_share *mine, int64_t now_us)
{
    struct list *first = list_first(&mine->queue);
    mine->ticket = first ? LIST_OWNER(first, struct limit_claim, place)->ticket : 0;
    mine->tried_us = now_us;
}

static void leave_queue(struct limit_claim *c, int64_t now_us)
{
    struct limit_counter *counter = c->waits_at;
    struct limit_share *mine = share_of(c, counter);
    bool was_first = list_first(&mine->queue) == &c->place;
    list_remove(&c->place);
    counter->waiting--;
    mine->waiting--;
    c->waits_at = NULL;
    if (!was_first)
        return;
    note_first(mine, now_us);
    call_first(mine);
}

static void join_queue(struct limit_claim *c, struct limit_counter *counter)
{
    struct limit_share *mine = share_of(c, counter);
    list_init(&c->place);
    list_append(&mine->queue, &c->place);
    counter->waiting++;
    mine->waiting++;
    c->ticket = ++counter->tickets;
    c->called = false;
    c->waits_at = counter;
}

bool limit_claim_leave(struct limit_claim *c, bool woken)
{
    struct limit_counter *counter = c->waits_at;
    if (!counter)
        return true;
    limit_counter_lock(counter);
    bool called = c->called && !woken;
    if (!called)
        leave_queue(c, share_of(c, counter)->tried_us);
    limit_counter_unlock(counter);
    return !called;
}

/* ---- taking: under the locks of all counters ---- */

/* Others were there before. Another process that lets its first one wait without trying is not waited for. */
static bool must_queue(const struct limit_claim *c, struct limit_counter *counter,
                       int64_t now_us)
{
    int64_t ticket = c->waits_at == counter ? c->ticket : INT64_MAX;
    const struct limit_share *mine = share_of(c, counter);
    if (!counter->waiting)
        return false;
    for (const struct limit_share *s = counter->share; s < counter->share + LIMIT_SHARES; s++)
        if (s->ticket && s->ticket < ticket &&
            (s == mine || now_us - s->tried_us < FORGOTTEN_US))
            return true;
    return false;
}

static int64_t tokens_wanted(const struct limit_claim *c, const struct limit_rule *rule)
{
    int64_t cut = c->tokens < rule->tokens ? c->tokens : rule->tokens;
    return cut > c->least ? cut : c->least;
}

static struct limit_verdict refusal(const struct limit_part *by, const char *what,
                                    int64_t number, int64_t retry_us)
{
    return (struct limit_verdict){LIMIT_REFUSED, by, what, number, retry_us};
}

static struct limit_verdict ask_requests(const struct limit_part *part, int64_t now_us)
{
    struct window *w = &part->counter->requests;
    int64_t limit = part->rule->requests;
    int64_t over = window_sum(w, now_us) + 1 - limit;
    if (!limit || over <= 0)
        return (struct limit_verdict){.answer = LIMIT_LET_IN};
    return refusal(part, "requests a minute", limit, window_wait(w, now_us, over));
}

/* What still runs leaves no one knows when. */
static struct limit_verdict ask_tokens(const struct limit_claim *c, struct limit_part *part,
                                       int64_t now_us)
{
    struct limit_counter *counter = part->counter;
    int64_t limit = part->rule->tokens;
    part->held = limit ? tokens_wanted(c, part->rule) : 0;
    int64_t over =
        limit ? window_sum(&counter->tokens, now_us) + counter->held + part->held - limit : 0;
    if (over <= 0)
        return (struct limit_verdict){.answer = LIMIT_LET_IN};
    int64_t wait = window_wait(&counter->tokens, now_us, over);
    if (part->held <= limit && wait == INT64_MAX)
        wait = -1;
    return refusal(part, "tokens a minute", limit, part->held > limit ? INT64_MAX : wait);
}

static struct limit_verdict ask_part(const struct limit_claim *c, struct limit_part *part,
                                     int64_t now_us)
{
    struct limit_verdict v = ask_requests(part, now_us);
    if (v.answer == LIMIT_LET_IN)
        v = ask_tokens(c, part, now_us);
    if (v.answer != LIMIT_LET_IN)
        return v;
    if (part->rule->concurrent && part->counter->running >= part->rule->concurrent)
        return refusal(part, "calls at the same time", part->rule->concurrent, -1);
    if (must_queue(c, part->counter, now_us))
        return refusal(part, "calls that wait already", part->counter->waiting, -1);
    return v;
}

/* The one that takes longest decides when to come again. */
static struct limit_verdict ask_all(struct limit_claim *c, int64_t now_us)
{
    struct limit_verdict worst = {.answer = LIMIT_LET_IN};
    for (size_t i = 0; i < c->count; i++) {
        struct limit_verdict v = ask_part(c, &c->parts[i], now_us);
        if (v.answer != LIMIT_LET_IN &&
            (worst.answer == LIMIT_LET_IN || v.retry_us > worst.retry_us))
            worst = v;
    }
    return worst;
}

static void take_all(struct limit_claim *c, int64_t now_us)
{
    for (size_t i = 0; i < c->count; i++) {
        struct limit_counter *counter = c->parts[i].counter;
        struct limit_share *mine = share_of(c, counter);
        counter->running++;
        mine->running++;
        counter->held += c->parts[i].held;
        mine->held += c->parts[i].held;
        window_add(&counter->requests, now_us, 1);
    }
    c->held = true;
    c->taken_us = now_us;
}

/* Nobody else's process can wake us: who is the first of ours looks again. */
static void come_again(const struct limit_claim *c, struct limit_verdict *v, int64_t now_us)
{
    struct limit_share *mine = share_of(c, c->waits_at);
    note_first(mine, now_us);
    if (mine->ticket == c->ticket && (v->retry_us < 0 || v->retry_us > LOOK_US) &&
        limit_table_has_others(limiter_table(c->limiter)))
        v->retry_us = LOOK_US;
}

static struct limit_verdict queue_or_refuse(struct limit_claim *c, struct limit_verdict v,
                                            bool may_wait, int64_t now_us)
{
    struct limit_counter *counter = v.by->counter;
    bool there = c->waits_at == counter;
    bool room = counter->waiting < v.by->rule->queue;
    if (may_wait && v.retry_us != INT64_MAX && (there || room)) {
        v.answer = LIMIT_WAIT;
        if (!there && c->waits_at)
            leave_queue(c, now_us);
        if (!there)
            join_queue(c, counter);
        come_again(c, &v, now_us);
        return v;
    }
    if (c->waits_at)
        leave_queue(c, now_us);
    return v;
}

static void note_standing(struct limit_standing *s, int64_t limit, int64_t used,
                          struct window *w, int64_t now_us)
{
    int64_t remaining = used < limit ? limit - used : 0;
    if (!limit || (s->limit && s->remaining <= remaining))
        return;
    int64_t sum = window_sum(w, now_us);
    *s = (struct limit_standing){limit, remaining, window_wait(w, now_us, sum)};
}

static void note_standings(struct limit_claim *c, int64_t now_us)
{
    c->requests = c->spent = (struct limit_standing){0};
    for (size_t i = 0; i < c->count; i++) {
        const struct limit_rule *rule = c->parts[i].rule;
        struct limit_counter *counter = c->parts[i].counter;
        note_standing(&c->requests, rule->requests, window_sum(&counter->requests, now_us),
                      &counter->requests, now_us);
        note_standing(&c->spent, rule->tokens,
                      window_sum(&counter->tokens, now_us) + counter->held, &counter->tokens,
                      now_us);
    }
}

struct limit_verdict limit_claim_take(struct limit_claim *c, bool may_wait, bool woken,
                                      int64_t now_us)
{
    struct limit_verdict v = {.answer = LIMIT_WAIT, .retry_us = -1};
    for (size_t i = 0; i < c->count; i++)
        limit_counter_lock(c->parts[i].counter);
    if (woken || !c->waits_at || !c->called) {
        c->called = false;
        v = ask_all(c, now_us);
        if (v.answer == LIMIT_LET_IN) {
            take_all(c, now_us);
            if (c->waits_at)
                leave_queue(c, now_us);
        } else {
            v = queue_or_refuse(c, v, may_wait, now_us);
        }
        note_standings(c, now_us);
    }
    for (size_t i = c->count; i > 0; i--)
        limit_counter_unlock(c->parts[i - 1].counter);
    return v;
}

/* ---- giving back ---- */

/* What each part does with its counter, under its lock. */
static void give_back(struct limit_claim *c, bool as_never, int64_t used, int64_t now_us)
{
    for (size_t i = 0; i < c->count; i++) {
        struct limit_counter *counter = c->parts[i].counter;
        if (c->held) {
            limit_counter_lock(counter);
            struct limit_share *mine = share_of(c, counter);
            counter->running--;
            mine->running--;
            counter->held -= c->parts[i].held;
            mine->held -= c->parts[i].held;
            if (as_never)
                window_take_back(&counter->requests, c->taken_us, now_us, 1);
            else
                window_add(&counter->tokens, now_us, used);
            call_first(mine);
            limit_counter_unlock(counter);
        }
        limit_counter_leave(c->limiter, counter);
    }
    c->count = 0;
    c->held = false;
}

void limit_claim_release(struct limit_claim *c, int64_t used, int64_t now_us)
{
    give_back(c, false, used, now_us);
}

void limit_claim_undo(struct limit_claim *c, int64_t now_us)
{
    give_back(c, true, 0, now_us);
}
