/* Knows when periods begin and which budgets a call counts against; refuses to know what is left of them. */
#include "hub/period.h"
#include "hub_test.h"
#include "store/moment.h"

static int64_t at(const char *text)
{
    int64_t ms = 0;
    assert_true(moment_parse(slice_text(text), &ms));
    return ms;
}

static void check(enum period p, const char *now, const char *zone, const char *start,
                  const char *end)
{
    struct time_zone z;
    struct arena a;
    arena_init(&a);
    assert_int_equal(time_zone_open(slice_text(zone), &a, &z, NULL), AIGNE_OK);
    assert_int_equal(period_start(p, at(now), &z), at(start));
    assert_int_equal(period_end(p, at(now), &z), at(end));
    arena_free(&a);
}

static void test_days(void **state)
{
    (void)state;
    check(PERIOD_DAY, "2026-03-01T00:00:00Z", "UTC", "2026-03-01", "2026-03-02");
    check(PERIOD_DAY, "2026-03-01T23:59:59.999Z", "UTC", "2026-03-01", "2026-03-02");
    check(PERIOD_DAY, "2026-03-01T20:00:00Z", "+05:30", "2026-03-01T18:30:00Z",
          "2026-03-02T18:30:00Z");
    check(PERIOD_DAY, "2026-03-01T02:00:00Z", "-03:00", "2026-02-28T03:00:00Z",
          "2026-03-01T03:00:00Z");
}

static void test_weeks_begin_on_mondays(void **state)
{
    (void)state;
    check(PERIOD_WEEK, "2026-11-23T00:00:00Z", "UTC", "2026-11-23", "2026-11-30");
    check(PERIOD_WEEK, "2026-11-29T23:00:00Z", "UTC", "2026-11-23", "2026-11-30");
    check(PERIOD_WEEK, "2026-11-29T23:00:00Z", "+02:00", "2026-11-29T22:00:00Z",
          "2026-12-06T22:00:00Z");
}

static void test_months(void **state)
{
    (void)state;
    check(PERIOD_MONTH, "2024-02-29T12:00:00Z", "UTC", "2024-02-01", "2024-03-01");
    check(PERIOD_MONTH, "2026-01-31T12:00:00Z", "UTC", "2026-01-01", "2026-02-01");
    check(PERIOD_MONTH, "2026-12-31T23:30:00Z", "UTC", "2026-12-01", "2027-01-01");
    check(PERIOD_MONTH, "2026-12-31T23:30:00Z", "+01:00", "2026-12-31T23:00:00Z",
          "2027-01-31T23:00:00Z");
}

static void test_one_for_ever(void **state)
{
    (void)state;
    const struct time_zone z = {.fixed = 3600};
    assert_int_equal(period_start(PERIOD_TOTAL, at("2026-12-31"), &z), 0);
    assert_int_equal(period_end(PERIOD_TOTAL, at("2026-12-31"), &z), -1);
}

/* Days of 23 and 25 hours. */
static void test_clocks_put_on_and_back(void **state)
{
    (void)state;
    check(PERIOD_DAY, "2026-03-29T12:00:00Z", "Europe/Berlin", "2026-03-28T23:00:00Z",
          "2026-03-29T22:00:00Z");
    check(PERIOD_WEEK, "2026-10-25T22:30:00Z", "Europe/Berlin", "2026-10-18T22:00:00Z",
          "2026-10-25T23:00:00Z");
    check(PERIOD_MONTH, "2026-11-01T04:30:00Z", "America/New_York", "2026-11-01T04:00:00Z",
          "2026-12-01T05:00:00Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_days), cmocka_unit_test(test_weeks_begin_on_mondays),
        cmocka_unit_test(test_months), cmocka_unit_test(test_one_for_ever),
        cmocka_unit_test(test_clocks_put_on_and_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
