/* time_zone.h - hours, days and months as a place on earth counts them. */
#ifndef AIGNE_STORE_TIME_ZONE_H
#define AIGNE_STORE_TIME_ZONE_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/slice.h"
#include <stdint.h>

/* What of a zone's file is needed; its bytes live in an arena. */
struct time_zone {
    struct slice times;   /* of the changes, 8 bytes each; none: one offset holds for ever */
    struct slice types;   /* which of `offsets` holds from each change on, a byte each */
    struct slice offsets; /* 6 bytes each */
    struct slice rule;    /* what holds behind the last change: "EST5EDT,M3.2.0,M11.1.0" */
    int64_t fixed;        /* seconds east of Greenwich, when there is nothing else */
};

enum time_unit { TIME_HOUR, TIME_DAY, TIME_MONTH };

/* "Europe/Berlin", "UTC", "+05:30", or minutes east of Greenwich as a number. AIGNE_E_REQUEST: there is
 * no such zone on this machine. */
int time_zone_open(struct slice name, struct arena *a, struct time_zone *out,
                   struct fault *why);
/* The same from the bytes of a zone's file. False: it is not one. */
bool time_zone_read(struct slice file, struct time_zone *out);
/* Seconds east of Greenwich at a moment (seconds since 1970). */
int64_t time_zone_offset(const struct time_zone *z, int64_t at);
/* When the hour, day or month began that the moment is in, and when the next one begins. */
int64_t time_zone_start(const struct time_zone *z, enum time_unit unit, int64_t at);
int64_t time_zone_next(const struct time_zone *z, enum time_unit unit, int64_t at);

/* The offset at a moment by a rule as POSIX writes TZ. False: it is not one. */
bool time_rule_offset(struct slice rule, int64_t at, int64_t *offset);

#endif
