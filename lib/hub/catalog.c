/* Knows how the store's objects become the catalogue; refuses to know how they came into the store. */
#include "hub/catalog.h"
#include "base/limits.h"
#include "base/mem.h"
#include "hub/fit.h"
#include "hub/known.h"
#include "text/base64.h"
#include "text/json_scan.h"
#include "vault/seal.h"
#include <aignehub/aignehub.h>
#include <stdlib.h>

static int compare(struct slice a, struct slice b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;
    if (order)
        return order;
    return a.n < b.n ? -1 : a.n > b.n;
}

static int by_table_and_id(const void *left, const void *right)
{
    const struct store_object *a = left;
    const struct store_object *b = right;
    int order = compare(a->table, b->table);
    return order ? order : compare(a->id, b->id);
}

/* Active ones first, then in order of creation, which is the order of their ids. */
static int by_provider_and_use(const void *left, const void *right)
{
    const struct catalog_credential *a = left;
    const struct catalog_credential *b = right;
    int order = compare(a->provider, b->provider);
    if (order)
        return order;
    return a->active != b->active ? (a->active ? -1 : 1) : compare(a->id, b->id);
}

static int by_provider_and_model(const void *left, const void *right)
{
    const struct catalog_rate *a = left;
    const struct catalog_rate *b = right;
    int order = b->deprecated - a->deprecated;
    if (!order)
        order = compare(a->provider, b->provider);
    if (!order)
        order = compare(a->model, b->model);
    return order ? order : compare(a->type, b->type);
}

const struct store_object *catalog_objects(const struct catalog *c, const char *table,
                                           size_t *count)
{
    size_t first = 0;
    while (first < c->object_count && !slice_is(c->objects[first].table, table))
        first++;
    size_t end = first;
    while (end < c->object_count && slice_is(c->objects[end].table, table))
        end++;
    *count = end - first;
    return c->objects + first;
}

static struct slice text_of(struct json object, const char *name, struct arena *a)
{
    return json_string(json_get(object, name), a);
}

static int64_t number_of(struct json object, const char *name, int64_t otherwise)
{
    int64_t value = otherwise;
    return json_int64(json_get(object, name), &value) ? value : otherwise;
}

static bool flag_of(struct json object, const char *name, bool otherwise)
{
    bool value = otherwise;
    return json_bool(json_get(object, name), &value) ? value : otherwise;
}

/* Sealed and hashed bytes travel in JSON as base64; .p NULL: absent or not base64. */
static struct slice bytes_of(struct json object, const char *name, struct arena *a)
{
    struct buf bytes AUTO(buf_free);
    buf_init(&bytes, LIMIT_REQUEST_BODY);
    struct slice text = text_of(object, name, a);
    bool read = text.p && base64_decode(&bytes, text);
    a->failed = a->failed || buf_rc(&bytes) == AIGNE_E_NOMEM;
    return !read || buf_rc(&bytes) ? SLICE_NONE : arena_copy(a, buf_slice(&bytes));
}

/* NULL: nothing is said. What a newer version wrote and this one does not know says nothing either. */
const struct policy *catalog_policy(struct catalog *c, struct json object)
{
    struct json given = json_get(object, "policy");
    struct policy *policy =
        given.kind == JSON_OBJECT ? arena_alloc(&c->arena, sizeof *policy) : NULL;
    if (policy)
        (void)policy_read(given, policy, NULL);
    return policy;
}

static bool read_provider(struct catalog *c, const struct store_object *from,
                          struct catalog_provider *to)
{
    struct json body = json_of(from->body);
    struct slice type = text_of(body, "type", &c->arena);
    struct hub_provider_facts facts;
    if (!c->known->find(type.p ? type : from->id, &facts))
        facts = (struct hub_provider_facts){.name = type.p ? type : from->id};
    to->name = from->id;
    to->type = facts.name;
    c->has_own = c->has_own || !slice_eq(to->type, to->name);
    to->display_name = text_of(body, "displayName", &c->arena);
    to->base_url = text_of(body, "baseUrl", &c->arena);
    to->region = text_of(body, "region", &c->arena);
    to->config = json_get(body, "config").raw;
    to->enabled = flag_of(body, "enabled", true);
    to->keyless = flag_of(body, "keyless", facts.keyless);
    to->kinds = facts.kinds;
    atomic_init(&to->turn, 0);
    return true;
}

