/* Knows how a route's object becomes what choosing reads; refuses to know how one chooses. */
#include "hub/routes.h"
#include "base/limits.h"
#include "base/nearest.h"
#include "hub/catalog.h"
#include "text/decimal.h"
#include <aignehub/aignehub.h>

static const char *const strategies[STRATEGIES] = {
    [STRATEGY_PRIORITY] = "priority",
    [STRATEGY_WEIGHTED] = "weighted",
    [STRATEGY_ROUND_ROBIN] = "round-robin",
    [STRATEGY_LOWEST_PRICE] = "lowest-price",
    [STRATEGY_LOWEST_LATENCY] = "lowest-latency",
    [STRATEGY_LEAST_BUSY] = "least-busy",
};

bool strategy_parse(struct slice name, enum route_strategy *out)
{
    size_t i = 0;
    while (i < STRATEGIES && !slice_is(name, strategies[i]))
        i++;
    if (i < STRATEGIES)
        *out = (enum route_strategy)i;
    return i < STRATEGIES;
}

int strategy_refuse(struct slice name, const char *param, struct fault *why)
{
    struct nearest nearest = {.text = name, .distance = SIZE_MAX};
    for (size_t i = 0; i < STRATEGIES; i++)
        nearest_offer(&nearest, strategies[i]);
    struct nearest_advice advice = nearest_advise(&nearest);
    if (why)
        why->http = 400;
    return fault_field(why, AIGNE_E_REQUEST, param,
                       "There is no strategy \"%.*s\"; " NEAREST_FORMAT ".",
                       (int)(name.n < 60 ? name.n : 60), name.p, NEAREST_HOLES(advice));
}

static unsigned number_of(struct json object, const char *name, unsigned otherwise,
                          unsigned largest)
{
    int64_t value = 0;
    bool fits = json_int64(json_get(object, name), &value) && value >= 1 && value <= largest;
    return fits ? (unsigned)value : otherwise;
}

static unsigned percent_of(struct json object, const char *name)
{
    decimal_wide value = 0;
    struct json given = json_get(object, name);
    bool fits = given.kind == JSON_NUMBER && decimal_parse(given.raw, 2, &value) &&
                value <= ROUTE_PERCENT;
    return fits ? (unsigned)value : 0;
}

static struct slice object_of(struct json object, const char *name)
{
    struct json given = json_get(object, name);
    return given.kind == JSON_OBJECT ? given.raw : SLICE_NONE;
}

static bool read_target(struct catalog *c, struct json from, struct catalog_target *to)
{
    *to = (struct catalog_target){
        .model = json_string(json_get(from, "model"), &c->arena),
        .weight = number_of(from, "weight", ROTATION_WEIGHT_DEFAULT, ROTATION_WEIGHT_LARGEST),
        .tier = number_of(from, "tier", 1, ROUTE_TIER_LARGEST),
        .canary = percent_of(from, "canary"),
        .shadow = percent_of(from, "shadow"),
        .credential = json_string(json_get(from, "credential"), &c->arena),
        .when = object_of(from, "when"),
    };
    return to->model.p != NULL;
}

static int lay_out(struct catalog *c, struct catalog_route *r)
{
    unsigned weights[LIMIT_TARGETS];
    for (size_t i = 0; i < r->target_count; i++)
        weights[i] = r->targets[i].weight;
    return rotation_build(&r->rotation, weights, r->target_count, &c->arena);
}

static int read_route(struct catalog *c, const struct store_object *from,
                      struct catalog_route *to)
{
    struct json body = json_of(from->body);
    struct json targets = json_get(body, "targets");
    size_t count = json_count(targets);
    struct json_walk w = json_walk(targets);
    to->name = from->id;
    (void)strategy_parse(json_string(json_get(body, "strategy"), &c->arena), &to->strategy);
    to->when = object_of(body, "when");
    to->policy = catalog_policy(c, body);
    to->targets = arena_array(&c->arena, count + 1, sizeof *to->targets);
    if (!to->targets)
        return AIGNE_E_NOMEM;
    while (to->target_count < LIMIT_TARGETS && json_next(&w))
        if (read_target(c, w.value, &to->targets[to->target_count]))
            to->target_count++;
    c->routes_by_price = c->routes_by_price || to->strategy == STRATEGY_LOWEST_PRICE;
    return lay_out(c, to);
}

/* A target that names its own route means the model of that name. */
static void link_targets(const struct catalog *c, struct catalog_route *r)
{
    for (size_t i = 0; i < r->target_count; i++)
        if (!slice_eq(r->targets[i].model, r->name))
            r->targets[i].route = catalog_route(c, r->targets[i].model);
}

int routes_read(struct catalog *c)
{
    size_t count = 0;
    const struct store_object *from = catalog_objects(c, TABLE_ROUTE, &count);
    if (count == 0)
        return AIGNE_OK;
    c->routes = arena_array(&c->arena, count, sizeof *c->routes);
    for (size_t i = 0; c->routes && i < count; i++) {
        struct catalog_route *r = &c->routes[i];
        if (read_route(c, &from[i], r) || map_put(&c->routes_by_name, r->name, r))
            return AIGNE_E_NOMEM;
        c->route_count++;
    }
    for (size_t i = 0; i < c->route_count; i++)
        link_targets(c, &c->routes[i]);
    return c->routes ? AIGNE_OK : AIGNE_E_NOMEM;
}

struct catalog_route *catalog_route(const struct catalog *c, struct slice name)
{
    return c->route_count ? map_get(&c->routes_by_name, name) : NULL;
}

void routes_inherit(struct catalog *to, const struct catalog *from)
{
    for (size_t i = 0; i < to->route_count; i++) {
        struct catalog_route *next = &to->routes[i];
        struct catalog_route *old = catalog_route(from, next->name);
        for (size_t k = 0; old && k < ROUTE_TURNS; k++)
            atomic_store(&next->turns[k], atomic_load(&old->turns[k]));
    }
}
