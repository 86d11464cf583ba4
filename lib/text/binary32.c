/* binary32.c - knows how decimal digits are rounded to binary32; refuses to compute in floating point. */
#include "text/binary32.h"

#include <string.h>

__extension__ typedef unsigned __int128 wide;

/* No value halfway between two neighbours has more significant digits than 113, so digits beyond these
 * only tell whether there is anything. */
#define DIGITS_KEPT    120
#define DIGITS_IN_WORD 19 /* 10^19 - 1 fits into 64 bits */
/* A value below 10^SMALLEST is zero, one of 10^LARGEST and more is too large. */
#define SMALLEST (-46)
#define LARGEST  39

#define FRACTION_BITS 23
#define SIGNIFICANT   (FRACTION_BITS + 1)
#define BIAS          127
#define LOWEST        (-149) /* 2^LOWEST is the smallest of all */

/* ---- decimal ---- */

/* d1d2...dn * 10^scale, d1 not 0, and less than one in the last place on top when `more`. */
struct decimal_digits {
    bool negative;
    bool more;
    int count;
    int64_t scale;
    unsigned char digits[DIGITS_KEPT];
};

static int digit_at(struct slice s)
{
    return s.n && s.p[0] >= '0' && s.p[0] <= '9' ? s.p[0] - '0' : -1;
}

static bool take_digits(struct slice *s, struct decimal_digits *d, bool fraction)
{
    size_t length = 0;
    for (int digit = digit_at(*s); digit >= 0; digit = digit_at(*s), length++) {
        bool leading = !d->count && !digit;
        bool kept = d->count < DIGITS_KEPT;
        if (!leading && kept)
            d->digits[d->count++] = (unsigned char)digit;
        d->more = d->more || (!kept && digit);
        if (fraction && (leading || kept))
            d->scale--;
        else if (!fraction && !kept)
            d->scale++;
        *s = slice_from(*s, 1);
    }
    return length > 0;
}

static bool take_exponent(struct slice *s, int64_t *out)
{
    const int64_t enough = (int64_t)1 << 40; /* no text is long enough to make up for it */
    bool negative = s->n && s->p[0] == '-';
    int64_t value = 0;
    if (s->n && (negative || s->p[0] == '+'))
        *s = slice_from(*s, 1);
    if (digit_at(*s) < 0)
        return false;
    for (int digit = digit_at(*s); digit >= 0; digit = digit_at(*s)) {
        value = value < enough ? value * 10 + digit : value;
        *s = slice_from(*s, 1);
    }
    *out = negative ? -value : value;
    return true;
}

static bool read_decimal(struct slice s, struct decimal_digits *d)
{
    int64_t exponent = 0;
    d->negative = s.n && s.p[0] == '-';
    s = slice_from(s, d->negative);
    if (s.n > 1 && s.p[0] == '0' && digit_at(slice_from(s, 1)) >= 0)
        return false;
    if (!take_digits(&s, d, false))
        return false;
    if (s.n && s.p[0] == '.') {
        s = slice_from(s, 1);
        if (!take_digits(&s, d, true))
            return false;
    }
    if (s.n && (s.p[0] == 'e' || s.p[0] == 'E')) {
        s = slice_from(s, 1);
        if (!take_exponent(&s, &exponent))
            return false;
    }
    d->scale += exponent;
    return !s.n;
}

/* ---- binary ---- */

#define QUOTIENT_BITS 32

/* (m + something below 1 when `more`) * 2^exponent, rounded; m has QUOTIENT_BITS, or one less. */
static bool put_together(uint64_t m, int exponent, bool more, uint32_t *bits)
{
    int length = 64 - __builtin_clzll(m);
    int top = exponent + length; /* 2^(top-1) <= value < 2^top */
    int kept = top - LOWEST < SIGNIFICANT ? top - LOWEST : SIGNIFICANT;
    int dropped = length - kept;
    uint64_t result = 0;
    if (dropped < 64) {
        result = m >> dropped;
        uint64_t rest = m & (((uint64_t)1 << dropped) - 1);
        uint64_t half = (uint64_t)1 << (dropped - 1);
        result += rest > half || (rest == half && (more || (result & 1)));
    }
    /* Below the normal numbers the exponent field is 0, and a carry into it is right by itself. */
    int field = kept < SIGNIFICANT ? 0 : top - 1 + BIAS - 1;
    if (field >= 254)
        return false;
    *bits = ((uint32_t)field << FRACTION_BITS) + (uint32_t)result;
    return *bits < (uint32_t)255 << FRACTION_BITS;
}

/* ---- few digits: in two machine words ---- */

