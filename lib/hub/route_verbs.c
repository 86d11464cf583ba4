/* Knows the verbs about routes, and what cannot be meant by one; refuses to know how one is followed. */
#include "base/mem.h"
#include "chat/input.h"
#include "hub/route_candidates.h"
#include "hub/route_targets.h"
#include "hub/verb.h"
#include "text/decimal.h"
#include <aignehub/aignehub.h>

#define TARGET_SCHEMA                                                                          \
    VERB_SCHEMA("\"model\"", VERB_TEXT("model", ""), VERB_NUMBER("weight", ""),                \
                VERB_NUMBER("tier", ""), VERB_NUMBER("canary", ""), VERB_NUMBER("shadow", ""), \
                VERB_TEXT("credential", ""), VERB_NAMED("when", "\"type\":\"object\"", ""))

enum { WARNINGS_LARGEST = 16 * 1024 };

struct put {
    struct slice name;
    struct buf warnings; /* sentences in JSON, with commas between */
    decimal_wide canaries;
};

/* ---- what may be put ---- */

static int check_name(struct verb_call *v, struct slice name)
{
    for (size_t i = 0; i < name.n; i++)
        if (slice_is_blank(name.p[i]))
            return verb_refuse(v, "name", "Argument \"name\" contains blanks.");
    if (!slice_eq(route_own_name(v->catalog, name), name))
        return verb_refuse(v, "name",
                           "Nothing could call that route: \"aignehub/\" is taken off the "
                           "names of models.");
    return AIGNE_OK;
}

static void warn(struct put *p, struct slice model, const char *sentence)
{
    struct json_writer w = json_writer(&p->warnings);
    struct buf text AUTO(buf_free);
    buf_init(&text, 1024);
    buf_put_slice(&text, model);
    buf_put_text(&text, sentence);
    w.comma = p->warnings.n > 0;
    json_write_string(&w, buf_slice(&text));
}

static int check_number(struct verb_call *v, struct json target, const char *name,
                        int64_t largest)
{
    struct json given = json_get(target, name);
    int64_t value = 0;
    if (given.kind == JSON_NONE ||
        (json_int64(given, &value) && value >= 1 && value <= largest))
        return AIGNE_OK;
    return verb_refuse(v, "targets", "A target's \"%s\" must be a whole number from 1 to %lld.",
                       name, (long long)largest);
}

static int check_percent(struct verb_call *v, struct json target, const char *name,
                         decimal_wide *sum)
{
    struct json given = json_get(target, name);
    decimal_wide value = 0;
    if (given.kind == JSON_NONE)
        return AIGNE_OK;
    if (!decimal_parse(given.raw, 2, &value) || value > ROUTE_PERCENT || value == 0)
        return verb_refuse(v, "targets",
                           "A target's \"%s\" must be percent, above 0 and up to 100, with at "
                           "most two digits after the point.",
                           name);
    *sum += value;
    return *sum <= ROUTE_PERCENT
               ? AIGNE_OK
               : verb_refuse(v, "targets", "The canaries together are more than 100 percent.");
}

/* Whether `r` leads to the route of that name, or on and on. */
static bool leads_to(const struct catalog_route *r, struct slice name, unsigned depth)
{
    if (depth >= LIMIT_ROUTE_DEPTH)
        return true;
    for (size_t i = 0; i < r->target_count; i++) {
        const struct catalog_target *t = &r->targets[i];
        if (slice_eq(t->model, name) || (t->route && leads_to(t->route, name, depth + 1)))
            return true;
    }
    return false;
}

static bool has_credential(const struct catalog_provider *p, struct slice name)
{
    for (size_t i = 0; i < p->credential_count; i++)
        if (slice_eq(p->credentials[i].name, name) || slice_eq(p->credentials[i].id, name))
            return true;
    return false;
}

static bool has_rates(const struct catalog *c, struct slice provider, struct slice model,
                      bool *others)
{
    bool its = false;
    for (size_t i = 0; i < c->rate_count; i++)
        if (slice_eq(c->rates[i].provider, provider)) {
            *others = true;
            its = its || slice_eq(c->rates[i].model, model);
        }
    return its;
}

