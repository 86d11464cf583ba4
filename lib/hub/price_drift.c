/* Knows how rates stand against what providers ask, both in dollars; refuses to change a rate unless told. */
#include "base/log.h"
#include "base/mem.h"
#include "hub/price_book.h"
#include <aignehub/aignehub.h>

enum { TOLD_LARGEST = 100, LOGGED_LARGEST = 5, HUNDRED = 100, BILLION = 1000000000 };

enum drift { NORMAL, BELOW_COST, DRIFTED, UNMATCHED, DRIFTS };
static const char *const names[DRIFTS] = {"normal", "belowCost", "drifted", "unmatched"};

/* Where a rate is found wanting first. */
struct finding {
    enum drift drift;
    int part;
    int64_t above;
    decimal_wide rate; /* in dollars */
    decimal_wide cost;
};

struct drifting {
    struct verb_call *v;
    struct price_book book;
    int64_t percent; /* so much is no difference */
    bool raise;
    bool record;
    int64_t counts[DRIFTS];
    int64_t raised;
    int64_t told;
};

static void drifting_free(struct drifting *d)
{
    price_book_free(&d->book);
}

static decimal_wide in_dollars(const struct drifting *d, decimal_wide credits)
{
    int64_t price = d->v->catalog->billing.credit_price;
    return credits / BILLION * price + credits % BILLION * price / BILLION;
}

/* By more than the threshold of the larger one. */
static bool differ(const struct drifting *d, decimal_wide a, decimal_wide b)
{
    decimal_wide difference = a > b ? a - b : b - a;
    return difference * HUNDRED > (a > b ? a : b) * d->percent;
}

/* Under the conditions of a tier of the costs, or of none. */
static void compare(const struct drifting *d, const struct catalog_rate *rate,
                    const struct price_list *costs, const struct price_tier *when,
                    struct finding *found)
{
    struct price asked;
    struct price cost;
    enum chat_kind kind = KIND_CHAT;
    (void)kind_parse(rate->type, &kind);
    struct price_moment moment = {when ? when->above + 1 : 0, when ? when->service : -1,
                                  d->v->now_ms};
    if (when && when->since_ms > moment.at_ms)
        moment.at_ms = when->since_ms;
    price_at(&rate->prices, kind, &moment, &asked);
    price_at(costs, kind, &moment, &cost);
    for (int i = 0; i < PRICE_PARTS && found->drift != BELOW_COST; i++) {
        decimal_wide dollars = in_dollars(d, asked.part[i]);
        bool told = costs->base.part[i] >= 0 || (when && when->price.part[i] >= 0);
        if (told && dollars < cost.part[i] && differ(d, dollars, cost.part[i]))
            *found =
                (struct finding){BELOW_COST, i, when ? when->above : -1, dollars, cost.part[i]};
    }
}

/* The costs that the rate was made from are not those of the list any more. */
static void compare_costs(const struct drifting *d, const struct price *noted,
                          const struct price *listed, struct finding *found)
{
    for (int i = 0; i < PRICE_PARTS && found->drift == NORMAL; i++)
        if (noted->part[i] >= 0 && listed->part[i] >= 0 &&
            differ(d, noted->part[i], listed->part[i]))
            *found = (struct finding){DRIFTED, i, -1, noted->part[i], listed->part[i]};
}

static bool any_price(const struct price *p)
{
    for (int i = 0; i < PRICE_PARTS; i++)
        if (p->part[i] >= 0)
            return true;
    return false;
}

/* NULL: nothing says what it costs. */
static const struct price_list *costs_of(const struct drifting *d,
                                         const struct catalog_rate *rate,
                                         const struct price_list *noted)
{
    if (!d->book.source.p)
        return any_price(&noted->base) ? noted : NULL;
    const struct price_listed *m = price_book_find(&d->book, rate);
    return m ? &m->costs : NULL;
}

static struct finding judge(const struct drifting *d, const struct catalog_rate *rate,
                            const struct price_list *noted, const struct price_list *costs)
{
    struct finding found = {.drift = costs ? NORMAL : UNMATCHED, .above = -1};
    if (!costs)
        return found;
    compare(d, rate, costs, NULL, &found);
    for (size_t i = 0; i < costs->tier_count; i++)
        if (costs->tiers[i].until_ms > d->v->now_ms)
            compare(d, rate, costs, &costs->tiers[i], &found);
    compare_costs(d, &noted->base, &costs->base, &found);
    return found;
}

