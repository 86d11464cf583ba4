/* Knows how an answer becomes an HTTP head and body; refuses to know sockets, paths or providers. */
#include "core/exchange.h"
#include "base/limits.h"
#include "base/mem.h"
#include "core/bill.h"
#include "core/explain.h"
#include "core/hold.h"
#include "core/keep_alive.h"
#include "core/limit_headers.h"
#include "core/naming.h"
#include "core/notes.h"
#include "core/recall.h"
#include "provider/wire.h"
#include "text/http.h"

struct exchange *exchange_of(const struct aigne_call *call)
{
    return call->outlet_state;
}

/* ---- heads ---- */

/* For those between us and the client. */
#define UNBUFFERED "cache-control: no-cache\r\nx-accel-buffering: no\r\n"

#define HEAD_USUAL 320 /* bytes: one allocation for all of it */

static void put_line(struct buf *head, const char *name, struct slice value)
{
    buf_put_text(head, name);
    buf_put_slice(head, value);
    BUF_LITERAL(head, "\r\n");
}

static void put_head(struct aigne_call *call, int status, struct slice content_type)
{
    struct exchange *x = exchange_of(call);
    x->status = status;
    buf_clear(&x->head);
    buf_reserve(&x->head, HEAD_USUAL);
    if (content_type.n) {
        BUF_LITERAL(&x->head, "content-type: ");
        buf_put_slice(&x->head, content_type);
        BUF_LITERAL(&x->head, "\r\n");
    }
    if (x->from_page || !slice_is(x->method, "POST")) /* what was got may be kept for others */
        BUF_LITERAL(&x->head, "access-control-allow-origin: *\r\n");
    BUF_LITERAL(&x->head, "x-request-id: ");
    buf_put(&x->head, call->id, RANDOM_ID_SIZE - 1);
    BUF_LITERAL(&x->head, "\r\n");
    if (x->ingress->request_id) {
        buf_put_text(&x->head, x->ingress->request_id);
        BUF_LITERAL(&x->head, ": ");
        buf_put(&x->head, call->id, RANDOM_ID_SIZE - 1);
        BUF_LITERAL(&x->head, "\r\n");
    }
    limit_headers_put(call, &x->head);
    buf_put_slice(&x->head, x->more_headers);
    naming_put_dropped(&x->head, x->ingress, &call->dropped);
    struct slice warning = call->bill ? bill_warning(call) : SLICE_NONE;
    if (warning.n)
        put_line(&x->head, "x-aigne-hub-budget: ", warning);
    if (call->policy)
        explain_header(call, &x->head);
}

/* What the answer is: relayed, as the provider says; else as the format says, which may depend on what is
 * in it. */
static struct slice media_type(const struct aigne_call *call)
{
    const struct exchange *x = exchange_of(call);
    const struct ingress *in = x->ingress;
    bool as_it_came = call->attempt.relaying && !(call->streamed && in->frame);
    if (as_it_came && call->attempt.decoding.media_type.n)
        return call->attempt.decoding.media_type;
    if (!call->attempt.relaying && x->encoding.media_type.n)
        return x->encoding.media_type;
    return slice_text(call->streamed ? in->content_type_stream : in->content_type_plain);
}

/* The body is whole: HEAD is told its length and nothing more, and 204 has none. */
static void put_length(struct exchange *x)
{
    if (x->status != 204) {
        BUF_LITERAL(&x->head, "content-length: ");
        buf_put_int(&x->head, (int64_t)x->filling.n);
        BUF_LITERAL(&x->head, "\r\n");
    }
    if (x->head_only && buf_rc(&x->filling) >= 0)
        buf_clear(&x->filling);
}

static void begin(struct aigne_call *call, struct slice type)
{
    put_head(call, 200, type);
    BUF_LITERAL(&exchange_of(call)->head, UNBUFFERED);
}

void exchange_begin_stream(struct aigne_call *call)
{
    if (!exchange_of(call)->status)
        begin(call, media_type(call));
}

void exchange_begin_early(struct aigne_call *call)
{
    if (!exchange_of(call)->status)
        begin(call, slice_text(exchange_of(call)->ingress->content_type_plain));
}

void exchange_begin(struct aigne_call *call, const char *type, struct slice headers)
{
    begin(call, slice_text(type));
    buf_put_slice(&exchange_of(call)->head, headers);
}

/* The client has read the head: nothing can be changed about it any more. */
static bool has_begun(const struct aigne_call *call)
{
    const struct exchange *x = exchange_of(call);
    return x->status && (x->head_taken || (call->streamed && call->delivered));
}

