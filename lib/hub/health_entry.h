/* health_entry.h - the inside of health, for the files that share it. */
#ifndef AIGNE_HUB_HEALTH_ENTRY_H
#define AIGNE_HUB_HEALTH_ENTRY_H

#include "hub/health.h"

/* As a refusal at `now_ms` would. */
void health_disable(struct health_entry *e, int64_t now_ms, uint32_t chance);

#endif
