/* Knows that memory comes from the hook in place and that wiping and copying are exact. */
#include "base/mem.h"
#include "unit.h"

static void allocates_without_a_hook(void **state)
{
    (void)state;
    unsigned char *p = mem_alloc_zero(64);
    assert_non_null(p);
    for (int i = 0; i < 64; i++)
        assert_int_equal(p[i], 0);
    memset(p, 7, 64);
    p = mem_resize(p, 4096);
    assert_int_equal(p[63], 7);
    mem_free(p);
    mem_free(NULL);
    void *empty = mem_alloc(0);
    void *other = mem_alloc_zero(0);
    assert_non_null(empty);
    assert_non_null(other);
    assert_ptr_not_equal(empty, other);
    mem_free(empty);
    mem_free(other);
}

static void copies_text_with_its_end(void **state)
{
    (void)state;
    char *copy = mem_text("abcdef", 3);
    assert_string_equal(copy, "abc");
    mem_free(copy);
    copy = mem_text(NULL, 0);
    assert_string_equal(copy, "");
    mem_free(copy);
    assert_null(mem_text("x", SIZE_MAX));
}

static void wipes_all_bytes(void **state)
{
    (void)state;
    char secret[] = "secret";
    mem_wipe(secret, sizeof(secret));
    for (size_t i = 0; i < sizeof(secret); i++)
        assert_int_equal(secret[i], 0);
    mem_wipe(NULL, 5);
}

static void asks_the_hook(void **state)
{
    (void)state;
    failing_alloc_begin(3);
    void *a = mem_alloc(1);
    unsigned char *b = mem_alloc_zero(8);
    assert_non_null(a);
    assert_non_null(b);
    assert_int_equal(b[7], 0);
    assert_false(failing_alloc_tripped());
    assert_null(mem_resize(a, 100)); /* a stays */
    assert_true(failing_alloc_tripped());
    assert_int_equal(failing_alloc_live(), 2);
    a = mem_resize(a, 100);
    assert_non_null(a);
    mem_free(a);
    mem_free(b);
    assert_int_equal(failing_alloc_end(), 0);
    failing_alloc_begin_dry(1);
    assert_null(mem_alloc(1));
    assert_null(mem_alloc_zero(1));
    assert_null(mem_text("a", 1));
    assert_int_equal(failing_alloc_count(), 3);
    assert_int_equal(failing_alloc_end(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocates_without_a_hook),
        cmocka_unit_test(copies_text_with_its_end),
        cmocka_unit_test(wipes_all_bytes),
        cmocka_unit_test(asks_the_hook),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
