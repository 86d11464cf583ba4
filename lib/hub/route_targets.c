/* Knows which targets a request may go to, through routes and what it names itself, and makes attempts of
 * them; refuses to know in which order a strategy asks. */
#include "hub/route_targets.h"
#include "base/mem.h"
#include "hub/ceiling.h"
#include "hub/route_candidates.h"
#include "hub/route_health.h"
#include "hub/route_order.h"
#include <aignehub/aignehub.h>

/* For comparing prices, when the caller does not limit the answer. */
#define USUAL_ANSWER_TOKENS 1024

struct leaf {
    const struct catalog_target *target;
    struct candidates *places;
};

struct choosing {
    const struct route_ask *ask;
    const struct catalog *c;
    struct arena *arena;
    struct route_plan *plan;
    size_t unfit;       /* how many were skipped for what they cannot do, */
    size_t unavailable; /* or because they cannot be asked at all */
    bool measures;      /* some route on the way goes by measurements */
    size_t leaf_count;
    struct leaf leaves[LIMIT_TARGETS];
};

/* ---- skipping ---- */

void route_skip(struct route_plan *plan, struct arena *a, struct slice target,
                struct slice reason)
{
    if (!plan->skips)
        plan->skips = arena_array(a, LIMIT_TARGETS, sizeof *plan->skips);
    if (plan->skips && plan->skip_count < LIMIT_TARGETS)
        plan->skips[plan->skip_count++] = (struct route_skip){target, reason};
}

static bool skip(struct choosing *ch, const struct catalog_target *t, struct slice reason)
{
    route_skip(ch->plan, ch->arena, t->model, reason);
    return false;
}

/* The same caller always has the same share of a route. */
static uint32_t share_of(const struct route_ask *ask, const struct catalog_route *r)
{
    struct slice whose = ask->facts.user;
    if (!whose.n && ask->facts.key)
        whose = ask->facts.key->id;
    return route_chance(r->name, whose.n ? whose : ask->call_id) % ROUTE_PERCENT;
}

/* ---- what is known of a target ---- */

static const struct catalog_rate *rate_of(const struct choosing *ch, const struct candidate *p)
{
    return catalog_rate(ch->c, p->provider->name, p->model,
                        slice_text(kind_rate_type(ch->ask->facts.kind)));
}

static bool worth_asking(const struct health_view *view, int64_t now_ms)
{
    return view->condition == HEALTH_READY || (now_ms && view->due_ms <= now_ms);
}

static bool is_ready(const struct candidate *p, int64_t now_ms)
{
    const struct catalog_provider *provider = p->provider;
    if (!health_troubled(provider->health))
        return true;
    struct health_view view = health_look(health_model(provider->health, p->model), now_ms);
    if (!worth_asking(&view, now_ms))
        return false;
    for (size_t i = 0; i < provider->active_count; i++) {
        view = health_look(provider->credentials[i].health, now_ms);
        if (worth_asking(&view, now_ms))
            return true;
    }
    return provider->active_count == 0;
}

static int64_t price_of(const struct choosing *ch, const struct candidate *p)
{
    const struct catalog_rate *rate = rate_of(ch, p);
    const struct fit *fit = ch->ask->fit;
    struct ceiling size = {.answers = 1,
                           .prompt_tokens = fit ? fit->prompt_tokens : USUAL_ANSWER_TOKENS,
                           .answer_tokens = fit ? fit->answer_tokens : 0,
                           .milliseconds = 1000,
                           .characters = USUAL_ANSWER_TOKENS};
    int64_t price = SCORE_UNKNOWN;
    if (!size.answer_tokens)
        size.answer_tokens = USUAL_ANSWER_TOKENS;
    if (rate && !ceiling_charge(&size, ch->ask->facts.kind, rate, ch->ask->wall_ms, &price))
        price = SCORE_UNKNOWN;
    return price;
}

static int64_t score_of(const struct choosing *ch, enum route_strategy by,
                        const struct candidate *p)
{
    struct health_provider *health = p->provider->health;
    if (by == STRATEGY_LOWEST_PRICE)
        return price_of(ch, p);
    if (by != STRATEGY_LOWEST_LATENCY && by != STRATEGY_LEAST_BUSY)
        return 0;
    struct health_entry *e = health ? health_need_model(health, p->model) : NULL;
    int64_t busy = e ? (int64_t)atomic_load_explicit(&e->in_flight, memory_order_relaxed) : 0;
    if (by == STRATEGY_LEAST_BUSY || !e)
        return busy;
    struct health_view view = health_look(e, ch->ask->now_ms);
    bool due = view.condition == HEALTH_OPEN && worth_asking(&view, ch->ask->now_ms);
    if (due || (!busy && health_doubted(e, ch->ask->now_ms)))
        return 0; /* one call finds out whether it is well again */
    return health_latency(e, ch->ask->now_ms) * (busy + 1);
}

