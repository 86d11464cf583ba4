/* Knows how usage rows are written for other programs, as CSV and as lines of JSON; refuses to know how they
 * are searched. */
#include "hub/usage_export.h"
#include "base/mem.h"
#include "store/moment.h"
#include "store/usage_report.h"
#include "text/decimal.h"
#include <stddef.h>

enum column_kind {
    COLUMN_TEXT,
    COLUMN_NUMBER,  /* int64; nothing when it is negative: not known */
    COLUMN_INT,     /* int */
    COLUMN_SECONDS, /* of microseconds */
    COLUMN_MOMENT,
    COLUMN_CREDITS,
    COLUMN_COST,
    COLUMN_TOTAL,
    COLUMN_FLAG,
    COLUMN_USER /* a member of the user's object */
};

struct column {
    const char *name;
    enum column_kind kind;
    size_t at; /* in the row */
    const char *member;
};

#define AT(name, kind, field)                                                                  \
    {                                                                                          \
        name, COLUMN_##kind, offsetof(struct usage_row, field), NULL                           \
    }

/* The first fifteen are AIGNE Hub's, in its order. */
static const struct column columns[] = {
    AT("Timestamp", MOMENT, started_ms),
    AT("Request ID", TEXT, call_id),
    AT("User DID", TEXT, user),
    {"User Name", COLUMN_USER, 0, "name"},
    {"User Email", COLUMN_USER, 0, "email"},
    AT("Model", TEXT, model),
    AT("Provider", TEXT, provider),
    AT("Type", TEXT, type),
    AT("Status", TEXT, status),
    AT("Input Tokens", NUMBER, usage.input),
    AT("Output Tokens", NUMBER, usage.output),
    {"Total Usage", COLUMN_TOTAL, 0, NULL},
    {"Credits", COLUMN_CREDITS, 0, NULL},
    AT("Duration(s)", SECONDS, duration_us),
    AT("App DID", TEXT, app),
    AT("Key ID", TEXT, key_id),
    AT("Requested Model", TEXT, requested),
    AT("Attempt", INT, attempt),
    AT("Cache Read Tokens", NUMBER, usage.cache_read),
    AT("Cache Write Tokens (5 min)", NUMBER, usage.cache_write_5m),
    AT("Cache Write Tokens (1 h)", NUMBER, usage.cache_write_1h),
    AT("Reasoning Tokens", NUMBER, usage.reasoning),
    AT("First Byte(s)", SECONDS, first_byte_us),
    AT("HTTP Status", INT, http_status),
    AT("Estimated", FLAG, estimated),
    AT("Error", TEXT, error),
    AT("Row ID", TEXT, id),
    {"Cost", COLUMN_COST, 0, NULL},
};
enum { COLUMNS = sizeof columns / sizeof *columns };

/* Quoted; what a spreadsheet would take for a formula has an apostrophe before it. */
static void put_text(struct buf *out, struct slice text)
{
    static const char formulas[] = "=+-@\t\r\n|%";
    BUF_LITERAL(out, "\"");
    if (text.n && memchr(formulas, text.p[0], sizeof formulas - 1))
        BUF_LITERAL(out, "'");
    for (struct slice rest = text; rest.n > 0;) {
        size_t n = slice_find_byte(rest, '"');
        buf_put(out, rest.p, n);
        if (n < rest.n)
            BUF_LITERAL(out, "\"\"");
        rest = slice_from(rest, n + 1);
    }
    BUF_LITERAL(out, "\"");
}

static int64_t total(const struct usage *u)
{
    return u->images >= 0         ? u->images
           : u->milliseconds >= 0 ? (u->milliseconds + 500) / 1000
                                  : usage_prompt(u) + usage_answer(u);
}

static void put_user(struct usage_export *e, struct slice user, const char *member)
{
    const struct store_object *object = catalog_object(e->catalog, TABLE_USER, user);
    struct slice text = SLICE_NONE;
    if (object)
        text = json_string(json_get(json_of(object->body), member), e->arena);
    put_text(e->out, text);
}

static void put_column(struct usage_export *e, const struct usage_row *row,
                       const struct column *c)
{
    const void *at = (const char *)row + c->at;
    char moment[MOMENT_SIZE];
    switch (c->kind) {
    case COLUMN_TEXT:
        put_text(e->out, *(const struct slice *)at);
        break;
    case COLUMN_NUMBER:
        if (*(const int64_t *)at >= 0)
            buf_put_int(e->out, *(const int64_t *)at);
        break;
    case COLUMN_INT:
        buf_put_int(e->out, *(const int *)at);
        break;
    case COLUMN_SECONDS:
        if (*(const int64_t *)at >= 0)
            decimal_write(e->out, *(const int64_t *)at, 6);
        break;
    case COLUMN_MOMENT:
        moment_write(*(const int64_t *)at, moment);
        buf_put(e->out, moment, MOMENT_SIZE - 1);
        break;
    case COLUMN_CREDITS:
        if (row->charged)
            decimal_write(e->out, row->credits, DECIMAL_AMOUNT_DIGITS);
        break;
    case COLUMN_COST:
        if (row->costed)
            decimal_write(e->out, row->cost, DECIMAL_AMOUNT_DIGITS);
        break;
    case COLUMN_TOTAL:
        buf_put_int(e->out, total(&row->usage));
        break;
    case COLUMN_FLAG:
        buf_put_text(e->out, *(const bool *)at ? "true" : "false");
        break;
    case COLUMN_USER:
        put_user(e, row->user, c->member);
        break;
    }
}

void usage_export_head(struct usage_export *e)
{
    for (int i = 0; e->csv && i < COLUMNS; i++) {
        buf_put_text(e->out, columns[i].name);
        buf_put_text(e->out, i + 1 < COLUMNS ? "," : "\r\n");
    }
}

void usage_export_row(void *user, const struct usage_row *row)
{
    struct usage_export *e = user;
    e->count++;
    if (!e->csv) {
        struct json_writer w = json_writer(e->out);
        usage_row_write(&w, row);
        BUF_LITERAL(e->out, "\n");
        return;
    }
    for (int i = 0; i < COLUMNS; i++) {
        put_column(e, row, &columns[i]);
        buf_put_text(e->out, i + 1 < COLUMNS ? "," : "\r\n");
    }
}
