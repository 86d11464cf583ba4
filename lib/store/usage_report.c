/* Knows the filters of usage.list and the JSON of a row; refuses to know how rows are kept. */
#include "store/usage_report.h"
#include "store/moment.h"
#include "store/usage_units.h"
#include "text/decimal.h"
#include "text/json_scan.h"
#include <aignehub/aignehub.h>

enum {
    FILTER_SINCE = USAGE_MATCHES,
    FILTER_UNTIL,
    FILTER_PAGE,
    FILTER_PAGE_SIZE,
    FILTER_ORDER,
    FILTER_SEARCH,
    FILTER_AT_LEAST,
    FILTERS
};

const char *const usage_filters[] = {
    "user",  "key",   "app",  "model",    "provider", "type",   "status",       "requestId",
    "since", "until", "page", "pageSize", "order",    "search", "minDurationMs"};

static int bad_filter(int filter, const char *wanted, struct fault *why)
{
    if (why)
        why->http = 400;
    return fault_field(why, AIGNE_E_REQUEST, usage_filters[filter],
                       "Argument \"%s\" must be %s.", usage_filters[filter], wanted);
}

static int read_moment(struct json value, int filter, struct arena *a, int64_t *out,
                       struct fault *why)
{
    if (!json_present(value))
        return AIGNE_OK;
    struct slice text = value.kind == JSON_NUMBER ? value.raw : json_string(value, a);
    if (a->failed)
        return fault_nomem(why);
    if (!moment_parse(text, out))
        return bad_filter(filter, "an ISO 8601 time or milliseconds since 1970", why);
    return AIGNE_OK;
}

static int read_number(struct json value, int filter, int64_t largest, int64_t *out,
                       struct fault *why)
{
    if (!json_present(value))
        return AIGNE_OK;
    if (!json_int64(value, out) || *out < 1 || *out > largest)
        return bad_filter(filter,
                          filter == FILTER_PAGE_SIZE ? "a whole number from 1 to 100"
                                                     : "a whole number from 1 up",
                          why);
    return AIGNE_OK;
}

static int read_text(struct json value, int filter, struct arena *a, struct slice *out,
                     struct fault *why)
{
    if (!json_present(value))
        return AIGNE_OK;
    *out = json_string(value, a);
    if (a->failed)
        return fault_nomem(why);
    return out->p ? AIGNE_OK : bad_filter(filter, "a string", why);
}

int usage_query_read(struct slice filters, struct arena *a, struct usage_query *out,
                     struct fault *why)
{
    struct json values[FILTERS];
    *out = (struct usage_query){
        .until_ms = INT64_MAX, .before = INT64_MAX, .page = 1, .page_size = USAGE_PAGE};
    json_pick(json_of(filters), usage_filters, FILTERS, values);
    int rc = AIGNE_OK;
    for (int i = 0; i < USAGE_MATCHES && !rc; i++)
        rc = read_text(values[i], i, a, &out->match[i], why);
    if (!rc)
        rc = read_moment(values[FILTER_SINCE], FILTER_SINCE, a, &out->since_ms, why);
    if (!rc)
        rc = read_moment(values[FILTER_UNTIL], FILTER_UNTIL, a, &out->until_ms, why);
    if (!rc)
        rc = read_number(values[FILTER_PAGE], FILTER_PAGE, INT32_MAX, &out->page, why);
    if (!rc)
        rc = read_number(values[FILTER_PAGE_SIZE], FILTER_PAGE_SIZE, USAGE_PAGE_LARGEST,
                         &out->page_size, why);
    if (!rc)
        rc = read_number(values[FILTER_AT_LEAST], FILTER_AT_LEAST, INT32_MAX, &out->at_least_ms,
                         why);
    if (!rc)
        rc = read_text(values[FILTER_SEARCH], FILTER_SEARCH, a, &out->search, why);
    if (!rc && out->search.p)
        out->search = arena_copy(a, out->search);
    if (a->failed)
        return fault_nomem(why);
    if (rc)
        return rc;
    out->oldest_first = json_string_is(values[FILTER_ORDER], "asc");
    if (json_present(values[FILTER_ORDER]) && !out->oldest_first &&
        !json_string_is(values[FILTER_ORDER], "desc"))
        return bad_filter(FILTER_ORDER, "\"desc\" (newest first) or \"asc\"", why);
    return AIGNE_OK;
}

static void write_charge(struct json_writer *w, const struct usage_row *row)
{
    if (row->charged) {
        json_member_amount(w, "credits", row->credits);
    } else {
        json_key(w, "credits");
        json_write_null(w);
    }
    if (row->costed)
        json_member_amount(w, "cost", row->cost);
}

static void write_optional(struct json_writer *w, const char *name, struct slice text)
{
    json_member_string_opt(w, name, text.n ? text : SLICE_NONE);
}

static void write_count(struct json_writer *w, const char *name, int64_t count)
{
    if (count >= 0)
        json_member_int(w, name, count);
}

static void write_tokens(struct json_writer *w, const struct usage *u)
{
    int64_t written = usage_known(u->cache_write_5m) + usage_known(u->cache_write_1h);
    write_count(w, "inputTokens", u->input);
    write_count(w, "outputTokens", u->output);
    write_count(w, "cacheReadInputTokens", u->cache_read);
    if (u->cache_write_5m >= 0 || u->cache_write_1h >= 0)
        json_member_int(w, "cacheCreationInputTokens", written);
    write_count(w, "reasoningTokens", u->reasoning);
    usage_units_members(w, u);
}

static void write_who(struct json_writer *w, const struct usage_row *row)
{
    json_member_string(w, "id", row->id);
    json_member_string(w, "requestId", row->call_id);
    write_optional(w, "upstreamRequestId", row->request_id);
    write_optional(w, "user", row->user);
    write_optional(w, "keyId", row->key_id);
    write_optional(w, "app", row->app);
    json_member_string(w, "type", row->type);
    json_member_string(w, "ingress", row->ingress);
    json_member_string(w, "model", row->model);
    json_member_string(w, "requestedModel", row->requested);
    json_member_string(w, "provider", row->provider);
    write_optional(w, "credentialId", row->credential);
}

void usage_row_write(struct json_writer *w, const struct usage_row *row)
{
    json_open_object(w);
    write_who(w, row);
    json_member_string(w, "status", row->status);
    write_optional(w, "error", row->error);
    json_member_int(w, "httpStatus", row->http_status);
    json_member_int(w, "attempt", row->attempt);
    json_member_bool(w, "streamed", row->streamed);
    json_member_bool(w, "estimated", row->estimated);
    write_tokens(w, &row->usage);
    write_charge(w, row);
    write_optional(w, "account", row->account);
    write_optional(w, "dropped", row->dropped);
    json_member_raw_opt(w, "explain", row->explained.n ? row->explained : SLICE_NONE);
    json_member_int(w, "durationMs", (row->duration_us + 500) / 1000);
    if (row->first_byte_us >= 0)
        json_member_int(w, "firstByteMs", (row->first_byte_us + 500) / 1000);
    moment_member(w, "createdAt", row->started_ms);
    json_close_object(w);
}
