/* Knows how to read decimal digits without losing one; refuses to round. */
#include "text/number.h"

#define MOST_DIGITS 38 /* 10^38 - 1 is below 2^127 */

/* Digits read so far. Zeros wait until a digit follows them, so that none ends the number. */
struct reading {
    number_digits digits;
    int count; /* significant digits in `digits` */
    int64_t zeros;
    int64_t scale;
};

static bool add_digit(struct reading *r, int digit)
{
    if (digit == 0) {
        if (r->count > 0)
            r->zeros++;
        return true;
    }
    if (r->zeros >= MOST_DIGITS - r->count)
        return false;
    for (r->count += (int)r->zeros + 1; r->zeros >= 0; r->zeros--)
        r->digits *= 10;
    r->zeros = 0;
    r->digits += (unsigned)digit;
    return true;
}

static int digit_at(struct slice s)
{
    return s.n > 0 && s.p[0] >= '0' && s.p[0] <= '9' ? s.p[0] - '0' : -1;
}

static bool read_digits(struct slice *s, struct reading *r, bool fraction)
{
    if (digit_at(*s) < 0)
        return false;
    for (int digit = digit_at(*s); digit >= 0; digit = digit_at(*s)) {
        if (!add_digit(r, digit))
            return false;
        r->scale -= fraction;
        *s = slice_from(*s, 1);
    }
    return true;
}

static bool read_exponent(struct slice *s, int64_t *exponent)
{
    const int64_t enough = 1000000000000000; /* beyond what any length of digits makes up for */
    bool negative = s->n > 0 && s->p[0] == '-';
    if (negative || (s->n > 0 && s->p[0] == '+'))
        *s = slice_from(*s, 1);
    if (digit_at(*s) < 0)
        return false;
    int64_t value = 0;
    for (int digit = digit_at(*s); digit >= 0; digit = digit_at(*s)) {
        value = value < enough ? value * 10 + digit : value;
        *s = slice_from(*s, 1);
    }
    *exponent = negative ? -value : value;
    return true;
}

bool number_parse(struct slice text, struct number *out)
{
    struct reading r = {0};
    struct slice s = text;
    bool negative = s.n > 0 && s.p[0] == '-';
    s = negative ? slice_from(s, 1) : s;
    if (s.n > 1 && s.p[0] == '0' && digit_at(slice_from(s, 1)) >= 0)
        return false;
    if (!read_digits(&s, &r, false))
        return false;
    if (s.n > 0 && s.p[0] == '.') {
        s = slice_from(s, 1);
        if (!read_digits(&s, &r, true))
            return false;
    }
    int64_t exponent = 0;
    if (s.n > 0 && (s.p[0] == 'e' || s.p[0] == 'E')) {
        s = slice_from(s, 1);
        if (!read_exponent(&s, &exponent))
            return false;
    }
    if (s.n > 0)
        return false;
    *out = (struct number){negative, r.digits, r.count > 0 ? r.scale + r.zeros + exponent : 0};
    return true;
}

bool number_scaled(const struct number *n, int64_t power, number_digits *out)
{
    *out = 0;
    if (power < 0 || power > MOST_DIGITS)
        return n->digits == 0;
    number_digits most = 1;
    for (int i = 0; i < MOST_DIGITS; i++)
        most *= 10;
    number_digits value = n->digits;
    for (int64_t i = 0; i < power; i++) {
        if (value >= most / 10)
            return false;
        value *= 10;
    }
    *out = value;
    return true;
}

bool number_int64(const struct number *n, int64_t *out)
{
    number_digits value;
    if (!number_scaled(n, n->scale, &value))
        return false;
    uint64_t most = (uint64_t)INT64_MAX + (n->negative ? 1 : 0);
    if (value > most)
        return false;
    uint64_t bits = n->negative ? 0 - (uint64_t)value : (uint64_t)value;
    memcpy(out, &bits, sizeof(bits)); /* two's complement, also for the lowest number */
    return true;
}
