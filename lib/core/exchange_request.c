/* Knows what a client format is given of a request, to read it and to write its answer; refuses to know
 * what comes of it. */
#include "core/exchange.h"

struct ingress_request exchange_request(const struct aigne_call *call)
{
    const struct exchange *x = exchange_of(call);
    return (struct ingress_request){.body = buf_slice(&x->body),
                                    .rest = x->rest,
                                    .query = x->query,
                                    .content_type = x->content_type,
                                    .accept = x->accept,
                                    .headers = x->format_headers};
}

int exchange_prepare(struct aigne_call *call)
{
    struct exchange *x = exchange_of(call);
    x->encoding = (struct encoding){
        .keep = &call->arena,
        .out = &x->filling,
        .call_id = slice_of(call->id, RANDOM_ID_SIZE - 1),
        .model = call->requested,
        .created_s = call->started_ms / 1000,
        .include_usage = call->relay.include_usage,
        .verbatim = call->relay.verbatim,
        .headers = x->format_headers,
    };
    if (x->ingress->state_size) {
        x->encoding.state = arena_alloc(&call->arena, x->ingress->state_size);
        if (!x->encoding.state)
            return fault_nomem(&call->fault);
    }
    x->encoding_open = true;
    return AIGNE_OK;
}
