/* Knows how much is set aside ahead for whose calls; refuses to know how the store does that. */
#include "hub/escrow.h"
#include "base/mem.h"
#include "base/random.h"

enum {
    CALLS_WORTH_IT = 8, /* between two looks */
    LOOKS_AHEAD = 4,    /* it lasts for the calls of so many */
    PART = 32           /* of what is free, at most; the store insists on half of that */
};

#define UNKNOWN INT64_MAX

void escrows_init(struct escrows *es)
{
    pthread_mutex_init(&es->lock, NULL);
    es->next_place = random_range(); /* as in the store, no place is used twice */
}

void escrows_free(struct escrows *es)
{
    for (size_t i = 0; i < ESCROWS; i++)
        mem_free(es->all[i].account);
    pthread_mutex_destroy(&es->lock);
}

static bool is_of(const struct escrow *e, struct slice account)
{
    return e->account && slice_eq(slice_of(e->account, e->n), account);
}

static bool is_free(const struct escrow *e)
{
    return !e->left && !e->calls && !e->changing;
}

static struct escrow *begin(struct escrows *es, struct escrow *e, struct slice account)
{
    char *text = e ? mem_text(account.p, account.n) : NULL;
    if (!text)
        return NULL;
    mem_free(e->account);
    *e = (struct escrow){
        .account = text, .n = account.n, .place = es->next_place++, .available = UNKNOWN};
    return e;
}

/* That of the account, which has none set aside when it is new; NULL: there is no room for one. */
static struct escrow *escrow_of(struct escrows *es, struct slice account)
{
    struct escrow *unused = NULL;
    for (size_t i = 0; i < ESCROWS; i++) {
        struct escrow *e = &es->all[i];
        if (is_of(e, account))
            return e;
        if (!unused && is_free(e))
            unused = e;
    }
    return begin(es, unused, account);
}

static bool take(struct escrows *es, struct escrow *e, struct money_op *op)
{
    e->calls++;
    if (e->largest < op->amount)
        e->largest = op->amount;
    if (e->left < op->amount || !e->left)
        return false;
    e->taken++;
    e->left -= op->amount;
    op->place = es->next_place++;
    op->escrow = e->place;
    op->owner = e->owner;
    op->available = e->available;
    return true;
}

bool escrow_take(struct escrows *es, struct money_op *op)
{
    pthread_mutex_lock(&es->lock);
    struct escrow *e = escrow_of(es, op->account);
    bool taken = e && take(es, e, op);
    pthread_mutex_unlock(&es->lock);
    return taken;
}

void escrow_untake(struct escrows *es, const struct money_op *op)
{
    pthread_mutex_lock(&es->lock);
    for (size_t i = 0; i < ESCROWS; i++)
        if (es->all[i].place == op->escrow)
            es->all[i].left += op->amount;
    pthread_mutex_unlock(&es->lock);
}

bool escrow_recall(struct escrows *es, struct slice account)
{
    bool any = false;
    pthread_mutex_lock(&es->lock);
    for (size_t i = 0; i < ESCROWS; i++) {
        struct escrow *e = &es->all[i];
        if (!is_of(e, account) || !(e->left || e->changing))
            continue;
        e->recalled = true;
        any = true;
    }
    pthread_mutex_unlock(&es->lock);
    return any;
}

/* How much there should be. */
static int64_t target_of(const struct escrow *e)
{
    int64_t most = e->available / PART;
    int64_t many = e->calls * LOOKS_AHEAD;
    int64_t wanted = e->largest < most / many ? e->largest * many : most;
    return wanted < e->largest ? 0 : wanted;
}

static int64_t refill(struct escrow *e)
{
    int64_t change = 0;
    if (e->calls >= CALLS_WORTH_IT) {
        int64_t target = target_of(e);
        bool far = e->left < target / 2 || e->left / 2 > target;
        change = far ? target - e->left : 0;
    }
    e->calls = 0;
    e->largest = 0;
    return change;
}

static int64_t change_of(struct escrow *e, enum escrow_look look)
{
    if (look == ESCROW_REFILL)
        return refill(e);
    if (look == ESCROW_RECALL)
        return e->recalled ? -e->left : 0;
    bool keep = look == ESCROW_COOL && e->taken >= CALLS_WORTH_IT;
    e->taken = 0;
    return keep ? 0 : -e->left;
}

size_t escrows_change(struct escrows *es, enum escrow_look look, struct store_op *ops)
{
    es->count = 0;
    pthread_mutex_lock(&es->lock);
    for (size_t i = 0; i < ESCROWS; i++) {
        struct escrow *e = &es->all[i];
        int64_t change = change_of(e, look);
        if (change < 0)
            e->left += change;
        if (!e->left)
            e->recalled = false;
        if (!change)
            continue;
        e->changing = true;
        es->changing[es->count] = e;
        es->changes[es->count] = (struct money_op){
            .account = slice_of(e->account, e->n), .place = e->place, .amount = change};
        ops[es->count] =
            (struct store_op){.kind = STORE_ESCROW, .money = &es->changes[es->count]};
        es->count++;
    }
    pthread_mutex_unlock(&es->lock);
    return es->count;
}

static void changed(struct escrow *e, const struct money_op *op, bool written)
{
    bool more = op->amount > 0;
    e->changing = false;
    if (written) {
        e->owner = op->owner;
        e->available = op->available - (more && !op->refused ? op->amount : 0);
    }
    if (more && written && !op->refused)
        e->left += op->amount;
    if (more || written)
        return;
    e->left -= op->amount;
    e->recalled = true; /* by whoever tries again */
}

void escrows_changed(struct escrows *es, bool written)
{
    pthread_mutex_lock(&es->lock);
    for (size_t i = 0; i < es->count; i++)
        changed(es->changing[i], &es->changes[i], written);
    es->count = 0;
    pthread_mutex_unlock(&es->lock);
}
