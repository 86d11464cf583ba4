/* Knows how health is shown to administrators and reset by them; refuses to know how it changes. */
#include "base/clock.h"
#include "hub/breaker.h"
#include "hub/health.h"
#include "hub/verb.h"
#include "store/moment.h"
#include <aignehub/aignehub.h>

struct shown {
    const char *state;
    struct breaker breaker;
    struct health_view view;
};

static struct shown look(const struct health_entry *e, int64_t now_ms)
{
    static const char *const ready[] = {
        [BREAKER_CLOSED] = "closed", [BREAKER_OPEN] = "open", [BREAKER_PROBING] = "half-open"};
    struct shown s = {.breaker = breaker_unpack(e ? atomic_load(&e->breaker) : 0),
                      .view = health_look(e, now_ms)};
    s.state = s.view.condition == HEALTH_PACED ? "cooling" : ready[s.breaker.phase];
    return s;
}

/* Why it is not ready, and when it is tried again. */
static void write_trouble(struct verb_call *v, const struct health_entry *e,
                          const struct shown *s, int64_t now_ms)
{
    char reason[sizeof e->reason];
    if (s->view.condition != HEALTH_READY)
        moment_member(&v->w, "nextProbeAt", v->now_ms + s->view.due_ms - now_ms);
    health_lock(v->hub->health);
    memcpy(reason, e->reason, sizeof reason);
    health_unlock(v->hub->health);
    if (reason[0])
        json_member_text(&v->w, "reason", reason);
}

static const struct catalog_credential *find_credential(const struct catalog *c,
                                                        struct slice provider, struct slice id)
{
    const struct catalog_provider *p = catalog_provider(c, provider);
    for (size_t i = 0; p && i < p->credential_count; i++)
        if (slice_eq(p->credentials[i].id, id))
            return &p->credentials[i];
    return NULL;
}

void health_write_credential(struct verb_call *v, const struct store_object *object)
{
    int64_t now_ms = clock_monotonic_us() / 1000;
    struct slice provider = json_string(json_get(json_of(object->body), "provider"), v->arena);
    const struct catalog_credential *c =
        provider.p ? find_credential(v->catalog, provider, object->id) : NULL;
    struct shown s = look(c ? c->health : NULL, now_ms);
    const char *status = s.view.condition == HEALTH_PACED      ? "cooling"
                         : s.view.condition == HEALTH_DISABLED ? "disabled"
                                                               : "active";
    json_member_text(&v->w, "status", c && !c->active ? "inactive" : status);
    if (c && c->health && s.view.condition != HEALTH_READY)
        write_trouble(v, c->health, &s, now_ms);
}

/* Only what some route goes by is measured. */
static void write_measured(struct verb_call *v, const struct health_entry *e, int64_t now_ms)
{
    int64_t latency_us = health_latency(e, now_ms);
    if (!latency_us)
        return;
    json_member_int(&v->w, "latencyMs", latency_us / 1000);
    json_member_int(&v->w, "inFlight", atomic_load(&e->in_flight));
}

/* ---- health.list ---- */

static void write_entry(struct verb_call *v, const struct health_entry *e,
                        struct slice provider, const struct catalog_credential *credential,
                        int64_t now_ms)
{
    struct shown s = look(e, now_ms);
    json_open_object(&v->w);
    json_member_string(&v->w, "provider", provider);
    json_member_string_opt(&v->w, "credential", credential ? credential->name : SLICE_NONE);
    json_member_string(&v->w, credential ? "id" : "model",
                       credential ? credential->id : e->name);
    json_member_text(&v->w, "state", s.state);
    json_member_int(&v->w, "failures", s.breaker.failures);
    json_member_int(&v->w, "successes", s.breaker.successes);
    if (e && !credential)
        write_measured(v, e, now_ms);
    if (e)
        write_trouble(v, e, &s, now_ms);
    json_close_object(&v->w);
}

static int64_t write_provider(struct verb_call *v, const struct catalog_provider *p,
                              int64_t now_ms)
{
    int64_t count = 0;
    struct health_entry *e =
        p->health ? atomic_load_explicit(&p->health->models, memory_order_acquire) : NULL;
    for (; e; e = e->next, count++)
        write_entry(v, e, p->name, NULL, now_ms);
    for (size_t i = 0; i < p->credential_count; i++, count++)
        write_entry(v, p->credentials[i].health, p->name, &p->credentials[i], now_ms);
    return count;
}

