/* Answers that are kept: who makes one, who waits, what is thrown out. */
#include "base/mem.h"
#include "core/kept_answers.h"
#include "unit.h"
#include <aignehub/aignehub.h>
#include <pthread.h>
#include <stdatomic.h>

struct waiter {
    struct kept_waiter kept;
    atomic_int woken;
};

static void wake(struct kept_waiter *self)
{
    struct waiter *w = LIST_OWNER(self, struct waiter, kept);
    atomic_fetch_add(&w->woken, 1);
}

static void waiter_init(struct waiter *w)
{
    memset(w, 0, sizeof *w);
    w->kept.wake = wake;
    list_init(&w->kept.link);
}

static struct sha256 key_of(int number)
{
    const struct slice text = slice_of((const char *)&number, sizeof number);
    return sha256_of(&text, 1);
}

static struct kept_answer *answer(const char *body, int64_t until_ms)
{
    const struct kept_answer k = {.made_ms = 5,
                                  .until_ms = until_ms,
                                  .request = key_of(77),
                                  .type = SLICE("application/json"),
                                  .call_id = SLICE("id-1"),
                                  .provider = SLICE("openai"),
                                  .model = SLICE("m\"1"),
                                  .body = slice_text(body)};
    return kept_answer_new(&k);
}

static void the_first_makes_it_and_others_wait(void **state)
{
    (void)state;
    static struct kept_answers a;
    struct waiter first, second, third;
    struct kept_answer *out = NULL;
    struct sha256 key = key_of(1);
    kept_answers_init(&a, 10000);
    waiter_init(&first);
    waiter_init(&second);
    waiter_init(&third);
    assert_int_equal(kept_answers_ask(&a, &key, 10, &first.kept, &out), KEPT_NONE);
    assert_int_equal(kept_answers_ask(&a, &key, 10, &second.kept, &out), KEPT_MAKING);
    assert_int_equal(kept_answers_ask(&a, &key, 10, &third.kept, &out), KEPT_MAKING);
    assert_true(kept_answers_leave(&a, &third.kept));
    struct kept_answer *made = answer("hello", 100);
    kept_answers_settle(&a, &key, made);
    assert_int_equal(second.woken, 1);
    assert_int_equal(third.woken, 0);
    assert_ptr_equal(second.kept.answer, made);
    assert_false(kept_answers_leave(&a, &second.kept));
    kept_answer_drop(second.kept.answer);
    kept_answer_drop(made);
    assert_int_equal(kept_answers_ask(&a, &key, 99, &first.kept, &out), KEPT_THERE);
    assert_true(slice_is(out->body, "hello"));
    kept_answer_drop(out);
    assert_int_equal(kept_answers_ask(&a, &key, 100, &first.kept, &out), KEPT_NONE);
    kept_answers_settle(&a, &key, NULL);
    kept_answers_free(&a);
}

static void after_a_failure_the_next_makes_it(void **state)
{
    (void)state;
    static struct kept_answers a;
    struct waiter first, second;
    struct kept_answer *out = NULL;
    struct sha256 key = key_of(2);
    kept_answers_init(&a, 10000);
    waiter_init(&first);
    waiter_init(&second);
    assert_int_equal(kept_answers_ask(&a, &key, 1, &first.kept, &out), KEPT_NONE);
    assert_int_equal(kept_answers_ask(&a, &key, 1, &second.kept, &out), KEPT_MAKING);
    kept_answers_settle(&a, &key, NULL);
    assert_int_equal(second.woken, 1);
    assert_null(second.kept.answer);
    assert_int_equal(kept_answers_ask(&a, &key, 1, &second.kept, &out), KEPT_NONE);
    kept_answers_settle(&a, &key, NULL);
    kept_answers_free(&a);
}

