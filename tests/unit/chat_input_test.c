/* Knows what AIGNE's ChatModelInput may hold, how it reads back, and which mistakes are named where. */
#include "chat/input.h"
#include "unit.h"

#define CEILING ((size_t)1 << 20)

static int read_text(const char *text, struct arena *a, struct chat_request *r,
                     struct fault *why)
{
    fault_clear(why);
    assert_int_equal(json_check(slice_text(text), NULL), AIGNE_OK);
    return chat_input_read(json_of(slice_text(text)), a, r, why);
}

#define READ(text)                                                                             \
    struct arena a;                                                                            \
    struct chat_request r;                                                                     \
    struct fault why;                                                                          \
    arena_init(&a);                                                                            \
    assert_int_equal(read_text((text), &a, &r, &why), AIGNE_OK)

static const struct {
    const char *given;
    const char *written; /* NULL: the same */
} inputs[] = {
    {"{\"messages\":\"Hello\"}",
     "{\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}],\"modelOptions\":{}}"},
    {"{\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}],\"modelOptions\":"
     "{\"cacheConfig\":{\"autoBreakpoints\":{\"lastMessage\":true}},\"model\":\"openai/"
     "gpt-5-mini\"},\"outputFileType\":\"url\"}",
     NULL},
    {"{\"messages\":[{\"role\":\"system\",\"content\":\"Be \\\"kind\\\"\"},{\"role\":\"agent\","
     "\"content\":\"one\",\"name\":\"Al\"},{\"role\":\"user\"},{\"role\":\"user\",\"content\":"
     "\"\"}],\"modelOptions\":{}}",
     NULL},
    {"{\"messages\":[{\"role\":\"assistant\",\"content\":null},{\"role\":\"developer\","
     "\"content\":[]}]}",
     "{\"messages\":[{\"role\":\"agent\"},{\"role\":\"system\"}],\"modelOptions\":{}}"},
    {"{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"see\"},"
     "{\"type\":\"file\",\"data\":\"AAAA\",\"mimeType\":\"image/png\",\"filename\":\"a.png\"},"
     "{\"type\":\"url\",\"url\":\"https://x.y/z.png\",\"detail\":\"low\"}]}],\"modelOptions\":{}}",
     NULL},
    {"{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"url\",\"url\":"
     "\"data:image/gif;base64,R0lG\"}]}]}",
     "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"file\",\"data\":\"R0lG\","
     "\"mimeType\":\"image/gif\"}]}],\"modelOptions\":{}}"},
    {"{\"messages\":[{\"role\":\"agent\",\"content\":[{\"type\":\"text\",\"text\":\"hm\","
     "\"isThinking\":true,\"signature\":\"sig\"},{\"type\":\"text\",\"text\":\"\",\"isThinking\":"
     "true,\"redacted\":\"b64\"},{\"type\":\"text\",\"text\":\"no\",\"isRefusal\":true}],"
     "\"toolCalls\":[{\"id\":\"c1\",\"type\":\"function\",\"function\":{\"name\":\"f\","
     "\"arguments\":{\"a\":12345678901234567890,\"b\":1.0}},\"metadata\":{\"thoughtSignature\":"
     "\"s\",\"x\":[1]}}]},{\"role\":\"tool\",\"content\":\"42\",\"toolCallId\":\"c1\",\"name\":"
     "\"f\",\"isError\":true}],\"modelOptions\":{}}",
     NULL},
    {"{\"messages\":[{\"role\":\"agent\",\"toolCalls\":[{\"id\":\"1\",\"function\":{\"name\":"
     "\"f\",\"arguments\":\"{\\\"a\\\":1}\"}},{\"id\":\"2\",\"function\":{\"name\":\"g\"}},{\"id\":"
     "\"3\",\"function\":{\"name\":\"h\",\"arguments\":\"{oops\"}},{\"id\":\"4\",\"function\":{"
     "\"name\":\"i\",\"arguments\":\" \"}}]}]}",
     "{\"messages\":[{\"role\":\"agent\",\"toolCalls\":[{\"id\":\"1\",\"type\":\"function\","
     "\"function\":{\"name\":\"f\",\"arguments\":{\"a\":1}}},{\"id\":\"2\",\"type\":\"function\","
     "\"function\":{\"name\":\"g\",\"arguments\":{}}},{\"id\":\"3\",\"type\":\"function\","
     "\"function\":{\"name\":\"h\",\"arguments\":\"{oops\"}},{\"id\":\"4\",\"type\":\"function\","
     "\"function\":{\"name\":\"i\",\"arguments\":{}}}]}],\"modelOptions\":{}}"},
    {"{\"messages\":[{\"role\":\"user\",\"content\":\"a\",\"cacheControl\":{\"type\":"
     "\"ephemeral\"}},{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"b\","
     "\"cacheControl\":{\"type\":\"ephemeral\",\"ttl\":\"1h\"}},{\"type\":\"text\",\"text\":"
     "\"c\"}]}],\"modelOptions\":{}}",
     NULL},
    {"{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"tools\":[{\"type\":\"function\","
     "\"function\":{\"name\":\"get-the weather\",\"description\":\"d\",\"parameters\":{\"type\":"
     "\"object\",\"$schema\":\"x\"},\"strict\":true},\"metadata\":{\"m\":1},\"cacheControl\":{"
     "\"type\":\"ephemeral\"}},{\"type\":\"function\",\"function\":{\"name\":\"b\"}}],"
     "\"toolChoice\":{\"type\":\"function\",\"function\":{\"name\":\"b\"}},\"modelOptions\":{}}",
     NULL},
    {"{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"toolChoice\":\"required\","
     "\"responseFormat\":{\"type\":\"json_schema\",\"jsonSchema\":{\"name\":\"n\",\"description\":"
     "\"d\",\"schema\":{\"type\":\"object\"},\"strict\":false}},\"modelOptions\":{}}",
     NULL},
    {"{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"responseFormat\":{\"type\":"
     "\"text\"},\"modelOptions\":{}}",
     NULL},
    {"{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"modelOptions\":{\"temperature\":"
     "0.10,\"topP\":1,\"topK\":4e1,\"frequencyPenalty\":-2,\"presencePenalty\":0.0,\"seed\":"
     "18446744073709551615,\"maxTokens\":100,\"n\":1,\"stop\":[\"\\n\",\"END\"],"
     "\"reasoningEffort\":\"high\",\"parallelToolCalls\":false,\"modalities\":[\"text\"],\"user\":"
     "\"u\",\"serviceTier\":\"flex\",\"preferInputFileType\":\"url\",\"logit_bias\":{\"1\":2},"
     "\"x \\\"y\":[null]}}",
     NULL},
    {"{\"messages\":\"a\",\"modelOptions\":{\"top_p\":0.5,\"max_completion_tokens\":7,"
     "\"stop_sequences\":\"x\",\"reasoning_effort\":2000,\"parallel_tool_calls\":true}}",
     "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"modelOptions\":{\"topP\":0.5,"
     "\"maxTokens\":7,\"stop\":[\"x\"],\"reasoningEffort\":2000,\"parallelToolCalls\":true}}"},
    {"{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"modelOptions\":{},\"session\":{"
     "\"id\":1},\"\\u00e4\":2}",
     "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"modelOptions\":{},\"session\":{"
     "\"id\":1},\"\xC3\xA4\":2}"},
    {"{\"messages\":[{\"role\":\"user\",\"content\":\"a\",\"name\":null,\"toolCalls\":null,"
     "\"cacheControl\":null}],\"tools\":null,\"toolChoice\":null,\"responseFormat\":null,"
     "\"modelOptions\":null,\"outputFileType\":null,\"model\":null,\"other\":null}",
     "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"modelOptions\":{}}"},
};

