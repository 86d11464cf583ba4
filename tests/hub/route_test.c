/* Knows where each model name must go, in which order, and what is said when it cannot. */
#include "hub/route.h"
#include "hub_test.h"

static struct hub *hub;

static int teardown(void **state)
{
    (void)state;
    hub_drop(hub);
    hub = NULL;
    return 0;
}

static int setup(void **state)
{
    (void)state;
    hub = open_hub(":memory:");
    return 0;
}

static void key(const char *provider, const char *name)
{
    char arguments[256];
    (void)snprintf(arguments, sizeof arguments,
                   "{\"provider\":\"%s\",\"name\":\"%s\",\"value\":\"sk-0123456789\"}",
                   provider, name);
    verb_ok(hub, "credential.put", arguments);
}

static void price(const char *provider, const char *model, const char *type)
{
    char arguments[512];
    (void)snprintf(arguments, sizeof arguments,
                   "{\"provider\":\"%s\",\"model\":\"%s\",\"type\":\"%s\",\"inputRate\":1,"
                   "\"outputRate\":1}",
                   provider, model, type);
    verb_ok(hub, "rate.put", arguments);
}

/* "provider:model:credential ..." of the plan, or "code http text". */
static const char *plan(const char *model)
{
    static char text[4096];
    struct route_plan p;
    struct arena a;
    struct fault why;
    size_t n = 0;
    arena_init(&a);
    fault_clear(&why);
    struct catalog *c = hub_catalog(hub);
    int rc = route_plan(c, slice_text(model), KIND_CHAT, 0, &a, &p, &why);
    text[0] = '\0';
    if (rc) {
        assert_int_equal(p.count, 0);
        (void)snprintf(text, sizeof text, "%d %d %s", rc, why.http, why.text);
    }
    for (size_t i = 0; i < p.count; i++) {
        const struct route_attempt *at = &p.attempts[i];
        struct slice name = at->credential ? at->credential->name : SLICE("-");
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%.*s:%.*s:%.*s", i ? " " : "",
                              (int)at->provider->name.n, at->provider->name.p, (int)at->model.n,
                              at->model.p, (int)name.n, name.p);
    }
    catalog_drop(c);
    arena_free(&a);
    return text;
}

static void assert_plan(const char *model, const char *wanted)
{
    const char *got = plan(model);
    if (strcmp(got, wanted) != 0)
        fail_msg("%s goes to \"%s\" instead of \"%s\"", model, got, wanted);
}

static void assert_refused(const char *model, int code, int http, const char *words)
{
    char start[32];
    const char *got = plan(model);
    (void)snprintf(start, sizeof start, "%d %d ", code, http);
    if (strncmp(got, start, strlen(start)) != 0 || !strstr(got, words))
        fail_msg("%s: \"%s\" instead of %s ... \"%s\"", model, got, start, words);
}

static void test_named_providers(void **state)
{
    (void)state;
    key("openai", "k");
    key("google", "g");
    key("openrouter", "r");
    assert_plan("openai/gpt-4o", "openai:gpt-4o:k");
    assert_plan("OpenAI/GPT-4o", "openai:GPT-4o:k");
    assert_plan("openai:gpt-4o", "openai:gpt-4o:k");
    assert_plan("gemini/gemini-2.5-pro", "google:gemini-2.5-pro:g");
    assert_plan("google/models/x", "google:models/x:g");
    assert_plan("openrouter/openai/gpt-4o-mini", "openrouter:openai/gpt-4o-mini:r");
    assert_plan("openrouter/meta/llama3:free", "openrouter:meta/llama3:free:r");
    assert_plan("openai/ft:gpt-4o:org::id", "openai:ft:gpt-4o:org::id:k");
    assert_plan("openai//x", "openai:/x:k");
}

