/* Knows how things are found in a catalogue; refuses to know where they came from. */
#include "base/limits.h"
#include "hub/catalog.h"
#include "hub/known.h"

struct catalog_provider *catalog_provider(const struct catalog *c, struct slice name)
{
    return map_get(&c->providers_by_name, name);
}

/* In lower case, as they are kept. */
static const struct catalog_provider *own_provider(const struct catalog *c, struct slice name)
{
    char lower[OWN_NAME_LARGEST];
    if (!c->has_own || name.n > sizeof lower)
        return NULL;
    for (size_t i = 0; i < name.n; i++) {
        char byte = name.p[i];
        lower[i] = (char)(byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte);
    }
    const struct catalog_provider *p = catalog_provider(c, slice_of(lower, name.n));
    return p && !slice_eq(p->type, p->name) ? p : NULL;
}

bool catalog_facts(const struct catalog *c, struct slice name, struct hub_provider_facts *out)
{
    const struct catalog_provider *own = own_provider(c, name);
    if (!own)
        return c->known->find(name, out);
    *out = (struct hub_provider_facts){
        .name = own->name, .keyless = own->keyless, .kinds = own->kinds};
    return true;
}

bool catalog_usable(const struct catalog_provider *p)
{
    return p->enabled && p->kinds && (p->keyless || p->active_count > 0);
}

bool catalog_does(const struct catalog_provider *p, enum chat_kind kind)
{
    return catalog_usable(p) && (p->kinds & KIND_BIT(kind));
}

const struct catalog_rate *catalog_rate(const struct catalog *c, struct slice provider,
                                        struct slice model, struct slice type)
{
    type = kind_canonical(type);
    char key[LIMIT_MODEL_NAME + 128];
    size_t n = provider.n + model.n + type.n + 2;
    if (n > sizeof key || !provider.n || !model.n || !type.n)
        return NULL;
    memcpy(key, provider.p, provider.n);
    key[provider.n] = '/';
    memcpy(key + provider.n + 1, model.p, model.n);
    key[provider.n + 1 + model.n] = '/';
    memcpy(key + n - type.n, type.p, type.n);
    return map_get(&c->rates_by_name, slice_of(key, n));
}

const struct store_object *catalog_rate_object(const struct catalog *c, struct slice provider,
                                               struct slice model, struct slice type)
{
    const struct catalog_rate *rate = catalog_rate(c, provider, model, type);
    for (size_t i = 1; !rate && i <= c->deprecated_count; i++) {
        const struct catalog_rate *old = c->rates - i;
        if (slice_eq(old->provider, provider) && slice_eq(old->model, model) &&
            slice_eq(old->type, kind_canonical(type)))
            rate = old;
    }
    return rate ? catalog_object(c, TABLE_RATE, rate->id) : NULL;
}

const struct catalog_key *catalog_key(const struct catalog *c, struct slice secret)
{
    unsigned char hash[VAULT_HASH_SIZE];
    vault_hash(secret, hash);
    const struct catalog_key *key =
        map_get(&c->keys_by_hash, slice_of((const char *)hash, sizeof hash));
    return key && vault_hash_equal(key->hash, hash) ? key : NULL;
}

const struct store_object *catalog_user(const struct catalog *c, struct slice name)
{
    return map_get(&c->users_by_name, name);
}

const struct catalog_rate *catalog_rates_like(const struct catalog *c, struct slice model)
{
    size_t at = model.n;
    while (at > 0 && model.p[at - 1] != '/')
        at--;
    return map_get(&c->rates_by_tail, slice_from(model, at));
}

const struct store_object *catalog_object(const struct catalog *c, const char *table,
                                          struct slice id)
{
    size_t count = 0;
    const struct store_object *objects = catalog_objects(c, table, &count);
    for (size_t i = 0; i < count; i++)
        if (slice_eq(objects[i].id, id))
            return &objects[i];
    return NULL;
}

void catalog_inherit(struct catalog *to, const struct catalog *from)
{
    for (size_t i = 0; i < to->provider_count; i++) {
        struct catalog_provider *p = catalog_provider(from, to->providers[i].name);
        if (p)
            atomic_store(&to->providers[i].turn, atomic_load(&p->turn));
    }
    routes_inherit(to, from);
}
