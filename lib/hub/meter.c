/* Knows what a call costs at a rate; refuses to know who pays. */
#include "hub/meter.h"

/* What the rate of the answer is for, where it is not for tokens. */
static int64_t unit_of_answer(const struct usage *usage, enum chat_kind kind)
{
    return kind == KIND_IMAGE ? usage_known(usage->images) : usage_answer(usage);
}

static bool tokens_told(const struct usage *usage)
{
    return usage_prompt(usage) > 0 || usage_answer(usage) > 0;
}

/* A rate for a second, charged by the millisecond. */
static bool charge_time(int64_t milliseconds, decimal_wide rate, decimal_wide *sum)
{
    decimal_wide thousandfold = 0;
    if (!decimal_charge(milliseconds, rate, &thousandfold))
        return false;
    *sum += thousandfold / 1000;
    return true;
}

/* What has a unit of its own: a second of video, a character spoken, a second heard. The latter two only
 * when the provider counted no tokens, by which it charges then. */
static bool charge_unit(const struct usage *usage, enum chat_kind kind,
                        const struct catalog_rate *rate, decimal_wide *sum)
{
    if (kind == KIND_VIDEO)
        return charge_time(usage_known(usage->milliseconds), rate->output_rate, sum);
    if (tokens_told(usage))
        return true;
    if (kind == KIND_SPEECH)
        return decimal_charge(usage_known(usage->characters), rate->input_rate, sum);
    if (kind == KIND_TRANSCRIPTION)
        return charge_time(usage_known(usage->milliseconds), rate->input_rate, sum);
    return true;
}

bool meter_charge(const struct usage *usage, const struct catalog_rate *rate,
                  int64_t *billionths)
{
    decimal_wide sum = 0;
    decimal_wide read = rate->read_rate >= 0 ? rate->read_rate : rate->input_rate;
    decimal_wide write = rate->write_rate >= 0 ? rate->write_rate : rate->input_rate;
    enum chat_kind kind = KIND_CHAT;
    *billionths = 0;
    if (!usage_sane(
            usage)) /* before adding anything up: absurd counts may not even fit a sum */
        return false;
    (void)kind_parse(rate->type, &kind);
    int64_t written = usage_known(usage->cache_write_5m) + usage_known(usage->cache_write_1h);
    int64_t input = usage_prompt(usage) - usage_known(usage->cache_read) - written;
    int64_t answer = kind == KIND_VIDEO ? 0 : unit_of_answer(usage, kind);
    return decimal_charge(input, rate->input_rate, &sum) &&
           decimal_charge(usage_known(usage->cache_read), read, &sum) &&
           decimal_charge(written, write, &sum) &&
           decimal_charge(answer, rate->output_rate, &sum) &&
           charge_unit(usage, kind, rate, &sum) && decimal_round(sum, billionths);
}
