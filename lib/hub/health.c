/* Knows how outcomes change the state that threads share, and how it is read; refuses to know which
 * failures count and how long one waits. */
#include "hub/health.h"
#include "base/code.h"
#include "base/log.h"
#include "hub/blame.h"
#include "hub/breaker.h"
#include "hub/events.h"
#include "hub/health_entry.h"
#include "hub/latency.h"
#include <aignehub/aignehub.h>
#include <stdio.h>
#include <string.h>

/* A provider's failures come and go; a refused key is mended by people. */
static const struct breaker_rules model_rules = {.window_ms = 30000,
                                                 .failures = 3,
                                                 .percent = 50,
                                                 .first_ms = 1000,
                                                 .longest_ms = 15000,
                                                 .lease_ms = 30000};
static const struct breaker_rules credential_rules = {.window_ms = 600000,
                                                      .failures = 1,
                                                      .percent = 0,
                                                      .first_ms = 5000,
                                                      .longest_ms = 3 * 3600 * 1000,
                                                      .lease_ms = 30000};

/* How long less is asked of a credential after it was asked too much. */
#define LOWERED_MS 60000
/* Who has no credit left gets none within a second. */
#define UNPAID_MS       ((int64_t)60000)
#define PACE_LARGEST_MS ((int64_t)24 * 3600 * 1000)
/* Where nobody says how long: of who refuses again and again. */
#define PACE_GROWN_MS ((int64_t)60000)
/* Who fails so often without an answer in between, nor one lately, seems dead, and where there is nobody else
 * is asked by one call at a time, which is waited for so long; of who is to wait as he said, either is enough.
 * Who answers now and then is worth more to callers than nobody. */
#define DEAD_MISSES 5u
#define DEAD_MS     ((int64_t)250)
#define COOLS_MS    ((int64_t)1000)
#define KNOCK_MS    ((int64_t)1000)

static const struct breaker_rules *rules_of(const struct health_entry *e)
{
    return e->is_credential ? &credential_rules : &model_rules;
}

/* ---- reading ---- */

struct health_entry *health_model(const struct health_provider *p, struct slice model)
{
    struct health_entry *e = atomic_load_explicit(&p->models, memory_order_acquire);
    while (e && !slice_eq(e->name, model))
        e = e->next;
    return e;
}

struct health_view health_look(const struct health_entry *e, int64_t now_ms)
{
    struct health_view view = {.condition = HEALTH_READY};
    if (!e)
        return view;
    struct breaker b = breaker_unpack(atomic_load_explicit(&e->breaker, memory_order_relaxed));
    int64_t paced = atomic_load_explicit(&e->paced_until_ms, memory_order_relaxed);
    if (b.phase != BREAKER_CLOSED) {
        view.condition = e->is_credential ? HEALTH_DISABLED : HEALTH_OPEN;
        view.due_ms = b.at_ms;
    } else if (now_ms < paced) {
        view.condition = HEALTH_PACED;
        view.due_ms = paced;
    } else {
        view.lowered = paced && now_ms < paced + LOWERED_MS;
    }
    return view;
}

int64_t health_latency(const struct health_entry *e, int64_t now_ms)
{
    return latency_read(atomic_load_explicit(&e->latency, memory_order_relaxed), now_ms);
}

/* ---- measuring ---- */

void health_begin(struct health_entry *e)
{
    atomic_fetch_add_explicit(&e->in_flight, 1, memory_order_relaxed);
}

void health_end(struct health_entry *e, int64_t now_ms, int64_t took_us, bool failed)
{
    atomic_fetch_sub_explicit(&e->in_flight, 1, memory_order_relaxed);
    uint64_t old = atomic_load(&e->latency);
    while (took_us >= 0 &&
           !atomic_compare_exchange_weak(
               &e->latency, &old, (failed ? latency_fail : latency_note)(old, now_ms, took_us)))
        continue;
}

bool health_doubted(const struct health_entry *e, int64_t now_ms)
{
    return latency_doubted(atomic_load_explicit(&e->latency, memory_order_relaxed), now_ms);
}

/* ---- changing ---- */