static void test_the_hubs_own_prefix(void **state)
{
    (void)state;
    key("openai", "k");
    assert_plan("aignehub/openai/gpt-4o", "openai:gpt-4o:k");
    assert_plan("AigneHub/openai/gpt-4o", "openai:gpt-4o:k");
    assert_plan("aignehub:openai/gpt-4o", "openai:gpt-4o:k");
    assert_plan("aigne-hub/openai:gpt-4o", "openai:gpt-4o:k");
    assert_plan("aignehub/gpt-4o", "openai:gpt-4o:k");
    assert_refused("aignehub/", AIGNE_E_REQUEST, 400, "empty");
    assert_refused("aignehub", AIGNE_E_ROUTE, 404, "is a provider, not a model");
    /* Chained: what is not usable here goes on to the other hub. */
    key("aignehub", "up");
    assert_plan("aignehub/openai/gpt-4o", "openai:gpt-4o:k");
    assert_plan("aignehub/anthropic/claude-x", "aignehub:anthropic/claude-x:up");
    assert_plan("aignehub/gpt-4o", "aignehub:gpt-4o:up");
    assert_plan("aignehub:gpt-4o", "aignehub:gpt-4o:up");
    verb_ok(hub, "provider.put", "{\"name\":\"aignehub\",\"enabled\":false}");
    assert_plan("aignehub/gpt-4o", "openai:gpt-4o:k");
}

static void test_malformed_names(void **state)
{
    (void)state;
    char longest[LIMIT_MODEL_NAME + 2];
    memset(longest, 'x', sizeof longest);
    longest[LIMIT_MODEL_NAME + 1] = '\0';
    assert_refused("", AIGNE_E_REQUEST, 400, "empty");
    assert_refused(longest, AIGNE_E_REQUEST, 400, "too long");
    longest[LIMIT_MODEL_NAME] = '\0';
    assert_refused(longest, AIGNE_E_ROUTE, 404, "xxx");
    assert_refused("a b", AIGNE_E_REQUEST, 400, "blanks");
    assert_refused("a\nb", AIGNE_E_REQUEST, 400, "control");
    assert_refused("openai/", AIGNE_E_REQUEST, 400, "openai/MODEL");
    assert_refused("openai:", AIGNE_E_REQUEST, 400, "openai/MODEL");
    assert_refused("/", AIGNE_E_ROUTE, 404, "No available provider");
    assert_refused("/openai/x", AIGNE_E_ROUTE, 404, "No available provider");
    assert_refused(":", AIGNE_E_ROUTE, 404, "No available provider");
}

static void test_why_a_provider_is_not_usable(void **state)
{
    (void)state;
    assert_refused("openai/x", AIGNE_E_ROUTE, 503, "provider.put and credential.put");
    verb_ok(hub, "provider.put", "{\"name\":\"openai\"}");
    assert_refused("openai/x", AIGNE_E_ROUTE, 503, "No active credentials found");
    verb_ok(hub, "credential.put",
            "{\"provider\":\"openai\",\"name\":\"k\",\"value\":\"sk-1\",\"active\":false}");
    assert_refused("openai/x", AIGNE_E_ROUTE, 503, "No active credentials found");
    verb_ok(hub, "credential.put", "{\"provider\":\"openai\",\"name\":\"k\",\"active\":true}");
    assert_plan("openai/x", "openai:x:k");
    verb_ok(hub, "provider.put", "{\"name\":\"openai\",\"enabled\":false}");
    assert_refused("openai/x", AIGNE_E_ROUTE, 503, "disabled");
    assert_refused("gpt-4o", AIGNE_E_ROUTE, 503, "credential.put");
    assert_refused("frobnicator-9", AIGNE_E_ROUTE, 404, "nobody is known");
    assert_refused("acme/frobnicator-9", AIGNE_E_ROUTE, 404, "nobody is known");
    assert_refused("openai", AIGNE_E_ROUTE, 404, "openai/MODEL");
}

