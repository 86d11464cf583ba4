/* Knows that a buf grows, stops at its ceiling, and keeps its first error. */
#include "base/buf.h"
#include "unit.h"

static void grows_and_stays_terminated(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100000);
    assert_slice(buf_slice(&b), "");
    buf_put_text(&b, "a");
    BUF_LITERAL(&b, "bc");
    buf_put_byte(&b, 'd');
    buf_put_slice(&b, SLICE("ef"));
    buf_put_slice(&b, SLICE_NONE);
    buf_printf(&b, "-%d%s", 7, "x");
    assert_string_equal(b.p, "abcdef-7x");
    for (int i = 0; i < 1000; i++)
        buf_put_text(&b, "0123456789");
    assert_int_equal(b.n, 10009);
    assert_int_equal(b.p[b.n], '\0');
    assert_int_equal(buf_rc(&b), AIGNE_OK);
    buf_consume(&b, 10);
    assert_int_equal(b.p[0], '1');
    assert_int_equal(b.n, 9999);
    buf_consume(&b, SIZE_MAX);
    assert_int_equal(b.n, 0);
    assert_string_equal(b.p, "");
    buf_free(&b);
    buf_consume(&b, 1);
    buf_put_text(&b, "again");
    assert_slice(buf_slice(&b), "again");
    buf_wipe_free(&b);
    assert_null(b.p);
    assert_int_equal(b.ceiling, 100000);
}

static void writes_integers(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        const char *text;
    } rows[] = {{0, "0"},
                {-1, "-1"},
                {1234567890123, "1234567890123"},
                {INT64_MAX, "9223372036854775807"},
                {INT64_MIN, "-9223372036854775808"}};
    struct buf b;
    buf_init(&b, 100);
    for (size_t i = 0; i < COUNT(rows); i++) {
        buf_clear(&b);
        buf_put_int(&b, rows[i].value);
        assert_slice(buf_slice(&b), rows[i].text);
    }
    buf_free(&b);
}

static void stops_at_its_ceiling(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 8);
    buf_put_text(&b, "12345678");
    assert_int_equal(buf_rc(&b), AIGNE_OK);
    buf_put_byte(&b, '9');
    assert_int_equal(buf_rc(&b), AIGNE_E_REQUEST);
    buf_consume(&b, 4);
    buf_put_byte(&b, 'x'); /* there is room, but the error sticks */
    assert_slice(buf_slice(&b), "5678");
    buf_clear(&b);
    buf_printf(&b, "%s", "123456789");
    assert_int_equal(buf_rc(&b), AIGNE_E_REQUEST);
    assert_int_equal(b.n, 0);
    buf_clear(&b);
    assert_int_equal(buf_reserve(&b, SIZE_MAX), AIGNE_E_REQUEST);
    buf_free(&b);
    buf_init(&b, SIZE_MAX);
    assert_int_equal(buf_reserve(&b, SIZE_MAX - 1), AIGNE_E_REQUEST);
    buf_free(&b);
}

static void fill(void *user)
{
    (void)user;
    struct buf b;
    buf_init(&b, 4096);
    for (int i = 0; i < 100; i++)
        buf_printf(&b, "%d,", i);
    buf_put_int(&b, 5);
    if (failing_alloc_tripped()) {
        assert_int_equal(buf_rc(&b), AIGNE_E_NOMEM);
    } else {
        assert_int_equal(buf_rc(&b), AIGNE_OK);
        assert_int_equal(b.n, 291);
    }
    buf_free(&b);
}

static void survives_failing_memory(void **state)
{
    (void)state;
    assert_in_range(failing_alloc_each(fill, NULL), 2, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_and_stays_terminated),
        cmocka_unit_test(writes_integers),
        cmocka_unit_test(stops_at_its_ceiling),
        cmocka_unit_test(survives_failing_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
