/* Knows how holds, debits, grants and their ends change an account; refuses to know who wants them. */
#include "store/sqlite_money.h"
#include "base/mem.h"
#include "base/random.h"
#include "store/sqlite_store.h"
#include <aignehub/aignehub.h>
#include <sqlite3.h>

/* No text of a call is longer than its request may be. */
enum { ABOUT_LONGEST = 1 << 20 };

static const char *const statement_texts[MONEY_STATEMENTS] = {
    [MONEY_READ_ACCOUNT] = ("SELECT balance, held, granted, spent, expired, revoked, archived,"
                            " next_expiry_ms FROM accounts WHERE id = ?1"),
    [MONEY_PUT_ACCOUNT] =
        ("INSERT INTO accounts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
         " ON CONFLICT DO UPDATE SET balance = excluded.balance, held = excluded.held,"
         " granted = excluded.granted, spent = excluded.spent, expired = excluded.expired,"
         " revoked = excluded.revoked, next_expiry_ms = excluded.next_expiry_ms"),
    [MONEY_ADD_HOLD] = "INSERT INTO holds VALUES (?8, ?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [MONEY_READ_HOLD] = "SELECT * FROM holds WHERE place = ?1",
    [MONEY_DROP_HOLD] = "DELETE FROM holds WHERE place = ?1 AND call_id = ?2",
    [MONEY_READ_ESCROW] = "SELECT amount FROM holds WHERE place = ?1 AND call_id = ''",
    [MONEY_PUT_ESCROW] = ("INSERT INTO holds VALUES (?1, '', ?2, ?3, ?4, 0, 0, '')"
                          " ON CONFLICT DO UPDATE SET amount = excluded.amount"),
    [MONEY_USABLE_GRANTS] = ("SELECT place, remaining, expires_ms FROM grants"
                             " WHERE account = ?1 AND remaining > 0"
                             " ORDER BY priority, expires_ms, place LIMIT 16"),
    [MONEY_DUE_GRANTS] = ("SELECT place, remaining, id FROM grants WHERE account = ?1"
                          " AND remaining > 0 AND expires_ms <= ?2"
                          " ORDER BY priority, expires_ms, place LIMIT 1"),
    [MONEY_SET_GRANT] =
        "UPDATE grants SET remaining = remaining - ?2, lapsed = lapsed + ?3 WHERE place = ?1",
    [MONEY_NEXT_EXPIRY] =
        "SELECT min(expires_ms) FROM grants WHERE account = ?1 AND remaining > 0",
    [MONEY_ADD_GRANT] = ("INSERT INTO grants VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?8,"
                         " ?9, 0) ON CONFLICT DO NOTHING"),
    [MONEY_FIND_GRANT] =
        ("SELECT place, account, amount, remaining, lapsed, revoked_ms FROM grants"
         " WHERE id = ?1"),
    [MONEY_REVOKE_GRANT] = "UPDATE grants SET remaining = 0, revoked_ms = ?2 WHERE place = ?1",
    [MONEY_ADD_TRANSACTION] =
        "INSERT INTO transactions VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [MONEY_READ_COUNTER] =
        "SELECT spent, held FROM counters WHERE counter = ?1 AND starts_ms = ?2",
    [MONEY_PUT_COUNTER] = ("INSERT INTO counters VALUES (?1, ?2, ?3, ?4)"
                           " ON CONFLICT DO UPDATE SET spent = excluded.spent,"
                           " held = excluded.held"),
    [MONEY_FORGET_COUNTERS] = ("DELETE FROM counters WHERE counter = ?1"
                               " AND starts_ms BETWEEN 1 AND ?2 AND held = 0"),
    [MONEY_ADD_SHARE] = "INSERT INTO hold_counters VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    [MONEY_READ_SHARES] = "SELECT counter, starts_ms FROM hold_counters WHERE call_id = ?1",
    [MONEY_DROP_SHARES] = "DELETE FROM hold_counters WHERE call_id = ?1",
    [MONEY_ADJUSTED] = "SELECT coalesce(sum(credits), 0) FROM adjustments WHERE row_id = ?1",
    [MONEY_ADD_ADJUSTMENT] = "INSERT INTO adjustments VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [MONEY_GROW_TRANSACTION] =
        ("UPDATE transactions SET amount = amount + ?3, balance = ?4 WHERE account = ?1"
         " AND kind = 'adjustment' AND grant_id = ?2"),
    [MONEY_GIVE_BACK] =
        ("INSERT INTO grants VALUES (NULL, ?1, ?2, 'adjustment', ?3, ?4, ?5, 0, 100, ?6,"
         " 9223372036854775807, 0) ON CONFLICT (id) DO UPDATE SET"
         " amount = amount + excluded.amount, remaining = remaining + excluded.remaining"),
};