/* What is set up but cannot be asked at the moment is only warned about. */
static int check_model(struct verb_call *v, struct put *p, struct slice model,
                       struct slice credential)
{
    struct candidates places;
    int rc = AIGNE_E_ROUTE;
    for (int kind = 0; kind < KINDS && rc == AIGNE_E_ROUTE; kind++) {
        fault_clear(v->why);
        rc = route_candidates(v->catalog, model, (enum chat_kind)kind, v->arena, &places,
                              v->why);
    }
    size_t at = slice_find_byte(model, '/');
    bool set_up = catalog_provider(v->catalog, slice_of(model.p, at)) != NULL;
    if (rc == AIGNE_E_ROUTE && v->why->http == 503 && set_up) {
        char text[sizeof v->why->text + 4] = ": ";
        fault_copy(text + 2, sizeof text - 2, slice_text(v->why->text));
        fault_clear(v->why);
        warn(p, model, text);
        return AIGNE_OK;
    }
    if (rc) {
        v->why->http = 400;
        return fault_field(v->why, AIGNE_E_REQUEST, "targets", "Target \"%.*s\": %.400s",
                           (int)(model.n < 60 ? model.n : 60), model.p, v->why->text);
    }
    bool others = false;
    const struct catalog_provider *first = places.items[0].provider;
    if (credential.p && !has_credential(first, credential))
        return verb_refuse(v, "targets", "Provider \"%.*s\" has no credential \"%.*s\".",
                           (int)first->name.n, first->name.p,
                           (int)(credential.n < 60 ? credential.n : 60), credential.p);
    if (!has_rates(v->catalog, first->name, places.items[0].model, &others) && others)
        warn(p, model, " has no rate, and others of its provider have: is it spelled so?");
    return AIGNE_OK;
}

static int check_target(struct verb_call *v, struct put *p, struct json target)
{
    if (target.kind != JSON_OBJECT)
        return verb_refuse(v, "targets", "Each of \"targets\" must be an object.");
    decimal_wide shadows = 0;
    struct slice model = json_string(json_get(target, "model"), v->arena);
    struct slice credential = json_string(json_get(target, "credential"), v->arena);
    int rc = arguments_check(TARGET_SCHEMA, target, v->why);
    if (!rc)
        rc = check_number(v, target, "weight", ROTATION_WEIGHT_LARGEST);
    if (!rc)
        rc = check_number(v, target, "tier", ROUTE_TIER_LARGEST);
    if (!rc)
        rc = check_percent(v, target, "canary", &p->canaries);
    if (!rc)
        rc = check_percent(v, target, "shadow", &shadows);
    if (!rc)
        rc = condition_check(json_get(target, "when"), v->why);
    if (rc)
        return rc;
    if (!model.p)
        return fault_nomem(v->why);
    const struct catalog_route *other = catalog_route(v->catalog, model);
    if (!other || slice_eq(model, p->name))
        return check_model(v, p, model, credential);
    if (leads_to(other, p->name, 1))
        return verb_refuse(v, "targets",
                           "Route \"%.*s\" leads back to this one, or through more than %d "
                           "others.",
                           (int)(model.n < 60 ? model.n : 60), model.p, LIMIT_ROUTE_DEPTH - 1);
    return AIGNE_OK;
}

/* Without targets the name must be a model's: the route is then its policy. */
static int check_targets(struct verb_call *v, struct put *p, bool is_new)
{
    struct json targets = verb_json(v, "targets");
    struct json_walk w = json_walk(targets);
    int rc = AIGNE_OK;
    if (json_count(targets) > LIMIT_TARGETS)
        return verb_refuse(v, "targets", "A route has at most %d targets.", LIMIT_TARGETS);
    while (!rc && targets.kind == JSON_ARRAY && json_next(&w))
        rc = check_target(v, p, w.value);
    bool none = targets.kind == JSON_ARRAY ? json_count(targets) == 0 : is_new;
    return rc || !none ? rc : check_model(v, p, p->name, SLICE_NONE);
}

static int check_strategy(struct verb_call *v)
{
    enum route_strategy strategy;
    struct slice given = verb_text(v, "strategy");
    return !given.p || strategy_parse(given, &strategy)
               ? AIGNE_OK
               : strategy_refuse(given, "strategy", v->why);
}

