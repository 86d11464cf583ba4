/* Knows what a mistyped name is answered with: the name that was meant, or those there are. */
#include "base/nearest.h"
#include "unit.h"

static const char *meant(const char *text, const char *a, const char *b)
{
    struct nearest n = {.text = slice_text(text), .distance = SIZE_MAX};
    nearest_offer(&n, a);
    nearest_offer(&n, b);
    return n.best ? n.best : "";
}

static void test_best(void **state)
{
    (void)state;
    assert_string_equal(meant("opnai", "anthropic", "openai"), "openai");
    assert_string_equal(meant("APIKEY", "api_key", "url"), "api_key");
    assert_string_equal(meant("mistral", "openai", "xai"), "");
    assert_string_equal(meant("", "a", "b"), "");
    char huge[200];
    memset(huge, 'a', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    assert_string_equal(meant(huge, "aaaa", huge), "");
}

static void test_advice(void **state)
{
    (void)state;
    struct nearest n = {.text = SLICE("zzzzzz"), .distance = SIZE_MAX};
    nearest_offer(&n, "one");
    nearest_offer(&n, "two");
    assert_string_equal(nearest_advise(&n).text, "there are:");
    assert_string_equal(nearest_advise(&n).names, "one, two");
    assert_string_equal(nearest_advise(&n).quote, "");
    nearest_offer(&n, "zzzzz");
    assert_string_equal(nearest_advise(&n).text, "the nearest known one is");
    assert_string_equal(nearest_advise(&n).names, "zzzzz");
    assert_string_equal(nearest_advise(&n).quote, "\"");
}

/* Whatever the lengths, the list ends in room, with the mark that there are more. */
static void test_long_lists(void **state)
{
    (void)state;
    for (int size = 1; size < 300; size++) {
        struct nearest n = {.text = SLICE("?"), .distance = SIZE_MAX};
        char name[300];
        memset(name, 'x', (size_t)size);
        name[size] = '\0';
        for (int i = 0; i < 300; i++)
            nearest_offer(&n, name);
        assert_non_null(memchr(n.all, 0, sizeof n.all));
        size_t length = strlen(n.all);
        assert_true(length >= 3 && strcmp(n.all + length - 3, "...") == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_best),
        cmocka_unit_test(test_advice),
        cmocka_unit_test(test_long_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