/* ---- the answer of a provider ---- */

static struct buf *destination(struct aigne_call *call)
{
    struct exchange *x = exchange_of(call);
    return call->finish_seen || call->holding ? &x->held : &x->filling;
}

static int checked(struct aigne_call *call, int rc)
{
    struct exchange *x = exchange_of(call);
    if (rc >= 0)
        rc = buf_rc(&x->filling) < 0 ? buf_rc(&x->filling) : buf_rc(&x->held);
    if (rc >= 0)
        rc = buf_rc(&x->head);
    if (rc == AIGNE_E_NOMEM && !call->fault.code)
        fault_nomem(&call->fault);
    else if (rc < 0 && !call->fault.code)
        fault_set(&call->fault, rc == AIGNE_E_REQUEST ? AIGNE_E_PROTOCOL : rc,
                  "The provider's answer cannot be told in the format that was asked for.");
    return rc < 0 ? call->fault.code : rc;
}

static int hold_start(struct aigne_call *call, const struct event *e)
{
    struct exchange *x = exchange_of(call);
    x->start = *e;
    x->start.text = e->text.n ? arena_copy(&call->arena, e->text) : SLICE_NONE;
    x->start.id = arena_copy(&call->arena, e->id);
    x->start_held = true;
    return call->arena.failed ? fault_nomem(&call->fault) : AIGNE_OK;
}

static int write_event(struct aigne_call *call, const struct event *e)
{
    struct exchange *x = exchange_of(call);
    int rc = AIGNE_OK;
    x->encoding.out = destination(call);
    if (x->start_held || e->kind == EVENT_FINISH) /* it may be another's then */
        x->encoding.model = call_model(call);
    if (x->start_held) {
        x->start_held = false;
        rc = x->ingress->event(&x->encoding, &x->start);
    }
    return rc < 0 ? rc : x->ingress->event(&x->encoding, e);
}

/* What was written goes on its way, unless it is kept back until it is whole. */
static int hand_out(struct aigne_call *call, int rc)
{
    if (call->holding)
        hold_look(call, exchange_of(call)->held.n);
    if (!call->holding) {
        exchange_begin_stream(call);
        call->delivered = true;
        call_news(call);
    }
    return checked(call, rc);
}

/* Usage is told once, at the end, when it is complete. */
static int take_event(struct aigne_call *call, const struct event *e)
{
    struct exchange *x = exchange_of(call);
    if (!call->streamed)
        return checked(call, event_push(&x->reply.sink, e));
    if (e->kind == EVENT_START)
        return hold_start(call, e);
    if (e->kind == EVENT_USAGE)
        return AIGNE_OK;
    return hand_out(call, write_event(call, e));
}

/* What only opens the answer waits for more: until then another one may still be asked. */
static int take_frame(struct aigne_call *call, struct slice raw)
{
    struct exchange *x = exchange_of(call);
    int rc = AIGNE_OK;
    if (!call->attempt.told && !call->delivered && !x->ingress->frame) {
        buf_put_slice(&x->held, raw);
        return checked(call, rc);
    }
    if (!call->delivered && !call->holding)
        hold_pass_on(x);
    x->encoding.out = destination(call);
    if (x->ingress->frame)
        rc = x->ingress->frame(&x->encoding, raw);
    else
        buf_put_slice(x->encoding.out, raw);
    return hand_out(call, rc);
}

static bool is_full(const struct aigne_call *call)
{
    const struct exchange *x = exchange_of(call);
    return !call->detached && x->filling.n + x->reading.n > LIMIT_QUEUED_BYTES;
}

static void restart(struct aigne_call *call)
{
    struct exchange *x = exchange_of(call);
    reply_free(&x->reply);
    reply_init(&x->reply, &call->arena);
    buf_clear(&x->held);
    x->start_held = false;
    if (call->holding)
        hold_forget(call);
}

static int read_request(struct aigne_call *call)
{
    struct exchange *x = exchange_of(call);
    struct ingress_request in = exchange_request(call);
    enum chat_kind kind = call->request.kind;
    int rc = x->ingress->decode(&in, &call->arena, &call->request, &call->fault);
    if (rc >= 0 && kind == KIND_CHAT && !x->ingress->several)
        rc = wire_refuse_choices(&call->request, &call->fault);
    call->request.kind = kind;
    call->request.stream = call->streamed;
    x->encoding.request = &call->request;
    x->encoding.wants_json = call->request.format == CHAT_FORMAT_SCHEMA;
    return rc;
}

