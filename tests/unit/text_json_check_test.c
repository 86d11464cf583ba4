/* Knows which texts are JSON and where the others go wrong. */
#include "base/limits.h"
#include "text/json_scan.h"
#include "unit.h"

static const char *const good[] = {
    "0",
    "-0",
    "-1.5e+10",
    "1E5",
    "123456789012345678901234567890",
    "0.0",
    "true",
    "false",
    "null",
    "\"\"",
    "{}",
    "[]",
    " \t\r\n[ 1 , 2 ] \n",
    "{\"a\":{\"b\":[{},[],\"x\"]}}",
    "{\"a\":1,\"a\":2}",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\ude00\\ud800\"",
    "\"é漢😀\x7F\"",
    "[[[[[[]]]]],{\"\":\"\"}]",
    "\"a longer text, to be read by words, with \\\" in the midst of it\"",
};

static const struct {
    const char *text;
    size_t offset;
    const char *what;
} bad[] = {
    {"", 0, "a value"},
    {"   ", 3, "a value"},
    {"nul", 0, "a value"},
    {"nulll", 4, "nothing more"},
    {"tru", 0, "a value"},
    {"falsy", 0, "a value"},
    {"NaN", 0, "a value"},
    {"+1", 0, "a value"},
    {".5", 0, "a value"},
    {"-", 1, "a digit"},
    {"-a", 1, "a digit"},
    {"01", 1, "nothing more"},
    {"1.", 2, "a digit"},
    {"1.e5", 2, "a digit"},
    {"1e", 2, "a digit"},
    {"1e+", 3, "a digit"},
    {"0x10", 1, "nothing more"},
    {"1 2", 2, "nothing more"},
    {"[1,]", 3, "a value"},
    {"[,1]", 1, "a value"},
    {"[1 2]", 3, "a comma or the end of the array"},
    {"[1}", 2, "a comma or the end of the array"},
    {"[1", 2, "a comma or the end of the array"},
    {"[", 1, "a value"},
    {"{\"a\":1]", 6, "a comma or the end of the object"},
    {"{\"a\":1,}", 7, "a member's name in quotes"},
    {"{,}", 1, "a member's name or the end"},
    {"{a:1}", 1, "a member's name or the end"},
    {"{\"a\"}", 4, "a colon"},
    {"{\"a\" 1}", 5, "a colon"},
    {"{\"a\":}", 5, "a value"},
    {"{\"a\":1,2}", 7, "a member's name in quotes"},
    {"{1:2}", 1, "a member's name or the end"},
    {"{", 1, "a member's name or the end"},
    {"}", 0, "a value"},
    {"]", 0, "a value"},
    {"\"abc", 4, "the closing quote"},
    {"\"abc\\", 4, "a JSON escape"},
    {"\"\\x41\"", 1, "a JSON escape"},
    {"\"\\U0041\"", 1, "a JSON escape"},
    {"\"\\u12\"", 1, "four hexadecimal digits"},
    {"\"\\u123g\"", 1, "four hexadecimal digits"},
    {"\"\\u123", 1, "four hexadecimal digits"},
    {"\"a\nb\"", 2, "an escape instead"},
    {"\"12345678\x1F\"", 9, "an escape instead"},
    {"\"\xC0\x80\"", 1, "valid UTF-8"},
    {"\"\xED\xA0\x80\"", 1, "valid UTF-8"},
    {"\"\xF5\x80\x80\x80\"", 1, "valid UTF-8"},
    {"\"\xE6\xBC\"", 1, "valid UTF-8"},
    {"\"漢\x80\"", 4, "valid UTF-8"},
    {"\xEF\xBB\xBF{}", 0, "a value"},
    {"'a'", 0, "a value"},
    {"[1] // x", 4, "nothing more"},
    {"\xC2\xA0"
     "1",
     0, "a value"},
};

static void accepts_json(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        struct json_problem problem = {0, ""};
        if (json_check(slice_text(good[i]), &problem) != AIGNE_OK)
            fail_msg("%s: %s expected at %zu", good[i], problem.what, problem.offset);
    }
}

static void refuses_anything_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct json_problem problem = {SIZE_MAX, ""};
        assert_int_equal(json_check(slice_text(bad[i].text), NULL), AIGNE_E_PROTOCOL);
        assert_int_equal(json_check(slice_text(bad[i].text), &problem), AIGNE_E_PROTOCOL);
        if (problem.offset != bad[i].offset ||
            !slice_starts(slice_text(problem.what), bad[i].what))
            fail_msg("%s: %s expected at %zu", bad[i].text, problem.what, problem.offset);
    }
    assert_int_equal(json_check(SLICE_NONE, NULL), AIGNE_E_PROTOCOL);
    assert_int_equal(json_check(slice_of("1\0", 2), NULL), AIGNE_E_PROTOCOL);
    assert_int_equal(json_check(slice_of("\"\0\"", 3), NULL), AIGNE_E_PROTOCOL);
    assert_int_equal(json_check(slice_of("\"\\\0\"", 4), NULL), AIGNE_E_PROTOCOL);
}

