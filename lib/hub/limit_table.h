/* limit_table.h - the counters of all limits, in memory that the processes of one data file have in common.
 *
 * A counter is found by a hash of its limit and its subject. Chains of counters have locks of their own, and
 * so has each counter; whoever dies while it holds one is noticed by the next one, who mends what is behind
 * it from what each process uses, which every counter knows. What a process used that is gone is given back
 * when another one finds it gone. */
#ifndef AIGNE_HUB_LIMIT_TABLE_H
#define AIGNE_HUB_LIMIT_TABLE_H

#include "base/list.h"
#include "base/segment.h"
#include "base/slice.h"
#include "hub/window.h"
#include <pthread.h>
#include <stdatomic.h>

enum {
    LIMIT_SHARES = 32, /* processes */
    LIMIT_SHARDS = 16,
    LIMIT_BUCKETS = 256,          /* of a shard */
    LIMIT_COUNTERS_LARGEST = 2048 /* in a shard */
};

enum { LIMIT_HASH_SIZE = 16, LIMIT_SHOWN_SIZE = 120 };

/* What one process uses of a counter. */
struct limit_share {
    int64_t users; /* claims; under the lock of the shard */
    int64_t running;
    int64_t held; /* tokens */
    int64_t waiting;
    int64_t ticket;    /* of the first that waits; 0: none does */
    int64_t tried_us;  /* when that one was alive last */
    struct list queue; /* that process's own, with its own addresses */
};

struct limit_counter {
    pthread_mutex_t lock; /* of what follows, but for where it is said otherwise */
    int64_t running;
    int64_t held; /* tokens */
    int64_t waiting;
    int64_t tickets; /* handed out */
    int64_t refused;
    int64_t untold; /* refusals since the last that was written down */
    int64_t told_us;
    struct window requests;
    struct window tokens;
    struct limit_share share[LIMIT_SHARES];
    /* Under the lock of the shard; all but `users` and `next` stay as long as it is live. */
    int64_t users;
    uint32_t next; /* in its chain, or of those that are free */
    bool live;
    unsigned char shown_size;
    unsigned char limit[LIMIT_HASH_SIZE];
    unsigned char hash[LIMIT_HASH_SIZE]; /* of limit and subject */
    char shown[LIMIT_SHOWN_SIZE];        /* the subject's name, as far as there is room */
};

struct limit_shard {
    pthread_mutex_t lock;
    uint32_t bucket[LIMIT_BUCKETS]; /* numbers of counters, from 1; 0: none */
    uint32_t count;
    uint32_t sweep_at;
};

struct limit_head {
    atomic_bool ready;
    unsigned char key[LIMIT_HASH_SIZE]; /* of the hashes: nobody can choose names that meet */
    atomic_bool member[LIMIT_SHARES];
    struct limit_shard shards[LIMIT_SHARDS];
    pthread_mutex_t lock; /* of the next ones */
    uint32_t made;
    uint32_t backed;
    uint32_t free;
};

struct limit_table {
    struct segment memory;
    struct limit_head *head;
    struct limit_counter *counters; /* the first one is nobody's */
    int me;                         /* which share is ours */
    bool shared;
};

/* These give 0 or a number of errno.h. */
int limit_table_alone(struct limit_table *t);
/* That of the data file; with `look` only to look at, when there is one. */
int limit_table_open(struct limit_table *t, const char *path, bool look);
void limit_table_close(struct limit_table *t); /* no counter is in use */

/* The counter, made when there is none, with one user more. NULL: there is no room, unless for LIMIT_EACH. */
struct limit_counter *limit_table_use(struct limit_table *t, struct slice limit,
                                      struct slice subject, int64_t now_us);
void limit_table_leave(struct limit_table *t, struct limit_counter *c);
void limit_table_each(struct limit_table *t, struct slice limit,
                      void (*each)(void *user, struct limit_counter *c), void *user);

void limit_counter_lock(struct limit_counter *c);
void limit_counter_unlock(struct limit_counter *c);

/* Give back what processes use that are gone. */
void limit_table_tend(struct limit_table *t);
bool limit_table_has_others(const struct limit_table *t);

#endif
