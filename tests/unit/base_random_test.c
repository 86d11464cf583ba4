/* Knows that ids sort by time and that random bytes differ; also that clocks go forward. */
#include "base/clock.h"
#include "base/random.h"
#include "unit.h"

static void bytes_differ(void **state)
{
    (void)state;
    unsigned char a[300] = {0};
    unsigned char b[300] = {0};
    assert_int_equal(random_bytes(a, sizeof(a)), AIGNE_OK);
    assert_int_equal(random_bytes(b, sizeof(b)), AIGNE_OK);
    assert_memory_not_equal(a, b, sizeof(a));
    assert_int_equal(random_bytes(NULL, 0), AIGNE_OK);
}

static void ids_sort_by_time(void **state)
{
    (void)state;
    char id[RANDOM_ID_SIZE];
    char later[RANDOM_ID_SIZE];
    assert_int_equal(random_id(id, 1469918176385), AIGNE_OK);
    assert_int_equal(strlen(id), 26);
    assert_memory_equal(id, "01ARYZ6S41", 10); /* the time part of that millisecond */
    assert_int_equal(strspn(id, "0123456789ABCDEFGHJKMNPQRSTVWXYZ"), 26);
    assert_int_equal(random_id(later, 1469918176386), AIGNE_OK);
    assert_true(strcmp(id, later) < 0);
    assert_int_equal(random_id(later, 1469918176385), AIGNE_OK);
    assert_memory_equal(id, later, 10);
    assert_string_not_equal(id, later);
    assert_int_equal(random_id(id, 0xFFFFFFFFFFFF), AIGNE_OK);
    assert_memory_equal(id, "7ZZZZZZZZZ", 10);
}

static void clocks_go_forward(void **state)
{
    (void)state;
    int64_t before = clock_monotonic_us();
    assert_true(clock_monotonic_us() >= before);
    assert_true(clock_wall_ms() > 1700000000000);
    assert_true(clock_wall_ms() < 7000000000000);
}

static void a_pool_never_gives_an_id_twice(void **state)
{
    (void)state;
    struct random_pool pool = {0};
    char ids[100][RANDOM_ID_SIZE];
    for (size_t i = 0; i < COUNT(ids); i++) {
        assert_int_equal(random_pool_id(&pool, ids[i], 1), AIGNE_OK);
        assert_int_equal(strlen(ids[i]), RANDOM_ID_SIZE - 1);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(ids[i], ids[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pool_never_gives_an_id_twice),
        cmocka_unit_test(bytes_differ),
        cmocka_unit_test(ids_sort_by_time),
        cmocka_unit_test(clocks_go_forward),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
