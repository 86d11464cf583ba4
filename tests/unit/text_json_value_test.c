/* Knows what strings, numbers and booleans of JSON are in C, exactly. */
#include "text/json_scan.h"
#include "unit.h"

static const struct {
    const char *json;
    const char *text;
} strings[] = {
    {"\"\"", ""},
    {"\"plain\"", "plain"},
    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
    {"\"\\u00e9\\u6F22\"", "é漢"},
    {"\"\\ud83d\\ude00\\uD83D\\uDE00\"", "😀😀"},
    {"\"a\\ud800\"", "a\xEF\xBF\xBD"},
    {"\"\\ud800x\"", "\xEF\xBF\xBDx"},
    {"\"\\udc00\"", "\xEF\xBF\xBD"},
    {"\"\\ud800\\ud83d\\ude00\"", "\xEF\xBF\xBD😀"},
    {"\"\\ude00\\ud83d\"", "\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"\"\\ud800\\u0041\"", "\xEF\xBF\xBD"
                           "A"},
    {"\"\\ud800\\n\"", "\xEF\xBF\xBD\n"},
    {"\"long enough for words \\n and again long enough\\t\"",
     "long enough for words \n and again long enough\t"},
    {"\"漢字\\n漢字\"", "漢字\n漢字"},
};

static void resolves_strings(void **state)
{
    (void)state;
    struct arena a;
    struct buf b;
    arena_init(&a);
    buf_init(&b, 1000);
    for (size_t i = 0; i < COUNT(strings); i++) {
        struct json v = json_of(slice_text(strings[i].json));
        assert_int_equal(json_check(v.raw, NULL), AIGNE_OK);
        assert_slice(json_string(v, &a), strings[i].text);
        assert_true(json_string_is(v, strings[i].text));
        assert_false(json_string_is(v, "something else"));
        buf_clear(&b);
        buf_put_text(&b, "<");
        assert_true(json_string_into(v, &b));
        assert_slice(slice_from(buf_slice(&b), 1), strings[i].text);
        assert_int_equal(b.p[b.n], '\0');
    }
    struct slice zero = json_string(json_of(SLICE("\"a\\u0000b\"")), &a);
    assert_int_equal(zero.n, 3);
    assert_memory_equal(zero.p, "a\0b", 3);
    buf_free(&b);
    arena_free(&a);
}

static void borrows_when_there_is_nothing_to_resolve(void **state)
{
    (void)state;
    struct json v = json_of(SLICE("\"as it is\""));
    assert_ptr_equal(json_string(v, NULL).p, v.raw.p + 1);
}

static void other_kinds_are_no_strings(void **state)
{
    (void)state;
    static const char *const others[] = {"null", "1", "true", "[]", "{}", ""};
    struct buf b;
    bool truth = true;
    int64_t number = 5;
    buf_init(&b, 10);
    for (size_t i = 0; i < COUNT(others); i++) {
        struct json v = json_of(slice_text(others[i]));
        assert_null(json_string(v, NULL).p);
        assert_false(json_string_into(v, &b));
        assert_false(json_string_is(v, ""));
        assert_false(json_string_is(v, others[i]));
        assert_int_equal(json_bool(v, &truth), i == 2);
        assert_int_equal(json_int64(v, &number), i == 1);
    }
    assert_int_equal(b.n, 0);
    assert_true(json_bool(json_of(SLICE("false")), &truth));
    assert_false(truth);
    assert_false(json_bool(json_of(SLICE("\"true\"")), &truth));
    buf_free(&b);
}

static void reads_whole_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {{"0", 0},
                {"-0", 0},
                {"0.000", 0},
                {"-0.0e-5", 0},
                {"0e999999999999999999999", 0},
                {"12", 12},
                {"1.0", 1},
                {"1e3", 1000},
                {"-1.5E+1", -15},
                {"12300e-2", 123},
                {"0.00012e5", 12},
                {"9223372036854775807", INT64_MAX},
                {"-9223372036854775808", INT64_MIN},
                {"-9223372036854775808.00", INT64_MIN},
                {"9.223372036854775807e18", INT64_MAX},
                {"1000000000000000000000000000000000000000e-30", 1000000000}};
    static const char *const bad[] = {"1.5",
                                      "1e-1",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "1e19",
                                      "1e999999999999999999999",
                                      "1e-999999999999999999999",
                                      "0.1",
                                      "\"12\"",
                                      "9223372036854775807.5",
                                      "123456789012345678901234567890123456789012345"};
    int64_t value;
    for (size_t i = 0; i < COUNT(good); i++) {
        if (!json_int64(json_of(slice_text(good[i].text)), &value) || value != good[i].value)
            fail_msg("%s is not read as %lld", good[i].text, (long long)good[i].value);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        if (json_int64(json_of(slice_text(bad[i])), &value))
            fail_msg("%s is read as whole", bad[i]);
    }
}

static void read(void *user)
{
    struct arena a;
    struct buf b;
    (void)user;
    arena_init(&a);
    buf_init(&b, 1000);
    struct json v = json_of(SLICE("\"a\\nb\""));
    struct slice text = json_string(v, &a);
    assert_int_equal(text.p == NULL, a.failed);
    assert_true(json_string_into(v, &b));
    assert_int_equal(a.failed || buf_rc(&b) != AIGNE_OK, failing_alloc_tripped());
    buf_free(&b);
    arena_free(&a);
}

static void survives_failing_memory(void **state)
{
    (void)state;
    assert_int_equal(failing_alloc_each(read, NULL), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resolves_strings),
        cmocka_unit_test(borrows_when_there_is_nothing_to_resolve),
        cmocka_unit_test(other_kinds_are_no_strings),
        cmocka_unit_test(reads_whole_numbers),
        cmocka_unit_test(survives_failing_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
