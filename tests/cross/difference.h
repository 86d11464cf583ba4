/* difference.h - what one JSON text has and another has not, by the names of the members. */
#ifndef AIGNE_TESTS_CROSS_DIFFERENCE_H
#define AIGNE_TESTS_CROSS_DIFFERENCE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"

enum { LOSSES_LARGEST = 512 };

/* "lost modelOptions.seed", and in how many conversations. */
struct loss {
    struct slice text;
    unsigned count;
    unsigned seen_in; /* the newest conversation it was counted for */
};

struct losses {
    struct arena texts;
    struct loss items[LOSSES_LARGEST];
    size_t count;
    unsigned conversation; /* from 1: what is lost twice in one is counted once */
};

/* Count one difference of the conversation at hand. */
void losses_add(struct losses *l, const char *what, struct slice name);
/* Everything in which `after` differs from `before`: members lost, added and changed, the places in arrays
 * left out of their names. */
void losses_compare(struct losses *l, struct slice before, struct slice after);
/* A line for each, in the order of their texts. */
void losses_write(struct losses *l, struct buf *out);

#endif
