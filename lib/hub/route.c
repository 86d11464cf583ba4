/* Knows which providers a model name may go to, in which order; refuses to know whether they answer.
 *
 * An "aignehub/" in front is a courtesy of clients and taken off, unless a provider of that name is set
 * up here (hubs chain) and what remains names no provider that is usable here. */
#include "hub/route.h"
#include "hub/known.h"
#include "hub/route_candidates.h"
#include "hub/route_health.h"
#include <aignehub/aignehub.h>

/* How errors quote a name: cut where a sentence would drown in it. */
#define QUOTE(s) ((int)((s).n < 100 ? (s).n : 100)), ((s).p)

static int refuse(struct fault *why, int http, int code)
{
    if (why) {
        why->http = http;
        why->retry_ms = -1;
        FAULT_COPY(why->param, SLICE("model"));
    }
    return code;
}

static int check_name(struct slice model, struct fault *why)
{
    const char *problem = NULL;
    if (model.n == 0)
        problem = "is empty";
    else if (model.n > LIMIT_MODEL_NAME)
        problem = "is too long";
    for (size_t i = 0; i < model.n && !problem; i++)
        if ((unsigned char)model.p[i] <= ' ' || model.p[i] == 127)
            problem = "contains blanks or control characters";
    if (!problem)
        return AIGNE_OK;
    refuse(why, 400, AIGNE_E_REQUEST);
    return fault_field(why, AIGNE_E_REQUEST, "model",
                       "The model name %s; write \"provider/model\".", problem);
}

/* "openai/gpt-4o" or "openai:gpt-4o": the provider's canonical name, and the rest as the model. */
static bool names_provider(const struct catalog *c, struct slice name,
                           struct hub_provider_facts *facts, struct slice *model)
{
    size_t at = 0;
    while (at < name.n && name.p[at] != '/' && name.p[at] != ':')
        at++;
    if (at == name.n || at == 0 || at > OWN_NAME_LARGEST)
        return false;
    *model = slice_from(name, at + 1);
    return catalog_facts(c, slice_of(name.p, at), facts);
}

struct slice route_own_name(const struct catalog *c, struct slice name)
{
    static const char *const prefixes[] = {"aignehub/", "aigne-hub/",
                                           "aignehub:", "aigne-hub:"};
    struct hub_provider_facts facts;
    struct slice model;
    struct slice rest = name;
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes && rest.n == name.n; i++)
        if (slice_starts_nocase(name, prefixes[i]))
            rest = slice_from(name, strlen(prefixes[i]));
    if (rest.n == name.n)
        return name;
    const struct catalog_provider *hub = catalog_provider(c, SLICE(KNOWN_HUB));
    if (!hub || !hub->enabled)
        return rest;
    if (!names_provider(c, rest, &facts, &model))
        return name;
    const struct catalog_provider *named = catalog_provider(c, facts.name);
    return named && catalog_usable(named) ? rest : name;
}

static int explain_unusable(const struct catalog_provider *p, struct slice name,
                            enum chat_kind kind, struct fault *why)
{
    refuse(why, 503, AIGNE_E_ROUTE);
    if (why)
        FAULT_COPY(why->provider, name);
    if (!p)
        return fault_set(why, AIGNE_E_ROUTE,
                         "Provider '%.*s' is not available or not configured: set it up with "
                         "provider.put and credential.put.",
                         QUOTE(name));
    if (!p->kinds)
        return fault_set(why, AIGNE_E_ROUTE,
                         "Provider '%.*s' is not available: this version cannot speak to it.",
                         QUOTE(name));
    if (catalog_usable(p)) {
        refuse(why, 400, AIGNE_E_ROUTE);
        return fault_set(why, AIGNE_E_ROUTE,
                         "Provider '%.*s' cannot be asked for this kind of call: %s.",
                         QUOTE(name), kind_name(kind));
    }
    if (!p->enabled)
        return fault_set(why, AIGNE_E_ROUTE,
                         "Provider '%.*s' is not available: it is disabled; enable it with "
                         "provider.put.",
                         QUOTE(name));
    return fault_set(
        why, AIGNE_E_ROUTE,
        "No active credentials found for provider %.*s: add one with credential.put.",
        QUOTE(name));
}

void route_add(struct route_plan *plan, const struct candidate *from, int64_t now_ms,
               size_t room)
{
    struct catalog_provider *p = from->provider;
    if (health_troubled(p->health)) {
        route_around(plan, p, from->model, now_ms, room);
        return;
    }
    struct route_attempt *next = &plan->attempts[plan->count];
    if (p->active_count == 0) {
        *next = (struct route_attempt){.provider = p, .model = from->model};
        plan->count++;
        return;
    }
    size_t first = p->active_count == 1 ? 0 : rotation_pick(&p->rotation, route_turn(p));
    for (size_t i = 0; i < p->active_count && i < room; i++) {
        const struct catalog_credential *credential =
            &p->credentials[(first + i) % p->active_count];
        *next++ = (struct route_attempt){
            .provider = p, .credential = credential, .model = from->model};
        plan->count++;
    }
}

static bool better(const struct candidate *a, const struct candidate *b)
{
    if (a->rank != b->rank)
        return a->rank < b->rank;
    struct slice left = a->provider->name;
    struct slice right = b->provider->name;
    int order = memcmp(left.p, right.p, left.n < right.n ? left.n : right.n);
    return order ? order < 0 : left.n < right.n;
}

