/* Knows how an export goes out piece by piece, the next one read when the client took the last; refuses to
 * know what is in it. */
#include "core/export.h"
#include "base/limits.h"
#include "base/mem.h"
#include "core/admin.h"
#include "core/exchange.h"
#include "store/moment.h"
#include "text/json_write.h"
#include "text/url.h"

#define ARGUMENTS_LARGEST ((size_t)64 * 1024)

/* {"cursor":"...", and the rest of the arguments */
static void write_arguments(const struct exchange *x, struct buf *out)
{
    struct slice rest = slice_from(x->export_arguments, 1);
    if (!x->export_cursor.p) {
        buf_put_slice(out, x->export_arguments);
        return;
    }
    BUF_LITERAL(out, "{\"cursor\":");
    buf_put_slice(out, x->export_cursor);
    buf_put_text(out, slice_is(rest, "}") ? "" : ",");
    buf_put_slice(out, rest);
}

static int read_piece(struct aigne_call *call)
{
    struct exchange *x = exchange_of(call);
    struct buf arguments AUTO(buf_free);
    struct buf reply AUTO(buf_free);
    buf_init(&arguments, ARGUMENTS_LARGEST + LIMIT_URL);
    buf_init(&reply, LIMIT_REPLY_BODY);
    write_arguments(x, &arguments);
    if (buf_rc(&arguments))
        return fault_nomem(&call->fault);
    int rc =
        hub_do(call->hub->hub, "usage.export", buf_slice(&arguments), &reply, &call->fault);
    if (rc < 0)
        return rc;
    struct json told = json_of(buf_slice(&reply));
    x->export_cursor = json_get(told, "cursor").raw;
    if (x->export_cursor.p)
        x->export_cursor = arena_copy(&call->arena, x->export_cursor);
    return json_string_into(json_get(told, "data"), &x->filling) && !call->arena.failed
               ? AIGNE_OK
               : fault_nomem(&call->fault);
}

/* On the verbs' thread; the exchange is nobody else's meanwhile. */
static void work(struct aigne_call *call)
{
    call->rc = read_piece(call);
}

static void go_on(struct aigne_call *call);

static void piece_came(struct aigne_call *call)
{
    struct exchange *x = exchange_of(call);
    if (call->rc < 0) {
        x->more = NULL;
        call_refuse(call);
        return;
    }
    if (!x->status)
        exchange_begin(call, x->export_csv ? "text/csv; charset=utf-8" : "application/x-ndjson",
                       x->export_headers);
    x->more = x->export_cursor.p && !x->head_only ? go_on : NULL;
    if (x->head_only)
        buf_clear(&x->filling);
    call->rc = x->more ? AIGNE_AGAIN : AIGNE_OK;
    call->state = x->more ? CALL_PAUSE : CALL_END;
    call_news(call);
}

/* The client took all there was. */
static void go_on(struct aigne_call *call)
{
    if (call->state != CALL_PAUSE)
        return;
    if (errand_send(call, &call->hub->verbs, work, piece_came) < 0)
        call_refuse(call);
}

void export_begin(struct aigne_call *call, struct slice arguments, bool csv)
{
    struct exchange *x = exchange_of(call);
    char moment[MOMENT_SIZE];
    moment_write(call->started_ms, moment);
    const struct slice parts[] = {
        SLICE("content-disposition: attachment; filename=\"model-calls-"), slice_of(moment, 10),
        csv ? SLICE(".csv\"\r\n") : SLICE(".jsonl\"\r\n")};
    x->export_headers = arena_join(&call->arena, parts, 3);
    x->export_arguments = arguments;
    x->export_csv = csv;
    if (call->arena.failed)
        fault_nomem(&call->fault);
    if (call->arena.failed || errand_send(call, &call->hub->verbs, work, piece_came) < 0)
        call_refuse(call);
}

void page_usage_export(struct aigne_call *call)
{
    static const char *const names[] = {"user",     "key",    "app",    "model",
                                        "provider", "type",   "since",  "until",
                                        "status",   "search", "format", "requestId"};
    struct exchange *x = exchange_of(call);
    struct buf arguments AUTO(buf_free);
    buf_init(&arguments, ARGUMENTS_LARGEST);
    if (!admin_only(call))
        return;
    struct json_writer w = json_writer(&arguments);
    json_open_object(&w);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct slice value = url_query(&call->arena, x->query, names[i]);
        if (value.p)
            json_member_string(&w, names[i], value);
    }
    json_close_object(&w);
    struct slice kept = arena_copy(&call->arena, buf_slice(&arguments));
    bool csv = !slice_is(url_query(&call->arena, x->query, "format"), "jsonl");
    export_begin(call, buf_rc(&arguments) ? SLICE_NONE : kept, csv);
}
