/* Knows when a request is one that was made before; refuses to know how an answer is made or written. */
#include "core/recall.h"
#include "base/clock.h"
#include "base/mem.h"
#include "core/exchange.h"
#include "core/overrides.h"
#include "core/record.h"
#include "hub/policy.h"
#include "text/json_canonical.h"
#include <aignehub/aignehub.h>

#define KEEP_BY_KEY_MS     ((int64_t)86400000)
#define KEEP_BY_CONTENT_MS ((int64_t)3600000)
#define LARGEST_ANSWER     ((size_t)32 * 1024 * 1024)
#define LARGEST_STORED     ((size_t)4 * 1024 * 1024)
#define MOST_STORED        ((int64_t)1024 * 1024 * 1024)
enum { KEY_LONGEST = 255, TIDY_EVERY = 64 };

enum recall_by { BY_KEY, BY_CONTENT, BY_BYTES };
enum recall_state { ASKING, MAKING, DONE };

struct recall {
    struct aigne_call *call;
    enum recall_by by;
    enum recall_state state;
    int64_t keep_ms;
    struct sha256 key;
    struct sha256 request; /* all of it, where the key does not say it */
    struct kept_waiter waiter;
    struct net_job woken;
    struct kept_answer *stored;
    struct buf body;
};

/* On its way to the store; its own memory, because it outlives the call. */
struct storing {
    struct ledger_entry entry;
    struct answer_op answer;
    struct sha256 key;
    struct buf sealed;
};

/* ---- what is asked for ---- */

/* Whose answers these are: nobody is given those of others. */
static struct slice tenant_of(const struct aigne_call *call)
{
    return call->user.n || !call->who ? call->user : call->who->id;
}

static struct slice body_of(const struct aigne_call *call)
{
    return exchange_is(call) ? buf_slice(&exchange_of(call)->body) : call->relay.body;
}

/* All that an answer depends on. */
static struct sha256 hash_of(const struct aigne_call *call, const char *why,
                             struct slice content)
{
    static const size_t one = 1; /* a library's events are kept as this machine has numbers */
    const struct exchange *x = exchange_is(call) ? exchange_of(call) : NULL;
    const struct slice models = call->overrides ? call->overrides->models : SLICE_NONE;
    const struct slice parts[] = {slice_text(why),
                                  tenant_of(call),
                                  slice_text(call->ingress),
                                  x ? x->rest : call->requested,
                                  x ? x->query : slice_of("stream", call->streamed ? 6 : 0),
                                  x ? x->format_headers
                                    : slice_of((const char *)&one, sizeof one),
                                  models,
                                  content};
    enum { PARTS = sizeof parts / sizeof *parts };
    struct slice pieces[2 * PARTS];
    for (size_t i = 0; i < PARTS; i++) {
        pieces[2 * i] = parts[i];
        pieces[2 * i + 1] = slice_of("", 1); /* where one ends */
    }
    return sha256_of(pieces, sizeof pieces / sizeof *pieces);
}

/* A form is put together anew with each repetition, between other borders. */
static bool is_form(const struct aigne_call *call)
{
    return exchange_is(call) &&
           slice_starts_nocase(exchange_of(call)->content_type, "multipart/");
}

/* Who asks, and what for the provider keeps or counts it, does not change the answer. */
static int content_of(struct aigne_call *call, struct buf *out)
{
    static const char *const aside[] = {"user", "metadata", "safety_identifier",
                                        "prompt_cache_key", NULL};
    if (is_form(call))
        buf_put_slice(out, body_of(call));
    else
        json_canonical(json_of(body_of(call)), aside, &call->arena, out);
    return buf_rc(out) || call->arena.failed ? fault_nomem(&call->fault) : AIGNE_OK;
}

static int by_key(struct aigne_call *call, struct recall *r)
{
    const struct slice end = slice_of("", 1);
    const struct slice parts[] = {SLICE("key"), end, tenant_of(call), end, call->once};
    if (call->once.n > KEY_LONGEST)
        return fault_field(&call->fault, AIGNE_E_REQUEST, "Idempotency-Key",
                           "The Idempotency-Key is longer than %d characters.", KEY_LONGEST);
    r->by = BY_KEY;
    r->key = sha256_of(parts, sizeof parts / sizeof *parts);
    r->request = hash_of(call, "request", is_form(call) ? SLICE("") : body_of(call));
    r->keep_ms = POLICY_OR(call->policy, idempotency_time, KEEP_BY_KEY_MS);
    return AIGNE_OK;
}

