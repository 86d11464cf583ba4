/* Knows what the ledger promises: everything recorded once, few commits, nothing lost silently. */
#define _POSIX_C_SOURCE 200809L
#include "base/log.h"
#include "hub/ledger.h"
#include "hub_test.h"
#include "test_store.h"
#include "text/json_scan.h"
#include <pthread.h>
#include <semaphore.h>

static struct store *store;
static struct ledger *ledger;
static atomic_int errors_logged;
static char last_line[1024];
static sem_t ticks;

/* What a call has: its entry, its rows, and somebody who waits for the end. */
struct job {
    struct ledger_entry entry;
    struct usage_row rows[3];
    char ids[3][64];
    sem_t *all_done;
    atomic_int done_count;
};

static void on_done(struct ledger_entry *self)
{
    struct job *j = (struct job *)(void *)self;
    atomic_fetch_add(&j->done_count, 1);
    sem_post(j->all_done);
}

static void log_to_test(void *user, int level, const char *area, const char *line, size_t len)
{
    (void)user;
    if (level != LOG_ERROR || strcmp(area, "ledger") != 0)
        return;
    fault_copy(last_line, sizeof last_line, slice_of(line, len));
    atomic_fetch_add(&errors_logged, 1);
}

static void on_tick(void *user)
{
    (void)user;
    sem_post(&ticks);
}

static void start(const struct store_type *type)
{
    const struct ledger_options options = {.type = type, .store = store, .tick = on_tick};
    assert_int_equal(ledger_open(&options, &ledger, NULL), AIGNE_OK);
}

