/* Knows what is written down about an attempt; refuses to know when or where it is written. */
#include "core/record.h"
#include "base/clock.h"
#include "base/code.h"
#include "base/log.h"
#include "base/random.h"
#include "core/bill.h"
#include "hub/meter.h"
#include "provider/adapter.h"
#include "text/base64.h"
#include "text/json_scan.h"
#include <aignehub/aignehub.h>

static struct slice status_of(const struct aigne_call *call, int rc)
{
    if (rc >= 0 && !call->drain)
        return SLICE("success");
    return rc == AIGNE_E_CANCELLED || call->drain ? SLICE("cancelled") : SLICE("error");
}

/* The first row has the call's own id. Ids have no small letters: without random numbers one still sets
 * the later rows apart. */
static int make_id(struct aigne_call *call, size_t at, struct slice *out)
{
    char *id = at ? arena_bytes(&call->arena, RANDOM_ID_SIZE) : call->id;
    if (!id)
        return fault_nomem(&call->fault);
    if (at && random_id(id, call->started_ms) < 0) {
        memcpy(id, call->id, RANDOM_ID_SIZE);
        id[RANDOM_ID_SIZE - 2] = (char)('a' + at);
    }
    *out = slice_of(id, RANDOM_ID_SIZE - 1);
    return AIGNE_OK;
}

/* Few calls need more than one, so there is no room for more before it is needed. */
int record_prepare(struct aigne_call *call, size_t more)
{
    size_t room = call->row_count + more;
    int rc = AIGNE_OK;
    if (!call->hub || room <= call->row_room)
        return AIGNE_OK;
    struct usage_row *rows = arena_array(&call->arena, room, sizeof(*rows));
    if (!rows)
        return fault_nomem(&call->fault);
    if (call->row_room)
        memcpy(rows, call->rows, call->row_room * sizeof(*rows));
    for (size_t i = call->row_room; i < room && rc >= 0; i++)
        rc = make_id(call, i, &rows[i].id);
    if (rc < 0)
        return rc;
    call->rows = rows;
    call->row_room = room;
    return AIGNE_OK;
}

/* A provider's own sentence may quote the prompt, which no record may hold: of what the provider said,
 * only the names of the error are kept. */
static struct slice error_of(struct aigne_call *call, int rc, bool quoted)
{
    if (rc >= 0)
        return SLICE("");
    const struct fault *f = &call->fault;
    struct slice name = slice_text(code_name(rc));
    struct slice ours[] = {name, SLICE(": "), slice_text(f->text)};
    struct slice theirs[] = {name, SLICE(": "), slice_text(f->type), SLICE(" "),
                             slice_text(f->reason)};
    struct slice whole =
        quoted ? arena_join(&call->arena, theirs, 5) : arena_join(&call->arena, ours, 3);
    return whole.p ? slice_trim(whole) : name;
}

static struct slice request_id_of(struct aigne_call *call)
{
    struct slice copy = arena_copy(&call->arena, slice_text(call->attempt.request_id));
    return copy.p ? copy : SLICE("");
}

/* The next attempt will write over it. */
static struct slice dropped_of(struct aigne_call *call)
{
    struct slice names = dropped_names(&call->dropped);
    struct slice copy = names.n ? arena_copy(&call->arena, names) : SLICE("");
    return copy.p ? copy : SLICE("");
}

/* What was asked for stands where the provider does not tell what was given. What was passed on unread is looked
 * into where a price depends on it. */
static void note_service(const struct aigne_call *call, const struct catalog_rate *rate,
                         struct usage *usage)
{
    struct slice asked = call->request_read ? call->request.service_tier : SLICE_NONE;
    if (usage->service >= 0)
        return;
    if (!call->request_read && rate &&
        (rate->prices.tier_count || (rate->costs && rate->costs->tier_count)) &&
        !call->relay.content_type.p) {
        struct json said = json_get(json_of(call->relay.body), "service_tier");
        if (said.kind == JSON_STRING)
            asked = slice_of(said.raw.p + 1, said.raw.n - 2);
    }
    usage->service = usage_service_of(asked);
}

