/* Knows what becomes of records on their way to the store, whoever dies when; refuses to know why they wait. */
#define _GNU_SOURCE
#include "base/clock.h"
#include "base/mem.h"
#include "hub/spool.h"
#include "hub_test.h"
#include "text/json_scan.h"
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char database[4096];
static struct store *store;

static int setup(void **state)
{
    (void)state;
    struct fault why;
    fault_clear(&why);
    FAULT_COPY(database, slice_text(test_path("hub.db")));
    if (store_sqlite.open(slice_text(database), false, &store, &why))
        fail_msg("%s", why.text);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    store_sqlite.close(store);
    test_folder_remove();
    return 0;
}

/* As a process does when it starts: what others left is written first. */
static struct spool *opened(void)
{
    struct spool *s = NULL;
    struct fault why;
    fault_clear(&why);
    if (spool_open(slice_text(database), &store_sqlite, store, &s, &why) ||
        spool_adopt(s, &why))
        fail_msg("%s", why.text);
    return s;
}

static bool keep_as(struct spool *s, const char *id, enum spool_need need)
{
    struct usage_row row = sample_row(id);
    struct ledger_entry entry = {.rows = &row, .row_count = 1};
    spool_keep(s, &entry, need);
    return entry.rc == AIGNE_OK;
}

static void keep(struct spool *s, const char *id)
{
    assert_true(keep_as(s, id, SPOOL_LIKE_STORE));
}

/* So many of different sizes, as one turn of a loop brings them: how many are kept. */
static size_t keep_together(struct spool *s, long first, size_t count, unsigned *seed)
{
    enum { MOST = 64, LONGEST = 2000 };
    static char texts[LONGEST];
    static struct usage_row rows[MOST];
    static struct ledger_entry entries[MOST];
    static char ids[MOST][32];
    size_t kept = 0;
    memset(texts, 'x', sizeof texts);
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(ids[i], sizeof ids[i], "row-%ld", first + (long)i);
        rows[i] = sample_row(ids[i]);
        rows[i].dropped = slice_of(texts, (size_t)(rand_r(seed) % LONGEST));
        entries[i] = (struct ledger_entry){
            .next = i + 1 < count ? &entries[i + 1] : NULL, .rows = &rows[i], .row_count = 1};
    }
    if (count)
        spool_keep(s, entries, SPOOL_LIKE_STORE);
    for (size_t i = 0; i < count; i++)
        kept += entries[i].rc == AIGNE_OK;
    return kept;
}

static void replay_all(struct spool *s)
{
    struct fault why;
    fault_clear(&why);
    assert_int_equal(spool_replay(s, &why), AIGNE_OK);
    assert_int_equal(spool_waiting(s), 0);
}

/* So many of the oldest, as the ledger's thread has them written. */
static void take(struct spool *s, size_t most)
{
    struct fault why;
    size_t room = spool_next(s, most);
    struct store_op *ops = calloc(room + 1, sizeof *ops);
    size_t count = room ? spool_put(s, ops) : 0;
    assert_true(count <= room);
    if (count)
        assert_int_equal(store_sqlite.apply(store, ops, count, &why), AIGNE_OK);
    if (count)
        spool_took(s);
    free(ops);
}

static int64_t count_of(const char *filters)
{
    struct buf json AUTO(buf_free);
    int64_t count = -1;
    buf_init(&json, 1024 * 1024);
    assert_int_equal(store_sqlite.usage_list(store, slice_text(filters), &json, NULL),
                     AIGNE_OK);
    assert_true(json_int64(json_get(json_of(buf_slice(&json)), "count"), &count));
    return count;
}

static int64_t rows(void)
{
    return count_of("{}");
}

static const char *file_name(int number)
{
    static char path[4200];
    (void)snprintf(path, sizeof path, "%s-spool%d", database, number);
    return path;
}

static bool there(int number)
{
    return access(file_name(number), F_OK) == 0;
}

/* One that died while the others run: its records are not written over, nor removed with theirs. */
static void test_what_another_left_is_taken_over(void **state)
{
    (void)state;
    struct fault why;
    struct spool *first = opened();
    struct spool *second = opened();
    struct spool *third = opened();
    keep(second, "of-the-second");
    keep(third, "of-the-third");
    spool_close(second); /* dies */
    keep(first, "of-the-first");
    replay_all(first);
    assert_int_equal(rows(), 1);
    assert_int_equal(spool_adopt(first, &why), AIGNE_OK);
    assert_int_equal(rows(), 2);
    replay_all(third);
    assert_int_equal(rows(), 3);
    spool_close(first);
    spool_close(third);
    for (int i = 0; i < 3; i++)
        assert_false(there(i));
}

