/* Knows that faults are worded whole, safely and with the right HTTP status. */
#include "base/fault.h"
#include "unit.h"

static void keeps_what_was_known(void **state)
{
    (void)state;
    struct fault f;
    memset(&f, 0xFF, sizeof(f));
    fault_clear(&f);
    assert_int_equal(f.code, 0);
    assert_int_equal(f.retry_ms, -1);
    assert_string_equal(f.text, "");
    FAULT_COPY(f.provider, SLICE("openai"));
    assert_int_equal(fault_set(&f, AIGNE_E_RATE, "Slow down for %d s.", 3), AIGNE_E_RATE);
    assert_string_equal(f.text, "Slow down for 3 s.");
    assert_string_equal(f.provider, "openai");
    assert_int_equal(fault_field(&f, AIGNE_E_REQUEST, "messages[0].role", "%s: bad", f.text),
                     AIGNE_E_REQUEST);
    assert_string_equal(f.text, "Slow down for 3 s.: bad"); /* a hole may be the text itself */
    assert_string_equal(f.param, "messages[0].role");
    assert_int_equal(fault_set(NULL, AIGNE_E_AUTH, "x"), AIGNE_E_AUTH);
    assert_int_equal(fault_field(NULL, AIGNE_E_AUTH, "p", "x"), AIGNE_E_AUTH);
    assert_int_equal(fault_nomem(NULL), AIGNE_E_NOMEM);
    assert_int_equal(fault_nomem(&f), AIGNE_E_NOMEM);
    assert_true(strlen(f.text) > 10);
}

static void cuts_at_characters(void **state)
{
    (void)state;
    char small[6];
    FAULT_COPY(small, SLICE("abcdefgh"));
    assert_string_equal(small, "abcde");
    FAULT_COPY(small, SLICE("abcdé")); /* five bytes fit, é would be the fifth and sixth */
    assert_string_equal(small, "abcd");
    FAULT_COPY(small, SLICE("abc漢"));
    assert_string_equal(small, "abc");
    FAULT_COPY(small, SLICE("ab漢x"));
    assert_string_equal(small, "ab漢");
    FAULT_COPY(small, SLICE("ab😀"));
    assert_string_equal(small, "ab");
    FAULT_COPY(small, SLICE("a😀bc"));
    assert_string_equal(small, "a😀");
    FAULT_COPY(small, SLICE("a\nb\x7F\x01zz"));
    assert_string_equal(small, "a b  ");
    FAULT_COPY(small, SLICE("\x80\x80\x80\x80\x80\x80\x80")); /* not UTF-8: merely cut */
    assert_int_equal(strlen(small), 5);
    FAULT_COPY(small, SLICE_NONE);
    assert_string_equal(small, "");
    fault_copy(NULL, 0, SLICE("x"));

    struct fault f;
    char long_text[2000];
    fault_clear(&f);
    for (size_t i = 0; i + 3 < sizeof(long_text); i += 3)
        memcpy(long_text + i, "漢", 4);
    fault_set(&f, AIGNE_E_REQUEST, "%s", long_text);
    assert_int_equal(strlen(f.text), 510); /* 170 characters, none cut */
}

static void knows_the_status(void **state)
{
    (void)state;
    static const int rows[][2] = {
        {AIGNE_E_REQUEST, 400},  {AIGNE_E_USAGE, 500},
        {AIGNE_E_CONFIG, 500},   {AIGNE_E_AUTH, 401},
        {AIGNE_E_CREDIT, 402},   {AIGNE_E_RATE, 429},
        {AIGNE_E_ROUTE, 503},    {AIGNE_E_UPSTREAM, 502},
        {AIGNE_E_NETWORK, 502},  {AIGNE_E_TIMEOUT, 504},
        {AIGNE_E_PROTOCOL, 502}, {AIGNE_E_CANCELLED, 499},
        {AIGNE_E_STORE, 503},    {AIGNE_E_NOMEM, 503},
        {AIGNE_E_INTERNAL, 500}, {-999, 500},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fault f;
        fault_clear(&f);
        f.code = rows[i][0];
        assert_int_equal(fault_status(&f), rows[i][1]);
        f.http = 418;
        assert_int_equal(fault_status(&f), 418);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_what_was_known),
        cmocka_unit_test(cuts_at_characters),
        cmocka_unit_test(knows_the_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