static bool read_credential(struct catalog *c, const struct store_object *from,
                            struct catalog_credential *to)
{
    struct json body = json_of(from->body);
    to->id = from->id;
    to->name = text_of(body, "name", &c->arena);
    to->provider = text_of(body, "provider", &c->arena);
    to->sealed = bytes_of(body, "sealed", &c->arena);
    to->masked = text_of(body, "maskedValue", &c->arena);
    to->type = text_of(body, "credentialType", &c->arena);
    to->active = flag_of(body, "active", true) && to->sealed.p;
    int64_t weight = number_of(body, "weight", ROTATION_WEIGHT_DEFAULT);
    bool fits = weight >= 1 && weight <= ROTATION_WEIGHT_LARGEST;
    to->weight = fits ? (unsigned)weight : ROTATION_WEIGHT_DEFAULT;
    return to->provider.p != NULL;
}

static int64_t limit_of(struct json metadata, const char *const *names, size_t count)
{
    int64_t limit = 0;
    for (size_t i = 0; i < count && limit <= 0; i++)
        limit = number_of(metadata, names[i], 0);
    return limit > 0 ? limit : 0;
}

/* As AIGNE's lists of models and others call it. */
static int64_t answer_limit_of(struct json metadata)
{
    static const char *const names[] = {"maxOutputTokens", "max_output_tokens", "maxTokens"};
    return limit_of(metadata, names, 3);
}

static int64_t context_window_of(struct json metadata)
{
    static const char *const names[] = {"contextWindow", "context_window", "contextLength",
                                        "context_length"};
    return limit_of(metadata, names, 4);
}

/* Few rates say what they cost the operator, so there is no room for it in each. */
static const struct price_list *costs_of(struct json body, struct arena *a)
{
    struct json costs = json_get(body, "unitCosts");
    struct json tiers = json_get(body, "tiers");
    struct price_list *list = NULL;
    if ((costs.kind == JSON_OBJECT && json_count(costs)) || tiers.kind == JSON_ARRAY)
        list = arena_alloc(a, sizeof *list);
    if (list)
        price_list_read(body, PRICE_COSTS, a, list);
    return list && (list->tier_count || costs.kind == JSON_OBJECT) ? list : NULL;
}

static bool read_rate(struct catalog *c, const struct store_object *from,
                      struct catalog_rate *to)
{
    struct json body = json_of(from->body);
    to->id = from->id;
    to->provider = text_of(body, "provider", &c->arena);
    to->model = text_of(body, "model", &c->arena);
    to->type = kind_canonical(text_of(body, "type", &c->arena));
    struct json metadata = json_get(body, "modelMetadata");
    to->answer_limit = answer_limit_of(metadata);
    to->context_window = context_window_of(metadata);
    to->lacks = fit_lacks(metadata);
    to->prefill = fit_has(metadata) & FIT_BIT(FIT_PREFILL);
    to->deprecated = flag_of(body, "deprecated", false);
    c->fits_known = c->fits_known || to->lacks || to->context_window;
    price_list_read(body, PRICE_RATES, &c->arena, &to->prices);
    to->costs = costs_of(body, &c->arena);
    to->body = from->body;
    return to->provider.p && to->model.p && to->type.p &&
           to->prices.base.part[PRICE_INPUT] >= 0 && to->prices.base.part[PRICE_OUTPUT] >= 0;
}

static bool read_key(struct catalog *c, const struct store_object *from, struct catalog_key *to)
{
    struct json body = json_of(from->body);
    struct slice hash = bytes_of(body, "hash", &c->arena);
    to->id = from->id;
    to->name = text_of(body, "name", &c->arena);
    to->user = text_of(body, "user", &c->arena);
    to->team = text_of(body, "team", &c->arena);
    to->hint = text_of(body, "hint", &c->arena);
    to->admin = json_string_is(json_get(body, "role"), "admin");
    to->revoked = json_present(json_get(body, "revokedAt"));
    to->expires_ms = number_of(body, "expiresAt", 0);
    to->policy = catalog_policy(c, body);
    if (hash.n != VAULT_HASH_SIZE)
        return false;
    memcpy(to->hash, hash.p, VAULT_HASH_SIZE);
    return true;
}