static int by_content(struct aigne_call *call, struct recall *r)
{
    struct buf content AUTO(buf_free);
    buf_init(&content, SIZE_MAX / 2);
    int rc = content_of(call, &content);
    if (rc < 0)
        return rc;
    r->by = BY_CONTENT;
    r->key = hash_of(call, "content", buf_slice(&content));
    r->keep_ms = POLICY_OR(call->policy, cache_time, KEEP_BY_CONTENT_MS);
    if (exchange_is(call))
        exchange_of(call)->more_headers = SLICE("x-aigne-hub-cache: miss\r\n");
    return AIGNE_OK;
}

static int by_bytes(struct aigne_call *call, struct recall *r)
{
    r->by = BY_BYTES;
    r->key = hash_of(call, "bytes", body_of(call));
    r->keep_ms = POLICY_OR(call->policy, repeat_window, 0);
    return AIGNE_OK;
}

static void on_woken(struct net_job *self);
static void wake(struct kept_waiter *self);

int recall_plan(struct aigne_call *call)
{
    int (*const ways[])(struct aigne_call *, struct recall *) = {by_key, by_content, by_bytes};
    if (!call->hub || !call->outlet->keep || (exchange_is(call) && !call->who) || call->recall)
        return AIGNE_OK;
    size_t way = call->once.n                                ? BY_KEY
                 : POLICY_OR(call->policy, cache, 0)         ? BY_CONTENT
                 : POLICY_OR(call->policy, repeat_window, 0) ? BY_BYTES
                                                             : SIZE_MAX;
    if (way == SIZE_MAX || call->relay.verbatim)
        return AIGNE_OK;
    struct recall *r = arena_alloc(&call->arena, sizeof *r);
    if (!r)
        return fault_nomem(&call->fault);
    r->call = call;
    r->waiter.wake = wake;
    r->woken.run = on_woken;
    list_init(&r->waiter.link);
    buf_init(&r->body, LARGEST_ANSWER);
    int rc = ways[way](call, r);
    if (rc >= 0)
        call->recall = r;
    return rc;
}

/* ---- asking ---- */

static void on_woken(struct net_job *self)
{
    struct aigne_call *call = LIST_OWNER(self, struct recall, woken)->call;
    if (!call_unwanted(call)) {
        call_go_on(call);
        return;
    }
    fault_set(&call->fault, AIGNE_E_CANCELLED, "The call was cancelled.");
    call_refuse(call);
}

static void wake(struct kept_waiter *self)
{
    struct recall *r = LIST_OWNER(self, struct recall, waiter);
    loop_post(r->call->loop, &r->woken);
}

static int give_again(struct aigne_call *call, const struct kept_answer *k)
{
    struct recall *r = call->recall;
    r->state = DONE;
    if (r->by == BY_KEY && memcmp(&k->request, &r->request, sizeof k->request) != 0) {
        call->fault.http = 422;
        return fault_field(&call->fault, AIGNE_E_REQUEST, "Idempotency-Key",
                           "This Idempotency-Key was used for another request: send a new "
                           "one, or the same request.");
    }
    const struct slice parts[] = {r->by == BY_CONTENT ? SLICE("x-aigne-hub-cache: hit\r\n")
                                                      : SLICE("idempotent-replayed: true\r\n"),
                                  SLICE("x-aigne-hub-answer-of: "), k->call_id, SLICE("\r\n")};
    if (exchange_is(call))
        exchange_of(call)->more_headers =
            arena_join(&call->arena, parts, sizeof parts / sizeof *parts);
    call->outlet->replay(call, k->type, k->body);
    int rc = r->by == BY_CONTENT ? record_recalled(call, k->provider, k->model) : AIGNE_OK;
    return rc < 0 || call->arena.failed ? fault_nomem(&call->fault) : AIGNE_OK;
}

static enum recall_step answered(struct aigne_call *call, struct kept_answer *k)
{
    int rc = give_again(call, k);
    kept_answer_drop(k);
    return rc < 0 ? RECALL_FAILED : RECALL_ANSWERED;
}

static void look_in_store(struct aigne_call *call)
{
    struct recall *r = call->recall;
    struct fault why;
    struct buf found AUTO(buf_wipe_free);
    buf_init(&found, LARGEST_STORED * 2);
    fault_clear(&why);
    /* What cannot be read is made again: an answer is worth more than a saved one. */
    int rc =
        hub_find_answer(call->hub->hub, sha256_slice(&r->key), clock_wall_ms(), &found, &why);
    if (rc >= 0 && found.n)
        r->stored = kept_answer_read(buf_slice(&found));
}

static void looked(struct aigne_call *call)
{
    call->state = CALL_RECALL;
    call_go_on(call);
}

static enum recall_step make(struct aigne_call *call)
{
    struct recall *r = call->recall;
    r->state = MAKING;
    if (r->by == BY_BYTES || !hub_keeps_answers(call->hub->hub))
        return RECALL_MAKE;
    return errand_send(call, &call->hub->desk, look_in_store, looked) < 0 ? RECALL_FAILED
                                                                          : RECALL_WAIT;
}