static void write_back(const struct chat_request *r, struct buf *out)
{
    buf_init(out, CEILING);
    chat_input_write(r, r->model, out);
    assert_int_equal(buf_rc(out), AIGNE_OK);
    assert_int_equal(json_check(buf_slice(out), NULL), AIGNE_OK);
}

/* What is written reads back as what was read. */
static void reads_and_writes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(inputs); i++) {
        struct buf first;
        struct buf second;
        READ(inputs[i].given);
        write_back(&r, &first);
        assert_slice(buf_slice(&first),
                     inputs[i].written ? inputs[i].written : inputs[i].given);
        struct chat_request again;
        assert_int_equal(read_text(first.p, &a, &again, &why), AIGNE_OK);
        write_back(&again, &second);
        assert_slice(buf_slice(&second), first.p);
        buf_free(&first);
        buf_free(&second);
        arena_free(&a);
    }
}

static void understands_details(void **state)
{
    (void)state;
    READ(
        "{\"model\":\"top\",\"messages\":[{\"role\":\"agent\",\"toolCalls\":[{\"id\":\"1\","
        "\"function\":{\"name\":\"f\",\"arguments\":{ \"a\" : 1 }},\"metadata\":{"
        "\"thoughtSignature\":\"seal\"}}]},{\"role\":\"tool\",\"toolCallId\":\"1\",\"content\":"
        "\"ok\"}],\"modelOptions\":{\"model\":\"inner\",\"reasoningEffort\":8000,"
        "\"cacheConfig\":{\"ttl\":\"1h\",\"autoBreakpoints\":{\"lastMessage\":true}}}}");
    assert_slice(r.model, "top");
    assert_int_equal(r.effort, CHAT_EFFORT_MEDIUM);
    assert_int_equal(r.reasoning_budget, 8000);
    assert_int_equal(r.cache_last, CHAT_CACHE_1H);
    assert_slice(r.messages[0].parts[0].arguments, "{ \"a\" : 1 }");
    assert_slice(r.messages[0].parts[0].signature, "seal");
    assert_slice(chat_tool_name_of(&r, SLICE("1")), "f");
    assert_null(chat_tool_name_of(&r, SLICE("2")).p);
    assert_false(r.messages[1].failed);
    arena_free(&a);
}

