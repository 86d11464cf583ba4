/* Knows which limits a call needs leave of, and how it waits for that; refuses to know how they are kept. */
#include "core/admission.h"
#include "base/clock.h"
#include "core/bill.h"
#include "core/outcome.h"
#include "core/record.h"
#include <stdio.h>
#include <string.h>

/* When nobody knows when there will be room. */
#define RETRY_MS ((int64_t)1000)

/* ---- which limits ---- */

struct bound {
    enum limit_on on;
    struct slice subject;
    bool own; /* rules for each one do not count */
};

/* What the caller's claim holds already is not taken twice. */
static bool is_held(const struct limit_claim *caller, const struct limit_rule *rules)
{
    for (size_t i = 0; i < caller->count; i++)
        if (caller->parts[i].rule == rules)
            return true;
    return false;
}

static int bind(const struct aigne_call *call, struct limit_claim *c, const struct bound *to,
                size_t count)
{
    const struct limits *l = call->catalog->limits;
    int64_t now_us = clock_monotonic_us();
    int rc = AIGNE_OK;
    for (; count > 0 && !rc; count--, to++) {
        const struct limit_rule *rules =
            (to->own ? limits_own : limits_find)(l, to->on, to->subject);
        if (rules && to->subject.n && !is_held(&call->admission->caller, rules))
            rc = limit_claim_add(c, rules, to->subject, now_us);
    }
    return rc;
}

static int bind_caller(struct aigne_call *call, struct limit_claim *c)
{
    const struct bound to[] = {{LIMIT_ALL, SLICE(LIMIT_EACH), true},
                               {LIMIT_KEY, call->who ? call->who->id : SLICE(""), false},
                               {LIMIT_USER, call->user, false},
                               {LIMIT_APP, call->app, false},
                               {LIMIT_MODEL, call->requested, true}};
    return bind(call, c, to, sizeof to / sizeof *to);
}

static int bind_target(struct aigne_call *call, size_t at)
{
    struct admission *a = call->admission;
    const struct route_attempt *target = &call->plan.attempts[at];
    const struct slice parts[] = {target->provider->name, SLICE("/"), target->model};
    struct slice name = arena_join(&call->arena, parts, 3);
    if (!name.p)
        return AIGNE_E_NOMEM;
    limit_claim_undo(&a->target, clock_monotonic_us());
    a->target.tokens = a->caller.tokens;
    a->target.least = a->caller.least;
    const struct bound to[] = {
        {LIMIT_PROVIDER, target->provider->name, false},
        {LIMIT_MODEL, name, false},
        {LIMIT_MODEL, target->model, true},
        /* it may have been called with "aignehub/" in front */
        {LIMIT_MODEL, call->plan.route ? call->plan.route->name : SLICE(""), true}};
    return bind(call, &a->target, to, sizeof to / sizeof *to);
}

/* ---- how many tokens ---- */

static int measure(struct aigne_call *call, struct limit_claim *c)
{
    struct ceiling size;
    struct usage prompt;
    if (call->request.kind == KIND_COUNT_TOKENS)
        return AIGNE_OK;
    int rc = bill_size(call, &size);
    if (rc < 0)
        return rc;
    usage_init(&prompt);
    (void)estimate_fill(&(struct estimate){0}, &size, &prompt);
    c->least = c->tokens = usage_prompt(&prompt);
    if (call->request.kind != KIND_CHAT)
        return AIGNE_OK;
    c->least += size.answer_tokens * size.answers;
    c->tokens +=
        (size.answer_tokens ? size.answer_tokens : CEILING_ANSWER_TOKENS) * size.answers;
    return AIGNE_OK;
}

/* ---- refusals ---- */

static const char *each_of(const struct limit_rule *rule)
{
    static const char *const whom[LIMIT_ONS] = {
        [LIMIT_ALL] = "the whole hub", [LIMIT_KEY] = "this key",
        [LIMIT_USER] = "this user",    [LIMIT_APP] = "this app",
        [LIMIT_MODEL] = "this model",  [LIMIT_PROVIDER] = "its provider"};
    return whom[rule->on];
}

/* It was not planned, so nobody knows who would have answered. */
static void record(struct aigne_call *call, int64_t count)
{
    const struct usage_row planned = record_row(call);
    size_t before = call->row_count;
    char others[80];
    record_refusal(call, &planned);
    if (call->row_count == before || count == 1)
        return;
    struct usage_row *row = &call->rows[before];
    (void)snprintf(others, sizeof others, " (This row stands for %lld calls.)",
                   (long long)count);
    const struct slice parts[] = {row->error, slice_text(others)};
    struct slice whole = arena_join(&call->arena, parts, 2);
    if (whole.p)
        row->error = whole;
}

