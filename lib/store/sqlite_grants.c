/* Knows how grants come, are used, expire and are taken back; refuses to know who wants it. */
#include "store/sqlite_money.h"
#include "store/sqlite_store.h"
#include <aignehub/aignehub.h>
#include <sqlite3.h>

/* Grants are used from the first to the last; so many are looked at in one go. */
enum { GRANTS_AT_ONCE = 16 };

static const char writing[] = "The account could not be written";

int money_add_transaction(struct money_book *b, const struct money_account *a, const char *kind,
                          int64_t amount, const struct money_op *about)
{
    struct sqlite3_stmt *add = b->statements[MONEY_ADD_TRANSACTION];
    sqlite_bind(add, 1, a->id);
    sqlite_bind(add, 2, slice_text(kind));
    sqlite3_bind_int64(add, 3, amount);
    sqlite3_bind_int64(add, 4, a->balance);
    sqlite_bind(add, 5, about->id);
    sqlite_bind(add, 6, about->note);
    sqlite3_bind_int64(add, 7, about->at_ms);
    return sqlite_run(add);
}

/* ---- what is used of them ---- */

static int take_from_grant(struct money_book *b, int64_t place, int64_t amount, int64_t lapsed)
{
    struct sqlite3_stmt *set = b->statements[MONEY_SET_GRANT];
    sqlite3_bind_int64(set, 1, place);
    sqlite3_bind_int64(set, 2, amount);
    sqlite3_bind_int64(set, 3, lapsed);
    return sqlite_run(set);
}

struct usable_grant {
    int64_t place;
    int64_t remaining;
    int64_t expires_ms;
};

/* The grants that are used next: the change of a row would confuse a search that is under way. */
static int read_usable(struct money_book *b, struct slice account,
                       struct usable_grant grants[GRANTS_AT_ONCE], int *count)
{
    struct sqlite3_stmt *read = b->statements[MONEY_USABLE_GRANTS];
    int rc = SQLITE_ROW;
    sqlite_bind(read, 1, account);
    for (*count = 0; *count < GRANTS_AT_ONCE && (rc = sqlite3_step(read)) == SQLITE_ROW;
         (*count)++)
        grants[*count] =
            (struct usable_grant){sqlite3_column_int64(read, 0), sqlite3_column_int64(read, 1),
                                  sqlite3_column_int64(read, 2)};
    int end = sqlite3_reset(read);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? end : rc;
}

int money_take_owed(struct money_book *b, struct money_account *a)
{
    struct usable_grant grants[GRANTS_AT_ONCE];
    int count = GRANTS_AT_ONCE;
    while (a->owed > 0 && count == GRANTS_AT_ONCE) {
        int rc = read_usable(b, a->id, grants, &count);
        for (int i = 0; i < count && !rc && a->owed > 0; i++) {
            int64_t part = grants[i].remaining < a->owed ? grants[i].remaining : a->owed;
            rc = take_from_grant(b, grants[i].place, part, 0);
            a->owed -= part;
            if (part == grants[i].remaining && grants[i].expires_ms != STORE_NEVER)
                a->expiry_stale = true;
        }
        if (rc)
            return rc;
    }
    a->owed = 0;
    return SQLITE_OK;
}

int money_next_expiry(struct money_book *b, struct money_account *a)
{
    struct sqlite3_stmt *find = b->statements[MONEY_NEXT_EXPIRY];
    sqlite_bind(find, 1, a->id);
    int rc = sqlite3_step(find);
    bool none = rc != SQLITE_ROW || sqlite3_column_type(find, 0) == SQLITE_NULL;
    a->next_expiry_ms = none ? STORE_NEVER : sqlite3_column_int64(find, 0);
    a->expiry_stale = false;
    int end = sqlite3_reset(find);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? end : rc;
}

/* ---- what expires ---- */

struct due_grant {
    int64_t place;
    int64_t remaining;
    struct slice id;
};

static int read_due(struct money_book *b, struct slice account, int64_t now_ms,
                    struct due_grant *out)
{
    struct sqlite3_stmt *read = b->statements[MONEY_DUE_GRANTS];
    sqlite_bind(read, 1, account);
    sqlite3_bind_int64(read, 2, now_ms);
    out->remaining = 0;
    int rc = sqlite3_step(read);
    if (rc == SQLITE_ROW)
        *out = (struct due_grant){sqlite3_column_int64(read, 0), sqlite3_column_int64(read, 1),
                                  arena_copy(&b->texts, sqlite_text(read, 2))};
    int end = sqlite3_reset(read);
    if (rc == SQLITE_ROW && !out->id.p)
        return SQLITE_NOMEM;
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? end : rc;
}

static int expire_due(struct money_book *b, struct money_account *a, int64_t now_ms)
{
    int rc = money_take_owed(b, a);
    while (!rc && a->balance > a->held) {
        struct due_grant due;
        rc = read_due(b, a->id, now_ms, &due);
        if (rc || due.remaining == 0)
            break;
        int64_t free = a->balance - a->held;
        int64_t part = due.remaining < free ? due.remaining : free;
        const struct money_op about = {.id = due.id, .note = SLICE(""), .at_ms = now_ms};
        a->balance -= part;
        a->expired += part;
        a->changed = true;
        a->expiry_stale = true;
        rc = take_from_grant(b, due.place, part, part);
        if (!rc)
            rc = money_add_transaction(b, a, "expiry", -part, &about);
    }
    return rc ? rc : a->expiry_stale ? money_next_expiry(b, a) : SQLITE_OK;
}

