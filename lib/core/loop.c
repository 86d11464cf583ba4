/* Knows which calls live on a loop and which have news; refuses to know what a call does. */
#include "core/loop.h"
#include "base/mem.h"
#include "core/call.h"
#include "core/handle.h"
#include <aignehub/aignehub.h>

#define POOL_LARGEST 32
/* A sanitizer is to see who uses a call that is over. */
#ifndef __has_feature
#    define __has_feature(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#    define SPARE_LARGEST 0
#else
#    define SPARE_LARGEST 64
#endif

struct spare_call {
    unsigned magic; /* the call's, which says that it is dead */
    struct spare_call *next;
    size_t size;
};

int loop_new(struct aigne_loop **out, struct fault *why)
{
    struct aigne_loop *l = mem_alloc_zero(sizeof(*l));
    if (!l)
        return fault_nomem(why);
    int rc = net_loop_new(&l->net, why);
    if (rc < 0) {
        mem_free(l);
        return rc;
    }
    l->magic = HANDLE_LOOP;
    ref_init(&l->ref);
    list_init(&l->live);
    list_init(&l->ready);
    *out = l;
    return AIGNE_OK;
}

void loop_drop(struct aigne_loop *l)
{
    if (!ref_drop(&l->ref))
        return;
    while (l->spare)
        mem_free(loop_call_memory(l, 0));
    catalog_drop(l->catalog);
    net_loop_free(l->net);
    mem_free(l);
}

void loop_expect(struct aigne_loop *l)
{
    ref_hold(&l->ref);
}

void loop_post(struct aigne_loop *l, struct net_job *job)
{
    net_loop_post(l->net, job);
    loop_drop(l);
}

void loop_wait_for_records(struct aigne_loop *l)
{
    while (l->detached > 0)
        loop_drive_for_one(l, -1);
}

void loop_settle_orphan(struct aigne_loop *l)
{
    if (!l->owner_gone)
        return;
    loop_wait_for_records(l);
    if (!list_empty(&l->live))
        return;
    l->magic = HANDLE_DEAD;
    loop_drop(l);
}

/* What was to be read on without a caller is not worth waiting for. */
static void stop_detached(struct aigne_loop *l)
{
    for (struct list *link = l->live.next, *next = NULL; link != &l->live; link = next) {
        struct aigne_call *call = LIST_OWNER(link, struct aigne_call, live_link);
        next = link->next;
        if (call->detached)
            call_stop(call);
    }
}

void loop_release(struct aigne_loop *l)
{
    l->owner_gone = true;
    stop_detached(l);
    loop_settle_orphan(l);
}

static void cancel_marked(struct aigne_loop *l)
{
    for (struct list *link = l->live.next, *next = NULL; link != &l->live; link = next) {
        next = link->next;
        call_cancel_if_asked(LIST_OWNER(link, struct aigne_call, live_link));
    }
}

static void record_now(struct aigne_loop *l)
{
    struct hub *h = l->recording;
    l->recording = NULL;
    if (!h)
        return;
    hub_record_now(h);
    hub_drop(h);
}

void loop_record(struct aigne_loop *l, struct hub *h, struct ledger_entry *entry)
{
    if (!l->driving) {
        hub_record(h, entry);
        return;
    }
    if (l->recording != h) {
        record_now(l);
        hub_hold(h);
        l->recording = h;
    }
    hub_record_later(h, entry);
}

/* One write for all of them. */
static void keep_now(struct aigne_loop *l)
{
    struct ledger_entry *e = l->keeping;
    l->keeping = NULL;
    if (e)
        hub_keep(l->keeping_for, e);
    for (struct ledger_entry *next = NULL; e; e = next) {
        next = e->next;
        e->done(e);
    }
}

static void keep_deferred(struct net_job *self)
{
    struct aigne_loop *l = LIST_OWNER(self, struct aigne_loop, keep);
    l->keep_deferred = false;
    keep_now(l);
}

static void defer_keeping(struct aigne_loop *l)
{
    if (l->keep_deferred)
        return;
    l->keep_deferred = true;
    l->keep.run = keep_deferred;
    net_loop_defer(l->net, &l->keep);
}

void loop_keep(struct aigne_loop *l, struct hub *h, struct ledger_entry *entry)
{
    /* A call that has begun needs another drive anyway; of one that is over none may come. */
    bool alone = !l->driving && entry->money_kind != STORE_NOTE;
    bool others = l->keeping && l->keeping_for != h; /* few loops serve two */
    entry->next = NULL;
    if (alone || others) {
        hub_keep(h, entry);
        entry->done(entry);
        return;
    }
    if (!l->keeping)
        l->keeping_end = &l->keeping;
    l->keeping_for = h;
    *l->keeping_end = entry;
    l->keeping_end = &entry->next;
    defer_keeping(l);
}

