/* Knows when days, weeks and months begin; refuses to know what is counted in them. */
#include "hub/period.h"
#include "store/moment.h"

#define DAY_MS    ((int64_t)86400000)
#define MINUTE_MS ((int64_t)60000)

static const char *const names[PERIODS] = {"day", "week", "month", "total"};

bool period_parse(struct slice name, enum period *out)
{
    for (int i = 0; i < PERIODS; i++) {
        if (!slice_is(name, names[i]))
            continue;
        *out = (enum period)i;
        return true;
    }
    return false;
}

const char *period_name(enum period p)
{
    return names[p];
}

/* What moment.c reads behind a time. */
bool period_zone(struct slice zone, int64_t *minutes)
{
    char text[40] = "2000-01-01T00:00:00";
    const size_t head = sizeof "2000-01-01T00:00:00" - 1;
    int64_t here = 0;
    int64_t there = 0;
    *minutes = 0;
    if (slice_is(zone, "UTC"))
        return true;
    if (!zone.n || zone.n > 6 || !moment_parse(slice_of(text, head), &here))
        return false;
    memcpy(text + head, zone.p, zone.n);
    if (!moment_parse(slice_of(text, head + zone.n), &there))
        return false;
    *minutes = (here - there) / MINUTE_MS;
    return true;
}

/* The first of the month that the day is in, or with `next` of the one after it; days since 1970. */
static int64_t month_of(int64_t day, bool next)
{
    char text[MOMENT_SIZE];
    int64_t first = 0;
    moment_write(day * DAY_MS, text);
    memcpy(text + 8, "01", 2);
    (void)moment_parse(slice_of(text, 10), &first);
    return next ? month_of(first / DAY_MS + 31, false) : first / DAY_MS;
}

static int64_t bound(enum period p, int64_t wall_ms, int64_t zone_minutes, bool next)
{
    int64_t day = (wall_ms + zone_minutes * MINUTE_MS) / DAY_MS;
    if (p == PERIOD_DAY)
        day += next;
    else if (p == PERIOD_WEEK) /* 1970 began on a Thursday */
        day += (next ? 7 : 0) - (day + 3) % 7;
    else
        day = month_of(day, next);
    return day * DAY_MS - zone_minutes * MINUTE_MS;
}

int64_t period_start(enum period p, int64_t wall_ms, int64_t zone_minutes)
{
    return p == PERIOD_TOTAL ? 0 : bound(p, wall_ms, zone_minutes, false);
}

int64_t period_end(enum period p, int64_t wall_ms, int64_t zone_minutes)
{
    return p == PERIOD_TOTAL ? -1 : bound(p, wall_ms, zone_minutes, true);
}
