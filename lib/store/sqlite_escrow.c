/* Knows how what is set aside ahead of its calls is kept inside a transaction; refuses to know when that is done. */
#include "store/sqlite_money.h"
#include "store/sqlite_store.h"
#include <sqlite3.h>

/* What is set aside ahead is so small a part of what is free that nobody is refused for it. */
enum { ESCROW_PART = 16 };

/* A hold that is no call's, read once and written once. */
struct money_escrow {
    struct money_escrow *next;
    int64_t place;
    struct slice account;
    int64_t owner;
    int64_t kept; /* in the store, 0: it is not there */
    int64_t amount;
};

struct money_note {
    struct money_note *next;
    const struct money_op *op;
    bool over;
};

void money_escrows_begin(struct money_book *b)
{
    b->escrows = NULL;
    b->notes = NULL;
    b->next_note = &b->notes;
}

static int find_escrow(struct money_book *b, int64_t place, struct money_escrow **out)
{
    struct money_escrow *e = b->escrows;
    while (e && e->place != place)
        e = e->next;
    *out = e;
    if (e)
        return SQLITE_OK;
    e = arena_alloc(&b->texts, sizeof *e);
    if (!e)
        return SQLITE_NOMEM;
    *e = (struct money_escrow){.next = b->escrows, .place = place};
    sqlite3_bind_int64(b->statements[MONEY_READ_ESCROW], 1, place);
    int rc = sqlite_read(b->statements[MONEY_READ_ESCROW], &e->kept);
    e->amount = e->kept;
    *out = b->escrows = e;
    return rc;
}

/* An amount that is negative is given back. */
int money_escrow(struct money_book *b, struct money_op *op, int64_t owner)
{
    struct money_escrow *e = NULL;
    int64_t change = op->amount;
    int rc = find_escrow(b, op->place, &e);
    if (!rc)
        rc = money_ask_account(b, op);
    if (rc)
        return rc;
    op->owner = owner;
    op->refused = op->available / ESCROW_PART < change;
    if (op->refused && change > 0)
        return SQLITE_OK;
    if (change < -e->amount)
        change = -e->amount;
    e->account = op->account;
    e->owner = owner;
    e->amount += change;
    return money_change_held(b, op->account, change);
}

/* Whoever found its process gone gave the escrow back. */
static int take_from_escrow(struct money_book *b, const struct money_op *op)
{
    struct money_escrow *e = NULL;
    int rc = find_escrow(b, op->escrow, &e);
    if (rc)
        return rc;
    if (e->amount < op->amount)
        return money_change_held(b, op->account, op->amount);
    e->account = op->account;
    e->owner = op->owner;
    e->amount -= op->amount;
    return SQLITE_OK;
}

int money_note(struct money_book *b, const struct money_op *op)
{
    struct money_note *note = arena_alloc(&b->texts, sizeof *note);
    if (!note)
        return SQLITE_NOMEM;
    *note = (struct money_note){.op = op};
    *b->next_note = note;
    b->next_note = &note->next;
    return take_from_escrow(b, op);
}

/* Calls end in about the order in which they began. */
bool money_note_ends(struct money_book *b, const struct money_op *op)
{
    while (b->notes && b->notes->over)
        b->notes = b->notes->next;
    if (!b->notes)
        b->next_note = &b->notes;
    struct money_note *note = b->notes;
    while (note && (note->over || note->op->place != op->place))
        note = note->next;
    if (note)
        note->over = true;
    return note != NULL;
}

static int write_escrow(struct money_book *b, const struct money_escrow *e)
{
    struct sqlite3_stmt *put = b->statements[MONEY_PUT_ESCROW];
    struct sqlite3_stmt *drop = b->statements[MONEY_DROP_HOLD];
    if (e->amount == e->kept)
        return SQLITE_OK;
    if (!e->amount) {
        sqlite3_bind_int64(drop, 1, e->place);
        sqlite_bind(drop, 2, SLICE(""));
        return sqlite_run(drop);
    }
    sqlite3_bind_int64(put, 1, e->place);
    sqlite_bind(put, 2, e->account);
    sqlite3_bind_int64(put, 3, e->amount);
    sqlite3_bind_int64(put, 4, e->owner);
    return sqlite_run(put);
}

int money_escrows_write(struct money_book *b)
{
    int rc = SQLITE_OK;
    for (const struct money_escrow *e = b->escrows; e && !rc; e = e->next)
        rc = write_escrow(b, e);
    for (const struct money_note *note = b->notes; note && !rc; note = note->next)
        if (!note->over)
            rc = money_add_hold(b, note->op, note->op->owner);
    return rc;
}
