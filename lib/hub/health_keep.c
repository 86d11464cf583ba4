/* Knows where health is kept, how catalogues point into it and what of it is in the store; refuses to
 * know how it changes. */
#define _POSIX_C_SOURCE 200809L
#include "base/map.h"
#include "base/mem.h"
#include "hub/breaker.h"
#include "hub/catalog.h"
#include "hub/health_entry.h"
#include "text/json_scan.h"
#include <aignehub/aignehub.h>
#include <pthread.h>

/* Callers name models: of a provider that fails at everything, no more than this are told apart. The
 * others have no breaker. */
#define MODELS_LARGEST 256

struct health {
    pthread_mutex_t lock;
    struct health_provider *providers;
    struct map providers_by_name;
    struct map credentials_by_id;
    int64_t version; /* of the catalogue followed last */
    atomic_bool unsaved;
    struct events *events;
};

int health_open(struct events *events, struct health **out, struct fault *why)
{
    struct health *h = mem_alloc_zero(sizeof *h);
    *out = h;
    if (!h)
        return fault_nomem(why);
    h->events = events;
    pthread_mutex_init(&h->lock, NULL);
    map_init(&h->providers_by_name);
    map_init(&h->credentials_by_id);
    return AIGNE_OK;
}

static void free_entries(struct health_entry *e)
{
    while (e) {
        struct health_entry *next = e->next;
        mem_free(e);
        e = next;
    }
}

void health_close(struct health *h)
{
    if (!h)
        return;
    while (h->providers) {
        struct health_provider *p = h->providers;
        h->providers = p->next;
        free_entries(atomic_load(&p->models));
        free_entries(p->credentials);
        mem_free(p);
    }
    map_free(&h->providers_by_name);
    map_free(&h->credentials_by_id);
    pthread_mutex_destroy(&h->lock);
    mem_free(h);
}

void health_lock(struct health *h)
{
    pthread_mutex_lock(&h->lock);
}

void health_unlock(struct health *h)
{
    pthread_mutex_unlock(&h->lock);
}

struct health_provider *health_first(struct health *h)
{
    return h->providers;
}

struct events *health_events(const struct health *h)
{
    return h->events;
}

bool health_take_unsaved(struct health *h)
{
    return atomic_exchange(&h->unsaved, false);
}

void health_set_unsaved(struct health *h)
{
    atomic_store(&h->unsaved, true);
}

/* An object with its name behind it, in one piece of memory. */
static void *named(size_t size, struct slice name, struct slice *copy)
{
    char *memory = mem_alloc_zero(size + name.n);
    if (!memory)
        return NULL;
    if (name.n)
        memcpy(memory + size, name.p, name.n);
    *copy = slice_of(memory + size, name.n);
    return memory;
}

static struct health_entry *new_entry(struct health_provider *p, struct slice name)
{
    struct slice copy = SLICE_NONE;
    struct health_entry *e = named(sizeof *e, name, &copy);
    if (!e)
        return NULL;
    e->owner = p;
    e->name = copy;
    return e;
}

struct health_entry *health_need_model(struct health_provider *p, struct slice model)
{
    struct health_entry *e = health_model(p, model);
    if (e)
        return e;
    pthread_mutex_lock(&p->health->lock);
    e = health_model(p, model);
    if (!e && p->model_count < MODELS_LARGEST && (e = new_entry(p, model)) != NULL) {
        e->next = atomic_load(&p->models);
        p->model_count++;
        atomic_store_explicit(&p->models, e, memory_order_release);
    }
    pthread_mutex_unlock(&p->health->lock);
    return e;
}

static struct health_provider *need_provider(struct health *h, struct slice name)
{
    struct health_provider *p = map_get(&h->providers_by_name, name);
    struct slice copy = SLICE_NONE;
    if (p || !(p = named(sizeof *p, name, &copy)))
        return p;
    p->health = h;
    p->name = copy;
    if (map_put(&h->providers_by_name, copy, p)) {
        mem_free(p);
        return NULL;
    }
    p->next = h->providers;
    h->providers = p;
    return p;
}

