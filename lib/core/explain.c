/* Knows how the way of a call is told to who asks for it; refuses to know why it went that way. */
#include "core/explain.h"
#include "base/clock.h"
#include "base/mem.h"
#include "hub/policy.h"
#include "text/json_write.h"

/* A line of this length goes through every proxy. */
#define LINE_LARGEST 4096

static bool is_wanted(const struct aigne_call *call)
{
    return call->policy && POLICY_OR(call->policy, explain, 0) == 1;
}

static void open_target(struct json_writer *w, struct slice provider, struct slice model)
{
    json_open_object(w);
    json_member_string(w, "provider", provider);
    json_member_string(w, "model", model);
}

static void write_made(struct json_writer *w, const struct usage_row *row)
{
    open_target(w, row->provider, row->model);
    json_member_string(w, "result", row->status);
    if (row->http_status)
        json_member_int(w, "http", row->http_status);
    if (row->error.n)
        json_member_string(w, "error", row->error);
    json_member_int(w, "ms", row->duration_us / 1000);
    json_close_object(w);
}

/* The attempt that is under way has no row yet. */
static void write_running(struct json_writer *w, const struct aigne_call *call, int64_t now_us)
{
    const struct route_attempt *t = call_target(call);
    open_target(w, t->provider->name, t->model);
    json_member_text(w, "result", "asked");
    json_member_int(w, "ms", (now_us - call->attempt.started_us) / 1000);
    json_close_object(w);
}

static void write_left(struct json_writer *w, const struct route_attempt *t)
{
    static const char *const conditions[] = {[HEALTH_READY] = "not asked",
                                             [HEALTH_PACED] = "not asked: cooling",
                                             [HEALTH_OPEN] = "not asked: open",
                                             [HEALTH_DISABLED] = "not asked: disabled"};
    open_target(w, t->provider->name, t->model);
    json_member_text(w, "result", conditions[t->health.condition]);
    json_close_object(w);
}

static void write_skipped(struct json_writer *w, const struct route_skip *skip)
{
    json_open_object(w);
    json_member_string(w, "target", skip->target);
    json_member_text(w, "result", "skipped");
    json_member_string(w, "error", skip->reason);
    json_close_object(w);
}

static void write_json(const struct aigne_call *call, struct buf *out)
{
    int64_t now_us = clock_monotonic_us();
    struct json_writer w = json_writer(out);
    bool running = call->attempt_number > call->row_count;
    json_open_object(&w);
    json_member_string(&w, "requested", call->requested);
    json_member_int(&w, "ms", (now_us - call->started_us) / 1000);
    json_key(&w, "targets");
    json_open_array(&w);
    for (size_t i = 0; i < call->row_count; i++)
        write_made(&w, &call->rows[i]);
    if (running)
        write_running(&w, call, now_us);
    for (size_t i = call->attempt_number ? call->target + 1 : 0; i < call->plan.count; i++)
        write_left(&w, &call->plan.attempts[i]);
    for (size_t i = 0; i < call->plan.skip_count; i++)
        write_skipped(&w, &call->plan.skips[i]);
    json_close_array(&w);
    json_close_object(&w);
}

static void put_line(const struct aigne_call *call, struct buf *out, const char *before,
                     const char *after)
{
    if (!is_wanted(call))
        return;
    struct buf json AUTO(buf_free);
    buf_init(&json, LINE_LARGEST);
    write_json(call, &json);
    if (buf_rc(&json) < 0) /* it is not worth failing for */
        return;
    buf_put_text(out, before);
    buf_put_slice(out, buf_slice(&json));
    buf_put_text(out, after);
}

void explain_header(const struct aigne_call *call, struct buf *head)
{
    put_line(call, head, "x-aigne-hub-explain: ", "\r\n");
}

void explain_comment(const struct aigne_call *call, struct buf *stream)
{
    put_line(call, stream, ": explain ", "\n\n");
}

static bool is_worth_keeping(const struct aigne_call *call)
{
    bool failed = call->row_count > 1 || (call->rc < 0 && call->rc != AIGNE_E_CANCELLED);
    bool had_choice = call->plan.count + call->plan.skip_count > 1;
    return call->row_count && (is_wanted(call) || (failed && had_choice));
}

void explain_record(struct aigne_call *call)
{
    struct buf json AUTO(buf_free);
    buf_init(&json, LINE_LARGEST);
    if (!is_worth_keeping(call))
        return;
    write_json(call, &json);
    if (buf_rc(&json) >= 0) /* as above */
        call->rows[call->row_count - 1].explained = arena_copy(&call->arena, buf_slice(&json));
}