/* ---- which may be asked ---- */

/* Leaves out what cannot do it; says why when nothing is left. */
static bool keep_fitting(struct choosing *ch, const struct catalog_target *t,
                         struct candidates *places)
{
    struct slice problem = SLICE_NONE;
    size_t kept = 0;
    for (size_t i = 0; i < places->count; i++) {
        struct slice one = SLICE_NONE;
        if (ch->ask->fit && ch->c->fits_known)
            one = fit_problem(ch->ask->fit, rate_of(ch, &places->items[i]), ch->arena);
        if (one.p)
            problem = one;
        else
            places->items[kept++] = places->items[i];
    }
    places->count = kept;
    ch->unfit += kept == 0;
    return kept > 0 || skip(ch, t, problem);
}

static bool find_places(struct choosing *ch, const struct catalog_target *t,
                        struct entrant *out)
{
    struct fault why;
    struct candidates *places = arena_alloc(ch->arena, sizeof *places);
    out->places = places;
    if (!places)
        return false;
    fault_clear(&why);
    if (route_candidates(ch->c, t->model, ch->ask->facts.kind, ch->arena, places, &why)) {
        ch->unavailable++;
        return skip(ch, t, arena_copy(ch->arena, slice_text(why.text)));
    }
    return keep_fitting(ch, t, places);
}

/* Of shares that lie side by side, whether this caller's is in the target's. */
static bool takes_canary(const struct catalog_target *t, uint32_t share, uint32_t *from)
{
    uint32_t start = *from;
    *from += t->canary;
    return share >= start && share < *from;
}

static bool may_enter(struct choosing *ch, const struct catalog_route *r,
                      const struct catalog_target *t, uint32_t *canaries, struct entrant *out)
{
    *out = (struct entrant){.target = t, .ready = true};
    out->canary = t->canary && takes_canary(t, share_of(ch->ask, r), canaries);
    if (!condition_met(t->when, &ch->ask->facts, ch->arena) ||
        (t->route && !condition_met(t->route->when, &ch->ask->facts, ch->arena)))
        return skip(ch, t, SLICE("is not for this caller"));
    if (t->shadow) {
        bool seen = route_chance(t->model, ch->ask->call_id) % ROUTE_PERCENT < t->shadow;
        if (seen && !ch->plan->shadow.p)
            ch->plan->shadow = t->model;
        return skip(ch, t, SLICE("is only shown the request"));
    }
    if (t->canary && !out->canary)
        return skip(ch, t, SLICE("is the canary of others"));
    return t->route || find_places(ch, t, out);
}

/* ---- through the routes ---- */

static enum route_strategy strategy_of(const struct choosing *ch, const struct catalog_route *r,
                                       unsigned depth)
{
    return depth == 0 && ch->ask->strategy_said ? ch->ask->strategy : r->strategy;
}

static void judge(struct choosing *ch, enum route_strategy by, struct entrant *e);

/* Another route is as good as the best target behind it. */
static void judge_route(struct choosing *ch, enum route_strategy by,
                        const struct catalog_route *r, unsigned depth, struct entrant *e)
{
    for (size_t i = 0; i < r->target_count && depth < LIMIT_ROUTE_DEPTH; i++) {
        const struct catalog_target *t = &r->targets[i];
        struct candidates places;
        struct entrant one = {.target = t, .places = &places};
        if (t->shadow || t->canary)
            continue;
        if (t->route) {
            judge_route(ch, by, t->route, depth + 1, e);
            continue;
        }
        if (route_candidates(ch->c, t->model, ch->ask->facts.kind, ch->arena, &places, NULL))
            continue;
        judge(ch, by, &one);
        e->ready = e->ready || one.ready;
        e->score = one.score < e->score ? one.score : e->score;
    }
}

static void judge(struct choosing *ch, enum route_strategy by, struct entrant *e)
{
    e->ready = false;
    e->score = SCORE_UNKNOWN;
    if (!e->places) {
        judge_route(ch, by, e->target->route, 1, e);
        return;
    }
    for (size_t i = 0; i < e->places->count; i++) {
        int64_t score = score_of(ch, by, &e->places->items[i]);
        e->score = score < e->score ? score : e->score;
        e->ready = e->ready || is_ready(&e->places->items[i], ch->ask->now_ms);
    }
}

static bool is_known(const struct choosing *ch, struct slice model)
{
    for (size_t i = 0; i < ch->leaf_count; i++)
        if (slice_eq(ch->leaves[i].target->model, model))
            return true;
    return false;
}