static int put(struct verb_call *v, struct put *p)
{
    struct slice policy = SLICE_NONE;
    const struct store_object *old = catalog_object(v->catalog, TABLE_ROUTE, p->name);
    int rc = check_name(v, p->name);
    if (!rc)
        rc = check_strategy(v);
    if (!rc)
        rc = condition_check(verb_json(v, "when"), v->why);
    if (!rc)
        rc = verb_policy(v, &policy);
    if (!rc)
        rc = check_targets(v, p, !old);
    if (rc)
        return rc;
    const struct verb_member members[] = {{"name", verb_quote(v, p->name)},
                                          {"strategy", json_get(v->arguments, "strategy").raw},
                                          {"targets", json_get(v->arguments, "targets").raw},
                                          {"when", json_get(v->arguments, "when").raw},
                                          {"policy", policy}};
    struct slice body = verb_body(v, old, members, sizeof members / sizeof *members);
    rc = verb_put(v, TABLE_ROUTE, p->name, body, old ? old->version : STORE_ABSENT);
    if (rc)
        return rc;
    verb_reply(v, p->name, body);
    if (p->warnings.n) {
        json_key(&v->w, "warnings");
        json_open_array(&v->w);
        json_write_raw(&v->w, buf_slice(&p->warnings));
        json_close_array(&v->w);
    }
    json_close_object(&v->w);
    return buf_rc(&p->warnings) == AIGNE_E_NOMEM ? fault_nomem(v->why) : AIGNE_OK;
}

static int route_put(struct verb_call *v)
{
    struct put p = {.canaries = 0};
    int rc = verb_name(v, "name", &p.name);
    buf_init(&p.warnings, WARNINGS_LARGEST);
    if (!rc)
        rc = put(v, &p);
    buf_free(&p.warnings);
    return rc;
}

/* ---- the others ---- */

static int find(struct verb_call *v, const struct store_object **out)
{
    struct slice name = SLICE_NONE;
    int rc = verb_name(v, "name", &name);
    if (rc)
        return rc;
    *out = catalog_object(v->catalog, TABLE_ROUTE, name);
    return *out ? AIGNE_OK : verb_missing(v, "route", name);
}

static int route_get(struct verb_call *v)
{
    return verb_show(v, find, NULL);
}

static int route_list(struct verb_call *v)
{
    return verb_list(v, TABLE_ROUTE, NULL, NULL);
}

static int route_delete(struct verb_call *v)
{
    const struct store_object *object = NULL;
    int rc = find(v, &object);
    if (!object)
        return rc;
    for (size_t i = 0; i < v->catalog->route_count; i++) {
        const struct catalog_route *r = &v->catalog->routes[i];
        for (size_t k = 0; k < r->target_count; k++)
            if (r->targets[k].route && slice_eq(r->targets[k].model, object->id))
                return verb_refuse(v, "name", "Route \"%.*s\" leads to this one.",
                                   (int)(r->name.n < 100 ? r->name.n : 100), r->name.p);
    }
    return verb_delete(v, object);
}

/* ---- route.test ---- */

static const struct catalog_key *find_key(const struct catalog *c, struct slice key)
{
    for (size_t i = 0; key.p && i < c->key_count; i++)
        if (slice_eq(c->keys[i].id, key) || slice_eq(c->keys[i].name, key))
            return &c->keys[i];
    return NULL;
}

static int read_ask(struct verb_call *v, struct route_ask *ask, struct fit *fit)
{
    struct slice name = SLICE_NONE;
    struct chat_request request;
    struct json given = verb_json(v, "request");
    int rc = verb_name(v, "name", &name);
    if (rc)
        return rc;
    struct slice key = verb_text(v, "key");
    struct slice user = verb_text(v, "user");
    *ask = (struct route_ask){.facts = {.catalog = v->catalog,
                                        .key = find_key(v->catalog, key),
                                        .user = user.p ? user_id(v, user) : SLICE(""),
                                        .app = verb_text(v, "app"),
                                        .model = name,
                                        .metadata = verb_json(v, "metadata").raw},
                              .call_id = verb_new_id(v),
                              .wall_ms = v->now_ms};
    if (key.p && !ask->facts.key)
        return verb_missing(v, "key", key);
    if (!user.p && ask->facts.key)
        ask->facts.user = ask->facts.key->user;
    if (given.kind == JSON_NONE)
        return AIGNE_OK;
    rc = chat_input_read(given, v->arena, &request, v->why);
    if (rc)
        return rc;
    fit_measure(&request, fit);
    ask->fit = fit;
    return AIGNE_OK;
}

