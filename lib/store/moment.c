/* Knows ISO 8601 in UTC; refuses to know the calendar, or what time it is now. */
#include "store/moment.h"
#include "store/calendar.h"
#include "text/json_write.h"

enum { DAY_MS = 86400000, HOUR_MS = 3600000, MINUTE_MS = 60000, SECOND_MS = 1000 };

/* Exactly `digits` digits from the front of `s`, between `least` and `most`. */
static bool take_number(struct slice *s, size_t digits, int64_t least, int64_t most,
                        int64_t *out)
{
    int64_t value = 0;
    if (s->n < digits)
        return false;
    for (size_t i = 0; i < digits; i++) {
        if (s->p[i] < '0' || s->p[i] > '9')
            return false;
        value = value * 10 + (s->p[i] - '0');
    }
    *s = slice_from(*s, digits);
    *out = value;
    return value >= least && value <= most;
}

static bool take_byte(struct slice *s, char byte)
{
    if (s->n == 0 || s->p[0] != byte)
        return false;
    *s = slice_from(*s, 1);
    return true;
}

static bool take_date(struct slice *s, int64_t *ms)
{
    int64_t year = 0;
    int64_t month = 0;
    int64_t day = 0;
    if (!take_number(s, 4, 1970, 9999, &year) || !take_byte(s, '-') ||
        !take_number(s, 2, 1, 12, &month) || !take_byte(s, '-') ||
        !take_number(s, 2, 1, calendar_month_days(year, month), &day))
        return false;
    *ms = calendar_days(year, month, day) * DAY_MS;
    return true;
}

/* Any number of digits; what is finer than a millisecond is dropped. */
static bool take_fraction(struct slice *s, int64_t *ms)
{
    int64_t scale = 100;
    size_t digits = 0;
    while (digits < s->n && s->p[digits] >= '0' && s->p[digits] <= '9') {
        *ms += (s->p[digits++] - '0') * scale;
        scale /= 10;
    }
    *s = slice_from(*s, digits);
    return digits > 0;
}

static bool take_time(struct slice *s, int64_t *ms)
{
    int64_t hour = 0;
    int64_t minute = 0;
    int64_t second = 0;
    if (!take_number(s, 2, 0, 23, &hour) || !take_byte(s, ':') ||
        !take_number(s, 2, 0, 59, &minute))
        return false;
    if (take_byte(s, ':')) {
        if (!take_number(s, 2, 0, 60, &second))
            return false;
        if (take_byte(s, '.') && !take_fraction(s, ms))
            return false;
    }
    *ms += hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS;
    return true;
}

static bool take_zone(struct slice *s, int64_t *ms)
{
    int64_t hour = 0;
    int64_t minute = 0;
    if (s->n == 0 || take_byte(s, 'Z') || take_byte(s, 'z'))
        return true;
    bool east = take_byte(s, '+');
    if ((!east && !take_byte(s, '-')) || !take_number(s, 2, 0, 23, &hour))
        return false;
    (void)take_byte(s, ':');
    if (!take_number(s, 2, 0, 59, &minute))
        return false;
    int64_t offset = hour * HOUR_MS + minute * MINUTE_MS;
    *ms += east ? -offset : offset;
    return true;
}

bool moment_parse(struct slice text, int64_t *wall_ms)
{
    int64_t ms = 0;
    if (slice_int64(text, &ms)) {
        *wall_ms = ms;
        return ms >= 0;
    }
    struct slice rest = text;
    if (!rest.p || !take_date(&rest, &ms))
        return false;
    bool timed = take_byte(&rest, 'T') || take_byte(&rest, 't') || take_byte(&rest, ' ');
    if (timed && (!take_time(&rest, &ms) || !take_zone(&rest, &ms)))
        return false;
    *wall_ms = ms;
    return rest.n == 0 && ms >= 0;
}

static char *put_number(char *at, int64_t value, int digits)
{
    for (int i = digits - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return at + digits;
}

void moment_write(int64_t wall_ms, char out[MOMENT_SIZE])
{
    int64_t date[3];
    int64_t ms = wall_ms < 0 ? 0 : wall_ms;
    int64_t of_day = ms % DAY_MS;
    calendar_date(ms / DAY_MS, date);
    const int64_t parts[] = {date[0],
                             date[1],
                             date[2],
                             of_day / HOUR_MS,
                             of_day / MINUTE_MS % 60,
                             of_day / SECOND_MS % 60,
                             of_day % SECOND_MS};
    static const char after[] = "--T::.Z";
    static const int digits[] = {4, 2, 2, 2, 2, 2, 3};
    char *at = out;
    for (size_t i = 0; i < sizeof digits / sizeof *digits; i++) {
        at = put_number(at, parts[i], digits[i]);
        *at++ = after[i];
    }
    *at = '\0';
}

void moment_member(struct json_writer *w, const char *name, int64_t wall_ms)
{
    char moment[MOMENT_SIZE];
    moment_write(wall_ms, moment);
    json_member_string(w, name, slice_of(moment, MOMENT_SIZE - 1));
}
