/* Knows what the table of providers promises and what lists of models and keys in errors become. */
#include "base/buf.h"
#include "provider/adapters.h"
#include "provider/config.h"
#include "provider/redact.h"
#include <aignehub/aignehub.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* cmocka wants the headers above */
#include <cmocka.h>

static void names_are_aignes(void **state)
{
    static const char *const names[] = {"openai", "anthropic", "bedrock",    "deepseek",
                                        "google", "ollama",    "openrouter", "xai",
                                        "doubao", "poe",       "ideogram",   "aignehub",
                                        "echo",   "azure",     "groq",       "mistral"};
    (void)state;
    size_t count = 0;
    while (provider_at(count))
        count++;
    assert_int_equal(count, sizeof names / sizeof names[0]);
    for (size_t i = 0; i < count; i++) {
        const struct provider_row *row = provider_find(slice_text(names[i]));
        assert_non_null(row);
        assert_string_equal(row->name, names[i]);
        assert_non_null(row->display_name);
        assert_true(row->keyless || row->environment);
    }
    assert_null(provider_at(count));
    assert_null(provider_at(SIZE_MAX));
}

static void names_have_aliases(void **state)
{
    static const char *const pairs[][2] = {{"gemini", "google"},      {"GEMINI", "google"},
                                           {"OpenAI", "openai"},      {"hub", "aignehub"},
                                           {"aigne-hub", "aignehub"}, {"aigneHub", "aignehub"}};
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        assert_string_equal(provider_find(slice_text(pairs[i][0]))->name, pairs[i][1]);
    assert_null(provider_find(SLICE("")));
    assert_null(provider_find(SLICE_NONE));
    assert_null(provider_find(SLICE("openaix")));
    assert_null(provider_find(SLICE("open")));
}

static void known_but_not_spoken(void **state)
{
    (void)state;
    assert_null(provider_find(SLICE("ideogram"))->adapters[KIND_CHAT]);
    assert_true(provider_find(SLICE("ollama"))->keyless);
    assert_true(provider_find(SLICE("echo"))->keyless);
    assert_false(provider_find(SLICE("openai"))->keyless);
}

static const char *chosen(const char *type, const char *name, const char *model,
                          const char *config, const char *format)
{
    const struct provider_row *row = provider_find(slice_text(type));
    struct chat_target to = {.provider = slice_text(name),
                             .base_url = SLICE("https://api.elsewhere.example/v1"),
                             .model = slice_text(model),
                             .config = slice_text(config)};
    to.quirks = provider_quirks(row, &to);
    return provider_adapter(row, KIND_CHAT, &to, format)->format;
}

