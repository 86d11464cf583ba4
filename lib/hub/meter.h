/* meter.h - what usage costs. Pure. */
#ifndef AIGNE_HUB_METER_H
#define AIGNE_HUB_METER_H

#include "chat/usage.h"
#include "hub/catalog.h"
#include <stdbool.h>
#include <stdint.h>

/* Billionths of a credit, each unit charged once, rounded half up once at the end. The rate of the answer
 * is for a token, for an image of type "image", for a second of type "video"; that of the prompt for a
 * token, or, where the provider counted none, for a character of type "speech" and a second of type
 * "transcription". False when the sum does not fit. */
bool meter_charge(const struct usage *usage, const struct catalog_rate *rate,
                  int64_t *billionths);

#endif
