/* Knows who is let in, who waits and for how long, with a clock of its own. */
#define _POSIX_C_SOURCE 200809L
#include "hub/limiter.h"
#include "hub/window.h"
#include "hub_test.h"
#include <pthread.h>
#include <stdatomic.h>

#define SECOND INT64_C(1000000)

static struct limiter *limiter;
static int64_t now_us;

static int setup(void **state)
{
    (void)state;
    now_us = 1000 * SECOND;
    return limiter_open(SLICE_NONE, &limiter, NULL);
}

static int setup_shared(void **state)
{
    (void)state;
    const char *path = test_path("limits.db");
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    now_us = 1000 * SECOND;
    return limiter_open(slice_text(path), &limiter, NULL);
}

static int teardown(void **state)
{
    (void)state;
    limiter_close(limiter);
    return 0;
}

/* A claim that is told when it is its turn. */
struct caller {
    struct limit_claim claim;
    atomic_int woken;
};

static void on_turn(struct limit_claim *self)
{
    atomic_fetch_add(&((struct caller *)(void *)self)->woken, 1);
}

static void want(struct caller *c, const struct limit_rule *rule, const char *who,
                 int64_t tokens)
{
    c->claim.limiter = limiter;
    c->claim.wake = on_turn;
    c->claim.tokens = tokens;
    assert_int_equal(limit_claim_add(&c->claim, rule, slice_text(who), now_us), AIGNE_OK);
}

static enum limit_answer take(struct caller *c, const struct limit_rule *rule, const char *who,
                              int64_t tokens)
{
    *c = (struct caller){0};
    want(c, rule, who, tokens);
    return limit_claim_take(&c->claim, true, false, now_us).answer;
}

static void give(struct caller *c, int64_t used)
{
    limit_claim_release(&c->claim, used, now_us);
}

/* ---- windows ---- */

static void a_minute_holds_no_more_than_was_let_in(void **state)
{
    (void)state;
    struct window w = {0};
    static int64_t let_in[2000];
    size_t count = 0;
    srand(7);
    for (int i = 0; i < 20000 && count < COUNT(let_in); i++) {
        now_us += rand() % (SECOND / 4);
        if (window_sum(&w, now_us) >= 50)
            continue;
        window_add(&w, now_us, 1);
        let_in[count++] = now_us;
    }
    assert_true(count > 1000);
    for (size_t i = 50; i < count; i++)
        assert_true(let_in[i] - let_in[i - 50] >= 60 * SECOND);
}

static void the_wait_ends_when_there_is_room(void **state)
{
    (void)state;
    struct window w = {0};
    window_add(&w, now_us, 3);
    window_add(&w, now_us + 10 * SECOND, 4);
    now_us += 20 * SECOND;
    assert_int_equal(window_wait(&w, now_us, 0), 0);
    assert_int_equal(window_wait(&w, now_us, 3), 41 * SECOND);
    assert_int_equal(window_wait(&w, now_us, 4), 51 * SECOND);
    assert_int_equal(window_wait(&w, now_us, 8), INT64_MAX);
    assert_int_equal(window_sum(&w, now_us + 41 * SECOND - 1), 7);
    assert_int_equal(window_sum(&w, now_us + 41 * SECOND), 4);
    assert_int_equal(window_sum(&w, now_us + 51 * SECOND), 0);
}

static void what_is_taken_back_never_was(void **state)
{
    (void)state;
    struct window w = {0};
    window_add(&w, now_us, 5);
    window_take_back(&w, now_us, now_us + 5 * SECOND, 5);
    assert_int_equal(window_sum(&w, now_us + 5 * SECOND), 0);
    window_add(&w, now_us + 70 * SECOND, 2);
    window_take_back(&w, now_us, now_us + 70 * SECOND, 2); /* it has left long ago */
    assert_int_equal(window_sum(&w, now_us + 70 * SECOND), 2);
}

/* ---- one limit ---- */