static void charge(struct aigne_call *call, struct usage_row *row)
{
    const struct catalog_rate *rate =
        catalog_rate(call->catalog, row->provider, row->model,
                     slice_text(kind_rate_type(call->request.kind)));
    note_service(call, rate, &row->usage);
    bool known = rate && usage_reported(&row->usage);
    row->charged = known && meter_charge(&row->usage, &rate->prices, rate->type,
                                         row->started_ms, &row->credits);
    row->costed =
        known && rate->costs &&
        meter_charge(&row->usage, rate->costs, rate->type, row->started_ms, &row->cost);
    call->charged = row->charged;
    call->credits = row->credits;
}

/* How long what the caller sent sounds; what cannot be read counts by its size. */
static int64_t length_of_sound(struct aigne_call *call)
{
    int64_t length = 0;
    const struct fault why =
        call->fault; /* of how the call ended, which reading knows nothing of */
    int rc = bill_read(call);
    call->fault = why;
    if (rc < 0 || !call->request_read)
        return estimate_sound(call->relay.body);
    const struct task *task = call->request.task;
    for (size_t i = 0; task && i < task->file_count; i++) {
        const struct task_file *f = &task->files[i];
        length += estimate_sound(
            f->form == TASK_FILE_BASE64 ? base64_bytes(&call->arena, f->content) : f->content);
    }
    return length;
}

/* What was heard is charged by the second where the provider counts nothing. Subtitles end with the last
 * word, which is not the end of the sound. */
static void estimate_hearing(struct aigne_call *call, struct usage_row *row)
{
    const struct attempt *t = &call->attempt;
    bool subtitles = !t->streamed && slice_starts_nocase(t->decoding.media_type, "text/");
    if (usage_reported(&row->usage) && !subtitles)
        return;
    int64_t length = length_of_sound(call);
    if (length > row->usage.milliseconds)
        row->usage.milliseconds = length;
    row->estimated = true;
}

/* How large the request was, also of one that was passed on unread. */
static void measure_again(struct aigne_call *call, struct ceiling *out)
{
    const struct fault why = call->fault; /* of how the call ended */
    (void)bill_read(call);
    call->fault = why;
    bill_measure(call, out);
}

/* Nothing is free because a provider does not count it. */
static void estimate_other(struct aigne_call *call, struct usage_row *row)
{
    const struct usage *u = &row->usage;
    bool counted = u->images >= 0 || u->milliseconds >= 0 || u->characters >= 0;
    struct ceiling asked;
    if (counted || (call->request.kind == KIND_EMBEDDING && usage_prompt(u) > 0))
        return;
    measure_again(call, &asked);
    row->estimated = estimate_task(call->request.kind, &asked, &row->usage);
}

/* Counts that did not come are made up for, when the provider worked for us. */
static void estimate(struct aigne_call *call, int rc, struct usage_row *row)
{
    const struct attempt *t = &call->attempt;
    struct estimate seen = call->seen;
    struct ceiling prompt;
    bool told = rc >= 0 && row->usage.output >= 0 && !t->cut;
    bool works = t->status / 100 == 2 || (rc == AIGNE_E_CANCELLED && t->sent && !t->status);
    bool given_up = (rc == AIGNE_E_CANCELLED || rc == AIGNE_E_TIMEOUT) && works;
    if (call->request.kind == KIND_TRANSCRIPTION && (rc >= 0 || given_up))
        estimate_hearing(call, row);
    else if (rc >= 0 && call->request.kind != KIND_CHAT &&
             call->request.kind != KIND_COUNT_TOKENS)
        estimate_other(call, row);
    if (told || call->request.kind != KIND_CHAT)
        return;
    if (rc >= 0 && t->relaying && !t->streamed)
        estimate_text(&seen, json_texts(buf_slice(&t->body), t->adapter->texts));
    if (!estimate_any(&seen) && !given_up && !t->cut)
        return;
    measure_again(call, &prompt);
    row->estimated = estimate_fill(&seen, &prompt, &row->usage);
}

