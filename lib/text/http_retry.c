/* Knows when a server says to try again; refuses to look at the clock by itself. */
#include "text/http.h"
#include <string.h>

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

/* ---- what remains ---- */

/* "2026-01-27T12:00:00Z", with or without a fraction -> milliseconds since 1970; -1: not such a moment. */
static int64_t moment_ms(struct slice text)
{
    static const char shape[] = "....-..-..T..:..:..";
    if (text.n < sizeof(shape) || text.p[text.n - 1] != 'Z')
        return -1;
    for (size_t i = 0; i < sizeof(shape) - 1; i++) {
        if (shape[i] != '.' && shape[i] != text.p[i])
            return -1;
    }
    int64_t year = digits_at(text, 0, 4);
    int64_t month = digits_at(text, 5, 2);
    int64_t day = digits_at(text, 8, 2);
    int64_t hour = digits_at(text, 11, 2);
    int64_t minute = digits_at(text, 14, 2);
    int64_t second = digits_at(text, 17, 2);
    bool good = year >= 1970 && month >= 1 && month <= 12 && day >= 1 && day <= 31 &&
                hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59 && second >= 0 &&
                second <= 60;
    if (!good)
        return -1;
    return (((days_since_1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) *
           1000;
}

/* The length of the unit that `text` begins with, in milliseconds, and how many letters it has; 0: none. */
static int64_t unit_ms(struct slice text, size_t *letters)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        *letters = strlen(units[i].name);
        if (slice_starts(text, units[i].name))
            return units[i].ms;
    }
    return 0;
}

/* "6m0s", "20ms", "1.5s" -> milliseconds; -1: not such a time. */
static int64_t duration_ms(struct slice text)
{
    int64_t sum = 0;
    if (!text.n)
        return -1;
    while (text.n) {
        size_t n = 0;
        while (n < text.n && (text.p[n] == '.' || (text.p[n] >= '0' && text.p[n] <= '9')))
            n++;
        size_t letters = 0;
        int64_t value = n && n <= 9 ? thousandths(slice_of(text.p, n)) : -1;
        int64_t unit = unit_ms(slice_from(text, n), &letters);
        if (value < 0 || !unit)
            return -1;
        sum += value * unit / 1000;
        text = slice_from(text, n + letters);
    }
    return sum;
}

/* A duration, a moment, or a number: of seconds, or since 1970 of seconds or milliseconds. */
static int64_t until_reset_ms(struct slice text, int64_t wall_ms)
{
    const int64_t in_2001 = 1000000000; /* seconds: smaller numbers are no moments */
    int64_t at = moment_ms(text);
    int64_t since_1970 = 0;
    if (slice_int64(text, &since_1970) && since_1970 >= in_2001)
        at = since_1970 >= in_2001 * 1000 ? since_1970 : since_1970 * 1000;
    else if (thousandths(text) >= 0)
        return thousandths(text);
    if (at < 0)
        return duration_ms(text);
    return at > wall_ms ? at - wall_ms : 0;
}

int64_t http_exhausted_ms(struct slice block, int64_t wall_ms)
{
    static const struct {
        const char *remaining;
        const char *reset;
    } pairs[] = {
        {"x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"},
        {"x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"},
        {"x-ratelimit-remaining", "x-ratelimit-reset"},
        {"anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"},
        {"anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"},
        {"anthropic-ratelimit-input-tokens-remaining",
         "anthropic-ratelimit-input-tokens-reset"},
        {"anthropic-ratelimit-output-tokens-remaining",
         "anthropic-ratelimit-output-tokens-reset"},
    };
    int64_t longest = 0;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (!slice_is(http_block_get(block, pairs[i].remaining), "0"))
            continue;
        int64_t ms = until_reset_ms(http_block_get(block, pairs[i].reset), wall_ms);
        if (ms > longest)
            longest = ms;
    }
    return longest;
}