static void count_trouble(struct health_entry *e, bool before, bool after)
{
    if (after && !before)
        atomic_fetch_add_explicit(&e->owner->troubled, 1, memory_order_relaxed);
    if (before && !after)
        atomic_fetch_sub_explicit(&e->owner->troubled, 1, memory_order_relaxed);
}

static bool replace(struct health_entry *e, uint64_t *old, uint64_t new)
{
    if (!atomic_compare_exchange_weak(&e->breaker, old, new))
        return false;
    count_trouble(e, *old != 0, new != 0);
    return true;
}

bool health_claim(struct health_entry *e, int64_t now_ms)
{
    uint64_t old = atomic_load(&e->breaker);
    for (;;) {
        struct breaker b = breaker_unpack(old);
        if (!breaker_probe(&b, rules_of(e), now_ms))
            return false;
        if (replace(e, &old, breaker_pack(&b)))
            return true;
    }
}

/* How long it is not to be asked, as it said when it refused; 0: it may be. */
static int64_t cools_ms(struct health_entry *e, int64_t now_ms)
{
    int64_t left = atomic_load(&e->paced_until_ms) - now_ms;
    return left > 0 && atomic_load(&e->refused_rc) ? left : 0;
}

bool health_knock(struct health_entry *e, int64_t now_ms)
{
    int64_t last = atomic_load(&e->knocked_ms);
    bool cools = cools_ms(e, now_ms) != 0;
    bool missed = atomic_load(&e->misses) >= DEAD_MISSES;
    bool silent = now_ms - atomic_load(&e->answered_ms) >= (cools ? COOLS_MS : DEAD_MS);
    bool disabled = health_look(e, now_ms).condition == HEALTH_DISABLED;
    bool helpless = disabled || (cools ? missed || silent : missed && silent);
    return !helpless || (now_ms - last >= KNOCK_MS &&
                         atomic_compare_exchange_strong(&e->knocked_ms, &last, now_ms));
}

void health_tell(struct health_entry *e, int64_t now_ms, struct fault *why)
{
    int64_t left = cools_ms(e, now_ms);
    health_lock(e->owner->health);
    why->http = left ? e->refused_http : 503;
    why->upstream = left != 0;
    why->retry_ms = left ? left : KNOCK_MS;
    fault_set(
        why, left ? atomic_load(&e->refused_rc) : AIGNE_E_UPSTREAM,
        "%.*s%s%.*s keeps failing (%s): until it answers it is asked by one call at a time.",
        (int)e->owner->name.n, e->owner->name.p, e->is_credential ? "" : "/",
        e->is_credential ? 0 : (int)(e->name.n < 100 ? e->name.n : 100), e->name.p, e->reason);
    health_unlock(e->owner->health);
}

void health_quote(struct health_entry *e, struct fault *why)
{
    size_t n = strlen(why->text);
    health_lock(e->owner->health);
    if (why->upstream && e->said[0])
        (void)snprintf(why->text + n, sizeof why->text - n, " It said: %s", e->said);
    health_unlock(e->owner->health);
}

static void set_pace(struct health_entry *e, int64_t until_ms)
{
    count_trouble(e, atomic_exchange(&e->paced_until_ms, until_ms) != 0, until_ms != 0);
}

static const char *kind_of(const struct health_entry *e)
{
    return e->is_credential ? "credential" : "model";
}

static void add_event(struct health_entry *e, struct hub_event *event)
{
    event->kind = kind_of(e);
    events_add(health_events(e->owner->health), event, e->owner->name, e->name);
}

static const char *well(const struct health_entry *e)
{
    return e->is_credential ? "active" : "closed";
}

void health_forget(struct health_entry *e)
{
    uint64_t old = atomic_load(&e->breaker);
    while (!replace(e, &old, 0))
        continue;
    bool was_away = breaker_unpack(old).phase != BREAKER_CLOSED;
    if (was_away || atomic_load(&e->paced_until_ms))
        add_event(e, &(struct hub_event){.state = well(e), .wait_ms = -1});
    set_pace(e, 0);
    atomic_store(&e->misses, 0);
    atomic_store(&e->paced_for_ms, 0);
    e->reason[0] = e->said[0] = '\0';
    if (e->is_credential && was_away)
        health_set_unsaved(e->owner->health);
}

