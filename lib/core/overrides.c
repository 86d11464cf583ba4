/* Knows what a request says in headers of the hub's own, and who else says how it is carried out; refuses
 * to know what follows from it. */
#include "core/overrides.h"
#include "base/limits.h"
#include "core/exchange.h"
#include "text/http.h"
#include "text/url.h"
#include "text/utf8.h"
#include <aignehub/aignehub.h>

/* It is written into the books and handed on in a header. */
static bool is_plain_text(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7F)
            return false;
    return utf8_valid(s);
}

static void note_app(struct aigne_call *call)
{
    struct exchange *x = exchange_of(call);
    struct slice app = slice_trim(x->client_did);
    struct slice decoded = url_decode(&call->arena, app);
    if (decoded.n && decoded.n <= LIMIT_MODEL_NAME && is_plain_text(decoded))
        call->app = arena_copy(&call->arena, decoded);
    else if (call->who)
        call->app = call->who->id;
}

static int read_policy(struct aigne_call *call, struct slice headers)
{
    struct http_header h;
    struct overrides *o = arena_alloc(&call->arena, sizeof *o);
    int rc = AIGNE_OK;
    if (!o)
        return fault_nomem(&call->fault);
    policy_init(&o->policy);
    while (rc >= 0 && http_block_next(&headers, &h))
        if (slice_starts_nocase(h.name, POLICY_HEADER_PREFIX))
            (void)policy_header(h.name, h.value, &o->policy, &rc, &call->fault);
    call->overrides = o;
    return rc;
}

/* The headers are wiped when the client is in. */
int overrides_read(struct aigne_call *call)
{
    const struct exchange *x = exchange_of(call);
    note_app(call);
    return x->has_overrides ? read_policy(call, x->headers) : AIGNE_OK;
}

/* Mostly nobody or one of them says something: then nothing is copied. */
int overrides_settle(struct aigne_call *call)
{
    const struct policy *said[] = {call->catalog->policy, call->who ? call->who->policy : NULL,
                                   call->overrides ? &call->overrides->policy : NULL};
    struct policy *merged = NULL;
    call->policy = NULL;
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        if (!said[i])
            continue;
        if (call->policy && !merged) {
            merged = arena_alloc(&call->arena, sizeof *merged);
            if (!merged)
                return fault_nomem(&call->fault);
            *merged = *call->policy;
            call->policy = merged;
        }
        if (merged)
            policy_merge(merged, said[i]);
        else
            call->policy = said[i];
    }
    return AIGNE_OK;
}
