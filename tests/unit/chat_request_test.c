/* Knows how requests are put together, how efforts and budgets answer each other, and how usage adds
 * up. */
#include "chat/request.h"
#include "chat/usage.h"
#include "unit.h"

static void builds_what_was_added(void **state)
{
    (void)state;
    struct arena a;
    struct chat_builder b;
    struct chat_request r;
    arena_init(&a);
    chat_build(&b, &a, &r);
    assert_int_equal(r.reasoning_budget, -1);
    assert_null(chat_add_part(&b, CHAT_TEXT)); /* there is no message yet */
    for (int i = 0; i < 100; i++) {
        assert_non_null(chat_add_message(&b, i % 2 ? CHAT_ASSISTANT : CHAT_USER));
        for (int k = 0; k <= i % 5; k++)
            chat_add_part(&b, CHAT_TEXT)->text = slice_of("0123456789", (size_t)k);
        chat_add_tool(&b)->name = slice_of("0123456789", (size_t)(i % 10));
        assert_int_equal(chat_add_extra(&b, SLICE("e"), SLICE("1")), AIGNE_OK);
        assert_int_equal(chat_add_input_extra(&b, SLICE("f"), SLICE("2")), AIGNE_OK);
    }
    assert_int_equal(r.message_count, 100);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(r.messages[i].role, i % 2 ? CHAT_ASSISTANT : CHAT_USER);
        assert_int_equal(r.messages[i].part_count, i % 5 + 1);
        for (size_t k = 0; k <= i % 5; k++)
            assert_int_equal(r.messages[i].parts[k].text.n, k);
        assert_int_equal(r.tools[i].name.n, i % 10);
    }
    assert_int_equal(r.extra_count, 100);
    assert_slice(r.input_extras[99].value, "2");
    arena_free(&a);
}

static void finds_the_newest_call_of_an_id(void **state)
{
    (void)state;
    struct arena a;
    struct chat_builder b;
    struct chat_request r;
    arena_init(&a);
    chat_build(&b, &a, &r);
    for (int i = 0; i < 2; i++) {
        chat_add_message(&b, CHAT_ASSISTANT);
        struct chat_part *p = chat_add_part(&b, CHAT_TOOL_CALL);
        p->id = SLICE("0");
        p->name = i ? SLICE("new") : SLICE("old");
    }
    assert_slice(chat_tool_name_of(&r, SLICE("0")), "new");
    assert_null(chat_tool_name_of(&r, SLICE("1")).p);
    assert_null(chat_tool_name_of(&r, SLICE_NONE).p);
    arena_free(&a);
}

static void efforts_and_budgets_agree(void **state)
{
    (void)state;
    for (int e = CHAT_EFFORT_NONE; e <= CHAT_EFFORT_MAX; e++) {
        enum chat_effort parsed = CHAT_EFFORT_UNSET;
        int64_t budget = chat_budget_of_effort((enum chat_effort)e);
        assert_int_equal(chat_effort_of_budget(budget), e);
        assert_true(
            chat_effort_parse(slice_text(chat_effort_name((enum chat_effort)e)), &parsed));
        assert_int_equal(parsed, e);
    }
    enum chat_effort parsed = CHAT_EFFORT_UNSET;
    assert_null(chat_effort_name(CHAT_EFFORT_UNSET));
    assert_int_equal(chat_budget_of_effort(CHAT_EFFORT_UNSET), -1);
    assert_int_equal(chat_effort_of_budget(-1), CHAT_EFFORT_UNSET);
    assert_int_equal(chat_effort_of_budget(1), CHAT_EFFORT_MINIMAL);
    assert_int_equal(chat_effort_of_budget(1025), CHAT_EFFORT_LOW);
    assert_int_equal(chat_effort_of_budget(INT64_MAX), CHAT_EFFORT_MAX);
    assert_false(chat_effort_parse(SLICE("High"), &parsed));
    assert_false(chat_effort_parse(SLICE_NONE, &parsed));
}

static void later_usage_replaces_what_it_knows(void **state)
{
    (void)state;
    struct usage u;
    usage_init(&u);
    assert_false(usage_reported(&u));
    usage_merge(&u, &USAGE_TOKENS(10, 5, -1, 2, 1, -1));
    usage_merge(&u, &USAGE_TOKENS(-1, -1, 7, -1, 30, 4));
    assert_int_equal(u.input, 10);
    assert_int_equal(u.cache_read, 5);
    assert_int_equal(u.cache_write_5m, 7);
    assert_int_equal(u.cache_write_1h, 2);
    assert_int_equal(u.output, 30);
    assert_int_equal(u.reasoning, 4);
    assert_int_equal(usage_prompt(&u), 24);
    assert_int_equal(usage_answer(&u), 34);
    usage_merge(&u, &USAGE_TOKENS(-1, -1, -1, -1, 0, -1));
    assert_int_equal(u.output, 0);
}

static void absurd_usage_is_told_apart(void **state)
{
    (void)state;
    struct usage u;
    usage_init(&u);
    assert_true(usage_sane(&u));
    u.reasoning = USAGE_LARGEST;
    assert_true(usage_sane(&u));
    u.reasoning++;
    assert_false(usage_sane(&u));
    u.reasoning = -2;
    assert_false(usage_sane(&u));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builds_what_was_added),
        cmocka_unit_test(finds_the_newest_call_of_an_id),
        cmocka_unit_test(efforts_and_budgets_agree),
        cmocka_unit_test(later_usage_replaces_what_it_knows),
        cmocka_unit_test(absurd_usage_is_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
