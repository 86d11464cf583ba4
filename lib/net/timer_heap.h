/* timer_heap.h - armed timers, the earliest first. */
#ifndef AIGNE_NET_TIMER_HEAP_H
#define AIGNE_NET_TIMER_HEAP_H

#include "net/loop.h"
#include <stddef.h>

struct timer_heap {
    struct net_timer **items;
    size_t count;
    size_t capacity;
};

void timer_heap_free(struct timer_heap *h);
/* Arm, or move when armed. AIGNE_E_NOMEM; moving an armed timer cannot fail. */
int timer_heap_set(struct timer_heap *h, struct net_timer *t, int64_t due_us);
void timer_heap_clear(struct timer_heap *h, struct net_timer *t);

static inline struct net_timer *timer_heap_first(const struct timer_heap *h)
{
    return h->count ? h->items[0] : NULL;
}

#endif
