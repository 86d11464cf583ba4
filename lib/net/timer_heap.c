/* Knows which timer is due first; refuses to know what time it is. */
#include "net/timer_heap.h"
#include "base/mem.h"
#include <aignehub/aignehub.h>

void timer_heap_free(struct timer_heap *h)
{
    mem_free(h->items);
    *h = (struct timer_heap){0};
}

static void place(struct timer_heap *h, size_t index, struct net_timer *t)
{
    h->items[index] = t;
    t->position = index + 1;
}

static void rise(struct timer_heap *h, size_t index, struct net_timer *t)
{
    while (index > 0 && h->items[(index - 1) / 2]->due_us > t->due_us) {
        place(h, index, h->items[(index - 1) / 2]);
        index = (index - 1) / 2;
    }
    place(h, index, t);
}

static void sink(struct timer_heap *h, size_t index, struct net_timer *t)
{
    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= h->count)
            break;
        if (child + 1 < h->count && h->items[child + 1]->due_us < h->items[child]->due_us)
            child++;
        if (h->items[child]->due_us >= t->due_us)
            break;
        place(h, index, h->items[child]);
        index = child;
    }
    place(h, index, t);
}

static void settle(struct timer_heap *h, size_t index, struct net_timer *t)
{
    if (index > 0 && h->items[(index - 1) / 2]->due_us > t->due_us)
        rise(h, index, t);
    else
        sink(h, index, t);
}

static int grow(struct timer_heap *h)
{
    size_t capacity = h->capacity ? h->capacity * 2 : 32;
    struct net_timer **items = mem_resize(h->items, capacity * sizeof(struct net_timer *));
    if (!items)
        return AIGNE_E_NOMEM;
    h->items = items;
    h->capacity = capacity;
    return AIGNE_OK;
}

int timer_heap_set(struct timer_heap *h, struct net_timer *t, int64_t due_us)
{
    if (t->position) {
        t->due_us = due_us;
        settle(h, t->position - 1, t);
        return AIGNE_OK;
    }
    if (h->count == h->capacity && grow(h) != AIGNE_OK)
        return AIGNE_E_NOMEM;
    t->due_us = due_us;
    rise(h, h->count++, t);
    return AIGNE_OK;
}

void timer_heap_clear(struct timer_heap *h, struct net_timer *t)
{
    if (!t->position)
        return;
    size_t index = t->position - 1;
    struct net_timer *last = h->items[--h->count];
    t->position = 0;
    if (last != t)
        settle(h, index, last);
}
