/* nearest.h - what somebody who mistyped a name probably meant. */
#ifndef AIGNE_BASE_NEAREST_H
#define AIGNE_BASE_NEAREST_H

#include "base/slice.h"
#include <stddef.h>

/* How many letters must change, case aside, to make `text` into `name`; names over 63 bytes never
 * match: SIZE_MAX. */
size_t nearest_distance(struct slice text, const char *name);

/* Collects the best of many candidates. Start with {text, NULL, SIZE_MAX}. */
struct nearest {
    struct slice text;
    const char *best;
    size_t distance;
};
void nearest_offer(struct nearest *n, const char *name);

#endif
