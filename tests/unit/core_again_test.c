/* Which failures are worth another attempt, where and when. */
#include "base/limits.h"
#include "core/again.h"
#include "hub/policy.h"
#include "unit.h"
#include <aignehub/aignehub.h>

#define NONE SIZE_MAX

static struct fault why;
static struct policy policy;

/* One of two targets at different providers has failed, first of all. */
static struct again_facts two_targets(void)
{
    fault_clear(&why);
    policy_init(&policy);
    return (struct again_facts){.why = &why,
                                .policy = &policy,
                                .harmless = true,
                                .affordable = true,
                                .attempts = 1,
                                .targets = 2,
                                .next = 1,
                                .elsewhere = 1,
                                .left_ms = INT64_MAX};
}

static struct again_facts alone(void)
{
    struct again_facts f = two_targets();
    f.targets = 1;
    f.next = f.elsewhere = NONE;
    return f;
}

static void said(struct again_facts *f, int rc, int http, int64_t retry_ms)
{
    why.upstream = true;
    why.http = http;
    why.retry_ms = retry_ms;
    f->rc = rc;
    f->sent = true;
}

static void broke(struct again_facts *f, int rc, bool sent)
{
    f->rc = rc;
    f->sent = sent;
}

static struct again choose(const struct again_facts *f)
{
    bool costly;
    return again_choose(f, &costly);
}

static void expect(const struct again_facts *f, enum again_step step)
{
    assert_int_equal(choose(f).step, step);
}

/* As vendors write it. */
static void what_is_too_long_there_may_fit_elsewhere(void **state)
{
    static const struct {
        int http;
        const char *words;
    } said_by[] = {
        {400, "This model's maximum context length is 8192 tokens. However, your messages "
              "resulted in 9000 tokens."},
        {400, "Your input exceeds the context window of this model."},
        {400, "Input tokens exceed the configured limit of 272000 tokens."},
        {400, "prompt is too long: 208310 tokens > 200000 maximum"},
        {400, "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000"},
        {400, "The input token count (1200000) exceeds the maximum number of tokens allowed "
              "(1048576)."},
        {400, "Input is too long for requested model."},
        {400, "Too many input tokens. Max input tokens: 8192, request input token count: 9000"},
        {400, "This model's maximum prompt length is 131072 but the request contains 150000 "
              "tokens."},
        {400, "Please reduce the length of the messages or completion."},
        {400, "Prompt contains 40000 tokens, too large for model with 32768 maximum context "
              "length"},
        {400, "request (9000 tokens) exceeds the available context size (4096 tokens)"},
        {400, "the input length exceeds the context length"},
        {400, "too many tokens: total number of tokens in the prompt cannot exceed 4096"},
        {422, "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4097."},
        {400, "Trying to keep the first 4523 tokens when context the overflows."},
        {400, "Invalid request: Your request exceeded model token limit: 8192"},
        {400, "Total tokens of image and text exceed max message tokens."},
        {400, "Range of input length should be [1, 30720]"},
        {400, "The decoder prompt (length 9000) is longer than the maximum model length of "
              "4096."},
        {413, "Request exceeds the maximum size"},
        {413, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof said_by / sizeof *said_by; i++) {
        struct again_facts f = two_targets();
        said(&f, AIGNE_E_REQUEST, said_by[i].http, -1);
        fault_copy(why.text, sizeof why.text, slice_text(said_by[i].words));
        expect(&f, AGAIN_NEXT);
        assert_int_equal(choose(&f).target, 1);
    }
}

static void what_is_wrong_for_one_is_wrong_for_all(void **state)
{
    static const struct {
        int http;
        const char *words;
        const char *param;
    } said_by[] = {
        {400, "Your request was rejected as a result of our safety system.", ""},
        {400, "This model does not support assistant message prefill.", ""},
        {400, "Unsupported parameter: 'max_tokens' is not supported with this model.",
         "max_tokens"},
        {400, "max_tokens is too large: 100000. This model supports at most 16384 tokens.",
         "max_tokens"},
        {400, "messages.0.content.0.image.source.base64: image exceeds 5 MB maximum", ""},
        {403, "Your chosen model requires moderation and your input was flagged.", ""},
        {403, "Content violates usage guidelines.", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof said_by / sizeof *said_by; i++) {
        struct again_facts f = two_targets();
        said(&f, AIGNE_E_UPSTREAM, said_by[i].http, -1);
        fault_copy(why.text, sizeof why.text, slice_text(said_by[i].words));
        fault_copy(why.param, sizeof why.param, slice_text(said_by[i].param));
        expect(&f, AGAIN_SETTLE);
    }
}

static void who_may_not_asks_by_another_key_or_elsewhere(void **state)
{
    (void)state;
    struct again_facts f = two_targets();
    said(&f, AIGNE_E_UPSTREAM, 403, -1);
    fault_copy(why.text, sizeof why.text, SLICE("Your API key does not have permission."));
    expect(&f, AGAIN_NEXT);
    f.elsewhere = NONE;
    expect(&f, AGAIN_NEXT);
    f = alone();
    said(&f, AIGNE_E_UPSTREAM, 403, -1);
    expect(&f, AGAIN_SETTLE);
}

static void a_callers_mistake_is_his(void **state)
{
    static const int statuses[] = {400, 409, 422};
    (void)state;
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        struct again_facts f = two_targets();
        said(&f, AIGNE_E_REQUEST, statuses[i], -1);
        expect(&f, AGAIN_SETTLE);
    }
    struct again_facts f = two_targets();
    broke(&f, AIGNE_E_REQUEST, false);
    expect(&f, AGAIN_SETTLE);
    broke(&f, AIGNE_E_CANCELLED, false);
    expect(&f, AGAIN_SETTLE);
    broke(&f, AIGNE_E_NOMEM, false);
    expect(&f, AGAIN_SETTLE);
}

static void the_next_target_is_asked_at_once(void **state)
{
    static const struct {
        int rc;
        int http;
    } failures[] = {{AIGNE_E_RATE, 429},     {AIGNE_E_UPSTREAM, 408}, {AIGNE_E_UPSTREAM, 500},
                    {AIGNE_E_UPSTREAM, 503}, {AIGNE_E_UPSTREAM, 529}, {AIGNE_E_CREDIT, 402},
                    {AIGNE_E_REQUEST, 404}};
    (void)state;
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        struct again_facts f = two_targets();
        said(&f, failures[i].rc, failures[i].http, failures[i].http == 402 ? -1 : 500);
        struct again again = choose(&f);
        assert_int_equal(again.step, AGAIN_NEXT);
        assert_int_equal(again.target, 1);
        assert_int_equal(again.delay_ms, 0);
    }
    struct again_facts f = two_targets();
    said(&f, AIGNE_E_AUTH, 401, -1);
    why.credential_bad = true;
    expect(&f, AGAIN_NEXT);
}

