/* Knows when a breaker opens and closes, whose fault a failure is, and how turns are given by weight. */
#include "hub/blame.h"
#include "hub/breaker.h"
#include "hub/rotation.h"
#include "hub_test.h"

static const struct breaker_rules rules = {.window_ms = 1000,
                                           .failures = 3,
                                           .percent = 50,
                                           .first_ms = 100,
                                           .longest_ms = 800,
                                           .lease_ms = 50};

static void fail_times(struct breaker *b, int times, int64_t now_ms)
{
    for (int i = 0; i < times; i++)
        breaker_failure(b, &rules, now_ms, 0);
}

static void survives_packing(void **state)
{
    (void)state;
    struct breaker b = {BREAKER_PROBING, 13, INT64_C(1) << 37, 1023, 1};
    struct breaker got = breaker_unpack(breaker_pack(&b));
    assert_int_equal(got.phase, b.phase);
    assert_int_equal(got.level, b.level);
    assert_int_equal(got.at_ms, b.at_ms);
    assert_int_equal(got.failures, b.failures);
    assert_int_equal(got.successes, b.successes);
    b = (struct breaker){.at_ms = INT64_MAX};
    assert_true(breaker_unpack(breaker_pack(&b)).at_ms > INT64_C(1) << 37);
    assert_int_equal(breaker_pack(&(struct breaker){0}), 0);
}

static void opens_by_rate_not_by_one_event(void **state)
{
    (void)state;
    struct breaker b = {0};
    fail_times(&b, 2, 5000);
    assert_int_equal(b.phase, BREAKER_CLOSED);
    breaker_failure(&b, &rules, 5001, 0);
    assert_int_equal(b.phase, BREAKER_OPEN);
    assert_int_equal(b.at_ms, 5101);

    b = (struct breaker){0};
    for (int i = 0; i < 20; i++) { /* one in four */
        breaker_failure(&b, &rules, 5000 + i, 0);
        for (int k = 0; k < 3; k++)
            breaker_success(&b, &rules, 5000 + i);
        assert_int_equal(b.phase, BREAKER_CLOSED);
    }
    b = (struct breaker){0};
    for (int i = 0; i < 20; i++) { /* too rare */
        breaker_failure(&b, &rules, 5000 + i * 600, 0);
        assert_int_equal(b.phase, BREAKER_CLOSED);
    }
    breaker_success(&b, &rules, 100000);
    assert_int_equal(breaker_pack(&b), 0);
}

static void counts_without_end(void **state)
{
    (void)state;
    struct breaker b = {0};
    breaker_failure(&b, &rules, 1, 0);
    for (int i = 0; i < 5000; i++)
        breaker_success(&b, &rules, 2);
    assert_true(b.successes < 1023);
    fail_times(&b, 400, 3);
    assert_int_equal(b.phase, BREAKER_CLOSED);
    fail_times(&b, 2000, 3);
    assert_int_equal(b.phase, BREAKER_OPEN);
}

static void probes_once_and_waits_longer(void **state)
{
    (void)state;
    struct breaker b = {0};
    int64_t now = 5000;
    fail_times(&b, 3, now);
    for (int64_t wait = 100; wait <= 1600; wait *= 2) {
        int64_t real = wait < 800 ? wait : 800;
        assert_int_equal(b.at_ms, now + real);
        assert_false(breaker_probe(&b, &rules, now + real - 1));
        now += real;
        breaker_failure(&b, &rules, now - 1, 0); /* a straggler */
        assert_int_equal(b.at_ms, now);
        assert_true(breaker_probe(&b, &rules, now));
        assert_int_equal(b.phase, BREAKER_PROBING);
        assert_false(breaker_probe(&b, &rules, now));
        breaker_failure(&b, &rules, now, 0);
        assert_int_equal(b.phase, BREAKER_OPEN);
    }
    now = b.at_ms;
    assert_true(breaker_probe(&b, &rules, now));
    assert_true(breaker_probe(&b, &rules, now + 50)); /* the first was lost */
    breaker_pass(&b, now + 60);
    assert_true(breaker_probe(&b, &rules, now + 60));
    breaker_success(&b, &rules, now + 70);
    assert_int_equal(b.phase, BREAKER_CLOSED);
}

