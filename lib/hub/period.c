/* Knows when days, weeks and months begin; refuses to know what is counted in them. */
#include "hub/period.h"

#define DAY_S ((int64_t)86400)

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

static int64_t bound(enum period p, int64_t wall_ms, const struct time_zone *z, bool next)
{
    const enum time_unit unit = p == PERIOD_MONTH ? TIME_MONTH : TIME_DAY;
    int64_t at = time_zone_start(z, unit, wall_ms / 1000);
    if (p != PERIOD_WEEK)
        return (next ? time_zone_next(z, unit, at) : at) * 1000;
    /* 1970 began on a Thursday. Noon is safe from clocks that are put on or back. */
    int64_t noon = at + DAY_S / 2;
    int64_t since_monday = ((noon + time_zone_offset(z, noon)) / DAY_S + 3) % 7;
    noon += (next ? 7 - since_monday : -since_monday) * DAY_S;
    return time_zone_start(z, TIME_DAY, noon) * 1000;
}

int64_t period_start(enum period p, int64_t wall_ms, const struct time_zone *z)
{
    return p == PERIOD_TOTAL ? 0 : bound(p, wall_ms, z, false);
}

int64_t period_end(enum period p, int64_t wall_ms, const struct time_zone *z)
{
    return p == PERIOD_TOTAL ? -1 : bound(p, wall_ms, z, true);
}
