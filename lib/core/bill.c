/* Knows who pays for a call and what may come to be paid; refuses to know how accounts are kept. */
#include "core/bill.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/payment.h"
#include "core/record.h"
#include "core/resume.h"
#include "hub/events.h"
#include "hub/policy.h"
#include "hub/route_targets.h"
#include "store/moment.h"
#include "text/decimal.h"
#include <aignehub/aignehub.h>

enum { AMOUNT_TEXT = 64 };

struct bill {
    struct aigne_call *call;
    struct slice payer;         /* empty: nobody's account, only budgets */
    struct budget_hit *budgets; /* NULL: none binds it */
    bool held;
    struct money_op money;
    struct usage_row row; /* in case that the call is never settled */
    struct ledger_entry entry;
    struct net_job back;
};

struct aigne_call *bill_of(struct net_job *job)
{
    return LIST_OWNER(job, struct bill, back)->call;
}

/* A key that is nobody's has an account of its own, but the operator's do not pay. */
static struct slice payer_of(const struct aigne_call *call, const struct membership *team)
{
    if (team->team && team->pays)
        return team->team->id;
    if (!call->who || call->who->user.n)
        return call->user;
    return call->who->admin ? SLICE("") : call->who->id;
}

static const struct catalog_rate *rate_of(const struct aigne_call *call,
                                          const struct route_attempt *a)
{
    return catalog_rate(call->catalog, a->provider->name, a->model,
                        slice_text(kind_rate_type(call->request.kind)));
}

static int keep_priced(struct aigne_call *call)
{
    struct route_plan *plan = &call->plan;
    const struct route_attempt first = plan->attempts[0];
    size_t kept = 0;
    for (size_t i = 0; i < plan->count; i++)
        if (rate_of(call, &plan->attempts[i]))
            plan->attempts[kept++] = plan->attempts[i];
        else
            route_skip(plan, &call->arena, plan->attempts[i].model, SLICE("has no price here"));
    if (kept) {
        plan->count = kept;
        return AIGNE_OK;
    }
    call->fault.http = 503;
    FAULT_COPY(call->fault.param, SLICE("model"));
    return fault_set(&call->fault, AIGNE_E_ROUTE,
                     "Model \"%.*s/%.*s\" has no price here, so it cannot be paid for: the "
                     "operator adds one of type \"%s\" with rate.put.",
                     (int)first.provider->name.n, first.provider->name.p, (int)first.model.n,
                     first.model.p, kind_rate_type(call->request.kind));
}

/* What cannot be read may still be passed on: then its size alone is known. */
int bill_read(struct aigne_call *call)
{
    if (call->request_read)
        return AIGNE_OK;
    int rc = call->outlet->read_request(call);
    call->request_read = rc >= 0;
    if (rc >= 0 || !call->relay_format || rc == AIGNE_E_NOMEM)
        return rc;
    fault_clear(&call->fault);
    return AIGNE_OK;
}

/* What is to be passed on is read for its price only where that takes more than a look. */
static bool plain_enough(const struct aigne_call *call, struct ceiling *out)
{
    return call->relay_format && call->request.kind == KIND_CHAT &&
           !call->relay.content_type.p &&
           ceiling_measure_text(call->relay.body, call->relay.depth, out);
}

void bill_measure(const struct aigne_call *call, struct ceiling *out)
{
    if (call->request_read)
        ceiling_measure(&call->request, out);
    else if (!plain_enough(call, out))
        ceiling_measure_body(call->relay.body.n, out);
}

int bill_size(struct aigne_call *call, struct ceiling *out)
{
    if (!call->request_read && plain_enough(call, out))
        return AIGNE_OK;
    int rc = bill_read(call);
    if (rc >= 0)
        bill_measure(call, out);
    return rc;
}

static bool pays_for_all(const struct aigne_call *call)
{
    return POLICY_OR(call->policy, pays_for, PAYS_FOR_ANSWER) == PAYS_FOR_ATTEMPTS;
}

/* How many answers may come to be paid; those that go on with another have that in their prompts. */
static int64_t answers_of(const struct aigne_call *call, struct ceiling *size)
{
    bool all = pays_for_all(call);
    if (call->resume)
        size->repeated = all ? RESUMES_LARGEST : RESUMES_LARGEST / 2;
    if (!all)
        return call->resume ? 1 + RESUMES_LARGEST : 1;
    int64_t targets = (int64_t)call->plan.count;
    int64_t possible = targets * (1 + POLICY_OR(call->policy, retries, targets == 1));
    int64_t most = POLICY_OR(call->policy, attempts, LIMIT_ATTEMPTS);
    return possible < most ? possible : most;
}

