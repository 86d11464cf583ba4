/* Knows the bytes of a record that waits for the store; refuses to know where they wait. */
#include "hub/spool_record.h"
#include "base/clock.h"
#include <string.h>

static const size_t text_at[] = {
    offsetof(struct usage_row, id),         offsetof(struct usage_row, call_id),
    offsetof(struct usage_row, user),       offsetof(struct usage_row, key_id),
    offsetof(struct usage_row, app),        offsetof(struct usage_row, type),
    offsetof(struct usage_row, ingress),    offsetof(struct usage_row, model),
    offsetof(struct usage_row, requested),  offsetof(struct usage_row, provider),
    offsetof(struct usage_row, credential), offsetof(struct usage_row, status),
    offsetof(struct usage_row, error),      offsetof(struct usage_row, request_id),
    offsetof(struct usage_row, dropped),    offsetof(struct usage_row, account),
    offsetof(struct usage_row, explained)};
enum { TEXTS = sizeof text_at / sizeof *text_at };

/* Of a text that is not there, which is not an empty one. */
#define ABSENT UINT32_MAX

/* Whoever changes one of these changes SPOOL_FORMAT, too. */
struct packed_entry {
    int64_t at_ms;
    int64_t amount;
    int64_t place;
    uint32_t rows;
    uint32_t claims;
    uint32_t id;      /* the length of its text; ABSENT: nothing is released */
    uint32_t account; /* the same */
    uint32_t doubtful;
    uint32_t
        noted; /* no release: a packed_note follows, and the row tells what the call is about */
};

struct packed_note {
    int64_t owner;
    int64_t escrow;
};

struct packed_row {
    int64_t started_ms;
    int64_t duration_us;
    int64_t first_byte_us;
    int64_t credits;
    int64_t cost;
    int32_t http_status;
    int32_t attempt;
    uint8_t flags[4]; /* streamed, estimated, charged, costed */
    uint32_t claims;
    struct usage usage;
    uint32_t texts[TEXTS];
    uint32_t unused;
};

struct packed_claim {
    int64_t starts_ms;
    uint32_t counter;
    uint32_t unused;
};

static struct slice text_of(const struct usage_row *row, size_t i)
{
    return *(const struct slice *)(const void *)((const char *)row + text_at[i]);
}

static uint32_t length_of(struct slice text)
{
    return text.p ? (uint32_t)text.n : ABSENT;
}

/* ---- writing ---- */

/* Those of a row that do not count for it are not told; those of a hold are all given back. */
static size_t claims_size(const struct budget_claim *claims, size_t count, bool all)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        if (all || !claims[i].unspent)
            size += sizeof(struct packed_claim) + claims[i].counter.n;
    return size;
}

size_t spool_record_size(const struct ledger_entry *e)
{
    size_t size = sizeof(struct packed_entry);
    if (e->money_kind == STORE_NOTE)
        size += sizeof(struct packed_note);
    if (e->money)
        size += e->money->id.n + e->money->account.n +
                claims_size(e->money->claims, e->money->claim_count, true);
    for (size_t i = 0; i < e->row_count; i++) {
        const struct usage_row *row = &e->rows[i];
        size += sizeof(struct packed_row) + claims_size(row->claims, row->claim_count, false);
        for (size_t t = 0; t < TEXTS; t++)
            size += text_of(row, t).n;
    }
    return size;
}

static char *put(char *to, const void *from, size_t n)
{
    if (n)
        memcpy(to, from, n);
    return to + n;
}

static char *put_claims(char *to, const struct budget_claim *claims, size_t count, bool all,
                        uint32_t *written)
{
    for (size_t i = 0; i < count; i++) {
        struct packed_claim packed = {.starts_ms = claims[i].starts_ms,
                                      .counter = (uint32_t)claims[i].counter.n};
        if (!all && claims[i].unspent)
            continue;
        to = put(to, &packed, sizeof packed);
        to = put(to, claims[i].counter.p, claims[i].counter.n);
        ++*written;
    }
    return to;
}

static char *put_row(char *to, const struct usage_row *row)
{
    char *start = to;
    struct packed_row packed = {
        .started_ms = row->started_ms,
        .duration_us = row->duration_us,
        .first_byte_us = row->first_byte_us,
        .credits = row->credits,
        .cost = row->cost,
        .http_status = row->http_status,
        .attempt = row->attempt,
        .flags = {row->streamed, row->estimated, row->charged, row->costed},
        .usage = row->usage};
    to += sizeof packed;
    for (size_t i = 0; i < TEXTS; i++) {
        struct slice text = text_of(row, i);
        packed.texts[i] = length_of(text);
        to = put(to, text.p, text.n);
    }
    to = put_claims(to, row->claims, row->claim_count, false, &packed.claims);
    (void)put(start, &packed, sizeof packed);
    return to;
}