/* What is known of a call whoever is asked: of one that nobody is asked for, all. */
struct usage_row record_row(const struct aigne_call *call)
{
    return (struct usage_row){
        .call_id = slice_of(call->id, RANDOM_ID_SIZE - 1),
        .started_ms = call->started_ms,
        .streamed = call->streamed,
        .user = call->user,
        .key_id = call->who ? call->who->id : SLICE(""),
        .app = call->app,
        .type = slice_text(kind_name(call->request.kind)),
        .ingress = slice_text(call->ingress),
        .model = call->requested,
        .requested = call->requested,
        .provider = SLICE(""),
        .credential = SLICE(""),
        .error = SLICE(""),
        .request_id = SLICE(""),
        .dropped = SLICE(""),
        .account = SLICE(""),
    };
}

void record_attempt(struct aigne_call *call, int rc, int64_t now_us)
{
    if (!call->hub)
        return;
    const struct route_attempt *planned = call_target(call);
    const struct attempt *t = &call->attempt;
    struct usage_row *row = &call->rows[call->row_count];
    if (t->decoding.usage_refused)
        dropped_note(&call->dropped, "usage");
    const struct slice id = row->id;
    *row = record_row(call);
    row->id = id;
    row->started_ms += (t->started_us - call->started_us) / 1000;
    row->dropped = dropped_of(call);
    row->model = planned->model;
    row->provider = planned->provider->name;
    if (planned->credential)
        row->credential = planned->credential->id;
    row->status = status_of(call, rc);
    row->error = error_of(call, rc, call->fault.upstream || rc == AIGNE_E_UPSTREAM);
    row->http_status = t->status ? t->status : call->fault.http;
    row->attempt = (int)call->attempt_number;
    row->usage = call->usage;
    row->duration_us = now_us - t->started_us;
    row->first_byte_us = t->first_byte_us ? t->first_byte_us - t->started_us : -1;
    row->request_id = request_id_of(call);
    estimate(call, rc, row);
    charge(call, row);
    call->row_count++;
    log_line(LOG_INFO, "call", "%s %.*s/%.*s %.*s, http %d, %lld ms", call->id,
             (int)row->provider.n, row->provider.p, (int)row->model.n, row->model.p,
             (int)row->status.n, row->status.p, row->http_status,
             (long long)(row->duration_us / 1000));
}

/* The row of a call that nobody was asked for. NULL: no memory. */
static struct usage_row *record_unasked(struct aigne_call *call,
                                        const struct usage_row *planned, struct slice status)
{
    if (record_prepare(call, 1) < 0)
        return NULL;
    struct usage_row *row = &call->rows[call->row_count++];
    const struct slice id = row->id;
    *row = *planned;
    row->id = id;
    row->status = status;
    row->duration_us = clock_monotonic_us() - call->started_us;
    row->first_byte_us = -1;
    usage_init(&row->usage);
    return row;
}

int record_recalled(struct aigne_call *call, struct slice provider, struct slice model)
{
    struct usage_row answered = record_row(call);
    answered.model = arena_copy(&call->arena, model);
    answered.provider = arena_copy(&call->arena, provider);
    bool noted = !call->arena.failed && record_unasked(call, &answered, SLICE("cached"));
    return noted ? AIGNE_OK : fault_nomem(&call->fault);
}

void record_refusal(struct aigne_call *call, const struct usage_row *planned)
{
    const struct fault why = call->fault;
    struct usage_row *row = record_unasked(call, planned, SLICE("refused"));
    call->fault = why;
    if (!row)
        return;
    row->error = error_of(call, why.code, false);
    row->http_status = fault_status(&why);
}
