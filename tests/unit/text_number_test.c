/* Knows how numbers come apart into digits and scale. */
#include "text/number.h"
#include "unit.h"

static void takes_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool negative;
        uint64_t digits;
        int64_t scale;
    } rows[] = {
        {"0", false, 0, 0},
        {"-0", true, 0, 0},
        {"0.000e7", false, 0, 0},
        {"1", false, 1, 0},
        {"100", false, 1, 2},
        {"-12.5", true, 125, -1},
        {"0.0010", false, 1, -3},
        {"10.10", false, 101, -1},
        {"1e-7", false, 1, -7},
        {"100e-2", false, 1, 0},
        {"1000000000000000000001", false, 0, -1},
    };
    for (size_t i = 0; i + 1 < COUNT(rows); i++) {
        struct number n;
        assert_true(number_parse(slice_text(rows[i].text), &n));
        assert_int_equal(n.negative, rows[i].negative);
        assert_true(n.digits == rows[i].digits);
        assert_int_equal(n.scale, rows[i].scale);
    }
    struct number n;
    assert_true(number_parse(SLICE("1000000000000000000001"), &n));
    assert_true(n.digits == (number_digits)1000000000000000000 * 1000 + 1);
    assert_int_equal(n.scale, 0);
}

static void scales(void **state)
{
    (void)state;
    struct number n = {.digits = 7, .scale = 0};
    number_digits value = 0;
    assert_true(number_scaled(&n, 3, &value));
    assert_true(value == 7000);
    assert_true(number_scaled(&n, 37, &value));
    assert_false(number_scaled(&n, 38, &value));
    assert_false(number_scaled(&n, -1, &value));
    assert_false(number_scaled(&n, INT64_MAX, &value));
    n.digits = 0;
    value = 9;
    assert_true(number_scaled(&n, INT64_MAX, &value));
    assert_true(value == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_apart),
        cmocka_unit_test(scales),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
