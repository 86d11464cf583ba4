/* events.h - what changed lately by itself: the newest of it, numbered, for who asks what is new. */
#ifndef AIGNE_HUB_EVENTS_H
#define AIGNE_HUB_EVENTS_H

#include "base/slice.h"
#include <pthread.h>
#include <stdint.h>

enum { EVENTS_KEPT = 256 };

struct hub_event {
    int64_t id; /* rises, also over restarts */
    int64_t at_ms;
    int64_t wait_ms;   /* until what it says is looked at again; -1: nothing to wait for */
    const char *kind;  /* of `name`, such as "model" */
    const char *state; /* what it is now */
    char provider[40]; /* "": it has none */
    char name[200];
    char reason[160];
};

struct events {
    pthread_mutex_t lock;
    int64_t first; /* the id of the first there ever was */
    int64_t next;
    struct hub_event kept[EVENTS_KEPT]; /* by id */
};

/* NULL: no memory. */
struct events *events_new(int64_t wall_ms);
void events_free(struct events *e); /* NULL is harmless */
/* Any thread. What is missing of it is filled in. */
void events_add(struct events *e, struct hub_event *event, struct slice provider,
                struct slice name);

#endif