static int refuse(struct aigne_call *call, const struct limit_verdict *v, int64_t now_us)
{
    struct admission *a = call->admission;
    const struct limit_rule *rule = v->by->rule;
    int64_t wait_ms =
        v->retry_us < 0 ? RETRY_MS : v->retry_us / 1000 + (v->retry_us % 1000 > 0);
    struct fault *f = &call->fault;
    int n = (int)(rule->name.n < 100 ? rule->name.n : 100);
    if (v->retry_us == INT64_MAX) {
        fault_set(
            f, AIGNE_E_RATE,
            "The request is too large: it may need %lld tokens, and limit \"%.*s\" allows "
            "%s %lld a minute.",
            (long long)a->caller.least, n, rule->name.p, each_of(rule), (long long)v->number);
    } else {
        f->retry_ms = wait_ms;
        fault_set(f, AIGNE_E_RATE,
                  "Rate limit reached: limit \"%.*s\" allows %s %lld %s. Try again in %lld "
                  "seconds.",
                  n, rule->name.p, each_of(rule), (long long)v->number, v->what,
                  (long long)(wait_ms + 999) / 1000);
    }
    int64_t count = limiter_refused(a->caller.limiter, v->by, now_us);
    if (count)
        record(call, count);
    return AIGNE_E_RATE;
}

/* ---- waiting ---- */

static void stop_waiting(struct admission *a)
{
    if (a->expected)
        loop_drop(a->call->loop);
    a->expected = false;
    a->waiting = NULL;
    net_timer_clear(a->call->loop->net, &a->call->timer);
}

bool admission_leave(struct aigne_call *call)
{
    struct admission *a = call->admission;
    if (!limit_claim_leave(a->waiting, false))
        return false;
    stop_waiting(a);
    return true;
}

/* Until there is room again, or the time to wait is over: what is given back wakes the call by itself. */
static int wait(struct admission *a, struct limit_claim *c, const struct limit_verdict *v,
                int64_t now_us)
{
    if (!a->waiting) {
        a->waiting = c;
        a->until_us = now_us + v->by->rule->queue_ms * 1000;
    }
    int64_t due_us = a->until_us;
    if (v->retry_us >= 0 && v->retry_us < due_us - now_us)
        due_us = now_us + v->retry_us;
    if (net_timer_set(a->call->loop->net, &a->call->timer, due_us) >= 0 ||
        !admission_leave(a->call))
        return AIGNE_AGAIN;
    return fault_nomem(&a->call->fault);
}

/* AIGNE_E_RATE: *v says why. Before a claim may wait the loop is told that somebody will post: whoever
 * gives something back may do so at once. */
static int ask(struct aigne_call *call, struct limit_claim *c, bool may_wait, bool woken,
               struct limit_verdict *v)
{
    struct admission *a = call->admission;
    int64_t now_us = clock_monotonic_us();
    bool late = a->waiting && now_us >= a->until_us;
    if (!a->expected)
        loop_expect(call->loop);
    a->expected = true;
    *v = limit_claim_take(c, may_wait && !late, woken, now_us);
    if (v->answer == LIMIT_WAIT)
        return wait(a, c, v, now_us);
    stop_waiting(a);
    return v->answer == LIMIT_LET_IN ? AIGNE_OK : AIGNE_E_RATE;
}

static int ask_or_refuse(struct aigne_call *call, struct limit_claim *c, bool woken)
{
    struct limit_verdict v;
    int rc = ask(call, c, true, woken, &v);
    return rc == AIGNE_E_RATE ? refuse(call, &v, clock_monotonic_us()) : rc;
}

static int give_up(struct aigne_call *call)
{
    (void)limit_claim_leave(call->admission->waiting, true);
    stop_waiting(call->admission);
    return outcome_cancelled(call);
}

static void try_again(struct aigne_call *call, bool woken)
{
    struct admission *a = call->admission;
    int rc =
        woken && call_unwanted(call) ? give_up(call) : ask_or_refuse(call, a->waiting, woken);
    if (rc == AIGNE_AGAIN)
        return;
    call->state = a->after;
    if (rc < 0)
        call_refuse(call);
    else
        call_go_on(call);
}

static void on_time(struct net_timer *self)
{
    try_again(LIST_OWNER(self, struct aigne_call, timer), false);
}

static void on_turn(struct net_job *self)
{
    struct admission *a = LIST_OWNER(self, struct admission, turn);
    a->expected = false;
    try_again(a->call, true);
}

static void wake_caller(struct limit_claim *self)
{
    struct admission *a = LIST_OWNER(self, struct admission, caller);
    loop_post(a->call->loop, &a->turn);
}

