/* Knows which changes are kept to be asked for, and their numbers; refuses to know what changed. */
#include "hub/events.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/mem.h"

struct events *events_new(int64_t wall_ms)
{
    struct events *e = mem_alloc_zero(sizeof *e);
    if (!e)
        return NULL;
    pthread_mutex_init(&e->lock, NULL);
    e->first = e->next = wall_ms;
    return e;
}

void events_free(struct events *e)
{
    if (!e)
        return;
    pthread_mutex_destroy(&e->lock);
    mem_free(e);
}

void events_add(struct events *e, struct hub_event *event, struct slice provider,
                struct slice name)
{
    FAULT_COPY(event->provider, provider);
    FAULT_COPY(event->name, name);
    event->at_ms = clock_wall_ms();
    pthread_mutex_lock(&e->lock);
    event->id = e->next++;
    e->kept[event->id % EVENTS_KEPT] = *event;
    pthread_mutex_unlock(&e->lock);
}
