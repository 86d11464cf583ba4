/* Knows within which time nineteen of twenty answers begin. */
#include "hub/first_byte.h"
#include "hub_test.h"

static void note_times(struct first_byte *f, int times, int64_t ms)
{
    while (times-- > 0)
        first_byte_note(f, ms);
}

static void few_tell_nothing(void **state)
{
    (void)state;
    struct first_byte f = {0};
    assert_int_equal(first_byte_p95(&f), -1);
    note_times(&f, FIRST_BYTE_SAMPLES - 1, 100);
    assert_int_equal(first_byte_p95(&f), -1);
    first_byte_note(&f, 100);
    assert_in_range(first_byte_p95(&f), 100, 150);
}

static void is_never_too_short_and_never_half_too_long(void **state)
{
    (void)state;
    for (int64_t ms = 0; ms < 500000; ms = ms * 5 / 4 + 1) {
        struct first_byte f = {0};
        note_times(&f, 100, ms);
        assert_true(first_byte_p95(&f) > ms);
        assert_true(first_byte_p95(&f) <= ms * 2 + 1);
    }
    struct first_byte f = {0};
    note_times(&f, 100, INT64_MAX); /* what is longer than anything is in the last one */
    assert_true(first_byte_p95(&f) > 500000);
}

static void one_in_twenty_does_not_count(void **state)
{
    (void)state;
    struct first_byte f = {0};
    note_times(&f, 95, 100);
    note_times(&f, 5, 60000);
    assert_in_range(first_byte_p95(&f), 100, 150);
    note_times(&f, 10, 60000);
    assert_true(first_byte_p95(&f) > 60000);
}

static void what_is_old_is_forgotten(void **state)
{
    (void)state;
    struct first_byte f = {0};
    note_times(&f, 5000, 60000);
    note_times(&f, 2000, 100);
    assert_in_range(first_byte_p95(&f), 100, 150);
    assert_true(atomic_load(&f.all) < 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_tell_nothing),
        cmocka_unit_test(is_never_too_short_and_never_half_too_long),
        cmocka_unit_test(one_in_twenty_does_not_count),
        cmocka_unit_test(what_is_old_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