int money_book_open(struct money_book *b, struct sqlite3 *db)
{
    b->db = db;
    b->next_place = random_range(); /* no place is ever used for two holds */
    money_escrows_begin(b);
    arena_init(&b->texts);
    buf_init(&b->about, ABOUT_LONGEST);
    int rc = SQLITE_OK;
    for (int i = 0; i < MONEY_STATEMENTS && !rc; i++)
        rc = sqlite3_prepare_v3(db, statement_texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                                &b->statements[i], NULL);
    return rc;
}

void money_book_close(struct money_book *b)
{
    for (int i = 0; i < MONEY_STATEMENTS; i++)
        sqlite3_finalize(b->statements[i]);
    mem_free(b->accounts);
    mem_free(b->counters);
    arena_free(&b->texts);
    buf_free(&b->about);
}

void money_book_begin(struct money_book *b)
{
    if (!b->count && !b->texts.blocks)
        return;
    b->count = 0;
    b->last = 0;
    b->counter_count = 0;
    arena_clear(&b->texts);
    money_escrows_begin(b);
}

/* ---- accounts ---- */

static bool make_room(struct money_book *b)
{
    if (b->count < b->capacity)
        return true;
    size_t wanted = b->capacity ? b->capacity * 2 : 16;
    struct money_account *grown = mem_resize(b->accounts, wanted * sizeof *grown);
    if (!grown)
        return false;
    b->accounts = grown;
    b->capacity = wanted;
    return true;
}

static struct money_account *known_account(struct money_book *b, struct slice id)
{
    if (b->last < b->count && slice_eq(b->accounts[b->last].id, id))
        return &b->accounts[b->last];
    for (size_t i = 0; i < b->count; i++) {
        if (!slice_eq(b->accounts[i].id, id))
            continue;
        b->last = i;
        return &b->accounts[i];
    }
    return NULL;
}

static int read_account(struct money_book *b, struct money_account *to)
{
    struct sqlite3_stmt *read = b->statements[MONEY_READ_ACCOUNT];
    int64_t *const fields[] = {&to->balance, &to->held,    &to->granted,  &to->spent,
                               &to->expired, &to->revoked, &to->archived, &to->next_expiry_ms};
    sqlite_bind(read, 1, to->id);
    int rc = sqlite3_step(read);
    for (int i = 0; rc == SQLITE_ROW && i < 8; i++)
        *fields[i] = sqlite3_column_int64(read, i);
    int end = sqlite3_reset(read);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? end : rc;
}

int money_account_find(struct money_book *b, struct slice id, struct money_account **out)
{
    *out = known_account(b, id);
    if (*out)
        return SQLITE_OK;
    if (!make_room(b))
        return SQLITE_NOMEM;
    struct money_account *a = &b->accounts[b->count];
    *a = (struct money_account){.id = arena_copy(&b->texts, id), .next_expiry_ms = STORE_NEVER};
    if (!a->id.p)
        return SQLITE_NOMEM;
    int rc = read_account(b, a);
    if (rc)
        return rc;
    b->last = b->count++;
    *out = a;
    return SQLITE_OK;
}

static int put_account(struct money_book *b, const struct money_account *a)
{
    struct sqlite3_stmt *put = b->statements[MONEY_PUT_ACCOUNT];
    const int64_t fields[] = {a->balance, a->held,    a->granted,  a->spent,
                              a->expired, a->revoked, a->archived, a->next_expiry_ms};
    sqlite_bind(put, 1, a->id);
    for (int i = 0; i < 8; i++)
        sqlite3_bind_int64(put, i + 2, fields[i]);
    return sqlite_run(put);
}

