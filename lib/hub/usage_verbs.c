/* Knows the verbs about usage rows; refuses to know how they are searched: the store does. */
#define _POSIX_C_SOURCE 200809L
#include "base/clock.h"
#include "base/mem.h"
#include "hub/usage_export.h"
#include "hub/verb.h"
#include "store/moment.h"
#include <aignehub/aignehub.h>
#include <time.h>

enum {
    FILTERS_LARGEST = 2 * 1024 * 1024,
    ARCHIVE_MS = 5000,
    ARCHIVE_PAUSE_NS = 5000000,
    EXPORT_ROWS = 500, /* in one piece, when not told */
    EXPORT_ROWS_LARGEST = 5000,
    EXPORT_LARGEST = 64 * 1024 * 1024
};

/* Rows hold a user's id; who asks may know the name only. */
static int with_user_id(struct verb_call *v, struct buf *out)
{
    struct slice id = user_id(v, verb_text(v, "user"));
    struct json_walk member = json_walk(v->arguments);
    const char *before = "{";
    while (json_next(&member)) {
        bool named = id.p && json_key_is(&member, "user");
        buf_put_text(out, before);
        buf_put_text(out, "\"");
        buf_put_slice(out, member.key); /* as written */
        buf_put_text(out, "\":");
        buf_put_slice(out, named ? verb_quote(v, id) : member.value.raw);
        before = ",";
    }
    buf_put_text(out, *before == '{' ? "{}" : "}");
    return buf_rc(out) || v->arena->failed ? fault_nomem(v->why) : AIGNE_OK;
}

static int usage_list(struct verb_call *v)
{
    struct buf filters AUTO(buf_free);
    buf_init(&filters, FILTERS_LARGEST);
    int rc = with_user_id(v, &filters);
    if (rc)
        return rc;
    return v->hub->type->usage_list(v->hub->store, buf_slice(&filters), v->w.out, v->why);
}

static int report(struct verb_call *v, enum usage_report what)
{
    struct buf arguments AUTO(buf_free);
    buf_init(&arguments, FILTERS_LARGEST);
    if (!v->hub->type->usage_report) {
        v->why->http = 400;
        return fault_set(v->why, AIGNE_E_REQUEST,
                         "A hub in memory keeps no sums; give it a database file.");
    }
    int rc = with_user_id(v, &arguments);
    if (rc)
        return rc;
    const struct usage_question question = {
        .report = what, .arguments = buf_slice(&arguments), .now_ms = v->now_ms};
    return v->hub->type->usage_report(v->hub->store, &question, v->w.out, v->why);
}

static int usage_series(struct verb_call *v)
{
    return report(v, USAGE_SERIES);
}

static int usage_summary(struct verb_call *v)
{
    return report(v, USAGE_SUMMARY);
}

static int usage_top(struct verb_call *v)
{
    return report(v, USAGE_TOP);
}

static int read_export(struct verb_call *v, int64_t *most, int64_t *cursor)
{
    struct json limit = verb_json(v, "limit");
    struct slice from = verb_text(v, "cursor");
    *most = EXPORT_ROWS;
    *cursor = INT64_MAX;
    if (!v->hub->type->usage_each) {
        v->why->http = 400;
        return fault_set(v->why, AIGNE_E_REQUEST,
                         "A hub in memory exports nothing; give it a database file.");
    }
    if (from.p && (!slice_int64(from, cursor) || *cursor < 0))
        return verb_refuse(v, "cursor", "Argument \"cursor\" must be one that was told.");
    if (limit.kind != JSON_NONE &&
        (!json_int64(limit, most) || *most < 1 || *most > EXPORT_ROWS_LARGEST))
        return verb_refuse(v, "limit",
                           "Argument \"limit\" must be a whole number from 1 to %d.",
                           EXPORT_ROWS_LARGEST);
    return AIGNE_OK;
}

static int usage_export(struct verb_call *v)
{
    struct buf filters AUTO(buf_free);
    struct buf text AUTO(buf_free);
    int64_t most = 0;
    int64_t cursor = 0;
    struct usage_export export = {.out = &text,
                                  .csv = !json_string_is(verb_json(v, "format"), "jsonl"),
                                  .catalog = v->catalog,
                                  .arena = v->arena};
    buf_init(&filters, FILTERS_LARGEST);
    buf_init(&text, EXPORT_LARGEST);
    int rc = read_export(v, &most, &cursor);
    if (!rc)
        rc = with_user_id(v, &filters);
    if (rc)
        return rc;
    if (cursor == INT64_MAX)
        usage_export_head(&export);
    rc = v->hub->type->usage_each(v->hub->store, buf_slice(&filters), most, &cursor,
                                  usage_export_row, &export, v->why);
    if (rc)
        return rc;
    json_open_object(&v->w);
    json_member_int(&v->w, "count", export.count);
    json_member_string(&v->w, "data", buf_slice(&text));
    if (export.count == most) {
        json_key(&v->w, "cursor");
        buf_printf(v->w.out, "\"%lld\"", (long long)cursor);
    }
    json_close_object(&v->w);
    return buf_rc(&text) ? fault_nomem(v->why) : AIGNE_OK;
}

