/* meter.h - what usage costs. Pure. The one place where a call's price is computed.
 *
 * Each unit is charged once, at the price that holds for it (price.h), and the sum is rounded half up once, to
 * billionths of a credit. Images that the provider counted in tokens are charged by those where they have a
 * price, else one by one. Speech and transcriptions are charged by tokens, or, where none were counted or
 * they have no price, by characters and seconds. */
#ifndef AIGNE_HUB_METER_H
#define AIGNE_HUB_METER_H

#include "chat/usage.h"
#include "hub/price.h"
#include <stdbool.h>
#include <stdint.h>

/* Of a call of that type that began at `at_ms`. False when the sum does not fit, or a count is absurd. */
bool meter_charge(const struct usage *usage, const struct price_list *prices, struct slice type,
                  int64_t at_ms, int64_t *billionths);

/* The exact sum in 18 digits at prices that are complete, as price_at gives them. */
bool meter_sum(const struct usage *usage, const struct price *p, enum chat_kind kind,
               decimal_wide *sum);

#endif
