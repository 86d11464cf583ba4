/* usage_question.h - what usage.series, usage.summary and usage.top ask for, in quarter hours. */
#ifndef AIGNE_STORE_USAGE_QUESTION_H
#define AIGNE_STORE_USAGE_QUESTION_H

#include "store/time_zone.h"
#include "store/usage_report.h"
#include "store/usage_sums.h"

#define USAGE_BUCKETS_LARGEST 2000
#define USAGE_TOP_LARGEST     1000

struct usage_frame {
    enum usage_report report;
    struct usage_query query;
    struct slice zone_name;
    struct slice unit_name;
    struct slice metric;
    int by[2];      /* what a list tells apart; -1: nothing more */
    int64_t limit;  /* of a list */
    int64_t *edges; /* where the buckets begin, and the end of the last: rising */
    size_t buckets;
};

/* The wanted sums of one bucket, or of one name. */
struct usage_group {
    int64_t ids[2];
    struct slice names[2];
    struct usage_sums sums;
};

/* Refuses what makes no sense; all that `out` points to lives in `a`, or as long as the question. */
int usage_frame_read(const struct usage_question *question, struct arena *a,
                     struct usage_frame *out, struct fault *why);
/* Which bucket a slot belongs to; `buckets` when to none. */
size_t usage_frame_bucket(const struct usage_frame *f, int64_t slot);
/* The reply: of a list's groups the first ones, in their order. */
void usage_frame_write(const struct usage_frame *f, struct usage_group *groups, size_t count,
                       struct json_writer *w);

#endif
