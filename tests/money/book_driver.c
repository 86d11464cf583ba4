/* Knows the store's operations on money by short lines on stdin; refuses to know what is right.
 *
 * A line is one operation; those between "begin" and "commit" share a transaction. Each transaction and each
 * question is answered by one line. */
#define _GNU_SOURCE
#include "base/buf.h"
#include "base/fault.h"
#include "store/store.h"
#include <aignehub/aignehub.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPS = 64, WORD = 192, LINE = 512, CLAIMS = 4, SHOWN = 100 };

struct op {
    struct money_op money;
    struct usage_row row;
    char words[6][WORD];
    struct budget_claim claims[CLAIMS];
};

/* Where the hold of a call is noted. */
struct held {
    struct held *next;
    int64_t place;
    char call[WORD];
};

static struct held *helds;
static struct op kept[OPS];
static struct store_op ops[2 * OPS];
static size_t kept_count;
static size_t op_count;
static bool batching;
static struct store *store;
static int64_t owner; /* of the escrows, as the store told it */
static int64_t notes;

static struct usage_row row_of(struct op *op, const char *status)
{
    struct usage_row row = {.id = slice_text(op->words[0]),
                            .call_id = slice_text(op->words[0]),
                            .started_ms = 1,
                            .status = slice_text(status),
                            .attempt = 1,
                            .first_byte_us = -1};
    usage_init(&row.usage);
    return row;
}

static struct held **find_held(struct slice call)
{
    struct held **at = &helds;
    while (*at && !slice_is(call, (*at)->call))
        at = &(*at)->next;
    return at;
}

static int64_t place_of(struct slice call)
{
    const struct held *held = *find_held(call);
    return held ? held->place : 0;
}

static void remember_place(struct slice call, int64_t place)
{
    struct held **at = find_held(call);
    struct held *held = *at ? *at : calloc(1, sizeof *held);
    if (!held || call.n >= WORD)
        abort();
    held->place = place;
    memcpy(held->call, call.p, call.n); /* it was a word */
    if (!*at)
        *at = held;
}

/* What the store says of its holds is the caller's to know. */
static void remember(const struct store_op *op)
{
    if (!op->money)
        return;
    if (op->kind == STORE_ESCROW)
        owner = op->money->owner;
    struct held **at = find_held(op->money->id);
    struct held *held = *at;
    if (op->kind == STORE_RELEASE && held) {
        *at = held->next;
        free(held);
    } else if (op->kind == STORE_HOLD && !op->money->refused) {
        remember_place(op->money->id, op->money->place);
    }
}

static void answer_batch(int rc, const struct fault *why)
{
    printf("%d", rc ? why->http ? why->http : rc : 0);
    for (size_t i = 0; i < op_count; i++)
        if (ops[i].kind == STORE_HOLD ||
            (ops[i].kind == STORE_ESCROW && ops[i].money->amount > 0))
            printf(" %s", ops[i].money->refused ? "refused" : "held");
    printf("\n");
}

static void commit(void)
{
    struct fault why;
    fault_clear(&why);
    int rc = store_sqlite.apply(store, ops, op_count, &why);
    for (size_t i = 0; !rc && i < op_count; i++)
        remember(&ops[i]);
    answer_batch(rc, &why);
    kept_count = op_count = 0;
    batching = false;
}

static int64_t number(const char *text)
{
    return strtoll(text, NULL, 10);
}

/* "counter:starts:limit:hard,..."; "" and "-" are none. */
static void read_claims(struct op *op, char *text)
{
    char *rest = text;
    if (strcmp(text, "-") == 0)
        return;
    for (char *item; (item = strsep(&rest, ",")) && *item && op->money.claim_count < CLAIMS;) {
        struct budget_claim *claim = &op->claims[op->money.claim_count++];
        claim->counter = slice_text(strsep(&item, ":"));
        claim->starts_ms = number(strsep(&item, ":"));
        claim->limit = number(strsep(&item, ":"));
        claim->hard = number(item) != 0;
    }
    op->money.claims = op->claims;
}

/* A row that is paid, with the claims of its call. */
static void charge(struct op *op, const char *status)
{
    op->row = row_of(op, status);
    op->row.account = op->money.account;
    op->row.charged = true;
    op->row.credits = op->money.amount;
    read_claims(op, op->words[4]);
    op->row.claims = op->claims;
    op->row.claim_count = op->money.claim_count;
}

/* One for each account, told apart by its first letter, and for each process. */
static int64_t escrow_of(struct slice account)
{
    return ((int64_t)getpid() << 32) + account.p[0];
}

/* Its place is known before it is written. */
static void note(struct op *op)
{
    op->money.owner = owner;
    op->money.escrow = escrow_of(op->money.account);
    op->money.place = ((int64_t)getpid() << 32) + 1000 + notes++;
    op->row = row_of(op, "interrupted");
    remember_place(op->money.id, op->money.place);
}

