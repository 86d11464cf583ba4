/* Knows how disabled credentials are written into the store; refuses to know why they are disabled. */
#include "hub/health_save.h"
#include "base/log.h"
#include "base/mem.h"
#include "hub/breaker.h"
#include "hub/catalog.h"
#include "text/json_write.h"
#include <aignehub/aignehub.h>

enum { BODY_LARGEST = 4096 };

struct change {
    struct health_entry *entry;
    struct change *next;
    struct store_op op;
};

static bool is_disabled(const struct health_entry *e)
{
    return breaker_unpack(atomic_load(&e->breaker)).phase != BREAKER_CLOSED;
}

static struct slice body_of(const struct health_entry *e, struct arena *a)
{
    struct buf body AUTO(buf_free);
    buf_init(&body, BODY_LARGEST);
    struct json_writer w = json_writer(&body);
    json_open_object(&w);
    json_member_string(&w, "provider", e->owner->name);
    json_member_text(&w, "reason", e->reason);
    json_close_object(&w);
    return buf_rc(&body) ? SLICE_NONE : arena_copy(a, buf_slice(&body));
}

static struct change *change_of(struct health_entry *e, struct arena *a)
{
    struct change *c = arena_alloc(a, sizeof *c);
    if (!c)
        return NULL;
    *c = (struct change){.entry = e,
                         .op = {.kind = is_disabled(e) ? STORE_PUT : STORE_DROP,
                                .table = SLICE(TABLE_HEALTH),
                                .id = e->name,
                                .expected_version = STORE_ANY_VERSION}};
    if (c->op.kind == STORE_PUT)
        c->op.body = body_of(e, a);
    return c->op.kind == STORE_DROP || c->op.body.p ? c : NULL;
}

/* Under the lock. False: no memory. */
static bool collect(struct health *h, struct arena *a, struct change **list)
{
    for (struct health_provider *p = health_first(h); p; p = p->next)
        for (struct health_entry *e = p->credentials; e; e = e->next) {
            if (is_disabled(e) == e->written)
                continue;
            struct change *c = change_of(e, a);
            if (!c)
                return false;
            c->next = *list;
            *list = c;
        }
    return true;
}

static void write_one(struct health *h, const struct store_type *type, struct store *store,
                      const struct change *c)
{
    struct fault why;
    fault_clear(&why);
    int rc = type->apply(store, &c->op, 1, &why);
    if (rc) {
        log_line(LOG_DEBUG, "health", "a credential's state is not stored yet: %s", why.text);
        health_set_unsaved(h);
        return;
    }
    health_lock(h);
    c->entry->written = c->op.kind == STORE_PUT;
    health_unlock(h);
}

void health_save(struct health *h, const struct store_type *type, struct store *store)
{
    struct arena a AUTO(arena_free);
    struct change *list = NULL;
    arena_init(&a);
    if (!health_take_unsaved(h))
        return;
    health_lock(h);
    if (!collect(h, &a, &list))
        health_set_unsaved(h);
    health_unlock(h);
    for (; list; list = list->next)
        write_one(h, type, store, list);
}
