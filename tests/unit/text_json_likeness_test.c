#include "text/json_likeness.h"
#include "unit.h"

#define SAMPLE "{\"id\":\"x\",\"delta\":{\"content\":\"Hel\"},\"done\":null}"

static struct slice content_of(struct slice text, const char *content)
{
    return slice_of(text.p + slice_find(text, slice_text(content)), strlen(content));
}

static void sees_the_one_string_that_differs(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *content; /* NULL: not alike */
    } cases[] = {
        {SAMPLE, "Hel"},
        {"{\"id\":\"x\",\"delta\":{\"content\":\"lo, world\"},\"done\":null}", "lo, world"},
        {"{\"id\":\"x\",\"delta\":{\"content\":\"\"},\"done\":null}", ""},
        {"{\"id\":\"x\",\"delta\":{\"content\":\"Hello\"},\"done\":null}", "Hello"},
        {"{\"id\":\"x\",\"delta\":{\"content\":\"\xe4\xb8\xad\"},\"done\":null}",
         "\xe4\xb8\xad"},
        {"{\"id\":\"x\",\"delta\":{\"content\":\"\xe4\xb8\"},\"done\":null}", NULL},
        {"{\"id\":\"x\",\"delta\":{\"content\":\"a\\n\"},\"done\":null}", NULL},
        {"{\"id\":\"x\",\"delta\":{\"content\":\"a\nb\"},\"done\":null}", NULL},
        {"{\"id\":\"x\",\"delta\":{\"content\":\"a\",\"b\":\"c\"},\"done\":null}", NULL},
        {"{\"id\":\"y\",\"delta\":{\"content\":\"a\"},\"done\":null}", NULL},
        {"{\"id\":\"x\",\"delta\":{\"content\":\"a\"},\"done\":\"stop\"}", NULL},
        {"{\"id\":\"x\",\"delta\":{\"content\":\"a\"}", NULL},
        {"", NULL},
    };
    struct json_likeness l = {0};
    struct arena a;
    struct slice sample = SLICE(SAMPLE);
    struct slice content;
    arena_init(&a);
    assert_false(json_likeness_see(&l, sample, &content));
    json_likeness_learn(&l, sample, content_of(sample, "Hel"), &a);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool seen = json_likeness_see(&l, slice_text(cases[i].text), &content);
        if (seen != (cases[i].content != NULL) ||
            (seen && !slice_is(content, cases[i].content)))
            fail_msg("%s", cases[i].text);
    }
    arena_free(&a);
}

static void sees_whether_only_a_value_differs(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool alike;
    } cases[] = {
        {SAMPLE, true},
        {"{\"id\":\"x\",\"delta\":{\"content\":\"something else\"},\"done\":null}", true},
        {"{\"id\":\"x\",\"delta\":{\"content\":\"\"},\"done\":null}", true},
        {"{\"id\":\"x\",\"delta\":{\"content\":\"a\\\"b\"},\"done\":null}", false},
        {"{\"id\":\"x\",\"delta\":{\"content\":\"Hel\"},\"done\":\"stop\"}", false},
        {"{\"id\":\"x\",\"delta\":{\"content\":\"Hel\",\"x\":1},\"done\":null}", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (json_differ_in_value(SLICE(SAMPLE), slice_text(cases[i].text)) != cases[i].alike)
            fail_msg("%s", cases[i].text);
}

static void keeps_no_sample_that_is_too_long(void **state)
{
    (void)state;
    char text[4000];
    struct json_likeness l = {0};
    struct slice content;
    struct arena a;
    memset(text, 'a', sizeof(text));
    text[0] = text[sizeof(text) - 1] = '"';
    arena_init(&a);
    json_likeness_learn(&l, slice_of(text, sizeof(text)), slice_of(text + 1, 10), &a);
    assert_false(json_likeness_see(&l, slice_of(text, sizeof(text)), &content));
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_the_one_string_that_differs),
        cmocka_unit_test(sees_whether_only_a_value_differs),
        cmocka_unit_test(keeps_no_sample_that_is_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
