/* Knows what tokens cost at a rate; refuses to know who pays. */
#include "hub/meter.h"

bool meter_charge(const struct usage *usage, const struct catalog_rate *rate,
                  int64_t *billionths)
{
    decimal_wide sum = 0;
    decimal_wide read = rate->read_rate >= 0 ? rate->read_rate : rate->input_rate;
    decimal_wide write = rate->write_rate >= 0 ? rate->write_rate : rate->input_rate;
    *billionths = 0;
    if (!usage_sane(
            usage)) /* before adding anything up: absurd counts may not even fit a sum */
        return false;
    int64_t written = usage_known(usage->cache_write_5m) + usage_known(usage->cache_write_1h);
    return decimal_charge(usage_known(usage->input), rate->input_rate, &sum) &&
           decimal_charge(usage_known(usage->cache_read), read, &sum) &&
           decimal_charge(written, write, &sum) &&
           decimal_charge(usage_answer(usage), rate->output_rate, &sum) &&
           decimal_round(sum, billionths);
}
