/* sqlite_store.h - one open SQLite database, as the files that speak to it share it. */
#ifndef AIGNE_STORE_SQLITE_STORE_H
#define AIGNE_STORE_SQLITE_STORE_H

#include "base/fault.h"
#include "base/mem.h"
#include "base/slice.h"
#include "store/sqlite_bound.h"
#include "store/sqlite_money.h"
#include "store/sqlite_owner.h"
#include "store/sqlite_rollup.h"
#include "store/store.h"
#include <pthread.h>

struct sqlite3;
struct sqlite3_stmt;

enum sqlite_statement {
    STATEMENT_BEGIN,
    STATEMENT_BEGIN_WRITE,
    STATEMENT_COMMIT,
    STATEMENT_ROLLBACK,
    STATEMENT_VERSION,
    STATEMENT_RAISE_VERSION,
    STATEMENT_OBJECT_VERSION,
    STATEMENT_PUT,
    STATEMENT_DROP,
    STATEMENT_COUNT,
    STATEMENT_LOAD,
    STATEMENT_ADD_USAGE,
    STATEMENT_LAST_PLACE,
    STATEMENT_USAGE_THERE,
    STATEMENT_PUT_MARK,
    STATEMENT_DROP_MARK,
    STATEMENT_READ_MARK,
    STATEMENTS
};

#define STORE_GONE    16
#define USAGE_TEXTS   16
#define USAGE_NUMBERS 13

struct store {
    pthread_mutex_t lock; /* one thread at a time on the connection */
    struct sqlite3 *db;
    struct sqlite3_stmt *statements[STATEMENTS];
    char *path;
    struct bound_text usage_texts[USAGE_TEXTS]; /* what STATEMENT_ADD_USAGE is bound to */
    struct bound_number usage_numbers[USAGE_NUMBERS];
    bool usage_units;   /* the last row had some */
    int64_t last_place; /* of the usage rows; another process may be further */
    /* Where rows of a failed transaction may stand all the same, and how many rows to come are looked
     * for there before they are added. */
    int64_t doubt_from;
    int64_t doubt_to;
    size_t doubt_rows;
    bool durable; /* commits survive a loss of power */
    bool in_memory;
    bool relaxed; /* the next one does not, for now */
    struct money_book money;
    struct store_owner owner;
    int64_t gone[STORE_GONE]; /* owners whose process is gone, as the last upkeep saw */
    int gone_count;
    struct rollup *rollup; /* once there was something to add up */
};

/* What went wrong as one sentence; `doing` reads "The usage rows could not be written". */
int sqlite_fault(int rc, const char *doing, struct fault *why);
/* Readers and the writer do not wait for each other; an SQLite result code. */
int sqlite_use_wal(struct sqlite3 *db);
/* A path that begins so is a name in this process's memory, not a file; connections share it. */
#define MEMORY_PATH "/:memory:/"
/* A connection with the settings that each of ours has. */
int sqlite_connect(const char *path, int flags, struct sqlite3 **out, struct fault *why);
void sqlite_disconnect(struct sqlite3 **db);
/* Create what is missing and refuse what is not ours. */
int sqlite_migrate(struct sqlite3 *db, const char *path, struct fault *why);

/* One thread at a time: what the functions of the table begin with. */
static inline void sqlite_unlock(pthread_mutex_t **lock)
{
    pthread_mutex_unlock(*lock);
}
#define HOLD(s)                                                                                \
    pthread_mutex_t *held AUTO(sqlite_unlock) = &(s)->lock;                                    \
    pthread_mutex_lock(held)
/* After a failure SQLite may or may not have ended the transaction by itself. */
void sqlite_roll_back(struct store *s);

void sqlite_bind(struct sqlite3_stmt *statement, int at, struct slice text);
/* One step of a statement that gives no rows; it is reset afterwards. */
int sqlite_run(struct sqlite3_stmt *statement);
/* One step of a statement that gives at most one number. */
int sqlite_read(struct sqlite3_stmt *statement, int64_t *out);
/* The text of a column, valid until the statement's next step. */
struct slice sqlite_text(struct sqlite3_stmt *statement, int column);

/* Inside a transaction; an SQLite result code. The first also takes the credits. */
int sqlite_usage_add(struct store *s, const struct usage_row *row);
/* The first place of a millisecond; far moments all share the last one. */
#define USAGE_PLACE_BITS 20
int64_t usage_place(int64_t wall_ms);
/* No row may get a place up to this one any more. */
void sqlite_usage_pass(struct store *s, int64_t place);
/* The row that a statement over all columns of `usage` is at; texts as sqlite_text. */
void sqlite_usage_read(struct sqlite3_stmt *statement, struct usage_row *row);
/* The transaction that began after `before` failed: did it really? */
void sqlite_usage_doubt(struct store *s, int64_t before);

int sqlite_apply(struct store *s, const struct store_op *ops, size_t count, struct fault *why);
int sqlite_load(struct store *s, struct arena *a, struct store_object **objects, size_t *count,
                int64_t *version, struct fault *why);
int sqlite_version(struct store *s, int64_t *out, struct fault *why);
int sqlite_money_apply(struct store *s, const struct store_op *op, struct fault *why);
int sqlite_money_list(struct store *s, const struct money_query *query, struct buf *json,
                      struct fault *why);
int sqlite_budget_list(struct store *s, struct slice prefix, int64_t starts_ms, size_t most,
                       struct arena *a, struct budget_state **out, size_t *count,
                       struct fault *why);
/* Inside a transaction; an SQLite result code. */
int sqlite_answer_put(struct store *s, const struct answer_op *answer);
int sqlite_answer_get(struct store *s, struct slice key, int64_t now_ms, struct buf *sealed,
                      struct fault *why);
int sqlite_money_upkeep(struct store *s, int64_t now_ms, struct fault *why);
int sqlite_end_orphans(struct store *s, int64_t now_ms, struct fault *why);
/* Inside a transaction; an SQLite result code. */
int sqlite_mark_put(struct store *s, struct slice id, const struct store_mark *mark);
int sqlite_mark(struct store *s, struct slice id, struct store_mark *out, struct fault *why);
/* Make the file unless it is there: nobody else may read it. */
int sqlite_make_private(const char *path, struct fault *why);
int sqlite_archive(struct store *s, int64_t until_ms, bool dry, int64_t *moved,
                   struct fault *why);
int sqlite_roll_up(struct store *s, int64_t now_ms, struct fault *why);
int sqlite_usage_report(struct store *s, const struct usage_question *question,
                        struct buf *json, struct fault *why);
int sqlite_rate_add(struct store *s, const struct rate_record *record, struct fault *why);
int sqlite_rate_history(struct store *s, struct arena *a, const struct rate_query *query,
                        struct rate_record **records, size_t *count, struct fault *why);
int sqlite_adjust(struct store *s, const struct adjustment *j, struct fault *why);
int sqlite_usage_paid(struct store *s, struct arena *a, const struct paid_query *query,
                      struct paid_row **rows, size_t *count, struct fault *why);
int sqlite_usage_each(struct store *s, struct slice filters, int64_t most, int64_t *cursor,
                      usage_take_fn take, void *user, struct fault *why);
int sqlite_usage_list(struct store *s, struct slice filters, struct buf *json,
                      struct fault *why);

#endif
