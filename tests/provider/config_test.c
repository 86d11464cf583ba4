/* Knows what an operator may say in a provider's config, and what is said about the rest. */
#include "provider/config.h"
#include "provider/ollama.h"
#include "provider/openai.h"
#include <aignehub/aignehub.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* cmocka wants the headers above */
#include <cmocka.h>

static const struct provider_row *row(const char *name)
{
    const struct provider_row *found = provider_find(slice_text(name));
    assert_non_null(found);
    return found;
}

static void takes(const char *name, const char *config)
{
    struct fault why;
    fault_clear(&why);
    assert_int_equal(json_check(slice_text(config), NULL), AIGNE_OK);
    int rc = provider_config_check(row(name), json_of(slice_text(config)), &why);
    if (rc)
        fail_msg("%s: %s", config, why.text);
}

static void refuses(const char *name, const char *config, const char *words)
{
    struct fault why;
    fault_clear(&why);
    assert_int_equal(json_check(slice_text(config), NULL), AIGNE_OK);
    int rc = provider_config_check(row(name), json_of(slice_text(config)), &why);
    assert_int_equal(rc, AIGNE_E_REQUEST);
    assert_string_equal(why.param, "config");
    if (!strstr(why.text, words))
        fail_msg("%s: %s", config, why.text);
}

static void members_are_checked(void **state)
{
    (void)state;
    takes("openai", "{}");
    takes("openai", "{\"noSchema\":true,\"topK\":false,\"plainText\":null,\"headers\":null}");
    takes("openai", "{\"maxTokensField\":\"max_tokens\",\"reasoningBack\":\"reasoning\"}");
    takes("ollama", "{\"api\":\"native\",\"numCtx\":32768,\"keepAlive\":\"30m\"}");
    takes("azure", "{\"apiVersion\":\"2024-10-21\"}");
    takes("anthropic", "{\"whatever\":[1]}"); /* read by its adapters */
    refuses("openai", "{\"noSchemas\":true}", "the nearest known one is \"noSchema\"");
    refuses("openai", "{\"x\":true}", "there are: headers, api, maxTokensField");
    refuses("openai", "{\"apiVersion\":\"2024-10-21\"}", "has no \"apiVersion\"");
    refuses("openai", "{\"noSchema\":1}", "config.noSchema must be true or false");
    refuses("openai", "{\"maxTokensField\":\"max\"}",
            "config.maxTokensField must be one of: max_tokens, max_completion_tokens");
    refuses("openai", "{\"maxTokensField\":true}", "must be one of");
    refuses("ollama", "{\"numCtx\":0}", "whole number above 0");
    refuses("ollama", "{\"numCtx\":\"8k\"}", "whole number above 0");
    refuses("ollama", "{\"keepAlive\":5}", "short text");
    refuses("ollama", "{\"noSchema\":true}", "has no \"noSchema\"");
}

static void headers_are_checked(void **state)
{
    (void)state;
    takes("openai", "{\"headers\":{\"HTTP-Referer\":\"https://a.example\",\"X-Title\":\"T\","
                    "\"OpenAI-Organization\":\"org_1\"}}");
    takes("anthropic", "{\"headers\":{\"X-Title\":\"T\"}}");
    refuses("openai", "{\"headers\":[]}", "must be an object");
    refuses("openai", "{\"headers\":{\"Authorization\":\"Bearer x\"}}", "credential");
    refuses("openai", "{\"headers\":{\"api-key\":\"x\"}}", "credential");
    refuses("openai", "{\"headers\":{\"Cookie\":\"x\"}}", "credential");
    refuses("openai", "{\"headers\":{\"Content-Type\":\"x\"}}", "sets itself");
    refuses("openai", "{\"headers\":{\"x-amz-date\":\"x\"}}", "sets itself");
    refuses("openai", "{\"headers\":{\"a b\":\"x\"}}", "no header can have");
    refuses("openai", "{\"headers\":{\"\":\"x\"}}", "no header can have");
    refuses("openai", "{\"headers\":{\"a\\u0000\":\"x\"}}", "no header can have");
    refuses("openai", "{\"headers\":{\"a\":\"x\\r\\ny: z\"}}", "ASCII");
    refuses("openai", "{\"headers\":{\"a\":\"\"}}", "ASCII");
    refuses("openai", "{\"headers\":{\"a\":5}}", "ASCII");
    refuses("openai",
            "{\"headers\":{\"a\":\"1\",\"b\":\"1\",\"c\":\"1\",\"d\":\"1\",\"e\":\"1\","
            "\"f\":\"1\",\"g\":\"1\"}}",
            "six");
}

static void headers_are_sent(void **state)
{
    (void)state;
    struct arena a;
    struct fault why;
    struct http_request http = {0};
    struct chat_target to = {
        .config =
            SLICE("{\"noSchema\":true,\"headers\":{\"X-Title\":\"T 1\",\"bad name\":\"x\","
                  "\"worse\":\"a\\nb\",\"Referer\":\"r\"}}")};
    arena_init(&a);
    assert_int_equal(provider_headers(&to, &a, &http, &why), AIGNE_OK);
    assert_int_equal(http.header_count, 2);
    assert_true(slice_is(http.headers[0].name, "X-Title"));
    assert_true(slice_is(http.headers[0].value, "T 1"));
    assert_true(slice_is(http.headers[1].name, "Referer"));
    to.config = SLICE_NONE;
    assert_int_equal(provider_headers(&to, &a, &http, &why), AIGNE_OK);
    assert_int_equal(http.header_count, 2);
    arena_free(&a);
}

static unsigned quirks(const char *type, const char *name, const char *base, const char *config)
{
    const struct chat_target to = {.provider = slice_text(name),
                                   .base_url = slice_text(base),
                                   .config = slice_text(config)};
    return provider_quirks(row(type), &to);
}

static void quirks_follow(void **state)
{
    (void)state;
    unsigned plain = row("openai")->quirks;
    assert_int_equal(quirks("openai", "openai", NULL, NULL), plain);
    assert_int_equal(quirks("openai", "openai", "http://127.0.0.1:1/v1", NULL), plain);
    assert_int_equal(quirks("openai", "eu", "https://eu.api.openai.com/v1", NULL), plain);
    assert_int_equal(quirks("openai", "eu", NULL, NULL), plain);
    assert_int_equal(quirks("openai", "groq", "https://api.groq.com/openai/v1", NULL),
                     plain | OPENAI_ELSEWHERE);
    assert_int_equal(quirks("openai", "x", "http://localhost:8000", NULL),
                     plain | OPENAI_ELSEWHERE);
    assert_int_equal(quirks("openrouter", "or", "https://mirror.example", NULL),
                     row("openrouter")->quirks);
    assert_int_equal(quirks("openai", "openai", NULL, "{\"topK\":true,\"noSchema\":false}"),
                     plain | OPENAI_TOP_K);
    assert_int_equal(quirks("openrouter", "openrouter", NULL,
                            "{\"topK\":false,\"reasoningEffort\":\"thinking\"}"),
                     OPENAI_THINKING_SWITCH | OPENAI_REASONING_DETAILS);
    assert_int_equal(quirks("openai", "openai", NULL, "{\"topK\":\"yes\",\"strange\":true}"),
                     plain);
    assert_int_equal(quirks("ollama", "ollama", NULL, "{\"api\":\"native\"}"),
                     row("ollama")->quirks | OLLAMA_API_NATIVE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_checked), cmocka_unit_test(headers_are_checked),
        cmocka_unit_test(headers_are_sent), cmocka_unit_test(quirks_follow)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