static void tell(struct drifting *d, const struct catalog_rate *rate, const struct finding *f)
{
    struct json_writer *w = &d->v->w;
    if (f->drift == NORMAL || d->told++ >= TOLD_LARGEST)
        return;
    json_open_object(w);
    json_member_string(w, "provider", rate->provider);
    json_member_string(w, "model", rate->model);
    json_member_string(w, "type", rate->type);
    json_member_text(w, "status", names[f->drift]);
    if (f->drift != UNMATCHED) {
        json_member_text(w, "part", price_part_name(f->part));
        if (f->above >= 0)
            json_member_int(w, "above", f->above);
        json_member_decimal(w, f->drift == BELOW_COST ? "dollars" : "noted", f->rate,
                            DECIMAL_RATE_DIGITS);
        json_member_decimal(w, "cost", f->cost, DECIMAL_RATE_DIGITS);
    }
    json_close_object(w);
    if (f->drift == BELOW_COST && d->counts[BELOW_COST] <= LOGGED_LARGEST)
        log_line(LOG_WARNING, "prices", "%.*s/%.*s is sold below its cost: %s",
                 (int)rate->provider.n, rate->provider.p, (int)rate->model.n, rate->model.p,
                 price_part_name(f->part));
}

/* Each part of the base at least its cost; never lower than it was. */
static int raise_to(struct drifting *d, const struct catalog_rate *rate,
                    const struct price_list *costs)
{
    struct verb_call *v = d->v;
    struct rate_margin none = {.price = v->catalog->billing.credit_price};
    struct price_list least;
    struct rate_change c;
    enum chat_kind kind = KIND_CHAT;
    bool changed = false;
    (void)kind_parse(rate->type, &kind);
    rate_change_begin(v, &c, rate->provider, rate->model, rate->type, "auto_update");
    if (!rate_margin_list(&none, costs, kind, v->arena, &least))
        return fault_nomem(v->why);
    for (int i = 0; i < PRICE_PARTS; i++)
        if (least.base.part[i] > c.rates.base.part[i])
            c.rates.base.part[i] = least.base.part[i];
    if (!c.rates.tier_count) {
        c.rates.tiers = least.tiers;
        c.rates.tier_count = least.tier_count;
    }
    int rc = rate_change_put(v, &c, &changed);
    d->raised += changed;
    return rc;
}

static int look_at(struct drifting *d, const struct catalog_rate *rate)
{
    struct verb_call *v = d->v;
    struct price_list noted;
    if (d->book.provider.p && !slice_eq(d->book.provider, rate->provider))
        return AIGNE_OK;
    price_list_read(json_of(rate->body), PRICE_COSTS, v->arena, &noted);
    const struct price_list *costs = costs_of(d, rate, &noted);
    struct finding f = judge(d, rate, &noted, costs);
    d->counts[f.drift]++;
    tell(d, rate, &f);
    int rc = AIGNE_OK;
    if (d->record && (f.drift == BELOW_COST || f.drift == DRIFTED))
        rc = rate_change_note(v, rate, "source_drift");
    if (!rc && d->raise && f.drift == BELOW_COST)
        rc = raise_to(d, rate, costs);
    return rc;
}

static void reply(struct drifting *d)
{
    struct json_writer *w = &d->v->w;
    for (int i = 0; i < DRIFTS; i++)
        json_member_int(w, names[i], d->counts[i]);
    json_member_bool(w, "alarm", d->counts[BELOW_COST] + d->counts[DRIFTED] > 0);
    json_member_int(w, "deprecated", (int64_t)d->v->catalog->deprecated_count);
    json_member_int(w, "raised", d->raised);
    json_member_int(w, "percent", d->percent);
    json_member_amount(w, "creditPrice", d->v->catalog->billing.credit_price);
    json_member_raw_opt(w, "source", d->book.source);
    json_close_object(w);
}

int catalog_drift(struct verb_call *v)
{
    struct drifting d AUTO(drifting_free) = {.v = v};
    int rc = price_book_read(v, &d.book);
    if (!rc)
        rc = verb_whole(v, "percent", 2, HUNDRED, &d.percent);
    d.raise = verb_flag(v, "raise", false);
    d.record = verb_flag(v, "record", false);
    if (rc)
        return rc;
    json_open_object(&v->w);
    json_key(&v->w, "list");
    json_open_array(&v->w);
    for (size_t i = 0; i < v->catalog->rate_count && !rc; i++)
        rc = look_at(&d, &v->catalog->rates[i]);
    json_close_array(&v->w);
    if (rc)
        return rc;
    reply(&d);
    if (verb_flag(v, "dryRun", false))
        v->op_count = 0;
    return AIGNE_OK;
}