/* echo answers without a network and a key, so it serves before anything was set up. */
static void add_builtin(struct catalog *c)
{
    struct hub_provider_facts facts;
    for (size_t i = 0; i < c->provider_count; i++)
        if (slice_is(c->providers[i].name, KNOWN_BUILTIN))
            return;
    if (!c->known->find(SLICE(KNOWN_BUILTIN), &facts))
        return;
    struct catalog_provider *echo = &c->providers[c->provider_count++];
    echo->name = SLICE(KNOWN_BUILTIN);
    echo->type = echo->name;
    echo->enabled = true;
    echo->keyless = facts.keyless;
    echo->kinds = facts.kinds;
    atomic_init(&echo->turn, 0);
}

static int read_providers(struct catalog *c)
{
    size_t count = 0;
    const struct store_object *from = catalog_objects(c, TABLE_PROVIDER, &count);
    c->providers = arena_array(&c->arena, count + 1, sizeof *c->providers);
    if (!c->providers)
        return AIGNE_E_NOMEM;
    for (size_t i = 0; i < count; i++)
        if (read_provider(c, &from[i], &c->providers[c->provider_count]))
            c->provider_count++;
    add_builtin(c);
    for (size_t i = 0; i < c->provider_count; i++)
        if (map_put(&c->providers_by_name, c->providers[i].name, &c->providers[i]))
            return AIGNE_E_NOMEM;
    return AIGNE_OK;
}

static int lay_out_turns(struct catalog *c, struct catalog_provider *p)
{
    unsigned *weights = arena_array(&c->arena, p->active_count + 1, sizeof *weights);
    for (size_t i = 0; weights && i < p->active_count; i++)
        weights[i] = p->credentials[i].weight;
    return weights ? rotation_build(&p->rotation, weights, p->active_count, &c->arena)
                   : AIGNE_E_NOMEM;
}

static int read_credentials(struct catalog *c)
{
    size_t count = 0;
    size_t kept = 0;
    const struct store_object *from = catalog_objects(c, TABLE_CREDENTIAL, &count);
    struct catalog_credential *to = arena_array(&c->arena, count + 1, sizeof *to);
    if (!to)
        return AIGNE_E_NOMEM;
    for (size_t i = 0; i < count; i++)
        if (read_credential(c, &from[i], &to[kept]))
            to[kept++].opened = arena_alloc(&c->arena, sizeof *to->opened);
    if (c->arena.failed)
        return AIGNE_E_NOMEM;
    qsort(to, kept, sizeof *to, by_provider_and_use);
    for (size_t i = 0; i < kept; i++) {
        struct catalog_provider *owner = catalog_provider(c, to[i].provider);
        if (!owner)
            continue;
        if (owner->credential_count++ == 0)
            owner->credentials = &to[i];
        owner->active_count += to[i].active;
    }
    for (size_t i = 0; i < c->provider_count; i++)
        if (lay_out_turns(c, &c->providers[i]))
            return AIGNE_E_NOMEM;
    return AIGNE_OK;
}

static struct slice tail_of(struct slice model)
{
    size_t at = model.n;
    while (at > 0 && model.p[at - 1] != '/')
        at--;
    return slice_from(model, at);
}

static int index_rate(struct catalog *c, struct catalog_rate *rate)
{
    const struct slice parts[] = {rate->provider, SLICE("/"), rate->model, SLICE("/"),
                                  rate->type};
    struct slice key = arena_join(&c->arena, parts, sizeof parts / sizeof *parts);
    struct slice tail = tail_of(rate->model);
    rate->same_tail = map_get(&c->rates_by_tail, tail);
    if (!key.p || map_put(&c->rates_by_name, key, rate) ||
        map_put(&c->rates_by_tail, tail, rate))
        return AIGNE_E_NOMEM;
    return AIGNE_OK;
}

static int read_rates(struct catalog *c)
{
    size_t count = 0;
    const struct store_object *from = catalog_objects(c, TABLE_RATE, &count);
    size_t routes = 0;
    (void)catalog_objects(c, TABLE_ROUTE, &routes);
    c->rates = arena_array(&c->arena, count + routes + 1, sizeof *c->rates);
    if (!c->rates)
        return AIGNE_E_NOMEM;
    for (size_t i = 0; i < count; i++)
        if (read_rate(c, &from[i], &c->rates[c->rate_count]))
            c->rate_count++;
    if (c->arena.failed)
        return AIGNE_E_NOMEM;
    qsort(c->rates, c->rate_count, sizeof *c->rates, by_provider_and_model);
    for (; c->rate_count && c->rates->deprecated; c->rates++, c->rate_count--)
        c->deprecated_count++;
    for (size_t i = 0; i < c->rate_count; i++)
        if (index_rate(c, &c->rates[i]))
            return AIGNE_E_NOMEM;
    return AIGNE_OK;
}

