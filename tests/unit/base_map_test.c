/* Knows that a map finds what was put, and only that; also the list and reference count beside it. */
#include "base/list.h"
#include "base/map.h"
#include "base/ref.h"
#include "unit.h"

static void finds_what_was_put(void **state)
{
    (void)state;
    struct map m;
    static char keys[2000][8];
    map_init(&m);
    assert_null(map_get(&m, SLICE("a")));
    for (int i = 0; i < 2000; i++) {
        snprintf(keys[i], sizeof(keys[i]), "k%d", i);
        assert_int_equal(map_put(&m, slice_text(keys[i]), keys[i]), AIGNE_OK);
    }
    assert_int_equal(m.count, 2000);
    for (int i = 0; i < 2000; i++)
        assert_ptr_equal(map_get(&m, slice_text(keys[i])), keys[i]);
    assert_null(map_get(&m, SLICE("k2000")));
    assert_null(map_get(&m, SLICE("k")));
    assert_int_equal(map_put(&m, SLICE("k7"), NULL), AIGNE_OK);
    assert_null(map_get(&m, SLICE("k7")));
    assert_int_equal(m.count, 2000);
    assert_int_equal(map_put(&m, SLICE_NONE, keys), AIGNE_OK);
    assert_ptr_equal(map_get(&m, SLICE("")), keys);
    assert_ptr_equal(map_get(&m, SLICE_NONE), keys);
    assert_int_equal(map_put(&m, slice_of("a\0b", 3), keys), AIGNE_OK);
    assert_null(map_get(&m, slice_of("a\0c", 3)));
    assert_null(map_get(&m, slice_of("a", 1)));
    assert_ptr_equal(map_get(&m, slice_of("a\0b", 3)), keys);
    map_free(&m);
    assert_null(map_get(&m, SLICE("k1")));
}

static void fill(void *user)
{
    static char keys[40][4];
    struct map m;
    int failures = 0;
    (void)user;
    map_init(&m);
    for (int i = 0; i < 40; i++) {
        snprintf(keys[i], sizeof(keys[i]), "%d", i);
        int rc = map_put(&m, slice_text(keys[i]), keys[i]);
        failures += rc == AIGNE_E_NOMEM;
        assert_ptr_equal(map_get(&m, slice_text(keys[i])), rc == AIGNE_OK ? keys[i] : NULL);
        assert_true(i == 0 || map_get(&m, SLICE("0")) || failing_alloc_tripped());
    }
    assert_int_equal(failures > 0, failing_alloc_tripped());
    map_free(&m);
}

static void survives_failing_memory(void **state)
{
    (void)state;
    assert_int_equal(failing_alloc_each(fill, NULL), 3);
}

struct member {
    int number;
    struct list link;
};

/* Take out the first member: its number, or 0. */
static int take_first(struct list *all)
{
    struct list *first = list_first(all);
    if (!first)
        return 0;
    list_remove(first);
    return LIST_OWNER(first, struct member, link)->number;
}

static void lists_keep_their_order(void **state)
{
    (void)state;
    struct list all;
    struct member members[3] = {{.number = 1}, {.number = 2}, {.number = 3}};
    list_init(&all);
    assert_true(list_empty(&all));
    assert_null(list_first(&all));
    for (int i = 0; i < 3; i++) {
        list_init(&members[i].link);
        list_remove(&members[i].link); /* in no list: harmless */
        list_append(&all, &members[i].link);
    }
    list_remove(&members[1].link);
    assert_int_equal(take_first(&all), 1);
    assert_int_equal(take_first(&all), 3);
    assert_int_equal(take_first(&all), 0);
    assert_true(list_empty(&all));
}

static void the_last_holder_frees(void **state)
{
    (void)state;
    struct ref r;
    ref_init(&r);
    ref_hold(&r);
    assert_false(ref_drop(&r));
    assert_true(ref_drop(&r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_was_put),
        cmocka_unit_test(survives_failing_memory),
        cmocka_unit_test(lists_keep_their_order),
        cmocka_unit_test(the_last_holder_frees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