static void test_names_of_ones_own(void **state)
{
    (void)state;
    assert_refused("groq/llama-3.3", AIGNE_E_ROUTE, 404, "nobody is known");
    verb_ok(hub, "provider.put", "{\"name\":\"groq\",\"type\":\"openai\"}");
    assert_refused("groq/llama-3.3", AIGNE_E_ROUTE, 503, "No active credentials");
    key("groq", "g");
    assert_plan("groq/meta/llama-3.3", "groq:meta/llama-3.3:g");
    assert_plan("GROQ:llama-3.3", "groq:llama-3.3:g");
    assert_plan("aignehub/groq/llama-3.3", "groq:llama-3.3:g");
    assert_refused("groq", AIGNE_E_ROUTE, 404, "groq/MODEL");
    assert_refused("gpt-9", AIGNE_E_ROUTE, 503, "No available provider found");
    price("groq", "gpt-9", "chat");
    assert_plan("gpt-9", "groq:gpt-9:g");
    /* Two of one vendor, one of them without a key; local ones come last. */
    verb_ok(hub, "provider.put",
            "{\"name\":\"gpu\",\"type\":\"ollama\",\"baseUrl\":\"http://gpu:11434\"}");
    verb_ok(
        hub, "provider.put",
        "{\"name\":\"vllm\",\"type\":\"openai\",\"baseUrl\":\"http://x/v1\",\"keyless\":true}");
    assert_plan("gpu/llama3:8b", "gpu:llama3:8b:-");
    assert_plan("vllm/m", "vllm:m:-");
    price("gpu", "gpt-9", "chat");
    price("vllm", "gpt-9", "chat");
    assert_plan("gpt-9", "groq:gpt-9:g vllm:gpt-9:- gpu:gpt-9:-");
    verb_ok(hub, "provider.delete", "{\"name\":\"groq\"}");
    assert_refused("groq/llama-3.3", AIGNE_E_ROUTE, 404, "nobody is known");
}

static bool few_facts(struct slice name, struct hub_provider_facts *out)
{
    if (!test_find(name, out))
        return false;
    if (slice_is(out->name, "bedrock"))
        out->kinds = 0;
    return true;
}

static void test_a_provider_nobody_speaks_to_yet(void **state)
{
    (void)state;
    struct fault why;
    fault_clear(&why);
    hub_drop(hub);
    const struct hub_providers few = {few_facts, test_name_at, test_check_config};
    const struct hub_options options = {.data = SLICE(":memory:"), .providers = &few};
    assert_int_equal(hub_open(&options, &hub, &why), AIGNE_OK);
    key("bedrock", "b");
    assert_refused("bedrock/x", AIGNE_E_ROUTE, 503, "cannot speak to it");
    assert_refused("claude-3", AIGNE_E_ROUTE, 503, "No available provider found");
    key("anthropic", "a");
    assert_plan("claude-3", "anthropic:claude-3:a");
}

static void test_echo_and_ollama_need_no_key(void **state)
{
    (void)state;
    assert_plan("echo/anything", "echo:anything:-");
    assert_plan("aignehub/echo/x", "echo:x:-");
    verb_ok(hub, "provider.put", "{\"name\":\"echo\",\"enabled\":false}");
    assert_refused("echo/x", AIGNE_E_ROUTE, 503, "disabled");
    verb_ok(hub, "provider.delete", "{\"name\":\"echo\"}");
    assert_plan("echo/x", "echo:x:-");
    assert_refused("ollama/llama3:8b", AIGNE_E_ROUTE, 503, "not configured");
    verb_ok(hub, "provider.put",
            "{\"name\":\"ollama\",\"baseUrl\":\"http://127.0.0.1:11434\"}");
    assert_plan("ollama/llama3:8b", "ollama:llama3:8b:-");
    assert_plan("llama3:8b", "ollama:llama3:8b:-");
    key("ollama", "cloud");
    assert_plan("llama3:8b", "ollama:llama3:8b:cloud");
}

