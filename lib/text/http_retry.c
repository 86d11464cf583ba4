/* Knows when a server says to try again; refuses to look at the clock by itself. */
#include "text/http.h"

/* "1", "1.5" -> thousandths, a rest rounded up; -1: not such a number. */
static int64_t thousandths(struct slice text)
{
    struct slice whole = text;
    struct slice fraction = SLICE("0");
    (void)slice_cut(text, '.', &whole, &fraction);
    int64_t value;
    if (whole.n > 12 || !slice_int64(whole, &value) || value < 0 || whole.p[0] == '-')
        return -1;
    int64_t scale = 1000;
    int64_t sum = value * scale;
    bool rest = false;
    for (size_t i = 0; i < fraction.n; i++) {
        int digit = fraction.p[i] - '0';
        if (digit < 0 || digit > 9)
            return -1;
        scale /= 10;
        sum += digit * scale;
        rest = rest || (scale == 0 && digit > 0);
    }
    return fraction.n > 0 ? sum + rest : -1;
}

/* Days from 1970-01-01 to a day of the Gregorian calendar; years begin in March, so that the leap
 * day is a year's last. */
static int64_t days_since_1970(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t months_since_march = (month + 9) % 12;
    int64_t day_of_year = (153 * months_since_march + 2) / 5 + day - 1;
    return y * 365 + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

static int64_t month_of(struct slice name)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int64_t i = 0; i < 12; i++) {
        if (memcmp(name.p, months + 3 * i, 3) == 0)
            return i + 1;
    }
    return 0;
}

/* A number of exactly `n` digits at `at`; -1: other bytes are there. */
static int64_t digits_at(struct slice text, size_t at, size_t n)
{
    int64_t value;
    struct slice digits = slice_of(text.p + at, n);
    return digits.p[0] != '-' && slice_int64(digits, &value) ? value : -1;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" -> milliseconds since 1970; -1: not such a date. */
static int64_t date_ms(struct slice text)
{
    static const char shape[] = "..., .. ... .... ..:..:.. GMT";
    if (text.n != sizeof(shape) - 1)
        return -1;
    for (size_t i = 0; i < text.n; i++) {
        if (shape[i] != '.' && shape[i] != text.p[i])
            return -1;
    }
    int64_t day = digits_at(text, 5, 2);
    int64_t month = month_of(slice_from(text, 8));
    int64_t year = digits_at(text, 12, 4);
    int64_t hour = digits_at(text, 17, 2);
    int64_t minute = digits_at(text, 20, 2);
    int64_t second = digits_at(text, 23, 2);
    bool good = day >= 1 && day <= 31 && month >= 1 && year >= 1970 && hour >= 0 &&
                hour <= 23 && minute >= 0 && minute <= 59 && second >= 0 && second <= 60;
    if (!good)
        return -1;
    return (((days_since_1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) *
           1000;
}

int64_t http_retry_after_ms(struct slice block, int64_t wall_ms)
{
    int64_t exact = thousandths(http_block_get(block, "retry-after-ms"));
    if (exact >= 0)
        return (exact + 999) / 1000;
    struct slice after = http_block_get(block, "retry-after");
    int64_t ms = thousandths(after);
    if (ms >= 0)
        return ms;
    int64_t date = date_ms(after);
    if (date < 0)
        return -1;
    return date > wall_ms ? date - wall_ms : 0;
}