static void requests_come_back_after_a_minute(void **state)
{
    (void)state;
    const struct limit_rule rule = {.name = SLICE("r"), .requests = 2};
    struct caller c[3];
    assert_int_equal(take(&c[0], &rule, "k", 0), LIMIT_LET_IN);
    assert_int_equal(c[0].claim.requests.limit, 2);
    assert_int_equal(c[0].claim.requests.remaining, 1);
    give(&c[0], 0);
    now_us += 10 * SECOND;
    assert_int_equal(take(&c[1], &rule, "k", 0), LIMIT_LET_IN);
    c[2] = (struct caller){0};
    want(&c[2], &rule, "k", 0);
    struct limit_verdict v = limit_claim_take(&c[2].claim, true, false, now_us);
    assert_int_equal(v.answer, LIMIT_REFUSED);
    assert_int_equal(v.number, 2);
    assert_int_equal(v.retry_us, 51 * SECOND);
    assert_int_equal(c[2].claim.requests.remaining, 0);
    now_us += v.retry_us - 1;
    assert_int_equal(limit_claim_take(&c[2].claim, true, false, now_us).answer, LIMIT_REFUSED);
    now_us += 1;
    assert_int_equal(limit_claim_take(&c[2].claim, true, false, now_us).answer, LIMIT_LET_IN);
    give(&c[1], 0);
    give(&c[2], 0);
}

static void each_subject_has_its_own(void **state)
{
    (void)state;
    const struct limit_rule rule = {.name = SLICE("r"), .concurrent = 1};
    struct caller a;
    struct caller b;
    struct caller again;
    assert_int_equal(take(&a, &rule, "a", 0), LIMIT_LET_IN);
    assert_int_equal(take(&b, &rule, "b", 0), LIMIT_LET_IN);
    assert_int_equal(take(&again, &rule, "a", 0), LIMIT_REFUSED);
    give(&a, 0);
    assert_int_equal(limit_claim_take(&again.claim, true, false, now_us).answer, LIMIT_LET_IN);
    give(&again, 0);
    give(&b, 0);
}

static void tokens_are_held_then_corrected(void **state)
{
    (void)state;
    const struct limit_rule rule = {.name = SLICE("t"), .tokens = 1000};
    struct caller c[3];
    assert_int_equal(take(&c[0], &rule, "k", 700), LIMIT_LET_IN);
    assert_int_equal(c[0].claim.spent.remaining, 300);
    assert_int_equal(take(&c[1], &rule, "k", 301), LIMIT_REFUSED);
    now_us += 300 * SECOND; /* a long answer holds what it may come to */
    assert_int_equal(limit_claim_take(&c[1].claim, true, false, now_us).answer, LIMIT_REFUSED);
    give(&c[0], 650);
    assert_int_equal(limit_claim_take(&c[1].claim, true, false, now_us).answer, LIMIT_LET_IN);
    c[2] = (struct caller){0};
    want(&c[2], &rule, "k", 50);
    assert_int_equal(limit_claim_take(&c[2].claim, true, false, now_us).retry_us, 61 * SECOND);
    give(&c[1], 350);
    give(&c[2], 0);
}

static void what_never_fits_is_told_so(void **state)
{
    (void)state;
    const struct limit_rule rule = {.name = SLICE("t"), .tokens = 1000, .queue = 5};
    struct caller c = {0};
    want(&c, &rule, "k", 1001);
    c.claim.least = 1001;
    struct limit_verdict v = limit_claim_take(&c.claim, true, false, now_us);
    assert_int_equal(v.answer, LIMIT_REFUSED);
    assert_true(v.retry_us == INT64_MAX);
    c.claim.least = 1; /* nobody asked for so many: it may have all there is */
    assert_int_equal(limit_claim_take(&c.claim, true, false, now_us).answer, LIMIT_LET_IN);
    give(&c, 2000);
    struct caller next;
    assert_int_equal(take(&next, &rule, "k", 1), LIMIT_WAIT);
    assert_true(limit_claim_leave(&next.claim, false));
    give(&next, 0);
}