static void expand(struct choosing *ch, struct catalog_route *r, unsigned depth)
{
    struct entrant in[LIMIT_TARGETS];
    enum route_strategy by = strategy_of(ch, r, depth);
    uint32_t canaries = 0;
    size_t count = 0;
    ch->measures = ch->measures || by == STRATEGY_LOWEST_LATENCY || by == STRATEGY_LEAST_BUSY;
    for (size_t i = 0; i < r->target_count; i++)
        if (may_enter(ch, r, &r->targets[i], &canaries, &in[count]))
            judge(ch, by, &in[count++]);
    route_order(r, by, ch->ask->call_id, in, count);
    for (size_t i = 0; i < count; i++) {
        const struct catalog_target *t = in[i].target;
        if (!in[i].places && depth + 1 < LIMIT_ROUTE_DEPTH)
            expand(ch, catalog_route(ch->c, t->model), depth + 1);
        else if (in[i].places && ch->leaf_count < LIMIT_TARGETS && !is_known(ch, t->model))
            ch->leaves[ch->leaf_count++] = (struct leaf){t, in[i].places};
    }
}

/* ---- attempts ---- */

static const struct catalog_credential *credential_of(const struct catalog_provider *p,
                                                      struct slice name)
{
    for (size_t i = 0; i < p->active_count; i++)
        if (slice_eq(p->credentials[i].name, name) || slice_eq(p->credentials[i].id, name))
            return &p->credentials[i];
    return NULL;
}

static void add_place(struct choosing *ch, const struct catalog_target *t,
                      const struct candidate *place, size_t room)
{
    struct route_plan *plan = ch->plan;
    size_t first = plan->count;
    if (t->credential.p) {
        const struct catalog_credential *only = credential_of(place->provider, t->credential);
        if (!only) {
            ch->unavailable++;
            (void)skip(ch, t, SLICE("has no active credential of that name"));
            return;
        }
        route_add_only(plan, place->provider, place->model, only, ch->ask->now_ms);
    } else {
        route_add(plan, place, ch->ask->now_ms, room);
    }
    struct health_provider *health = place->provider->health;
    for (size_t i = first; ch->measures && health && i < plan->count; i++)
        plan->attempts[i].measured = health_need_model(health, place->model);
}

/* Each later target keeps one attempt, so that one with many credentials cannot crowd it out. */
static void make_attempts(struct choosing *ch)
{
    struct route_plan *plan = ch->plan;
    size_t later = 0;
    for (size_t i = 0; i < ch->leaf_count; i++)
        later += ch->leaves[i].places->count;
    for (size_t i = 0; i < ch->leaf_count; i++) {
        const struct leaf *leaf = &ch->leaves[i];
        for (size_t k = 0; k < leaf->places->count; k++) {
            size_t room = LIMIT_ATTEMPTS - plan->count;
            later--;
            if (room == 0) {
                (void)skip(ch, leaf->target, SLICE("comes after more attempts than are made"));
                break;
            }
            add_place(ch, leaf->target, &leaf->places->items[k],
                      room > later ? room - later : 1);
        }
    }
    route_sort(plan);
}

/* ---- when there is none ---- */

static void put_reasons(const struct route_plan *plan, struct buf *text)
{
    for (size_t i = 0; i < plan->skip_count; i++) {
        buf_put_text(text, i ? "; " : "");
        buf_put_slice(text, plan->skips[i].target);
        BUF_LITERAL(text, " ");
        buf_put_slice(text, plan->skips[i].reason);
    }
}

static int refuse(const struct choosing *ch, struct fault *why)
{
    struct buf reasons AUTO(buf_free);
    struct slice model = ch->ask->facts.model;
    bool unfit = ch->unfit && !ch->unavailable;
    int code = unfit ? AIGNE_E_REQUEST : AIGNE_E_ROUTE;
    buf_init(&reasons, 4096);
    put_reasons(ch->plan, &reasons);
    if (why) {
        why->http = unfit ? 400 : ch->unavailable ? 503 : 403;
        why->retry_ms = -1;
        FAULT_COPY(why->param, SLICE("model"));
    }
    return fault_set(why, code, "\"%.*s\" has no target for this request: %.*s.",
                     (int)(model.n < 100 ? model.n : 100), model.p,
                     (int)(reasons.n < 380 ? reasons.n : 380), reasons.p ? reasons.p : "");
}

/* ---- what the request itself names ---- */

static void add_target(struct catalog_route *r, const struct catalog *c, struct slice model)
{
    if (r->target_count == LIMIT_TARGETS)
        return;
    r->targets[r->target_count++] = (struct catalog_target){
        .model = model, .route = catalog_route(c, model), .weight = 1, .tier = 1};
}

static struct slice full_name(const struct candidate *place, struct arena *a)
{
    const struct slice parts[] = {place->provider->name, SLICE("/"), place->model};
    return arena_join(a, parts, 3);
}

