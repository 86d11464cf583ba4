/* model.h - aigne_model: a model behind a remote hub, at a provider, or in a hub of this process. */
#ifndef AIGNE_CORE_MODEL_H
#define AIGNE_CORE_MODEL_H

#include "base/arena.h"
#include "base/ref.h"
#include "core/endpoint.h"
#include "core/hub.h"
#include "core/loop.h"
#include "core/reach.h"
#include "core/settings.h"
#include "provider/adapter.h"

struct aigne_model {
    unsigned magic;
    struct ref ref;
    struct arena arena;  /* the texts below */
    enum chat_kind kind; /* what it is for */
    struct slice name;   /* the model, as the other side knows it; absent: each request says */
    struct slice client_id;

    /* Remote: where and with what. */
    const struct provider_row *row; /* NULL: in a hub of this process */
    struct slice base_url;
    struct slice secret;
    struct slice region;
    struct reach reach;
    struct endpoints endpoints;
    struct loop_pool pool;

    /* In a hub of this process: on whose behalf. */
    struct aigne_hub *hub;
    struct slice who;               /* access key or user name; absent: the host itself */
    struct slice pinned_credential; /* for trials: this one, even when inactive; borrowed */
};

int model_open(const struct aigne_config *c, struct aigne_model **out, struct fault *why);
int model_in_hub(struct aigne_hub *h, struct slice who, struct slice name,
                 struct aigne_model **out, struct fault *why);
/* Where and with what a remote one is asked; its model and the time are the caller's. */
struct chat_target model_target(const struct aigne_model *m);
void model_hold(struct aigne_model *m);
void model_drop(struct aigne_model *m);
struct loop_pool *model_pool(struct aigne_model *m);
struct endpoints *model_endpoints(struct aigne_model *m);

#endif