/* All that several left, by whoever comes next. */
static void test_every_file_is_taken_over(void **state)
{
    (void)state;
    struct spool *left[3] = {opened(), opened(), opened()};
    static const char *const ids[] = {"one", "two", "three"};
    for (int i = 0; i < 3; i++)
        keep(left[i], ids[i]);
    for (int i = 0; i < 3; i++)
        spool_close(left[i]);
    struct spool *next = opened();
    assert_int_equal(rows(), 3);
    spool_close(next);
    for (int i = 0; i < 3; i++)
        assert_false(there(i));
}

/* It died between two of its transactions, and had begun to write another record. */
static void test_died_in_the_midst_of_it(void **state)
{
    (void)state;
    char id[32];
    char piece[100] = {0};
    struct spool *s = opened();
    for (int i = 0; i < 300; i++) {
        (void)snprintf(id, sizeof id, "row-%d", i);
        keep(s, id);
    }
    take(s, 120);
    assert_int_equal(rows(), 120);
    spool_close(s);
    int file = open(file_name(0), O_RDWR | O_CLOEXEC);
    assert_int_equal(pread(file, piece, sizeof piece, 64), (ssize_t)sizeof piece);
    assert_true(lseek(file, 0, SEEK_END) > 0);
    assert_int_equal(write(file, piece, sizeof piece), (ssize_t)sizeof piece);
    close(file);
    s = opened();
    assert_int_equal(rows(), 300);
    keep(s, "after-it");
    replay_all(s);
    assert_int_equal(rows(), 301);
    spool_close(s);
}

/* Every moment at which it may die, on a file that is written over many times: what was kept comes once, in
 * its order, and the file stays small. */
static void test_dies_at_any_moment(void **state)
{
    (void)state;
    struct stat found;
    long kept = 0;
    unsigned seed = 7;
    for (int life = 0; life < 20; life++) {
        struct spool *s = opened();
        assert_int_equal(rows(), kept);
        int steps = 40 + rand_r(&seed) % 60;
        for (int i = 0; i < steps; i++) {
            size_t more = (size_t)(rand_r(&seed) % 40);
            assert_int_equal(keep_together(s, kept, more, &seed), more);
            kept += (long)more;
            take(s, (size_t)(rand_r(&seed) % 50));
        }
        keep(s, "last");
        kept++;
        assert_int_equal(stat(file_name(0), &found), 0);
        assert_true(found.st_size < 2 * 1024 * 1024);
        spool_close(s);
    }
    spool_close(opened());
    assert_int_equal(rows(), kept);
    assert_int_equal(count_of("{\"status\":\"success\"}"), kept);
}

/* A file that can be written is as good as the store; without one, only what has no other place waits in
 * memory. */
static void test_without_a_file(void **state)
{
    (void)state;
    struct spool *s = opened();
    for (int i = 0; i < 16; i++)
        assert_int_equal(mkdir(file_name(i), 0700), 0);
    assert_false(keep_as(s, "must-be-stored", SPOOL_LIKE_STORE));
    assert_int_equal(spool_waiting(s), 0);
    assert_true(keep_as(s, "has-no-other-place", SPOOL_ON_DISK));
    replay_all(s);
    assert_int_equal(rows(), 1);
    spool_close(s);
}

/* What may be in the store already is looked for there. */
static void test_maybe_there(void **state)
{
    (void)state;
    struct fault why;
    struct usage_row row = sample_row("seemed-to-fail");
    const struct store_op op = {.kind = STORE_USAGE, .usage = &row};
    row.started_ms = clock_wall_ms();
    assert_int_equal(store_sqlite.apply(store, &op, 1, &why), AIGNE_OK);
    struct ledger_entry entry = {.rows = &row, .row_count = 1};
    struct spool *s = opened();
    spool_keep(s, &entry, SPOOL_MAYBE_THERE);
    assert_int_equal(entry.rc, AIGNE_OK);
    replay_all(s);
    assert_int_equal(rows(), 1);
    spool_close(s);
}

/* Another version's file is nobody's to remove. */
static void test_another_format(void **state)
{
    (void)state;
    static const char text[64] = "aigne spool 0\n";
    int file = open(file_name(0), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(file, text, sizeof text), (ssize_t)sizeof text);
    close(file);
    struct spool *s = opened();
    keep(s, "beside-it");
    replay_all(s);
    spool_close(s);
    assert_true(there(0));
    assert_false(there(1));
}

