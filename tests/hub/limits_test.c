/* Knows how limits are set by verbs and found for who is bound by them. */
#include "base/clock.h"
#include "hub/hub_state.h"
#include "hub_test.h"

static struct hub *hub;
static char key_id[64];

static int setup(void **state)
{
    (void)state;
    hub = open_hub(":memory:");
    verb_ok(hub, "provider.put", "{\"name\":\"openai\"}");
    verb_ok(hub, "user.put", "{\"name\":\"ada\"}");
    verb_ok(hub, "key.create", "{\"name\":\"k\",\"user\":\"ada\"}");
    reply_member("id", key_id, sizeof key_id);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    hub_drop(hub);
    return 0;
}

static const char *with_key(const char *format)
{
    static char text[512];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    (void)snprintf(text, sizeof text, format, key_id);
#pragma GCC diagnostic pop
    return text;
}

static void set_and_shown(void **state)
{
    (void)state;
    const char *reply = verb_ok(hub, "limit.put",
                                with_key("{\"name\":\"mine\",\"on\":\"key\",\"id\":\"%s\","
                                         "\"requestsPerMinute\":60,\"queue\":3}"));
    assert_non_null(strstr(reply, with_key("\"id\":\"%s\",")));
    verb_ok(hub, "limit.put", "{\"name\":\"mine\",\"concurrent\":2,\"queue\":null}");
    reply = verb_ok(hub, "limit.get", "{\"name\":\"mine\"}");
    assert_non_null(strstr(reply, with_key("{\"id\":\"%s\",")));
    assert_non_null(strstr(reply, "\"requestsPerMinute\":60"));
    assert_non_null(strstr(reply, "\"concurrent\":2"));
    assert_null(strstr(reply, "\"queue\""));
    assert_non_null(strstr(reply, "\"running\":0"));
    assert_null(strstr(reply, "warning"));
    assert_non_null(strstr(verb_ok(hub, "limit.list", "{}"), "\"count\":1"));
    assert_string_equal(verb_ok(hub, "limit.state", "{\"name\":\"mine\"}"),
                        "{\"list\":[],\"count\":0,\"shared\":false}");
    verb_ok(hub, "limit.delete", "{\"name\":\"mine\"}");
    verb_fails(hub, "limit.get", "{\"name\":\"mine\"}", AIGNE_E_REQUEST, 404, "no limit");
}

static void a_limit_on_nobody_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *arguments;
        int http;
        const char *words;
    } bad[] = {
        {"{\"name\":\"x\",\"on\":\"key\",\"id\":\"nobody\",\"concurrent\":1}", 404, "no key"},
        {"{\"name\":\"x\",\"on\":\"user\",\"id\":\"bob\",\"concurrent\":1}", 404, "no user"},
        {"{\"name\":\"x\",\"on\":\"provider\",\"id\":\"opnai\",\"concurrent\":1}", 400,
         "openai"},
        {"{\"name\":\"x\",\"on\":\"provider\",\"id\":\"xai\",\"concurrent\":1}", 404,
         "no provider"},
        {"{\"name\":\"x\",\"on\":\"model\",\"id\":\"nonesuch\",\"concurrent\":1}", 400,
         "Nobody is known"},
        {"{\"name\":\"x\",\"on\":\"all\",\"id\":\"me\",\"concurrent\":1}", 400, "takes no"},
        {"{\"name\":\"x\",\"on\":\"key\",\"concurrent\":1}", 400, "\"*\""},
        {"{\"name\":\"x\",\"concurrent\":1}", 400, "\"on\""},
        {"{\"name\":\"x\",\"on\":\"all\"}", 400, "limits nothing"},
        {"{\"name\":\"x\",\"on\":\"all\",\"queue\":5}", 400, "limits nothing"},
        {"{\"name\":\"x\",\"on\":\"all\",\"concurrent\":0}", 400, "whole number"},
        {"{\"name\":\"x\",\"on\":\"all\",\"concurrent\":1.5}", 400, "whole number"},
        {"{\"name\":\"x\",\"on\":\"all\",\"concurrent\":1,\"queueTime\":5}", 400, "no effect"},
        {"{\"name\":\"x\",\"on\":\"all\",\"requestPerMinute\":1}", 400, "requestsPerMinute"},
    };
    for (size_t i = 0; i < COUNT(bad); i++)
        verb_fails(hub, "limit.put", bad[i].arguments, AIGNE_E_REQUEST, bad[i].http,
                   bad[i].words);
}

