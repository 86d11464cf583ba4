/* kept_answers.h - finished answers that may be given again, and the requests that wait for one which is
 * still being made. Shared by all threads of a hub; bounded by bytes, the longest unused leave first. */
#ifndef AIGNE_CORE_KEPT_ANSWERS_H
#define AIGNE_CORE_KEPT_ANSWERS_H

#include "base/buf.h"
#include "base/fault.h"
#include "base/list.h"
#include "base/ref.h"
#include "text/sha256.h"
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Never changed once it is kept; its texts are part of it. */
struct kept_answer {
    struct ref ref;
    int64_t made_ms;
    int64_t until_ms;
    struct sha256 request; /* what it answers, to tell another request under the same key */
    struct slice type;     /* media type */
    struct slice call_id;
    struct slice provider;
    struct slice model;
    struct slice body;
    size_t size; /* of all of it */
};

/* A copy of the texts of `of`; NULL: no memory. */
struct kept_answer *kept_answer_new(const struct kept_answer *of);
void kept_answer_drop(struct kept_answer *k); /* NULL is harmless */
/* As bytes for a store, and back; NULL: they are none, or no memory. */
void kept_answer_write(const struct kept_answer *k, struct buf *out);
struct kept_answer *kept_answer_read(struct slice bytes);

/* Who waits for an answer in the making. */
struct kept_waiter {
    struct list link;
    struct kept_answer *answer;             /* what came of it, held; NULL: nothing */
    void (*wake)(struct kept_waiter *self); /* any thread; once, and not after leaving */
};

enum kept_state {
    KEPT_NONE,   /* it is yours to make: end with kept_answers_settle */
    KEPT_THERE,  /* here it is */
    KEPT_MAKING, /* wait to be woken; with no answer then, ask again */
    KEPT_FAILED  /* no memory */
};

struct kept_entry;
enum { KEPT_BUCKETS = 1024 };

struct kept_answers {
    pthread_mutex_t lock;
    struct kept_entry *buckets[KEPT_BUCKETS];
    struct list by_use; /* the longest unused first */
    size_t bytes;
    size_t most; /* bytes */
};

void kept_answers_init(struct kept_answers *a, size_t most);
void kept_answers_free(struct kept_answers *a);
/* `*out` is held for the caller when KEPT_THERE. The waiter must be in no list. */
enum kept_state kept_answers_ask(struct kept_answers *a, const struct sha256 *key,
                                 int64_t now_ms, struct kept_waiter *waiter,
                                 struct kept_answer **out);
/* What became of an answer in the making; NULL: nothing, and whoever waits may make it. */
void kept_answers_settle(struct kept_answers *a, const struct sha256 *key,
                         struct kept_answer *made);
/* False: it is being woken. */
bool kept_answers_leave(struct kept_answers *a, struct kept_waiter *waiter);

#endif