/* Rows with all that is told of them, and a release with its budgets. */
static void test_all_of_a_record(void **state)
{
    (void)state;
    struct fault why;
    struct budget_claim claims[] = {{.counter = SLICE("budget/a"), .starts_ms = 5},
                                    {.counter = SLICE("budget/b"), .unspent = true}};
    struct usage_row row = sample_row("whole");
    row.usage.images = 3;
    row.account = SLICE("payer");
    row.charged = true;
    row.credits = 7000000000;
    row.explained = SLICE("{\"why\":1}");
    row.claims = claims;
    row.claim_count = 2;
    struct money_op money = {.id = SLICE("call"), .account = SLICE("payer"), .amount = 9};
    struct ledger_entry entry = {
        .rows = &row, .row_count = 1, .money = &money, .money_kind = STORE_RELEASE};
    struct spool *s = opened();
    spool_keep(s, &entry, SPOOL_ON_DISK);
    assert_int_equal(entry.rc, AIGNE_OK);
    struct store_op ops[3];
    assert_int_equal(spool_next(s, 10), 3);
    assert_int_equal(spool_put(s, ops), 3);
    assert_int_equal(ops[0].kind, STORE_RELEASE);
    assert_true(slice_is(ops[0].money->id, "call") && ops[0].money->amount == 9);
    assert_int_equal(ops[1].kind, STORE_USAGE);
    assert_int_equal(ops[1].usage->usage.images, 3);
    assert_true(slice_is(ops[1].usage->explained, "{\"why\":1}"));
    assert_int_equal(ops[1].usage->claim_count, 1);
    assert_true(slice_is(ops[1].usage->claims[0].counter, "budget/a"));
    assert_int_equal(ops[1].usage->claims[0].starts_ms, 5);
    assert_int_equal(ops[2].kind, STORE_MARK);
    assert_int_equal(store_sqlite.apply(store, ops, 3, &why), AIGNE_OK);
    spool_took(s);
    assert_int_equal(count_of("{\"account\":\"payer\"}"), 1);
    spool_close(s);
}

/* ---- calls that began ---- */

static int64_t account_of(const char *member)
{
    struct buf json AUTO(buf_free);
    int64_t amount = -1;
    char text[32];
    const struct money_query query = {
        .report = MONEY_ACCOUNT, .account = SLICE("payer"), .page = 1, .page_size = 10};
    buf_init(&json, 1024 * 1024);
    assert_int_equal(store_sqlite.money_list(store, &query, &json, NULL), AIGNE_OK);
    struct json told = json_get(json_of(buf_slice(&json)), member);
    if (told.kind != JSON_STRING)
        return json_int64(told, &amount) ? amount : -1;
    fault_copy(text, sizeof text, slice_of(told.raw.p + 1, told.raw.n - 2));
    return strtoll(text, NULL, 10);
}

static const int64_t CREDIT = 1000000000;

static int64_t left_of_escrow(void)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_open(database, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT amount FROM holds WHERE place = 5", -1,
                                        &statement, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t amount = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return amount / CREDIT;
}

static void apply_money(enum store_op_kind kind, struct money_op *money)
{
    struct fault why;
    const struct store_op op = {.kind = kind, .money = money};
    fault_clear(&why);
    if (store_sqlite.apply(store, &op, 1, &why))
        fail_msg("%s", why.text);
    assert_false(money->refused);
}

/* An account of a thousand credits, of which ten are set aside ahead: their owner. */
static int64_t set_aside(void)
{
    struct money_op grant = {.id = SLICE("grant"),
                             .account = SLICE("payer"),
                             .amount = 1000 * CREDIT,
                             .source = SLICE("manual"),
                             .note = SLICE(""),
                             .expires_ms = STORE_NEVER};
    struct money_op escrow = {.account = SLICE("payer"), .place = 5, .amount = 10 * CREDIT};
    apply_money(STORE_GRANT, &grant);
    apply_money(STORE_ESCROW, &escrow);
    assert_int_equal(account_of("held"), 0);
    return escrow.owner;
}

/* A call that takes three of those. */
static struct money_op sample_note(const struct usage_row *row)
{
    return (struct money_op){.id = row->call_id,
                             .account = SLICE("payer"),
                             .amount = 3 * CREDIT,
                             .place = 77,
                             .escrow = 5,
                             .owner = set_aside(),
                             .row = row};
}

static void keep_money(struct spool *s, enum store_op_kind kind, struct money_op *money,
                       const struct usage_row *row)
{
    struct ledger_entry entry = {
        .rows = row, .row_count = 1, .money = money, .money_kind = kind};
    spool_keep(s, &entry, SPOOL_LIKE_STORE);
    assert_int_equal(entry.rc, AIGNE_OK);
}