void health_disable(struct health_entry *e, int64_t now_ms, uint32_t chance)
{
    uint64_t old = atomic_load(&e->breaker);
    struct breaker b;
    do {
        b = breaker_unpack(old);
        breaker_failure(&b, rules_of(e), now_ms, chance);
    } while (!replace(e, &old, breaker_pack(&b)));
}

/* ---- outcomes ---- */

/* Names only: a provider's own sentence may quote the prompt. */
static void set_reason(struct health_entry *e, const struct health_outcome *o)
{
    const struct fault *f = o->why;
    health_lock(e->owner->health);
    if (o->rc >= 0)
        fault_copy(e->reason, sizeof e->reason, SLICE("nothing remains of its rate limit"));
    else
        (void)snprintf(e->reason, sizeof e->reason, "%s%s%.0d%s%s%s%s", code_name(o->rc),
                       f->http ? " " : "", f->http, f->type[0] ? " " : "", f->type,
                       f->reason[0] ? " " : "", f->reason);
    if (o->rc < 0 && f->upstream)
        FAULT_COPY(e->said, slice_text(f->text));
    e->refused_http = f ? f->http : 0;
    health_unlock(e->owner->health);
}

static void tell(struct health_entry *e, const char *state, int64_t wait_ms)
{
    int level = wait_ms < 0 ? LOG_INFO : LOG_WARNING;
    struct hub_event event = {.state = state, .wait_ms = wait_ms};
    health_lock(e->owner->health);
    memcpy(event.reason, e->reason, sizeof event.reason);
    health_unlock(e->owner->health);
    int owner_n = (int)e->owner->name.n;
    int n = (int)(e->name.n < 100 ? e->name.n : 100);
    if (wait_ms < 0)
        log_line(level, "health", "%s %.*s/%.*s: %s", kind_of(e), owner_n, e->owner->name.p, n,
                 e->name.p, state);
    else
        log_line(level, "health", "%s %.*s/%.*s: %s for %lld ms (%s)", kind_of(e), owner_n,
                 e->owner->name.p, n, e->name.p, state, (long long)wait_ms, event.reason);
    if (wait_ms < 0)
        event.reason[0] = '\0';
    add_event(e, &event);
}

static void note_change(struct health_entry *e, const struct breaker *old,
                        const struct breaker *new, const struct health_outcome *o)
{
    bool was_open = old->phase != BREAKER_CLOSED;
    /* A probe that told nothing is due again at once: no news. */
    bool is_open = new->phase == BREAKER_OPEN &&new->at_ms > o->now_ms;
    if (is_open && old->phase != BREAKER_OPEN)
        tell(e, e->is_credential ? "disabled" : "open", new->at_ms - o->now_ms);
    if (was_open && new->phase == BREAKER_CLOSED)
        tell(e, well(e), -1);
    if (e->is_credential && was_open != (new->phase != BREAKER_CLOSED))
        health_set_unsaved(e->owner->health);
}

static void apply(struct health_entry *e, enum blame blame, const struct health_outcome *o)
{
    uint64_t old = atomic_load(&e->breaker);
    struct breaker before;
    struct breaker b;
    if (blame == BLAME_TARGET || blame == BLAME_CREDENTIAL)
        set_reason(e, o);
    do {
        before = b = breaker_unpack(old);
        /* What began before it opened says nothing about now. */
        if (b.phase != BREAKER_CLOSED && o->started_ms < atomic_load(&e->opened_ms))
            return;
        if (blame == BLAME_NONE)
            breaker_success(&b, rules_of(e), o->now_ms);
        else if (blame == BLAME_NOBODY)
            breaker_pass(&b, o->now_ms);
        else
            breaker_failure(&b, rules_of(e), o->now_ms, o->chance);
        if (b.phase == BREAKER_OPEN && before.phase == BREAKER_CLOSED)
            atomic_store(&e->opened_ms, o->now_ms);
    } while (!replace(e, &old, breaker_pack(&b)));
    if (blame == BLAME_TARGET)
        atomic_fetch_add(&e->misses, 1);
    note_change(e, &before, &b, o);
}