int money_expire(struct money_book *b, struct slice account, int64_t now_ms)
{
    struct money_account *a = NULL;
    int rc = money_account_find(b, account, &a);
    return rc || a->next_expiry_ms > now_ms ? rc : expire_due(b, a, now_ms);
}

/* ---- grants made and taken back ---- */

static int refuse(struct fault *why, int http, const char *text)
{
    if (why)
        why->http = http;
    return fault_set(why, AIGNE_E_REQUEST, "%s", text);
}

static int add_grant(struct money_book *b, const struct money_op *op, int64_t remaining)
{
    struct sqlite3_stmt *add = b->statements[MONEY_ADD_GRANT];
    const struct slice texts[] = {op->id, op->account, op->source, op->note};
    const int64_t numbers[] = {op->amount, remaining, op->priority, op->at_ms, op->expires_ms};
    for (int i = 0; i < 4; i++)
        sqlite_bind(add, 1 + i, texts[i]);
    for (int i = 0; i < 5; i++)
        sqlite3_bind_int64(add, 5 + i, numbers[i]);
    return sqlite_run(add);
}

static int change_by_grant(struct money_book *b, struct money_account *a,
                           const struct money_op *op)
{
    int64_t debt = a->balance < 0 ? -a->balance : 0;
    int rc = add_grant(b, op, op->amount > debt ? op->amount - debt : 0);
    if (rc || sqlite3_changes(b->db) == 0 ||
        op->amount == 0) /* it was made before, or is a mark */
        return rc;
    a->balance += op->amount;
    a->granted += op->amount;
    a->changed = true;
    if (op->expires_ms < a->next_expiry_ms)
        a->next_expiry_ms = op->expires_ms;
    return money_add_transaction(b, a, "grant", op->amount, op);
}

int money_grant(struct money_book *b, const struct money_op *op, struct fault *why)
{
    struct money_account *a = NULL;
    int64_t sum = 0;
    int rc = money_account_find(b, op->account, &a);
    if (!rc)
        rc = money_take_owed(b, a);
    if (!rc && __builtin_add_overflow(a->granted, op->amount, &sum))
        return refuse(why, 400, "All that the account was ever granted would be too much.");
    if (!rc)
        rc = change_by_grant(b, a, op);
    return rc ? sqlite_fault(rc, writing, why) : AIGNE_OK;
}

struct found_grant {
    int64_t place; /* 0: none */
    int64_t amount;
    int64_t remaining;
    int64_t lapsed;
    bool revoked;
    struct slice account;
};

static int find_grant(struct money_book *b, struct slice id, struct found_grant *out)
{
    struct sqlite3_stmt *find = b->statements[MONEY_FIND_GRANT];
    *out = (struct found_grant){0};
    sqlite_bind(find, 1, id);
    int rc = sqlite3_step(find);
    if (rc == SQLITE_ROW)
        *out = (struct found_grant){.place = sqlite3_column_int64(find, 0),
                                    .account = arena_copy(&b->texts, sqlite_text(find, 1)),
                                    .amount = sqlite3_column_int64(find, 2),
                                    .remaining = sqlite3_column_int64(find, 3),
                                    .lapsed = sqlite3_column_int64(find, 4),
                                    .revoked = sqlite3_column_int64(find, 5) != 0};
    int end = sqlite3_reset(find);
    if (b->texts.failed)
        return SQLITE_NOMEM;
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? end : rc;
}

/* Of `whole` the part that was spent is owed: other grants pay for it, or the balance is negative. */
static int take_back(struct money_book *b, struct money_account *a,
                     const struct found_grant *grant, const struct money_op *op)
{
    struct sqlite3_stmt *revoke = b->statements[MONEY_REVOKE_GRANT];
    int64_t taken = op->whole ? grant->amount - grant->lapsed : grant->remaining;
    sqlite3_bind_int64(revoke, 1, grant->place);
    sqlite3_bind_int64(revoke, 2, op->at_ms);
    int rc = sqlite_run(revoke);
    if (rc)
        return rc;
    a->balance -= taken;
    a->revoked += taken;
    a->owed = taken - grant->remaining;
    a->changed = true;
    a->expiry_stale = true;
    rc = money_take_owed(b, a);
    return rc ? rc : money_add_transaction(b, a, "revocation", -taken, op);
}

int money_revoke(struct money_book *b, const struct money_op *op, struct fault *why)
{
    struct money_account *a = NULL;
    struct found_grant grant;
    int rc = find_grant(b, op->id, &grant);
    if (!rc && !grant.place)
        return refuse(why, 404, "There is no such grant; account.get lists them.");
    if (!rc)
        rc = money_account_find(b, grant.account, &a);
    if (!rc)
        rc = money_take_owed(b, a);
    if (!rc)
        rc = find_grant(b, op->id, &grant); /* what remains of it may have changed */
    if (!rc && !grant.revoked)
        rc = take_back(b, a, &grant, op);
    return rc ? sqlite_fault(rc, writing, why) : AIGNE_OK;
}

int money_restore(struct money_book *b, const struct money_op *op, struct fault *why)
{
    struct found_grant grant;
    int rc = find_grant(b, op->source, &grant);
    if (rc)
        return sqlite_fault(rc, writing, why);
    if (!grant.place)
        return refuse(why, 404, "There is no such grant; account.get lists them.");
    if (!grant.revoked || grant.amount == grant.lapsed)
        return AIGNE_OK;
    struct money_op again = *op;
    again.account = grant.account;
    again.amount = grant.amount - grant.lapsed;
    again.source = SLICE("restored");
    return money_grant(b, &again, why);
}
