/* Knows what tokens must cost, to the last digit. */
#include "hub/meter.h"
#include "hub_test.h"

static decimal_wide rate(const char *text)
{
    decimal_wide value = -1;
    if (text && !decimal_parse(slice_text(text), DECIMAL_RATE_DIGITS, &value))
        fail_msg("%s is no rate", text);
    return value;
}

static struct catalog_rate rates(const char *in, const char *out, const char *read,
                                 const char *write)
{
    struct catalog_rate r = {.type = SLICE("chat")};
    price_clear(&r.prices.base);
    r.prices.base.part[PRICE_INPUT] = rate(in);
    r.prices.base.part[PRICE_OUTPUT] = rate(out);
    r.prices.base.part[PRICE_READ] = rate(read);
    r.prices.base.part[PRICE_WRITE] = rate(write);
    return r;
}

static void assert_cost(struct catalog_rate r, struct usage u, int64_t billionths)
{
    int64_t cost = -1;
    assert_true(meter_charge(&u, &r.prices, r.type, 0, &cost));
    assert_int_equal(cost, billionths);
}

/* The hub's own examples, as observed. */
static void test_observed_examples(void **state)
{
    (void)state;
    struct catalog_rate r = rates("1.5e-7", "6e-7", NULL, NULL);
    assert_cost(r, USAGE_TOKENS(10, -1, -1, -1, 3, -1), 3300);
    /* 60 of 100 prompt tokens from the cache: there charged twice, here once. */
    r.prices.base.part[PRICE_READ] = rate("7.5e-8");
    assert_cost(r, USAGE_TOKENS(40, 60, -1, -1, 5, -1), 6000 + 4500 + 3000);
    assert_cost(rates("2e-8", "0", NULL, NULL), USAGE_TOKENS(5, -1, -1, -1, -1, -1), 100);
}

/* 13,700 tokens written to a cache and 100 read at $3 / $3.75 / $0.30 / $15 a million. */
static void test_cache_writes_are_charged_once(void **state)
{
    (void)state;
    struct catalog_rate r = rates("0.000003", "0.000015", "0.0000003", "0.00000375");
    assert_cost(r, USAGE_TOKENS(4, 100, 13700, -1, 170, -1),
                12000 + 30000 + 51375000 + 2550000);
    assert_cost(r, USAGE_TOKENS(-1, -1, 700, 13000, -1, -1), 51375000);
}

static void test_cached_tokens_are_never_free_by_accident(void **state)
{
    (void)state;
    assert_cost(rates("0.001", "0", NULL, NULL), USAGE_TOKENS(1, 10, 100, 1000, 0, 0),
                1111000000);
    assert_cost(rates("0.001", "0", "0", NULL), USAGE_TOKENS(1, 10, 100, 1000, 0, 0),
                1101000000);
    assert_cost(rates("0.001", "0", NULL, "0"), USAGE_TOKENS(1, 10, 100, 1000, 0, 0), 11000000);
}

static void test_reasoning_is_part_of_the_answer(void **state)
{
    (void)state;
    assert_cost(rates("0", "0.01", NULL, NULL), USAGE_TOKENS(0, 0, 0, 0, 7, 5), 120000000);
}

static void test_nothing_reported_costs_nothing(void **state)
{
    (void)state;
    struct usage u;
    usage_init(&u);
    assert_cost(rates("1", "1", "1", "1"), u, 0);
}

static void test_absurd_counts_are_refused(void **state)
{
    (void)state;
    static const int64_t absurd[] = {-2, -1000000, INT64_MIN, USAGE_LARGEST + 1, INT64_MAX};
    struct catalog_rate r = rates("0.000001", "0.000001", NULL, NULL);
    for (size_t i = 0; i < COUNT(absurd); i++)
        for (int member = 0; member < 6; member++) {
            struct usage u = USAGE_TOKENS(1, 1, 1, 1, 1, 1);
            int64_t *const members[] = {&u.input,          &u.cache_read, &u.cache_write_5m,
                                        &u.cache_write_1h, &u.output,     &u.reasoning};
            int64_t cost = 77;
            *members[member] = absurd[i];
            assert_false(meter_charge(&u, &r.prices, r.type, 0, &cost));
            assert_int_equal(cost, 0);
        }
}