static void pace(struct health_entry *e, const struct health_outcome *o, int64_t wait)
{
    int64_t until = atomic_load(&e->paced_until_ms);
    bool was_paced = until > o->now_ms;
    int64_t grown = was_paced ? 0 : 2 * atomic_load(&e->paced_for_ms);
    if (grown > PACE_GROWN_MS)
        grown = PACE_GROWN_MS;
    if (wait < grown)
        wait = grown;
    if (wait == 0)
        wait = 1;
    if (wait > PACE_LARGEST_MS)
        wait = PACE_LARGEST_MS;
    set_reason(e, o);
    atomic_store(&e->refused_rc, o->rc < 0 ? o->rc : 0);
    if (o->rc < 0)
        atomic_fetch_add(&e->misses, 1);
    if (o->now_ms + wait > atomic_load(&e->paced_until_ms))
        set_pace(e, o->now_ms + wait);
    if (was_paced)
        return;
    atomic_store(&e->paced_for_ms, wait);
    tell(e, "cooling", wait);
}

/* The trouble is long over: reading it costs nothing again. */
static void forget_old_pace(struct health_entry *e, int64_t now_ms)
{
    int64_t paced = atomic_load(&e->paced_until_ms);
    if (paced && now_ms >= paced + LOWERED_MS &&
        atomic_compare_exchange_strong(&e->paced_until_ms, &paced, 0))
        count_trouble(e, true, false);
}

/* What began before somebody knocked does not answer him. */
static bool answers_knock(struct health_entry *e, const struct health_outcome *o)
{
    int64_t since = e ? atomic_load(&e->knocked_ms) : 0;
    return since && o->started_ms >= since &&
           atomic_compare_exchange_strong(&e->knocked_ms, &since, 0);
}

static void note_success(struct health_entry *e, const struct health_outcome *o, bool knocked)
{
    if (!e)
        return;
    atomic_store(&e->misses, 0); /* whenever it began: it answers */
    atomic_store(&e->answered_ms, o->now_ms);
    if (knocked && cools_ms(e, o->now_ms)) {
        set_pace(e, o->now_ms);
        tell(e, well(e), -1);
    }
    if (atomic_load_explicit(&e->breaker, memory_order_relaxed))
        apply(e, BLAME_NONE, o);
    atomic_store_explicit(&e->paced_for_ms, 0, memory_order_relaxed);
    forget_old_pace(e, o->now_ms);
}

/* What it just answered was the last for a while. */
static void note_exhausted(struct health_provider *p, struct health_entry *credential,
                           struct slice model, const struct health_outcome *o)
{
    struct health_entry *e = credential;
    if (o->exhausted_ms > 0 && !e)
        e = health_need_model(p, model);
    if (o->exhausted_ms > 0 && e)
        pace(e, o, o->exhausted_ms);
}

static void note_nothing(struct health_entry *e, const struct health_outcome *o)
{
    if (e && atomic_load_explicit(&e->breaker, memory_order_relaxed))
        apply(e, BLAME_NOBODY, o);
}

void health_note(struct health_provider *p, struct health_entry *credential, struct slice model,
                 const struct health_outcome *o)
{
    if (!p || (o->rc >= 0 && !o->exhausted_ms && !health_troubled(p)))
        return;
    enum blame blame = blame_of(o->rc, o->why);
    bool model_blamed = blame == BLAME_TARGET || (blame == BLAME_PACE && !credential);
    struct health_entry *target =
        model_blamed ? health_need_model(p, model) : health_model(p, model);
    bool knocked = answers_knock(target, o);
    bool key_knocked = answers_knock(credential, o);
    if (blame == BLAME_NONE) {
        note_success(target, o, knocked);
        note_success(credential, o, key_knocked);
        note_exhausted(p, credential, model, o);
        return;
    }
    if (blame == BLAME_TARGET && target)
        apply(target, blame, o);
    else
        note_nothing(target, o);
    if (blame == BLAME_CREDENTIAL && credential)
        apply(credential, blame, o);
    else
        note_nothing(credential, o);
    struct health_entry *hurried = credential ? credential : target;
    if (blame == BLAME_PACE && hurried)
        pace(hurried, o, o->why->retry_ms < 0 ? UNPAID_MS : o->why->retry_ms);
}