int money_book_finish(struct money_book *b)
{
    int rc = money_escrows_write(b);
    for (size_t i = 0; i < b->count && !rc; i++) {
        struct money_account *a = &b->accounts[i];
        if (!a->changed)
            continue;
        rc = money_take_owed(b, a);
        if (!rc && a->expiry_stale)
            rc = money_next_expiry(b, a);
        if (!rc)
            rc = put_account(b, a);
    }
    return rc ? rc : money_counters_write(b);
}

/* ---- what changes an account ---- */

static int debit_account(struct money_book *b, struct slice account, int64_t amount)
{
    struct money_account *a = NULL;
    int rc = money_account_find(b, account, &a);
    if (rc)
        return rc;
    if (__builtin_sub_overflow(a->balance, amount, &a->balance) ||
        __builtin_add_overflow(a->spent, amount, &a->spent) ||
        __builtin_add_overflow(a->owed, amount, &a->owed))
        return SQLITE_TOOBIG;
    a->changed = true;
    return SQLITE_OK;
}

int money_debit(struct money_book *b, const struct usage_row *row)
{
    int rc = row->account.n ? debit_account(b, row->account, row->credits) : SQLITE_OK;
    return rc ? rc : money_counters_spend(b, row);
}

/* What a row needs of its call that the hold's own columns do not say. */
static const size_t about_at[] = {
    offsetof(struct usage_row, user),      offsetof(struct usage_row, key_id),
    offsetof(struct usage_row, app),       offsetof(struct usage_row, type),
    offsetof(struct usage_row, ingress),   offsetof(struct usage_row, model),
    offsetof(struct usage_row, requested), offsetof(struct usage_row, provider),
    offsetof(struct usage_row, credential)};
enum { ABOUT = sizeof about_at / sizeof *about_at };

/* Each behind its length in four hexadecimal digits. */
enum { DIGITS = 4, TEXT_LONGEST = 0xffff };

static void put_text(struct buf *about, struct slice text)
{
    char digits[DIGITS];
    text.n = text.n < TEXT_LONGEST ? text.n : TEXT_LONGEST;
    for (int i = 0; i < DIGITS; i++)
        digits[i] = "0123456789abcdef"[text.n >> (DIGITS - 1 - i) * 4 & 15];
    buf_put(about, digits, DIGITS);
    buf_put_slice(about, text);
}

static int write_about(struct buf *about, const struct usage_row *row)
{
    buf_clear(about);
    for (size_t i = 0; i < ABOUT; i++)
        put_text(about, *(const struct slice *)(const void *)((const char *)row + about_at[i]));
    return buf_rc(about) ? SQLITE_NOMEM : SQLITE_OK;
}

static void read_about(struct slice about, struct usage_row *row)
{
    for (size_t i = 0; i < ABOUT && about.n >= DIGITS; i++) {
        size_t n = 0;
        for (int k = 0; k < DIGITS; k++)
            n = n << 4 | (size_t)(about.p[k] <= '9' ? about.p[k] - '0' : about.p[k] - 'a' + 10);
        about = slice_from(about, DIGITS);
        n = n < about.n ? n : about.n;
        *(struct slice *)(void *)((char *)row + about_at[i]) = slice_of(about.p, n);
        about = slice_from(about, n);
    }
}

int money_add_hold(struct money_book *b, const struct money_op *op, int64_t owner)
{
    struct sqlite3_stmt *add = b->statements[MONEY_ADD_HOLD];
    int rc = write_about(&b->about, op->row);
    if (rc)
        return rc;
    sqlite_bind(add, 1, op->id);
    sqlite_bind(add, 2, op->account);
    sqlite3_bind_int64(add, 3, op->amount);
    sqlite3_bind_int64(add, 4, owner);
    sqlite3_bind_int64(add, 5, op->row->started_ms);
    sqlite3_bind_int64(add, 6, op->row->streamed);
    sqlite_bind(add, 7, buf_slice(&b->about));
    sqlite3_bind_int64(add, 8, op->place);
    return sqlite_run(add);
}

