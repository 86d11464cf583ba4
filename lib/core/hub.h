/* hub.h - aigne_hub: the hub together with how its calls reach the network. */
#ifndef AIGNE_CORE_HUB_H
#define AIGNE_CORE_HUB_H

#include "base/ref.h"
#include "core/answer.h"
#include "core/desk.h"
#include "core/endpoint.h"
#include "core/kept_answers.h"
#include "core/loop.h"
#include "core/overload.h"
#include "core/reach.h"
#include "core/settings.h"
#include "hub/hub.h"
#include "hub/retry_budget.h"
#include <stdatomic.h>

struct aigne_hub {
    unsigned magic;
    struct ref ref;
    struct hub *hub;
    uint64_t serial; /* no two hubs of a process share it */
    struct reach reach;
    size_t body_limit;
    int64_t keep_alive_ms; /* 0: never */
    int64_t head_wait_ms;  /* 0: for as long as it takes */
    char *mount_point;     /* owned; "" for the root, else "/ai-kit" */
    char *price_list;      /* owned; path of the list that is shipped */
    struct endpoints endpoints;
    struct loop_pool pool;
    struct kept_answers answers;
    struct retry_budget retries; /* of all calls together */
    struct overload overload;
    struct retry_budget hedges;   /* of calls whose policy has them */
    atomic_int draining;          /* calls that are read on without a caller */
    atomic_int shadows;           /* copies of requests under way */
    _Atomic int64_t topup_ms[16]; /* when accounts that have low balances are looked at again */
    struct desk desk;             /* short work: reading the store */
    struct desk verbs;            /* an administrator's, which may wait for a provider */
};

int hub_object_open(const struct aigne_config *c, struct aigne_hub **out, struct fault *why);
void hub_object_hold(struct aigne_hub *h);
void hub_object_drop(struct aigne_hub *h);
/* The verbs of hub/verbs.c, and those that must call a provider: provider.test, credential.test,
 * rate.test. The answer's text is the new key for key.create, else the JSON. */
int hub_object_do(struct aigne_hub *h, const char *verb, struct slice arguments,
                  struct aigne_reply *answer, struct fault *why);
/* The same for somebody, whom records of the change name. */
int hub_object_do_as(struct aigne_hub *h, struct slice who, const char *verb,
                     struct slice arguments, struct aigne_reply *answer, struct fault *why);

#endif