static bool is_kept(struct kept_answers *a, int number)
{
    struct waiter w;
    struct kept_answer *out = NULL;
    struct sha256 key = key_of(number);
    waiter_init(&w);
    bool there = kept_answers_ask(a, &key, 1, &w.kept, &out) == KEPT_THERE;
    if (there)
        kept_answer_drop(out);
    else
        kept_answers_settle(a, &key, NULL);
    return there;
}

static void keep(struct kept_answers *a, int number, const char *body)
{
    struct waiter w;
    struct kept_answer *out = NULL;
    struct sha256 key = key_of(number);
    waiter_init(&w);
    assert_int_equal(kept_answers_ask(a, &key, 1, &w.kept, &out), KEPT_NONE);
    struct kept_answer *made = answer(body, 1000);
    kept_answers_settle(a, &key, made);
    kept_answer_drop(made);
}

static void the_longest_unused_leave(void **state)
{
    (void)state;
    char large[2000];
    static struct kept_answers a;
    struct kept_answer *one = answer("0123456789", 1000);
    kept_answers_init(&a, 3 * one->size);
    kept_answer_drop(one);
    for (int i = 0; i < 3; i++)
        keep(&a, i, "0123456789");
    assert_true(is_kept(&a, 0)); /* used: 1 is the longest unused now */
    keep(&a, 3, "0123456789");
    assert_true(is_kept(&a, 0));
    assert_false(is_kept(&a, 1));
    assert_true(is_kept(&a, 2));
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    keep(&a, 4, large); /* larger than half of all the room */
    assert_false(is_kept(&a, 4));
    assert_true(is_kept(&a, 3));
    kept_answers_free(&a);
    assert_true(a.bytes == 0);
}

static void an_answer_survives_as_bytes(void **state)
{
    (void)state;
    struct buf bytes AUTO(buf_free);
    buf_init(&bytes, 10000);
    struct kept_answer *k = answer("line\nand \"line\"\n", 1234567890123);
    kept_answer_write(k, &bytes);
    struct kept_answer *back = kept_answer_read(buf_slice(&bytes));
    assert_non_null(back);
    assert_true(slice_eq(back->body, k->body));
    assert_true(slice_eq(back->model, k->model));
    assert_true(slice_eq(back->type, k->type));
    assert_int_equal(back->until_ms, k->until_ms);
    assert_memory_equal(&back->request, &k->request, sizeof k->request);
    kept_answer_drop(back);
    kept_answer_drop(k);
    for (size_t n = 0; n < bytes.n && bytes.p[n] != '\n'; n++)
        assert_null(kept_answer_read(slice_of(bytes.p, n)));
    assert_null(kept_answer_read(SLICE("{\"made\":1}\nbody")));
}

enum { THREADS = 8, ROUNDS = 2000 };

static struct kept_answers shared;
static atomic_int made_count;

static void *ask_often(void *user)
{
    (void)user;
    for (int i = 0; i < ROUNDS; i++) {
        struct waiter w;
        struct kept_answer *out = NULL;
        struct sha256 key = key_of(i);
        waiter_init(&w);
        enum kept_state s = kept_answers_ask(&shared, &key, 1, &w.kept, &out);
        if (s == KEPT_NONE) {
            struct kept_answer *k = answer("x", 1000);
            atomic_fetch_add(&made_count, 1);
            kept_answers_settle(&shared, &key, k);
            kept_answer_drop(k);
        }
        while (s == KEPT_MAKING && !atomic_load(&w.woken))
            sched_yield();
        kept_answer_drop(s == KEPT_MAKING ? w.kept.answer : out);
    }
    return NULL;
}

static void each_is_made_once_by_many_threads(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    kept_answers_init(&shared, 100000000);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(made_count, ROUNDS);
    kept_answers_free(&shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_makes_it_and_others_wait),
        cmocka_unit_test(after_a_failure_the_next_makes_it),
        cmocka_unit_test(the_longest_unused_leave),
        cmocka_unit_test(an_answer_survives_as_bytes),
        cmocka_unit_test(each_is_made_once_by_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
