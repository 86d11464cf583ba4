/* Knows how past calls are priced again by the history of rates; refuses to know how the difference is booked. */
#include "base/mem.h"
#include "hub/meter.h"
#include "hub/price_verbs.h"
#include <aignehub/aignehub.h>

/* One call of the verb changes so many rows at most, so that the transaction is short. */
enum { CHANGES_LARGEST = 10000, ROWS_AT_ONCE = 1000, ACCOUNTS_TOLD = 100 };

/* The rates that one model had, the last change first. */
struct past {
    struct rate_record *records;
    size_t count;
    struct price_list *after; /* of each record, and before the first one behind them */
};

struct account_sum {
    struct slice account;
    int64_t credits;
};

struct rerating {
    struct verb_call *v;
    struct paid_query query;
    struct arena rows; /* of one page */
    struct map pasts;  /* by provider/model/type */
    bool current;
    bool dry;
    struct slice run;
    struct slice note;
    int64_t calls;
    int64_t changed;
    int64_t unpriced;
    int64_t difference;
    struct map sums; /* by account */
    struct account_sum *told[ACCOUNTS_TOLD];
    size_t accounts;
};

static void rerating_free(struct rerating *r)
{
    map_free(&r->pasts);
    map_free(&r->sums);
    arena_free(&r->rows);
}

/* ---- which price ---- */

static int read_past(struct rerating *r, const struct usage_row *row, struct past *out)
{
    struct verb_call *v = r->v;
    const struct rate_query query = {row->provider, row->model, kind_canonical(row->type), 0,
                                     -1};
    int rc = v->hub->type->rate_history(v->hub->store, v->arena, &query, &out->records,
                                        &out->count, v->why);
    if (rc)
        return rc;
    out->after = arena_array(v->arena, out->count + 1, sizeof *out->after);
    if (!out->after)
        return fault_nomem(v->why);
    const struct catalog_rate *now =
        catalog_rate(v->catalog, row->provider, row->model, row->type);
    for (size_t i = 0; i < out->count; i++)
        price_list_read(json_of(out->records[i].after), PRICE_RATES, v->arena, &out->after[i]);
    if (out->count)
        price_list_read(json_of(out->records[out->count - 1].before), PRICE_RATES, v->arena,
                        &out->after[out->count]);
    else
        price_list_read(json_of(now ? now->body : SLICE("")), PRICE_RATES, v->arena,
                        out->after);
    return v->arena->failed ? fault_nomem(v->why) : AIGNE_OK;
}

static int find_past(struct rerating *r, const struct usage_row *row, struct past **out)
{
    struct arena *a = r->v->arena;
    const struct slice parts[] = {row->provider, SLICE("/"), row->model, SLICE("/"), row->type};
    struct slice name = arena_join(&r->rows, parts, 5);
    *out = name.p ? map_get(&r->pasts, name) : NULL;
    if (*out)
        return AIGNE_OK;
    *out = arena_alloc(a, sizeof **out);
    name = arena_copy(a, name);
    if (!*out || !name.p || map_put(&r->pasts, name, *out))
        return fault_nomem(r->v->why);
    return read_past(r, row, *out);
}

static const struct price_list *list_at(const struct past *past, int64_t at_ms)
{
    size_t i = 0;
    while (i < past->count && past->records[i].since_ms > at_ms)
        i++;
    return &past->after[i];
}

/* False: nothing says what it costs. */
static int price_again(struct rerating *r, const struct usage_row *row, bool *priced,
                       int64_t *credits)
{
    struct past *past = NULL;
    struct price_list none;
    const struct price_list *prices = &none;
    const struct catalog_rate *now =
        catalog_rate(r->v->catalog, row->provider, row->model, row->type);
    int rc = r->current ? AIGNE_OK : find_past(r, row, &past);
    if (rc)
        return rc;
    price_clear(&none.base);
    if (past)
        prices = list_at(past, row->started_ms);
    else if (now)
        prices = &now->prices;
    *priced =
        prices->base.part[PRICE_INPUT] >= 0 &&
        meter_charge(&row->usage, prices, kind_canonical(row->type), row->started_ms, credits);
    return AIGNE_OK;
}

/* ---- what is booked ---- */

static int add_to_account(struct rerating *r, struct slice account, int64_t credits)
{
    struct arena *a = r->v->arena;
    struct account_sum *sum = map_get(&r->sums, account);
    if (!sum) {
        sum = arena_alloc(a, sizeof *sum);
        if (sum)
            sum->account = arena_copy(a, account);
        if (!sum || map_put(&r->sums, sum->account, sum))
            return fault_nomem(r->v->why);
        if (r->accounts < ACCOUNTS_TOLD)
            r->told[r->accounts] = sum;
        r->accounts++;
    }
    sum->credits += credits;
    r->difference += credits;
    return AIGNE_OK;
}

