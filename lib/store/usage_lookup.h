/* usage_lookup.h - looking for usage rows in the store's file and its archives, all as of one moment. */
#ifndef AIGNE_STORE_USAGE_LOOKUP_H
#define AIGNE_STORE_USAGE_LOOKUP_H

#include "store/sqlite_archive.h"
#include "store/usage_report.h"

struct sqlite3;
struct sqlite3_stmt;

struct usage_lookup {
    struct usage_query query;
    struct sqlite3 *db;           /* the store's own file, in a transaction */
    struct usage_source *sources; /* the last one is `db` */
    size_t source_count;
};

/* On a connection of its own: however long the search takes, no call waits for it to be recorded. */
int usage_lookup_open(struct store *s, struct slice filters, struct arena *a,
                      struct usage_lookup *out, struct fault *why);
void usage_lookup_close(struct usage_lookup *l);

/* The column of each of enum usage_match, here and, but for the last, in the sums. */
extern const char *const usage_columns[USAGE_MATCHES];

/* " AND " and a condition for each that was asked for: what sums are kept apart by, and what they do not know. */
void usage_put_names(struct buf *sql, const struct usage_query *query);
void usage_put_rest(struct buf *sql, const struct usage_query *query);
/* The parameters of those: the names from ?3 on, ?10 the call, ?15 how long it took. */
#define USAGE_NAME_AT 3
/* ?1 to ?2: when it began, ?12: the first place, ?16: the one behind the last. An SQLite result code, as all here. */
int usage_prepare(struct sqlite3 *db, const struct buf *sql, const struct usage_query *query,
                  struct sqlite3_stmt **out);
void usage_finalize(struct sqlite3_stmt **statement);
/* The archive's file. */
int usage_source_open(const struct usage_source *source, struct sqlite3 **db);

#define USAGE_SQL_LARGEST 4096

/* ---- how many there are, and when ---- */

/* Rows that began in so many quarter hours from `slot` on. */
struct usage_block {
    int64_t slot;
    int64_t slots;
    int64_t
        count; /* with the names that are asked for; USAGE_UNCOUNTED: only reading them tells */
    int64_t wanted; /* of those */
};

#define USAGE_UNCOUNTED INT64_MAX

struct usage_blocks {
    struct usage_block *list; /* rising, those without rows left out */
    size_t count;
    size_t room;
};

/* Of slots from `from` to `to`. With `days`, those are all that the query is about: days that are wanted whole, and
 * quarter hours at both ends; without, quarter hours everywhere. */
int usage_blocks_read(struct usage_lookup *l, int64_t from, int64_t to, bool days,
                      struct usage_blocks *out);
int usage_blocks_add(struct usage_blocks *b, const struct usage_block *block);
void usage_blocks_free(struct usage_blocks *b);

#endif
