/* binary32.h - decimal text as the 32 bits of the nearest IEEE 754 binary32 ("float"), without computing
 * in floating point. */
#ifndef AIGNE_TEXT_BINARY32_H
#define AIGNE_TEXT_BINARY32_H

#include "base/slice.h"
#include <stdbool.h>
#include <stdint.h>

/* Round to nearest, ties to even, however many digits there are. False: not a number of JSON's, or
 * beyond the largest binary32. */
bool binary32_parse(struct slice text, uint32_t *bits);

#endif
