/* Knows the verbs about accounts and credits; refuses to know how an account is kept: the store does. */
#include "hub/verb.h"
#include "store/moment.h"
#include <aignehub/aignehub.h>

enum {
    PRIORITY = 100,
    PRIORITY_LARGEST = 1000,
    PAGE = 50,
    PAGE_LARGEST = 1000,
    ID_LARGEST = 64
};

#define DAY_MS ((int64_t)86400000)

struct money_op *verb_money_op(struct verb_call *v, struct slice id, struct slice account)
{
    struct money_op *op = arena_alloc(v->arena, sizeof *op);
    if (op)
        *op = (struct money_op){.id = id,
                                .account = account,
                                .at_ms = v->now_ms,
                                .source = SLICE(""),
                                .note = SLICE(""),
                                .expires_ms = STORE_NEVER,
                                .priority = PRIORITY};
    return op;
}

int credit_starter(struct verb_call *v, const struct store_object *user, int64_t amount)
{
    const struct billing *b = &v->catalog->billing;
    struct slice name = json_string(json_get(json_of(user->body), "name"), v->arena);
    const struct slice parts[] = {SLICE(BILLING_STARTER_ID), verb_hash(v, name)};
    struct slice id = arena_join(v->arena, parts, 2);
    struct money_op *op = verb_money_op(v, id, user->id);
    if (!op || !id.p || v->arena->failed)
        return fault_nomem(v->why);
    op->amount = amount;
    op->source = SLICE("starter");
    if (b->starter_days)
        op->expires_ms = v->now_ms + b->starter_days * DAY_MS;
    return verb_money(v, STORE_GRANT, op);
}

int verb_account(struct verb_call *v, struct slice *out)
{
    const struct store_object *user = NULL;
    struct slice given = SLICE_NONE;
    struct slice team = SLICE_NONE;
    int rc = verb_name(v, "user", &given);
    if (!rc)
        rc = verb_name(v, "team", &team);
    *out = SLICE_NONE;
    if (rc || (!given.p && !team.p))
        return rc;
    if (team.p) {
        rc = team_find(v, team, &user);
        *out = rc ? SLICE_NONE : user->id;
        return rc;
    }
    const struct store_object *key = catalog_object(v->catalog, TABLE_KEY, given);
    rc = key ? AIGNE_OK : user_find(v, given, &user);
    if (!rc)
        *out = key ? key->id : user->id;
    return rc;
}

static int read_expiry(struct verb_call *v, int64_t *out)
{
    struct json given = verb_json(v, "expiresAt");
    *out = STORE_NEVER;
    if (given.kind == JSON_NONE)
        return AIGNE_OK;
    struct slice text = given.kind == JSON_STRING ? json_string(given, v->arena) : given.raw;
    if (v->arena->failed)
        return fault_nomem(v->why);
    if (!moment_parse(text, out) || *out <= v->now_ms)
        return verb_refuse(v, "expiresAt",
                           "Argument \"expiresAt\" must be a time to come: ISO 8601, or "
                           "milliseconds since 1970.");
    return AIGNE_OK;
}

static int read_grant(struct verb_call *v, struct money_op *op)
{
    int64_t priority = PRIORITY;
    struct slice id = SLICE_NONE;
    struct slice note = SLICE_NONE;
    struct slice source = verb_text(v, "source");
    int rc = verb_amount(v, "amount", &op->amount);
    if (!rc && op->amount == 0)
        return verb_refuse(v, "amount", "Argument \"amount\" must be more than 0.");
    if (!rc)
        rc = read_expiry(v, &op->expires_ms);
    if (!rc)
        rc = verb_whole(v, "priority", PRIORITY, PRIORITY_LARGEST, &priority);
    if (!rc)
        rc = verb_name(v, "id", &id);
    if (!rc)
        rc = verb_name(v, "note", &note);
    if (rc)
        return rc;
    if (id.n > ID_LARGEST)
        return verb_refuse(v, "id", "Argument \"id\" must have 1 to %d bytes.", ID_LARGEST);
    op->id = id.p ? id : verb_new_id(v);
    op->source = source.p ? source : SLICE("manual");
    op->note = note.p ? note : SLICE("");
    op->priority = (int)priority;
    return v->arena->failed ? fault_nomem(v->why) : AIGNE_OK;
}

static void reply_grant(struct verb_call *v, const struct money_op *op)
{
    json_open_object(&v->w);
    json_member_string(&v->w, "id", op->id);
    json_member_string(&v->w, "user", op->account);
    json_member_amount(&v->w, "amount", op->amount);
    json_member_string(&v->w, "source", op->source);
    json_member_int(&v->w, "priority", op->priority);
    if (op->expires_ms != STORE_NEVER) {
        moment_member(&v->w, "expiresAt", op->expires_ms);
    }
    json_close_object(&v->w);
}

static int credit_grant(struct verb_call *v)
{
    struct slice account = SLICE_NONE;
    int rc = verb_account(v, &account);
    if (!rc && !account.p)
        return verb_refuse(v, "user", "Say whose account: \"user\" or \"team\".");
    if (rc)
        return rc;
    struct money_op *op = verb_money_op(v, SLICE_NONE, account);
    if (!op)
        return fault_nomem(v->why);
    rc = read_grant(v, op);
    if (!rc)
        rc = verb_money(v, STORE_GRANT, op);
    if (!rc)
        reply_grant(v, op);
    return rc;
}

