/* Knows when an account's credits are to be bought anew, and that each purchase is begun once and within its limit;
 * refuses to know how it is paid. */
#include "base/mem.h"
#include "hub/billing.h"
#include "hub/verb.h"
#include "store/moment.h"
#include <aignehub/aignehub.h>

/* A purchase whose end nobody heard of is asked for again under its own id, as long as that is known there. */
enum { BUSY_MS = 5000, KNOWN_MS = 20 * 3600000, REST_MS = 3600000, MONTH_SIZE = 7 };

static int find(struct verb_call *v, const struct store_object **out)
{
    struct slice account = SLICE_NONE;
    int rc = verb_account(v, &account);
    if (rc)
        return rc;
    *out = account.p ? catalog_object(v->catalog, TABLE_TOPUP, account) : NULL;
    return *out ? AIGNE_OK : verb_missing(v, "top-up", account.p ? account : SLICE(""));
}

static int not_now(struct verb_call *v, const char *why)
{
    v->why->http = 409;
    return fault_set(v->why, AIGNE_E_REQUEST, "Not now: %s.", why);
}

static int topup_put(struct verb_call *v)
{
    static const char *const amounts[] = {"below", "amount", "monthly"};
    struct slice account = SLICE_NONE;
    struct slice said[3];
    int rc = verb_account(v, &account);
    if (!rc && !account.p)
        return verb_refuse(v, "user", "Say whose account: \"user\" or \"team\".");
    const struct store_object *old =
        rc ? NULL : catalog_object(v->catalog, TABLE_TOPUP, account);
    if (old && json_get(json_of(old->body), "pending").kind == JSON_STRING)
        return not_now(v, "a purchase is under way, which is asked for by what was put before");
    for (int i = 0; i < 3 && !rc; i++) {
        rc = verb_amount_json(v, amounts[i], &said[i]);
        if (!rc && !old && !said[i].p)
            return verb_refuse(v, amounts[i], "A new top-up needs \"%s\".", amounts[i]);
    }
    if (rc)
        return rc;
    const struct verb_member members[] = {
        {amounts[0], said[0]},
        {amounts[1], said[1]},
        {amounts[2], said[2]},
        {"customer", json_get(v->arguments, "customer").raw},
        {"paymentMethod", json_get(v->arguments, "paymentMethod").raw}};
    struct slice body = verb_body(v, old, members, sizeof members / sizeof *members);
    rc = verb_put(v, TABLE_TOPUP, account, body, old ? old->version : STORE_ABSENT);
    if (rc)
        return rc;
    verb_reply(v, account, body);
    json_close_object(&v->w);
    return AIGNE_OK;
}

static int topup_list(struct verb_call *v)
{
    return verb_list(v, TABLE_TOPUP, NULL, NULL);
}

static int topup_delete(struct verb_call *v)
{
    return verb_remove(v, find);
}

/* ---- one purchase ---- */

static int64_t amount_of(struct verb_call *v, struct json object, const char *name)
{
    int64_t amount = 0;
    struct slice text = json_string(json_get(object, name), v->arena);
    bool owed = text.n && *text.p == '-';
    (void)billing_amount(owed ? slice_from(text, 1) : text, &amount);
    return owed ? -amount : amount;
}

static int64_t moment_of(struct json body, const char *name)
{
    int64_t ms = 0;
    (void)json_int64(json_get(body, name), &ms);
    return ms;
}

static int ask_free(struct verb_call *v, struct slice account, int64_t *out)
{
    struct buf told AUTO(buf_free);
    const struct money_query query = {
        .report = MONEY_ACCOUNT, .account = account, .page = 1, .page_size = 1};
    buf_init(&told, (size_t)16 * 1024 * 1024);
    int rc = v->hub->type->money_list(v->hub->store, &query, &told, v->why);
    struct json state = json_of(buf_slice(&told));
    *out = amount_of(v, state, "balance") - amount_of(v, state, "held");
    return rc;
}

static int reply_purchase(struct verb_call *v, struct json body, struct slice id)
{
    static const char *const told[] = {"amount", "customer", "paymentMethod"};
    json_open_object(&v->w);
    json_member_string(&v->w, "id", id);
    for (int i = 0; i < 3; i++)
        json_member_raw_opt(&v->w, told[i], json_get(body, told[i]).raw);
    json_close_object(&v->w);
    return AIGNE_OK;
}

/* What is under way, what was refused lately and what was spent this month are part of the object: who begins has
 * changed it, and nobody else can at the same time. */
