/* Knows what a policy may say, where from, and how what several say becomes one. */
#include "hub/policy.h"
#include "hub_test.h"

static struct fault why;

static int read(const char *json, struct policy *out)
{
    fault_clear(&why);
    return policy_read(json_of(slice_text(json)), out, &why);
}

static void refused(const char *json, const char *param, const char *words)
{
    struct policy p;
    assert_int_equal(read(json, &p), AIGNE_E_REQUEST);
    assert_int_equal(why.http, 400);
    assert_string_equal(why.param, param);
    if (!strstr(why.text, words))
        fail_msg("%s: \"%s\" instead of ... \"%s\"", json, why.text, words);
}

static void test_json_says_some_of_it(void **state)
{
    (void)state;
    struct policy p;
    assert_int_equal(read("{\"totalTimeout\":1500,\"idleTimeout\":null}", &p), AIGNE_OK);
    assert_int_equal(p.total_timeout, 1500);
    assert_true(p.idle_timeout == POLICY_UNSET);
    assert_true(p.connect_timeout == POLICY_UNSET);
    assert_int_equal(read("{\"totalTimeout\":\"0\"}", &p), AIGNE_OK);
    assert_int_equal(p.total_timeout, 0);
    assert_int_equal(read("{}", &p), AIGNE_OK);
    assert_true(p.total_timeout == POLICY_UNSET);
}

static void test_what_cannot_be_is_refused(void **state)
{
    (void)state;
    refused("{\"totalTimout\":1}", "totalTimout", "the nearest known one is \"totalTimeout\"");
    refused("{\"zzzzzzzzzzzz\":1}", "zzzzzzzzzzzz", "there are: connectTimeout");
    refused("{\"idleTimeout\":-1}", "idleTimeout", "of milliseconds from 0 to 86400000");
    refused("{\"idleTimeout\":86400001}", "idleTimeout", "from 0 to");
    refused("{\"idleTimeout\":1.5}", "idleTimeout", "whole number");
    refused("{\"idleTimeout\":[1]}", "idleTimeout", "whole number");
    refused("{\"idleTimeout\":\"soon\"}", "idleTimeout", "whole number");
    refused("{\"idleTimeout\":1,\"\\u0022\":2}", "\\u0022", "A policy has no");
}

static void test_headers_say_it_in_any_case(void **state)
{
    (void)state;
    struct policy p;
    int rc = AIGNE_OK;
    policy_init(&p);
    fault_clear(&why);
    assert_true(
        policy_header(SLICE("X-AIGNE-Hub-Total-Timeout"), SLICE(" 250 "), &p, &rc, &why));
    assert_int_equal(rc, AIGNE_OK);
    assert_int_equal(p.total_timeout, 250);
    assert_false(policy_header(SLICE("x-aigne-hub-client-did"), SLICE("1"), &p, &rc, &why));
    assert_true(policy_header(SLICE("x-aigne-hub-idle-timeout"), SLICE("x"), &p, &rc, &why));
    assert_int_equal(rc, AIGNE_E_REQUEST);
    assert_int_equal(why.http, 400);
    assert_string_equal(why.param, "x-aigne-hub-idle-timeout");
    assert_true(p.idle_timeout == POLICY_UNSET);
}

static void test_the_later_wins(void **state)
{
    (void)state;
    struct policy onto;
    struct policy more;
    read("{\"totalTimeout\":1,\"idleTimeout\":2}", &onto);
    read("{\"totalTimeout\":3,\"connectTimeout\":4}", &more);
    policy_merge(&onto, &more);
    assert_int_equal(onto.total_timeout, 3);
    assert_int_equal(onto.idle_timeout, 2);
    assert_int_equal(onto.connect_timeout, 4);
    assert_true(onto.first_byte_timeout == POLICY_UNSET);
    const struct policy *some = &onto;
    const struct policy *none = NULL;
    assert_int_equal(POLICY_OR(some, idle_timeout, 9), 2);
    assert_int_equal(POLICY_OR(some, first_byte_timeout, 9), 9);
    assert_int_equal(POLICY_OR(none, idle_timeout, 9), 9);
}

static void test_settings_and_keys_hold_one(void **state)
{
    (void)state;
    char id[64];
    char arguments[256];
    struct hub *hub = open_hub(":memory:");
    verb_fails(hub, "settings.put", "{\"policy\":{\"odd\":1}}", AIGNE_E_REQUEST, 400,
               "no \"odd\"");
    verb_fails(hub, "key.create", "{\"name\":\"k\",\"policy\":{\"odd\":1}}", AIGNE_E_REQUEST,
               400, "no \"odd\"");
    verb_ok(hub, "settings.put", "{\"policy\":{\"totalTimeout\":7}}");
    verb_ok(hub, "key.create", "{\"name\":\"k\",\"policy\":{\"idleTimeout\":8}}");
    reply_member("id", id, sizeof id);
    struct catalog *c = hub_catalog(hub);
    assert_non_null(c->policy);
    assert_int_equal(c->policy->total_timeout, 7);
    assert_non_null(c->keys[0].policy);
    assert_int_equal(c->keys[0].policy->idle_timeout, 8);
    catalog_drop(c);
    (void)snprintf(arguments, sizeof arguments, "{\"id\":\"%s\",\"policy\":null}", id);
    verb_ok(hub, "key.put", arguments);
    verb_ok(hub, "settings.put", "{\"policy\":null}");
    c = hub_catalog(hub);
    assert_null(c->policy);
    assert_null(c->keys[0].policy);
    catalog_drop(c);
    assert_non_null(strstr(verb_ok(hub, "policy.list", ""),
                           "\"name\":\"totalTimeout\",\"header\":\"x-aigne-hub-total-timeout\","
                           "\"kind\":\"milliseconds\",\"min\":0"));
    hub_drop(hub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_says_some_of_it),
        cmocka_unit_test(test_what_cannot_be_is_refused),
        cmocka_unit_test(test_headers_say_it_in_any_case),
        cmocka_unit_test(test_the_later_wins),
        cmocka_unit_test(test_settings_and_keys_hold_one),
    };
    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
