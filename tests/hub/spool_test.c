/* Knows what becomes of records that the store did not take, whoever dies; refuses to know why it did not. */
#define _GNU_SOURCE
#include "base/mem.h"
#include "hub/spool.h"
#include "hub_test.h"
#include "text/json_scan.h"
#include <fcntl.h>
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

static struct spool *opened(void)
{
    struct spool *s = NULL;
    struct fault why;
    fault_clear(&why);
    if (spool_open(slice_text(database), &store_sqlite, store, &s, &why))
        fail_msg("%s", why.text);
    return s;
}

static void keep(struct spool *s, const char *id)
{
    struct usage_row row = sample_row(id);
    struct ledger_entry entry = {.rows = &row, .row_count = 1};
    assert_true(spool_keep(s, &entry));
    assert_true(spool_safe(s));
}

static void replay_all(struct spool *s)
{
    struct fault why;
    for (int i = 0; i == 0 || spool_waiting(s); i++) {
        fault_clear(&why);
        assert_int_equal(spool_replay(s, &why), AIGNE_OK);
        assert_true(i < 100);
    }
}

static int64_t rows(void)
{
    struct buf json AUTO(buf_free);
    int64_t count = -1;
    buf_init(&json, 1024 * 1024);
    assert_int_equal(store_sqlite.usage_list(store, SLICE("{}"), &json, NULL), AIGNE_OK);
    assert_true(json_int64(json_get(json_of(buf_slice(&json)), "count"), &count));
    return count;
}

static bool there(int number)
{
    char path[4200];
    (void)snprintf(path, sizeof path, "%s-spool%d", database, number);
    return access(path, F_OK) == 0;
}

/* One that died while the others run: its records are not written over, nor removed with theirs. */
static void test_what_another_left_is_taken_over(void **state)
{
    (void)state;
    struct spool *first = opened();
    struct spool *second = opened();
    struct spool *third = opened();
    keep(second, "of-the-second");
    keep(third, "of-the-third");
    spool_close(second); /* dies */
    keep(first, "of-the-first");
    replay_all(first);
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
    replay_all(next);
    assert_int_equal(rows(), 3);
    spool_close(next);
    for (int i = 0; i < 3; i++)
        assert_false(there(i));
}

/* It died between two of the replay's transactions, and had begun to write a line. */
static void test_died_in_the_midst_of_it(void **state)
{
    (void)state;
    char id[32];
    char path[4200];
    struct fault why;
    struct spool *s = opened();
    for (int i = 0; i < 300; i++) {
        (void)snprintf(id, sizeof id, "row-%d", i);
        keep(s, id);
    }
    fault_clear(&why);
    assert_int_equal(spool_replay(s, &why), AIGNE_OK);
    assert_in_range(spool_waiting(s), 1, 299);
    spool_close(s);
    (void)snprintf(path, sizeof path, "%s-spool0", database);
    int file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_int_equal(write(file, "{\"at\":1,\"rows\":[{\"te", 20), 20);
    close(file);
    s = opened();
    keep(s, "after-it");
    replay_all(s);
    assert_int_equal(rows(), 301);
    spool_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_another_left_is_taken_over, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_file_is_taken_over, setup, teardown),
        cmocka_unit_test_setup_teardown(test_died_in_the_midst_of_it, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
