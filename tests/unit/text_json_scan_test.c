/* Knows that walking finds every member, whatever strings hold, and never leaves its text. */
#include "text/json_scan.h"
#include "unit.h"

static struct json parsed(const char *text)
{
    struct json_problem problem = {0, ""};
    if (json_check(slice_text(text), &problem) != AIGNE_OK)
        fail_msg("%s: %s expected at %zu", text, problem.what, problem.offset);
    return json_of(slice_text(text));
}

static void tells_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum json_kind kind;
        const char *name;
    } rows[] = {
        {" null ", JSON_NULL, "null"},      {"true", JSON_TRUE, "true"},
        {"false\n", JSON_FALSE, "false"},   {"-1e5", JSON_NUMBER, "a number"},
        {"\"x\"", JSON_STRING, "a string"}, {"[1]", JSON_ARRAY, "an array"},
        {"{}", JSON_OBJECT, "an object"},   {"", JSON_NONE, "nothing"},
        {"nul", JSON_NONE, "nothing"},      {"x", JSON_NONE, "nothing"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct json v = json_of(slice_text(rows[i].text));
        assert_int_equal(v.kind, rows[i].kind);
        assert_string_equal(json_kind_name(v.kind), rows[i].name);
        if (v.kind != JSON_NONE)
            assert_true(slice_eq(v.raw, slice_trim(slice_text(rows[i].text))));
    }
    assert_string_equal(json_kind_name((enum json_kind)99), "nothing");
    assert_int_equal(json_of(SLICE_NONE).kind, JSON_NONE);
    assert_false(json_present(json_of(SLICE("null"))));
    assert_true(json_present(json_of(SLICE("0"))));
}

static void walks_objects_and_arrays(void **state)
{
    (void)state;
    struct json v = parsed(" { \"a\" : [1, {\"x\":\"]}\"}] , \"b\":\"q\\\"}\" ,\"c\":-1.5,\n"
                           "\"d\":{\"e\":[[],{}]},\"e\":null,\"\":true } ");
    static const char *const keys[] = {"a", "b", "c", "d", "e", ""};
    static const char *const raws[] = {"[1, {\"x\":\"]}\"}]", "\"q\\\"}\"", "-1.5",
                                       "{\"e\":[[],{}]}",     "null",       "true"};
    struct json_walk w = json_walk(v);
    for (size_t i = 0; i < COUNT(keys); i++) {
        assert_true(json_next(&w));
        assert_slice(w.key, keys[i]);
        assert_slice(w.value.raw, raws[i]);
        assert_true(json_key_is(&w, keys[i]));
        assert_false(json_key_is(&w, "zz"));
    }
    assert_false(json_next(&w));
    assert_false(json_next(&w));
    assert_int_equal(json_count(v), 6);

    w = json_walk(json_get(v, "a"));
    assert_true(json_next(&w));
    assert_slice(w.value.raw, "1");
    assert_null(w.key.p);
    assert_true(json_next(&w));
    assert_int_equal(w.value.kind, JSON_OBJECT);
    assert_false(json_next(&w));
    assert_int_equal(json_count(parsed("[]")), 0);
    assert_int_equal(json_count(parsed("{ }")), 0);
    assert_int_equal(json_count(parsed("\"[1,2]\"")), 0);
    assert_int_equal(json_count(parsed("[[1,2],[3]]")), 2);
}

static void gets_the_last_of_a_name(void **state)
{
    (void)state;
    struct json v =
        parsed("{\"a\":1,\"b\":2,\"a\":3,\"error\":{\"message\":\"no\",\"x\":{\"y\":"
               "4}},\"s\":\"t\"}");
    assert_slice(json_get(v, "a").raw, "3");
    assert_int_equal(json_get(v, "zz").kind, JSON_NONE);
    assert_int_equal(json_get(v, "").kind, JSON_NONE);
    assert_int_equal(json_get(json_get(v, "s"), "a").kind, JSON_NONE);
    assert_int_equal(json_get(parsed("[\"a\",1]"), "a").kind, JSON_NONE);
    assert_slice(json_path(v, "error.message").raw, "\"no\"");
    assert_slice(json_path(v, "error.x.y").raw, "4");
    assert_slice(json_path(v, "b").raw, "2");
    assert_int_equal(json_path(v, "error.x.z").kind, JSON_NONE);
    assert_int_equal(json_path(v, "b.c").kind, JSON_NONE);
    assert_int_equal(json_path(v, "").kind, JSON_NONE);
}

static void resolves_escapes_in_keys(void **state)
{
    (void)state;
    struct json v = parsed("{\"\\u0061b\":1,\"c\\\"d\":2,\"e\\/f\":3,\"\\ud83d\\ude00\":4,"
                           "\"a\\\\b\":5,\"x\\u0000y\":6}");
    assert_slice(json_get(v, "ab").raw, "1");
    assert_slice(json_get(v, "c\"d").raw, "2");
    assert_slice(json_get(v, "e/f").raw, "3");
    assert_slice(json_get(v, "😀").raw, "4");
    assert_slice(json_get(v, "a\\b").raw, "5");
    assert_int_equal(json_get(v, "x").kind, JSON_NONE);
    assert_int_equal(json_get(v, "\\u0061b").kind, JSON_NONE);
    assert_int_equal(json_get(v, "a").kind, JSON_NONE);
    assert_int_equal(json_get(v, "abc").kind, JSON_NONE);
}

