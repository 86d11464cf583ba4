/* json_canonical: texts of one meaning become one text, others do not. */
#include "base/mem.h"
#include "text/json_canonical.h"
#include "unit.h"
#include <aignehub/aignehub.h>

static void expect(const char *text, const char *canonical)
{
    static const char *const without[] = {"user", NULL};
    struct arena a AUTO(arena_free);
    struct buf out AUTO(buf_free);
    arena_init(&a);
    buf_init(&out, 100000);
    assert_int_equal(json_check(slice_text(text), NULL), AIGNE_OK);
    json_canonical(json_of(slice_text(text)), without, &a, &out);
    assert_int_equal(buf_rc(&out), AIGNE_OK);
    buf_put_byte(&out, '\0');
    assert_string_equal(out.p, canonical);
}

static void one_text_for_one_meaning(void **state)
{
    (void)state;
    expect(" { \"b\" : [ 1 , {\"z\":null,\"a\":true} ] ,\n\"a\": \"x\" } ",
           "{\"a\":\"x\",\"b\":[1,{\"a\":true,\"z\":null}]}");
    expect("{\"\\u0061b\":\"\\u00e9\\/\",\"a\":\"\xc3\xa9\"}",
           "{\"a\":\"\xc3\xa9\",\"ab\":\"\xc3\xa9/\"}");
    expect("{\"a\":1,\"a\":2}", "{\"a\":2}");
    expect("[3,1,2]", "[3,1,2]");
    expect("\"text\"", "\"text\"");
    expect("{}", "{}");
    expect("{\"n\":1.50,\"m\":9007199254740993}", "{\"m\":9007199254740993,\"n\":1.50}");
}

static void only_the_outermost_member_is_left_out(void **state)
{
    (void)state;
    expect("{\"user\":\"u\",\"b\":{\"user\":\"v\"}}", "{\"b\":{\"user\":\"v\"}}");
    expect("{\"us\\u0065r\":1}", "{}");
}

static void put_in_order(void *user)
{
    static const char text[] = "{\"b\":[{\"y\":\"\\u00e9\",\"\\u0078\":2}],\"a\":{\"c\":1}}";
    struct arena a AUTO(arena_free);
    struct buf out AUTO(buf_free);
    (void)user;
    arena_init(&a);
    buf_init(&out, 100000);
    json_canonical(json_of(slice_text(text)), NULL, &a, &out);
    assert_true(failing_alloc_tripped() == (a.failed || buf_rc(&out) != AIGNE_OK));
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(failing_alloc_each(put_in_order, NULL) > 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_text_for_one_meaning),
        cmocka_unit_test(only_the_outermost_member_is_left_out),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