static int setup(void **state)
{
    (void)state;
    assert_int_equal(test_store.open(SLICE(""), false, &store, NULL), AIGNE_OK);
    assert_int_equal(sem_init(&ticks, 0, 0), 0);
    log_set(LOG_ERROR, log_to_test, NULL);
    atomic_store(&errors_logged, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ledger_close(ledger);
    ledger = NULL;
    test_store.close(store);
    log_set(0, NULL, NULL);
    return 0;
}

static void prepare(struct job *j, size_t number, size_t rows, sem_t *all_done)
{
    for (size_t i = 0; i < rows; i++) {
        (void)snprintf(j->ids[i], sizeof j->ids[i], "job%zu.%zu", number, i);
        j->rows[i] = sample_row(j->ids[i]);
    }
    j->entry =
        (struct ledger_entry){.rows = j->rows, .row_count = rows, .rc = 1, .done = on_done};
    j->all_done = all_done;
    atomic_init(&j->done_count, 0);
}

static int64_t recorded(void)
{
    struct buf json;
    int64_t count = -1;
    buf_init(&json, 1 << 20);
    assert_int_equal(test_store.usage_list(store, SLICE("{}"), &json, NULL), AIGNE_OK);
    assert_true(json_int64(json_get(json_of(buf_slice(&json)), "count"), &count));
    buf_free(&json);
    return count;
}

static void wait_for(sem_t *done, size_t count)
{
    for (size_t i = 0; i < count; i++)
        while (sem_wait(done) != 0)
            ;
}

static void test_each_once(void **state)
{
    (void)state;
    enum { JOBS = 200 };
    static struct job jobs[JOBS];
    sem_t done;
    sem_init(&done, 0, 0);
    start(&test_store);
    for (size_t i = 0; i < JOBS; i++) {
        prepare(&jobs[i], i, i % 4, &done);
        ledger_submit(ledger, &jobs[i].entry);
        if (i % 50 == 0)
            wait_for(&done, i == 0 ? 1 : 50);
    }
    wait_for(&done, JOBS - 151);
    for (size_t i = 0; i < JOBS; i++) {
        assert_int_equal(jobs[i].entry.rc, AIGNE_OK);
        assert_int_equal(atomic_load(&jobs[i].done_count), 1);
    }
    assert_int_equal(recorded(), JOBS / 4 * 6);
    assert_int_equal(sem_trywait(&done), -1);
}

/* A store whose apply waits until the test lets it go. */
static sem_t applying;
static sem_t may_apply;

static int slow_apply(struct store *s, const struct store_op *ops, size_t count,
                      struct fault *why)
{
    sem_post(&applying);
    wait_for(&may_apply, 1);
    return test_store.apply(s, ops, count, why);
}

static struct store_type slow_type(void)
{
    struct store_type type = test_store;
    type.apply = slow_apply;
    sem_init(&applying, 0, 0);
    sem_init(&may_apply, 0, 0);
    return type;
}

static atomic_int applies;

static int counting_apply(struct store *s, const struct store_op *ops, size_t count,
                          struct fault *why)
{
    (void)s;
    (void)ops;
    (void)count;
    (void)why;
    sem_post(&applying);
    wait_for(&may_apply, 1);
    atomic_fetch_add(&applies, 1);
    return AIGNE_OK;
}

static void *no_memory(void *user, void *old, size_t size)
{
    (void)user;
    (void)old;
    (void)size;
    return NULL;
}

static void no_release(void *user, void *old)
{
    (void)user;
    free(old);
}

static void test_what_waits_shares_a_commit(void **state)
{
    (void)state;
    enum { JOBS = 1500 };
    static struct job jobs[JOBS];
    const struct store_type type = slow_type();
    sem_t done;
    sem_init(&done, 0, 0);
    start(&type);
    prepare(&jobs[0], 0, 1, &done);
    ledger_submit(ledger, &jobs[0].entry);
    wait_for(&applying, 1);
    for (size_t i = 1; i < JOBS; i++) {
        prepare(&jobs[i], i, 1, &done);
        ledger_submit(ledger, &jobs[i].entry);
    }
    for (int i = 0; i < 3; i++)
        sem_post(&may_apply);
    wait_for(&done, JOBS);
    /* The first alone, then 1024 in one, then the rest. */
    assert_int_equal(test_store_commits(store), 3);
    assert_int_equal(recorded(), JOBS);
}

static void test_a_failing_store_is_tried_again(void **state)
{
    (void)state;
    struct job j;
    sem_t done;
    sem_init(&done, 0, 0);
    test_store_fail(store, 1, 3, AIGNE_E_STORE);
    start(&test_store);
    prepare(&j, 0, 3, &done);
    ledger_submit(ledger, &j.entry);
    wait_for(&done, 1);
    assert_int_equal(j.entry.rc, AIGNE_OK);
    assert_int_equal(recorded(), 3);
    assert_int_equal(atomic_load(&errors_logged), 0);
}

static void test_final_failure_is_said(void **state)
{
    (void)state;
    struct job j;
    sem_t done;
    sem_init(&done, 0, 0);
    test_store_fail(store, 1, 1000, AIGNE_E_STORE);
    start(&test_store);
    prepare(&j, 7, 2, &done);
    ledger_submit(ledger, &j.entry);
    wait_for(&done, 1);
    assert_int_equal(j.entry.rc, AIGNE_E_STORE);
    assert_int_equal(atomic_load(&j.done_count), 1);
    assert_int_equal(atomic_load(&errors_logged),
                     2); /* each row, with what it takes to bill it */
    assert_non_null(strstr(last_line, "job7.1"));
    assert_non_null(strstr(last_line, "10 prompt and 3 answer tokens"));
    assert_non_null(strstr(last_line, "3300 billionths"));
    /* It goes on when the store does. */
    test_store_fail(store, 0, 0, 0);
    prepare(&j, 8, 1, &done);
    ledger_submit(ledger, &j.entry);
    wait_for(&done, 1);
    assert_int_equal(j.entry.rc, AIGNE_OK);
}

/* Without memory for a large batch there are several small ones. */
static void test_without_memory_batches_are_small(void **state)
{
    (void)state;
    enum { JOBS = 300 };
    static struct job jobs[JOBS];
    struct store_type type = slow_type();
    sem_t done;
    sem_init(&done, 0, 0);
    type.apply = counting_apply;
    atomic_store(&applies, 0);
    start(&type);
    prepare(&jobs[0], 0, 1, &done);
    ledger_submit(ledger, &jobs[0].entry);
    wait_for(&applying, 1);
    for (size_t i = 1; i < JOBS; i++) {
        prepare(&jobs[i], i, 1, &done);
        ledger_submit(ledger, &jobs[i].entry);
    }
    mem_set_allocator(NULL, no_memory, no_release);
    for (int i = 0; i < 20; i++)
        sem_post(&may_apply);
    wait_for(&done, JOBS);
    mem_set_allocator(NULL, NULL, NULL);
    for (size_t i = 0; i < JOBS; i++)
        assert_int_equal(jobs[i].entry.rc, AIGNE_OK);
    assert_int_equal(atomic_load(&applies), 1 + (JOBS - 1 + 63) / 64);
}

static int picky_apply(struct store *s, const struct store_op *ops, size_t count,
                       struct fault *why)
{
    sem_post(&applying);
    wait_for(&may_apply, 1);
    for (size_t i = 0; i < count; i++)
        if (slice_is(ops[i].usage->id, "job3.0"))
            return fault_set(why, AIGNE_E_STORE, "This row is poison.");
    return test_store.apply(s, ops, count, why);
}

static void test_one_bad_row_does_not_take_the_others_along(void **state)
{
    (void)state;
    static struct job jobs[6];
    struct store_type type = slow_type();
    sem_t done;
    type.apply = picky_apply;
    sem_init(&done, 0, 0);
    start(&type);
    prepare(&jobs[0], 0, 1, &done);
    ledger_submit(ledger, &jobs[0].entry);
    wait_for(&applying, 1); /* the others wait together */
    for (size_t i = 1; i < COUNT(jobs); i++) {
        prepare(&jobs[i], i, 1, &done);
        ledger_submit(ledger, &jobs[i].entry);
    }
    for (int i = 0; i < 20; i++)
        sem_post(&may_apply);
    wait_for(&done, COUNT(jobs));
    for (size_t i = 0; i < COUNT(jobs); i++)
        assert_int_equal(jobs[i].entry.rc, i == 3 ? AIGNE_E_STORE : AIGNE_OK);
    assert_int_equal(recorded(), 5);
    assert_int_equal(atomic_load(&errors_logged), 1);
}

static void test_close_writes_what_waits(void **state)
{
    (void)state;
    enum { JOBS = 100 };
    static struct job jobs[JOBS];
    const struct store_type type = slow_type();
    sem_t done;
    sem_init(&done, 0, 0);
    start(&type);
    for (size_t i = 0; i < JOBS; i++) {
        prepare(&jobs[i], i, 1, &done);
        ledger_submit(ledger, &jobs[i].entry);
    }
    for (int i = 0; i < JOBS; i++)
        sem_post(&may_apply);
    ledger_close(ledger);
    ledger = NULL;
    for (size_t i = 0; i < JOBS; i++)
        assert_int_equal(atomic_load(&jobs[i].done_count), 1);
    assert_int_equal(recorded(), JOBS);
}

static void test_ticks_come_by_themselves_and_under_load(void **state)
{
    (void)state;
    struct job j;
    sem_t done;
    int due = 0;
    sem_init(&done, 0, 0);
    start(&test_store);
    wait_for(&ticks, 2);
    for (size_t i = 0; due != 0 || i == 0; i++) {
        prepare(&j, i, 1, &done);
        ledger_submit(ledger, &j.entry);
        wait_for(&done, 1);
        due = sem_trywait(&ticks);
    }
}

/* Many threads at once; also what the thread sanitizer is shown. */
enum { THREADS = 4, EACH = 500 };
static struct job thread_jobs[THREADS][EACH];

static void *submit_many(void *user)
{
    struct job *jobs = user;
    sem_t done;
    sem_init(&done, 0, 0);
    size_t thread = (size_t)(jobs - thread_jobs[0]) / EACH;
    for (size_t i = 0; i < EACH; i++) {
        prepare(&jobs[i], thread * EACH + i, 1 + i % 3, &done);
        ledger_submit(ledger, &jobs[i].entry);
        if (i % 16 == 15)
            wait_for(&done, 16);
    }
    wait_for(&done, EACH % 16);
    return NULL;
}

static void test_many_threads(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    start(&test_store);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, submit_many, thread_jobs[i]), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    size_t rows = 0;
    for (size_t i = 0; i < EACH; i++)
        rows += 1 + i % 3;
    assert_int_equal(recorded(), THREADS * rows);
    assert_true(test_store_commits(store) < THREADS * EACH);
}

#define LEDGER_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LEDGER_TEST(test_each_once),
        LEDGER_TEST(test_what_waits_shares_a_commit),
        LEDGER_TEST(test_a_failing_store_is_tried_again),
        LEDGER_TEST(test_final_failure_is_said),
        LEDGER_TEST(test_without_memory_batches_are_small),
        LEDGER_TEST(test_one_bad_row_does_not_take_the_others_along),
        LEDGER_TEST(test_close_writes_what_waits),
        LEDGER_TEST(test_ticks_come_by_themselves_and_under_load),
        LEDGER_TEST(test_many_threads),
    };
    return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