static void test_vendor_patterns(void **state)
{
    (void)state;
    static const char *const providers[] = {"openai",   "anthropic", "bedrock",
                                            "deepseek", "google",    "openrouter",
                                            "xai",      "doubao",    "poe"};
    static const struct {
        const char *model;
        const char *wanted;
    } table[] = {
        {"gemini-2.5-pro", "google:gemini-2.5-pro:k openrouter:google/gemini-2.5-pro:k "
                           "poe:gemini-2.5-pro:k"},
        {"Imagen-4", "google:Imagen-4:k openrouter:google/Imagen-4:k poe:Imagen-4:k"},
        {"veo-3", "google:veo-3:k openrouter:google/veo-3:k poe:veo-3:k"},
        {"gpt-5-mini", "openai:gpt-5-mini:k openrouter:openai/gpt-5-mini:k poe:gpt-5-mini:k"},
        {"o1-mini", "openai:o1-mini:k openrouter:openai/o1-mini:k poe:o1-mini:k"},
        {"o3-x", "openai:o3-x:k openrouter:openai/o3-x:k poe:o3-x:k"},
        {"dall-e-3", "openai:dall-e-3:k openrouter:openai/dall-e-3:k poe:dall-e-3:k"},
        {"text-embedding-3", "openai:text-embedding-3:k openrouter:openai/text-embedding-3:k "
                             "poe:text-embedding-3:k"},
        {"sora-2", "openai:sora-2:k openrouter:openai/sora-2:k poe:sora-2:k"},
        {"claude-opus-4", "anthropic:claude-opus-4:k bedrock:anthropic.claude-opus-4:k "
                          "openrouter:anthropic/claude-opus-4:k poe:claude-opus-4:k"},
        {"claude-3.5-x", "anthropic:claude-3.5-x:k bedrock:claude-3.5-x:k "
                         "openrouter:anthropic/claude-3.5-x:k poe:claude-3.5-x:k"},
        {"deepseek-chat", "deepseek:deepseek-chat:k openrouter:deepseek/deepseek-chat:k"},
        {"grok-4", "xai:grok-4:k openrouter:xai/grok-4:k poe:grok-4:k"},
        {"doubao-pro", "doubao:doubao-pro:k"},
        {"llama-4", "bedrock:meta.llama-4:k openrouter:meta/llama-4:k"},
        {"mistral-x", "bedrock:mistral.mistral-x:k openrouter:mistral/mistral-x:k"},
        {"mixtral-x", "bedrock:mistral.mixtral-x:k openrouter:mistral/mixtral-x:k"},
        {"qwen3", "bedrock:qwen.qwen3:k openrouter:qwen/qwen3:k"},
        {"gemma-3", "bedrock:google.gemma-3:k openrouter:google/gemma-3:k"},
        {"yi-34b", "bedrock:yi.yi-34b:k openrouter:yi/yi-34b:k"},
        {"us.anthropic.claude-sonnet-4-5-v1:0",
         "bedrock:us.anthropic.claude-sonnet-4-5-v1:0:k"},
        {"amazon.nova-pro-v1:0", "bedrock:amazon.nova-pro-v1:0:k"},
        {"mistral.mistral-large-v1:0", "bedrock:mistral.mistral-large-v1:0:k"},
        {"global.x", "bedrock:global.x:k"},
        {"phi-4", "bedrock:microsoft.phi-4:k openrouter:microsoft/phi-4:k"}};
    for (size_t i = 0; i < COUNT(providers); i++)
        key(providers[i], "k");
    for (size_t i = 0; i < COUNT(table); i++)
        assert_plan(table[i].model, table[i].wanted);
    assert_refused("o4-mini", AIGNE_E_ROUTE, 404, "nobody is known");
    assert_refused("o1", AIGNE_E_ROUTE, 404, "nobody is known");
    verb_ok(hub, "provider.put", "{\"name\":\"ollama\"}");
    assert_plan("qwen3", "bedrock:qwen.qwen3:k openrouter:qwen/qwen3:k ollama:qwen3:-");
    assert_plan("deepseek-r1", "deepseek:deepseek-r1:k openrouter:deepseek/deepseek-r1:k "
                               "ollama:deepseek-r1:-");
}