static int health_list(struct verb_call *v)
{
    struct slice provider = SLICE_NONE;
    int64_t now_ms = clock_monotonic_us() / 1000;
    int64_t count = 0;
    int rc = verb_provider(v, "provider", &provider);
    if (rc)
        return rc;
    json_open_object(&v->w);
    json_key(&v->w, "list");
    json_open_array(&v->w);
    for (size_t i = 0; i < v->catalog->provider_count; i++) {
        const struct catalog_provider *p = &v->catalog->providers[i];
        if (!provider.p || slice_eq(p->name, provider))
            count += write_provider(v, p, now_ms);
    }
    json_close_array(&v->w);
    json_member_int(&v->w, "count", count);
    json_close_object(&v->w);
    return AIGNE_OK;
}

/* ---- health.reset ---- */

struct choice {
    struct slice provider;
    struct slice model;
    struct slice credential;
};

static bool chosen(const struct choice *c, struct slice model,
                   const struct catalog_credential *credential)
{
    if (credential)
        return !c->model.p && (!c->credential.p || slice_eq(c->credential, credential->id) ||
                               slice_eq(c->credential, credential->name));
    return !c->credential.p && (!c->model.p || slice_eq(c->model, model));
}

static int64_t forget_models(struct health_provider *p, const struct choice *c)
{
    int64_t count = 0;
    for (struct health_entry *e = atomic_load(&p->models); e; e = e->next)
        if (chosen(c, e->name, NULL)) {
            health_forget(e);
            count++;
        }
    return count;
}

/* What other processes know of it goes with the object. */
static int forget_credential(struct verb_call *v, const struct catalog_credential *credential)
{
    const struct store_object *stored =
        catalog_object(v->catalog, TABLE_HEALTH, credential->id);
    if (credential->health)
        health_forget(credential->health);
    return stored ? verb_drop(v, stored) : AIGNE_OK;
}

static int forget(struct verb_call *v, const struct catalog_provider *p, const struct choice *c,
                  int64_t *count)
{
    int rc = AIGNE_OK;
    if (p->health)
        *count += forget_models(p->health, c);
    for (size_t i = 0; i < p->credential_count && !rc; i++) {
        if (!chosen(c, SLICE_NONE, &p->credentials[i]))
            continue;
        rc = forget_credential(v, &p->credentials[i]);
        ++*count;
    }
    return rc;
}

static int health_reset(struct verb_call *v)
{
    struct choice c = {.provider = SLICE_NONE};
    int64_t count = 0;
    int rc = verb_provider(v, "provider", &c.provider);
    c.model = verb_text(v, "model");
    c.credential = verb_text(v, "credential");
    if (!rc && c.model.p && c.credential.p)
        rc = verb_refuse(v, "model", "Give \"model\" or \"credential\", not both.");
    health_lock(v->hub->health);
    for (size_t i = 0; i < v->catalog->provider_count && !rc; i++) {
        const struct catalog_provider *p = &v->catalog->providers[i];
        if (!c.provider.p || slice_eq(p->name, c.provider))
            rc = forget(v, p, &c, &count);
    }
    health_unlock(v->hub->health);
    if (rc)
        return rc;
    json_open_object(&v->w);
    json_member_int(&v->w, "reset", count);
    json_close_object(&v->w);
    return AIGNE_OK;
}

static const struct verb verbs[] = {
    {{"health.list", VERB_OPTIONAL(VERB_TEXT("provider", "only of this one")),
      "List credentials, and models that failed since the server began or are measured: closed, open, half-open "
      "or cooling, and why."},
     false,
     health_list},
    {{"health.reset",
      VERB_OPTIONAL(VERB_TEXT("provider", "only of this one"),
                    VERB_TEXT("model", "only the provider's model of this name"),
                    VERB_TEXT("credential", "only the credential of this name or id")),
      "Forget failures, so that what was kept away is asked again at once."},
     true,
     health_reset}};

const struct verb_table health_verbs = {verbs, sizeof verbs / sizeof *verbs};
