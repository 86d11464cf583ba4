/* Knows how much was counted in the last minute; refuses to know what is counted and how much is allowed. */
#include "hub/window.h"
#include <string.h>

#define SECOND_US INT64_C(1000000)

static int64_t *slot_of(struct window *w, int64_t second)
{
    return &w->slot[second & (WINDOW_SLOTS - 1)];
}

/* The slots that this second pushes out. */
static void advance(struct window *w, int64_t second)
{
    if (second > w->newest + WINDOW_S) {
        memset(w->slot, 0, sizeof w->slot);
        w->sum = 0;
        w->newest = second;
    }
    while (w->newest < second) {
        int64_t *leaving = slot_of(w, ++w->newest - WINDOW_S - 1);
        w->sum -= *leaving;
        *leaving = 0;
    }
}

int64_t window_sum(struct window *w, int64_t now_us)
{
    advance(w, now_us / SECOND_US);
    return w->sum;
}

void window_add(struct window *w, int64_t now_us, int64_t amount)
{
    advance(w, now_us / SECOND_US);
    *slot_of(w, w->newest) += amount;
    w->sum += amount;
}

void window_take_back(struct window *w, int64_t then_us, int64_t now_us, int64_t amount)
{
    int64_t second = then_us / SECOND_US;
    advance(w, now_us / SECOND_US);
    if (second + WINDOW_S < w->newest)
        return;
    int64_t *slot = slot_of(w, second);
    int64_t taken = amount < *slot ? amount : *slot;
    *slot -= taken;
    w->sum -= taken;
}

void window_mend(struct window *w)
{
    struct window mended = {.newest = w->newest};
    for (int64_t second = w->newest - WINDOW_S; second <= w->newest; second++) {
        *slot_of(&mended, second) = *slot_of(w, second);
        mended.sum += *slot_of(w, second);
    }
    *w = mended;
}

int64_t window_wait(struct window *w, int64_t now_us, int64_t amount)
{
    advance(w, now_us / SECOND_US);
    if (amount <= 0)
        return 0;
    for (int64_t second = w->newest - WINDOW_S; second <= w->newest; second++) {
        amount -= *slot_of(w, second);
        if (amount <= 0)
            return (second + WINDOW_S + 1) * SECOND_US - now_us;
    }
    return INT64_MAX;
}