/* ---- ends ---- */

/* A format whose clients may be sent signs of life takes comments. */
static void put_comment(struct aigne_call *call)
{
    struct exchange *x = exchange_of(call);
    if (call->policy && x->ingress->keep_alive && !call->relay.verbatim &&
        strcmp(x->ingress->content_type_stream, "text/event-stream") == 0)
        explain_comment(call, &x->filling);
}

static int finish_stream(struct aigne_call *call)
{
    struct exchange *x = exchange_of(call);
    int rc = AIGNE_OK;
    exchange_begin_stream(call);
    if (!call->attempt.relaying) {
        struct reply_notes notes = call_notes(call);
        struct event usage = {.kind = EVENT_USAGE, .usage = call->usage};
        call->finish_seen = true;
        rc = write_event(call, &usage);
        if (rc >= 0)
            rc = x->ingress->end(&x->encoding, &notes);
    } else if (x->ingress->frames_end) {
        x->encoding.out = &x->held;
        rc = x->ingress->frames_end(&x->encoding);
    }
    put_comment(call);
    hold_pass_on(x);
    return rc;
}

static int finish_plain(struct aigne_call *call)
{
    struct exchange *x = exchange_of(call);
    int rc = AIGNE_OK;
    if (call->attempt.relaying) {
        buf_free(&x->filling);
        x->filling = call->attempt.body;
        buf_init(&call->attempt.body, LIMIT_REPLY_BODY);
    } else {
        struct reply_notes notes = call_notes(call);
        x->encoding.out = &x->filling;
        x->encoding.model = call_model(call);
        rc = x->ingress->whole(&x->encoding, &x->reply, &notes);
    }
    if (has_begun(call))
        return rc;
    put_head(call, 200, media_type(call));
    put_length(x);
    return rc;
}

static void put_error_headers(struct exchange *x, const struct fault *why)
{
    if (why->retry_ms >= 0) {
        BUF_LITERAL(&x->head, "retry-after: ");
        buf_put_int(&x->head, (why->retry_ms + 999) / 1000);
        BUF_LITERAL(&x->head, "\r\n");
    }
    /* Vendors' clients repeat a 429 by themselves, which no budget is mended by. */
    if (why->code == AIGNE_E_CREDIT && !why->upstream)
        BUF_LITERAL(&x->head, "x-should-retry: false\r\n");
    if (why->request_id[0])
        put_line(&x->head, "x-upstream-request-id: ", slice_text(why->request_id));
    if (x->allow)
        put_line(&x->head, "allow: ", slice_text(x->allow));
}

/* Before the head was read an error is a status and a body; after it, an event inside the stream. Behind the
 * white space of a plain answer the body is told too, but no client looks for an error under status 200: the
 * answer then breaks off, which none takes for a good end. */
static void fail(struct aigne_call *call)
{
    struct exchange *x = exchange_of(call);
    bool begun = has_begun(call);
    bool in_stream = begun && call->streamed;
    keep_alive_end(call);
    if (call->holding)
        hold_forget(call);
    if (in_stream && call->relay.verbatim)
        return; /* only that the answer breaks off can be told: nothing may stand between its bytes */
    if (!in_stream)
        buf_clear(&x->filling);
    if (!begun) {
        put_head(call, fault_status(&call->fault), slice_text(x->ingress->content_type_plain));
        put_error_headers(x, &call->fault);
    }
    FAULT_COPY(call->fault.call_id, slice_of(call->id, RANDOM_ID_SIZE - 1));
    naming_fault(&call->fault, x->ingress);
    int rc = AIGNE_OK;
    if (in_stream)
        put_comment(call);
    if (in_stream && x->ingress->broken && (!call->attempt.relaying || x->ingress->frame)) {
        x->encoding.out = &x->filling;
        rc = x->ingress->broken(&x->encoding, &call->fault);
    } else {
        x->ingress->error(&call->fault, in_stream, &x->filling);
    }
    if (!begun)
        put_length(x);
    bool written = rc >= 0 && buf_rc(&x->filling) >= 0 && buf_rc(&x->head) >= 0;
    if (!written)
        call->rc = AIGNE_E_NOMEM;
    else if (!begun || in_stream)
        call->rc = AIGNE_OK;
}