static void obeys_a_disabled_cache(void **state)
{
    (void)state;
    READ("{\"messages\":\"a\",\"modelOptions\":{\"cacheConfig\":{\"enabled\":false,"
         "\"autoBreakpoints\":{\"lastMessage\":true}}}}");
    assert_int_equal(r.cache_last, CHAT_CACHE_NONE);
    assert_non_null(r.cache_config.p);
    arena_free(&a);
}

static const struct {
    const char *given;
    const char *param;
} refusals[] = {
    {"[]", ""},
    {"{}", "messages"},
    {"{\"messages\":[]}", "messages"},
    {"{\"messages\":7}", "messages"},
    {"{\"messages\":[7]}", "messages[0]"},
    {"{\"messages\":[{\"content\":\"a\"}]}", "messages[0].role"},
    {"{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"boss\"}]}",
     "messages[1].role"},
    {"{\"messages\":[{\"role\":\"user\",\"content\":7}]}", "messages[0].content"},
    {"{\"messages\":[{\"role\":\"user\",\"content\":[\"a\"]}]}", "messages[0].content[0]"},
    {"{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":"
     "\"audio\"}]}]}",
     "messages[0].content[1].type"},
    {"{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\"}]}]}",
     "messages[0].content[0].text"},
    {"{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":[]}]}]}",
     "messages[0].content[0].text"},
    {"{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"file\"}]}]}",
     "messages[0].content[0].data"},
    {"{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"url\",\"url\":\"file:///etc\"}]}]}",
     "messages[0].content[0].url"},
    {"{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"url\",\"url\":\"data:,x\"}]}]}",
     "messages[0].content[0].url"},
    {"{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"local\",\"path\":\"/a\"}]}]}",
     "messages[0].content[0].type"},
    {"{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\","
     "\"cacheControl\":{\"ttl\":\"2h\"}}]}]}",
     "messages[0].content[0].cacheControl"},
    {"{\"messages\":[{\"role\":\"tool\",\"content\":\"a\"}]}", "messages[0].toolCallId"},
    {"{\"messages\":[{\"role\":\"user\",\"toolCalls\":[{}]}]}", "messages[0].toolCalls"},
    {"{\"messages\":[{\"role\":\"agent\",\"toolCalls\":{}}]}", "messages[0].toolCalls"},
    {"{\"messages\":[{\"role\":\"agent\",\"toolCalls\":[{\"function\":{\"name\":\"f\"}}]}]}",
     "messages[0].toolCalls[0].id"},
    {"{\"messages\":[{\"role\":\"agent\",\"toolCalls\":[{\"id\":\"1\"}]}]}",
     "messages[0].toolCalls[0].function"},
    {"{\"messages\":[{\"role\":\"agent\",\"toolCalls\":[{\"id\":\"1\",\"function\":{\"name\":\"f\","
     "\"arguments\":[]}}]}]}",
     "messages[0].toolCalls[0].function.arguments"},
    {"{\"messages\":\"a\",\"tools\":{}}", "tools"},
    {"{\"messages\":\"a\",\"tools\":[{\"type\":\"custom\"}]}", "tools[0].type"},
    {"{\"messages\":\"a\",\"tools\":[{\"function\":{\"name\":\"\"}}]}",
     "tools[0].function.name"},
    {"{\"messages\":\"a\",\"tools\":[{\"function\":{\"name\":\"a/b\"}}]}",
     "tools[0].function.name"},
    {"{\"messages\":\"a\",\"tools\":[{\"function\":{\"name\":\"a\",\"parameters\":\"{}\"}}]}",
     "tools[0].function.parameters"},
    {"{\"messages\":\"a\",\"toolChoice\":\"any\"}", "toolChoice"},
    {"{\"messages\":\"a\",\"toolChoice\":{\"type\":\"function\"}}", "toolChoice.function.name"},
    {"{\"messages\":\"a\",\"responseFormat\":\"text\"}", "responseFormat"},
    {"{\"messages\":\"a\",\"responseFormat\":{\"type\":\"xml\"}}", "responseFormat.type"},
    {"{\"messages\":\"a\",\"responseFormat\":{\"type\":\"json_schema\"}}",
     "responseFormat.jsonSchema"},
    {"{\"messages\":\"a\",\"responseFormat\":{\"type\":\"json_schema\",\"jsonSchema\":{\"name\":"
     "\"n\"}}}",
     "responseFormat.jsonSchema.schema"},
    {"{\"messages\":\"a\",\"outputFileType\":\"disk\"}", "outputFileType"},
    {"{\"messages\":\"a\",\"modelOptions\":[]}", "modelOptions"},
    {"{\"messages\":\"a\",\"modelOptions\":{\"temperature\":\"hot\"}}",
     "modelOptions.temperature"},
    {"{\"messages\":\"a\",\"modelOptions\":{\"stop\":[1]}}", "modelOptions.stop"},
    {"{\"messages\":\"a\",\"modelOptions\":{\"reasoningEffort\":\"huge\"}}",
     "modelOptions.reasoningEffort"},
    {"{\"messages\":\"a\",\"modelOptions\":{\"reasoningEffort\":-1}}",
     "modelOptions.reasoningEffort"},
    {"{\"messages\":\"a\",\"modelOptions\":{\"parallelToolCalls\":1}}",
     "modelOptions.parallelToolCalls"},
    {"{\"messages\":\"a\",\"model\":1}", "model"},
};