static int credit_revoke(struct verb_call *v)
{
    struct slice id = SLICE_NONE;
    struct slice note = SLICE_NONE;
    int rc = verb_name(v, "id", &id);
    if (!rc)
        rc = verb_name(v, "note", &note);
    if (rc)
        return rc;
    struct money_op *op = verb_money_op(v, id, SLICE(""));
    if (!op)
        return fault_nomem(v->why);
    op->note = note.p ? note : SLICE("");
    op->whole = verb_flag(v, "spent", false);
    rc = verb_money(v, STORE_REVOKE, op);
    if (rc)
        return rc;
    json_open_object(&v->w);
    json_member_string(&v->w, "id", id);
    json_member_bool(&v->w, "revoked", true);
    json_close_object(&v->w);
    return AIGNE_OK;
}

static int credit_restore(struct verb_call *v)
{
    struct slice id = SLICE_NONE;
    int rc = verb_name(v, "id", &id);
    const struct slice parts[] = {id, SLICE("-restored")};
    struct money_op *op =
        rc ? NULL : verb_money_op(v, arena_join(v->arena, parts, 2), SLICE(""));
    if (!op)
        return rc ? rc : fault_nomem(v->why);
    op->source = id;
    rc = verb_money(v, STORE_RESTORE, op);
    if (rc)
        return rc;
    json_open_object(&v->w);
    json_member_string(&v->w, "id", op->id);
    json_member_bool(&v->w, "restored", true);
    json_close_object(&v->w);
    return AIGNE_OK;
}

static int report(struct verb_call *v, enum money_report what)
{
    struct money_query query = {.report = what, .until_ms = INT64_MAX};
    int rc = verb_account(v, &query.account);
    if (!rc)
        rc = verb_whole(v, "page", 1, INT32_MAX, &query.page);
    if (!rc)
        rc = verb_whole(v, "pageSize", PAGE, PAGE_LARGEST, &query.page_size);
    if (!rc && what == MONEY_TRANSACTIONS)
        rc = verb_moment(v, "since", &query.since_ms);
    if (!rc && what == MONEY_TRANSACTIONS)
        rc = verb_moment(v, "until", &query.until_ms);
    return rc ? rc : v->hub->type->money_list(v->hub->store, &query, v->w.out, v->why);
}

static int account_get(struct verb_call *v)
{
    if (!verb_json(v, "user").raw.p && !verb_json(v, "team").raw.p)
        return verb_refuse(v, "user", "Say whose account: \"user\" or \"team\".");
    return report(v, MONEY_ACCOUNT);
}

static int account_list(struct verb_call *v)
{
    return report(v, MONEY_ACCOUNTS);
}

static int transaction_list(struct verb_call *v)
{
    return report(v, MONEY_TRANSACTIONS);
}

static int adjustment_list(struct verb_call *v)
{
    return report(v, MONEY_ADJUSTMENTS);
}

static int ledger_check(struct verb_call *v)
{
    return report(v, MONEY_CHECK);
}

#define USER_TEXT VERB_TEXT("user", "id or name of the user, or id of a key that is nobody's")
#define TEAM_TEXT VERB_TEXT("team", "id or name of the team, for its account")
#define PAGE_OF   VERB_PAGE, VERB_NUMBER("pageSize", "how many on a page; 50 when absent")

static const struct verb verbs[] = {
    {{"credit.grant",
      VERB_SCHEMA(
          "\"amount\"", USER_TEXT, TEAM_TEXT, VERB_RATE("amount", "how many credits"),
          VERB_CHOICE("source", "\"manual\",\"purchase\",\"promotion\",\"starter\",\"refund\"",
                      "where they come from; manual when absent"),
          VERB_TIME("expiresAt", "when they end; never when absent"),
          VERB_NUMBER("priority", "1 to 1000, smaller ones are used first; 100"),
          VERB_TEXT("note", "why"),
          VERB_TEXT("id", "of your own: what has this id already is not granted again")),
      "Give a user or a team credits."},
     true,
     credit_grant},
    {{"credit.revoke",
      VERB_SCHEMA(
          "\"id\"", VERB_TEXT("id", "of the grant, as account.get shows it"),
          VERB_FLAG("spent", "also what was spent of it: the balance may go below zero"),
          VERB_TEXT("note", "why")),
      "Take back what remains of a grant."},
     true,
     credit_revoke},
    {{"credit.restore",
      VERB_SCHEMA("\"id\"", VERB_TEXT("id", "of a grant that was revoked whole")),
      "Give back what revoking a grant took, as a new grant; once."},
     true,
     credit_restore},
    {{"account.get", VERB_OPTIONAL(USER_TEXT, TEAM_TEXT),
      "Show what a user or team has, what calls under way hold of it, and its grants."},
     false,
     account_get},
    {{"account.list", VERB_OPTIONAL(PAGE_OF), "List the accounts."}, false, account_list},
    {{"transaction.list",
      VERB_OPTIONAL(USER_TEXT, TEAM_TEXT, VERB_TIME("since", "made at or after this time"),
                    VERB_TIME("until", "made before this time"), PAGE_OF),
      "List what changed balances, the newest first."},
     false,
     transaction_list},
    {{"adjustment.list", VERB_OPTIONAL(USER_TEXT, PAGE_OF),
      "List what past calls were found to cost more or less, the newest first."},
     false,
     adjustment_list},
    {{"ledger.check", VERB_NOTHING,
      "Prove that balances, grants, holds and usage rows agree, to the last billionth."},
     false,
     ledger_check}};

const struct verb_table credit_verbs = {verbs, sizeof verbs / sizeof *verbs};
