/* Knows what an attempt told and what follows from it; refuses to know what is done about it. */
#include "core/outcome.h"
#include "base/clock.h"
#include "core/resume.h"
#include "hub/blame.h"

static int pass_event(struct aigne_call *call, const struct event *e)
{
    if (call->attempt.relaying)
        return AIGNE_OK;
    return call->resume ? resume_pass(call, e) : call->outlet->event(call, e);
}

static int tee_push(struct event_sink *self, const struct event *e)
{
    struct aigne_call *call = LIST_OWNER(self, struct aigne_call, tee);
    if (!call->attempt.first_byte_us) /* of who has no network */
        call->attempt.first_byte_us = clock_monotonic_us();
    if (e->kind == EVENT_USAGE) {
        if (!usage_sane(&e->usage))
            return AIGNE_OK;
        usage_merge(&call->usage, &e->usage);
    }
    if (e->kind == EVENT_TEXT || e->kind == EVENT_THOUGHT || e->kind == EVENT_REFUSAL ||
        e->kind == EVENT_TOOL_ARGUMENTS || e->kind == EVENT_JSON)
        estimate_text(&call->seen, e->text.n);
    if (e->kind == EVENT_START && e->text.n)
        call->provider_model = arena_copy(&call->arena, e->text);
    if (e->kind == EVENT_FINISH) {
        if (!e->choice)
            call->finish = e->finish;
        call->finish_seen = true;
    }
    return pass_event(call, e);
}

static int frames_push(struct frame_sink *self, struct slice raw, size_t text)
{
    struct aigne_call *call = LIST_OWNER(self, struct aigne_call, frames);
    estimate_text(&call->seen, call->request.kind == KIND_CHAT ? text : raw.n);
    return call->outlet->frame(call, raw);
}

void outcome_listen(struct aigne_call *call)
{
    call->tee.push = tee_push;
    call->frames.push = frames_push;
}

void outcome_reset(struct aigne_call *call)
{
    fault_clear(&call->fault);
    usage_init(&call->usage);
    call->seen = (struct estimate){0};
    call->finish = FINISH_UNKNOWN;
    call->finish_seen = false;
    call->provider_model = SLICE_NONE;
}

void outcome_explain(struct aigne_call *call, int rc, const struct fault *why)
{
    if (rc >= 0)
        return;
    struct fault *f = &call->fault;
    if (!f->code && why && why->code) {
        f->code = why->code;
        f->http = why->http;
        f->retry_ms = why->retry_ms;
        FAULT_COPY(f->text, slice_text(why->text));
    }
    if (!f->code)
        fault_set(f, rc, "The call failed.");
    FAULT_COPY(f->provider, call->attempt.target.provider);
    FAULT_COPY(f->model, call->attempt.target.model);
    if (!f->request_id[0])
        FAULT_COPY(f->request_id, slice_text(call->attempt.request_id));
}

int outcome_cancelled(struct aigne_call *call)
{
    fault_clear(&call->fault);
    return fault_set(&call->fault, AIGNE_E_CANCELLED, "The call was cancelled.");
}

/* Until the answer began. Who gives up says nothing about who was asked. */
static void end_measuring(struct aigne_call *call, int rc)
{
    const struct attempt *t = &call->attempt;
    int64_t now_us = clock_monotonic_us();
    bool blamed = rc < 0 && blame_of(rc, &call->fault) != BLAME_NOBODY;
    int64_t took_us = -1;
    if (blamed || rc >= 0)
        took_us = (t->first_byte_us && !blamed ? t->first_byte_us : now_us) - t->started_us;
    health_end(call->measured, now_us / 1000, took_us, blamed);
    call->measured = NULL;
}

void outcome_note(struct aigne_call *call, int rc)
{
    if (!call->hub)
        return;
    if (call->measured)
        end_measuring(call, rc);
    const struct route_attempt *tried = call_target(call);
    struct health_provider *p = tried->provider->health;
    struct health_entry *key = tried->credential ? tried->credential->health : NULL;
    int64_t exhausted_ms = rc >= 0 ? call->attempt.exhausted_ms : 0;
    if (key && call->attempt.status / 100 == 2)
        health_answered(key, call->attempt.first_byte_us / 1000);
    if (rc >= 0 && !exhausted_ms && !health_troubled(p))
        return;
    int64_t now_us = clock_monotonic_us();
    struct health_outcome o = {.rc = rc,
                               .why = &call->fault,
                               .started_ms = call->attempt.started_us / 1000,
                               .now_ms = now_us / 1000,
                               .exhausted_ms = exhausted_ms,
                               .chance = (uint32_t)now_us * UINT32_C(2654435761)};
    health_note(p, key, tried->model, &o);
}