static int book(struct rerating *r, const struct paid_row *paid, int64_t credits)
{
    struct arena *a = r->v->arena;
    struct adjustment *j = r->dry ? NULL : arena_alloc(a, sizeof *j);
    int rc = add_to_account(r, paid->row.account, credits);
    r->changed++;
    if (rc || r->dry)
        return rc;
    if (!j)
        return fault_nomem(r->v->why);
    *j = (struct adjustment){.row_id = arena_copy(a, paid->row.id),
                             .call_id = arena_copy(a, paid->row.call_id),
                             .account = arena_copy(a, paid->row.account),
                             .run = r->run,
                             .note = r->note,
                             .credits = credits,
                             .earlier = paid->adjusted,
                             .at_ms = r->v->now_ms};
    return verb_add(r->v, (struct store_op){.kind = STORE_ADJUST,
                                            .adjustment = j,
                                            .expected_version = STORE_ANY_VERSION});
}

static int look_at(struct rerating *r, const struct paid_row *paid)
{
    int64_t credits = 0;
    bool priced = false;
    int rc = price_again(r, &paid->row, &priced, &credits);
    if (rc)
        return rc;
    r->calls++;
    r->unpriced += !priced;
    r->query.after_place = paid->place;
    int64_t more = credits - paid->row.credits - paid->adjusted;
    return priced && more ? book(r, paid, more) : AIGNE_OK;
}

/* Every row of the period, or as many as may be changed at once. */
static int look_at_all(struct rerating *r, bool *complete)
{
    struct verb_call *v = r->v;
    size_t count = ROWS_AT_ONCE;
    int rc = AIGNE_OK;
    while (!rc && count == ROWS_AT_ONCE && (r->dry || r->changed < CHANGES_LARGEST)) {
        struct paid_row *rows = NULL;
        arena_clear(&r->rows);
        rc =
            v->hub->type->usage_paid(v->hub->store, &r->rows, &r->query, &rows, &count, v->why);
        for (size_t i = 0; i < count && !rc; i++)
            rc = look_at(r, &rows[i]);
    }
    *complete = count < ROWS_AT_ONCE;
    return rc;
}

static void reply(struct rerating *r, bool complete)
{
    struct json_writer *w = &r->v->w;
    json_open_object(w);
    json_member_string_opt(w, "run", r->dry || !r->changed ? SLICE_NONE : r->run);
    json_member_bool(w, "dryRun", r->dry);
    json_member_bool(w, "complete", complete);
    json_member_int(w, "calls", r->calls);
    json_member_int(w, "changed", r->changed);
    json_member_int(w, "unpriced", r->unpriced);
    json_member_amount(w, "difference", r->difference);
    json_member_int(w, "accounts", (int64_t)r->accounts);
    json_key(w, "list");
    json_open_array(w);
    for (size_t i = 0; i < r->accounts && i < ACCOUNTS_TOLD; i++) {
        json_open_object(w);
        json_member_string(w, "account", r->told[i]->account);
        json_member_amount(w, "difference", r->told[i]->credits);
        json_close_object(w);
    }
    json_close_array(w);
    json_close_object(w);
}

static int read_period(struct verb_call *v, struct rerating *r)
{
    struct slice note = SLICE_NONE;
    r->query = (struct paid_query){.until_ms = v->now_ms, .most = ROWS_AT_ONCE};
    int rc = verb_moment(v, "from", &r->query.from_ms);
    if (!rc)
        rc = verb_moment(v, "to", &r->query.until_ms);
    if (!rc)
        rc = verb_provider(v, "provider", &r->query.provider);
    if (!rc)
        rc = verb_name(v, "model", &r->query.model);
    if (!rc)
        rc = verb_name(v, "note", &note);
    r->note = note.p ? note : SLICE("rates were put right");
    return rc;
}

int rate_rerate(struct verb_call *v)
{
    struct rerating r AUTO(rerating_free) = {.v = v};
    bool complete = false;
    arena_init(&r.rows);
    map_init(&r.pasts);
    map_init(&r.sums);
    int rc = price_history_here(v);
    if (!rc)
        rc = read_period(v, &r);
    if (rc)
        return rc;
    r.current = verb_flag(v, "current", false);
    r.dry = verb_flag(v, "dryRun", false);
    r.run = verb_new_id(v);
    if (!r.run.p)
        return fault_nomem(v->why);
    rc = look_at_all(&r, &complete);
    if (!rc)
        reply(&r, complete);
    return rc;
}