static void test_a_call_that_began(void **state)
{
    (void)state;
    struct usage_row row = sample_row("begun");
    struct money_op money = sample_note(&row);
    struct spool *s = opened();
    keep_money(s, STORE_NOTE, &money, &row);
    take(s, 10);
    assert_int_equal(rows(), 0);
    assert_int_equal(account_of("held"), 3);
    assert_int_equal(account_of("pending"), 1);
    row.account = SLICE("payer");
    row.charged = true;
    row.credits = 2 * CREDIT;
    keep_money(s, STORE_RELEASE, &money, &row);
    take(s, 10);
    assert_int_equal(rows(), 1);
    assert_int_equal(account_of("held"), 0);
    assert_int_equal(account_of("balance"), 998);
    spool_close(s);
}

/* A commit that was there although it seemed to fail: nothing of it counts twice. */
static void test_a_doubtful_commit(void **state)
{
    (void)state;
    struct fault why;
    struct usage_row row = sample_row("paired");
    struct money_op money = sample_note(&row);
    struct money_op rest = {.account = SLICE("payer"), .place = 5, .amount = -7 * CREDIT};
    struct spool *s = opened();
    struct store_op ops[8];
    keep_money(s, STORE_NOTE, &money, &row);
    keep_money(s, STORE_RELEASE, &money, &row);
    assert_true(spool_next(s, 10) <= COUNT(ops));
    size_t count = spool_put(s, ops);
    assert_int_equal(store_sqlite.apply(store, ops, count, &why), AIGNE_OK);
    assert_int_equal(spool_settle(s, &why), AIGNE_OK);
    assert_int_equal(spool_waiting(s), 0);
    assert_int_equal(left_of_escrow(), 7);
    keep(s, "the-next");
    take(s, 10);
    assert_int_equal(rows(), 2);
    assert_int_equal(left_of_escrow(), 7);
    apply_money(STORE_ESCROW, &rest);
    assert_int_equal(account_of("available"), 1000);
    assert_int_equal(account_of("held"), 0);
    spool_close(s);
}

/* The disk is full: what is kept in memory is not taken for what comes into the file behind it. */
static void test_a_file_that_cannot_be_written(void **state)
{
    (void)state;
    struct fault why;
    struct rlimit before;
    struct store_op ops[8];
    struct spool *s = opened();
    keep(s, "first");
    take(s, 10);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit none = {.rlim_cur = 1, .rlim_max = before.rlim_max};
    void (*signalled)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    assert_true(keep_as(s, "in-memory", SPOOL_ON_DISK));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, signalled);
    take(s, 10);
    keep(s, "in-the-file");
    assert_true(spool_next(s, 10) <= COUNT(ops));
    assert_true(spool_put(s, ops) > 0); /* and that transaction fails */
    assert_int_equal(spool_settle(s, &why), AIGNE_OK);
    assert_int_equal(spool_waiting(s), 1);
    replay_all(s);
    assert_int_equal(rows(), 3);
    spool_close(s);
}

/* The disk becomes full in the midst of what is kept together: what it had room for is kept, and whoever is told
 * that it is not finds it nowhere; nor behind what comes later, which begins as long as the lost ones did. */
static void test_a_file_that_becomes_full(void **state)
{
    (void)state;
    struct rlimit before;
    unsigned seed = 11;
    size_t kept = 0;
    struct spool *s = opened();
    assert_int_equal(keep_together(s, 0, 3, &seed), 3);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit little = {.rlim_cur = 20000, .rlim_max = before.rlim_max};
    void (*signalled)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
    unsigned same = seed;
    kept = keep_together(s, 100, 40, &same);
    assert_in_range(kept, 1, 39);
    assert_int_equal(keep_together(s, 100 + (long)kept, 1, &(unsigned){1}), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, signalled);
    assert_int_equal(spool_waiting(s), 3 + kept);
    for (size_t i = 0; i < kept; i++)
        (void)rand_r(&seed);
    assert_int_equal(keep_together(s, 200, 1, &seed), 1);
    spool_close(s); /* dies */
    spool_close(opened());
    assert_int_equal(rows(), 3 + kept + 1);
}

/* What the version before left: its records have no notes. */
static void test_the_format_before(void **state)
{
    (void)state;
    struct spool *s = opened();
    keep(s, "of-the-version-before");
    spool_close(s); /* dies */
    int file = open(file_name(0), O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(file, "2", 1, sizeof "aigne spool " - 1), 1);
    close(file);
    s = opened();
    assert_int_equal(rows(), 1);
    spool_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_another_left_is_taken_over, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_file_is_taken_over, setup, teardown),
        cmocka_unit_test_setup_teardown(test_died_in_the_midst_of_it, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dies_at_any_moment, setup, teardown),
        cmocka_unit_test_setup_teardown(test_without_a_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_maybe_there, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_format, setup, teardown),
        cmocka_unit_test_setup_teardown(test_all_of_a_record, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_call_that_began, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_doubtful_commit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_file_that_cannot_be_written, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_file_that_becomes_full, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_format_before, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
