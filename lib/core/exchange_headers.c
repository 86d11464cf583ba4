/* Knows what is looked for in a request's headers and what of them outlives them; refuses to know what follows
 * from it. */
#include "base/limits.h"
#include "base/mem.h"
#include "core/exchange.h"
#include "hub/policy.h"
#include "text/http.h"

/* One pass for all that is asked of the headers; the first of a name counts. */
void exchange_read_headers(struct exchange *x)
{
    struct slice rest = x->headers;
    struct http_header h;
    x->content_length = -1;
    while (http_block_next(&rest, &h)) {
        if (presented_key_take(&x->key, &h))
            continue;
        if (!x->content_type.p && slice_is_nocase(h.name, "content-type"))
            x->content_type = h.value;
        else if (!x->accept.p && slice_is_nocase(h.name, "accept"))
            x->accept = h.value;
        else if (!x->client_did.p && slice_is_nocase(h.name, "x-aigne-hub-client-did"))
            x->client_did = h.value;
        else if (!x->idempotency_key.p && slice_is_nocase(h.name, "idempotency-key"))
            x->idempotency_key = h.value;
        else if (slice_starts_nocase(h.name, POLICY_HEADER_PREFIX))
            x->has_overrides = true;
        else if (slice_is_nocase(h.name, "origin"))
            x->from_page = true;
        else if (x->content_length < 0 && slice_is_nocase(h.name, "content-length") &&
                 !slice_int64(slice_trim(h.value), &x->content_length))
            x->content_length = -1;
    }
}

static bool is_named(const char *const *names, struct slice name)
{
    while (*names && !slice_is_nocase(name, *names))
        names++;
    return *names != NULL;
}

/* The headers that the client's format asks for outlive the others. */
static void keep_format_headers(struct aigne_call *call)
{
    struct exchange *x = exchange_of(call);
    struct slice rest = x->headers;
    struct http_header h;
    struct buf block AUTO(buf_free);
    buf_init(&block, LIMIT_HEADERS);
    while (http_block_next(&rest, &h)) {
        if (!is_named(x->ingress->headers, h.name))
            continue;
        buf_put_slice(&block, h.name);
        BUF_LITERAL(&block, ": ");
        buf_put_slice(&block, h.value);
        BUF_LITERAL(&block, "\r\n");
    }
    if (block.n)
        x->format_headers = arena_copy(&call->arena, buf_slice(&block));
}

void exchange_keep_headers(struct aigne_call *call)
{
    struct exchange *x = exchange_of(call);
    if (x->ingress->headers)
        keep_format_headers(call);
    x->content_type = arena_copy(&call->arena, x->content_type);
    x->accept = arena_copy(&call->arena, x->accept);
    if (x->idempotency_key.p)
        call->once = arena_copy(&call->arena, x->idempotency_key);
}

void exchange_forget_headers(struct exchange *x)
{
    presented_key_forget(&x->key);
    if (x->header_bytes)
        mem_wipe(x->header_bytes, x->headers.n);
    x->header_bytes = NULL;
    x->headers = SLICE("");
}
