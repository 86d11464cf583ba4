/* Knows the rule that POSIX writes as TZ: when summer time begins and ends each year; refuses to know the
 * past, which a zone's file tells. */
#include "store/calendar.h"
#include "store/time_zone.h"

enum { DAY_S = 86400, HOUR_S = 3600, CHANGE_S = 2 * HOUR_S };

static bool take(struct slice *s, char byte)
{
    if (s->n == 0 || s->p[0] != byte)
        return false;
    *s = slice_from(*s, 1);
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool take_number(struct slice *s, int64_t largest, int64_t *out)
{
    size_t n = 0;
    *out = 0;
    while (n < s->n && n < 4 && is_digit(s->p[n]))
        *out = *out * 10 + (s->p[n++] - '0');
    *s = slice_from(*s, n);
    return n > 0 && *out <= largest;
}

/* "CET" or "<+0330>". */
static bool take_name(struct slice *s)
{
    size_t n = 0;
    if (take(s, '<')) {
        n = slice_find_byte(*s, '>');
        *s = slice_from(*s, n + 1);
        return n > 0;
    }
    while (n < s->n && !is_digit(s->p[n]) && !memchr("+-,", s->p[n], 3))
        n++;
    *s = slice_from(*s, n);
    return n > 0;
}

/* "5", "-3:30", "+1:02:03": hours, minutes and seconds. */
static bool take_time(struct slice *s, int64_t *out)
{
    int64_t part = 0;
    int64_t sign = take(s, '-') ? -1 : 1;
    if (sign > 0)
        (void)take(s, '+');
    if (!take_number(s, 167, &part))
        return false;
    *out = part * HOUR_S;
    for (int64_t unit = 60; unit > 0 && take(s, ':'); unit /= 60) {
        if (!take_number(s, 59, &part))
            return false;
        *out += part * unit;
    }
    *out *= sign;
    return true;
}

/* The `week`th (5: last) such day of the week in a month. */
static int64_t day_of_week(int64_t year, int64_t month, int64_t week, int64_t weekday)
{
    int64_t first = calendar_days(year, month, 1);
    int64_t day = first + (weekday - (first + 4) % 7 + 7) % 7 + (week - 1) * 7;
    while (day >= first + calendar_month_days(year, month))
        day -= 7;
    return day;
}

/* ",M3.2.0/2", ",J60" or ",59": seconds since 1970 on the clock of the place. */
static bool take_change(struct slice *s, int64_t year, int64_t *out)
{
    int64_t part[3] = {0, 0, 0};
    int64_t time = CHANGE_S;
    int64_t january = calendar_days(year, 1, 1);
    if (!take(s, ','))
        return false;
    if (take(s, 'M')) {
        if (!take_number(s, 12, &part[0]) || !take(s, '.') || !take_number(s, 5, &part[1]) ||
            !take(s, '.') || !take_number(s, 6, &part[2]) || !part[0] || !part[1])
            return false;
        *out = day_of_week(year, part[0], part[1], part[2]);
    } else {
        bool no_leap_day = take(s, 'J');
        if (!take_number(s, 365, &part[0]))
            return false;
        bool leap = calendar_month_days(year, 2) == 29;
        *out = january + part[0] - (no_leap_day && (!leap || part[0] < 60));
    }
    if (take(s, '/') && !take_time(s, &time))
        return false;
    *out = *out * DAY_S + time;
    return true;
}

bool time_rule_offset(struct slice rule, int64_t at, int64_t *offset)
{
    struct slice rest = rule;
    int64_t winter = 0;
    int64_t begin = 0;
    int64_t end = 0;
    if (!take_name(&rest) || !take_time(&rest, &winter))
        return false;
    *offset = -winter; /* POSIX counts to the west */
    if (rest.n == 0)
        return true;
    int64_t summer = winter - HOUR_S;
    if (!take_name(&rest) || (rest.n && rest.p[0] != ',' && !take_time(&rest, &summer)))
        return false;
    int64_t date[3];
    int64_t local = at - winter;
    calendar_date((local - (local < 0 ? DAY_S - 1 : 0)) / DAY_S, date);
    if (!take_change(&rest, date[0], &begin) || !take_change(&rest, date[0], &end) || rest.n)
        return false;
    begin += winter;
    end += summer;
    bool in_summer = begin < end ? at >= begin && at < end : at >= begin || at < end;
    if (in_summer)
        *offset = -summer;
    return true;
}
