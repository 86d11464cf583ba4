/* endpoint.h - which base URL a hub's origin turned out to have, asked once and remembered. */
#ifndef AIGNE_CORE_ENDPOINT_H
#define AIGNE_CORE_ENDPOINT_H

#include "base/slice.h"
#include <pthread.h>

struct endpoint;

struct endpoints {
    pthread_mutex_t lock;
    struct endpoint *first;
};

void endpoints_init(struct endpoints *e);
void endpoints_free(struct endpoints *e);
/* The API root found for `base_url`; .p NULL: not asked yet. Lives as long as `e`. */
struct slice endpoints_get(struct endpoints *e, struct slice base_url);
/* Remember; what was found first stays. AIGNE_E_NOMEM: it would have to be asked again. */
int endpoints_put(struct endpoints *e, struct slice base_url, struct slice root);

#endif