static enum recall_step found_in_store(struct aigne_call *call)
{
    struct recall *r = call->recall;
    struct kept_answer *k = r->stored;
    if (!k)
        return RECALL_MAKE;
    r->stored = NULL;
    kept_answers_settle(&call->hub->answers, &r->key, k);
    return answered(call, k);
}

enum recall_step recall_ask(struct aigne_call *call)
{
    struct recall *r = call->recall;
    struct kept_answer *k = r->waiter.answer;
    r->waiter.answer = NULL;
    if (r->state == MAKING)
        return found_in_store(call);
    if (k)
        return answered(call, k);
    loop_expect(call->loop); /* it may be woken before this returns */
    enum kept_state state =
        kept_answers_ask(&call->hub->answers, &r->key, call->started_ms, &r->waiter, &k);
    if (state == KEPT_MAKING)
        return RECALL_WAIT;
    loop_drop(call->loop);
    if (state == KEPT_THERE)
        return answered(call, k);
    if (state == KEPT_NONE)
        return make(call);
    fault_nomem(&call->fault);
    return RECALL_FAILED;
}

bool recall_leave(struct aigne_call *call)
{
    if (!kept_answers_leave(&call->hub->answers, &call->recall->waiter))
        return false;
    loop_drop(call->loop);
    return true;
}

/* ---- making ---- */

void recall_note(struct aigne_call *call, struct slice bytes)
{
    if (call->recall->state == MAKING)
        buf_put_slice(&call->recall->body, bytes);
}

void recall_forget(struct aigne_call *call)
{
    buf_clear(&call->recall->body);
}

bool recall_outlives(const struct aigne_call *call)
{
    const struct recall *r = call->recall;
    return r && r->state == MAKING && r->by != BY_CONTENT && call->state < CALL_SETTLE &&
           exchange_is(call);
}

static void stored(struct ledger_entry *self)
{
    struct storing *s = LIST_OWNER(self, struct storing, entry);
    buf_free(&s->sealed);
    mem_free(s);
}

/* Behind the answer's record and without waiting for it: what is lost here is made again. */
static void store(struct aigne_call *call, const struct kept_answer *k)
{
    struct hub *h = call->hub->hub;
    const struct recall *r = call->recall;
    struct fault why;
    struct buf bytes AUTO(buf_wipe_free);
    buf_init(&bytes, LARGEST_STORED);
    kept_answer_write(k, &bytes);
    struct storing *s = buf_rc(&bytes) ? NULL : mem_alloc_zero(sizeof *s);
    if (!s)
        return;
    s->key = r->key;
    buf_init(&s->sealed, LARGEST_STORED * 2);
    fault_clear(&why);
    if (hub_seal_answer(h, sha256_slice(&s->key), buf_slice(&bytes), &s->sealed, &why) < 0) {
        stored(&s->entry);
        return;
    }
    s->answer = (struct answer_op){.key = sha256_slice(&s->key),
                                   .sealed = buf_slice(&s->sealed),
                                   .at_ms = k->made_ms,
                                   .until_ms = k->until_ms,
                                   .most_bytes = MOST_STORED,
                                   .tidy = r->key.bytes[0] % TIDY_EVERY == 0};
    s->entry = (struct ledger_entry){.answer = &s->answer, .done = stored};
    hub_record(h, &s->entry);
}

static struct kept_answer *answer_of(struct aigne_call *call)
{
    struct recall *r = call->recall;
    const struct route_attempt *target = call_target(call);
    struct slice type = SLICE_NONE;
    struct slice body = call->outlet->keep(call, &r->body, &type);
    if (!body.p || buf_rc(&r->body))
        return NULL;
    int64_t now_ms = clock_wall_ms();
    struct kept_answer k = {.made_ms = now_ms,
                            .until_ms = now_ms + r->keep_ms,
                            .request = r->request,
                            .type = type,
                            .call_id = slice_of(call->id, RANDOM_ID_SIZE - 1),
                            .provider = target->provider->name,
                            .model = target->model,
                            .body = body};
    return kept_answer_new(&k);
}

void recall_end(struct aigne_call *call, bool good)
{
    struct recall *r = call->recall;
    if (r->state == MAKING) {
        struct kept_answer *k = good && call->outlet->keep ? answer_of(call) : NULL;
        r->state = DONE;
        kept_answers_settle(&call->hub->answers, &r->key, k);
        if (k && r->by != BY_BYTES && hub_keeps_answers(call->hub->hub))
            store(call, k);
        kept_answer_drop(k);
    }
    kept_answer_drop(r->stored);
    kept_answer_drop(r->waiter.answer);
    r->stored = r->waiter.answer = NULL;
    buf_wipe_free(&r->body);
}
