/* loop.h - a network loop, the calls that live on it, and which of them have news. */
#ifndef AIGNE_CORE_LOOP_H
#define AIGNE_CORE_LOOP_H

#include "base/fault.h"
#include "base/list.h"
#include "base/random.h"
#include "base/ref.h"
#include "hub/hub.h"
#include "net/loop.h"
#include <pthread.h>
#include <stdatomic.h>

struct aigne_call;

struct aigne_loop {
    unsigned magic;
    struct ref
        ref; /* the host's and its calls' together, and one for each thread that will post */
    struct net_loop *net;
    struct list live;  /* every call on it */
    struct list ready; /* those with news, oldest first */
    size_t detached;   /* calls whose owner is gone but whose record is not written yet */
    bool owner_gone;   /* the host has freed it; it goes with its last call */
    bool driving;
    struct hub *recording;        /* held: to be told of the records of this drive */
    struct ledger_entry *keeping; /* what this turn brought to be kept, */
    struct ledger_entry **keeping_end;
    struct hub *keeping_for;    /* by that hub */
    struct net_job keep;        /* does it */
    bool keep_deferred;         /* it is in its list */
    atomic_bool cancel_pending; /* somebody asked for a call to be cancelled */
    struct random_pool ids;     /* for calls */
    struct spare_call *spare;   /* memory of calls that are over, for those to come */
    size_t spare_count;
    uint64_t catalog_hub;    /* the serial of the hub it belongs to */
    struct catalog *catalog; /* the one this loop used last, so that a call need not lock */
    int64_t catalog_version;
    struct recent_keys recent_keys; /* of that catalogue */
    struct aigne_loop *next_free;   /* in a pool */
};

int loop_new(struct aigne_loop **out, struct fault *why);
void loop_release(struct aigne_loop *l); /* the host lets go */
int loop_drive(struct aigne_loop *l, int wait_ms);
/* The same for who waits for one call: news of others is no reason not to wait. */
int loop_drive_for_one(struct aigne_loop *l, int wait_ms);
/* Until no call without an owner is left. */
void loop_wait_for_records(struct aigne_loop *l);
struct aigne_call *loop_take_ready(struct aigne_loop *l);
void loop_mark_ready(struct aigne_loop *l, struct list *link);
void loop_unmark_ready(struct aigne_loop *l, struct list *link);
void loop_call_added(struct aigne_loop *l, struct list *link);
/* Memory for a call, not zeroed, and back. */
void *loop_call_memory(struct aigne_loop *l, size_t size);
void loop_call_over(struct aigne_loop *l, void *memory, size_t size);
/* Another thread is going to post a job: whatever the job frees, the loop outlives the posting. Each
 * loop_expect is followed by one loop_post, or by loop_drop when it did not come to that. */
void loop_expect(struct aigne_loop *l);
void loop_post(struct aigne_loop *l, struct net_job *job); /* any thread */
void loop_drop(struct aigne_loop *l);
/* Have `entry` recorded. Those of one drive are recorded together, from its end on. */
void loop_record(struct aigne_loop *l, struct hub *h, struct ledger_entry *entry);
/* Have `entry`, which may be, kept with all others that this drive brings, or at once where there is none: see
 * ledger_keep. Its `done` is called then, on this thread, with its `rc` telling whether it was. */
void loop_keep(struct aigne_loop *l, struct hub *h, struct ledger_entry *entry);
/* The hub's current catalogue, held for the caller. `serial` tells this hub from any other that ever
 * lived at the same address. */
struct catalog *loop_catalog(struct aigne_loop *l, struct hub *h, uint64_t serial);
/* What is remembered of the keys of `c`; NULL: it is not the loop's catalogue. */
struct recent_keys *loop_recent_keys(struct aigne_loop *l, const struct catalog *c);
/* After a call was freed: when the host has let the loop go, wait for what is still to be recorded and
 * free the loop with its last call. */
void loop_settle_orphan(struct aigne_loop *l);

/* Loops for blocking calls, kept so that connections live on. */
struct loop_pool {
    pthread_mutex_t lock;
    struct aigne_loop *free;
    size_t count;
};
void loop_pool_init(struct loop_pool *p);
void loop_pool_free(struct loop_pool *p);
int loop_pool_take(struct loop_pool *p, struct aigne_loop **out, struct fault *why);
void loop_pool_give(struct loop_pool *p, struct aigne_loop *l);

#endif
