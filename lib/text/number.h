/* number.h - a decimal number taken apart exactly; inside text/ only. */
#ifndef AIGNE_TEXT_NUMBER_H
#define AIGNE_TEXT_NUMBER_H

#include "base/slice.h"
#include <stdbool.h>
#include <stdint.h>

__extension__ typedef unsigned __int128 number_digits;

/* digits * 10^scale; digits do not end in a zero, and zero has scale 0. */
struct number {
    bool negative;
    number_digits digits;
    int64_t scale;
};

/* JSON's grammar of a number. False: not one, or more than 38 significant digits. */
bool number_parse(struct slice text, struct number *out);
/* False: not whole, or it does not fit. */
bool number_int64(const struct number *n, int64_t *out);
/* digits * 10^power. False: it has more than 38 digits, or power is negative. */
bool number_scaled(const struct number *n, int64_t power, number_digits *out);

#endif
