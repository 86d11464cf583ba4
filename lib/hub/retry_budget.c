/* Knows how much of what is asked may be repetition; refuses to know what is repeated and why. */
#include "hub/retry_budget.h"

/* A word: the window's number, what was counted in it, and in the one before. */
#define COUNT_BITS    20
#define COUNT_LARGEST (((uint64_t)1 << COUNT_BITS) - 1)
#define ONE           ((uint64_t)1 << COUNT_BITS)
#define WINDOW_MASK   (((uint64_t)1 << 24) - 1)

static uint64_t window_of(int64_t now_ms)
{
    return (uint64_t)(now_ms / RETRY_BUDGET_WINDOW_MS) & WINDOW_MASK;
}

static uint64_t count_now(uint64_t word)
{
    return word >> COUNT_BITS & COUNT_LARGEST;
}

static uint64_t turned(uint64_t word, uint64_t window)
{
    uint64_t old = word >> 2 * COUNT_BITS;
    if (old == window)
        return word;
    uint64_t before = ((old + 1) & WINDOW_MASK) == window ? count_now(word) : 0;
    return window << 2 * COUNT_BITS | before;
}

static uint64_t added(uint64_t word)
{
    return count_now(word) < COUNT_LARGEST ? word + ONE : word;
}

/* Hundredths of what was counted lately. */
static uint64_t lately(uint64_t word, int64_t now_ms)
{
    uint64_t left = (uint64_t)(RETRY_BUDGET_WINDOW_MS - now_ms % RETRY_BUDGET_WINDOW_MS);
    return count_now(word) * 100 + (word & COUNT_LARGEST) * 100 * left / RETRY_BUDGET_WINDOW_MS;
}

void retry_budget_call(struct retry_budget *b, int64_t now_ms)
{
    uint64_t window = window_of(now_ms);
    uint64_t old = atomic_load_explicit(&b->calls, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&b->calls, &old, added(turned(old, window)),
                                                  memory_order_relaxed, memory_order_relaxed))
        continue;
}

bool retry_budget_take(struct retry_budget *b, int64_t percent, int64_t now_ms)
{
    uint64_t window = window_of(now_ms);
    uint64_t calls = turned(atomic_load_explicit(&b->calls, memory_order_relaxed), window);
    uint64_t allowed =
        RETRY_BUDGET_FLOOR * 100 + lately(calls, now_ms) * (uint64_t)percent / 100;
    uint64_t old = atomic_load_explicit(&b->repeats, memory_order_relaxed);
    uint64_t next;
    do {
        next = added(turned(old, window));
        if (lately(next, now_ms) > allowed)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(
        &b->repeats, &old, next, memory_order_relaxed, memory_order_relaxed));
    return true;
}
