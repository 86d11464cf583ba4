/* Knows how a payment provider's secrets are kept; refuses to know what they are for. */
#include "base/mem.h"
#include "hub/secret.h"
#include <aignehub/aignehub.h>

static struct slice join_secrets(struct verb_call *v)
{
    struct buf json AUTO(buf_wipe_free);
    buf_init(&json, 4096);
    struct json_writer w = json_writer(&json);
    json_open_object(&w);
    json_member_string_opt(&w, "secretKey", verb_text(v, "secretKey"));
    json_member_string_opt(&w, "webhookSecret", verb_text(v, "webhookSecret"));
    json_close_object(&w);
    v->arena->failed = v->arena->failed || buf_rc(&json);
    return v->arena->failed ? SLICE_NONE : arena_copy(v->arena, buf_slice(&json));
}

static int payment_put(struct verb_call *v)
{
    const struct slice parts[] = {SLICE(PAYMENT_ID), verb_text(v, "provider")};
    struct slice id = arena_join(v->arena, parts, 2);
    struct slice secrets = join_secrets(v);
    if (!id.p || !secrets.p)
        return fault_nomem(v->why);
    int rc = secret_same_key(v);
    if (rc)
        return rc;
    struct slice sealed = secret_seal(v, hub_key(v->hub), SLICE(PAYMENT_PROVIDER), id, secrets);
    if (!sealed.p)
        return v->why->code ? v->why->code : fault_nomem(v->why);
    const struct store_object *old = catalog_object(v->catalog, TABLE_CREDENTIAL, id);
    const struct verb_member members[] = {
        {"provider", SLICE("\"" PAYMENT_PROVIDER "\"")},
        {"name", verb_quote(v, parts[1])},
        {"sealed", sealed},
        {"maskedValue", SLICE("\"****\"")},
        {"url", json_get(v->arguments, "url").raw},
        {"currency", json_get(v->arguments, "currency").raw},
        {"returnUrl", json_get(v->arguments, "returnUrl").raw}};
    struct slice body = verb_body(v, old, members, sizeof members / sizeof *members);
    rc = verb_put(v, TABLE_CREDENTIAL, id, body, old ? old->version : STORE_ABSENT);
    if (rc)
        return rc;
    verb_reply(v, id, body);
    json_close_object(&v->w);
    return AIGNE_OK;
}

/* Webhooks tell it, in any order and more than once. */
static int payment_note(struct verb_call *v)
{
    static const char *const states[] = {"open", "lost", "won"};
    struct slice account = SLICE_NONE;
    struct slice id = SLICE_NONE;
    struct slice dispute = SLICE_NONE;
    struct slice state = verb_text(v, "state");
    struct payment_note *note = arena_alloc(v->arena, sizeof *note);
    int rc = note ? verb_account(v, &account) : fault_nomem(v->why);
    if (!rc)
        rc = verb_name(v, "id", &id);
    if (!rc)
        rc = verb_name(v, "dispute", &dispute);
    struct money_op *op = rc ? NULL : verb_money_op(v, id, account.p ? account : SLICE(""));
    if (!op)
        return rc ? rc : fault_nomem(v->why);
    *note = (struct payment_note){.bought = verb_flag(v, "bought", false),
                                  .dispute = dispute.p ? dispute : SLICE("")};
    if (note->bought && !account.p)
        return verb_refuse(v, "user", "Say whose payment it is: \"user\" or \"team\".");
    for (int i = 0; i < 3 && state.p; i++)
        if (slice_is(state, states[i]))
            note->state = DISPUTE_OPEN + (unsigned)i;
    (void)json_int64(verb_json(v, "paid"), &note->paid);
    (void)json_int64(verb_json(v, "refunded"), &note->refunded);
    rc = verb_amount(v, "credits", &op->amount);
    if (!rc && (note->paid < 0 || note->refunded < 0))
        return verb_refuse(v, "refunded", "Nothing paid is less than nothing.");
    op->source = SLICE("purchase");
    op->payment = note;
    if (!rc)
        rc = verb_money(v, STORE_PAYMENT, op);
    json_open_object(&v->w);
    json_member_string(&v->w, "id", id);
    json_close_object(&v->w);
    return rc;
}

static const struct verb verbs[] = {
    {{"payment.note",
      VERB_SCHEMA("\"id\"", VERB_TEXT("id", "the payment's, and its grant's"),
                  VERB_TEXT("user", "id or name of the user whose credits they are"),
                  VERB_TEXT("team", "or of the team"),
                  VERB_AMOUNT("credits", "how many it is for"),
                  VERB_FLAG("bought", "the money is there"),
                  VERB_NUMBER("paid", "how much, in the currency's smallest unit"),
                  VERB_NUMBER("refunded", "how much of it, all in all"),
                  VERB_TEXT("dispute", "the id of one"),
                  VERB_CHOICE("state", "\"open\",\"won\",\"lost\"", "what became of it")),
      "Tell what became of a payment, in any order, as often as you like: its grant follows."},
     true,
     payment_note},
    {{"payment.put",
      VERB_SCHEMA("\"provider\",\"webhookSecret\"",
                  VERB_CHOICE("provider", "\"stripe\",\"generic\"", "who tells of payments"),
                  VERB_TEXT("secretKey", "with which Stripe is asked"),
                  VERB_TEXT("webhookSecret", "with which events are signed"),
                  VERB_TEXT_OR_NULL("url", "where Stripe's API is, when elsewhere"),
                  VERB_TEXT_OR_NULL("currency", "usd when absent"),
                  VERB_TEXT_OR_NULL("returnUrl", "where buyers go behind the purchase")),
      "Let a payment provider grant credits; its secrets are sealed and never shown."},
     true,
     payment_put}};

const struct verb_table payment_verbs = {verbs, sizeof verbs / sizeof *verbs};