static int topup_begin(struct verb_call *v)
{
    const struct store_object *object = NULL;
    char month[MOMENT_SIZE];
    int64_t free = 0;
    int rc = find(v, &object);
    if (!rc)
        rc = ask_free(v, object->id, &free);
    if (rc)
        return rc;
    struct json body = json_of(object->body);
    struct slice pending = json_string(json_get(body, "pending"), v->arena);
    int64_t begun = v->now_ms - moment_of(body, "startedAt");
    int64_t amount = amount_of(v, body, "amount");
    moment_write(v->now_ms, month);
    struct slice this_month = slice_of(month, MONTH_SIZE);
    bool same = slice_eq(json_string(json_get(body, "month"), v->arena), this_month);
    int64_t used = (same ? amount_of(v, body, "used") : 0) + amount;
    if (free >= amount_of(v, body, "below") || amount <= 0)
        return not_now(v, "the account has enough");
    if (pending.n)
        return begun < BUSY_MS ? not_now(v, "some are being bought")
               : begun > KNOWN_MS
                   ? not_now(v,
                             "nobody knows what became of the last purchase; look at it, then "
                             "delete the top-up and put it again")
                   : reply_purchase(v, body, pending);
    if (v->now_ms - moment_of(body, "failedAt") < REST_MS)
        return not_now(v, "the payment was refused less than an hour ago");
    if (used > amount_of(v, body, "monthly"))
        return not_now(v, "that would be more than is allowed in a month");
    struct slice id = verb_new_id(v);
    struct buf sum AUTO(buf_free);
    buf_init(&sum, 64);
    decimal_write(&sum, used, DECIMAL_AMOUNT_DIGITS);
    const struct verb_member members[] = {{"pending", verb_quote(v, id)},
                                          {"startedAt", verb_number(v, v->now_ms)},
                                          {"month", verb_quote(v, this_month)},
                                          {"used", verb_quote(v, buf_slice(&sum))}};
    struct slice changed = verb_body(v, object, members, sizeof members / sizeof *members);
    rc = verb_put(v, TABLE_TOPUP, object->id, changed, object->version);
    return rc ? rc : reply_purchase(v, body, id);
}

static int topup_end(struct verb_call *v)
{
    const struct store_object *object = NULL;
    struct slice id = verb_text(v, "id");
    int rc = find(v, &object);
    if (rc)
        return rc;
    struct json body = json_of(object->body);
    bool paid = verb_flag(v, "paid", true);
    bool ours = slice_eq(json_string(json_get(body, "pending"), v->arena), id);
    struct buf sum AUTO(buf_free);
    buf_init(&sum, 64);
    decimal_write(&sum, amount_of(v, body, "used") - amount_of(v, body, "amount"),
                  DECIMAL_AMOUNT_DIGITS);
    const struct verb_member members[] = {
        {"pending", SLICE("null")},
        {"failedAt", paid ? SLICE("null") : verb_number(v, v->now_ms)},
        {"used", paid ? SLICE_NONE : verb_quote(v, buf_slice(&sum))}};
    json_open_object(&v->w);
    json_member_bool(&v->w, "ended", ours);
    json_close_object(&v->w);
    return ours ? verb_put(v, TABLE_TOPUP, object->id,
                           verb_body(v, object, members, sizeof members / sizeof *members),
                           object->version)
                : AIGNE_OK;
}

#define WHOSE                                                                                  \
    VERB_TEXT("user", "id or name of the user whose account it is"),                           \
        VERB_TEXT("team", "or of the team")

static const struct verb verbs[] = {
    {{"topup.put",
      VERB_OPTIONAL(WHOSE, VERB_AMOUNT("below", "buy when less than this is free"),
                    VERB_AMOUNT("amount", "how many credits"),
                    VERB_AMOUNT("monthly", "buy no more than this in a month (UTC)"),
                    VERB_TEXT("customer", "as Stripe calls who pays: cus_..."),
                    VERB_TEXT("paymentMethod", "with what: pm_...")),
      "Let credits be bought by themselves when an account runs low."},
     true,
     topup_put},
    {{"topup.list", VERB_OPTIONAL(VERB_PAGE, VERB_PAGE_SIZE), "List the top-ups."},
     false,
     topup_list},
    {{"topup.delete", VERB_OPTIONAL(WHOSE), "Buy no more credits for an account."},
     true,
     topup_delete},
    {{"topup.begin", VERB_OPTIONAL(WHOSE),
      "Claim the purchase that is due; 409: none is. For who pays in Stripe's stead."},
     true,
     topup_begin},
    {{"topup.end",
      VERB_SCHEMA("\"id\"", WHOSE, VERB_TEXT("id", "the purchase's, as topup.begin told"),
                  VERB_FLAG("paid", "false: it was refused, and none is tried for an hour")),
      "Say what became of a purchase; what was paid is told by payment.note."},
     true,
     topup_end}};

const struct verb_table topup_verbs = {verbs, sizeof verbs / sizeof *verbs};