/* Keeps the best of each provider, and the best providers. */
static void offer(struct candidates *all, struct candidate one)
{
    all->name_known = true;
    if (!catalog_does(one.provider, all->kind))
        return;
    for (size_t i = 0; i < all->count; i++) {
        if (all->items[i].provider != one.provider)
            continue;
        if (one.exact && !all->items[i].exact)
            all->items[i] = one;
        return;
    }
    size_t at = all->count < LIMIT_ATTEMPTS ? all->count++ : LIMIT_ATTEMPTS;
    for (; at > 0 && better(&one, &all->items[at - 1]); at--)
        if (at < LIMIT_ATTEMPTS)
            all->items[at] = all->items[at - 1];
    if (at < LIMIT_ATTEMPTS)
        all->items[at] = one;
}

static bool ends_with_segment(struct slice model, struct slice name)
{
    return model.n > name.n && model.p[model.n - name.n - 1] == '/' &&
           slice_eq(slice_from(model, model.n - name.n), name);
}

/* Providers that have a price for it. */
static void candidates_by_rate(const struct catalog *c, struct slice name,
                               struct candidates *all)
{
    struct slice type = slice_text(kind_rate_type(all->kind));
    const struct catalog_rate *rate = catalog_rates_like(c, name);
    for (; rate; rate = rate->same_tail) {
        bool exact = slice_eq(rate->model, name);
        struct catalog_provider *p = catalog_provider(c, rate->provider);
        if (p && slice_eq(rate->type, type) && (exact || ends_with_segment(rate->model, name)))
            offer(all, (struct candidate){p, rate->model, provider_rank(p->type), exact});
    }
}

static struct slice derived_model(struct slice provider, const struct vendor *vendor,
                                  struct slice name, struct arena *a)
{
    bool slash = slice_is(provider, "openrouter");
    bool dot = slice_is(provider, "bedrock") && slice_find_byte(name, '.') == name.n;
    if (!slash && !dot)
        return name;
    const struct slice parts[] = {slice_text(vendor->name), slash ? SLICE("/") : SLICE("."),
                                  name};
    return arena_join(a, parts, 3);
}

static void candidates_by_vendor(const struct catalog *c, struct slice name, struct arena *a,
                                 struct candidates *all)
{
    const struct vendor *vendor = vendor_of(name);
    all->name_known = all->name_known || vendor;
    for (size_t i = 0; vendor && i < VENDOR_CANDIDATES && vendor->providers[i]; i++) {
        struct slice provider = slice_text(vendor->providers[i]);
        struct catalog_provider *p = catalog_provider(c, provider);
        if (p)
            offer(all, (struct candidate){p, derived_model(provider, vendor, name, a),
                                          provider_rank(provider), true});
    }
}

static int explain_nobody(const struct catalog *c, struct slice name, bool known,
                          struct fault *why)
{
    struct hub_provider_facts facts;
    refuse(why, known ? 503 : 404, AIGNE_E_ROUTE);
    if (known)
        return fault_set(why, AIGNE_E_ROUTE,
                         "No available provider found for model \"%.*s\": add a provider's key "
                         "with credential.put, or name a provider as in \"provider/%.*s\".",
                         QUOTE(name), QUOTE(name));
    if (catalog_facts(c, name, &facts))
        return fault_set(why, AIGNE_E_ROUTE,
                         "\"%.*s\" is a provider, not a model: write \"%.*s/MODEL\".",
                         QUOTE(name), QUOTE(name));
    return fault_set(
        why, AIGNE_E_ROUTE,
        "No available provider found for model \"%.*s\": nobody is known to serve "
        "it; name a provider as in \"provider/model\", or add a rate with rate.put.",
        QUOTE(name));
}

static int find_bare(const struct catalog *c, struct slice name, struct arena *a,
                     struct candidates *all, struct fault *why)
{
    candidates_by_rate(c, name, all);
    if (all->count == 0)
        candidates_by_vendor(c, name, a, all);
    if (a->failed)
        return fault_nomem(why);
    return all->count ? AIGNE_OK : explain_nobody(c, name, all->name_known, why);
}

static int find_named(const struct catalog *c, const struct hub_provider_facts *facts,
                      struct slice model, struct candidates *all, struct fault *why)
{
    struct catalog_provider *p = catalog_provider(c, facts->name);
    if (model.n == 0) {
        refuse(why, 400, AIGNE_E_REQUEST);
        return fault_field(why, AIGNE_E_REQUEST, "model",
                           "The model name ends after the provider; write \"%.*s/MODEL\".",
                           QUOTE(facts->name));
    }
    if (!p || !catalog_does(p, all->kind))
        return explain_unusable(p, facts->name, all->kind, why);
    all->items[0] = (struct candidate){.provider = p, .model = model};
    all->count = 1;
    return AIGNE_OK;
}

int route_candidates(const struct catalog *c, struct slice model, enum chat_kind kind,
                     struct arena *a, struct candidates *out, struct fault *why)
{
    struct hub_provider_facts facts;
    struct slice rest = SLICE_NONE;
    out->kind = kind;
    out->count = 0;
    out->name_known = false;
    int rc = check_name(model, why);
    if (rc)
        return rc;
    struct slice name = route_own_name(c, model);
    if (name.n == 0)
        return check_name(name, why);
    return names_provider(c, name, &facts, &rest) ? find_named(c, &facts, rest, out, why)
                                                  : find_bare(c, name, a, out, why);
}

/* Each later provider keeps one place, so that a provider with many keys cannot crowd it out. */
int route_plan(const struct catalog *c, struct slice model, enum chat_kind kind, int64_t now_ms,
               struct arena *a, struct route_plan *out, struct fault *why)
{
    struct candidates all;
    route_plan_init(out);
    int rc = route_candidates(c, model, kind, a, &all, why);
    for (size_t i = 0; !rc && i < all.count; i++)
        route_add(out, &all.items[i], now_ms,
                  LIMIT_ATTEMPTS - out->count - (all.count - 1 - i));
    route_sort(out);
    return rc;
}