static void finish(struct aigne_call *call)
{
    const struct exchange *x = exchange_of(call);
    keep_alive_end(call);
    if (x->replayed)
        return;
    int rc = checked(call, call->streamed ? finish_stream(call) : finish_plain(call));
    if (rc < 0) {
        call->rc = rc;
        fail(call);
    }
}

static void free_exchange(struct aigne_call *call)
{
    struct exchange *x = exchange_of(call);
    overload_leave(call);
    keep_alive_end(call);
    if (x->encoding_open && x->ingress->close)
        x->ingress->close(&x->encoding);
    exchange_forget_headers(x);
    if (x->confidential) {
        buf_wipe_free(&x->body);
        buf_wipe_free(&x->filling);
        buf_wipe_free(&x->reading);
    }
    reply_free(&x->reply);
    buf_free(&x->body);
    buf_free(&x->head);
    buf_free(&x->filling);
    buf_free(&x->reading);
    buf_free(&x->held);
}

static void replay(struct aigne_call *call, struct slice type, struct slice body)
{
    struct exchange *x = exchange_of(call);
    buf_put_slice(&x->filling, body);
    x->replayed = true;
    if (has_begun(call))
        return;
    put_head(call, 200, type);
    if (call->streamed)
        BUF_LITERAL(&x->head, UNBUFFERED);
    else
        put_length(x);
}

/* White space may stand before a plain one, which kept its client waiting. */
static struct slice keep(struct aigne_call *call, struct buf *body, struct slice *type)
{
    const struct exchange *x = exchange_of(call);
    bool good = !call->fault.code && x->status == 200;
    buf_put_slice(body, buf_slice(&x->filling));
    *type = http_block_get(buf_slice(&x->head), "content-type");
    return !good ? SLICE_NONE : call->streamed ? buf_slice(body) : slice_trim(buf_slice(body));
}

static const struct outlet exchange_outlet = {
    .state_size = sizeof(struct exchange),
    .read_request = read_request,
    .planned = hold_plan,
    .event = take_event,
    .frame = take_frame,
    .full = is_full,
    .restart = restart,
    .finish = finish,
    .fail = fail,
    .free = free_exchange,
    .release = hold_let_go,
    .keep = keep,
    .replay = replay,
};

/* ---- its life ---- */

bool exchange_is(const struct aigne_call *call)
{
    return call->outlet == &exchange_outlet;
}

struct aigne_call *exchange_new(struct aigne_hub *h, struct aigne_loop *loop)
{
    struct aigne_call *call = call_new(&exchange_outlet, loop, NULL);
    if (!call)
        return NULL;
    struct exchange *x = exchange_of(call);
    buf_init(&x->body, h->body_limit);
    buf_init(&x->head, LIMIT_HEADERS);
    buf_init(&x->filling, LIMIT_REPLY_BODY * 2);
    buf_init(&x->reading, LIMIT_REPLY_BODY * 2);
    buf_init(&x->held, LIMIT_REPLY_BODY * 2);
    reply_init(&x->reply, &call->arena);
    call_use_hub(call, h);
    return call;
}

void exchange_answer(struct aigne_call *call, int status, const char *type, struct buf *body)
{
    struct exchange *x = exchange_of(call);
    if (buf_rc(body) < 0) {
        fault_nomem(&call->fault);
        call_refuse(call);
        return;
    }
    if (x->confidential)
        buf_wipe_free(&x->filling);
    buf_free(&x->filling);
    x->filling = *body;
    buf_init(body, body->ceiling);
    put_head(call, status, slice_text(type));
    put_length(x);
    call->rc = AIGNE_OK;
    call->state = CALL_END;
    call_news(call);
}

bool exchange_take(struct aigne_call *call, struct aigne_event *out)
{
    struct exchange *x = exchange_of(call);
    if (!x->status)
        return false;
    if (!x->head_taken) {
        x->head_taken = true;
        keep_alive_seen(call);
        *out = (struct aigne_event){AIGNE_EV_HEAD, x->status, x->head.p, x->head.n};
        return true;
    }
    buf_clear(&x->reading);
    if (x->more && call->state == CALL_ERRAND) /* the next piece is being written */
        return false;
    if (x->filling.n == 0) {
        if (x->more)
            x->more(call);
        return false;
    }
    struct buf used = x->reading;
    x->reading = x->filling;
    x->filling = used;
    if (call->recall)
        recall_note(call, buf_slice(&x->reading));
    keep_alive_seen(call);
    *out = (struct aigne_event){AIGNE_EV_BYTES, 0, x->reading.p, x->reading.n};
    return true;
}
