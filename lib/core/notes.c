/* Knows what the hub adds to an answer; refuses to know how a format writes it. */
#include "core/notes.h"

static struct slice model_with_provider(struct aigne_call *call)
{
    struct slice parts[] = {call->attempt.target.provider, SLICE("/"),
                            call->attempt.target.model};
    return arena_join(&call->arena, parts, 3);
}

struct slice call_model(struct aigne_call *call)
{
    struct slice asked = call->requested;
    struct slice whole = model_with_provider(call);
    bool same = slice_eq(asked, call->attempt.target.model) ||
                (asked.n >= whole.n && slice_eq(slice_from(asked, asked.n - whole.n), whole));
    return same ? asked : whole;
}

struct reply_notes call_notes(struct aigne_call *call)
{
    struct reply_notes notes = {.kind = call->request.kind,
                                .wants_json = call->request.format == CHAT_FORMAT_SCHEMA};
    if (!call->hub)
        return notes;
    notes.call_id = slice_of(call->id, RANDOM_ID_SIZE - 1);
    notes.model_with_provider = model_with_provider(call);
    notes.charged = call->charged;
    notes.credits = call->credits;
    notes.credit_prefix = call->catalog->billing.credit_prefix;
    return notes;
}
