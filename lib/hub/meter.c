/* Knows what a call costs at a rate; refuses to know who pays. */
#include "hub/meter.h"

static const size_t counts[PRICE_PARTS] = {
    [PRICE_INPUT] = offsetof(struct usage, input),
    [PRICE_OUTPUT] = offsetof(struct usage, output),
    [PRICE_READ] = offsetof(struct usage, cache_read),
    [PRICE_WRITE] = offsetof(struct usage, cache_write_5m),
    [PRICE_WRITE_1H] = offsetof(struct usage, cache_write_1h),
    [PRICE_REASONING] = offsetof(struct usage, reasoning),
    [PRICE_AUDIO_INPUT] = offsetof(struct usage, audio_input),
    [PRICE_AUDIO_OUTPUT] = offsetof(struct usage, audio_output),
    [PRICE_IMAGE_INPUT] = offsetof(struct usage, image_input),
    [PRICE_IMAGE_OUTPUT] = offsetof(struct usage, image_output),
    [PRICE_IMAGE] = offsetof(struct usage, images),
    [PRICE_SECOND] = offsetof(struct usage, milliseconds),
    [PRICE_CHARACTER] = offsetof(struct usage, characters),
};

static int64_t count_of(const struct usage *usage, int part)
{
    if (part == PRICE_REQUEST)
        return 1;
    return usage_known(*(const int64_t *)(const void *)((const char *)usage + counts[part]));
}

/* What is left of a thousandth is below the last digit and cannot change how the sum is rounded: there is one
 * such part at most. */
static bool add(const struct usage *usage, const struct price *p, int part, decimal_wide *sum)
{
    int64_t count = count_of(usage, part);
    decimal_wide thousandfold = 0;
    if (count == 0 || p->part[part] == 0)
        return true;
    if (part != PRICE_SECOND)
        return decimal_charge(count, p->part[part], sum);
    return decimal_charge(count, p->part[part], &thousandfold) &&
           !__builtin_add_overflow(*sum, thousandfold / 1000, sum);
}

bool meter_sum(const struct usage *usage, const struct price *p, enum chat_kind kind,
               decimal_wide *sum)
{
    bool sound = kind == KIND_SPEECH || kind == KIND_TRANSCRIPTION;
    bool by_tokens = usage->image_output > 0 && p->part[PRICE_IMAGE_OUTPUT] > 0;
    *sum = 0;
    bool fits = true;
    for (int i = 0; i < PRICE_TOKENS && fits; i++)
        fits = add(usage, p, i, sum);
    bool units = !sound || *sum == 0;
    for (int i = PRICE_TOKENS; i < PRICE_REQUEST && units && fits; i++)
        if (i != PRICE_IMAGE || !by_tokens)
            fits = add(usage, p, i, sum);
    return fits && add(usage, p, PRICE_REQUEST, sum);
}

bool meter_charge(const struct usage *usage, const struct price_list *prices, struct slice type,
                  int64_t at_ms, int64_t *billionths)
{
    struct price p;
    decimal_wide sum = 0;
    enum chat_kind kind = KIND_CHAT;
    *billionths = 0;
    if (!usage_sane(usage)) /* before adding up: absurd counts may not even fit a sum */
        return false;
    (void)kind_parse(type, &kind);
    const struct price_moment when = {usage_prompt(usage), usage->service, at_ms};
    price_at(prices, kind, &when, &p);
    return meter_sum(usage, &p, kind, &sum) && decimal_round(sum, billionths);
}
