/* Knows how a hub opens, closes and keeps its catalogue current; refuses to know what verbs mean. */
#define _POSIX_C_SOURCE 200809L
#include "hub/hub.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "hub/events.h"
#include "hub/health_save.h"
#include "hub/hub_state.h"
#include "hub/retention.h"
#include "hub/spool.h"
#include <aignehub/aignehub.h>

/* To add one row to the sums costs as much as to add a hundred, so a hub with little to do waits for more. */
enum { TICKS_PER_UPKEEP = 4, TICKS_PER_SUMS = 20 };

struct catalog *hub_catalog(struct hub *h)
{
    pthread_mutex_lock(&h->swapping);
    struct catalog *c = h->catalog;
    catalog_hold(c);
    pthread_mutex_unlock(&h->swapping);
    return c;
}

int64_t hub_catalog_version(const struct hub *h)
{
    return atomic_load_explicit(&h->version, memory_order_acquire);
}

/* Two threads may have read the store at once: the newer reading stays. */
static void swap(struct hub *h, struct catalog *next)
{
    struct catalog *loser = next;
    catalog_hold(next);
    pthread_mutex_lock(&h->swapping);
    if (next->version > h->catalog->version) {
        loser = h->catalog;
        catalog_inherit(next, loser);
        h->catalog = next;
        atomic_store_explicit(&h->version, next->version, memory_order_release);
    }
    pthread_mutex_unlock(&h->swapping);
    if (h->ledger && loser != next)
        ledger_pause(h->ledger, next->billing.paused);
    if (loser != next)
        health_follow(h->health, next, clock_monotonic_us() / 1000);
    catalog_drop(loser);
    catalog_drop(next);
}

/* The store as it is now, with what is known of everybody's health. */
static int read_store(struct hub *h, struct catalog **out, struct fault *why)
{
    int rc = catalog_build(h->type, h->store, h->providers, out, why);
    if (rc || !health_link(h->health, *out))
        return rc;
    catalog_drop(*out);
    *out = NULL;
    return fault_nomem(why);
}

int hub_refresh(struct hub *h, struct fault *why)
{
    int64_t version = 0;
    struct catalog *next = NULL;
    int rc = h->type->version(h->store, &version, why);
    if (rc || version == hub_catalog_version(h))
        return rc;
    rc = read_store(h, &next, why);
    if (!rc)
        swap(h, next);
    return rc;
}

/* What has expired, and what processes that are gone left behind. */
static void keep_accounts(struct hub *h)
{
    struct fault why;
    if (!h->type->money_upkeep || --h->ticks_to_upkeep > 0)
        return;
    h->ticks_to_upkeep = TICKS_PER_UPKEEP;
    fault_clear(&why);
    int rc = h->type->money_upkeep(h->store, clock_wall_ms(), &why);
    if (rc == AIGNE_AGAIN) { /* what is recorded of their calls was not interrupted */
        rc = h->spool ? spool_adopt(h->spool, &why) : AIGNE_OK;
        if (!rc)
            rc = h->type->end_orphans(h->store, clock_wall_ms(), &why);
    }
    if (rc < 0)
        log_line(LOG_WARNING, "hub", "accounts cannot be kept up: %s", why.text);
}

static void add_up(struct hub *h)
{
    struct fault why;
    if (!h->type->roll_up || --h->ticks_to_sums > 0)
        return;
    fault_clear(&why);
    int rc = h->type->roll_up(h->store, clock_wall_ms(), &why);
    if (rc < 0 && !h->sums_failed)
        log_line(LOG_WARNING, "hub", "reports fall behind: %s", why.text);
    h->sums_failed = rc < 0;
    h->ticks_to_sums = rc == AIGNE_AGAIN ? 1 : TICKS_PER_SUMS;
}

/* On the ledger's thread: what other processes changed. */
static void follow_store(void *user)
{
    struct hub *h = user;
    struct fault why;
    if (!ledger_failing(h->ledger)) {
        keep_accounts(h);
        add_up(h);
        retention_keep(h);
    }
    limiter_tend(h->limiter);
    int64_t before = hub_catalog_version(h);
    fault_clear(&why);
    health_save(h->health, h->type, h->store);
    int rc = hub_refresh(h, &why);
    if (rc && !h->poll_failed)
        log_line(LOG_WARNING, "hub", "changes by others cannot be seen: %s", why.text);
    h->poll_failed = rc != AIGNE_OK;
    if (h->key_stale || hub_catalog_version(h) != before)
        hub_follow_key(h);
}