static void all_or_nothing(void **state)
{
    (void)state;
    const struct limit_rule wide = {.name = SLICE("wide"), .requests = 5};
    const struct limit_rule narrow = {.name = SLICE("narrow"), .requests = 1};
    struct caller c[3] = {0};
    for (int i = 0; i < 3; i++) {
        want(&c[i], &wide, "k", 0);
        want(&c[i], &narrow, "u", 0);
        enum limit_answer a = limit_claim_take(&c[i].claim, true, false, now_us).answer;
        assert_int_equal(a, i == 0 ? LIMIT_LET_IN : LIMIT_REFUSED);
    }
    struct caller rest[5];
    for (int i = 0; i < 5; i++)
        assert_int_equal(take(&rest[i], &wide, "k", 0), i < 4 ? LIMIT_LET_IN : LIMIT_REFUSED);
    for (int i = 0; i < 5; i++)
        give(&rest[i], 0);
    for (int i = 0; i < 3; i++)
        give(&c[i], 0);
}

static void undone_is_as_never_taken(void **state)
{
    (void)state;
    const struct limit_rule rule = {.name = SLICE("r"), .requests = 1, .tokens = 10};
    struct caller a;
    struct caller b;
    assert_int_equal(take(&a, &rule, "k", 10), LIMIT_LET_IN);
    limit_claim_undo(&a.claim, now_us);
    assert_int_equal(take(&b, &rule, "k", 10), LIMIT_LET_IN);
    give(&b, 10);
}

/* ---- queues ---- */

static void first_come_first_served(void **state)
{
    (void)state;
    const struct limit_rule rule = {.name = SLICE("q"), .concurrent = 1, .queue = 2};
    struct caller c[4];
    struct caller late;
    assert_int_equal(take(&c[0], &rule, "k", 0), LIMIT_LET_IN);
    assert_int_equal(take(&c[1], &rule, "k", 0), LIMIT_WAIT);
    assert_int_equal(take(&c[2], &rule, "k", 0), LIMIT_WAIT);
    assert_int_equal(take(&c[3], &rule, "k", 0), LIMIT_REFUSED); /* the queue is full */
    give(&c[0], 0);
    assert_int_equal(c[1].woken, 1);
    assert_int_equal(c[2].woken, 0);
    assert_int_equal(take(&late, &rule, "k", 0), LIMIT_REFUSED); /* nobody overtakes */
    assert_int_equal(limit_claim_take(&c[1].claim, true, true, now_us).answer, LIMIT_LET_IN);
    assert_int_equal(c[2].woken, 1); /* it looks how long it must wait */
    assert_int_equal(limit_claim_take(&c[2].claim, true, true, now_us).answer, LIMIT_WAIT);
    give(&c[1], 0);
    assert_int_equal(c[2].woken, 2);
    assert_int_equal(limit_claim_take(&c[2].claim, true, true, now_us).answer, LIMIT_LET_IN);
    give(&c[2], 0);
    give(&c[3], 0);
    give(&late, 0);
}

static void who_leaves_lets_the_next_one_try(void **state)
{
    (void)state;
    const struct limit_rule rule = {.name = SLICE("q"), .concurrent = 1, .queue = 9};
    struct caller c[4];
    assert_int_equal(take(&c[0], &rule, "k", 0), LIMIT_LET_IN);
    for (int i = 1; i < 4; i++)
        assert_int_equal(take(&c[i], &rule, "k", 0), LIMIT_WAIT);
    assert_true(limit_claim_leave(&c[2].claim, false)); /* from the middle: nobody is told */
    assert_int_equal(c[3].woken, 0);
    assert_true(limit_claim_leave(&c[1].claim, false));
    assert_int_equal(c[3].woken, 1);
    assert_false(limit_claim_leave(&c[3].claim, false)); /* it is being woken */
    assert_int_equal(limit_claim_take(&c[3].claim, true, false, now_us).answer, LIMIT_WAIT);
    assert_int_equal(limit_claim_take(&c[3].claim, true, true, now_us).answer, LIMIT_WAIT);
    assert_true(limit_claim_leave(&c[3].claim, false));
    for (int i = 0; i < 4; i++)
        give(&c[i], 0);
}

