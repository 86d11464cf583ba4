/* nearest.h - what somebody who mistyped a name probably meant. */
#ifndef AIGNE_BASE_NEAREST_H
#define AIGNE_BASE_NEAREST_H

#include "base/slice.h"
#include <stddef.h>

/* How many letters must change, case aside, to make `text` into `name`; names over 63 bytes never
 * match: SIZE_MAX. */
size_t nearest_distance(struct slice text, const char *name);

/* Collects the best of many candidates, and them all. Start with .text and .distance = SIZE_MAX. */
struct nearest {
    struct slice text;
    const char *best; /* NULL: none is so near that it can have been meant */
    size_t distance;
    size_t used;
    char all[256]; /* "a, b, c", or as many as fit and "..." */
};
void nearest_offer(struct nearest *n, const char *name);

/* The rest of a sentence about a wrong name: the one that was meant, or those there are. */
struct nearest_advice {
    const char *text; /* "the nearest known one is" */
    const char *quote;
    const char *names;
};
struct nearest_advice nearest_advise(const struct nearest *n);
#define NEAREST_FORMAT        "%s %s%s%s"
#define NEAREST_HOLES(advice) (advice).text, (advice).quote, (advice).names, (advice).quote

#endif