static void who_stands_alone_is_asked_once_more(void **state)
{
    (void)state;
    struct again_facts f = alone();
    said(&f, AIGNE_E_UPSTREAM, 503, 500);
    struct again again = choose(&f);
    assert_int_equal(again.step, AGAIN_SAME);
    assert_int_equal(again.target, 0);
    assert_int_equal(again.delay_ms, 500);
    f.attempts = 2;
    f.repeats = 1;
    expect(&f, AGAIN_SETTLE);

    f = alone();
    broke(&f, AIGNE_E_NETWORK, false);
    assert_int_equal(choose(&f).delay_ms, 250);
    f.chance = UINT32_MAX;
    assert_in_range(choose(&f).delay_ms, 370, 375);
    f.known_dead = true;
    expect(&f, AGAIN_SETTLE);
    f.known_dead = false;
    f.affordable = false;
    expect(&f, AGAIN_SETTLE);
    f.affordable = true;
    f.self_made = true;
    expect(&f, AGAIN_SETTLE);

    f = alone(); /* neither a refused key nor an empty account mends itself */
    said(&f, AIGNE_E_AUTH, 401, -1);
    why.credential_bad = true;
    expect(&f, AGAIN_SETTLE);
    said(&f, AIGNE_E_CREDIT, 402, -1);
    why.credential_bad = false;
    expect(&f, AGAIN_SETTLE);
    said(&f, AIGNE_E_REQUEST, 404, -1);
    expect(&f, AGAIN_SETTLE);
}

static void one_waits_as_long_as_was_asked_or_not_at_all(void **state)
{
    (void)state;
    struct again_facts f = alone();
    said(&f, AIGNE_E_RATE, 429, 2000);
    assert_int_equal(choose(&f).delay_ms, 2000);
    f.chance = UINT32_MAX;
    assert_true(choose(&f).delay_ms >= 2000);
    f.chance = 0;
    why.retry_ms = 5000;
    expect(&f, AGAIN_SAME);
    why.retry_ms = 60000; /* the caller hears of it instead */
    expect(&f, AGAIN_SETTLE);
    why.retry_ms = 2000;
    f.left_ms = 1900;
    expect(&f, AGAIN_SETTLE);
    f.left_ms = 2100;
    f.chance = UINT32_MAX;
    assert_int_equal(choose(&f).delay_ms, 2000);
    why.retry_ms = -1; /* "x-should-retry: false" */
    expect(&f, AGAIN_SETTLE);
}

static void no_attempt_after_the_deadline(void **state)
{
    (void)state;
    struct again_facts f = two_targets();
    said(&f, AIGNE_E_UPSTREAM, 500, 500);
    f.left_ms = 0;
    expect(&f, AGAIN_SETTLE);
    f.left_ms = 1; /* the other one takes no pause */
    expect(&f, AGAIN_NEXT);
}

