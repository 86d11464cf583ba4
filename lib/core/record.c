/* Knows what is written down about an attempt; refuses to know when or where it is written. */
#include "core/record.h"
#include "base/code.h"
#include "base/random.h"
#include "hub/meter.h"

static struct slice status_of(int rc)
{
    if (rc >= 0)
        return SLICE("success");
    return rc == AIGNE_E_CANCELLED ? SLICE("cancelled") : SLICE("error");
}

static struct slice error_of(struct aigne_call *call, int rc)
{
    if (rc >= 0)
        return SLICE("");
    struct slice parts[] = {slice_text(code_name(rc)), SLICE(": "),
                            slice_text(call->fault.text)};
    return arena_join(&call->arena, parts, 3);
}

static struct slice row_id(struct aigne_call *call)
{
    if (call->attempt_number == 1)
        return slice_of(call->id, RANDOM_ID_SIZE - 1);
    char *id = arena_alloc(&call->arena, RANDOM_ID_SIZE);
    if (!id || random_id(id, call->started_ms) < 0)
        return SLICE_NONE;
    return slice_of(id, RANDOM_ID_SIZE - 1);
}

static void charge(struct aigne_call *call, struct usage_row *row)
{
    const struct catalog_rate *rate =
        catalog_rate(call->catalog, row->provider, row->model, row->type);
    row->charged =
        rate && usage_reported(&row->usage) && meter_charge(&row->usage, rate, &row->credits);
    call->charged = row->charged;
    call->credits = row->credits;
}

int record_attempt(struct aigne_call *call, int rc, int64_t now_us)
{
    if (!call->hub)
        return AIGNE_OK;
    const struct route_attempt *planned = &call->plan.attempts[call->attempt_number - 1];
    const struct attempt *t = &call->attempt;
    struct usage_row *row = &call->rows[call->row_count];
    *row = (struct usage_row){
        .id = row_id(call),
        .call_id = slice_of(call->id, RANDOM_ID_SIZE - 1),
        .started_ms = call->started_ms + (t->started_us - call->started_us) / 1000,
        .user = call->user,
        .key_id = call->who ? call->who->id : SLICE(""),
        .app = call->app,
        .type = SLICE("chat"),
        .ingress = slice_text(call->ingress),
        .model = planned->model,
        .requested = call->requested,
        .provider = planned->provider->name,
        .credential = planned->credential ? planned->credential->id : SLICE(""),
        .status = status_of(rc),
        .error = error_of(call, rc),
        .http_status = t->status ? t->status : call->fault.http,
        .attempt = (int)call->attempt_number,
        .streamed = call->streamed,
        .usage = call->usage,
        .duration_us = now_us - t->started_us,
        .first_byte_us = t->first_byte_us ? t->first_byte_us - t->started_us : -1,
        .request_id = arena_copy(&call->arena, slice_text(t->request_id)),
    };
    if (call->arena.failed)
        return fault_nomem(&call->fault);
    charge(call, row);
    call->row_count++;
    return AIGNE_OK;
}