static void every_cut_is_refused(void **state)
{
    (void)state;
    const char *text = "{\"a\":[1,-2.5e3,true,null,\"x\\u0041\\n漢\"],\"b\":{}}";
    assert_int_equal(json_check(slice_text(text), NULL), AIGNE_OK);
    for (size_t cut = 0; cut < strlen(text); cut++)
        assert_int_equal(json_check(slice_of(text, cut), NULL), AIGNE_E_PROTOCOL);
}

static int check_depth(const char *open, const char *close, int depth)
{
    char text[4096] = "";
    size_t n = 0;
    for (int i = 0; i < depth; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", open);
    n += (size_t)snprintf(text + n, sizeof(text) - n, "1");
    for (int i = 0; i < depth; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", close);
    return json_check(slice_of(text, n), NULL);
}

static void depth_is_bounded(void **state)
{
    (void)state;
    assert_int_equal(check_depth("[", "]", LIMIT_JSON_DEPTH), AIGNE_OK);
    assert_int_equal(check_depth("[", "]", LIMIT_JSON_DEPTH + 1), AIGNE_E_PROTOCOL);
    assert_int_equal(check_depth("{\"a\":", "}", LIMIT_JSON_DEPTH), AIGNE_OK);
    assert_int_equal(check_depth("{\"a\":", "}", LIMIT_JSON_DEPTH + 1), AIGNE_E_PROTOCOL);
    assert_int_equal(check_depth("[{\"a\":", "}]", LIMIT_JSON_DEPTH / 2), AIGNE_OK);
    assert_int_equal(check_depth("[{\"a\":", "]}", 1), AIGNE_E_PROTOCOL);
    assert_int_equal(check_depth("[", "}", 3), AIGNE_E_PROTOCOL);
    static char bomb[1 << 20];
    memset(bomb, '[', sizeof(bomb));
    assert_int_equal(json_check(slice_of(bomb, sizeof(bomb)), NULL), AIGNE_E_PROTOCOL);
}

/* Every byte at every place of a word: allowed in a string or not. */
static void each_byte_in_a_string(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        for (size_t at = 1; at < 20; at++) {
            char text[24];
            memset(text, 'x', sizeof(text));
            text[0] = text[21] = '"';
            text[at] = (char)byte;
            bool fine = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
            assert_int_equal(json_check(slice_of(text, 22), NULL) == AIGNE_OK, fine);
        }
    }
}

static void picks_on_the_way(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "b", "\xc3\xa9"};
    struct json_seen seen = {"", 0};
    struct json v[3];
    struct slice text =
        SLICE(" {\"b\" : [1,{\"a\":2}] ,\"\\u0061\":\"x\",\"\":0,\"\\u00e9\":{} }\n");
    assert_int_equal(json_check_pick(text, names, 3, v, &seen, NULL), AIGNE_OK);
    assert_null(seen.repeated);
    assert_int_equal(seen.depth, 3);
    assert_true(v[0].kind == JSON_STRING && slice_is(v[0].raw, "\"x\""));
    assert_true(v[1].kind == JSON_ARRAY && slice_is(v[1].raw, "[1,{\"a\":2}]"));
    assert_true(v[2].kind == JSON_OBJECT && slice_is(v[2].raw, "{}"));
    text = SLICE("{\"a\":1,\"b\":2,\"a\":3}");
    assert_int_equal(json_check_pick(text, names, 3, v, &seen, NULL), AIGNE_OK);
    assert_string_equal(seen.repeated, "a");
    assert_int_equal(seen.depth, 1);
    assert_true(slice_is(v[0].raw, "3"));
    assert_int_equal(json_check_pick(SLICE("[{\"a\":1}]"), names, 3, v, NULL, NULL), AIGNE_OK);
    assert_int_equal(v[0].kind, JSON_NONE);
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct json_problem problem = {SIZE_MAX, ""};
        assert_int_equal(json_check_pick(slice_text(bad[i].text), names, 3, v, NULL, &problem),
                         AIGNE_E_PROTOCOL);
        assert_int_equal(problem.offset, bad[i].offset);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_json),          cmocka_unit_test(refuses_anything_else),
        cmocka_unit_test(every_cut_is_refused),  cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(each_byte_in_a_string), cmocka_unit_test(picks_on_the_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