static bool read_op(const char *line)
{
    char kind[16] = "";
    struct op *op = &kept[kept_count++];
    memset(op, 0, sizeof *op);
    int n = sscanf(line, "%15s %191s %191s %191s %191s %191s %191s", kind, op->words[0],
                   op->words[1], op->words[2], op->words[3], op->words[4], op->words[5]);
    if (n < 2)
        return false;
    op->money = (struct money_op){.id = slice_text(op->words[0]),
                                  .place = place_of(slice_text(op->words[0])),
                                  .account = slice_text(op->words[1]),
                                  .amount = number(op->words[2]),
                                  .at_ms = number(op->words[3]),
                                  .overdraft = number(op->words[4]),
                                  .row = &op->row,
                                  .source = SLICE("manual"),
                                  .expires_ms = number(op->words[4]),
                                  .priority = (int)number(op->words[5])};
    if (strcmp(op->words[1], "-") == 0)
        op->money.account = SLICE("");
    struct store_op *to = &ops[op_count++];
    *to = (struct store_op){.money = &op->money};
    if (strcmp(kind, "hold") == 0) {
        to->kind = STORE_HOLD;
        op->row = row_of(op, "interrupted");
        read_claims(op, op->words[5]);
    } else if (strcmp(kind, "escrow") == 0) {
        to->kind = STORE_ESCROW;
        op->money.place = escrow_of(op->money.account);
    } else if (strcmp(kind, "note") == 0) {
        to->kind = STORE_NOTE;
        note(op);
    } else if (strcmp(kind, "grant") == 0) {
        to->kind = STORE_GRANT;
    } else if (strcmp(kind, "revoke") == 0) {
        to->kind = STORE_REVOKE;
        op->money.whole = number(op->words[1]) != 0;
        op->money.at_ms = number(op->words[2]);
    } else if (strcmp(kind, "release") == 0) {
        to->kind = STORE_RELEASE;
        read_claims(op, op->words[3]);
    } else if (strcmp(kind, "attempt") == 0) {
        charge(op, "error");
        op->row.call_id = slice_text(op->words[3]);
        *to = (struct store_op){.kind = STORE_USAGE, .usage = &op->row};
    } else if (strcmp(kind, "settle") == 0) {
        to->kind = STORE_RELEASE;
        charge(op, "success");
        op->money.amount = number(op->words[3]);
        ops[op_count++] = (struct store_op){.kind = STORE_USAGE, .usage = &op->row};
    } else {
        return false;
    }
    return true;
}

static void ask(enum money_report report, const char *account)
{
    struct fault why;
    struct buf json;
    struct money_query query = {
        .report = report, .page = 1, .page_size = 50, .until_ms = INT64_MAX};
    if (account)
        query.account = slice_text(account);
    buf_init(&json, 1024 * 1024);
    fault_clear(&why);
    if (store_sqlite.money_list(store, &query, &json, &why))
        printf("\"%s\"\n", why.text);
    else
        printf("%.*s\n", (int)json.n, json.p);
    buf_free(&json);
}

/* The counters of a period: "name spent held" of each, sorted by what is spent. */
static void count(char *arguments)
{
    struct budget_state *states = NULL;
    struct arena texts;
    struct fault why;
    size_t found = 0;
    arena_init(&texts);
    fault_clear(&why);
    if (store_sqlite.budget_list(store, SLICE(""), number(arguments), SHOWN, &texts, &states,
                                 &found, &why))
        printf("%s", why.text);
    for (size_t i = 0; i < found; i++)
        printf("%.*s %" PRId64 " %" PRId64 ";", (int)states[i].counter.n, states[i].counter.p,
               states[i].spent, states[i].held);
    printf("\n");
    arena_free(&texts);
}

static bool obey(char *line)
{
    struct fault why;
    line[strcspn(line, "\n")] = '\0';
    fault_clear(&why);
    if (strcmp(line, "begin") == 0) {
        batching = true;
    } else if (strcmp(line, "commit") == 0) {
        commit();
    } else if (strncmp(line, "account ", 8) == 0) {
        ask(MONEY_ACCOUNT, line + 8);
    } else if (strncmp(line, "counters ", 9) == 0) {
        count(line + 9);
    } else if (strcmp(line, "check") == 0) {
        ask(MONEY_CHECK, NULL);
    } else if (strncmp(line, "upkeep ", 7) == 0) {
        int rc = store_sqlite.money_upkeep(store, number(line + 7), &why);
        if (rc == AIGNE_AGAIN)
            rc = store_sqlite.end_orphans(store, number(line + 7), &why);
        printf("%d\n", rc);
    } else if (kept_count >= OPS || !read_op(line)) {
        return false;
    } else if (!batching) {
        commit();
    }
    return fflush(stdout) == 0;
}

int main(int argc, char **argv)
{
    char line[LINE];
    struct fault why;
    fault_clear(&why);
    if (argc != 2 || store_sqlite.open(slice_text(argv[1]), false, &store, &why))
        return 1;
    while (fgets(line, sizeof line, stdin))
        if (!obey(line))
            return 2;
    store_sqlite.close(store);
    return 0;
}
