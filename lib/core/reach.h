/* reach.h - how calls reach the network: limits, proxy, certificates, as settings say. */
#ifndef AIGNE_CORE_REACH_H
#define AIGNE_CORE_REACH_H

#include "core/settings.h"
#include "net/transfer.h"

struct reach {
    struct transfer_limits limits;
    struct transfer_route route;
    char *memory; /* the texts of `route` */
};

int reach_init(struct reach *r, const struct aigne_config *c, struct fault *why);
void reach_free(struct reach *r);

#endif