static struct health_entry *need_credential(struct health_provider *p, struct slice id)
{
    struct health *h = p->health;
    struct health_entry *e = map_get(&h->credentials_by_id, id);
    if (e || !(e = new_entry(p, id)))
        return e;
    e->is_credential = true;
    if (map_put(&h->credentials_by_id, e->name, e)) {
        mem_free(e);
        return NULL;
    }
    e->next = p->credentials;
    p->credentials = e;
    return e;
}

static int link_provider(struct health *h, struct catalog_provider *to)
{
    to->health = need_provider(h, to->name);
    if (!to->health)
        return AIGNE_E_NOMEM;
    for (size_t i = 0; i < to->credential_count; i++) {
        to->credentials[i].health = need_credential(to->health, to->credentials[i].id);
        if (!to->credentials[i].health)
            return AIGNE_E_NOMEM;
    }
    return AIGNE_OK;
}

int health_link(struct health *h, struct catalog *c)
{
    int rc = AIGNE_OK;
    pthread_mutex_lock(&h->lock);
    for (size_t i = 0; i < c->provider_count && !rc; i++)
        rc = link_provider(h, &c->providers[i]);
    pthread_mutex_unlock(&h->lock);
    return rc;
}

/* ---- following the catalogue ---- */

/* FNV-1a: not for secrets, which are sealed here, only to see that something is another. */
static uint64_t mark_of(uint64_t mark, struct slice bytes)
{
    for (size_t i = 0; i < bytes.n; i++)
        mark = (mark ^ (unsigned char)bytes.p[i]) * UINT64_C(1099511628211);
    return mark * UINT64_C(1099511628211) + 1;
}

static void follow_provider(const struct catalog_provider *from)
{
    struct health_provider *p = from->health;
    uint64_t mark = mark_of(mark_of(mark_of(1, from->base_url), from->region), from->config);
    for (struct health_entry *e = atomic_load(&p->models); e && mark != p->mark; e = e->next)
        health_forget(e);
    p->mark = mark;
}

static void read_reason(struct health_entry *e, const struct store_object *object)
{
    char *reason = e->reason;
    struct arena a;
    arena_init(&a);
    struct slice text = json_string(json_get(json_of(object->body), "reason"), &a);
    fault_copy(reason, sizeof e->reason, text.p ? text : SLICE(""));
    arena_free(&a);
}

/* What another process wrote counts here too: that it is disabled, and that it no longer is. */
static void follow_credential(const struct catalog_credential *from,
                              const struct store_object *stored, int64_t now_ms)
{
    struct health_entry *e = from->health;
    uint64_t mark = mark_of(1, from->sealed);
    if (e->mark && e->mark != mark)
        health_forget(e);
    e->mark = mark;
    if (stored && !e->seen && !e->written) {
        health_disable(e, now_ms, 0);
        atomic_store(&e->opened_ms, now_ms);
        read_reason(e, stored);
        e->written = true;
    }
    if (!stored && e->seen) {
        e->written = false;
        health_forget(e);
    }
    e->seen = stored != NULL;
}

static void follow_credentials(const struct catalog *c, const struct catalog_provider *p,
                               int64_t now_ms)
{
    size_t count = 0;
    const struct store_object *stored = catalog_objects(c, TABLE_HEALTH, &count);
    for (size_t i = 0; i < p->credential_count; i++) {
        const struct catalog_credential *from = &p->credentials[i];
        size_t k = 0;
        while (k < count && !slice_eq(stored[k].id, from->id))
            k++;
        from->health->generation = c->version;
        follow_credential(from, k < count ? &stored[k] : NULL, now_ms);
    }
}

void health_follow(struct health *h, const struct catalog *c, int64_t now_ms)
{
    pthread_mutex_lock(&h->lock);
    bool newer = c->version >= h->version;
    h->version = newer ? c->version : h->version;
    for (size_t i = 0; newer && i < c->provider_count; i++) {
        follow_provider(&c->providers[i]);
        follow_credentials(c, &c->providers[i], now_ms);
    }
    for (struct health_provider *p = newer ? h->providers : NULL; p; p = p->next)
        for (struct health_entry *e = p->credentials; e; e = e->next)
            if (e->generation != c->version)
                health_forget(e);
    pthread_mutex_unlock(&h->lock);
}