/* No drive sleeps after a record was given: whatever ends a call is news. */
static int drive(struct aigne_loop *l, int wait_ms)
{
    if (l->driving)
        return AIGNE_E_USAGE;
    l->driving = true;
    int rc = net_loop_drive(l->net, atomic_load(&l->cancel_pending) ? 0 : wait_ms);
    if (atomic_load(&l->cancel_pending) && atomic_exchange(&l->cancel_pending, false))
        cancel_marked(l);
    while (l->keeping)
        keep_now(l);
    l->driving = false;
    record_now(l);
    return rc;
}

int loop_drive(struct aigne_loop *l, int wait_ms)
{
    return drive(l, list_empty(&l->ready) ? wait_ms : 0);
}

int loop_drive_for_one(struct aigne_loop *l, int wait_ms)
{
    net_loop_hold_ready(l->net, false);
    int rc = drive(l, wait_ms);
    net_loop_hold_ready(l->net, !list_empty(&l->ready));
    return rc;
}

void loop_unmark_ready(struct aigne_loop *l, struct list *link)
{
    if (list_empty(link))
        return;
    list_remove(link);
    if (list_empty(&l->ready))
        net_loop_hold_ready(l->net, false);
}

struct aigne_call *loop_take_ready(struct aigne_loop *l)
{
    struct list *link = list_first(&l->ready);
    if (!link)
        return NULL;
    loop_unmark_ready(l, link);
    return LIST_OWNER(link, struct aigne_call, ready_link);
}

void loop_mark_ready(struct aigne_loop *l, struct list *link)
{
    if (!list_empty(link))
        return;
    if (list_empty(&l->ready))
        net_loop_hold_ready(l->net, true);
    list_append(&l->ready, link);
}

/* Calls are large and of two or three sizes: the newest will do nearly always. */
void *loop_call_memory(struct aigne_loop *l, size_t size)
{
    struct spare_call *spare = l->spare;
    if (!spare || spare->size < size)
        return mem_alloc(size);
    l->spare = spare->next;
    l->spare_count--;
    return spare;
}

void loop_call_over(struct aigne_loop *l, void *memory, size_t size)
{
    struct spare_call *spare = memory;
    if (l->spare_count == SPARE_LARGEST) {
        mem_free(memory);
        return;
    }
    spare->next = l->spare;
    spare->size = size;
    l->spare = spare;
    l->spare_count++;
}

void loop_call_added(struct aigne_loop *l, struct list *link)
{
    list_append(&l->live, link);
}

struct catalog *loop_catalog(struct aigne_loop *l, struct hub *h, uint64_t serial)
{
    int64_t version = hub_catalog_version(h);
    if (!l->catalog || l->catalog_hub != serial || l->catalog_version != version) {
        recent_keys_forget(&l->recent_keys);
        catalog_drop(l->catalog);
        l->catalog = hub_catalog(h);
        l->catalog_version = version;
        l->catalog_hub = serial;
    }
    catalog_hold(l->catalog);
    return l->catalog;
}

struct recent_keys *loop_recent_keys(struct aigne_loop *l, const struct catalog *c)
{
    return c == l->catalog ? &l->recent_keys : NULL;
}

void loop_pool_init(struct loop_pool *p)
{
    *p = (struct loop_pool){0};
    pthread_mutex_init(&p->lock, NULL);
}

void loop_pool_free(struct loop_pool *p)
{
    while (p->free) {
        struct aigne_loop *l = p->free;
        p->free = l->next_free;
        loop_release(l);
    }
    pthread_mutex_destroy(&p->lock);
}

int loop_pool_take(struct loop_pool *p, struct aigne_loop **out, struct fault *why)
{
    pthread_mutex_lock(&p->lock);
    struct aigne_loop *l = p->free;
    if (l) {
        p->free = l->next_free;
        p->count--;
    }
    pthread_mutex_unlock(&p->lock);
    if (!l)
        return loop_new(out, why);
    l->next_free = NULL;
    *out = l;
    return AIGNE_OK;
}

void loop_pool_give(struct loop_pool *p, struct aigne_loop *l)
{
    pthread_mutex_lock(&p->lock);
    bool kept = p->count < POOL_LARGEST;
    if (kept) {
        l->next_free = p->free;
        p->free = l;
        p->count++;
    }
    pthread_mutex_unlock(&p->lock);
    if (!kept)
        loop_release(l);
}