static bool fits_words(const struct decimal_digits *d)
{
    return d->count <= DIGITS_IN_WORD && !d->more && d->scale >= -DIGITS_IN_WORD &&
           d->scale <= 0;
}

static bool by_words(const struct decimal_digits *d, uint32_t *bits)
{
    uint64_t n = 0;
    uint64_t power = 1;
    for (int i = 0; i < d->count; i++)
        n = n * 10 + d->digits[i];
    for (int64_t i = d->scale; i < 0; i++)
        power *= 10;
    int shift = __builtin_clzll(n);
    wide dividend = (wide)(n << shift) << 32;
    wide quotient = dividend / power; /* of 32 bits at least, 96 at most */
    bool more = quotient * power != dividend;
    int spare = 0;
    while (quotient >> spare >> QUOTIENT_BITS)
        spare++;
    more = more || (quotient & (((wide)1 << spare) - 1));
    return put_together((uint64_t)(quotient >> spare), spare - 32 - shift, more, bits);
}

/* ---- any digits: in large integers ---- */

#define LIMBS 32 /* 10^(DIGITS_KEPT - SMALLEST), and room to shift */

struct large {
    uint32_t limbs[LIMBS]; /* lowest first */
    int used;              /* limbs beyond are 0 */
};

static void large_multiply(struct large *l, uint32_t factor, uint32_t add)
{
    uint64_t carry = add;
    for (int i = 0; i < l->used; i++) {
        carry += (uint64_t)l->limbs[i] * factor;
        l->limbs[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry)
        l->limbs[l->used++] = (uint32_t)carry;
}

static void large_raise(struct large *l, int64_t tens)
{
    for (int64_t i = 0; i < tens; i++)
        large_multiply(l, 10, 0);
}

static int large_bits(const struct large *l)
{
    return l->used ? l->used * 32 - __builtin_clz(l->limbs[l->used - 1]) : 0;
}

static void large_shift(struct large *l, int bits)
{
    for (int i = 0; i < bits / 16; i++)
        large_multiply(l, (uint32_t)1 << 16, 0);
    large_multiply(l, (uint32_t)1 << (bits % 16), 0);
}

static bool large_below(const struct large *a, const struct large *b)
{
    if (a->used != b->used)
        return a->used < b->used;
    for (int i = a->used - 1; i >= 0; i--) {
        if (a->limbs[i] != b->limbs[i])
            return a->limbs[i] < b->limbs[i];
    }
    return false;
}

static void large_subtract(struct large *a, const struct large *b)
{
    uint64_t borrow = 0;
    for (int i = 0; i < a->used; i++) {
        uint64_t take = borrow + (i < b->used ? b->limbs[i] : 0);
        borrow = a->limbs[i] < take;
        a->limbs[i] = (uint32_t)(a->limbs[i] - take);
    }
    while (a->used && !a->limbs[a->used - 1])
        a->used--;
}

static bool by_large(const struct decimal_digits *d, uint32_t *bits)
{
    struct large n = {.used = 0};
    struct large divisor = {.limbs = {1}, .used = 1};
    for (int i = 0; i < d->count; i++)
        large_multiply(&n, 10, d->digits[i]);
    large_raise(&n, d->scale > 0 ? d->scale : 0);
    large_raise(&divisor, d->scale < 0 ? -d->scale : 0);
    int exponent = large_bits(&n) - large_bits(&divisor);
    large_shift(exponent < 0 ? &n : &divisor, exponent < 0 ? -exponent : exponent);
    uint64_t quotient = 0;
    for (int i = 0; i < QUOTIENT_BITS; i++) {
        bool one = !large_below(&n, &divisor);
        if (one)
            large_subtract(&n, &divisor);
        quotient = quotient << 1 | one;
        large_shift(&n, 1);
    }
    return put_together(quotient, exponent - QUOTIENT_BITS + 1, n.used || d->more, bits);
}

bool binary32_parse(struct slice text, uint32_t *bits)
{
    struct decimal_digits d = {.count = 0};
    *bits = 0;
    if (!read_decimal(text, &d))
        return false;
    while (d.count && !d.digits[d.count - 1] && !d.more) {
        d.count--;
        d.scale++;
    }
    int64_t magnitude = d.scale + d.count; /* the value is below 10^magnitude */
    if (d.count && magnitude > LARGEST)
        return false;
    bool fits = true;
    if (d.count && magnitude >= SMALLEST)
        fits = fits_words(&d) ? by_words(&d, bits) : by_large(&d, bits);
    *bits |= d.negative ? (uint32_t)1 << 31 : 0;
    return fits;
}