void spool_record_write(char *to, const struct ledger_entry *e, bool doubtful)
{
    char *start = to;
    struct packed_entry packed = {.at_ms = clock_wall_ms(),
                                  .rows = (uint32_t)e->row_count,
                                  .id = ABSENT,
                                  .account = ABSENT,
                                  .doubtful = doubtful,
                                  .noted = e->money_kind == STORE_NOTE};
    to += sizeof packed;
    if (packed.noted) {
        const struct packed_note note = {e->money->owner, e->money->escrow};
        to = put(to, &note, sizeof note);
    }
    if (e->money) {
        packed.amount = e->money->amount;
        packed.place = e->money->place;
        packed.id = length_of(e->money->id);
        packed.account = length_of(e->money->account);
        to = put(to, e->money->id.p, e->money->id.n);
        to = put(to, e->money->account.p, e->money->account.n);
        to = put_claims(to, e->money->claims, e->money->claim_count, true, &packed.claims);
    }
    for (size_t i = 0; i < e->row_count; i++)
        to = put_row(to, &e->rows[i]);
    (void)put(start, &packed, sizeof packed);
}

/* ---- reading ---- */

/* What is left of a record; .bad once more was asked for than there is. */
struct reader {
    struct slice rest;
    struct arena *arena;
    bool bad;
};

static void get(struct reader *r, void *to, size_t n)
{
    if (r->bad || r->rest.n < n) {
        r->bad = true;
        memset(to, 0, n);
        return;
    }
    memcpy(to, r->rest.p, n);
    r->rest = slice_from(r->rest, n);
}

static struct slice get_text(struct reader *r, uint32_t n)
{
    if (n == ABSENT)
        return SLICE_NONE;
    if (r->bad || r->rest.n < n) {
        r->bad = true;
        return SLICE_NONE;
    }
    struct slice text = slice_of(r->rest.p, n);
    r->rest = slice_from(r->rest, n);
    return text;
}

/* Memory for so many of a kind, of which each takes so much of the record at least. */
static void *room_for(struct reader *r, uint32_t count, size_t each, size_t size)
{
    void *room = r->bad || count > r->rest.n / each
                     ? NULL
                     : arena_array(r->arena, (size_t)count + !count, size);
    r->bad = r->bad || !room;
    return room;
}

static struct budget_claim *get_claims(struct reader *r, uint32_t count)
{
    if (!count)
        return NULL;
    struct budget_claim *claims =
        room_for(r, count, sizeof(struct packed_claim), sizeof *claims);
    for (uint32_t i = 0; i < count && !r->bad; i++) {
        struct packed_claim packed;
        get(r, &packed, sizeof packed);
        claims[i] = (struct budget_claim){.starts_ms = packed.starts_ms};
        claims[i].counter = get_text(r, packed.counter);
    }
    return claims;
}

static void get_row(struct reader *r, struct usage_row *row)
{
    struct packed_row packed;
    get(r, &packed, sizeof packed);
    *row = (struct usage_row){.started_ms = packed.started_ms,
                              .duration_us = packed.duration_us,
                              .first_byte_us = packed.first_byte_us,
                              .credits = packed.credits,
                              .cost = packed.cost,
                              .http_status = packed.http_status,
                              .attempt = packed.attempt,
                              .streamed = packed.flags[0] != 0,
                              .estimated = packed.flags[1] != 0,
                              .charged = packed.flags[2] != 0,
                              .costed = packed.flags[3] != 0,
                              .usage = packed.usage,
                              .claim_count = packed.claims};
    for (size_t i = 0; i < TEXTS; i++)
        *(struct slice *)(void *)((char *)row + text_at[i]) = get_text(r, packed.texts[i]);
    row->claims = get_claims(r, packed.claims);
}

size_t spool_record_ops(struct slice record)
{
    struct packed_entry packed;
    if (record.n < sizeof packed)
        return 0;
    memcpy(&packed, record.p, sizeof packed);
    return packed.rows <= record.n / sizeof(struct packed_row) ? (size_t)packed.rows + 1 : 0;
}

static void get_money(struct reader *r, const struct packed_entry *packed, struct store_op *op)
{
    struct money_op *money = room_for(r, 1, 1, sizeof *money);
    struct packed_note note = {0, 0};
    if (!money)
        return;
    if (packed->noted)
        get(r, &note, sizeof note);
    *money = (struct money_op){.place = packed->place,
                               .amount = packed->amount,
                               .owner = note.owner,
                               .escrow = note.escrow,
                               .claim_count = packed->claims};
    money->id = get_text(r, packed->id);
    money->account = get_text(r, packed->account);
    money->claims = get_claims(r, packed->claims);
    *op = (struct store_op){.kind = packed->noted ? STORE_NOTE : STORE_RELEASE, .money = money};
}

/* Money first: the row of a settled call finds its hold gone. */
size_t spool_record_read(struct slice record, struct arena *a, struct store_op *ops)
{
    struct reader r = {.rest = record, .arena = a};
    struct packed_entry packed;
    size_t count = 0;
    get(&r, &packed, sizeof packed);
    if (packed.id != ABSENT)
        get_money(&r, &packed, &ops[count++]);
    struct usage_row *rows =
        room_for(&r, packed.rows, sizeof(struct packed_row), sizeof(struct usage_row));
    if (packed.noted) {
        r.bad = r.bad || packed.rows != 1 || packed.id == ABSENT;
        if (!r.bad) {
            get_row(&r, rows);
            ops->money->row = rows;
        }
        return r.bad ? 0 : 1;
    }
    for (uint32_t i = 0; i < packed.rows && !r.bad; i++) {
        get_row(&r, &rows[i]);
        rows[i].spooled_ms = packed.doubtful ? packed.at_ms : 0;
        ops[count++] = (struct store_op){.kind = STORE_USAGE, .usage = &rows[i]};
    }
    return r.bad ? 0 : count;
}
