/* decimal.h - money and rates as decimal text, exact, never through a float.
 *
 * A rate may be far smaller than a billionth (a token can cost 0.00000015 credits), so rates keep
 * 18 digits after the point, in 128 bits; amounts are int64 billionths. */
#ifndef AIGNE_TEXT_DECIMAL_H
#define AIGNE_TEXT_DECIMAL_H

#include "base/buf.h"
#include "base/slice.h"
#include <stdbool.h>
#include <stdint.h>

__extension__ typedef __int128 decimal_wide;

#define DECIMAL_RATE_DIGITS   18
#define DECIMAL_AMOUNT_DIGITS 9

/* "12.5", "0.00000015", "1e-7" -> value * 10^digits. False: not a number, negative, or more digits
 * than fit (non-zero ones past `digits` are refused, never rounded). */
bool decimal_parse(struct slice text, int digits, decimal_wide *out);
/* The same for text / 10^shift at DECIMAL_RATE_DIGITS, rounded half up: a list's price for a million, shift 6,
 * becomes one for each. */
bool decimal_parse_rounded(struct slice text, int shift, decimal_wide *out);
/* value / 10^digits in plain decimal, no exponent, no trailing zeros: "0.0000033", "12". */
void decimal_write(struct buf *out, decimal_wide value, int digits);
/* count * rate rounded half up to billionths; false when it does not fit int64. */
bool decimal_charge(int64_t count, decimal_wide rate,
                    decimal_wide *sum); /* adds exact, 18 digits */
bool decimal_round(decimal_wide sum, int64_t *billionths);

#endif