static void what_may_have_been_done_is_not_repeated(void **state)
{
    static const int unanswered[] = {AIGNE_E_NETWORK, AIGNE_E_TIMEOUT, AIGNE_E_PROTOCOL};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct again_facts f = alone();
        broke(&f, unanswered[i], true);
        expect(&f, AGAIN_SETTLE);
        policy.repeat_sent = 1;
        expect(&f, AGAIN_SAME);

        f = two_targets(); /* another one has not done it, and a chat is harmless */
        broke(&f, unanswered[i], true);
        expect(&f, AGAIN_NEXT);
        policy.repeat_sent = 0;
        expect(&f, AGAIN_SETTLE);
        policy.repeat_sent = POLICY_UNSET;
        f.harmless = false;
        expect(&f, AGAIN_SETTLE);
        policy.repeat_sent = 1;
        expect(&f, AGAIN_NEXT);

        f = two_targets(); /* a second key of the same provider is no other one */
        broke(&f, unanswered[i], true);
        f.elsewhere = NONE;
        expect(&f, AGAIN_SETTLE);
        f.targets = 3;
        f.elsewhere = 2;
        assert_int_equal(choose(&f).target, 2);
    }
}

static void only_repeating_at_who_failed_costs(void **state)
{
    bool costly = false;
    (void)state;
    struct again_facts f = two_targets();
    said(&f, AIGNE_E_UPSTREAM, 500, 500);
    assert_int_equal(again_choose(&f, &costly).step, AGAIN_NEXT);
    assert_false(costly);
    f.elsewhere = NONE; /* the same provider's other key */
    assert_int_equal(again_choose(&f, &costly).step, AGAIN_NEXT);
    assert_true(costly);
    f.affordable = false;
    expect(&f, AGAIN_SETTLE);
    said(&f, AIGNE_E_AUTH, 401, -1); /* is not to blame for the first one */
    why.credential_bad = true;
    assert_int_equal(again_choose(&f, &costly).step, AGAIN_NEXT);
    assert_false(costly);
    said(&f, AIGNE_E_REQUEST, 404, -1); /* and has no more models */
    why.credential_bad = false;
    expect(&f, AGAIN_SETTLE);
}

static void a_policy_counts(void **state)
{
    (void)state;
    struct again_facts f = two_targets();
    said(&f, AIGNE_E_UPSTREAM, 500, 500);
    policy.retries = 2;
    int64_t before = 0;
    for (f.repeats = 0; f.repeats < 2; f.repeats++) {
        struct again again = choose(&f);
        assert_int_equal(again.step, AGAIN_SAME);
        assert_true(again.delay_ms >= before);
        before = again.delay_ms;
    }
    expect(&f, AGAIN_NEXT);
    f.repeats = 0;
    policy.attempts = 1;
    expect(&f, AGAIN_SETTLE);
    f = alone();
    said(&f, AIGNE_E_UPSTREAM, 500, 500);
    policy.retries = 0;
    expect(&f, AGAIN_SETTLE);
}

/* Whatever fails, and whatever is allowed. */
static void never_more_than_six_attempts(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < 5000; round++) {
        uint32_t dice = round * UINT32_C(2654435761);
        struct again_facts f = two_targets();
        f.targets = 1 + dice % 6;
        policy.retries = dice >> 3 & 7 ? (int64_t)(dice >> 3 & 3) : POLICY_UNSET;
        policy.repeat_sent = dice >> 6 & 1 ? 1 : POLICY_UNSET;
        said(&f, AIGNE_E_UPSTREAM, 500 + (int)(dice >> 8 & 3), dice >> 10 & 4095);
        bool more = true;
        for (; more; f.attempts++) {
            f.next = f.target + 1 < f.targets ? f.target + 1 : NONE;
            f.elsewhere = dice >> 7 & 1 ? f.next : NONE;
            struct again again = choose(&f);
            more = again.step != AGAIN_SETTLE;
            assert_true(again.target >= f.target || !more);
            assert_true(again.delay_ms < 7500);
            f.repeats = again.step == AGAIN_SAME ? f.repeats + 1 : 0;
            f.target = more ? again.target : f.target;
        }
        assert_true(f.attempts - 1 <= LIMIT_ATTEMPTS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_callers_mistake_is_his),
        cmocka_unit_test(what_is_too_long_there_may_fit_elsewhere),
        cmocka_unit_test(what_is_wrong_for_one_is_wrong_for_all),
        cmocka_unit_test(who_may_not_asks_by_another_key_or_elsewhere),
        cmocka_unit_test(the_next_target_is_asked_at_once),
        cmocka_unit_test(who_stands_alone_is_asked_once_more),
        cmocka_unit_test(one_waits_as_long_as_was_asked_or_not_at_all),
        cmocka_unit_test(no_attempt_after_the_deadline),
        cmocka_unit_test(what_may_have_been_done_is_not_repeated),
        cmocka_unit_test(only_repeating_at_who_failed_costs),
        cmocka_unit_test(a_policy_counts),
        cmocka_unit_test(never_more_than_six_attempts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
