/* Knows what comparing, searching and cutting give at every edge. */
#include "unit.h"

static void compares(void **state)
{
    (void)state;
    assert_true(slice_is(SLICE("abc"), "abc"));
    assert_false(slice_is(SLICE("abc"), "abcd"));
    assert_true(slice_is(SLICE_NONE, ""));
    assert_true(slice_is_nocase(SLICE("Content-Type"), "content-TYPE"));
    assert_false(slice_is_nocase(SLICE("a["), "A{")); /* letters only */
    assert_false(slice_is_nocase(SLICE("\xC9"), "\xE9"));
    assert_true(slice_starts(SLICE("data: x"), "data:"));
    assert_false(slice_starts(SLICE("da"), "data:"));
    assert_true(slice_starts(SLICE_NONE, ""));
    assert_true(slice_starts_nocase(SLICE("DATA:x"), "data:"));
    assert_false(slice_starts_nocase(SLICE("DAT"), "data:"));
    assert_true(slice_has_nocase(SLICE("X-Api-KEY"), "key"));
    assert_true(slice_has_nocase(SLICE_NONE, ""));
    assert_false(slice_has_nocase(SLICE("ke"), "key"));
    assert_true(slice_ends(SLICE("a.json"), ".json"));
    assert_false(slice_ends(SLICE("json"), ".json"));
    assert_true(slice_ends(SLICE_NONE, ""));
}

static void searches(void **state)
{
    (void)state;
    assert_int_equal(slice_find(SLICE("hello"), SLICE("ll")), 2);
    assert_int_equal(slice_find(SLICE("hello"), SLICE("x")), 5);
    assert_int_equal(slice_find(SLICE("he"), SLICE("hello")), 2);
    assert_int_equal(slice_find(SLICE("he"), SLICE("")), 0);
    assert_int_equal(slice_find(SLICE_NONE, SLICE("a")), 0);
    assert_int_equal(slice_find_byte(SLICE("a=b"), '='), 1);
    assert_int_equal(slice_find_byte(SLICE_NONE, '='), 0);
    assert_int_equal(slice_find(slice_of("a\0bc", 4), slice_of("\0b", 2)), 1);
}

static void cuts_and_trims(void **state)
{
    (void)state;
    struct slice head = SLICE_NONE;
    struct slice tail = SLICE_NONE;
    assert_true(slice_cut(SLICE("a=b=c"), '=', &head, &tail));
    assert_slice(head, "a");
    assert_slice(tail, "b=c");
    assert_true(slice_cut(SLICE("="), '=', &head, &tail));
    assert_slice(head, "");
    assert_slice(tail, "");
    assert_false(slice_cut(SLICE("abc"), '=', &head, &tail));
    assert_slice(slice_trim(SLICE(" \t\r\n a b \n")), "a b");
    assert_slice(slice_trim(SLICE("  ")), "");
    assert_null(slice_trim(SLICE_NONE).p);
    assert_slice(slice_from(SLICE("abc"), 2), "c");
    assert_slice(slice_from(SLICE("abc"), 9), "");
    assert_null(slice_from(SLICE_NONE, 1).p);
}

static void reads_integers(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "-",
                                        "+1",
                                        " 1",
                                        "1 ",
                                        "1.",
                                        "0x1",
                                        "9223372036854775808",
                                        "1e1",
                                        "--1",
                                        "9223372036854775807000",
                                        "-9223372036854775809"};
    int64_t value = 0;
    assert_true(slice_int64(SLICE("0"), &value));
    assert_int_equal(value, 0);
    assert_true(slice_int64(SLICE("-12"), &value));
    assert_int_equal(value, -12);
    assert_true(slice_int64(SLICE("9223372036854775807"), &value));
    assert_true(value == INT64_MAX);
    assert_true(slice_int64(SLICE("-9223372036854775808"), &value));
    assert_true(value == INT64_MIN);
    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_false(slice_int64(slice_text(wrong[i]), &value));
    assert_true(value == INT64_MIN); /* untouched by failures */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compares),
        cmocka_unit_test(searches),
        cmocka_unit_test(cuts_and_trims),
        cmocka_unit_test(reads_integers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
