/* call.h - one invocation, from its request to the end of its answer. */
#ifndef AIGNE_CORE_CALL_H
#define AIGNE_CORE_CALL_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/list.h"
#include "base/random.h"
#include "chat/event.h"
#include "chat/request.h"
#include "core/attempt.h"
#include "core/errand.h"
#include "core/hub.h"
#include "core/loop.h"
#include "core/model.h"
#include "hub/estimate.h"
#include "hub/route.h"
#include "net/transfer.h"
#include <aignehub/aignehub.h>
#include <stdatomic.h>
#include <stddef.h>

struct admission;
struct bill;
struct resume;
struct drain;
struct floor;
struct hedge;
struct overrides;
struct recall;

enum call_state {
    CALL_ADMIT,    /* who asks, under which catalogue */
    CALL_PLAN,     /* which providers, in which order */
    CALL_RECALL,   /* waiting for somebody else's answer to the same request */
    CALL_QUEUED,   /* waiting until its limits let it go on */
    CALL_HOLD,     /* waiting for what it may cost to be set aside */
    CALL_ERRAND,   /* waiting for work on another thread; then back to where it was */
    CALL_OPEN,     /* the next of them: endpoint, credential, request */
    CALL_DISCOVER, /* waiting for a hub to say where its API is */
    CALL_STREAM,   /* waiting for the provider's answer */
    CALL_PAUSE,    /* before it is asked again */
    CALL_SETTLE,   /* waiting for the record to be committed */
    CALL_END
};

/* Where an answer goes: to the caller of the library, or out as HTTP. Functions of the call's thread,
 * none of which starts anything. */
struct outlet {
    size_t state_size; /* of call->outlet_state: zeroed, it comes and goes with the call */
    /* The request was admitted and planned so far that the adapter is known: make call->request whole.
     * Called once before the first encode that needs it. */
    int (*read_request)(struct aigne_call *call);
    int (*planned)(struct aigne_call *call); /* from now on an answer is waited for */
    int (*event)(struct aigne_call *call, const struct event *e);
    int (*frame)(struct aigne_call *call, struct slice raw); /* of a relayed stream */
    bool (*full)(const struct aigne_call *call);             /* take no more for now */
    void (*restart)(struct aigne_call *call); /* another attempt begins: forget what came */
    /* Everything is settled: hand out the end, or why there is none (call->fault). */
    void (*finish)(struct aigne_call *call);
    void (*fail)(struct aigne_call *call);
    void (*free)(struct aigne_call *call);
    /* The answer was kept back until it is known to be good enough: it goes, and the rest as it comes. */
    void (*release)(struct aigne_call *call);
    /* Of answers that may be given again: all of it, behind what recall_note had of it, and its type; .p NULL:
     * it is not one to be kept. And what was kept, to be handed out in the answer's place. NULL: never. */
    struct slice (*keep)(struct aigne_call *call, struct buf *body, struct slice *type);
    void (*replay)(struct aigne_call *call, struct slice type, struct slice body);
};

#define CALL_ROOM         3072
#define CALL_SENDING_ROOM 1024

struct aigne_call {
    unsigned magic;
    enum call_state state;
    int rc; /* AIGNE_AGAIN until END */
    const struct outlet *outlet;
    void *outlet_state;
    void *tag;

    struct aigne_loop *loop;
    struct loop_pool *pool; /* not NULL: the loop is borrowed from it */
    struct list live_link;
    struct list ready_link;
    atomic_bool cancel_asked;
    bool detached;     /* its owner has freed it */
    bool delivered;    /* something of the answer was handed out: no other attempt any more */
    bool paused;       /* the outlet was full */
    bool finish_seen;  /* the answer's own end came */
    bool refreshed;    /* the catalogue was read again for this call */
    bool request_read; /* call->request is whole */
    bool streamed;     /* the caller wants pieces */
    bool charged;      /* the credits below count */
    bool holding;      /* nothing goes out before the answer is whole */
    enum finish finish;

    struct aigne_model *model;       /* held; NULL for an exchange of the gateway */
    struct aigne_hub *hub;           /* held; NULL: talking to a remote */
    struct catalog *catalog;         /* held */
    struct catalog *earlier_catalog; /* held: what was found there is still in use */
    const struct catalog_key *who;
    struct slice user;
    struct slice app;
    const char *ingress; /* for the record: "library", "openai" */

