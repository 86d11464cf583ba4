/* Knows what the events of payment providers mean for accounts; refuses to know how they travel. */
#include "hub/payment.h"
#include "base/mem.h"
#include "hub/secret.h"
#include "text/base64.h"
#include "text/sha256.h"
#include <aignehub/aignehub.h>
#include <stdio.h>

enum { SECRETS_LARGEST = 4096 };

static bool same(struct slice a, const char hex[SHA256_HEX_SIZE])
{
    unsigned char difference = a.n != SHA256_HEX_SIZE;
    for (size_t i = 0; i < SHA256_HEX_SIZE && !difference; i++)
        difference |= (unsigned char)(a.p[i] ^ hex[i]);
    return difference == 0;
}

bool payment_signed(struct slice signature, struct slice body, struct slice secret,
                    int64_t now_s)
{
    char hex[SHA256_HEX_SIZE];
    struct buf message AUTO(buf_free);
    struct slice rest = signature;
    struct slice item = SLICE_NONE;
    int64_t at = 0;
    buf_init(&message, body.n + 64);
    bool more = slice_cut(rest, ',', &item, &rest);
    if (!more || !slice_starts(item, "t=") || !slice_int64(slice_from(item, 2), &at) ||
        at < now_s - PAYMENT_TOLERANCE_S || at > now_s + PAYMENT_TOLERANCE_S || !secret.n)
        return false;
    buf_put_slice(&message, slice_from(item, 2));
    buf_put_byte(&message, '.');
    buf_put_slice(&message, body);
    if (buf_rc(&message))
        return false;
    struct sha256 hash = sha256_hmac(secret, buf_slice(&message));
    sha256_hex(&hash, hex);
    while (rest.n) {
        if (!slice_cut(rest, ',', &item, &rest)) {
            item = rest;
            rest = SLICE("");
        }
        if (slice_starts(item, "v1=") && same(slice_from(item, 3), hex))
            return true;
    }
    return false;
}

void payment_close(struct payment_account *p)
{
    buf_wipe_free(&p->secrets);
}

int payment_open(struct hub *h, struct slice provider, struct arena *a,
                 struct payment_account *out, struct fault *why)
{
    char room[IDENTITY_SIZE];
    struct buf envelope AUTO(buf_free);
    struct catalog *c = hub_catalog(h);
    const struct slice parts[] = {SLICE(PAYMENT_ID), provider};
    struct slice id = arena_join(a, parts, 2);
    const struct store_object *kept = id.p ? catalog_object(c, TABLE_CREDENTIAL, id) : NULL;
    buf_init(&envelope, SECRETS_LARGEST);
    *out = (struct payment_account){.credit_price = c->billing.credit_price};
    buf_init(&out->secrets, SECRETS_LARGEST);
    struct json body = kept ? json_of(arena_copy(a, kept->body)) : (struct json){0};
    catalog_drop(c);
    if (!kept) {
        why->http = 404;
        return fault_set(why, AIGNE_E_REQUEST,
                         "There is no such payment provider; see payment.put.");
    }
    bool read = base64_decode(&envelope, json_string(json_get(body, "sealed"), a));
    int rc = read ? hub_open_envelope(h, credential_identity(room, SLICE(PAYMENT_PROVIDER), id),
                                      buf_slice(&envelope), &out->secrets, why)
                  : fault_nomem(why);
    struct json secrets = json_of(buf_slice(&out->secrets));
    out->secret_key = json_string(json_get(secrets, "secretKey"), a);
    out->webhook_secret = json_string(json_get(secrets, "webhookSecret"), a);
    out->url = json_string(json_get(body, "url"), a);
    out->currency = json_string(json_get(body, "currency"), a);
    out->return_url = json_string(json_get(body, "returnUrl"), a);
    return a->failed ? fault_nomem(why) : rc;
}

/* ---- what an event does ---- */

struct event {
    struct hub *hub;
    struct arena *arena;
    struct fault *why;
    struct slice prefix; /* of the payment's id */
};

static struct slice text_of(struct json object, const char *path, struct arena *a)
{
    struct slice text = json_string(json_path(object, path), a);
    return text.p ? text : SLICE("");
}

/* What an event says about a payment; .p NULL and JSON_NONE: nothing. */
struct told {
    struct slice payment;
    struct json who; /* "user" or "team", where it was bought */
    struct slice credits;
    struct json paid;
    struct json refunded;
    struct slice dispute;
    const char *state;
};

