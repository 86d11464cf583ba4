/* Knows that an arena gives zeroed, aligned, separate memory and gives it all back. */
#include "base/arena.h"
#include "unit.h"
#include <stdalign.h>

static void gives_zeroed_aligned_memory(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    unsigned char *earlier = NULL;
    for (size_t size = 0; size < 3000; size += 7) {
        assert_slice(arena_copy(&a, SLICE("x")), "x"); /* leaves the next place unaligned */
        unsigned char *p = arena_alloc(&a, size);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xAA, size);
        if (earlier)
            assert_int_equal(earlier[0], 0xAA);
        earlier = size > 0 ? p : earlier;
    }
    arena_free(&a);
    assert_null(a.blocks);
}

static void big_requests_leave_the_small_block_in_use(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    char *first = arena_bytes(&a, 16);
    char *big = arena_alloc(&a, 1 << 20);
    char *second = arena_bytes(&a, 16);
    assert_non_null(big);
    assert_ptr_equal(second, first + 16);
    arena_wipe_free(&a);
}

static void clearing_keeps_one_block(void **state)
{
    (void)state;
    struct arena a;
    failing_alloc_begin(0);
    arena_init(&a);
    arena_clear(&a);
    for (int i = 0; i < 1000; i++)
        assert_non_null(arena_alloc(&a, 100));
    assert_non_null(arena_alloc(&a, 1 << 20));
    assert_true(failing_alloc_live() > 2);
    arena_clear(&a);
    assert_int_equal(failing_alloc_live(), 1);
    size_t asked = failing_alloc_count();
    char *again = arena_alloc(&a, 100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(again[i], 0);
    assert_int_equal(failing_alloc_count(), asked);
    arena_free(&a);
    assert_non_null(arena_alloc(&a, 2 << 20));
    arena_clear(&a); /* a huge block is not kept */
    assert_int_equal(failing_alloc_live(), 0);
    assert_int_equal(failing_alloc_end(), 0);
}

static void refuses_impossible_sizes(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    assert_null(arena_array(&a, SIZE_MAX / 2, 3));
    assert_true(a.failed);
    arena_clear(&a);
    assert_false(a.failed);
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_null(arena_alloc(&a, SIZE_MAX - 8));
    const struct slice parts[] = {{"a", SIZE_MAX}, {"b", 1}};
    assert_null(arena_join(&a, parts, 2).p);
    assert_null(arena_join(&a, parts, 1).p);
    assert_true(a.failed);
    int *numbers = arena_array(&a, 10, sizeof(int));
    assert_non_null(numbers);
    assert_int_equal(numbers[9], 0);
    assert_true(a.failed); /* sticks until cleared */
    arena_free(&a);
}

static void joins_and_terminates(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    const struct slice parts[] = {SLICE("one"), SLICE_NONE, SLICE("/"), SLICE("two")};
    struct slice joined = arena_join(&a, parts, COUNT(parts));
    assert_string_equal(joined.p, "one/two");
    assert_int_equal(joined.n, 7);
    assert_string_equal(arena_copy(&a, SLICE_NONE).p, "");
    assert_string_equal(arena_join(&a, NULL, 0).p, "");
    arena_free(&a);
}

static void use(void *user)
{
    (void)user;
    struct arena a;
    arena_init(&a);
    size_t missing = 0;
    for (int i = 0; i < 40; i++)
        missing += arena_alloc(&a, 500) == NULL;
    missing += arena_alloc(&a, 100000) == NULL;
    assert_int_equal(missing > 0, failing_alloc_tripped());
    assert_int_equal(a.failed, failing_alloc_tripped());
    arena_free(&a);
}

static void survives_failing_memory(void **state)
{
    (void)state;
    assert_in_range(failing_alloc_each(use, NULL), 3, 8);
}

static void uses_the_owners_room_first(void **state)
{
    (void)state;
    _Alignas(max_align_t) char room[512];
    struct arena a;
    failing_alloc_begin(0);
    for (int round = 0; round < 2; round++) {
        arena_init_room(&a, room, sizeof(room));
        char *inside = arena_alloc(&a, 100);
        assert_true(inside > room && inside + 100 <= room + sizeof(room));
        assert_int_equal(failing_alloc_count(), 2 * (size_t)round);
        assert_non_null(arena_alloc(&a, 1000));
        assert_non_null(arena_alloc(&a, 8000));
        memset(inside, 'x', 100);
        if (round)
            arena_wipe_free(&a);
        else
            arena_free(&a);
    }
    assert_int_equal(failing_alloc_end(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_zeroed_aligned_memory),
        cmocka_unit_test(big_requests_leave_the_small_block_in_use),
        cmocka_unit_test(clearing_keeps_one_block),
        cmocka_unit_test(refuses_impossible_sizes),
        cmocka_unit_test(joins_and_terminates),
        cmocka_unit_test(survives_failing_memory),
        cmocka_unit_test(uses_the_owners_room_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