/* For so long at most: who wants more asks again. Calls are recorded between any two steps. */
static int usage_archive(struct verb_call *v)
{
    const struct store_type *type = v->hub->type;
    bool dry = verb_flag(v, "dryRun", false);
    struct json given = verb_json(v, "olderThan");
    struct slice text = given.kind == JSON_STRING ? json_string(given, v->arena) : given.raw;
    int64_t until_ms = 0;
    int64_t all = 0;
    int64_t moved = 1;
    if (!type->archive || v->arena->failed)
        return fault_nomem(v->why);
    if (!moment_parse(text, &until_ms))
        return verb_refuse(v, "olderThan",
                           "Argument \"olderThan\" must be an ISO 8601 time or milliseconds "
                           "since 1970.");
    bool more = true;
    while (more && moved > 0) {
        int rc = type->archive(v->hub->store, until_ms, dry, &moved, v->why);
        if (rc)
            return rc;
        all += moved;
        more = !dry && clock_wall_ms() - v->now_ms < ARCHIVE_MS;
        if (more && moved > 0)
            (void)nanosleep(&(struct timespec){.tv_nsec = ARCHIVE_PAUSE_NS}, NULL);
    }
    json_open_object(&v->w);
    json_member_int(&v->w, dry ? "rows" : "moved", all);
    if (!dry)
        json_member_bool(&v->w, "more", moved > 0);
    json_close_object(&v->w);
    return AIGNE_OK;
}

/* What each of them may ask for. */
#define FILTERS                                                                                \
    VERB_JOIN(VERB_TEXT("user", "id or name of the user"),                                     \
              VERB_TEXT("key", "id of the access key"),                                        \
              VERB_TEXT("app", "what the client said it is"),                                  \
              VERB_TEXT("model", "the provider's name of the model"),                          \
              VERB_TEXT("provider", "who was asked"), VERB_TEXT("type", "what for, as chat"),  \
              VERB_CHOICE("status",                                                            \
                          "\"success\",\"error\",\"cancelled\",\"interrupted\",\"refused\"",   \
                          "how it ended"),                                                     \
              VERB_TIME("since", "begun at or after this time"),                               \
              VERB_TIME("until", "begun before this time"))
#define WITH_FILTERS(...) VERB_OPTIONAL(FILTERS "," VERB_JOIN(__VA_ARGS__))

static const struct verb verbs[] = {
    {{"usage.list",
      WITH_FILTERS(VERB_TEXT("requestId", "the id that the caller was told"),
                   VERB_TEXT("search", "some text of the model, app, user, ids or error"),
                   VERB_NUMBER("minDurationMs", "took at least so long"), VERB_PAGE,
                   VERB_NUMBER("pageSize", "how many on a page, at most 100; 50 when absent"),
                   VERB_CHOICE("order", "\"desc\",\"asc\"", "desc: newest first")),
      "List what was used, one row for each attempt at a provider. One that is not complete "
      "goes on with until (asc: since) where it stopped."},
     false,
     usage_list},
    {{"usage.export",
      WITH_FILTERS(
          VERB_TEXT("requestId", "the id that the caller was told"),
          VERB_TEXT("search", "some text of the model, app, user, ids or error"),
          VERB_NUMBER("minDurationMs", "took at least so long"),
          VERB_CHOICE("format", "\"csv\",\"jsonl\"",
                      "csv for a spreadsheet, as when absent, or a JSON object a line"),
          VERB_TEXT("cursor", "where the piece before ended, as it says; absent: begin"),
          VERB_NUMBER("limit", "how many rows in this piece, at most 5000")),
      "Write usage rows for other programs, the newest first, in pieces: while there is a cursor, "
      "ask on with it."},
     false,
     usage_export},
    {{"usage.series",
      WITH_FILTERS(VERB_CHOICE("bucket", "\"hour\",\"day\",\"month\"",
                               "what is added up; day when absent"),
                   VERB_TIME("timeZone", "whose hours, days and months: a name such as "
                                         "Europe/Berlin, an offset such as +05:30, or minutes "
                                         "east of Greenwich; UTC when absent")),
      "Add up what was used in each hour, day or month, those without calls too."},
     false,
     usage_series},
    {{"usage.summary", VERB_OPTIONAL(FILTERS),
      "Add up what was used in a time, 30 days when none is given, and in the one before it."},
     false,
     usage_summary},
    {{"usage.top",
      WITH_FILTERS(
          VERB_CHOICE("by",
                      "\"model\",\"provider\",\"user\",\"key\",\"app\",\"type\",\"status\"",
                      "what is listed; model when absent"),
          VERB_CHOICE("orderBy",
                      "\"calls\",\"tokens\",\"credits\",\"cost\",\"failed\",\"duration\"",
                      "what the first has most of; calls when absent"),
          VERB_NUMBER("limit", "how many, at most 1000; 10 when absent")),
      "List who or what was used most in a time, 30 days when none is given."},
     false,
     usage_top},
    {{"usage.archive",
      VERB_SCHEMA("\"olderThan\"", VERB_TIME("olderThan", "rows recorded before this time"),
                  VERB_FLAG("dryRun", "only count them")),
      "Move old usage rows into a database for each quarter, where usage.list still finds them; "
      "while there are more, ask again."},
     false,
     usage_archive}};

const struct verb_table usage_verbs = {verbs, sizeof verbs / sizeof *verbs};