static void test_what_does_not_fit_is_refused(void **state)
{
    (void)state;
    struct usage u = USAGE_TOKENS(USAGE_LARGEST, -1, -1, -1, USAGE_LARGEST, -1);
    struct catalog_rate r = rates("1", "1", NULL, NULL);
    int64_t cost = 0;
    assert_false(
        meter_charge(&u, &r.prices, r.type, 0, &cost)); /* 2^41 credits in billionths */
    r = rates("0.001", "0.001", NULL, NULL);
    assert_true(meter_charge(&u, &r.prices, r.type, 0, &cost));
    assert_int_equal(cost, INT64_C(2199023255552000000)); /* exact: no float could say it */
}

static struct usage only(size_t offset, int64_t count)
{
    struct usage u;
    usage_init(&u);
    memcpy((char *)&u + offset, &count, sizeof count);
    return u;
}

static void test_each_type_has_its_unit(void **state)
{
    (void)state;
    struct catalog_rate r = rates("0.001", "0.04", NULL, NULL);
    struct usage u = only(offsetof(struct usage, images), 2);
    r.type = SLICE("image");
    u.input = 10;
    u.image_output = 4160; /* the price of an image is that of its tokens */
    assert_cost(r, u, 10000000 + 80000000);
    r.type = SLICE("video");
    u = only(offsetof(struct usage, milliseconds), 4500);
    u.output = 100000;
    assert_cost(r, u, 180000000);
    r.type = SLICE("speech");
    u = only(offsetof(struct usage, characters), 7);
    assert_cost(r, u, 7000000);
    u.audio_output = 2; /* tokens instead of characters */
    assert_cost(r, u, 80000000);
    r.type = SLICE("transcription");
    u = only(offsetof(struct usage, milliseconds), 1500);
    assert_cost(r, u, 1500000);
    u.audio_input = 3;
    u.output = 1;
    assert_cost(r, u, 3000000 + 40000000);
}

static void test_tokens_of_other_media_are_charged(void **state)
{
    (void)state;
    struct usage u = USAGE_TOKENS(1, -1, -1, -1, 1, -1);
    u.audio_input = u.image_input = 10;
    u.audio_output = 100;
    assert_cost(rates("0.001", "0.002", NULL, NULL), u, 21000000 + 202000000);
}

static void test_rounded_half_up_once_at_the_end(void **state)
{
    (void)state;
    /* Half a billionth each for input and output: one together, not two or none. */
    struct catalog_rate r = rates("0.0000000005", "0.0000000005", NULL, NULL);
    assert_cost(r, USAGE_TOKENS(1, -1, -1, -1, 1, -1), 1);
    assert_cost(r, USAGE_TOKENS(1, -1, -1, -1, 0, -1), 1);
    assert_cost(rates("0.000000000499999999", "0", NULL, NULL),
                USAGE_TOKENS(1, -1, -1, -1, 0, -1), 0);
    assert_cost(rates("0.000000000000000001", "0", NULL, NULL),
                USAGE_TOKENS(500000000, -1, -1, -1, 0, -1), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_observed_examples),
        cmocka_unit_test(test_cache_writes_are_charged_once),
        cmocka_unit_test(test_cached_tokens_are_never_free_by_accident),
        cmocka_unit_test(test_reasoning_is_part_of_the_answer),
        cmocka_unit_test(test_nothing_reported_costs_nothing),
        cmocka_unit_test(test_absurd_counts_are_refused),
        cmocka_unit_test(test_what_does_not_fit_is_refused),
        cmocka_unit_test(test_each_type_has_its_unit),
        cmocka_unit_test(test_tokens_of_other_media_are_charged),
        cmocka_unit_test(test_rounded_half_up_once_at_the_end),
    };
    return cmocka_run_group_tests_name("meter", tests, NULL, NULL);
}
