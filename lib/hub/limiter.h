/* limiter.h - who is using how much of which limit, shared by all threads of all processes on one data file.
 * It is told the time.
 *
 * Each subject of each limit has a counter with a lock of its own, held for a few additions. A claim takes
 * the locks of all its counters in the order of their addresses, so it is let through by all of them or
 * leaves no trace in any: exact, and nobody is refused because of a ticket that was about to be given back.
 *
 * Tokens are not known before the answer has come. A claim holds what it may come to at most while it runs;
 * when it is released, what it really used counts for the minute from then on. So what runs and what was used
 * in any minute together never exceed the limit. */
#ifndef AIGNE_HUB_LIMITER_H
#define AIGNE_HUB_LIMITER_H

#include "base/fault.h"
#include "base/list.h"
#include "hub/limit.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct limiter;
struct limit_counter;

/* Those of all processes that have the file `data` in common; .p NULL: of this limiter alone. On failure *out
 * is for limiter_close, too. */
int limiter_open(struct slice data, struct limiter **out, struct fault *why);
void limiter_close(struct limiter *l); /* no claim is left; NULL is harmless */
/* Now and then: give back what processes held that are gone. */
void limiter_tend(struct limiter *l);
/* False: what other processes do is not counted. */
bool limiter_shares(const struct limiter *l);

/* A call's own: key, user, app, the model as it was named, and the whole hub. A target has fewer. */
enum { LIMIT_PARTS = 5 * LIMIT_SAME };

struct limit_part {
    const struct limit_rule *rule;
    struct limit_counter *counter;
    int64_t held; /* tokens */
};

/* What a client is told of one kind of limit: the tightest one. */
struct limit_standing {
    int64_t limit; /* 0: there is none */
    int64_t remaining;
    int64_t reset_us; /* until all of it is there again */
};

/* What a call wants to be let through, and holds while it runs. Zero-initialise; `limiter`, `tokens` and,
 * where it may wait, `wake` are the owner's to set. Used by one thread at a time. */
struct limit_claim {
    struct limiter *limiter;
    struct limit_part parts[LIMIT_PARTS];
    size_t count;
    int64_t tokens; /* what it may come to at most */
    int64_t
        least; /* what it is known to need: for more than the limit there is never room, while
                       the rest of `tokens` is cut down to it */
    bool held;
    int64_t taken_us;
    struct limit_standing requests;
    struct limit_standing spent; /* of the tokens */
    /* In a queue: of this counter, in this place. `wake` is called on another thread, under its lock. */
    struct limit_counter *waits_at;
    int64_t ticket; /* who came earlier has a smaller one, in whatever process */
    struct list place;
    bool called;
    void (*wake)(struct limit_claim *self);
};

enum limit_answer {
    LIMIT_LET_IN,
    LIMIT_WAIT, /* it has a place in a queue: try again when woken, or after retry_us */
    LIMIT_REFUSED
};

struct limit_verdict {
    enum limit_answer answer;
    const struct limit_part *by; /* not let in: whose limit it is, */
    const char *what;            /* and of what: "requests a minute" */
    int64_t number;              /* how many are allowed */
    int64_t retry_us;            /* when there may be room; -1: not known; INT64_MAX: never */
};

/* Let the claim depend on the rules' counters for `subject`. AIGNE_E_NOMEM. */
int limit_claim_add(struct limit_claim *c, const struct limit_rule *rules, struct slice subject,
                    int64_t now_us);
/* Take it. With `may_wait` a claim that is not let in gets a place in the queue of the limit that refuses
 * it, where that has one with room: first come, first served, and who comes later does not overtake. One
 * that waits tries again with `woken` when `wake` said so, else without. */
struct limit_verdict limit_claim_take(struct limit_claim *c, bool may_wait, bool woken,
                                      int64_t now_us);
/* Leave the queue. False: it is being woken, so the owner must wait for that, and then leave as `woken`. */
bool limit_claim_leave(struct limit_claim *c, bool woken);
/* What ran has used so many tokens. Then the claim is as new, without parts. */
void limit_claim_release(struct limit_claim *c, int64_t used, int64_t now_us);
/* It did not come to a call: as if it had never been taken. */
void limit_claim_undo(struct limit_claim *c, int64_t now_us);

/* The refusal is final. Not each is written down: one a second of each counter, and LIMITER_TOLD a second of
 * all. How many this one stands for then, or 0. */
enum { LIMITER_TOLD = 20 };
int64_t limiter_refused(struct limiter *l, const struct limit_part *by, int64_t now_us);

/* What is used of a limit, one subject after the other. */
struct limit_state {
    struct slice subject;
    int64_t running;
    int64_t waiting;
    int64_t requests; /* in the last minute, as the next */
    int64_t tokens;
    int64_t held;    /* tokens */
    int64_t refused; /* since it was first used */
};
void limiter_look(struct limiter *l, struct slice limit, int64_t now_us,
                  void (*each)(void *user, const struct limit_state *state), void *user);

#endif
