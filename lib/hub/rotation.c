/* Knows how turns are given by weight; refuses to know who takes them. */
#include "hub/rotation.h"
#include <aignehub/aignehub.h>

static unsigned common_divisor(unsigned a, unsigned b)
{
    while (b) {
        unsigned rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Each turn raises everybody by the own weight; the highest is served and pays for all. */
static size_t serve(const unsigned *weights, int64_t *raised, size_t count, unsigned divisor)
{
    size_t best = 0;
    int64_t all = 0;
    for (size_t i = 0; i < count; i++) {
        raised[i] += weights[i] / divisor;
        all += weights[i] / divisor;
        if (raised[i] > raised[best])
            best = i;
    }
    raised[best] -= all;
    return best;
}

int rotation_build(struct rotation *r, const unsigned *weights, size_t count, struct arena *a)
{
    unsigned divisor = 0;
    size_t slots = 0;
    *r = (struct rotation){0};
    if (count > ROTATION_MEMBERS_LARGEST)
        count = ROTATION_MEMBERS_LARGEST;
    for (size_t i = 0; i < count; i++)
        divisor = common_divisor(weights[i], divisor);
    for (size_t i = 0; i < count; i++)
        slots += weights[i] / divisor;
    if (slots == 0)
        return AIGNE_OK;
    r->slots = arena_array(a, slots, sizeof *r->slots);
    int64_t *raised = slots == count ? NULL : arena_array(a, count, sizeof *raised);
    if (!r->slots || (!raised && slots != count))
        return AIGNE_E_NOMEM;
    for (size_t i = 0; raised && i < count; i++)
        raised[i] = 0;
    for (; r->count < slots; r->count++)
        r->slots[r->count] =
            (uint16_t)(raised ? serve(weights, raised, count, divisor) : r->count);
    return AIGNE_OK;
}

size_t rotation_pick(const struct rotation *r, unsigned turn)
{
    return r->slots[turn % r->count];
}

static size_t count_slots(const struct rotation *r, const unsigned char *shares,
                          enum rotation_share share)
{
    size_t count = 0;
    for (size_t i = 0; i < r->count; i++)
        count += shares[r->slots[i]] == share;
    return count;
}

/* The member in slot `at` of those with at least that share. */
static size_t find_slot(const struct rotation *r, const unsigned char *shares,
                        enum rotation_share least, size_t at)
{
    for (size_t i = 0; i < r->count; i++)
        if (shares[r->slots[i]] <= least && at-- == 0)
            return r->slots[i];
    return SIZE_MAX;
}

/* Of ten rounds, one has slots for those with a tenth too. */
size_t rotation_pick_shared(const struct rotation *r, unsigned turn,
                            const unsigned char *shares)
{
    size_t full = count_slots(r, shares, ROTATION_FULL);
    size_t tenth = count_slots(r, shares, ROTATION_TENTH);
    if (full + tenth == 0)
        return SIZE_MAX;
    if (full == 0)
        return find_slot(r, shares, ROTATION_TENTH, turn % tenth);
    size_t at = turn % (10 * full + tenth);
    return at < full + tenth ? find_slot(r, shares, ROTATION_TENTH, at)
                             : find_slot(r, shares, ROTATION_FULL, (at - full - tenth) % full);
}
