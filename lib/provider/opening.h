/* opening.h - what a stream says before it says anything. */
#ifndef AIGNE_PROVIDER_OPENING_H
#define AIGNE_PROVIDER_OPENING_H

#include "base/slice.h"
#include <stdbool.h>

/* Whether the data of a frame, in any format whose frames are passed on, tells nothing of the answer itself: that
 * it begins, who gives it, that somebody is still there. `data` was checked. */
bool opening_is(struct slice data);

#endif
