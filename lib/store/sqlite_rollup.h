/* sqlite_rollup.h - the sums of usage rows that reports are made from: how they are cut, kept and found. */
#ifndef AIGNE_STORE_SQLITE_ROLLUP_H
#define AIGNE_STORE_SQLITE_ROLLUP_H

#include "store/store.h"
#include "store/usage_report.h"

struct sqlite3;
struct sqlite3_stmt;

#define ROLLUP_SLOT_MS       900000 /* a quarter hour: every zone in use is off by whole ones */
#define ROLLUP_SLOTS_PER_DAY 96

/* Each set of names is kept by days, and those that are few enough, or found by a name, by quarter hours. Who
 * called is kept by other lengths, too, and whatever was called and came of it together: so many are there. */
enum rollup_set {
    ROLLUP_ALL,      /* everything together */
    ROLLUP_MODELS,   /* by model and provider */
    ROLLUP_PEOPLE,   /* by user and key; days only, as the next */
    ROLLUP_PROJECTS, /* by app */
    ROLLUP_APPS,     /* by model and provider of each app */
    ROLLUP_KEYS,     /* by everything, of each key */
    ROLLUP_CROWD, /* by user and key alone; by days, as the next two by three hours and sixteen days */
    ROLLUP_CROWD_HOURS,
    ROLLUP_CROWD_LONG,
    ROLLUP_LONG, /* by everything, by four days; as the next whole from rollup_state.long_from on */
    ROLLUP_LONGER,       /* by everything, by sixteen days */
    ROLLUP_PEOPLE_LONG,  /* as PEOPLE, by sixteen days */
    ROLLUP_MODELS_HOURS, /* as MODELS, by three hours */
    ROLLUP_SETS
};

struct rollup_cut {
    unsigned names; /* 1 << USAGE_USER, ...: kept apart */
    int lead;       /* found by this name; -1: by none */
    bool quarters;
    int slots; /* in what is called days: those that start at a multiple of it are one */
};
extern const struct rollup_cut rollup_cuts[ROLLUP_SETS];
/* With `days` 1 its days, else its quarter hours. */
#define ROLLUP_CUT(set, days) (2 * (int)(set) + (int)(days))

/* What is read of a usage row for its part of the sums. */
#define ROLLUP_COLUMNS                                                                         \
    "place, user, key_id, app, model, provider, type, status, started_ms, attempt, estimated," \
    " input_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens,"          \
    " output_tokens, reasoning_tokens, credits, duration_us, first_byte_us, units, cost"
/* The names in the order of enum usage_match; texts live until the next step. */
int64_t rollup_read_row(struct sqlite3_stmt *statement, struct slice names[USAGE_NAMES],
                        struct usage_row *row);

struct rollup;
void rollup_close(struct rollup *r);

#endif