/* The dearest of all who may come to answer, as often as may be. */
static int64_t most(const struct aigne_call *call, struct ceiling *size)
{
    int64_t answers = answers_of(call, size);
    int64_t highest = 0;
    for (size_t i = 0; i < call->plan.count; i++) {
        int64_t amount = 0;
        const struct catalog_rate *rate = rate_of(call, &call->plan.attempts[i]);
        if (rate && !ceiling_charge(size, call->request.kind, rate, call->started_ms, &amount))
            return INT64_MAX;
        if (amount > highest)
            highest = amount;
    }
    return highest <= INT64_MAX / answers ? highest * answers : INT64_MAX;
}

static struct usage_row row_of(const struct aigne_call *call)
{
    const struct route_attempt *first = &call->plan.attempts[0];
    struct usage_row row = record_row(call);
    row.model = first->model;
    row.provider = first->provider->name;
    if (first->credential)
        row.credential = first->credential->id;
    return row;
}

/* The budgets that bind the call, with all that may come to answer it; *out NULL: none does. */
static int find_budgets(struct aigne_call *call, const struct membership *team,
                        struct budget_hit **out)
{
    const struct budgets *all = &call->catalog->budgets;
    struct budget_subjects s = {.at_ms = call->started_ms};
    *out = NULL;
    if (!all->count)
        return AIGNE_OK;
    struct budget_hit *hit = arena_alloc(&call->arena, sizeof *hit);
    s.of[BUDGET_KEY] = call->who ? call->who->id : SLICE("");
    s.of[BUDGET_USER] = call->user;
    s.of[BUDGET_TEAM] = team->team ? team->team->id : SLICE("");
    s.of[BUDGET_APP] = call->app;
    bool whole = hit && budget_claims(all, &s, &call->arena, hit);
    for (size_t i = 0; whole && i < call->plan.count; i++) {
        const struct route_attempt *a = &call->plan.attempts[i];
        whole = budget_model_claims(all, a->provider->name, a->model, call->started_ms,
                                    &call->arena, hit);
    }
    if (!whole)
        return fault_nomem(&call->fault);
    *out = hit->count ? hit : NULL;
    return AIGNE_OK;
}

/* What cannot be priced cannot be paid, nor kept within a budget that refuses. */
static bool needs_price(const struct aigne_call *call, struct slice payer,
                        const struct budget_hit *budgets)
{
    /* The host's own calls are paid by nobody. */
    if (call->catalog->billing.on && (payer.n || call->who))
        return true;
    for (size_t i = 0; budgets && i < budgets->count; i++)
        if (budgets->claims[i].hard)
            return true;
    return false;
}

static int prepare(struct aigne_call *call, struct slice payer, struct budget_hit *budgets)
{
    struct ceiling size;
    int rc = bill_size(call, &size);
    if (rc < 0)
        return rc;
    struct bill *b = arena_alloc(&call->arena, sizeof *b);
    if (!b)
        return fault_nomem(&call->fault);
    *b = (struct bill){.call = call, .payer = payer, .budgets = budgets, .row = row_of(call)};
    b->money = (struct money_op){.id = slice_of(call->id, RANDOM_ID_SIZE - 1),
                                 .account = payer,
                                 .amount = most(call, &size),
                                 .at_ms = call->started_ms,
                                 .overdraft = call->catalog->billing.overdraft,
                                 .row = &b->row};
    if (budgets) {
        b->money.claims = budgets->claims;
        b->money.claim_count = budgets->count;
    }
    b->entry = (struct ledger_entry){.money = &b->money, .money_kind = STORE_HOLD};
    call->bill = b;
    return AIGNE_OK;
}

/* While the store takes no changes. */
static int refuse_unrecorded(struct aigne_call *call)
{
    call->fault.retry_ms = 1000;
    return fault_set(
        &call->fault, AIGNE_E_STORE,
        "The call was not made: the hub's database takes no changes now, so it could "
        "not be recorded; see the hub's log.");
}

