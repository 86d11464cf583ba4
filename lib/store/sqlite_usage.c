/* Knows the columns of a usage row and how one is added; refuses to know how they are searched. */
#include "base/clock.h"
#include "base/mem.h"
#include "store/sqlite_store.h"
#include "store/usage_units.h"
#include <sqlite3.h>

/* The columns' order is the schema's: the place, texts, counts, then the price. */
static const size_t text_at[] = {
    offsetof(struct usage_row, id),         offsetof(struct usage_row, call_id),
    offsetof(struct usage_row, user),       offsetof(struct usage_row, key_id),
    offsetof(struct usage_row, app),        offsetof(struct usage_row, type),
    offsetof(struct usage_row, ingress),    offsetof(struct usage_row, model),
    offsetof(struct usage_row, requested),  offsetof(struct usage_row, provider),
    offsetof(struct usage_row, credential), offsetof(struct usage_row, status),
    offsetof(struct usage_row, error),      offsetof(struct usage_row, request_id)};
enum {
    PLACE_AT,
    TEXTS_AT,
    TEXTS = sizeof text_at / sizeof *text_at,
    NUMBERS_AT = TEXTS_AT + TEXTS,
    CREDITS_AT = NUMBERS_AT + 11,
    DURATION_AT,
    FIRST_BYTE_AT,
    DROPPED_AT,
    UNITS_AT,
    ACCOUNT_AT,
    COST_AT,
    EXPLAINED_AT
};

_Static_assert(TEXTS + 1 < USAGE_TEXTS && CREDITS_AT - NUMBERS_AT <= USAGE_NUMBERS,
               "there is a place for each column");

/* More than any batch has: what failed is tried again before anything else. */
enum { DOUBTFUL_ROWS = 4096 };

/* Rows that were put aside may have been written so long after that. */
enum { SPOOLED_MS = 1000 };

static void usage_bind(struct store *s, struct sqlite3_stmt *statement,
                       const struct usage_row *row)
{
    const int64_t numbers[] = {row->started_ms,
                               row->http_status,
                               row->attempt,
                               row->streamed,
                               row->estimated,
                               row->usage.input,
                               row->usage.cache_read,
                               row->usage.cache_write_5m,
                               row->usage.cache_write_1h,
                               row->usage.output,
                               row->usage.reasoning};
    for (int i = 0; i < TEXTS; i++)
        bound_text(statement, TEXTS_AT + i + 1,
                   *(const struct slice *)(const void *)((const char *)row + text_at[i]),
                   &s->usage_texts[i]);
    for (int i = 0; i < CREDITS_AT - NUMBERS_AT; i++)
        bound_number(statement, NUMBERS_AT + i + 1, numbers[i], &s->usage_numbers[i]);
    if (row->charged)
        sqlite3_bind_int64(statement, CREDITS_AT + 1, row->credits);
    else
        sqlite3_bind_null(statement, CREDITS_AT + 1);
    if (row->costed)
        sqlite3_bind_int64(statement, COST_AT + 1, row->cost);
    else
        sqlite3_bind_null(statement, COST_AT + 1);
    if (row->explained.p)
        sqlite_bind(statement, EXPLAINED_AT + 1, row->explained);
    else
        sqlite3_bind_null(statement, EXPLAINED_AT + 1);
    sqlite3_bind_int64(statement, DURATION_AT + 1, row->duration_us);
    sqlite3_bind_int64(statement, FIRST_BYTE_AT + 1, row->first_byte_us);
    bound_text(statement, DROPPED_AT + 1, row->dropped, &s->usage_texts[TEXTS]);
    bound_text(statement, ACCOUNT_AT + 1, row->account, &s->usage_texts[TEXTS + 1]);
}

static int is_there(struct store *s, const struct usage_row *row, int64_t from, int64_t to,
                    bool *there)
{
    struct sqlite3_stmt *statement = s->statements[STATEMENT_USAGE_THERE];
    int64_t count = 0;
    sqlite3_bind_int64(statement, 1, from);
    sqlite3_bind_int64(statement, 2, to);
    sqlite_bind(statement, 3, row->id);
    int rc = sqlite_read(statement, &count);
    *there = count > 0;
    return rc;
}

int64_t usage_place(int64_t wall_ms)
{
    const int64_t latest_ms = INT64_MAX >> (USAGE_PLACE_BITS + 1);
    int64_t ms = wall_ms < 0 ? 0 : wall_ms;
    return (ms < latest_ms ? ms : latest_ms) << USAGE_PLACE_BITS;
}

