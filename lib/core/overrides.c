/* Knows what a request says in headers of the hub's own, and who else says how it is carried out; refuses
 * to know what follows from it. */
#include "core/overrides.h"
#include "base/limits.h"
#include "core/exchange.h"
#include "text/http.h"
#include "text/url.h"
#include "text/utf8.h"
#include <aignehub/aignehub.h>

#define MODELS_HEADER   POLICY_HEADER_PREFIX "models"
#define STRATEGY_HEADER POLICY_HEADER_PREFIX "strategy"
#define METADATA_HEADER POLICY_HEADER_PREFIX "metadata"

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

static int read_strategy(struct slice value, struct overrides *o, struct fault *why)
{
    o->has_strategy = strategy_parse(value, &o->strategy);
    return o->has_strategy ? AIGNE_OK : strategy_refuse(value, STRATEGY_HEADER, why);
}

static int read_metadata(struct slice value, struct overrides *o, struct fault *why)
{
    struct json_problem problem;
    if (json_check(value, &problem) < 0 || json_of(value).kind != JSON_OBJECT)
        return fault_field(why, AIGNE_E_REQUEST, METADATA_HEADER,
                           "Header %s must be a JSON object.", METADATA_HEADER);
    o->metadata = value;
    return AIGNE_OK;
}

/* What is not known may be meant for a hub of another version, or behind this one. */
static int read_header(struct aigne_call *call, const struct http_header *h,
                       struct overrides *o)
{
    int rc = AIGNE_OK;
    bool models = slice_is_nocase(h->name, MODELS_HEADER);
    bool strategy = slice_is_nocase(h->name, STRATEGY_HEADER);
    bool metadata = slice_is_nocase(h->name, METADATA_HEADER);
    if (!models && !strategy && !metadata) {
        if (policy_header(h->name, h->value, &o->policy, &rc, &call->fault))
            o->has_policy = true;
        return rc;
    }
    struct slice kept = arena_copy(&call->arena, slice_trim(h->value));
    if (!kept.p)
        return fault_nomem(&call->fault);
    if (models)
        o->models = kept;
    return strategy   ? read_strategy(kept, o, &call->fault)
           : metadata ? read_metadata(kept, o, &call->fault)
                      : AIGNE_OK;
}

static int read_headers(struct aigne_call *call, struct slice headers)
{
    struct http_header h;
    struct overrides *o = arena_alloc(&call->arena, sizeof *o);
    int rc = AIGNE_OK;
    if (!o)
        return fault_nomem(&call->fault);
    policy_init(&o->policy);
    while (rc >= 0 && http_block_next(&headers, &h))
        if (slice_starts_nocase(h.name, POLICY_HEADER_PREFIX))
            rc = read_header(call, &h, o);
    call->overrides = o;
    return rc;
}

/* The headers are wiped when the client is in. */
int overrides_read(struct aigne_call *call)
{
    const struct exchange *x = exchange_of(call);
    note_app(call);
    return x->has_overrides ? read_headers(call, x->headers) : AIGNE_OK;
}

int overrides_send(struct aigne_call *call, struct http_request *out, struct fault *why)
{
    int rc = AIGNE_OK;
    if (call->once.n)
        rc = http_request_header(out, "Idempotency-Key", call->once);
    return rc < 0 || !call->overrides
               ? rc
               : policy_send(&call->overrides->policy, &call->arena, out, why);
}

/* Mostly nobody or one of them says something: then nothing is copied. */
int overrides_settle(struct aigne_call *call)
{
    const struct overrides *o = call->overrides;
    const struct policy *said[] = {
        call->catalog->policy, call->plan.route ? call->plan.route->policy : NULL,
        call->who ? call->who->policy : NULL, o && o->has_policy ? &o->policy : NULL};
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
