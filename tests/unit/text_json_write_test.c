/* Knows the exact bytes that writing gives, and that they are JSON again. */
#include "text/json_scan.h"
#include "text/json_write.h"
#include "unit.h"

static void writes_all_kinds(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1000);
    struct json_writer w = json_writer(&b);
    json_open_object(&w);
    json_member_string(&w, "s", SLICE("x"));
    json_member_text(&w, "t", "y");
    json_member_text(&w, "none", NULL);
    json_member_int(&w, "i", -5);
    json_member_bool(&w, "yes", true);
    json_member_bool(&w, "no", false);
    json_member_raw(&w, "raw", SLICE("[1,2]"));
    json_member_string_opt(&w, "absent", SLICE_NONE);
    json_member_raw_opt(&w, "absent", SLICE_NONE);
    json_member_string_opt(&w, "empty", SLICE(""));
    json_member_raw_opt(&w, "given", SLICE("0"));
    json_key_slice(&w, SLICE("a\"b"));
    json_open_array(&w);
    json_open_object(&w);
    json_close_object(&w);
    json_open_array(&w);
    json_close_array(&w);
    json_write_null(&w);
    json_write_int(&w, 7);
    json_write_bool(&w, true);
    json_write_text(&w, "z");
    json_write_raw(&w, SLICE("1.5"));
    json_close_array(&w);
    json_close_object(&w);
    assert_slice(buf_slice(&b),
                 "{\"s\":\"x\",\"t\":\"y\",\"none\":null,\"i\":-5,\"yes\":true,\"no\":false,"
                 "\"raw\":[1,2],\"empty\":\"\",\"given\":0,\"a\\\"b\":[{},[],null,7,true,\"z\","
                 "1.5]}");
    assert_int_equal(json_check(buf_slice(&b), NULL), AIGNE_OK);
    buf_free(&b);
}

static void escapes(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"", ""},
        {"plain", "plain"},
        {"\"\\/", "\\\"\\\\/"},
        {"\b\f\n\r\t", "\\b\\f\\n\\r\\t"},
        {"\x01\x1F\x7F", "\\u0001\\u001f\x7F"},
        {"é漢😀 and ASCII 漢", "é漢😀 and ASCII 漢"},
        {"a\xFFz", "a\xEF\xBF\xBDz"},
        {"\xC0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"cut \xE6\xBC", "cut \xEF\xBF\xBD\xEF\xBF\xBD"},
        {"12345678\n12345678901234567\"", "12345678\\n12345678901234567\\\""},
    };
    struct buf b;
    buf_init(&b, 1000);
    for (size_t i = 0; i < COUNT(rows); i++) {
        buf_clear(&b);
        json_escape(&b, slice_text(rows[i][0]));
        assert_slice(buf_slice(&b), rows[i][1]);
    }
    buf_clear(&b);
    json_escape(&b, slice_of("a\0b", 3));
    assert_slice(buf_slice(&b), "a\\u0000b");
    buf_clear(&b);
    json_escape(&b, SLICE_NONE);
    assert_int_equal(b.n, 0);
    buf_free(&b);
}

/* Each byte at each place of a word comes back as itself, or U+FFFD. */
static void each_byte_comes_back(void **state)
{
    (void)state;
    struct buf b;
    struct arena a;
    buf_init(&b, 1000);
    arena_init(&a);
    for (int byte = 0; byte < 256; byte++) {
        for (size_t at = 0; at < 20; at++) {
            char text[20];
            memset(text, 'x', sizeof(text));
            text[at] = (char)byte;
            buf_clear(&b);
            struct json_writer w = json_writer(&b);
            json_write_string(&w, slice_of(text, sizeof(text)));
            assert_int_equal(json_check(buf_slice(&b), NULL), AIGNE_OK);
            struct slice back = json_string(json_of(buf_slice(&b)), &a);
            if (byte < 0x80)
                assert_true(slice_eq(back, slice_of(text, sizeof(text))));
            else
                assert_int_equal(back.n, sizeof(text) + 2);
        }
    }
    buf_free(&b);
    arena_free(&a);
}

static void errors_stick(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 10);
    struct json_writer w = json_writer(&b);
    json_write_string(&w, SLICE("12345678")); /* fits exactly with its quotes */
    assert_slice(buf_slice(&b), "\"12345678\"");
    buf_clear(&b);
    w = json_writer(&b);
    json_open_array(&w);
    json_write_string(&w, SLICE("123456789"));
    json_close_array(&w);
    assert_int_equal(buf_rc(&b), AIGNE_E_REQUEST);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_all_kinds),
        cmocka_unit_test(escapes),
        cmocka_unit_test(each_byte_comes_back),
        cmocka_unit_test(errors_stick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
