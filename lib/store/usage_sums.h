/* usage_sums.h - what many usage rows come to, in a form that adds up: counts, and how the times spread.
 *
 * Times are counted in buckets of which there are sixteen to each doubling, so a percentile is right to
 * within a thirtieth. Packed, a sum of one row takes about thirty bytes. */
#ifndef AIGNE_STORE_USAGE_SUMS_H
#define AIGNE_STORE_USAGE_SUMS_H

#include "base/slice.h"
#include "store/store.h"
#include "text/json_write.h"

enum usage_sum {
    SUM_CALLS, /* rows: attempts at a provider */
    SUM_SUCCEEDED,
    SUM_RETRIES, /* rows of an attempt after the first */
    SUM_ESTIMATED,
    SUM_CREDITS,
    SUM_COST,
    SUM_DURATION_US,
    SUM_FIRST_BYTES, /* rows that had one */
    SUM_FIRST_BYTE_US,
    SUM_LAST_MS, /* when the latest began: not a sum */
    SUM_USAGE,   /* what struct usage counts, in its order */
    SUM_SERVICE = SUM_USAGE + offsetof(struct usage, service) / sizeof(int64_t),
    SUMS /* the service is a name, not a count: older sums may have something there */
};

#define HISTOGRAM_BUCKETS 512
struct histogram {
    uint32_t counts[HISTOGRAM_BUCKETS];
    unsigned end; /* those from here on are zero */
};

struct usage_spread {
    struct histogram duration;
    struct histogram first_byte;
};

struct usage_sums {
    int64_t counts[SUMS];
    struct usage_spread *spread; /* NULL: nobody asks for percentiles */
};

#define USAGE_SUMS_ROOM ((size_t)16 * 1024) /* packed it is never longer */

void usage_sums_clear(struct usage_sums *s);
void usage_sums_add_row(struct usage_sums *s, const struct usage_row *row);
size_t usage_sums_pack(const struct usage_sums *s, char *room);
/* False: that is not a packed sum, and `s` is not what it was. */
bool usage_sums_add(struct usage_sums *s, struct slice packed);
/* Its SUM_CALLS, which stand first. */
int64_t usage_sums_calls(struct slice packed);
/* As members of an open object: "calls":N and so on. */
void usage_sums_write(struct json_writer *w, const struct usage_sums *s);
/* What lists are put in order by: "calls", "tokens", "credits", "cost", "failed" or "duration". */
int64_t usage_sums_rank(const struct usage_sums *s, struct slice metric);

#endif