static int tell(const struct event *e, const struct told *t)
{
    static const char *const whose[] = {"user", "team"};
    struct buf arguments AUTO(buf_free);
    struct buf reply AUTO(buf_free);
    const struct slice id[] = {e->prefix, t->payment};
    bool bought = t->who.kind == JSON_OBJECT;
    buf_init(&arguments, 65536);
    buf_init(&reply, 65536);
    struct json_writer w = json_writer(&arguments);
    json_open_object(&w);
    json_member_string(&w, "id", arena_join(e->arena, id, 2));
    json_member_string_opt(&w, "credits", t->credits);
    json_member_bool(&w, "bought", bought);
    for (int i = 0; i < 2 && bought; i++)
        json_member_string_opt(&w, whose[i], json_string(json_get(t->who, whose[i]), e->arena));
    json_member_raw_opt(&w, "paid", t->paid.raw);
    json_member_raw_opt(&w, "refunded", t->refunded.raw);
    if (t->state) {
        json_member_string_opt(&w, "dispute", t->dispute.n ? t->dispute : SLICE_NONE);
        json_member_text(&w, "state", t->state);
    }
    json_close_object(&w);
    if (buf_rc(&arguments) || e->arena->failed)
        return fault_nomem(e->why);
    return hub_do_as(e->hub, SLICE("payment"), "payment.note", buf_slice(&arguments), &reply,
                     e->why);
}

/* Who began it may not have heard of its end. */
static int end_topup(const struct event *e, struct json who, struct slice id)
{
    struct buf arguments AUTO(buf_free);
    struct buf reply AUTO(buf_free);
    buf_init(&arguments, 65536);
    buf_init(&reply, 65536);
    struct json_writer w = json_writer(&arguments);
    json_open_object(&w);
    json_member_string_opt(&w, "user", json_string(json_get(who, "user"), e->arena));
    json_member_string_opt(&w, "team", json_string(json_get(who, "team"), e->arena));
    json_member_string(&w, "id", id);
    json_close_object(&w);
    int rc = buf_rc(&arguments) ? fault_nomem(e->why)
                                : hub_do_as(e->hub, SLICE("payment"), "topup.end",
                                            buf_slice(&arguments), &reply, e->why);
    if (e->why->http == 404) /* nothing is bought by itself any more */
        fault_clear(e->why);
    return e->why->code ? rc : AIGNE_OK;
}

static int stripe_event(const struct event *e, struct json body)
{
    struct slice type = text_of(body, "type", e->arena);
    struct json object = json_path(body, "data.object");
    struct json who = json_get(object, "metadata");
    bool intent = slice_is(type, "payment_intent.succeeded");
    struct told told = {.payment = text_of(object, intent ? "id" : "payment_intent", e->arena)};
    struct slice credits = json_string(json_get(who, "credits"), e->arena);
    bool ours = credits.p && told.payment.n;
    bool closed = slice_is(type, "charge.dispute.closed");
    if (intent || slice_is(type, "checkout.session.completed") ||
        slice_is(type, "checkout.session.async_payment_succeeded")) {
        if (!ours || !(intent || slice_is(text_of(object, "payment_status", e->arena), "paid")))
            return AIGNE_OK;
        told.who = who;
        told.credits = credits;
    } else if (slice_is(type, "charge.refunded") && ours) {
        told.credits = credits;
        told.paid = json_get(object, "amount");
        told.refunded = json_get(object, "amount_refunded");
    } else if (told.payment.n && (closed || slice_is(type, "charge.dispute.created"))) {
        told.dispute = text_of(object, "id", e->arena);
        told.state = !closed                                                 ? "open"
                     : slice_is(text_of(object, "status", e->arena), "lost") ? "lost"
                                                                             : "won";
    } else {
        return AIGNE_OK;
    }
    int rc = tell(e, &told);
    struct slice topup = json_string(json_get(who, "topUp"), e->arena);
    return rc || !intent || !topup.p ? rc : end_topup(e, who, topup);
}

static int generic_event(const struct event *e, struct json body)
{
    struct slice type = text_of(body, "type", e->arena);
    struct told told = {.payment = text_of(body, "payment", e->arena)};
    if (slice_is(type, "grant")) {
        told.who = body;
        told.credits = text_of(body, "amount", e->arena);
    } else if (slice_is(type, "revoke") || slice_is(type, "restore")) {
        told.dispute = text_of(body, "dispute", e->arena);
        told.state = slice_is(type, "revoke") ? "open" : "won";
    } else {
        return fault_field(e->why, AIGNE_E_REQUEST, "type",
                           "\"type\" must be grant, revoke or restore.");
    }
    return tell(e, &told);
}

int payment_event(struct hub *h, struct slice provider, struct slice signature,
                  struct slice body, int64_t now_ms, struct fault *why)
{
    struct arena a AUTO(arena_wipe_free);
    struct payment_account account AUTO(payment_close);
    struct json_problem problem;
    arena_init(&a);
    int rc = payment_open(h, provider, &a, &account, why);
    if (rc)
        return rc;
    if (!payment_signed(signature, body, account.webhook_secret, now_ms / 1000)) {
        why->http = 400;
        return fault_set(why, AIGNE_E_AUTH, "The event is not signed as it should be.");
    }
    if (json_check(body, &problem))
        return fault_set(why, AIGNE_E_REQUEST, "The event is not JSON.");
    bool stripe = slice_is(provider, "stripe");
    const struct event e = {h, &a, why, stripe ? SLICE("stripe-") : SLICE("paid-")};
    return stripe ? stripe_event(&e, json_of(body)) : generic_event(&e, json_of(body));
}
