/* Knows in which order a strategy asks the targets that may be asked; refuses to know why the others may
 * not. */
#include "hub/route_order.h"
#include "base/limits.h"
#include <stdlib.h>

static uint32_t hash_of(uint32_t hash, struct slice bytes)
{
    for (size_t i = 0; i < bytes.n; i++)
        hash = (hash ^ (unsigned char)bytes.p[i]) * UINT32_C(16777619);
    return hash;
}

static uint32_t mixed(uint32_t hash)
{
    hash = (hash ^ hash >> 16) * UINT32_C(0x7feb352d);
    hash = (hash ^ hash >> 15) * UINT32_C(0x846ca68b);
    return hash ^ hash >> 16;
}

uint32_t route_chance(struct slice what, struct slice whose)
{
    return mixed(hash_of(hash_of(UINT32_C(2166136261), what), whose));
}

static int by_tier_and_score(const void *left, const void *right)
{
    const struct entrant *a = left;
    const struct entrant *b = right;
    if (a->canary != b->canary)
        return a->canary ? -1 : 1;
    if (a->target->tier != b->target->tier)
        return a->target->tier < b->target->tier ? -1 : 1;
    if (a->ready != b->ready)
        return a->ready ? -1 : 1;
    if (a->score != b->score)
        return a->score < b->score ? -1 : 1;
    return a->rank < b->rank ? -1 : a->rank > b->rank;
}

static unsigned turn_of(struct catalog_route *r, const unsigned char *shares)
{
    struct slice set = slice_of((const char *)shares, r->target_count);
    uint32_t which = mixed(hash_of(UINT32_C(2166136261), set)) % ROUTE_TURNS;
    return atomic_fetch_add_explicit(&r->turns[which], 1, memory_order_relaxed);
}

/* Whose turn it is among the ready ones of the tier that `first` begins; the others follow in a circle. */
static void take_turns(struct catalog_route *r, bool weighted, struct entrant *first,
                       size_t count)
{
    unsigned char shares[LIMIT_TARGETS];
    size_t members = 0;
    memset(shares, ROTATION_NOTHING, sizeof shares);
    for (size_t i = 0; i < count; i++) {
        if (!first[i].ready || first[i].canary || first[i].target->tier != first->target->tier)
            continue;
        shares[first[i].target - r->targets] = ROTATION_FULL;
        members++;
    }
    if (members == 0)
        return;
    unsigned turn = turn_of(r, shares);
    size_t at = SIZE_MAX;
    if (weighted)
        at = rotation_pick_shared(&r->rotation, turn, shares);
    for (size_t i = 0, left = turn % members; i < r->target_count && at == SIZE_MAX; i++)
        if (shares[i] == ROTATION_FULL && left-- == 0)
            at = i;
    for (size_t i = 0; i < count; i++)
        if (first[i].target->tier == first->target->tier)
            first[i].rank = ((size_t)(first[i].target - r->targets) + r->target_count - at) %
                            r->target_count;
}

/* The better of two that chance picks: not everybody rushes to the one that was quickest of late. */
static void take_better_of_two(struct slice call_id, struct entrant *first, size_t count)
{
    uint32_t chance = route_chance(SLICE("two"), call_id);
    size_t ready = 0;
    while (ready < count && first[ready].ready && !first[ready].canary &&
           first[ready].target->tier == first->target->tier)
        ready++;
    if (ready < 3)
        return;
    size_t one = chance % ready;
    size_t other = (one + 1 + (chance >> 16) % (ready - 1)) % ready;
    struct entrant *better = &first[one < other ? one : other]; /* they are sorted */
    struct entrant kept = *better;
    memmove(first + 1, first, (size_t)(better - first) * sizeof *first);
    *first = kept;
}

static void sort(struct entrant *in, size_t count)
{
    if (count > 1)
        qsort(in, count, sizeof *in, by_tier_and_score);
}

void route_order(struct catalog_route *r, enum route_strategy by, struct slice call_id,
                 struct entrant *in, size_t count)
{
    bool turns =
        by == STRATEGY_WEIGHTED || by == STRATEGY_ROUND_ROBIN || by == STRATEGY_LEAST_BUSY;
    for (size_t i = 0; i < count; i++)
        in[i].rank = i;
    sort(in, count);
    size_t first = 0;
    while (first < count && in[first].canary)
        first++;
    for (size_t i = first; turns && i < count; i++)
        if (i == first || in[i].target->tier != in[i - 1].target->tier)
            take_turns(r, by == STRATEGY_WEIGHTED, in + i, count - i);
    if (turns)
        sort(in, count);
    if (by == STRATEGY_LOWEST_LATENCY)
        take_better_of_two(call_id, in + first, count - first);
}