static void take_place(struct store *s)
{
    int64_t now = usage_place(clock_wall_ms());
    s->last_place = now > s->last_place ? now : s->last_place + 1;
}

void sqlite_usage_pass(struct store *s, int64_t place)
{
    HOLD(s);
    if (s->last_place < place)
        s->last_place = place;
}

static int add_once(struct store *s, const struct usage_row *row, bool *added)
{
    struct sqlite3_stmt *statement = s->statements[STATEMENT_ADD_USAGE];
    *added = false;
    bool there = false;
    int found = SQLITE_OK;
    if (s->doubt_rows > 0) {
        found = is_there(s, row, s->doubt_from, s->doubt_to, &there);
        s->doubt_rows--;
    }
    if (!found && !there && row->spooled_ms)
        found = is_there(s, row, usage_place(row->started_ms),
                         usage_place(row->spooled_ms + SPOOLED_MS), &there);
    if (found || there)
        return found;
    *added = true;
    char room[USAGE_UNITS_ROOM];
    struct slice units = usage_units_write(&row->usage, room);
    usage_bind(s, statement, row);
    if (units.p)
        sqlite_bind(statement, UNITS_AT + 1, units);
    else if (s->usage_units)
        sqlite3_bind_null(statement, UNITS_AT + 1);
    s->usage_units = units.p != NULL;
    take_place(s);
    sqlite3_bind_int64(statement, PLACE_AT + 1, s->last_place);
    int rc = sqlite_run(statement);
    if (rc != SQLITE_CONSTRAINT_PRIMARYKEY && rc != SQLITE_CONSTRAINT_ROWID)
        return rc;
    /* Another process took the place, or our clock went back. */
    rc = sqlite_read(s->statements[STATEMENT_LAST_PLACE], &s->last_place);
    if (rc)
        return rc;
    take_place(s);
    sqlite3_bind_int64(statement, PLACE_AT + 1, s->last_place);
    return sqlite_run(statement);
}

/* The row is the debit: both are there, once, or neither. */
int sqlite_usage_add(struct store *s, const struct usage_row *row)
{
    bool added = false;
    int rc = add_once(s, row, &added);
    if (rc || !added || !row->charged)
        return rc;
    return money_debit(&s->money, row);
}

/* A commit may fail after its rows reached the disk. Whoever tries again must not record them twice. */
void sqlite_usage_doubt(struct store *s, int64_t before)
{
    if (s->last_place == before)
        return;
    if (s->doubt_rows == 0 || before + 1 < s->doubt_from)
        s->doubt_from = before + 1;
    s->doubt_to = s->last_place;
    s->doubt_rows = DOUBTFUL_ROWS;
}

void sqlite_usage_read(struct sqlite3_stmt *statement, struct usage_row *row)
{
    for (int i = 0; i < TEXTS; i++)
        *(struct slice *)(void *)((char *)row + text_at[i]) =
            sqlite_text(statement, TEXTS_AT + i);
    int64_t numbers[CREDITS_AT - NUMBERS_AT];
    for (int i = 0; i < CREDITS_AT - NUMBERS_AT; i++)
        numbers[i] = sqlite3_column_int64(statement, NUMBERS_AT + i);
    row->started_ms = numbers[0];
    row->http_status = (int)numbers[1];
    row->attempt = (int)numbers[2];
    row->streamed = numbers[3] != 0;
    row->estimated = numbers[4] != 0;
    row->usage = (struct usage){.input = numbers[5],
                                .cache_read = numbers[6],
                                .cache_write_5m = numbers[7],
                                .cache_write_1h = numbers[8],
                                .output = numbers[9],
                                .reasoning = numbers[10]};
    usage_units_read(sqlite_text(statement, UNITS_AT), &row->usage);
    row->dropped = sqlite_text(statement, DROPPED_AT);
    row->account = sqlite_text(statement, ACCOUNT_AT);
    row->charged = sqlite3_column_type(statement, CREDITS_AT) != SQLITE_NULL;
    row->credits = sqlite3_column_int64(statement, CREDITS_AT);
    row->costed = sqlite3_column_count(statement) > COST_AT && /* an old archive has none */
                  sqlite3_column_type(statement, COST_AT) != SQLITE_NULL;
    row->explained = sqlite_text(statement, EXPLAINED_AT);
    row->cost = row->costed ? sqlite3_column_int64(statement, COST_AT) : 0;
    row->duration_us = sqlite3_column_int64(statement, DURATION_AT);
    row->first_byte_us = sqlite3_column_int64(statement, FIRST_BYTE_AT);
}