static void names_become_what_is_meant(void **state)
{
    (void)state;
    assert_non_null(strstr(verb_ok(hub, "limit.put",
                                   "{\"name\":\"m\",\"on\":\"model\",\"id\":\"OpenAI/gpt-5\","
                                   "\"concurrent\":1}"),
                           "\"id\":\"openai/gpt-5\""));
    assert_null(strstr(verb_ok(hub, "limit.put",
                               "{\"name\":\"u\",\"on\":\"user\",\"id\":\"ada\",\"concurrent\":"
                               "1}"),
                       "\"id\":\"ada\""));
    verb_ok(hub, "limit.put",
            "{\"name\":\"v\",\"on\":\"model\",\"id\":\"gpt-5\",\"concurrent\":1}");
}

static void who_has_gone_is_told(void **state)
{
    (void)state;
    verb_ok(hub, "limit.put",
            "{\"name\":\"p\",\"on\":\"provider\",\"id\":\"openai\",\"concurrent\":1}");
    assert_null(strstr(verb_ok(hub, "limit.list", "{}"), "warning"));
    verb_ok(hub, "provider.delete", "{\"name\":\"openai\"}");
    assert_non_null(
        strstr(verb_ok(hub, "limit.list", "{}"), "\"warning\":\"There is no provider"));
}

static void own_ones_come_before_those_for_each(void **state)
{
    (void)state;
    const struct limit_rule *rule = NULL;
    verb_ok(hub, "limit.put",
            "{\"name\":\"each\",\"on\":\"key\",\"id\":\"*\",\"concurrent\":1}");
    verb_ok(hub, "limit.put",
            with_key("{\"name\":\"own\",\"on\":\"key\",\"id\":\"%s\","
                     "\"concurrent\":9}"));
    verb_ok(hub, "limit.put",
            with_key("{\"name\":\"own 2\",\"on\":\"key\",\"id\":\"%s\","
                     "\"requestsPerMinute\":9}"));
    struct catalog *c = hub_catalog(hub);
    rule = limits_find(c->limits, LIMIT_KEY, SLICE("other"));
    assert_non_null(rule);
    assert_true(slice_is(rule->name, "each"));
    rule = limits_find(c->limits, LIMIT_KEY, slice_text(key_id));
    assert_non_null(rule);
    assert_int_equal(rule->concurrent, 9);
    assert_non_null(rule->same);
    assert_int_equal(rule->same->requests, 9);
    assert_null(rule->same->same);
    assert_null(limits_find(c->limits, LIMIT_USER, SLICE("x")));
    assert_null(limits_find(c->limits, LIMIT_ALL, SLICE(LIMIT_EACH)));
    catalog_drop(c);
}

static void only_so_many_on_the_same(void **state)
{
    (void)state;
    char arguments[128];
    for (int i = 0; i <= LIMIT_SAME; i++) {
        (void)snprintf(arguments, sizeof arguments,
                       "{\"name\":\"%d\",\"on\":\"all\",\"concurrent\":5}", i);
        if (i < LIMIT_SAME)
            verb_ok(hub, "limit.put", arguments);
        else
            verb_fails(hub, "limit.put", arguments, AIGNE_E_REQUEST, 400, "on the same");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(set_and_shown, setup, teardown),
        cmocka_unit_test_setup_teardown(a_limit_on_nobody_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(names_become_what_is_meant, setup, teardown),
        cmocka_unit_test_setup_teardown(who_has_gone_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(own_ones_come_before_those_for_each, setup, teardown),
        cmocka_unit_test_setup_teardown(only_so_many_on_the_same, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
