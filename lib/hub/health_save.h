/* health_save.h - what of health survives a restart: which credentials are disabled, and why. */
#ifndef AIGNE_HUB_HEALTH_SAVE_H
#define AIGNE_HUB_HEALTH_SAVE_H

#include "hub/health.h"
#include "store/store.h"

/* Write what changed since the last time; what cannot be written is tried again the next time. Blocks.
 * One thread at a time. */
void health_save(struct health *h, const struct store_type *type, struct store *store);

#endif
