/* Knows what a call may cost at most, and what is made up for usage that nobody told. */
#include "hub/ceiling.h"
#include "hub/estimate.h"
#include "hub_test.h"

static struct catalog_rate rate_of(const char *type, const char *in, const char *out,
                                   const char *write)
{
    struct catalog_rate r = {.type = slice_text(type)};
    decimal_wide *part = r.prices.base.part;
    price_clear(&r.prices.base);
    assert_true(decimal_parse(slice_text(in), DECIMAL_RATE_DIGITS, &part[PRICE_INPUT]));
    assert_true(decimal_parse(slice_text(out), DECIMAL_RATE_DIGITS, &part[PRICE_OUTPUT]));
    if (write)
        assert_true(decimal_parse(slice_text(write), DECIMAL_RATE_DIGITS, &part[PRICE_WRITE]));
    return r;
}

static int64_t charge(const struct ceiling *c, enum chat_kind kind,
                      const struct catalog_rate *r)
{
    int64_t billionths = -1;
    assert_true(ceiling_charge(c, kind, r, 0, &billionths));
    return billionths;
}

static void test_answers(void **state)
{
    (void)state;
    struct ceiling c = {.prompt_tokens = 10, .answer_tokens = 100, .answers = 3};
    struct catalog_rate r = rate_of("chat", "0.000000001", "0.000000002", NULL);
    assert_int_equal(charge(&c, KIND_CHAT, &r), 10 + 2 * 300);
    r.answer_limit = 50; /* the model gives no more */
    assert_int_equal(charge(&c, KIND_CHAT, &r), 10 + 2 * 150);
    c.answer_tokens = 0;
    assert_int_equal(charge(&c, KIND_CHAT, &r), 10 + 2 * 150);
    r.answer_limit = 0;
    assert_int_equal(charge(&c, KIND_CHAT, &r), 10 + 2 * 3 * CEILING_ANSWER_TOKENS);
    r = rate_of("chat", "0.000000001", "0", "0.000000005"); /* all of it may go to the cache */
    assert_int_equal(charge(&c, KIND_CHAT, &r), 50);
}

/* What goes on with an answer is asked by all that came of it. */
static void test_answers_that_come_back(void **state)
{
    (void)state;
    struct ceiling c = {.prompt_tokens = 10, .answer_tokens = 100, .answers = 1, .repeated = 2};
    struct catalog_rate r = rate_of("chat", "0.000000001", "0.000000002", NULL);
    assert_int_equal(charge(&c, KIND_CHAT, &r),
                     10 + 2 * (100 + CEILING_RESUMED_TOKENS) + 2 * 100);
}

static void test_units(void **state)
{
    (void)state;
    struct ceiling c = {
        .prompt_tokens = 7, .answers = 4, .milliseconds = 2000, .characters = 7};
    struct catalog_rate r = rate_of("image", "0", "0.04", NULL);
    assert_int_equal(charge(&c, KIND_IMAGE, &r), 160000000);
    r = rate_of("video", "0", "0.1", NULL);
    assert_int_equal(charge(&c, KIND_VIDEO, &r), 200000000);
    r = rate_of("embedding", "0.000000001", "0", NULL);
    assert_int_equal(charge(&c, KIND_EMBEDDING, &r), 7);
    r = rate_of("speech", "0.000000003", "0", NULL);
    assert_int_equal(charge(&c, KIND_SPEECH, &r), 21);
    r = rate_of("transcription", "0.5", "0", NULL);
    assert_true(charge(&c, KIND_TRANSCRIPTION, &r) >= 1000000000);
}

static void test_too_much(void **state)
{
    (void)state;
    int64_t billionths = 0;
    struct ceiling c = {.answer_tokens = INT64_MAX, .answers = INT64_MAX};
    struct catalog_rate r = rate_of("chat", "0", "1000", NULL);
    assert_false(ceiling_charge(&c, KIND_CHAT, &r, 0, &billionths));
}

static void test_text_by_a_look(void **state)
{
    (void)state;
    struct ceiling c;
    struct slice body = SLICE("{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],"
                              "\"max_completion_tokens\":20,\"n\":2}");
    assert_true(ceiling_measure_text(body, 3, &c));
    assert_int_equal(c.prompt_tokens, body.n);
    assert_int_equal(c.answer_tokens, 20);
    assert_int_equal(c.answers, 2);
    assert_true(ceiling_measure_text(body, 0, &c));
    static const char *const others[] = {
        "{\"messages\":[{\"content\":[{\"type\":\"text\",\"text\":\"hi\"}]}]}",
        "{\"messages\":[{\"content\":\"hi\"}],\"tools\":[]}", "{\"contents\":[]}", "[]", "7"};
    for (size_t i = 0; i < COUNT(others); i++) {
        struct json_seen seen;
        json_check_pick(slice_text(others[i]), NULL, 0, NULL, &seen, NULL);
        assert_false(ceiling_measure_text(slice_text(others[i]), seen.depth, &c));
        assert_false(ceiling_measure_text(slice_text(others[i]), 0, &c));
    }
}

static void test_estimates(void **state)
{
    (void)state;
    struct ceiling prompt = {.text_bytes = 9, .images_read = 1};
    struct estimate e = {0};
    struct usage u;
    usage_init(&u);
    estimate_text(&e, 5);
    assert_true(estimate_fill(&e, &prompt, &u));
    assert_int_equal(u.input, 3 + ESTIMATE_IMAGE_TOKENS);
    assert_int_equal(u.output, 2);
    assert_false(estimate_fill(&e, &prompt, &u)); /* all is known now */
    e = (struct estimate){0};
    u.output = -1;
    estimate_text(&e, 1);
    estimate_text(&e, 0);
    estimate_text(&e, 2); /* each piece is a token at least */
    assert_true(estimate_fill(&e, &prompt, &u));
    assert_int_equal(u.output, 2);
    u.output = -1;
    estimate_text(&e, 30);
    assert_true(estimate_fill(&e, &prompt, &u));
    assert_int_equal(u.output, 9);
    u.output = 500; /* what was told is more than what was seen */
    assert_false(estimate_fill(&e, &prompt, &u));
    assert_int_equal(u.output, 500);
}

/* What nobody counted is charged as it was asked for, of every kind. */
static void test_tasks_are_never_free(void **state)
{
    (void)state;
    struct ceiling asked = {
        .text_bytes = 9, .answers = 2, .milliseconds = 4000, .characters = 7};
    struct usage u;
    usage_init(&u);
    assert_true(estimate_task(KIND_EMBEDDING, &asked, &u));
    assert_int_equal(u.input, 3);
    assert_false(estimate_task(KIND_EMBEDDING, &asked, &u));
    assert_true(estimate_task(KIND_IMAGE, &asked, &u));
    assert_int_equal(u.images, 2);
    assert_true(estimate_task(KIND_VIDEO, &asked, &u));
    assert_int_equal(u.milliseconds, 4000);
    assert_true(estimate_task(KIND_SPEECH, &asked, &u));
    assert_int_equal(u.characters, 7);
    usage_init(&u);
    u.audio_output = 5; /* it was counted, in tokens */
    assert_false(estimate_task(KIND_SPEECH, &asked, &u));
    assert_false(estimate_task(KIND_CHAT, &asked, &u));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_tasks_are_never_free),
                                       cmocka_unit_test(test_answers),
                                       cmocka_unit_test(test_answers_that_come_back),
                                       cmocka_unit_test(test_units),
                                       cmocka_unit_test(test_too_much),
                                       cmocka_unit_test(test_text_by_a_look),
                                       cmocka_unit_test(test_estimates)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
