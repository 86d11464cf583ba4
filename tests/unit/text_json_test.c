/* Knows how settings are told one by one, and how their mistakes are located. */
#include "base/buf.h"
#include "text/json.h"
#include "unit.h"

static int note(void *user, struct slice name, struct slice value, bool is_string,
                struct fault *why)
{
    struct buf *out = user;
    if (slice_is(name, "refused"))
        return fault_set(why, AIGNE_E_CONFIG, "refused is refused");
    buf_printf(out, "%.*s%s%.*s;", (int)name.n, name.p, is_string ? "=" : ":", (int)value.n,
               value.p);
    return AIGNE_OK;
}

static void tells_every_member(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"{}", ""},
        {"{\"a\":\"x\\ny\",\"b\":12,\"c\":true,\"d\":null,\"e\":[1,{\"f\":\"g\"}],\"h\":{}}",
         "a=x\ny;b:12;c:true;d:null;e:[1,{\"f\":\"g\"}];h:{};"},
        {"{\"rate\":1.50,\"small\":1e-7,\"big\":9223372036854775807}",
         "rate:1.50;small:1e-7;big:9223372036854775807;"},
        {" \n{ /* a */ \"a\" : 1 // b\n } // end", "a:1;"},
        {"{\"a\":1} /* end */ \n", "a:1;"},
        {"{\"a\":1}\n// one\n// two\n", "a:1;"},
        {"{\"a\":\"\"}", "a=;"},
        {"{\"a\":1,\"a\":2}", "a:2;"},
    };
    struct buf out;
    struct fault why;
    buf_init(&out, 1000);
    for (size_t i = 0; i < COUNT(rows); i++) {
        buf_clear(&out);
        fault_clear(&why);
        if (json_settings(slice_text(rows[i][0]), note, &out, &why) != AIGNE_OK)
            fail_msg("%s: %s", rows[i][0], why.text);
        assert_slice(buf_slice(&out), rows[i][1]);
    }
    buf_free(&out);
}

static void locates_mistakes(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"", "line 1, column 1"},
        {"{", "line 1, column 2"},
        {"{\n  \"a\": 1,\n  b: 2\n}", "line 3, column 3"},
        {"{\n\"a\": tru\n}", "line 2"},
        {"[1]", "an object"},
        {"\"x\"", "an object"},
        {"12", ""},
        {"{} x", "line 1, column 4"},
        {"{}\n{}", "line 2, column 1"},
        {"{\"a\":\"\xFF\"}", ""},
        {"{\"a\":\"open", "too early"},
        {"{\"a\":1 // open", "too early"},
    };
    struct buf out;
    struct fault why;
    buf_init(&out, 1000);
    for (size_t i = 0; i < COUNT(rows); i++) {
        buf_clear(&out);
        fault_clear(&why);
        if (json_settings(slice_text(rows[i][0]), note, &out, &why) != AIGNE_E_CONFIG)
            fail_msg("%s is accepted", rows[i][0]);
        if (!strstr(why.text, rows[i][1]) || !strstr(why.text, "line"))
            fail_msg("%s: %s", rows[i][0], why.text);
        assert_int_equal(out.n, 0); /* nothing is told of a text that is wrong */
    }
    assert_int_equal(json_settings(SLICE_NONE, note, &out, NULL), AIGNE_E_CONFIG);
    buf_free(&out);
}

static void stops_when_told(void **state)
{
    (void)state;
    struct buf out;
    struct fault why;
    buf_init(&out, 1000);
    fault_clear(&why);
    assert_int_equal(json_settings(SLICE("{\"a\":1,\"refused\":2,\"b\":3}"), note, &out, &why),
                     AIGNE_E_CONFIG);
    assert_slice(buf_slice(&out), "a:1;");
    assert_string_equal(why.text, "refused is refused");
    buf_free(&out);
}

static void depth_is_bounded(void **state)
{
    (void)state;
    static char bomb[100000];
    struct fault why;
    memset(bomb, '[', sizeof(bomb));
    memcpy(bomb, "{\"a\":", 5);
    fault_clear(&why);
    assert_int_equal(json_settings(slice_of(bomb, sizeof(bomb)), note, NULL, &why),
                     AIGNE_E_CONFIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_every_member),
        cmocka_unit_test(locates_mistakes),
        cmocka_unit_test(stops_when_told),
        cmocka_unit_test(depth_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