/* It waits for one limit after the other, each time at the end of the queue. */
static void one_queue_after_the_other(void **state)
{
    (void)state;
    const struct limit_rule first = {.name = SLICE("1"), .concurrent = 1, .queue = 2};
    const struct limit_rule second = {.name = SLICE("2"), .concurrent = 1, .queue = 2};
    struct caller a;
    struct caller b;
    struct caller both = {0};
    assert_int_equal(take(&a, &first, "k", 0), LIMIT_LET_IN);
    assert_int_equal(take(&b, &second, "u", 0), LIMIT_LET_IN);
    want(&both, &first, "k", 0);
    want(&both, &second, "u", 0);
    assert_int_equal(limit_claim_take(&both.claim, true, false, now_us).answer, LIMIT_WAIT);
    const struct limit_counter *at = both.claim.waits_at;
    give(a.claim.parts[0].counter == at ? &a : &b, 0);
    assert_int_equal(both.woken, 1);
    assert_int_equal(limit_claim_take(&both.claim, true, true, now_us).answer, LIMIT_WAIT);
    assert_ptr_not_equal(both.claim.waits_at, at);
    give(a.claim.held ? &a : &b, 0);
    assert_int_equal(both.woken, 2);
    assert_int_equal(limit_claim_take(&both.claim, true, true, now_us).answer, LIMIT_LET_IN);
    give(&both, 0);
}

/* ---- telling ---- */

static void a_storm_of_refusals_is_told_once_a_second(void **state)
{
    (void)state;
    const struct limit_rule rule = {.name = SLICE("r"), .concurrent = 1};
    struct caller a;
    int64_t told = 0;
    int rows = 0;
    assert_int_equal(take(&a, &rule, "k", 0), LIMIT_LET_IN);
    for (int i = 0; i < 5000; i++) {
        struct caller c = {0};
        want(&c, &rule, "k", 0);
        struct limit_verdict v = limit_claim_take(&c.claim, true, false, now_us);
        int64_t count = limiter_refused(limiter, v.by, now_us);
        told += count;
        rows += count > 0;
        give(&c, 0);
        now_us += SECOND / 1000;
    }
    assert_int_equal(rows, 5);
    assert_true(told >= 4001 && told <= 5000);
    give(&a, 0);
}

struct looked {
    int count;
    struct limit_state last;
};

static void look(void *user, const struct limit_state *s)
{
    struct looked *l = user;
    l->count++;
    l->last = *s;
}

static void what_is_used_can_be_seen(void **state)
{
    (void)state;
    const struct limit_rule rule = {.name = SLICE("r"), .concurrent = 2, .tokens = 100};
    struct caller a;
    struct looked seen = {0};
    assert_int_equal(take(&a, &rule, "k", 30), LIMIT_LET_IN);
    limiter_look(limiter, SLICE("r"), now_us, look, &seen);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.last.running, 1);
    assert_int_equal(seen.last.held, 30);
    assert_int_equal(seen.last.requests, 1);
    give(&a, 12);
    limiter_look(limiter, SLICE("r"), now_us, look, &seen);
    assert_int_equal(seen.last.running, 0);
    assert_int_equal(seen.last.held, 0);
    assert_int_equal(seen.last.tokens, 12);
    limiter_look(limiter, SLICE("other"), now_us, look, &seen);
    assert_int_equal(seen.count, 2);
}

/* Names that callers invent do not fill the memory: idle ones go, and too many at once share. */
static void invented_names_are_bounded(void **state)
{
    (void)state;
    const struct limit_rule rule = {.name = SLICE("r"), .requests = 1000000};
    struct looked seen = {0};
    char name[32];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 40000; i++) {
            struct caller c;
            (void)snprintf(name, sizeof name, "app-%d-%d", round, i);
            assert_int_equal(take(&c, &rule, name, 0), LIMIT_LET_IN);
            give(&c, 0);
        }
        now_us += 120 * SECOND;
    }
    limiter_look(limiter, SLICE("r"), now_us, look, &seen);
    assert_in_range(seen.count, 1000, 70000);
}