int bill_plan(struct aigne_call *call)
{
    if (call->hub && hub_failing(call->hub->hub) && !call->catalog->billing.go_on &&
        !call->catalog->billing.paused)
        return refuse_unrecorded(call);
    if (!call->hub || call->request.kind == KIND_COUNT_TOKENS ||
        (!call->catalog->billing.on && !call->catalog->budgets.count))
        return AIGNE_OK;
    struct membership team = team_of(call->catalog, call->user, call->who);
    struct slice payer = call->catalog->billing.on ? payer_of(call, &team) : SLICE("");
    struct budget_hit *budgets = NULL;
    int rc = find_budgets(call, &team, &budgets);
    if (rc >= 0 && needs_price(call, payer, budgets))
        rc = keep_priced(call);
    return rc < 0 || (!payer.n && !budgets) ? rc : prepare(call, payer, budgets);
}

static void ledger_answered(struct ledger_entry *self)
{
    struct bill *b = LIST_OWNER(self, struct bill, entry);
    loop_post(b->call->loop, &b->back);
}

static void submit(struct bill *b)
{
    struct aigne_call *call = b->call;
    b->entry.done = ledger_answered;
    b->entry.rc = AIGNE_OK;
    if (call->pool && hub_record_here(call->hub->hub, &b->entry)) {
        b->back.run(&b->back);
        return;
    }
    loop_expect(call->loop);
    loop_record(call->loop, call->hub->hub, &b->entry);
}

static void note_kept(struct ledger_entry *self)
{
    struct bill *b = LIST_OWNER(self, struct bill, entry);
    if (self->rc)
        submit(b);
    else
        b->back.run(&b->back);
}

void bill_ask(struct aigne_call *call, void (*answered)(struct net_job *job))
{
    struct bill *b = call->bill;
    if (b->back.run)
        return;
    b->back.run = answered;
    b->entry.done = note_kept;
    if (hub_set_aside(call->hub->hub, &b->entry))
        loop_keep(call->loop, call->hub->hub, &b->entry);
    else
        submit(b);
}

static const char *amount_text(int64_t billionths, char out[AMOUNT_TEXT])
{
    struct buf text AUTO(buf_free);
    buf_init(&text, AMOUNT_TEXT);
    decimal_write(&text, billionths, DECIMAL_AMOUNT_DIGITS);
    fault_copy(out, AMOUNT_TEXT, buf_slice(&text));
    return out;
}

/* A budget that renews says when; for the others somebody must do something. */
static int refuse_by_budget(struct aigne_call *call, size_t which)
{
    const struct budget *budget = call->bill->budgets->shares[which].budget;
    int64_t renews = period_end(budget->per, call->started_ms, &call->catalog->budgets.zone);
    char limit[AMOUNT_TEXT];
    char moment[MOMENT_SIZE] = "";
    amount_text(budget->limit, limit);
    log_line(LOG_INFO, "call", "%s refused: budget \"%.*s\"", call->id, (int)budget->name.n,
             budget->name.p);
    FAULT_COPY(call->fault.reason, SLICE("budget_exceeded"));
    if (renews >= 0) {
        moment_write(renews, moment);
        call->fault.http = 429;
        call->fault.retry_ms = renews - call->started_ms;
    }
    return fault_set(&call->fault, AIGNE_E_CREDIT,
                     "The budget \"%.*s\" of %s credits (%s) does not cover this call%s%s.",
                     (int)budget->name.n, budget->name.p, limit, period_name(budget->per),
                     renews >= 0 ? "; it renews at " : "", moment);
}

/* AIGNE's clients know the sentence with the link. */
static int refuse(struct aigne_call *call)
{
    const struct bill *b = call->bill;
    const struct slice link = call->catalog->billing.purchase_url;
    char wanted[AMOUNT_TEXT];
    char there[AMOUNT_TEXT];
    char moment[MOMENT_SIZE];
    moment_write(call->started_ms, moment);
    FAULT_COPY(call->fault.at, slice_text(moment));
    if (b->money.broken)
        return refuse_by_budget(call, (size_t)(b->money.broken - b->budgets->claims));
    amount_text(b->money.amount, wanted);
    amount_text(b->money.available, there);
    log_line(LOG_INFO, "call", "%s refused: may cost %s, %s available", call->id, wanted,
             there);
    if (link.n)
        return fault_set(&call->fault, AIGNE_E_CREDIT,
                         "Hello, in order to continue using AI services, please first buy some "
                         "credits in the link below. %.*s",
                         (int)(link.n < 300 ? link.n : 300), link.p);
    return fault_set(&call->fault, AIGNE_E_CREDIT,
                     "Not enough credits: this call may cost up to %s, and %s are available.",
                     wanted, there);
}

