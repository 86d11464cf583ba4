/* clock.h - the two clocks. Pure rooms never include this: they are told the time. */
#ifndef AIGNE_BASE_CLOCK_H
#define AIGNE_BASE_CLOCK_H

#include <stdint.h>

int64_t clock_monotonic_us(void); /* for durations and deadlines */
int64_t clock_wall_ms(void);      /* since 1970, for records */
void clock_pause_us(int64_t us);  /* sleep, signals or not; never on a loop's thread */

#endif
