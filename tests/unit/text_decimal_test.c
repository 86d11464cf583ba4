/* Knows that money is read, multiplied, rounded and written without losing a billionth. */
#include "text/decimal.h"
#include "unit.h"

static decimal_wide widest(void)
{
    return ((decimal_wide)1 << 126) - 1 + ((decimal_wide)1 << 126);
}

/* Parse with `digits`, write again. */
static const char *through(const char *text, int digits)
{
    static char out[100];
    struct buf b;
    decimal_wide value = 0;
    if (!decimal_parse(slice_text(text), digits, &value))
        return "refused";
    buf_init(&b, sizeof(out) - 1);
    decimal_write(&b, value, digits);
    memcpy(out, b.p, b.n + 1);
    buf_free(&b);
    return out;
}

static void reads_and_writes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int digits;
        const char *again;
    } rows[] = {
        {"0", 9, "0"},
        {"0.000", 9, "0"},
        {"12", 9, "12"},
        {"12.50", 9, "12.5"},
        {"100", 9, "100"},
        {"0.00000015", 18, "0.00000015"},
        {"1e-7", 18, "0.0000001"},
        {"1.5E+3", 18, "1500"},
        {"2.5e0", 0, "refused"},
        {"25e-1", 1, "2.5"},
        {"0.000000000000000001", 18, "0.000000000000000001"},
        {"0.0000000000000000001", 18, "refused"},
        {"0.0000000001", 9, "refused"},
        {"0.1000000000000", 9, "0.1"},
        {"1e-9", 9, "0.000000001"},
        {"10e-10", 9, "0.000000001"},
        {"0e-99999999999999999999", 9, "0"},
        {"0e99999999999999999999", 9, "0"},
        {"1e99999999999999999999", 9, "refused"},
        {"1e-99999999999999999999", 9, "refused"},
        {"99999999999999999999", 18, "99999999999999999999"},
        {"100000000000000000000", 18, "refused"},
        {"99999999999999999999999999999999999999", 0, "99999999999999999999999999999999999999"},
        {"999999999999999999999999999999999999999", 0, "refused"},
        {"0.99999999999999999999999999999999999999", 38,
         "0.99999999999999999999999999999999999999"},
        {"-1", 9, "refused"},
        {"-0", 9, "refused"},
        {"+1", 9, "refused"},
        {"1.", 9, "refused"},
        {".5", 9, "refused"},
        {"01", 9, "refused"},
        {"1e", 9, "refused"},
        {"1e+", 9, "refused"},
        {"1,5", 9, "refused"},
        {" 1", 9, "refused"},
        {"1 ", 9, "refused"},
        {"", 9, "refused"},
        {"-", 9, "refused"},
        {"abc", 9, "refused"},
        {"0x1", 9, "refused"},
        {"1e5.5", 9, "refused"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *again = through(rows[i].text, rows[i].digits);
        if (strcmp(again, rows[i].again) != 0)
            fail_msg("%s becomes %s instead of %s", rows[i].text, again, rows[i].again);
    }
}

static void writes_extremes(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 200);
    decimal_write(&b, -1500000000, 9);
    assert_slice(buf_slice(&b), "-1.5");
    buf_clear(&b);
    decimal_wide most = widest();
    decimal_write(&b, most, 18);
    assert_slice(buf_slice(&b), "170141183460469231731.687303715884105727");
    buf_clear(&b);
    decimal_write(&b, -most - 1, 0);
    assert_slice(buf_slice(&b), "-170141183460469231731687303715884105728");
    buf_clear(&b);
    decimal_write(&b, -most - 1, 38);
    assert_slice(buf_slice(&b), "-1.70141183460469231731687303715884105728");
    buf_free(&b);
}

static void charges_exactly(void **state)
{
    (void)state;
    decimal_wide rate = 0;
    decimal_wide sum = 0;
    int64_t billionths = 0;
    assert_true(decimal_parse(SLICE("0.00000015"), DECIMAL_RATE_DIGITS, &rate));
    assert_true(decimal_charge(1234567, rate, &sum));
    assert_true(decimal_charge(3, rate, &sum)); /* 1234570 * 0.00000015 = 0.1851855 */
    assert_true(decimal_round(sum, &billionths));
    assert_int_equal(billionths, 185185500);
    sum = 500000000; /* half a billionth goes up */
    assert_true(decimal_round(sum, &billionths));
    assert_int_equal(billionths, 1);
    assert_true(decimal_round(499999999, &billionths));
    assert_int_equal(billionths, 0);
    assert_true(decimal_round(-500000000, &billionths));
    assert_int_equal(billionths, 0);
    assert_true(decimal_round(-500000001, &billionths));
    assert_int_equal(billionths, -1);
    assert_true(decimal_round(-1500000000, &billionths));
    assert_int_equal(billionths, -1);
    assert_true(decimal_round(0, &billionths));
    assert_int_equal(billionths, 0);
}

static void overflow_is_refused(void **state)
{
    (void)state;
    decimal_wide most = widest();
    decimal_wide sum = 5;
    int64_t billionths = 7;
    assert_false(decimal_charge(3, most / 2, &sum));
    sum = most - 1;
    assert_true(decimal_charge(1, 1, &sum));
    assert_false(decimal_charge(1, 1, &sum));
    assert_true(sum == most);
    assert_false(decimal_round(most, &billionths));
    assert_false(decimal_round((decimal_wide)INT64_MAX * 1000000000 + 500000000, &billionths));
    assert_int_equal(billionths, 7);
    assert_true(decimal_round((decimal_wide)INT64_MAX * 1000000000 + 499999999, &billionths));
    assert_true(billionths == INT64_MAX);
    assert_true(decimal_round((decimal_wide)INT64_MIN * 1000000000, &billionths));
    assert_true(billionths == INT64_MIN);
    assert_false(decimal_round((decimal_wide)INT64_MIN * 1000000000 - 500000001, &billionths));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes),
        cmocka_unit_test(writes_extremes),
        cmocka_unit_test(charges_exactly),
        cmocka_unit_test(overflow_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