static void speaks_chats_or_responses(void **state)
{
    static const struct {
        const char *provider;
        const char *model;
        const char *config;
        const char *format; /* of the client */
        bool responses;
    } rows[] = {
        {"openai", "gpt-5", NULL, NULL, false},
        {"openai", "gpt-5", NULL, "openai.chat", false},
        {"openai", "gpt-5", NULL, "openai.responses", true},
        {"openai", "gpt-5", NULL, "anthropic.messages", false},
        {"openai", "gpt-5", "{\"api\":\"responses\"}", "openai.chat", true},
        {"openai", "gpt-5", "{\"api\":\"chat\"}", "openai.responses", false},
        {"openai", "gpt-5-codex", NULL, "openai.chat", true},
        {"openai", "gpt-5.1-codex-max", NULL, NULL, true},
        {"openai", "codex-mini-latest", NULL, NULL, true},
        {"openai", "o3-pro", NULL, NULL, true},
        {"openai", "gpt-5.2-pro-2025-12-11", NULL, NULL, true},
        {"openai", "o4-mini-deep-research", NULL, NULL, true},
        {"openai", "computer-use-preview", NULL, NULL, true},
        {"openai", "gpt-5-codex", "{\"api\":\"chat\"}", NULL, false},
        {"openai", "gpt-4o-prompted", NULL, NULL, false},
        {"xai", "grok-4", NULL, "openai.responses", true},
        {"openrouter", "openai/o3-pro", NULL, NULL, false},
        {"openrouter", "openai/o3-pro", NULL, "openai.responses", true},
        {"doubao", "ep-1", NULL, "openai.responses", true},
        {"poe", "GPT-5", NULL, "openai.responses", true},
        {"ollama", "llama3.2", "{\"api\":\"responses\"}", NULL, true},
        {"deepseek", "deepseek-v4-flash", NULL, "openai.responses", false},
        {"anthropic", "claude-haiku-4-5", NULL, "openai.responses", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *format = chosen(rows[i].provider, rows[i].provider, rows[i].model,
                                    rows[i].config, rows[i].format);
        assert_int_equal(strcmp(format, "openai.responses") == 0, rows[i].responses);
    }
    /* a server that imitates OpenAI need not have them */
    assert_string_equal(chosen("openai", "groq", "x", NULL, "openai.responses"), "openai.chat");
    assert_string_equal(chosen("openai", "groq", "o3-pro", NULL, NULL), "openai.chat");
    assert_string_equal(chosen("openai", "vllm", "x", "{\"api\":\"responses\"}", NULL),
                        "openai.responses");
}

static void asks_for(const char *provider, const char *base, const char *url)
{
    struct arena a;
    struct http_request http;
    struct fault why = {0};
    arena_init(&a);
    const struct provider_row *row = provider_find(slice_text(provider));
    struct chat_target to = {.base_url = slice_text(base ? base : row->base_url),
                             .secret = SLICE("sk-test"),
                             .quirks = row->quirks};
    int rc = row->adapters[KIND_CHAT]->list_request(SLICE_NONE, &to, &a, &http, &why);
    assert_int_equal(rc, AIGNE_OK);
    assert_string_equal(http.method, "GET");
    assert_true(slice_is(http.url, url));
    assert_int_equal(http.body_count, 0);
    assert_false(http.streamed);
    arena_free(&a);
}

static void lists_are_asked_for(void **state)
{
    (void)state;
    asks_for("openai", NULL, "https://api.openai.com/v1/models");
    asks_for("ollama", NULL, "http://localhost:11434/api/tags");
    asks_for("ollama", "http://localhost:11434/api", "http://localhost:11434/api/tags");
    asks_for("anthropic", NULL, "https://api.anthropic.com/v1/models?limit=1000");
    asks_for("anthropic", "https://x/v1", "https://x/v1/models?limit=1000");
    asks_for("google", NULL,
             "https://generativelanguage.googleapis.com/v1beta/models?pageSize=1000");
    asks_for("google", "https://x", "https://x/v1beta/models?pageSize=1000");
    asks_for("bedrock", NULL, "https://bedrock.us-east-1.amazonaws.com/foundation-models");
    asks_for("bedrock", "https://bedrock-runtime-fips.eu-west-1.amazonaws.com",
             "https://bedrock-fips.eu-west-1.amazonaws.com/foundation-models");
    asks_for("bedrock", "http://localhost:9000/x", "http://localhost:9000/x/foundation-models");
}

static int list(const char *provider, const char *answer, struct buf *out)
{
    struct arena a;
    struct fault why = {0};
    arena_init(&a);
    buf_init(out, 4096);
    int rc = provider_find(slice_text(provider))
                 ->adapters[KIND_CHAT]
                 ->list_answer(slice_text(answer), &a, out, &why);
    assert_int_equal(rc, why.code);
    arena_free(&a);
    return rc;
}

static void lists(const char *provider, const char *answer, const char *models)
{
    struct buf out;
    assert_int_equal(list(provider, answer, &out), AIGNE_OK);
    assert_string_equal(out.p, models);
    buf_free(&out);
}

static void lists_are_read(void **state)
{
    struct buf out;
    (void)state;
    lists(
        "openai",
        "{\"data\":[{\"id\":\"gpt-4o\"},{\"id\":\"text-embedding-3-small\"},{\"id\":5},7,"
        "{\"id\":\"gpt-image-1\"},{\"id\":\"sora-2\"},{\"id\":\"whisper-1\"},{\"id\":\"tts-1\"}]}",
        "[{\"model\":\"gpt-4o\",\"type\":\"chat\"},"
        "{\"model\":\"text-embedding-3-small\",\"type\":\"embedding\"},"
        "{\"model\":\"gpt-image-1\",\"type\":\"image\"},{\"model\":\"sora-2\",\"type\":\"video\"},"
        "{\"model\":\"whisper-1\",\"type\":\"transcription\"},"
        "{\"model\":\"tts-1\",\"type\":\"speech\"}]");
    lists("anthropic", "{\"data\":[{\"type\":\"model\",\"id\":\"claude-sonnet-4-5\"}]}",
          "[{\"model\":\"claude-sonnet-4-5\",\"type\":\"chat\"}]");
    lists(
        "google",
        "{\"models\":[{\"name\":\"models/gemini-2.5-flash\",\"supportedGenerationMethods\":"
        "[\"countTokens\",\"generateContent\"]},{\"name\":\"models/veo-3\","
        "\"supportedGenerationMethods\":[\"predictLongRunning\"]},{\"name\":\"models/imagen-4\","
        "\"supportedGenerationMethods\":[\"predict\"]},{\"name\":\"models/aqa\","
        "\"supportedGenerationMethods\":[\"generateAnswer\"]}]}",
        "[{\"model\":\"gemini-2.5-flash\",\"type\":\"chat\"},"
        "{\"model\":\"veo-3\",\"type\":\"video\"},{\"model\":\"imagen-4\",\"type\":\"image\"}]");
    lists(
        "ollama",
        "{\"models\":[{\"name\":\"llama3.2:latest\",\"model\":\"llama3.2:latest\"},{\"name\":"
        "\"bge-m3\",\"details\":{\"family\":\"bert\"}},{\"model\":\"nomic-embed-text\"},{},7]}",
        "[{\"model\":\"llama3.2:latest\",\"type\":\"chat\"},"
        "{\"model\":\"bge-m3\",\"type\":\"embedding\"},"
        "{\"model\":\"nomic-embed-text\",\"type\":\"embedding\"}]");
    lists(
        "bedrock",
        "{\"modelSummaries\":[{\"modelArn\":\"arn:aws:bedrock:eu-west-1::foundation-model/a\","
        "\"modelId\":\"anthropic.claude-x\",\"outputModalities\":[\"TEXT\"],"
        "\"inferenceTypesSupported\":[\"INFERENCE_PROFILE\"]},"
        "{\"modelId\":\"amazon.titan-embed-text-v2:0\",\"outputModalities\":[\"EMBEDDING\"],"
        "\"inferenceTypesSupported\":[\"ON_DEMAND\",\"INFERENCE_PROFILE\"]},"
        "{\"modelId\":\"b\",\"inferenceTypesSupported\":[\"INFERENCE_PROFILE\"]},"
        "{\"modelId\":\"old\",\"modelLifecycle\":{\"status\":\"LEGACY\"}},{\"modelId\":5},6]}",
        "[{\"model\":\"eu.anthropic.claude-x\",\"type\":\"chat\"},"
        "{\"model\":\"amazon.titan-embed-text-v2:0\",\"type\":\"embedding\"},"
        "{\"model\":\"global.b\",\"type\":\"chat\"}]");
    lists("bedrock", "{\"modelSummaries\":{}}", "[]");
    lists("openai", "{}", "[]");
    assert_int_equal(list("openai", "[]", &out), AIGNE_E_PROTOCOL);
    assert_int_equal(list("anthropic", "<html>", &out), AIGNE_E_PROTOCOL);
    assert_int_equal(list("google", "", &out), AIGNE_E_PROTOCOL);
    assert_int_equal(list("ollama", "[]", &out), AIGNE_E_PROTOCOL);
    buf_free(&out);
}

static void says(const char *words, const char *redacted)
{
    char text[512];
    redact_into(text, sizeof text, slice_text(words));
    assert_string_equal(text, redacted);
}

static void keys_are_not_repeated(void **state)
{
    (void)state;
    says("Incorrect API key provided: sk-abc***xyz. See https://x.y/api-keys.",
         "Incorrect API key provided: [key]. See https://x.y/api-keys.");
    says("Incorrect API key provided: short. Try again.",
         "Incorrect API key provided: [key]. Try again.");
    says("You can find your API key at https://platform.openai.com/account/api-keys.",
         "You can find your API key at https://platform.openai.com/account/api-keys.");
    says("Your api key: ****abcd is invalid", "Your api key: [key] is invalid");
    says("api_key:'abc-def' is wrong", "api_key:'[key]' is wrong");
    says("token AIzaSyA1234567890abcdef rejected", "token [key] rejected");
    says("Bearer sk-ant-api03-XX", "Bearer [key]");
    says("key-value pairs and the model gpt-4o-mini-2024-07-18 stay",
         "key-value pairs and the model gpt-4o-mini-2024-07-18 stay");
    says("Unknown key: foo", "Unknown key: foo");
    says("", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_aignes),      cmocka_unit_test(names_have_aliases),
        cmocka_unit_test(known_but_not_spoken),  cmocka_unit_test(speaks_chats_or_responses),
        cmocka_unit_test(lists_are_asked_for),   cmocka_unit_test(lists_are_read),
        cmocka_unit_test(keys_are_not_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