static void remembers_that_it_flapped(void **state)
{
    (void)state;
    struct breaker b = {0};
    int64_t now = 5000;
    for (unsigned i = 0; i < 40; i++) {
        fail_times(&b, 3, now);
        assert_int_equal(b.phase, BREAKER_OPEN);
        int64_t wait = i < 3 ? (int64_t)100 << i : 800;
        assert_int_equal(b.at_ms, now + wait);
        now = b.at_ms;
        assert_true(breaker_probe(&b, &rules, now));
        breaker_success(&b, &rules, now);
        now += 10;
    }
    breaker_success(&b, &rules, now + 1001);
    assert_int_equal(breaker_pack(&b), 0);
}

static void jitter_only_shortens(void **state)
{
    (void)state;
    for (uint32_t chance = 0; chance < UINT32_MAX - 99999999; chance += 99999999) {
        struct breaker b = {0};
        for (int i = 0; i < 3; i++)
            breaker_failure(&b, &rules, 5000, chance);
        assert_in_range(b.at_ms, 5075, 5100);
    }
}

static void blames_whom_it_may(void **state)
{
    (void)state;
    static const struct {
        int rc;
        struct fault why;
        enum blame blame;
    } cases[] = {
        {AIGNE_OK, {0}, BLAME_NONE},
        {AIGNE_E_CANCELLED, {0}, BLAME_NOBODY},
        {AIGNE_E_REQUEST, {.http = 400}, BLAME_NOBODY},
        {AIGNE_E_STORE, {0}, BLAME_NOBODY},
        {AIGNE_E_NOMEM, {0}, BLAME_NOBODY},
        {AIGNE_E_NETWORK, {0}, BLAME_TARGET},
        {AIGNE_E_TIMEOUT, {0}, BLAME_TARGET},
        {AIGNE_E_PROTOCOL, {0}, BLAME_TARGET},
        {AIGNE_E_REQUEST, {.http = 400, .upstream = true}, BLAME_NOBODY},
        {AIGNE_E_REQUEST, {.http = 404, .upstream = true}, BLAME_NOBODY},
        {AIGNE_E_REQUEST, {.http = 413, .upstream = true}, BLAME_NOBODY},
        {AIGNE_E_REQUEST, {.http = 422, .upstream = true}, BLAME_NOBODY},
        {AIGNE_E_UPSTREAM, {.http = 403, .upstream = true}, BLAME_NOBODY},
        {AIGNE_E_UPSTREAM, {.http = 408, .upstream = true}, BLAME_TARGET},
        {AIGNE_E_UPSTREAM, {.http = 500, .upstream = true}, BLAME_TARGET},
        {AIGNE_E_UPSTREAM, {.http = 529, .upstream = true}, BLAME_TARGET},
        {AIGNE_E_AUTH,
         {.http = 401, .upstream = true, .credential_bad = true},
         BLAME_CREDENTIAL},
        {AIGNE_E_AUTH,
         {.http = 403, .upstream = true, .credential_bad = true},
         BLAME_CREDENTIAL},
        {AIGNE_E_AUTH,
         {.http = 400, .upstream = true, .credential_bad = true},
         BLAME_CREDENTIAL},
        {AIGNE_E_RATE, {.http = 429, .upstream = true}, BLAME_PACE},
        {AIGNE_E_CREDIT, {.http = 402, .upstream = true}, BLAME_PACE},
        {AIGNE_E_CREDIT, {.http = 403, .upstream = true}, BLAME_PACE},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(blame_of(cases[i].rc, &cases[i].why), cases[i].blame);
}

/* ---- turns ---- */

static void check_shares(const struct rotation *r, const unsigned *weights, size_t members)
{
    unsigned all = 0;
    for (size_t i = 0; i < members; i++)
        all += weights[i];
    int64_t served[8] = {0};
    for (unsigned turn = 0; turn < 2 * r->count; turn++) {
        served[rotation_pick(r, turn)]++;
        for (size_t i = 0; i < members; i++) {
            int64_t owed = (int64_t)weights[i] * (turn + 1) - served[i] * all;
            assert_true(owed < (int64_t)all * 2 && owed > -(int64_t)all * 2);
        }
    }
    for (size_t i = 0; i < members; i++)
        assert_int_equal(served[i] * all, (int64_t)weights[i] * 2 * (int64_t)r->count);
}

static void serves_by_weight(void **state)
{
    (void)state;
    struct arena a;
    struct rotation r;
    uint32_t chance = 1;
    arena_init(&a);
    static const unsigned uneven[] = {100, 10};
    assert_int_equal(rotation_build(&r, uneven, 2, &a), AIGNE_OK);
    assert_int_equal(r.count, 11);
    size_t seconds = 0;
    for (unsigned i = 0; i < 11; i++)
        seconds += rotation_pick(&r, i);
    assert_int_equal(seconds, 1);
    assert_int_equal(rotation_pick(&r, 5), 1); /* in the middle, as AIGNE has it */
    static const unsigned even[] = {100, 100, 100};
    assert_int_equal(rotation_build(&r, even, 3, &a), AIGNE_OK);
    assert_int_equal(r.count, 3);
    for (unsigned i = 0; i < 9; i++)
        assert_int_equal(rotation_pick(&r, i), i % 3);
    assert_int_equal(rotation_build(&r, NULL, 0, &a), AIGNE_OK);
    assert_int_equal(r.count, 0);
    for (int round = 0; round < 200; round++) {
        unsigned weights[8];
        size_t members = 0;
        for (; members < 2 + (size_t)round % 7; members++) {
            chance = chance * 1664525 + 1013904223;
            weights[members] = 1 + (chance >> 16) % 100;
        }
        assert_int_equal(rotation_build(&r, weights, members, &a), AIGNE_OK);
        check_shares(&r, weights, members);
        arena_clear(&a);
    }
    arena_free(&a);
}

static void gives_who_is_left_their_shares(void **state)
{
    (void)state;
    struct arena a;
    struct rotation r;
    static const unsigned weights[] = {100, 50, 50, 100};
    unsigned char shares[] = {ROTATION_NOTHING, ROTATION_FULL, ROTATION_TENTH, ROTATION_FULL};
    unsigned served[4] = {0};
    arena_init(&a);
    assert_int_equal(rotation_build(&r, weights, 4, &a), AIGNE_OK);
    for (unsigned i = 0; i < 31 * 7; i++)
        served[rotation_pick_shared(&r, i, shares)]++;
    assert_int_equal(served[0], 0);
    assert_int_equal(served[1], 70);
    assert_int_equal(served[2], 7);
    assert_int_equal(served[3], 140);
    shares[1] = shares[3] = ROTATION_NOTHING;
    assert_int_equal(rotation_pick_shared(&r, 12345, shares), 2);
    shares[2] = ROTATION_NOTHING;
    assert_int_equal(rotation_pick_shared(&r, 12345, shares), SIZE_MAX);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(survives_packing),
        cmocka_unit_test(opens_by_rate_not_by_one_event),
        cmocka_unit_test(counts_without_end),
        cmocka_unit_test(probes_once_and_waits_longer),
        cmocka_unit_test(remembers_that_it_flapped),
        cmocka_unit_test(jitter_only_shortens),
        cmocka_unit_test(blames_whom_it_may),
        cmocka_unit_test(serves_by_weight),
        cmocka_unit_test(gives_who_is_left_their_shares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
