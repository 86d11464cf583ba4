/* health.h - what is known of the health of providers' models and credentials, shared by all threads.
 *
 * Reading takes no lock, and while nothing of a provider is in trouble it is one load. What is known
 * outlives catalogues; they point into it. */
#ifndef AIGNE_HUB_HEALTH_H
#define AIGNE_HUB_HEALTH_H

#include "base/fault.h"
#include "base/slice.h"
#include "hub/first_byte.h"
#include "hub/retry_budget.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct health;
struct catalog;
struct events;

/* A model at a provider, or a credential. Never freed before the health itself. */
struct health_entry {
    struct health_provider *owner;
    struct health_entry *next;
    bool is_credential;
    struct slice name;                   /* the model, or the credential's id */
    atomic_uint_least64_t breaker;       /* see breaker.h */
    atomic_int_least64_t paced_until_ms; /* asked too much: not before then; 0: never */
    atomic_int_least64_t paced_for_ms;   /* the last pause; 0: it has answered since */
    atomic_int refused_rc;               /* what it was refused with then; 0: it answered */
    atomic_int_least64_t opened_ms;
    atomic_int_least64_t
        knocked_ms; /* since when somebody asks it though it is not ready; 0: nobody */
    atomic_int_least64_t
        answered_ms;               /* about when it last did; a model, while it was troubled */
    atomic_uint misses;            /* failures and refusals since then */
    atomic_uint_least64_t latency; /* see latency.h; of a model that somebody chooses by it */
    atomic_uint in_flight;
    struct first_byte
        first_byte[2]; /* of plain answers, and of streams; where somebody hedges */
    /* The rest under the lock. */
    char reason[160];
    char said[160]; /* by the provider, when it was asked too much */
    int refused_http;
    uint64_t mark;      /* of the secret: another one starts afresh */
    int64_t generation; /* of the last catalogue it was in */
    bool written;       /* that it is disabled stands in the store, as far as we wrote it, */
    bool seen;          /* or as the catalogue had it */
};

struct health_provider {
    struct health *health;
    atomic_uint troubled;                  /* words of its entries that are not zero */
    _Atomic(struct health_entry *) models; /* those that ever failed */
    struct health_entry *credentials;      /* under the lock */
    struct health_provider *next;
    struct slice name;
    struct retry_budget retries; /* of what is asked there */
    size_t model_count;
    uint64_t mark; /* of where it is */
};

/* It is told to `events` what changes. */
int health_open(struct events *events, struct health **out, struct fault *why);
struct events *health_events(const struct health *h);
void health_close(struct health *h); /* NULL is harmless */

/* ---- for choosing ---- */

/* From good to bad. */
enum health_condition { HEALTH_READY, HEALTH_PACED, HEALTH_OPEN, HEALTH_DISABLED };

struct health_view {
    enum health_condition condition;
    bool lowered;   /* ready, but it was asked too much lately */
    int64_t due_ms; /* not ready: when it may be tried again */
};

static inline bool health_troubled(const struct health_provider *p)
{
    return p && atomic_load_explicit(&p->troubled, memory_order_relaxed) != 0;
}

/* NULL: nothing is held against it. */
struct health_entry *health_model(const struct health_provider *p, struct slice model);
struct health_view health_look(const struct health_entry *e, int64_t now_ms);
/* Whether the caller is the one to probe what is not ready but due. */
bool health_claim(struct health_entry *e, int64_t now_ms);

/* Where nothing is ready: whether it is asked all the same. What refuses all that it is asked, was disabled or seems
 * dead, is by one caller at a time. */
bool health_knock(struct health_entry *e, int64_t now_ms);
/* What the others are told: what ails it and when to come back; then, for them alone, what its provider said. */
void health_tell(struct health_entry *e, int64_t now_ms, struct fault *why);
void health_quote(struct health_entry *e, struct fault *why);

/* ---- what came of it ---- */

struct health_outcome {
    int rc;
    const struct fault *why; /* of a failure */
    int64_t started_ms;      /* monotonic, as the next */
    int64_t now_ms;
    int64_t
        exhausted_ms; /* of a success: nothing more is allowed with this credential for so long */
    uint32_t chance; /* any number */
};
void health_note(struct health_provider *p, struct health_entry *credential, struct slice model,
                 const struct health_outcome *o);

/* Each good answer with a credential: ten times a second it is written down. */
static inline void health_answered(struct health_entry *credential, int64_t now_ms)
{
    if (now_ms - atomic_load_explicit(&credential->answered_ms, memory_order_relaxed) > 100)
        atomic_store_explicit(&credential->answered_ms, now_ms, memory_order_relaxed);
}

/* ---- what is measured, of a model that calls are chosen for by it ---- */

/* Its entry, made when there is none; NULL: no memory, or too many of them. */
struct health_entry *health_need_model(struct health_provider *p, struct slice model);
void health_begin(struct health_entry *e);
/* Exactly one for each begin. `took_us`: until the answer began, or a failure was over; -1: nobody knows. */
void health_end(struct health_entry *e, int64_t now_ms, int64_t took_us, bool failed);
/* Microseconds until an answer begins, as of late; 0: not known. */
int64_t health_latency(const struct health_entry *e, int64_t now_ms);
/* It failed last, and nobody has tried for a while. */
bool health_doubted(const struct health_entry *e, int64_t now_ms);

/* ---- for who keeps it ---- */

/* Let the catalogue's providers and credentials point into `h`. Before others see the catalogue. */
int health_link(struct health *h, struct catalog *c);
/* The catalogue is the current one: take over what others wrote into the store, and forget what is gone
 * or was changed. */
void health_follow(struct health *h, const struct catalog *c, int64_t now_ms);
/* Forget what is held against an entry. Under the lock. */
void health_forget(struct health_entry *e);

void health_lock(struct health *h);
void health_unlock(struct health *h);
struct health_provider *health_first(struct health *h); /* under the lock; follow next */
/* Which credentials are disabled changed since the last time this was asked. */
bool health_take_unsaved(struct health *h);
void health_set_unsaved(struct health *h);

#endif
