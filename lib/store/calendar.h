/* calendar.h - days since 1970 and dates of the Gregorian calendar. */
#ifndef AIGNE_STORE_CALENDAR_H
#define AIGNE_STORE_CALENDAR_H

#include <stdint.h>

int64_t calendar_days(int64_t year, int64_t month, int64_t day);
void calendar_date(int64_t days, int64_t date[3]); /* year, month, day */
int64_t calendar_month_days(int64_t year, int64_t month);

#endif