static void picks_many_in_one_walk(void **state)
{
    (void)state;
    static const char *const names[] = {"role", "content", "missing", "", "name"};
    struct json values[5];
    json_pick(parsed("{\"content\":[],\"x\":1,\"r\\u006fle\":\"user\",\"\":0,\"content\":7}"),
              names, 5, values);
    assert_slice(values[0].raw, "\"user\"");
    assert_slice(values[1].raw, "7");
    assert_int_equal(values[2].kind, JSON_NONE);
    assert_slice(values[3].raw, "0");
    assert_int_equal(values[4].kind, JSON_NONE);
    json_pick(parsed("[1]"), names, 5, values);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(values[i].kind, JSON_NONE);
}

/* Strings of every length before a bracket or quote, so that each place in a word is met. */
static void honours_strings_at_every_offset(void **state)
{
    (void)state;
    for (int length = 0; length < 40; length++) {
        char text[200];
        snprintf(text, sizeof(text),
                 "{\"k\":{\"s\":\"%.*s}]\\\"{[\\\\\",\"Y_y\\u007f\":[\"]\"]},\"z\":%d}", length,
                 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz", length);
        int64_t number = -1;
        assert_true(json_int64(json_get(parsed(text), "z"), &number));
        assert_int_equal(number, length);
        assert_slice(json_path(parsed(text), "k.Y_y\x7F").raw, "[\"]\"]");
    }
}

/* Not JSON: nothing is promised but an end, within bounds. */
static void survives_unchecked_text(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{",          "{\"",      "{\"a",   "{\"a\"",  "{\"a\":",  "{\"a\":1", "{\"a\":[",
        "{\"a\":\"x", "{\"a\\",   "[1,,2]", "[,",      "[1 2 3]",  "{a:1}",    "{\"a\" 1}",
        "{\"a\"::1}", "[\"",      "[}",     "{]}",     "[[[[[[[[", "}}}}",     "\"",
        "\"\\",       "{\"a\":}", "[tru]",  "[1]x[2]", "[:]",      "{,,,",     "[\"a\"\"b\"]",
    };
    struct arena a;
    arena_init(&a);
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct json v = json_of(slice_text(texts[i]));
        struct json_walk w = json_walk(v);
        for (int steps = 0; json_next(&w); steps++) {
            assert_true(steps < 20);
            assert_true(w.value.raw.p >= texts[i]);
            assert_true(w.value.raw.p + w.value.raw.n <= texts[i] + strlen(texts[i]));
            (void)json_string(w.value, &a);
        }
        (void)json_get(v, "a");
        (void)json_string(v, &a);
    }
    arena_free(&a);
}

static void counts_texts_of_members(void **state)
{
    (void)state;
    static const char *const names[] = {"text", "args", NULL};
    const char *texts =
        "{\"a\":[{\"text\":\"abc\",\"b\":\"text\"},{\"args\" : {\"x\":1}}],\"text\":\"d\\\"e\","
        "\"c\":\"\\\"text\\\":\\\"no\\\"\",\"d\":{\"text\":null},\"e\":{\"text\":\"\"}}";
    assert_int_equal(json_texts(slice_text(texts), names), 3 + 5 + 4);
    assert_int_equal(json_texts(slice_text(texts), NULL), 0);
    assert_int_equal(json_texts(SLICE_NONE, names), 0);
    for (size_t n = 0; n < strlen(texts); n++) { /* of a cut text no more than there is */
        char *cut = test_malloc(n + 1);
        memcpy(cut, texts, n);
        assert_true(json_texts(slice_of(cut, n), names) <= n);
        test_free(cut);
    }
}

static void gives_the_first_item_early(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "b"};
    struct json v[2];
    struct json first =
        json_first(json_of(SLICE("[ {\"a\":1,\"c\":[{\"b\":2}]} , {\"b\":3}]")));
    assert_int_equal(first.kind, JSON_OBJECT);
    json_pick(first, names, 2, v);
    assert_slice(v[0].raw, "1");
    assert_int_equal(v[1].kind, JSON_NONE); /* neither a deeper nor a later one */
    assert_slice(json_first(json_of(SLICE("[ 12, 3]"))).raw, "12");
    assert_int_equal(json_first(json_of(SLICE("[ ]"))).kind, JSON_NONE);
    assert_int_equal(json_first(json_of(SLICE("{}"))).kind, JSON_NONE);
    assert_int_equal(json_first(json_of(SLICE("["))).kind, JSON_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_texts_of_members),
        cmocka_unit_test(gives_the_first_item_early),
        cmocka_unit_test(tells_kinds),
        cmocka_unit_test(walks_objects_and_arrays),
        cmocka_unit_test(gets_the_last_of_a_name),
        cmocka_unit_test(resolves_escapes_in_keys),
        cmocka_unit_test(picks_many_in_one_walk),
        cmocka_unit_test(honours_strings_at_every_offset),
        cmocka_unit_test(survives_unchecked_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