int money_ask_account(struct money_book *b, struct money_op *op)
{
    struct money_account *a = NULL;
    int64_t free = 0;
    int rc = money_expire(b, op->account, op->at_ms);
    if (!rc)
        rc = money_account_find(b, op->account, &a);
    if (rc)
        return rc;
    if (__builtin_sub_overflow(a->balance, a->held, &free) ||
        __builtin_add_overflow(free, op->overdraft, &free))
        return SQLITE_TOOBIG;
    op->available = free;
    op->refused = free < op->amount;
    return SQLITE_OK;
}

int money_change_held(struct money_book *b, struct slice account, int64_t by)
{
    struct money_account *a = NULL;
    int rc = account.n ? money_account_find(b, account, &a) : SQLITE_OK;
    if (!a)
        return rc;
    a->held += by;
    a->changed = true;
    return SQLITE_OK;
}

static int find_hold(struct sqlite3_stmt *read, const struct money_op *op)
{
    sqlite3_bind_int64(read, 1, op->place);
    int rc = sqlite3_step(read);
    return rc == SQLITE_ROW && !slice_eq(sqlite_text(read, 1), op->id) ? SQLITE_DONE : rc;
}

/* By a commit that seemed to fail. */
static int is_held(struct money_book *b, const struct money_op *op, bool *there)
{
    struct sqlite3_stmt *read = b->statements[MONEY_READ_HOLD];
    *there = false;
    if (!op->place)
        return SQLITE_OK;
    int rc = find_hold(read, op);
    *there = rc == SQLITE_ROW;
    int end = sqlite3_reset(read);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? end : rc;
}

int money_hold(struct money_book *b, struct money_op *op, int64_t owner)
{
    bool there = false;
    op->refused = false;
    op->broken = NULL;
    int rc = op->account.n ? money_ask_account(b, op) : SQLITE_OK;
    if (!rc && !op->refused && op->claim_count)
        rc = money_counters_ask(b, op);
    if (!rc)
        rc = is_held(b, op, &there);
    if (there) /* maybe refused by what it holds itself */
        op->refused = false;
    if (rc || op->refused || there)
        return rc;
    op->place = b->next_place++;
    rc = money_add_hold(b, op, owner);
    if (!rc)
        rc = money_change_held(b, op->account, op->amount);
    return rc || !op->claim_count ? rc : money_counters_hold(b, op);
}

/* What is given back is known to who set it aside; nobody else need look for it. */
int money_release(struct money_book *b, const struct money_op *op)
{
    struct sqlite3_stmt *drop = b->statements[MONEY_DROP_HOLD];
    if (money_note_ends(b, op))
        return money_change_held(b, op->account, -op->amount);
    sqlite3_bind_int64(drop, 1, op->place);
    sqlite_bind(drop, 2, op->id);
    int rc = sqlite_run(drop);
    if (rc || sqlite3_changes(b->db) == 0)
        return rc;
    rc = money_change_held(b, op->account, -op->amount);
    return rc || !op->claim_count ? rc : money_counters_release(b, op);
}

int money_held_row(struct money_book *b, struct usage_row *row, struct money_op *hold)
{
    struct sqlite3_stmt *read = b->statements[MONEY_READ_HOLD];
    int rc = find_hold(read, hold);
    if (rc == SQLITE_ROW) {
        row->call_id = arena_copy(&b->texts, hold->id);
        hold->account = arena_copy(&b->texts, sqlite_text(read, 2));
        hold->amount = sqlite3_column_int64(read, 3);
        row->started_ms = sqlite3_column_int64(read, 5);
        row->streamed = sqlite3_column_int64(read, 6) != 0;
        read_about(arena_copy(&b->texts, sqlite_text(read, 7)), row);
    }
    int end = sqlite3_reset(read);
    if (b->texts.failed)
        return SQLITE_NOMEM;
    if (rc == SQLITE_ROW && !end)
        return money_counters_of(b, hold->id, hold);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? end : rc;
}
