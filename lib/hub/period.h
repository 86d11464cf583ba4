/* period.h - days, weeks and months of a time zone; pure. */
#ifndef AIGNE_HUB_PERIOD_H
#define AIGNE_HUB_PERIOD_H

#include "base/slice.h"
#include "store/time_zone.h"
#include <stdbool.h>
#include <stdint.h>

enum period { PERIOD_DAY, PERIOD_WEEK, PERIOD_MONTH, PERIOD_TOTAL, PERIODS };

/* "day", "week", "month", "total"; false: none of them. */
bool period_parse(struct slice name, enum period *out);
const char *period_name(enum period p);
/* The moment at which the period around `wall_ms` began, and at which the next one begins. Weeks begin on
 * Mondays. PERIOD_TOTAL: 0, and -1: never. */
int64_t period_start(enum period p, int64_t wall_ms, const struct time_zone *z);
int64_t period_end(enum period p, int64_t wall_ms, const struct time_zone *z);

#endif
