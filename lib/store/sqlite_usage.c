/* Knows the columns of a usage row and how they are searched; refuses to know who asks. */
#include "base/clock.h"
#include "base/mem.h"
#include "store/sqlite_store.h"
#include "store/usage_report.h"
#include "store/usage_units.h"
#include <aignehub/aignehub.h>
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
    ACCOUNT_AT
};

_Static_assert(TEXTS + 1 < USAGE_TEXTS && CREDITS_AT - NUMBERS_AT <= USAGE_NUMBERS,
               "there is a place for each column");

/* More than any batch has: what failed is tried again before anything else. */
enum { DOUBTFUL_ROWS = 4096 };

static const char listing[] = "The usage rows could not be read";

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
    sqlite3_bind_int64(statement, DURATION_AT + 1, row->duration_us);
    sqlite3_bind_int64(statement, FIRST_BYTE_AT + 1, row->first_byte_us);
    bound_text(statement, DROPPED_AT + 1, row->dropped, &s->usage_texts[TEXTS]);
    bound_text(statement, ACCOUNT_AT + 1, row->account, &s->usage_texts[TEXTS + 1]);
}

static int is_there(struct store *s, const struct usage_row *row, bool *there)
{
    struct sqlite3_stmt *statement = s->statements[STATEMENT_USAGE_THERE];
    int64_t count = 0;
    sqlite3_bind_int64(statement, 1, s->doubt_from);
    sqlite3_bind_int64(statement, 2, s->doubt_to);
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
    if (s->doubt_rows > 0) {
        bool there = false;
        int rc = is_there(s, row, &there);
        if (rc || there)
            return rc;
        s->doubt_rows--;
    }
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
    row->duration_us = sqlite3_column_int64(statement, DURATION_AT);
    row->first_byte_us = sqlite3_column_int64(statement, FIRST_BYTE_AT);
}

static void put_condition(struct buf *sql, const char *condition, bool *first)
{
    buf_put_text(sql, *first ? " WHERE " : " AND ");
    buf_put_text(sql, condition);
    *first = false;
}

/* Only what was asked for: counting all rows must not have to read them. */
static void put_conditions(struct buf *sql, const struct usage_query *query)
{
    static const char *const matches[USAGE_MATCHES] = {
        [USAGE_USER] = "user = ?3",         [USAGE_KEY] = "key_id = ?4",
        [USAGE_APP] = "app = ?5",           [USAGE_MODEL] = "model = ?6",
        [USAGE_PROVIDER] = "provider = ?7", [USAGE_TYPE] = "type = ?8",
        [USAGE_STATUS] = "status = ?9",     [USAGE_CALL] = "call_id = ?10"};
    bool first = true;
    buf_put_text(sql, " FROM usage");
    if (query->since_ms > 0)
        put_condition(sql, "place >= ?12 AND started_ms >= ?1", &first);
    if (query->until_ms < INT64_MAX)
        put_condition(sql, "started_ms < ?2", &first);
    for (int i = 0; i < USAGE_MATCHES; i++)
        if (query->match[i].p)
            put_condition(sql, matches[i], &first);
    if (query->search.p)
        put_condition(
            sql,
            "instr(lower(model || char(10) || requested || char(10) || call_id || char(10)"
            " || id || char(10) || user || char(10) || app || char(10) || error), lower(?14))",
            &first);
    if (query->at_least_ms > 0)
        put_condition(sql, "duration_us >= ?15", &first);
}

static int prepare(struct sqlite3 *db, const struct buf *sql, const struct usage_query *query,
                   struct sqlite3_stmt **out)
{
    if (buf_rc(sql))
        return SQLITE_NOMEM;
    int rc = sqlite3_prepare_v2(db, sql->p, (int)sql->n, out, NULL);
    if (rc)
        return rc;
    sqlite3_bind_int64(*out, 1, query->since_ms);
    sqlite3_bind_int64(*out, 2, query->until_ms);
    sqlite3_bind_int64(*out, 12, usage_place(query->since_ms));
    for (int i = 0; i < USAGE_MATCHES; i++)
        if (query->match[i].p)
            sqlite_bind(*out, 3 + i, query->match[i]);
    sqlite_bind(*out, 14, query->search);
    sqlite3_bind_int64(*out, 15, query->at_least_ms * 1000);
    return SQLITE_OK;
}

static void finalize(struct sqlite3_stmt **statement)
{
    sqlite3_finalize(*statement);
}

static int write_count(struct sqlite3 *db, const struct usage_query *query,
                       struct json_writer *w)
{
    struct buf sql AUTO(buf_free);
    struct sqlite3_stmt *statement AUTO(finalize) = NULL;
    buf_init(&sql, 4096);
    buf_put_text(&sql, "SELECT count(*)");
    put_conditions(&sql, query);
    int rc = prepare(db, &sql, query, &statement);
    if (!rc)
        rc = sqlite3_step(statement);
    if (rc != SQLITE_ROW)
        return rc;
    json_member_int(w, "count", sqlite3_column_int64(statement, 0));
    return SQLITE_OK;
}

static int write_rows(struct sqlite3 *db, const struct usage_query *query,
                      struct json_writer *w)
{
    struct buf sql AUTO(buf_free);
    struct sqlite3_stmt *statement AUTO(finalize) = NULL;
    buf_init(&sql, 4096);
    buf_put_text(&sql, "SELECT *");
    put_conditions(&sql, query);
    buf_put_text(&sql, query->oldest_first ? " ORDER BY place" : " ORDER BY place DESC");
    buf_put_text(&sql, " LIMIT ?11 OFFSET ?13");
    int rc = prepare(db, &sql, query, &statement);
    if (rc)
        return rc;
    sqlite3_bind_int64(statement, 11, query->page_size);
    sqlite3_bind_int64(statement, 13, (query->page - 1) * query->page_size);
    json_key(w, "list");
    json_open_array(w);
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        struct usage_row row = {.id = SLICE_NONE};
        sqlite_usage_read(statement, &row);
        usage_row_write(w, &row);
    }
    json_close_array(w);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* On a connection of its own: however long the search takes, no call waits for it to be recorded. */
int sqlite_usage_list(struct store *s, struct slice filters, struct buf *json,
                      struct fault *why)
{
    struct sqlite3 *db AUTO(sqlite_disconnect) = NULL;
    struct arena texts AUTO(arena_free);
    struct usage_query query;
    arena_init(&texts);
    int rc = usage_query_read(filters, &texts, &query, why);
    if (!rc)
        rc = sqlite_connect(s->path, SQLITE_OPEN_READONLY, &db, why);
    if (rc)
        return rc;
    struct json_writer w = json_writer(json);
    int result = sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
    json_open_object(&w);
    if (!result)
        result = write_count(db, &query, &w);
    if (!result)
        result = write_rows(db, &query, &w);
    json_close_object(&w);
    if (result)
        return sqlite_fault(result, listing, why);
    return buf_rc(json) ? fault_nomem(why) : AIGNE_OK;
}