int bill_held(struct aigne_call *call)
{
    struct bill *b = call->bill;
    if (b->entry.rc < 0)
        return fault_set(&call->fault, AIGNE_E_STORE,
                         "The call was not made: what it may cost could not be set aside; see "
                         "the hub's log.");
    if (b->money.unheld && !call->catalog->billing.go_on && !call->catalog->billing.paused)
        return refuse_unrecorded(call);
    b->held = !b->money.refused;
    if (call->catalog->topups && b->payer.n)
        payment_top_up(call, b->payer, b->money.available - b->money.amount);
    if (b->held)
        return AIGNE_OK;
    int rc = refuse(call);
    record_refusal(call, &b->row);
    return rc;
}

static void tell_used_up(struct aigne_call *call, struct slice name, struct slice counter)
{
    struct hub_event e = {.kind = "budget", .state = "used up", .wait_ms = -1};
    log_line(LOG_WARNING, "budget", "budget \"%.*s\" is used up: %.*s", (int)name.n, name.p,
             (int)counter.n, counter.p);
    FAULT_COPY(e.reason, counter);
    events_add(hub_events(call->hub->hub), &e, SLICE(""), name);
}

/* Once for each period: the row that fills it. */
static void tell_filled(struct aigne_call *call, const struct usage_row *row)
{
    for (size_t i = 0; i < row->claim_count; i++) {
        const struct budget_claim *claim = &row->claims[i];
        const struct budget *budget = call->bill->budgets->shares[i].budget;
        if (!claim->unspent && claim->used >= claim->limit &&
            claim->used - row->credits < claim->limit)
            tell_used_up(call, budget->name, claim->counter);
    }
}

void bill_settled(struct aigne_call *call)
{
    for (size_t i = 0; call->bill && i < call->row_count; i++)
        tell_filled(call, &call->rows[i]);
}

struct slice bill_warning(const struct aigne_call *call)
{
    const struct bill *b = call->bill;
    for (size_t i = 0; b && b->held && b->budgets && i < b->budgets->count; i++) {
        const struct budget_claim *claim = &b->budgets->claims[i];
        if (!claim->hard && claim->used + b->money.amount > claim->limit)
            return b->budgets->shares[i].budget->name;
    }
    return SLICE_NONE;
}

/* An answer that came whole, or the part of it that was delivered or that the caller no longer wanted: not one
 * that had failed when the caller left. */
static bool worth_paying(const struct aigne_call *call, const struct usage_row *row)
{
    if (call->rc >= 0)
        return true;
    if (call->rc == AIGNE_E_CANCELLED)
        return slice_is(row->status, "cancelled") && usage_reported(&row->usage);
    return call->streamed && !call->holding && estimate_any(&call->seen);
}

static void pay(struct aigne_call *call, struct usage_row *row)
{
    const struct bill *b = call->bill;
    row->account = b->payer;
    if (!b->budgets)
        return;
    budget_settle(b->budgets, row);
    row->claims = b->budgets->claims;
    row->claim_count = b->budgets->count;
}

/* An answer that broke off and was gone on with: what its budgets have of it is its own. */
static void pay_part(struct aigne_call *call, struct usage_row *row)
{
    pay(call, row);
    size_t size = row->claim_count * sizeof *row->claims;
    struct budget_claim *own = size ? arena_alloc(&call->arena, size) : NULL;
    if (own)
        memcpy(own, row->claims, size);
    row->claims = own;
    row->claim_count = own ? row->claim_count : 0;
}

/* What the store has set aside, in case. */
static struct money_op *hold_of(struct bill *b)
{
    return b->money.unheld ? NULL : &b->money;
}

struct money_op *bill_release(struct aigne_call *call)
{
    struct bill *b = call->bill;
    if (!b || !b->held)
        return NULL;
    int64_t paid = 0;
    for (size_t i = 0; i < call->row_count; i++) {
        struct usage_row *row = &call->rows[i];
        bool last = i + 1 == call->row_count;
        if (!row->charged || !(pays_for_all(call) || resume_kept(call->resume, i) ||
                               (last && worth_paying(call, row))))
            continue;
        (last ? pay : pay_part)(call, row);
        paid += row->credits;
    }
    if (paid)
        call->credits = paid;
    return hold_of(b);
}