static void write_attempt(struct json_writer *w, const struct route_attempt *a)
{
    static const char *const states[] = {[HEALTH_READY] = "ready",
                                         [HEALTH_PACED] = "cooling",
                                         [HEALTH_OPEN] = "open",
                                         [HEALTH_DISABLED] = "disabled"};
    json_open_object(w);
    json_member_string(w, "provider", a->provider->name);
    json_member_string(w, "model", a->model);
    json_member_string_opt(w, "credential", a->credential ? a->credential->name : SLICE_NONE);
    json_member_text(w, "state", states[a->health.condition]);
    json_close_object(w);
}

static void write_plan(struct json_writer *w, const struct route_plan *plan)
{
    json_member_bool(w, "route", plan->route != NULL);
    json_key(w, "attempts");
    json_open_array(w);
    for (size_t i = 0; i < plan->count; i++)
        write_attempt(w, &plan->attempts[i]);
    json_close_array(w);
    json_key(w, "skipped");
    json_open_array(w);
    for (size_t i = 0; i < plan->skip_count; i++) {
        json_open_object(w);
        json_member_string(w, "target", plan->skips[i].target);
        json_member_string(w, "reason", plan->skips[i].reason);
        json_close_object(w);
    }
    json_close_array(w);
    json_member_string_opt(w, "shadow", plan->shadow);
}

/* A refusal is what is asked about, and no failure of the verb. */
static int route_test(struct verb_call *v)
{
    struct route_ask ask;
    struct route_plan plan;
    struct fit fit;
    struct fault why;
    int rc = read_ask(v, &ask, &fit);
    if (rc)
        return rc;
    fault_clear(&why);
    rc = route_choose(&ask, v->arena, &plan, &why);
    if (rc == AIGNE_E_NOMEM)
        return fault_nomem(v->why);
    json_open_object(&v->w);
    json_member_string(&v->w, "name", ask.facts.model);
    write_plan(&v->w, &plan);
    if (rc) {
        json_member_text(&v->w, "error", why.text);
        json_member_int(&v->w, "status", fault_status(&why));
    }
    json_close_object(&v->w);
    return AIGNE_OK;
}

#define NAME_SCHEMA VERB_SCHEMA("\"name\"", VERB_TEXT("name", "what callers send as model"))

static const struct verb verbs[] = {
    {{"route.put",
      VERB_SCHEMA(
          "\"name\"",
          VERB_TEXT("name", "what callers send as model; a model's own name is allowed"),
          VERB_TEXT_OR_NULL("strategy", "priority (when absent), weighted, round-robin, "
                                        "lowest-price, lowest-latency or least-busy"),
          VERB_NAMED("targets", "\"type\":\"array\"",
                     "objects with model (of a provider, or another route), and weight (1 to "
                     "100), tier (lower ones first), when, canary and shadow (percent), "
                     "credential"),
          VERB_OBJECT_OR_NULL("when", "whose calls it is for: key, user, app, model, type, "
                                      "stream, metadata.NAME; others are as if it were not "
                                      "there"),
          VERB_POLICY),
      "Give models a name of your own, or change what is mentioned of it."},
     true,
     route_put},
    {{"route.get", NAME_SCHEMA, "Show a route."}, false, route_get},
    {{"route.list", VERB_OPTIONAL(VERB_PAGE, VERB_PAGE_SIZE), "List the routes."},
     false,
     route_list},
    {{"route.delete", NAME_SCHEMA, "Remove a route."}, true, route_delete},
    {{"route.test",
      VERB_SCHEMA("\"name\"", VERB_TEXT("name", "a route or a model"),
                  VERB_TEXT("key", "whose call it were: id or name of an access key"),
                  VERB_TEXT("user", "id or name of a user"), VERB_TEXT("app", "an application"),
                  VERB_NAMED("metadata", "\"type\":\"object\"", "of the request"),
                  VERB_NAMED("request", "\"type\":\"object\"",
                             "what would be asked, as aigne-request(7)")),
      "Tell where a call would go now and why not elsewhere; it takes a turn as a call does."},
     false,
     route_test}};

const struct verb_table route_verbs = {verbs, sizeof verbs / sizeof *verbs};
