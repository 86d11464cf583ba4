/* Knows that conversations and lists of tools far longer than usual are read whole and handed on to every
 * provider in time that grows with them alone; refuses to know what is written. */
#include "base/mem.h"
#include "ingress/ingress.h"
#include "provider/adapter.h"
#include "provider/adapters.h"
#include <aignehub/aignehub.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
/* cmocka wants the headers above */
#include <cmocka.h>

#define TURNS   1250 /* of four messages, where results have one of their own */
#define TOOLS   1000
#define SECONDS 4 /* of processor time for one format; a hundredth of it is usual */

/* In these texts a "#" is the number of the turn or of the tool. */
struct form {
    const struct ingress *ingress;
    const char *path;
    const char *start; /* of the body, up to the list of turns */
    const char *turn;
    const char *tools; /* between the two lists */
    const char *tool;
    const char *
        allowed; /* between tools and the list of those that may be called; NULL: no such list */
    const char *allowed_tool;
    const char *end;
    size_t messages; /* of a turn; 0: they may be joined */
};

static const struct form forms[] = {
    {.ingress = &ingress_openai,
     .start = "{\"model\":\"m\",\"messages\":[",
     .turn = "{\"role\":\"user\",\"content\":\"now?\"},"
             "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c#\",\"type\":"
             "\"function\",\"function\":{\"name\":\"f#\",\"arguments\":\"{}\"}}]},"
             "{\"role\":\"tool\",\"tool_call_id\":\"c#\",\"content\":\"ok\"},"
             "{\"role\":\"assistant\",\"content\":\"fine\"}",
     .tools = "],\"tools\":[",
     .tool = "{\"type\":\"function\",\"function\":{\"name\":\"f#\",\"parameters\":{\"type\":"
             "\"object\",\"properties\":{}}}}",
     .allowed = "],\"tool_choice\":{\"type\":\"allowed_tools\",\"allowed_tools\":{\"mode\":"
                "\"auto\",\"tools\":[",
     .allowed_tool = "{\"type\":\"function\",\"function\":{\"name\":\"\\u0066#\"}}",
     .end = "]}}}",
     .messages = 4},
    {.ingress = &ingress_openai_responses,
     .start = "{\"model\":\"m\",\"input\":[",
     .turn = "{\"role\":\"user\",\"content\":\"now?\"},"
             "{\"type\":\"function_call\",\"call_id\":\"c#\",\"name\":\"f#\",\"arguments\":"
             "\"{}\"},"
             "{\"type\":\"function_call_output\",\"call_id\":\"c#\",\"output\":\"ok\"},"
             "{\"role\":\"assistant\",\"content\":\"fine\"}",
     .tools = "],\"tools\":[",
     .tool = "{\"type\":\"function\",\"name\":\"f#\",\"parameters\":{\"type\":\"object\","
             "\"properties\":{}}}",
     .allowed = "],\"tool_choice\":{\"type\":\"allowed_tools\",\"mode\":\"auto\",\"tools\":[",
     .allowed_tool = "{\"type\":\"function\",\"name\":\"\\u0066#\"}",
     .end = "]}}",
     .messages = 4},
    {.ingress = &ingress_anthropic,
     .start = "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[",
     .turn = "{\"role\":\"user\",\"content\":\"now?\"},"
             "{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"c#\","
             "\"name\":\"f#\",\"input\":{}}]},"
             "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"c#\","
             "\"content\":\"ok\"}]},"
             "{\"role\":\"assistant\",\"content\":\"fine\"}",
     .tools = "],\"tools\":[",
     .tool = "{\"name\":\"f#\",\"input_schema\":{\"type\":\"object\",\"properties\":{}}}",
     .end = "]}",
     .messages = 4},
    {.ingress = &ingress_gemini,
     .path = "m:generateContent",
     .start = "{\"contents\":[",
     .turn =
         "{\"role\":\"user\",\"parts\":[{\"text\":\"now?\"}]},"
         "{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"name\":\"f#\",\"args\":{}}}]},"
         "{\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"name\":\"f#\",\"response\":"
         "{\"output\":\"ok\"}}}]},"
         "{\"role\":\"model\",\"parts\":[{\"text\":\"fine\"}]}",
     .tools = "],\"tools\":[{\"functionDeclarations\":[",
     .tool = "{\"name\":\"f#\",\"parameters\":{\"type\":\"OBJECT\",\"properties\":{}}}",
     .allowed = "]}],\"toolConfig\":{\"functionCallingConfig\":{\"mode\":\"ANY\","
                "\"allowedFunctionNames\":[",
     .allowed_tool = "\"\\u0066#\"",
     .end = "]}}}",
     .messages = 4},
};

static void put_list(struct buf *out, const char *item, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_put_byte(out, ',');
        for (const char *c = item; *c; c++) {
            if (*c == '#')
                buf_put_int(out, (int64_t)(i % TOOLS));
            else
                buf_put_byte(out, *c);
        }
    }
}

static void put_body(struct buf *out, const struct form *f)
{
    buf_put_text(out, f->start);
    put_list(out, f->turn, TURNS);
    buf_put_text(out, f->tools);
    put_list(out, f->tool, TOOLS);
    if (f->allowed) {
        buf_put_text(out, f->allowed);
        put_list(out, f->allowed_tool, TOOLS);
    }
    buf_put_text(out, f->end);
    assert_int_equal(buf_rc(out), AIGNE_OK);
}

static void hand_on(const struct chat_request *r, const struct adapter *adapter,
                    const struct provider_row *row)
{
    struct arena a AUTO(arena_free);
    struct fault why;
    struct http_request sent;
    struct chat_target to = {.provider = slice_text(row->name),
                             .base_url = slice_text(row->base_url),
                             .model = SLICE("gemini-3-pro"),
                             .secret = SLICE("sk-test"),
                             .quirks = row->quirks};
    arena_init(&a);
    fault_clear(&why);
    clock_t before = clock();
    int rc = adapter->encode(r, &to, &a, &sent, &why);
    if (rc)
        print_error("%s: %s\n", row->name, why.text);
    assert_int_equal(rc, AIGNE_OK);
    assert_true(clock() - before < SECONDS * CLOCKS_PER_SEC);
}

static void long_requests_are_read_and_handed_on(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        const struct form *f = &forms[i];
        struct buf body AUTO(buf_free);
        struct arena a AUTO(arena_free);
        struct chat_request r;
        struct fault why;
        buf_init(&body, SIZE_MAX / 2);
        arena_init(&a);
        fault_clear(&why);
        put_body(&body, f);
        struct ingress_request in = {.body = buf_slice(&body), .rest = slice_text(f->path)};
        clock_t before = clock();
        int rc = f->ingress->decode(&in, &a, &r, &why);
        if (rc)
            print_error("%s: %s\n", f->ingress->format, why.text);
        assert_int_equal(rc, AIGNE_OK);
        assert_true(clock() - before < SECONDS * CLOCKS_PER_SEC);
        assert_true(r.message_count >= TURNS * f->messages);
        assert_int_equal(r.tool_count, TOOLS);
        r.tool_choice = CHAT_TOOLS_AUTO; /* not all can be made to call one */
        for (size_t k = 0; provider_at(k); k++) {
            const struct adapter *adapter = provider_at(k)->adapters[KIND_CHAT];
            if (!adapter || !adapter->encode || !provider_at(k)->base_url)
                continue;
            hand_on(&r, adapter, provider_at(k));
            if (k == 0)
                hand_on(&r, &adapter_openai_responses, provider_at(k));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(long_requests_are_read_and_handed_on)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
