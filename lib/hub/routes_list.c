/* Knows what the targets of a route amount to together, as one model among others in a list; refuses to
 * know which of them is asked. */
#include "base/limits.h"
#include "base/mem.h"
#include "hub/fit.h"
#include "hub/route_candidates.h"
#include "text/json_write.h"
#include <aignehub/aignehub.h>

struct summary {
    struct slice type;      /* "chat"; absent: no target has a rate */
    unsigned features;      /* some target has it */
    bool features_known;    /* every target that has a rate lists its features */
    int64_t context_window; /* the longest; 0: not known */
    int64_t answer_limit;   /* as the one before */
    struct price dearest;   /* of the two usual rates */
};

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void add_rate(struct summary *s, const struct catalog_rate *rate)
{
    struct json metadata = json_get(json_of(rate->body), "modelMetadata");
    if (json_get(metadata, "features").kind != JSON_ARRAY)
        s->features_known = false;
    s->features |= fit_has(metadata);
    s->context_window = larger(s->context_window, rate->context_window);
    s->answer_limit = larger(s->answer_limit, rate->answer_limit);
    for (int i = PRICE_INPUT; i <= PRICE_OUTPUT; i++)
        if (rate->prices.base.part[i] > s->dearest.part[i])
            s->dearest.part[i] = rate->prices.base.part[i];
}

/* The first kind of call that any target has a rate for is what the route is. */
static void add_model(const struct catalog *c, struct slice model, struct arena *a,
                      struct summary *s)
{
    struct candidates places;
    for (int kind = 0; kind < KIND_COUNT_TOKENS; kind++) {
        struct slice type = slice_text(kind_rate_type((enum chat_kind)kind));
        if ((s->type.p && !slice_eq(s->type, type)) ||
            route_candidates(c, model, (enum chat_kind)kind, a, &places, NULL))
            continue;
        for (size_t i = 0; i < places.count; i++) {
            const struct catalog_rate *rate =
                catalog_rate(c, places.items[i].provider->name, places.items[i].model, type);
            if (!rate)
                continue;
            s->type = type;
            add_rate(s, rate);
        }
    }
}

static void add_route(const struct catalog *c, const struct catalog_route *r, unsigned depth,
                      struct arena *a, struct summary *s)
{
    for (size_t i = 0; i < r->target_count; i++) {
        const struct catalog_target *t = &r->targets[i];
        if (t->shadow)
            continue;
        if (!t->route)
            add_model(c, t->model, a, s);
        else if (depth + 1 < LIMIT_ROUTE_DEPTH)
            add_route(c, t->route, depth + 1, a, s);
    }
}

static void write_features(struct json_writer *w, unsigned features)
{
    json_key(w, "features");
    json_open_array(w);
    for (unsigned i = 0; fit_name(i); i++)
        if (features & FIT_BIT(i))
            json_write_text(w, fit_name(i));
    if (!features)
        json_write_text(w, "text");
    json_close_array(w);
}

/* As a rate's body has it. */
static struct slice body_of(const struct summary *s, struct arena *a)
{
    struct buf json AUTO(buf_free);
    buf_init(&json, 1024);
    struct json_writer w = json_writer(&json);
    json_open_object(&w);
    json_key(&w, "modelMetadata");
    json_open_object(&w);
    if (s->features_known && s->type.p)
        write_features(&w, s->features);
    if (s->context_window)
        json_member_int(&w, "contextWindow", s->context_window);
    if (s->answer_limit)
        json_member_int(&w, "maxTokens", s->answer_limit);
    json_close_object(&w);
    json_close_object(&w);
    a->failed = a->failed || buf_rc(&json);
    return arena_copy(a, buf_slice(&json));
}

/* "provider/model" of a rate. */
static bool is_listed_model(const struct catalog *c, struct slice name)
{
    for (size_t i = 0; i < c->rate_count; i++) {
        struct slice provider = c->rates[i].provider;
        if (name.n > provider.n && name.p[provider.n] == '/' &&
            slice_eq(slice_of(name.p, provider.n), provider) &&
            slice_eq(slice_from(name, provider.n + 1), c->rates[i].model))
            return true;
    }
    return false;
}

/* Not what is for some callers only, and not what stands before a model that is listed by itself. */
int routes_list(struct catalog *c)
{
    for (size_t i = 0; i < c->route_count; i++) {
        const struct catalog_route *r = &c->routes[i];
        struct summary s = {.features_known = true};
        if (r->when.p || r->target_count == 0 || is_listed_model(c, r->name))
            continue;
        price_clear(&s.dearest);
        s.dearest.part[PRICE_INPUT] = s.dearest.part[PRICE_OUTPUT] = 0;
        add_route(c, r, 0, &c->arena, &s);
        c->rates[c->rate_count + c->listed_routes++] = (struct catalog_rate){
            .provider = SLICE(""),
            .model = r->name,
            .type = s.type.p ? s.type : SLICE("chat"),
            .prices = {.base = s.dearest},
            .answer_limit = s.answer_limit,
            .context_window = s.context_window,
            .body = body_of(&s, &c->arena),
        };
    }
    return c->arena.failed ? AIGNE_E_NOMEM : AIGNE_OK;
}