static void test_rates_say_who_serves_a_bare_name(void **state)
{
    (void)state;
    key("openai", "k");
    key("openrouter", "r");
    key("poe", "p");
    price("openrouter", "acme/frobnicator", "chat");
    assert_plan("frobnicator", "openrouter:acme/frobnicator:r");
    assert_plan("acme/frobnicator", "openrouter:acme/frobnicator:r");
    assert_refused("robnicator", AIGNE_E_ROUTE, 404, "nobody is known");
    assert_refused("me/frobnicator", AIGNE_E_ROUTE, 404, "nobody is known");
    price("poe", "frobnicator", "chat");
    price("openai", "frobnicator", "image");
    assert_plan("frobnicator", "openrouter:acme/frobnicator:r poe:frobnicator:p");
    price("openai", "frobnicator", "chat");
    assert_plan("frobnicator", "openai:frobnicator:k openrouter:acme/frobnicator:r "
                               "poe:frobnicator:p");
    /* The whole name is better than its end. */
    price("openrouter", "frobnicator", "chat");
    assert_plan("frobnicator", "openai:frobnicator:k openrouter:frobnicator:r "
                               "poe:frobnicator:p");
    /* Who has a price comes before who only could. */
    price("openrouter", "openai/gpt-4o", "chat");
    assert_plan("gpt-4o", "openrouter:openai/gpt-4o:r");
    verb_ok(hub, "provider.put", "{\"name\":\"openrouter\",\"enabled\":false}");
    assert_plan("gpt-4o", "openai:gpt-4o:k poe:gpt-4o:p");
    assert_refused("acme/frobnicator", AIGNE_E_ROUTE, 503, "No available provider found");
}

static void test_credentials_take_turns(void **state)
{
    (void)state;
    key("openai", "a");
    key("openai", "b");
    key("openai", "c");
    assert_plan("openai/x", "openai:x:a openai:x:b openai:x:c");
    assert_plan("openai/x", "openai:x:b openai:x:c openai:x:a");
    assert_plan("openai/x", "openai:x:c openai:x:a openai:x:b");
    assert_plan("openai/x", "openai:x:a openai:x:b openai:x:c");
    /* A change elsewhere does not start the round anew. */
    verb_ok(hub, "user.put", "{\"name\":\"somebody\"}");
    assert_plan("openai/x", "openai:x:b openai:x:c openai:x:a");
    verb_ok(hub, "credential.put", "{\"provider\":\"openai\",\"name\":\"b\",\"active\":false}");
    assert_plan("openai/x", "openai:x:c openai:x:a");
    assert_plan("openai/x", "openai:x:a openai:x:c");
}

static void test_many_keys_do_not_crowd_others_out(void **state)
{
    (void)state;
    for (char name[] = "a"; name[0] <= 'h'; name[0]++)
        key("openai", name);
    assert_plan("openai/x",
                "openai:x:a openai:x:b openai:x:c openai:x:d openai:x:e openai:x:f");
    key("openrouter", "r");
    key("poe", "p");
    assert_plan("gpt-4o", "openai:gpt-4o:b openai:gpt-4o:c openai:gpt-4o:d openai:gpt-4o:e "
                          "openrouter:openai/gpt-4o:r poe:gpt-4o:p");
}

#define WITH_HUB(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_HUB(test_named_providers),
        WITH_HUB(test_the_hubs_own_prefix),
        WITH_HUB(test_malformed_names),
        WITH_HUB(test_why_a_provider_is_not_usable),
        WITH_HUB(test_names_of_ones_own),
        WITH_HUB(test_a_provider_nobody_speaks_to_yet),
        WITH_HUB(test_echo_and_ollama_need_no_key),
        WITH_HUB(test_vendor_patterns),
        WITH_HUB(test_rates_say_who_serves_a_bare_name),
        WITH_HUB(test_credentials_take_turns),
        WITH_HUB(test_many_keys_do_not_crowd_others_out),
    };
    return cmocka_run_group_tests_name("route", tests, NULL, NULL);
}