    struct arena arena;
    char id[RANDOM_ID_SIZE];
    struct slice requested; /* the model as the caller named it */
    struct slice
        once; /* the caller's own name for this request, by which it is known again; absent: none */
    struct chat_request request;
    struct chat_relay relay;
    const char *relay_format; /* of the caller's body; NULL: it cannot be relayed */
    struct fault *refusal;    /* of a seal that it holds, see unseal.h; NULL: there was none */

    const struct overrides *overrides; /* NULL: the request has none */
    const struct policy *policy;       /* complete once planned; NULL: nobody says anything */
    struct route_plan plan;
    struct health_entry *measured; /* began, and is to be told of the end; NULL: none */
    size_t target;                 /* which of the plan's is asked */
    size_t repeats;                /* how often it was asked again */
    size_t attempt_number;         /* of the current one, from 1, over all targets */
    struct event_sink tee;
    struct frame_sink frames;
    struct transfer *transfer;
    struct floor *floor; /* NULL: nobody looks at its speed */
    struct hedge *hedge; /* NULL: nothing runs beside the attempt, or will */
    struct net_timer timer;

    struct usage usage;
    struct estimate seen;        /* of the answer, in case that its usage is not told */
    struct dropped dropped;      /* of the request, by the current attempt */
    struct slice provider_model; /* the provider's own name for what answered */
    int64_t started_us;
    int64_t started_ms;

    struct usage_row *rows; /* one for each attempt that was made */
    size_t row_count;
    size_t row_room;
    int64_t credits;
    struct resume *resume;       /* NULL: an answer that breaks off is over */
    struct bill *bill;           /* NULL: nobody's account pays */
    struct drain *drain;         /* NULL: the answer is for somebody */
    struct recall *recall;       /* NULL: it is made, whatever was made before */
    struct admission *admission; /* NULL: nothing limits it */
    struct ledger_entry record;
    struct net_job recorded; /* back from the ledger's thread */

    struct errand errand;
    void (*refresh_done)(struct aigne_call *call);
    enum call_state refresh_for; /* where the call goes on then */

    /* Not zeroed, so they stay last: what has a beginning of its own, */
    struct fault fault;
    struct attempt attempt;
    /* and the first memory of `arena` and of each attempt's request, with the call, not one by one. */
    _Alignas(max_align_t) char room[CALL_ROOM];
    _Alignas(max_align_t) char sending_room[CALL_SENDING_ROOM];
    _Alignas(max_align_t) char outlet_room[]; /* its state */
};

/* ---- its life: life.c ---- */

/* A call on `loop`, or on one borrowed from `pool`; NULL: no memory. */
struct aigne_call *call_new(const struct outlet *outlet, struct aigne_loop *loop,
                            struct loop_pool *pool);
void call_use_model(struct aigne_call *call, struct aigne_model *m);
void call_use_hub(struct aigne_call *call, struct aigne_hub *h);
void call_destroy(struct aigne_call *call);         /* it is over, and nobody takes its end */
void call_free(struct aigne_call *call);            /* the owner lets go */
void call_news(struct aigne_call *call);            /* the caller should come and take */
void call_no_news(struct aigne_call *call);         /* there is nothing to take */
void call_ask_cancel(struct aigne_call *call);      /* any thread */
bool call_unwanted(const struct aigne_call *call);  /* nobody waits for it any more */
bool call_cancel_if_asked(struct aigne_call *call); /* whether it was asked for */

/* Whom the current attempt asks, in a hub. */
static inline const struct route_attempt *call_target(const struct aigne_call *call)
{
    return &call->plan.attempts[call->target];
}

/* ---- its way: call.c ---- */

/* End it with what call->fault says, before or instead of an attempt. */
void call_refuse(struct aigne_call *call);
/* Do what call->state says, until there is something to wait for. May destroy a detached call. */
void call_go_on(struct aigne_call *call);
/* The caller took something: there may be room again. */
void call_taken(struct aigne_call *call);
/* For who runs another transfer of the call's: begin it; what it hears; its end. `call` is one, as handlers
 * have it. */
int call_send(struct aigne_call *call, const struct transfer_handler *handler, void *user,
              struct transfer **out);
int call_heard(void *call, struct slice piece);
void call_transfer_ended(void *call, int rc, bool sent, const struct fault *why);
/* End whatever is under way as cancelled; what was used so far is recorded. May destroy a detached
 * call. */
void call_stop(struct aigne_call *call);

#endif