/* "provider/model" of each place that a name may mean, so that a strategy can choose among them. */
static void add_places(struct choosing *ch, struct catalog_route *r, struct slice model)
{
    struct candidates all;
    if (route_candidates(ch->c, model, ch->ask->facts.kind, ch->arena, &all, NULL) ||
        all.count < 2) {
        add_target(r, ch->c, model);
        return;
    }
    for (size_t i = 0; i < all.count; i++) {
        struct slice name = full_name(&all.items[i], ch->arena);
        if (name.p)
            add_target(r, ch->c, name);
    }
}

/* A route for this request alone; NULL: no memory. */
static struct catalog_route *own_route(struct choosing *ch, struct catalog_route *called)
{
    struct catalog_route *r = arena_alloc(ch->arena, sizeof *r);
    unsigned weights[LIMIT_TARGETS];
    if (!r)
        return NULL;
    r->name = ch->ask->facts.model;
    r->strategy = ch->ask->strategy_said ? ch->ask->strategy : STRATEGY_PRIORITY;
    r->targets = arena_array(ch->arena, LIMIT_TARGETS, sizeof *r->targets);
    if (!r->targets)
        return NULL;
    if (called && called->target_count)
        add_target(r, ch->c, called->name);
    else if (ch->ask->strategy_said && !ch->ask->also_count)
        add_places(ch, r, r->name);
    else
        add_target(r, ch->c, r->name);
    for (size_t i = 0; i < ch->ask->also_count; i++)
        add_target(r, ch->c, ch->ask->also[i]);
    for (size_t i = 0; i < r->target_count; i++) {
        weights[i] = 1;
        if (r->targets[i].route && !r->targets[i].route->target_count)
            r->targets[i].route = NULL;
    }
    uint32_t turn = route_chance(r->name, ch->ask->call_id);
    for (size_t i = 0; i < ROUTE_TURNS; i++)
        atomic_init(&r->turns[i], turn);
    return rotation_build(&r->rotation, weights, r->target_count, ch->arena) ? NULL : r;
}

/* ---- all of it ---- */

static int choose_plainly(const struct route_ask *ask, struct arena *a, struct route_plan *out,
                          struct fault *why)
{
    const struct catalog *c = ask->facts.catalog;
    struct choosing ch = {.ask = ask, .c = c, .arena = a, .plan = out};
    int rc = route_plan(c, ask->facts.model, ask->facts.kind, ask->now_ms, a, out, why);
    size_t kept = 0;
    if (rc || !ask->fit || !c->fits_known)
        return rc;
    for (size_t i = 0; i < out->count; i++) {
        const struct candidate place = {.provider = out->attempts[i].provider,
                                        .model = out->attempts[i].model};
        struct slice problem = fit_problem(ask->fit, rate_of(&ch, &place), a);
        if (problem.p)
            route_skip(out, a, full_name(&place, a), problem);
        else
            out->attempts[kept++] = out->attempts[i];
    }
    out->count = kept;
    ch.unfit = out->skip_count;
    if (a->failed)
        return fault_nomem(why);
    return kept ? AIGNE_OK : refuse(&ch, why);
}

int route_choose(const struct route_ask *ask, struct arena *a, struct route_plan *out,
                 struct fault *why)
{
    const struct catalog *c = ask->facts.catalog;
    struct catalog_route *called = catalog_route(c, route_own_name(c, ask->facts.model));
    struct choosing ch = {.ask = ask, .c = c, .arena = a, .plan = out};
    struct catalog_route *r = called;
    if (called && !condition_met(called->when, &ask->facts, a))
        r = called = NULL;
    bool own = ask->also_count || (ask->strategy_said && !(r && r->target_count));
    if (!own && !(r && r->target_count)) {
        int rc = choose_plainly(ask, a, out, why);
        out->route = called;
        return rc;
    }
    route_plan_init(out);
    out->route = called;
    if (own)
        r = own_route(&ch, called);
    if (!r)
        return fault_nomem(why);
    expand(&ch, r, 0);
    make_attempts(&ch);
    if (a->failed)
        return fault_nomem(why);
    return out->count ? AIGNE_OK : refuse(&ch, why);
}

bool route_wants_fit(const struct catalog *c, const struct route_ask *ask)
{
    const struct catalog_rate *rate;
    if (ask->strategy_said && ask->strategy == STRATEGY_LOWEST_PRICE)
        return true;
    if (ask->also_count || catalog_route(c, route_own_name(c, ask->facts.model)))
        return c->fits_known || c->routes_by_price;
    for (rate = catalog_rates_like(c, ask->facts.model); rate; rate = rate->same_tail)
        if (rate->lacks || rate->context_window)
            return true;
    return false;
}
