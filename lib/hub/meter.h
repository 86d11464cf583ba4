/* meter.h - what usage costs. Pure. */
#ifndef AIGNE_HUB_METER_H
#define AIGNE_HUB_METER_H

#include "chat/usage.h"
#include "hub/catalog.h"
#include <stdbool.h>
#include <stdint.h>

/* Billionths of a credit, each token kind charged once, rounded half up once at the end. False when
 * the sum does not fit. */
bool meter_charge(const struct usage *usage, const struct catalog_rate *rate,
                  int64_t *billionths);

#endif
