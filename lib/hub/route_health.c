/* Knows which attempts to make first when some are known to fail; refuses to know how that is found
 * out. */
#include "hub/route_health.h"
#include <aignehub/aignehub.h>

struct around {
    struct catalog_provider *provider;
    struct slice model;
    int64_t now_ms;
    size_t count; /* of credentials */
    struct health_view model_health;
    bool model_probed; /* this call probes the model */
    size_t probe;      /* the credential that this call probes; SIZE_MAX: none */
    unsigned char shares[ROTATION_MEMBERS_LARGEST]; /* enum rotation_share */
};

static bool is_due(const struct health_view *view, int64_t now_ms)
{
    return (view->condition == HEALTH_OPEN || view->condition == HEALTH_DISABLED) &&
           view->due_ms <= now_ms;
}

static bool any_ready(const struct route_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        if (plan->attempts[i].health.condition == HEALTH_READY)
            return true;
    return false;
}

static struct health_view worse_of(struct health_view a, struct health_view b)
{
    if (a.condition != b.condition)
        return a.condition > b.condition ? a : b;
    return a.due_ms > b.due_ms ? a : b;
}

static void look_at_model(struct around *r, bool may_probe)
{
    struct health_entry *e = health_model(r->provider->health, r->model);
    r->model_health = health_look(e, r->now_ms);
    if (!may_probe || !is_due(&r->model_health, r->now_ms) || !health_claim(e, r->now_ms))
        return;
    r->model_probed = true;
    r->model_health = (struct health_view){.condition = HEALTH_READY};
}

static void look_at_credentials(struct around *r, bool may_probe)
{
    for (size_t i = 0; i < r->count; i++) {
        struct health_entry *e = r->provider->credentials[i].health;
        struct health_view view = health_look(e, r->now_ms);
        if (view.condition == HEALTH_READY)
            r->shares[i] = view.lowered ? ROTATION_TENTH : ROTATION_FULL;
        else
            r->shares[i] = ROTATION_NOTHING;
        if (may_probe && r->probe == SIZE_MAX && is_due(&view, r->now_ms) &&
            health_claim(e, r->now_ms))
            r->probe = i;
    }
}

static void add(struct route_plan *plan, const struct around *r, size_t at)
{
    struct route_attempt *next = &plan->attempts[plan->count];
    *next = (struct route_attempt){
        .provider = r->provider, .model = r->model, .health = r->model_health};
    if (at < r->count) {
        next->credential = &r->provider->credentials[at];
        if (at != r->probe)
            next->health =
                worse_of(next->health, health_look(next->credential->health, r->now_ms));
    }
    plan->count++;
}

/* First the one to be probed, then those whose turn it is, then what does not work. */
static void add_credentials(struct route_plan *plan, const struct around *r, size_t room)
{
    size_t picked =
        rotation_pick_shared(&r->provider->rotation, route_turn(r->provider), r->shares);
    size_t first = picked == SIZE_MAX ? 0 : picked;
    size_t end = plan->count + room;
    if (r->probe != SIZE_MAX && plan->count < end)
        add(plan, r, r->probe);
    for (int ready = 1; ready >= 0; ready--)
        for (size_t i = 0; i < r->count && plan->count < end; i++) {
            size_t at = (first + i) % r->count;
            if (at != r->probe && (r->shares[at] != ROTATION_NOTHING) == (ready == 1))
                add(plan, r, at);
        }
}

/* One attempt is enough to see whether the model works again. */
static void probe_once(struct route_plan *plan, size_t first, int64_t now_ms)
{
    for (size_t i = first + 1; i < plan->count; i++)
        if (plan->attempts[i].health.condition < HEALTH_OPEN)
            plan->attempts[i].health =
                (struct health_view){.condition = HEALTH_OPEN, .due_ms = now_ms};
}

void route_around(struct route_plan *plan, struct catalog_provider *p, struct slice model,
                  int64_t now_ms, size_t room)
{
    struct around r = {.provider = p, .model = model, .now_ms = now_ms, .probe = SIZE_MAX};
    size_t first = plan->count;
    bool may_probe = !any_ready(plan);
    r.count =
        p->active_count < ROTATION_MEMBERS_LARGEST ? p->active_count : ROTATION_MEMBERS_LARGEST;
    look_at_model(&r, may_probe);
    if (p->active_count == 0) {
        add(plan, &r, 0);
        return;
    }
    look_at_credentials(&r, may_probe && r.model_health.condition == HEALTH_READY);
    add_credentials(plan, &r, room);
    if (r.model_probed)
        probe_once(plan, first, now_ms);
}

static struct health_view look_or_probe(struct health_entry *e, bool may_probe, int64_t now_ms)
{
    struct health_view view = health_look(e, now_ms);
    if (may_probe && is_due(&view, now_ms) && health_claim(e, now_ms))
        view = (struct health_view){.condition = HEALTH_READY};
    return view;
}

void route_add_only(struct route_plan *plan, struct catalog_provider *p, struct slice model,
                    const struct catalog_credential *credential, int64_t now_ms)
{
    bool may_probe = !any_ready(plan);
    struct health_view view = {.condition = HEALTH_READY};
    if (health_troubled(p->health)) {
        view = look_or_probe(health_model(p->health, model), may_probe, now_ms);
        may_probe = may_probe && view.condition == HEALTH_READY;
        view = worse_of(view, look_or_probe(credential->health, may_probe, now_ms));
    }
    plan->attempts[plan->count++] = (struct route_attempt){
        .provider = p, .model = model, .credential = credential, .health = view};
}

static bool before(const struct health_view *a, const struct health_view *b)
{
    return a->condition != b->condition ? a->condition < b->condition
                                        : a->condition != HEALTH_READY && a->due_ms < b->due_ms;
}

/* By insertion: six at most, and mostly in order. */
void route_sort(struct route_plan *plan)
{
    for (size_t i = 1; i < plan->count; i++) {
        struct route_attempt one = plan->attempts[i];
        size_t at = i;
        for (; at > 0 && before(&one.health, &plan->attempts[at - 1].health); at--)
            plan->attempts[at] = plan->attempts[at - 1];
        plan->attempts[at] = one;
    }
    while (plan->count > 1 &&
           plan->attempts[plan->count - 1].health.condition == HEALTH_DISABLED &&
           plan->attempts[0].health.condition == HEALTH_READY)
        plan->count--;
}

/* What keeps it from being ready. */
static struct health_entry *blamed(const struct route_attempt *t, int64_t now_ms)
{
    struct health_entry *key = t->credential ? t->credential->health : NULL;
    return key && health_look(key, now_ms).condition == t->health.condition
               ? key
               : health_model(t->provider->health, t->model);
}

struct health_entry *route_knock(struct route_plan *plan, int64_t now_ms)
{
    size_t kept = 0;
    bool all_disabled = plan->attempts[0].health.condition == HEALTH_DISABLED;
    for (size_t i = 0; i < plan->count; i++) {
        const struct route_attempt *t = &plan->attempts[i];
        struct health_entry *e = blamed(t, now_ms);
        bool wanted = t->health.condition != HEALTH_DISABLED || all_disabled;
        if (wanted && e && health_knock(e, now_ms))
            plan->attempts[kept++] = *t;
    }
    if (!kept)
        return blamed(&plan->attempts[0], now_ms);
    plan->count = kept;
    return NULL;
}
