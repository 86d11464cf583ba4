/* Knows how much repeating may add to what is asked. */
#include "hub/retry_budget.h"
#include "hub_test.h"
#include <pthread.h>

#define NOW ((int64_t)7000000) /* a window begins here */

static int take_all(struct retry_budget *b, int64_t percent, int64_t now_ms)
{
    int taken = 0;
    while (taken < 100000 && retry_budget_take(b, percent, now_ms))
        taken++;
    return taken;
}

static void a_lone_call_may_be_repeated(void **state)
{
    (void)state;
    struct retry_budget b = {0};
    retry_budget_call(&b, NOW);
    assert_int_equal(take_all(&b, RETRY_BUDGET_USUAL, NOW), RETRY_BUDGET_FLOOR);
    assert_int_equal(take_all(&b, RETRY_BUDGET_USUAL, NOW + RETRY_BUDGET_WINDOW_MS / 2), 0);
    int64_t later = NOW + RETRY_BUDGET_WINDOW_MS * 3 / 2; /* half of them still count */
    assert_int_equal(take_all(&b, RETRY_BUDGET_USUAL, later), RETRY_BUDGET_FLOOR / 2);
    assert_int_equal(take_all(&b, RETRY_BUDGET_USUAL, NOW + 10 * RETRY_BUDGET_WINDOW_MS),
                     RETRY_BUDGET_FLOOR);
}

static void repeating_adds_no_more_than_its_share(void **state)
{
    (void)state;
    static const int64_t percents[] = {0, 5, 20, 100};
    for (size_t i = 0; i < COUNT(percents); i++) {
        struct retry_budget b = {0};
        for (int n = 0; n < 1000; n++)
            retry_budget_call(&b, NOW);
        assert_int_equal(take_all(&b, percents[i], NOW), RETRY_BUDGET_FLOOR + 10 * percents[i]);
    }
}

/* Each call fails, and each would be repeated, at different speeds. */
static void over_any_time_the_share_is_kept(void **state)
{
    (void)state;
    for (int64_t gap_ms = 1; gap_ms < 3000; gap_ms = gap_ms * 3 + 1) {
        struct retry_budget b = {0};
        int64_t repeats = 0;
        int64_t now_ms = NOW + 77;
        int64_t calls = 0;
        for (; calls < 20000; calls++, now_ms += gap_ms) {
            retry_budget_call(&b, now_ms);
            repeats += retry_budget_take(&b, 20, now_ms);
        }
        int64_t windows = (now_ms - NOW) / RETRY_BUDGET_WINDOW_MS + 1;
        assert_true(repeats <= calls / 5 + 2 * windows * RETRY_BUDGET_FLOOR);
        assert_true(repeats >= calls / 5 - 1);
    }
}

static void counting_never_runs_over(void **state)
{
    (void)state;
    struct retry_budget b = {0};
    for (int n = 0; n < 1100000; n++)
        retry_budget_call(&b, NOW);
    assert_true(retry_budget_take(&b, 100, NOW));
    retry_budget_call(&b, NOW + RETRY_BUDGET_WINDOW_MS);
    assert_true(retry_budget_take(&b, 20, NOW + RETRY_BUDGET_WINDOW_MS));
}

static void *ask_and_repeat(void *budget)
{
    intptr_t taken = 0;
    for (int n = 0; n < 20000; n++) {
        retry_budget_call(budget, NOW);
        taken += retry_budget_take(budget, 20, NOW);
    }
    return (void *)taken;
}

static void threads_share_it_exactly(void **state)
{
    (void)state;
    struct retry_budget b = {0};
    pthread_t threads[4];
    intptr_t taken = 0;
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_and_repeat, &b), 0);
    for (size_t i = 0; i < COUNT(threads); i++) {
        void *result = NULL;
        pthread_join(threads[i], &result);
        taken += (intptr_t)result;
    }
    taken += take_all(&b, 20, NOW);
    assert_int_equal(taken, RETRY_BUDGET_FLOOR + 80000 / 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lone_call_may_be_repeated),
        cmocka_unit_test(repeating_adds_no_more_than_its_share),
        cmocka_unit_test(over_any_time_the_share_is_kept),
        cmocka_unit_test(counting_never_runs_over),
        cmocka_unit_test(threads_share_it_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
