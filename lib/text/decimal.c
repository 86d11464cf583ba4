/* Knows how to read, add, round and write decimal amounts exactly; refuses to know currencies. */
#include "text/decimal.h"
#include "text/number.h"

bool decimal_parse(struct slice text, int digits, decimal_wide *out)
{
    struct number number;
    number_digits value;
    if (!number_parse(text, &number) || number.negative ||
        !number_scaled(&number, number.scale + (number.digits ? digits : 0), &value))
        return false;
    *out = (decimal_wide)value;
    return true;
}

bool decimal_parse_rounded(struct slice text, int shift, decimal_wide *out)
{
    struct number number;
    number_digits value = 0;
    if (!number_parse(text, &number) || number.negative)
        return false;
    int64_t power = number.digits ? number.scale + DECIMAL_RATE_DIGITS - shift : 0;
    if (power < 0) {
        for (value = number.digits; power < -1 && value; power++)
            value /= 10;
        value = value / 10 + (value % 10 >= 5);
    } else if (!number_scaled(&number, power, &value)) {
        return false;
    }
    *out = (decimal_wide)value;
    return true;
}

void decimal_write(struct buf *out, decimal_wide value, int digits)
{
    char text[48]; /* 39 digits, or a point and up to 38 zeros before them */
    size_t at = sizeof(text);
    bool begun = false; /* trailing zeros are behind us */
    bool negative = value < 0;
    number_digits rest = negative ? 0 - (number_digits)value : (number_digits)value;
    for (int place = 0; rest > 0 || place <= digits; place++) {
        if (place == digits) {
            if (begun)
                text[--at] = '.';
            begun = true;
        }
        int digit = (int)(rest % 10);
        rest /= 10;
        begun = begun || digit != 0;
        if (begun)
            text[--at] = (char)('0' + digit);
    }
    if (negative)
        text[--at] = '-';
    buf_put(out, text + at, sizeof(text) - at);
}

bool decimal_charge(int64_t count, decimal_wide rate, decimal_wide *sum)
{
    decimal_wide part;
    decimal_wide total;
    if (__builtin_mul_overflow(rate, count, &part) ||
        __builtin_add_overflow(*sum, part, &total))
        return false;
    *sum = total;
    return true;
}

bool decimal_round(decimal_wide sum, int64_t *billionths)
{
    const decimal_wide unit = 1000000000; /* 18 digits down to 9 */
    decimal_wide raised;
    if (__builtin_add_overflow(sum, unit / 2, &raised))
        return false;
    decimal_wide whole = raised / unit;
    if (raised % unit < 0)
        whole--; /* division goes towards zero, rounding goes down */
    if (whole < INT64_MIN || whole > INT64_MAX)
        return false;
    *billionths = (int64_t)whole;
    return true;
}
