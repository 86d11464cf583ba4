/* again.h - whether an attempt that failed is followed by another one, at whom, and when. */
#ifndef AIGNE_CORE_AGAIN_H
#define AIGNE_CORE_AGAIN_H

#include "core/call.h"

enum again_step {
    AGAIN_SETTLE, /* that was all */
    AGAIN_SAME,   /* the same target once more, after a pause */
    AGAIN_NEXT    /* the next one that may do better */
};

struct again {
    enum again_step step;
    size_t target;    /* of the plan */
    int64_t delay_ms; /* 0: at once */
};

/* Everything that is to be considered. */
struct again_facts {
    int rc;
    const struct fault *why;
    const struct policy *policy; /* NULL: nobody says anything */
    bool sent;                   /* the request may have reached the provider */
    bool harmless;   /* doing it twice has no effect but its price, and that is small */
    bool self_made;  /* it is made here, or by a hub that asks again itself */
    bool known_dead; /* the target's breaker is open, or its key is not to be asked so soon */
    bool affordable; /* the budget of repetitions has something left */
    size_t attempts; /* made so far */
    size_t repeats;  /* at this target */
    size_t targets;
    size_t target;    /* the one that failed */
    size_t next;      /* after it; SIZE_MAX: none. As the next: */
    size_t elsewhere; /* with another provider or model */
    int64_t left_ms;  /* of the time for the call */
    uint32_t chance;  /* any number */
};

/* Pure. `*costly` is set when it adds to the load of who failed. */
struct again again_choose(const struct again_facts *f, bool *costly);

/* An attempt is about to be made: what repetitions are measured by. */
void again_begin(const struct aigne_call *call);
/* The attempt has ended with `rc`, a failure. `sent`: the request may have reached the provider. */
struct again again_decide(const struct aigne_call *call, int rc, bool sent);
/* The next target with another provider or model; SIZE_MAX: none. */
size_t again_elsewhere(const struct aigne_call *call);
/* Whether doing it twice has no effect but its price. */
bool again_harmless(const struct aigne_call *call);

#endif