/* ---- at random, against a model ---- */

enum { CALLERS = 60, RULES = 3, STEPS = 30000 };

struct past {
    int64_t at_us;
    int64_t amount;
};

struct model {
    struct past requests[STEPS];
    struct past tokens[STEPS];
    size_t request_count;
    size_t token_count;
    int64_t running;
    int64_t held;
};

static int64_t within_a_minute(const struct past *p, size_t count)
{
    int64_t sum = 0;
    for (size_t i = count; i > 0 && p[i - 1].at_us > now_us - 60 * SECOND; i--)
        sum += p[i - 1].amount;
    return sum;
}

static const struct limit_rule random_rules[RULES] = {
    {.name = {"a", 1}, .requests = 40, .concurrent = 9, .queue = 3},
    {.name = {"b", 1}, .tokens = 5000, .queue = 2},
    {.name = {"c", 1}, .requests = 70, .tokens = 9000, .concurrent = 12}};

static void check_model(const struct model *m)
{
    for (int r = 0; r < RULES; r++) {
        const struct limit_rule *rule = &random_rules[r];
        assert_true(!rule->requests ||
                    within_a_minute(m[r].requests, m[r].request_count) <= rule->requests);
        assert_true(!rule->concurrent || m[r].running <= rule->concurrent);
        assert_true(!rule->tokens ||
                    m[r].held + within_a_minute(m[r].tokens, m[r].token_count) <= rule->tokens);
    }
}

static void note_let_in(struct model *m, unsigned rules, int64_t tokens)
{
    for (int r = 0; r < RULES; r++) {
        if (!(rules & 1U << r))
            continue;
        m[r].requests[m[r].request_count++] = (struct past){now_us, 1};
        m[r].running++;
        m[r].held += random_rules[r].tokens ? tokens : 0;
    }
}

static void note_over(struct model *m, unsigned rules, int64_t tokens, int64_t used)
{
    for (int r = 0; r < RULES; r++) {
        if (!(rules & 1U << r))
            continue;
        m[r].tokens[m[r].token_count++] = (struct past){now_us, used};
        m[r].running--;
        m[r].held -= random_rules[r].tokens ? tokens : 0;
    }
}

struct random_call {
    struct caller caller;
    unsigned rules;
    bool open;
};

static void begin(struct random_call *c)
{
    *c = (struct random_call){.rules = 1U + (unsigned)rand() % 7, .open = true};
    for (int r = 0; r < RULES; r++)
        if (c->rules & 1U << r)
            want(&c->caller, &random_rules[r], "k", 1 + rand() % 2000);
    c->caller.claim.least = c->caller.claim.tokens;
}

static void step(struct random_call *c, struct model *m, int *let_in)
{
    struct limit_claim *claim = &c->caller.claim;
    if (!c->open)
        begin(c);
    if (claim->held) {
        int64_t used = rand() % (claim->tokens + 1);
        note_over(m, c->rules, claim->tokens, used);
        give(&c->caller, used);
        c->open = false;
        return;
    }
    if (claim->waits_at && rand() % 10 == 0) {
        if (limit_claim_leave(claim, false)) {
            give(&c->caller, 0);
            c->open = false;
        }
        return;
    }
    bool woken = claim->waits_at && claim->called;
    struct limit_verdict v = limit_claim_take(claim, rand() % 4 != 0, woken, now_us);
    if (v.answer == LIMIT_LET_IN) {
        note_let_in(m, c->rules, claim->tokens);
        ++*let_in;
    } else if (v.answer == LIMIT_REFUSED) {
        give(&c->caller, 0);
        c->open = false;
    }
}

