/* Knows how much is set aside ahead and when it goes back; refuses to know how the store does that. */
#include "base/mem.h"
#include "failing_alloc.h"
#include "hub/escrow.h"
#include "hub_test.h"
#include <pthread.h>
#include <stdatomic.h>

enum { FREE = 1000000, EACH = 10, BUSY = 20, THREADS = 4, CALLS = 1000 };

static struct escrows es;
static struct store_op ops[ESCROWS];

static int setup(void **state)
{
    (void)state;
    memset(&es, 0, sizeof es);
    escrows_init(&es);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    escrows_free(&es);
    return 0;
}

static bool take(const char *account, int64_t amount, struct money_op *op)
{
    *op = (struct money_op){.account = slice_text(account), .amount = amount};
    return escrow_take(&es, op);
}

/* How many of so many calls had enough. */
static int calls(const char *account, int count)
{
    struct money_op op;
    int taken = 0;
    for (int i = 0; i < count; i++)
        taken += take(account, EACH, &op);
    return taken;
}

/* What the store would say, and that it did. */
static size_t change(enum escrow_look look, int64_t available, bool refused)
{
    size_t count = escrows_change(&es, look, ops);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(ops[i].kind, STORE_ESCROW);
        ops[i].money->available = available;
        ops[i].money->refused = refused;
        ops[i].money->owner = 7;
    }
    escrows_changed(&es, true);
    return count;
}

static void fill(const char *account)
{
    (void)calls(account, BUSY);
    assert_int_equal(change(ESCROW_REFILL, FREE, false), 1);
}

static void test_few_calls_get_none(void **state)
{
    (void)state;
    assert_int_equal(calls("jo", 3), 0);
    assert_int_equal(change(ESCROW_REFILL, FREE, false), 0);
    assert_false(escrow_recall(&es, SLICE("jo")));
}

static void test_many_calls_take_of_it(void **state)
{
    (void)state;
    struct money_op first;
    struct money_op second;
    fill("jo");
    int64_t set_aside = ops[0].money->amount;
    assert_true(slice_is(ops[0].money->account, "jo"));
    assert_true(set_aside >= (int64_t)BUSY * EACH && set_aside <= FREE / 16);
    assert_true(take("jo", EACH, &first) && take("jo", EACH, &second));
    assert_int_equal(first.escrow, ops[0].money->place);
    assert_int_equal(first.owner, 7);
    assert_true(first.place != second.place && first.place != first.escrow);
    assert_true(first.available > 0);
    assert_int_equal(calls("jo", CALLS), set_aside / EACH - 2);
    assert_false(take("else", EACH, &first));
}

/* One call may cost more than there is. */
static void test_a_large_call_is_for_the_store(void **state)
{
    (void)state;
    struct money_op op;
    fill("jo");
    int64_t set_aside = ops[0].money->amount;
    assert_false(take("jo", set_aside + 1, &op));
    assert_true(take("jo", set_aside, &op));
    assert_false(escrow_recall(&es, SLICE("jo")));
}

static void test_what_is_not_written_is_not_there(void **state)
{
    (void)state;
    (void)calls("jo", BUSY);
    assert_int_equal(escrows_change(&es, ESCROW_REFILL, ops), 1);
    escrows_changed(&es, false);
    assert_false(escrow_recall(&es, SLICE("jo")));
    (void)calls("jo", BUSY);
    assert_int_equal(change(ESCROW_REFILL, 100, true), 1); /* the store would not */
    assert_false(escrow_recall(&es, SLICE("jo")));
    (void)calls("jo", BUSY);
    assert_int_equal(change(ESCROW_REFILL, 100, false), 0); /* then there is no use in asking */
}

static void test_what_is_given_back_and_not_written_is_still_there(void **state)
{
    (void)state;
    fill("jo");
    int64_t set_aside = ops[0].money->amount;
    assert_int_equal(escrows_change(&es, ESCROW_CLOSE, ops), 1);
    assert_int_equal(ops[0].money->amount, -set_aside);
    assert_int_equal(calls("jo", 1), 0);
    escrows_changed(&es, false);
    assert_int_equal(calls("jo", CALLS), set_aside / EACH);
}

static void test_it_goes_back_when_few_take_of_it(void **state)
{
    (void)state;
    fill("jo");
    assert_int_equal(calls("jo", BUSY), BUSY);
    assert_int_equal(change(ESCROW_COOL, FREE, false), 0);
    assert_int_equal(calls("jo", 1), 1);
    assert_int_equal(change(ESCROW_COOL, FREE, false), 1);
    assert_true(ops[0].money->amount < 0);
    assert_false(escrow_recall(&es, SLICE("jo")));
}

/* Whoever is refused, others keep theirs. */
static void test_what_is_recalled_goes_back(void **state)
{
    (void)state;
    fill("jo");
    fill("mo");
    assert_false(escrow_recall(&es, SLICE("nobody")));
    assert_true(escrow_recall(&es, SLICE("jo")));
    assert_int_equal(escrows_change(&es, ESCROW_RECALL, ops), 1);
    escrows_changed(&es, false); /* whoever tries again finds it recalled */
    assert_int_equal(change(ESCROW_RECALL, FREE, false), 1);
    assert_true(slice_is(ops[0].money->account, "jo") && ops[0].money->amount < 0);
    assert_int_equal(calls("jo", 1), 0);
    assert_int_equal(calls("mo", 1), 1);
    assert_int_equal(change(ESCROW_RECALL, FREE, false), 0);
}

static void test_a_hold_that_came_to_nothing(void **state)
{
    (void)state;
    struct money_op op;
    fill("jo");
    int64_t set_aside = ops[0].money->amount;
    assert_true(take("jo", set_aside, &op));
    escrow_untake(&es, &op);
    assert_int_equal(calls("jo", CALLS), set_aside / EACH);
}

/* Those of many accounts take turns; one that has something keeps its place. */
static void test_more_accounts_than_places(void **state)
{
    (void)state;
    char name[16];
    struct money_op op;
    fill("jo");
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < ESCROWS + 10; i++) {
            (void)snprintf(name, sizeof name, "of-%d-%d", round, i);
            assert_false(take(name, EACH, &op));
        }
        (void)change(ESCROW_REFILL, FREE, false);
    }
    assert_int_equal(calls("jo", 1), 1);
}

static void *call_many(void *user)
{
    atomic_int *taken = user;
    atomic_fetch_add(taken, calls("jo", CALLS));
    return NULL;
}

static void test_threads_take_no_more_than_there_is(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    atomic_int taken = 0;
    fill("jo");
    int64_t set_aside = ops[0].money->amount;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, call_many, &taken), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(taken, set_aside / EACH);
}

static void without_memory(void *user)
{
    (void)user;
    escrows_init(&es);
    (void)calls("jo", BUSY);
    assert_true(change(ESCROW_REFILL, FREE, false) == 1 || failing_alloc_tripped());
    escrows_free(&es);
    memset(&es, 0, sizeof es);
}

static void test_each_allocation_failed_once(void **state)
{
    (void)state;
    failing_alloc_each(without_memory, NULL);
    escrows_init(&es);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_few_calls_get_none, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_calls_take_of_it, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_large_call_is_for_the_store, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_not_written_is_not_there, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_given_back_and_not_written_is_still_there,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_it_goes_back_when_few_take_of_it, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_recalled_goes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_hold_that_came_to_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_more_accounts_than_places, setup, teardown),
        cmocka_unit_test_setup_teardown(test_threads_take_no_more_than_there_is, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_each_allocation_failed_once, setup, teardown),
    };
    return cmocka_run_group_tests_name("escrow", tests, NULL, NULL);
}
