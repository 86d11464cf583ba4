/* usage_report.h - which usage rows are wanted, and how a row is told: the same for every store. */
#ifndef AIGNE_STORE_USAGE_REPORT_H
#define AIGNE_STORE_USAGE_REPORT_H

#include "base/arena.h"
#include "base/fault.h"
#include "store/store.h"
#include "text/json_write.h"

enum usage_match {
    USAGE_USER,
    USAGE_KEY,
    USAGE_APP,
    USAGE_MODEL,
    USAGE_PROVIDER,
    USAGE_TYPE,
    USAGE_STATUS,
    USAGE_NAMES, /* those that sums are kept apart by */
    USAGE_CALL = USAGE_NAMES,
    USAGE_MATCHES
};

struct usage_query {
    struct slice match[USAGE_MATCHES]; /* .p NULL: any */
    int64_t since_ms;                  /* started at or after */
    int64_t until_ms;                  /* started before */
    int64_t page;                      /* from 1 */
    int64_t page_size;                 /* 1 to USAGE_PAGE_LARGEST */
    bool oldest_first;
    int64_t before;      /* its place is; INT64_MAX: any */
    struct slice search; /* in any of some texts; .p NULL: not asked for */
    int64_t at_least_ms; /* it took */
};

#define USAGE_PAGE         50
#define USAGE_PAGE_LARGEST 100

/* From the JSON object of usage.list; decoded texts live in `a`. */
int usage_query_read(struct slice filters, struct arena *a, struct usage_query *out,
                     struct fault *why);
/* What they are called: "user", "key", ...; those of enum usage_match come first. */
extern const char *const usage_filters[];
/* One row as a JSON object. */
void usage_row_write(struct json_writer *w, const struct usage_row *row);

#endif