static void never_more_than_the_limit(void **state)
{
    (void)state;
    static struct model m[RULES];
    static struct random_call calls[CALLERS];
    int let_in = 0;
    memset(m, 0, sizeof m);
    memset(calls, 0, sizeof calls);
    srand(42);
    for (int i = 0; i < STEPS; i++) {
        now_us += rand() % (SECOND / 2);
        step(&calls[rand() % CALLERS], m, &let_in);
        check_model(m);
    }
    assert_true(let_in > 500);
    for (int i = 0; i < CALLERS; i++)
        while (calls[i].open)
            step(&calls[i], m, &let_in);
    for (int r = 0; r < RULES; r++) {
        struct looked seen = {0};
        limiter_look(limiter, random_rules[r].name, now_us, look, &seen);
        assert_int_equal(seen.last.running, 0);
        assert_int_equal(seen.last.held, 0);
        assert_int_equal(seen.last.waiting, 0);
    }
}

/* ---- many threads ---- */

enum { THREADS = 64, TRIES = 50 };

struct many {
    const struct limit_rule *rules[2];
    atomic_int let_in;
    atomic_int running;
    atomic_int most;
    pthread_barrier_t start;
};

static void *rush(void *argument)
{
    struct many *m = argument;
    pthread_barrier_wait(&m->start);
    for (int i = 0; i < TRIES; i++) {
        struct caller c = {0};
        want(&c, m->rules[0], "k", 10);
        want(&c, m->rules[1], "u", 10);
        if (limit_claim_take(&c.claim, true, false, now_us).answer == LIMIT_LET_IN) {
            int running = atomic_fetch_add(&m->running, 1) + 1;
            int most = atomic_load(&m->most);
            while (running > most && !atomic_compare_exchange_weak(&m->most, &most, running))
                continue;
            atomic_fetch_add(&m->let_in, 1);
            atomic_fetch_sub(&m->running, 1);
        }
        give(&c, 10);
    }
    return NULL;
}

static int rush_of(struct many *m)
{
    pthread_t threads[THREADS];
    pthread_barrier_init(&m->start, NULL, THREADS);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, rush, m), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&m->start);
    return m->let_in;
}

static void exactly_so_many_of_64_threads(void **state)
{
    (void)state;
    const struct limit_rule requests = {.name = SLICE("r"), .requests = 1000};
    const struct limit_rule tokens = {.name = SLICE("t"), .tokens = 5000};
    const struct limit_rule few = {.name = {"c", 1}, .concurrent = 3};
    const struct limit_rule many = {.name = SLICE("m"), .requests = 1000000};
    struct many by_requests = {.rules = {&requests, &many}};
    struct many by_tokens = {.rules = {&many, &tokens}};
    struct many at_once = {.rules = {&few, &many}};
    assert_int_equal(rush_of(&by_requests), 1000);
    assert_int_equal(rush_of(&by_tokens), 500);
    assert_true(rush_of(&at_once) > 0);
    assert_in_range(at_once.most, 1, 3);
}

int main(void)
{
    /* Alone, and with the memory that processes share. */
#define BOTH(test)                                                                             \
    cmocka_unit_test_setup_teardown(test, setup, teardown),                                    \
        cmocka_unit_test_setup_teardown(test, setup_shared, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_minute_holds_no_more_than_was_let_in, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_wait_ends_when_there_is_room, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_taken_back_never_was, setup, teardown),
        BOTH(requests_come_back_after_a_minute),
        BOTH(each_subject_has_its_own),
        BOTH(tokens_are_held_then_corrected),
        BOTH(what_never_fits_is_told_so),
        BOTH(all_or_nothing),
        BOTH(undone_is_as_never_taken),
        BOTH(first_come_first_served),
        BOTH(who_leaves_lets_the_next_one_try),
        BOTH(one_queue_after_the_other),
        BOTH(a_storm_of_refusals_is_told_once_a_second),
        BOTH(what_is_used_can_be_seen),
        BOTH(invented_names_are_bounded),
        BOTH(never_more_than_the_limit),
        BOTH(exactly_so_many_of_64_threads),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    test_folder_remove();
    return failed;
}
