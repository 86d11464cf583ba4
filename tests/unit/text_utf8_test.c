/* Knows every kind of byte sequence that looks like UTF-8 and is not. */
#include "text/utf8.h"
#include "unit.h"

static const char *const good[] = {"",
                                   "a",
                                   "plain ASCII that is longer than a word",
                                   "é",
                                   "漢字かな交じり文",
                                   "😀😀😀",
                                   "\xC2\x80",
                                   "\xDF\xBF",
                                   "\xE0\xA0\x80",
                                   "\xED\x9F\xBF",
                                   "\xEE\x80\x80",
                                   "\xEF\xBF\xBF",
                                   "\xF0\x90\x80\x80",
                                   "\xF4\x8F\xBF\xBF",
                                   "1234567é",
                                   "12345678é87654321漢1"};

static const char *const bad[] = {"\x80",
                                  "\xBF",
                                  "\xC0\x80", /* overlong */
                                  "\xC1\xBF",
                                  "\xE0\x80\x80",
                                  "\xE0\x9F\xBF",
                                  "\xF0\x80\x80\x80",
                                  "\xF0\x8F\xBF\xBF",
                                  "\xED\xA0\x80", /* surrogates */
                                  "\xED\xBF\xBF",
                                  "\xF4\x90\x80\x80", /* beyond U+10FFFF */
                                  "\xF5\x80\x80\x80",
                                  "\xFE",
                                  "\xFF",
                                  "\xC3", /* cut */
                                  "\xE6\xBC",
                                  "\xF0\x9F\x98",
                                  "\xC3z",
                                  "\xE6\xBCz",
                                  "\xE6z\xA2",
                                  "\xF0\x9Fz\x80",
                                  "\xF0\x9F\x98z",
                                  "\xF0z\x98\x80"};

static void tells_good_from_bad(void **state)
{
    (void)state;
    char padded[80];
    for (size_t i = 0; i < COUNT(good); i++)
        assert_true(utf8_valid(slice_text(good[i])));
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_false(utf8_valid(slice_text(bad[i])));
        uint32_t code_point;
        assert_int_equal(utf8_take(slice_text(bad[i]), &code_point), 0);
        assert_int_equal(utf8_run(slice_text(bad[i])), 0);
        for (int before = 0; before < 20; before++) { /* wherever it stands in a word */
            snprintf(padded, sizeof(padded), "%.*s漢%sabcdefghijkl", before,
                     "abcdefghijklmnopqrst", bad[i]);
            assert_false(utf8_valid(slice_text(padded)));
        }
    }
    assert_true(utf8_valid(SLICE_NONE));
    assert_true(utf8_valid(slice_of("a\0b", 3)));
}

static void every_code_point_comes_back(void **state)
{
    (void)state;
    for (uint32_t code_point = 0; code_point <= 0x10FFFF; code_point++) {
        char bytes[4];
        uint32_t back = 0;
        size_t n = utf8_put(bytes, code_point);
        bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
        if (utf8_take(slice_of(bytes, n), &back) != n ||
            back != (surrogate ? 0xFFFD : code_point))
            fail_msg("U+%04X does not come back", code_point);
        for (size_t cut = 0; cut < n; cut++)
            if (utf8_take(slice_of(bytes, cut), &back) != 0)
                fail_msg("U+%04X is taken although cut", code_point);
    }
    char bytes[4];
    assert_int_equal(utf8_put(bytes, 0x110000), 3);
    assert_memory_equal(bytes, "\xEF\xBF\xBD", 3);
}

static void runs_end_where_ascii_begins(void **state)
{
    (void)state;
    assert_int_equal(utf8_run(SLICE("漢é😀abc")), 9);
    assert_int_equal(utf8_run(SLICE("漢\xFF")), 3);
    assert_int_equal(utf8_run(SLICE("abc")), 0);
    assert_int_equal(utf8_run(SLICE("")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_good_from_bad),
        cmocka_unit_test(every_code_point_comes_back),
        cmocka_unit_test(runs_end_where_ascii_begins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