static void hub_free(struct hub *h)
{
    ledger_close(h->ledger);
    spool_close(h->spool);
    if (h->health)
        health_save(h->health, h->type, h->store);
    catalog_drop(h->catalog);
    health_close(h->health);
    events_free(h->events);
    limiter_close(h->limiter);
    hub_free_keys(h);
    if (h->store)
        h->type->close(h->store);
    pthread_mutex_destroy(&h->writing);
    pthread_mutex_destroy(&h->swapping);
    mem_free(h->key_path);
    mem_free(h);
}

static const struct store_type *type_for(const struct hub_options *options)
{
    if (options->store)
        return options->store;
    return slice_is(options->data, ":memory:") ? &store_memory : &store_sqlite;
}

static int open_all(struct hub *h, const struct hub_options *options, struct fault *why)
{
    h->type = type_for(options);
    h->providers = options->providers;
    struct slice beside = h->type == &store_sqlite ? options->data : SLICE_NONE;
    int rc = h->type->open(options->data, options->durable, &h->store, why);
    if (!rc)
        rc = (h->events = events_new(clock_wall_ms())) ? AIGNE_OK : fault_nomem(why);
    if (!rc)
        rc = health_open(h->events, &h->health, why);
    if (!rc)
        rc = limiter_open(beside, &h->limiter, why);
    if (!rc)
        rc = read_store(h, &h->catalog, why);
    if (rc)
        return rc;
    health_follow(h->health, h->catalog, clock_monotonic_us() / 1000);
    atomic_store(&h->version, h->catalog->version);
    rc = hub_take_master_key(h, options, why);
    if (rc)
        return rc;
    bool spools = !options->store;
    rc = spools ? spool_open(beside, h->type, h->store, &h->spool, why) : AIGNE_OK;
    if (rc)
        return rc;
    const struct ledger_options ledger = {.type = h->type,
                                          .store = h->store,
                                          .tick = follow_store,
                                          .user = h,
                                          .spool = h->spool,
                                          .wait = options->durable};
    rc = ledger_open(&ledger, &h->ledger, why);
    if (rc)
        return rc;
    ledger_pause(h->ledger, h->catalog->billing.paused);
    keep_accounts(h); /* behind what waited: those calls are not interrupted ones */
    return AIGNE_OK;
}

int hub_open(const struct hub_options *options, struct hub **out, struct fault *why)
{
    *out = NULL;
    struct hub *h = mem_alloc_zero(sizeof *h);
    if (!h)
        return fault_nomem(why);
    ref_init(&h->ref);
    pthread_mutex_init(&h->writing, NULL);
    pthread_mutex_init(&h->swapping, NULL);
    int rc = open_all(h, options, why);
    if (rc) {
        hub_free(h);
        return rc;
    }
    *out = h;
    return AIGNE_OK;
}

void hub_hold(struct hub *h)
{
    ref_hold(&h->ref);
}

void hub_drop(struct hub *h)
{
    if (h && ref_drop(&h->ref))
        hub_free(h);
}

bool hub_is_new(struct hub *h)
{
    struct catalog *c = hub_catalog(h);
    bool fresh = c->key_count == 0;
    catalog_drop(c);
    return fresh;
}

struct events *hub_events(const struct hub *h)
{
    return h->events;
}

struct limiter *hub_limiter(const struct hub *h)
{
    return h->limiter;
}

void hub_record(struct hub *h, struct ledger_entry *entry)
{
    ledger_submit(h->ledger, entry);
}

void hub_record_later(struct hub *h, struct ledger_entry *entry)
{
    ledger_enqueue(h->ledger, entry);
}

void hub_record_now(struct hub *h)
{
    ledger_wake(h->ledger);
}

bool hub_may_keep(struct hub *h, const struct ledger_entry *entry)
{
    return ledger_may_keep(h->ledger, entry);
}

void hub_keep(struct hub *h, struct ledger_entry *first)
{
    ledger_keep(h->ledger, first);
}

bool hub_set_aside(struct hub *h, struct ledger_entry *entry)
{
    return ledger_hold(h->ledger, entry);
}

bool hub_record_here(struct hub *h, struct ledger_entry *entry)
{
    return ledger_write_here(h->ledger, entry);
}

bool hub_failing(const struct hub *h)
{
    return ledger_failing(h->ledger);
}