static void names_the_member_at_fault(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refusals); i++) {
        struct arena a;
        struct chat_request r;
        struct fault why;
        arena_init(&a);
        assert_int_equal(read_text(refusals[i].given, &a, &r, &why), AIGNE_E_REQUEST);
        assert_int_equal(why.code, AIGNE_E_REQUEST);
        assert_string_equal(why.param, refusals[i].param);
        assert_non_null(strstr(why.text, refusals[i].param));
        arena_free(&a);
    }
}

static void refuses_too_many_messages(void **state)
{
    (void)state;
    struct buf text;
    struct arena a;
    struct chat_request r;
    struct fault why;
    buf_init(&text, (size_t)1 << 26);
    arena_init(&a);
    buf_put_text(&text, "{\"messages\":[");
    for (int i = 0; i <= 100000; i++)
        buf_put_text(&text, i ? ",{\"role\":\"user\"}" : "{\"role\":\"user\"}");
    buf_put_text(&text, "]}");
    assert_int_equal(read_text(text.p, &a, &r, &why), AIGNE_E_REQUEST);
    assert_string_equal(why.param, "messages");
    arena_free(&a);
    buf_free(&text);
}

static void read_and_write_once(void *user)
{
    const char *text = user;
    struct arena a;
    struct chat_request r;
    struct fault why;
    struct buf out;
    fault_clear(&why);
    arena_init(&a);
    buf_init(&out, CEILING);
    int rc = chat_input_read(json_of(slice_text(text)), &a, &r, &why);
    if (rc == AIGNE_OK) {
        chat_input_write(&r, r.model, &out);
        rc = buf_rc(&out);
    } else {
        assert_int_equal(why.code, rc);
    }
    assert_int_equal(rc, failing_alloc_tripped() ? AIGNE_E_NOMEM : AIGNE_OK);
    buf_free(&out);
    arena_free(&a);
}

static void survives_failing_memory(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(inputs); i++) {
        union {
            const char *in;
            void *out;
        } text = {inputs[i].given};
        assert_true(failing_alloc_each(read_and_write_once, text.out) > 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes),
        cmocka_unit_test(understands_details),
        cmocka_unit_test(obeys_a_disabled_cache),
        cmocka_unit_test(names_the_member_at_fault),
        cmocka_unit_test(refuses_too_many_messages),
        cmocka_unit_test(survives_failing_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