static int read_keys(struct catalog *c)
{
    size_t count = 0;
    const struct store_object *from = catalog_objects(c, TABLE_KEY, &count);
    c->keys = arena_array(&c->arena, count + 1, sizeof *c->keys);
    if (!c->keys)
        return AIGNE_E_NOMEM;
    for (size_t i = 0; i < count; i++) {
        struct catalog_key *key = &c->keys[c->key_count];
        if (!read_key(c, &from[i], key))
            continue;
        c->key_count++;
        if (map_put(&c->keys_by_hash, slice_of((const char *)key->hash, VAULT_HASH_SIZE), key))
            return AIGNE_E_NOMEM;
    }
    return AIGNE_OK;
}

/* Objects stay the catalogue's own: the map hands out what catalog_user() declares constant. */
static int read_users(struct catalog *c)
{
    size_t count = 0;
    const struct store_object *first = catalog_objects(c, TABLE_USER, &count);
    struct store_object *users = c->objects + (count ? first - c->objects : 0);
    for (size_t i = 0; i < count; i++) {
        struct slice name = text_of(json_of(users[i].body), "name", &c->arena);
        if (name.p && map_put(&c->users_by_name, name, &users[i]))
            return AIGNE_E_NOMEM;
    }
    return AIGNE_OK;
}

static int read_limits(struct catalog *c)
{
    size_t count = 0;
    const struct store_object *from = catalog_objects(c, TABLE_LIMIT, &count);
    return limits_read(from, count, &c->arena, &c->limits);
}

static void read_settings(struct catalog *c)
{
    const struct store_object *settings = catalog_object(c, TABLE_SETTINGS, SLICE(SETTINGS_ID));
    struct json body = json_of(settings ? settings->body : SLICE("{}"));
    billing_read(body, &c->arena, &c->billing);
    c->policy = catalog_policy(c, body);
}

static void close_secrets(struct catalog *c)
{
    for (size_t i = 0; i < c->provider_count; i++) {
        struct catalog_provider *p = &c->providers[i];
        for (size_t k = 0; k < p->credential_count; k++)
            vault_close(atomic_load(p->credentials[k].opened));
    }
}

static void catalog_free(struct catalog *c)
{
    close_secrets(c);
    map_free(&c->providers_by_name);
    map_free(&c->rates_by_name);
    map_free(&c->rates_by_tail);
    map_free(&c->keys_by_hash);
    map_free(&c->users_by_name);
    budgets_free(&c->budgets);
    map_free(&c->routes_by_name);
    limits_free(c->limits);
    arena_free(&c->arena);
    mem_free(c);
}

static struct catalog *catalog_new(const struct hub_providers *known)
{
    struct catalog *c = mem_alloc_zero(sizeof *c);
    if (!c)
        return NULL;
    ref_init(&c->ref);
    arena_init(&c->arena);
    map_init(&c->providers_by_name);
    map_init(&c->rates_by_name);
    map_init(&c->rates_by_tail);
    map_init(&c->keys_by_hash);
    map_init(&c->users_by_name);
    map_init(&c->routes_by_name);
    c->known = known;
    return c;
}

int catalog_build(const struct store_type *type, struct store *store,
                  const struct hub_providers *known, struct catalog **out, struct fault *why)
{
    struct catalog *c = catalog_new(known);
    *out = NULL;
    if (!c)
        return fault_nomem(why);
    int rc = type->load(store, &c->arena, &c->objects, &c->object_count, &c->version, why);
    if (rc) {
        catalog_free(c);
        return rc;
    }
    qsort(c->objects, c->object_count, sizeof *c->objects, by_table_and_id);
    read_settings(c);
    size_t topups = 0;
    (void)catalog_objects(c, TABLE_TOPUP, &topups);
    c->topups = topups > 0;
    if (read_providers(c) || read_credentials(c) || read_rates(c) || read_keys(c) ||
        read_users(c) || routes_read(c) || routes_list(c) || !budgets_read(c) ||
        read_limits(c) || c->arena.failed) {
        catalog_free(c);
        return fault_nomem(why);
    }
    *out = c;
    return AIGNE_OK;
}

void catalog_hold(struct catalog *c)
{
    ref_hold(&c->ref);
}

void catalog_drop(struct catalog *c)
{
    if (c && ref_drop(&c->ref))
        catalog_free(c);
}
