/* Fuzzes what is read of zone files, of the rules in them, and of packed sums. */
#include "fuzz.h"
#include "store/time_zone.h"
#include "store/usage_sums.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct usage_spread spread;
    static struct usage_sums sums = {.spread = &spread};
    static char room[USAGE_SUMS_ROOM];
    struct slice bytes = slice_of((const char *)data, size);
    struct time_zone zone;
    int64_t offset = 0;
    bool read = time_zone_read(bytes, &zone);
    for (int64_t at = 100000000; at < 4000000000; at += 99999999) {
        if (read) {
            (void)time_zone_offset(&zone, at);
            (void)time_zone_next(&zone, TIME_MONTH, time_zone_start(&zone, TIME_DAY, at));
        }
        (void)time_rule_offset(bytes, at, &offset);
    }
    usage_sums_clear(&sums);
    if (usage_sums_add(&sums, bytes) && usage_sums_pack(&sums, room) > USAGE_SUMS_ROOM)
        __builtin_trap();
    return 0;
}