static void wake_target(struct limit_claim *self)
{
    struct admission *a = LIST_OWNER(self, struct admission, target);
    loop_post(a->call->loop, &a->turn);
}

static int queue_up(struct aigne_call *call, int rc)
{
    if (rc != AIGNE_AGAIN)
        return rc;
    call->admission->after = call->state;
    call->state = CALL_QUEUED;
    call->timer.fire = on_time;
    (void)call->outlet->planned(call); /* who waits gets signs of life, too */
    return rc;
}

/* ---- who asks ---- */

static struct admission *begin(struct aigne_call *call)
{
    struct admission *a = arena_alloc(&call->arena, sizeof *a);
    if (!a)
        return NULL;
    struct limiter *l = hub_limiter(call->hub->hub);
    *a = (struct admission){.call = call,
                            .caller = {.limiter = l, .wake = wake_caller},
                            .target = {.limiter = l, .wake = wake_target},
                            .beside = {.limiter = l, .wake = wake_target},
                            .turn = {.run = on_turn}};
    call->admission = a;
    return a;
}

int admission_enter(struct aigne_call *call)
{
    struct admission *a = call->admission;
    int rc = AIGNE_OK;
    if (a && a->caller.held)
        return AIGNE_OK;
    if (!a && !(a = begin(call)))
        return fault_nomem(&call->fault);
    if (call->catalog->limits->any_tokens)
        rc = measure(call, &a->caller);
    if (rc < 0)
        return rc;
    if (bind_caller(call, &a->caller))
        return fault_nomem(&call->fault);
    return queue_up(call, ask_or_refuse(call, &a->caller, false));
}

/* ---- who is asked ---- */

static void put_first(struct route_plan *plan, size_t at)
{
    struct route_attempt chosen = plan->attempts[at];
    memmove(&plan->attempts[1], &plan->attempts[0], at * sizeof chosen);
    plan->attempts[0] = chosen;
}

static int ask_target(struct aigne_call *call, size_t at, bool may_wait)
{
    struct limit_verdict v;
    if (bind_target(call, at))
        return fault_nomem(&call->fault);
    return ask(call, &call->admission->target, may_wait, false, &v);
}

/* Those that are well, then a place in the queue of one of them, then whoever is left. */
static int choose(struct aigne_call *call)
{
    enum { PASSES = 3, WAITING = 1, UNWELL = 2 };
    for (int pass = 0; pass < PASSES; pass++)
        for (size_t i = 0; i < call->plan.count; i++) {
            bool well = call->plan.attempts[i].health.condition == HEALTH_READY;
            if (well == (pass == UNWELL))
                continue;
            int rc = ask_target(call, i, pass == WAITING);
            if (rc == AIGNE_E_RATE)
                continue;
            put_first(&call->plan, i);
            return rc;
        }
    if (bind_target(call, 0))
        return fault_nomem(&call->fault);
    return ask_or_refuse(call, &call->admission->target, false);
}

int admission_target(struct aigne_call *call)
{
    return !call->admission ? AIGNE_OK : queue_up(call, choose(call));
}

bool admission_next(struct aigne_call *call)
{
    if (!call->admission || call->admission->target.held)
        return true;
    for (; call->target < call->plan.count; call->target++)
        if (ask_target(call, call->target, false) == AIGNE_OK)
            return true;
    return false;
}

bool admission_more(struct aigne_call *call)
{
    return !call->admission || ask_target(call, call->target, false) == AIGNE_OK;
}

/* Neither is in a queue. */
void admission_swap(struct aigne_call *call)
{
    struct admission *a = call->admission;
    if (!a)
        return;
    struct limit_claim own = a->target;
    a->target = a->beside;
    a->beside = own;
}

/* ---- the end ---- */

void admission_attempt_over(struct aigne_call *call)
{
    struct admission *a = call->admission;
    if (!a)
        return;
    const struct usage *usage = call->row_count ? &call->rows[call->row_count - 1].usage : NULL;
    int64_t used = usage ? usage_prompt(usage) + usage_answer(usage) : 0;
    a->used += used;
    limit_claim_release(&a->target, used, clock_monotonic_us());
}

void admission_over(struct aigne_call *call)
{
    struct admission *a = call->admission;
    if (!a)
        return;
    int64_t now_us = clock_monotonic_us();
    bool refused = call->rc == AIGNE_E_RATE && !call->attempt_number;
    limit_claim_undo(&a->target, now_us);
    if (refused)
        limit_claim_undo(&a->caller, now_us);
    else
        limit_claim_release(&a->caller, a->used, now_us);
}
