/* Knows where a hub is looked for and how its list of models is read. */
#include "base/mem.h"
#include "failing_alloc.h"
#include "provider/adapters.h"
#include <aignehub/aignehub.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* cmocka wants the headers above */
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DID          "\"did\":\"z8ia3xzq2tMq8CRHfaXj1BTYJyYnEcHbqP8cJ\""

static void assert_text(struct slice found, const char *wanted)
{
    if (!found.p || !slice_is(found, wanted))
        fail_msg("\"%.*s\" instead of \"%s\"", (int)found.n, found.p ? found.p : "(none)",
                 wanted);
}

static void asks_the_origin(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"https://hub.aigne.io", "https://hub.aigne.io/__blocklet__.js?type=json"},
        {"https://hub.aigne.io/", "https://hub.aigne.io/__blocklet__.js?type=json"},
        {"http://localhost:3000/some/path?x=1",
         "http://localhost:3000/__blocklet__.js?type=json"},
        {"https://hub.aigne.io/ai-kit/api/v2/chat", NULL},
        {"not a url", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a;
        arena_init(&a);
        struct slice url = adapter_hub.discover_url(slice_text(rows[i][0]), &a);
        if (rows[i][1])
            assert_text(url, rows[i][1]);
        else
            assert_null(url.p);
        assert_false(a.failed);
        arena_free(&a);
    }
}

static const struct {
    const char *body;
    const char *root; /* NULL: refused */
} mounts[] = {
    {"{\"componentMountPoints\":[{" DID ",\"mountPoint\":\"/ai-kit\"}]}",
     "https://h.io:8443/ai-kit"},
    {"{\"appName\":\"x\",\"componentMountPoints\":[{\"did\":\"zOther\",\"mountPoint\":\"/a\"},{" DID
     ",\"mountPoint\":\"/\"}]}",
     "https://h.io:8443"},
    {"{\"componentMountPoints\":[{" DID ",\"mountPoint\":\"\\u002fk\\/\"}]}",
     "https://h.io:8443/k"},
    {"{\"componentMountPoints\":[{" DID "}]}", "https://h.io:8443"},
    {"{\"componentMountPoints\":[{\"did\":\"zOther\",\"mountPoint\":\"/a\"}]}", NULL},
    {"{\"componentMountPoints\":[]}", NULL},
    {"{\"componentMountPoints\":{}}", NULL},
    {"{}", NULL},
    {"<html></html>", NULL},
    {"", NULL},
};

static void finds_the_mount_point(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mounts); i++) {
        struct arena a;
        struct fault why;
        struct slice root = SLICE_NONE;
        arena_init(&a);
        fault_clear(&why);
        int rc = adapter_hub.discovered(SLICE("https://h.io:8443/x"),
                                        slice_text(mounts[i].body), &a, &root, &why);
        assert_int_equal(rc, mounts[i].root ? AIGNE_OK : AIGNE_E_PROTOCOL);
        assert_int_equal(why.code, rc);
        if (mounts[i].root)
            assert_text(root, mounts[i].root);
        else
            assert_non_null(strstr(why.text, "https://h.io:8443"));
        arena_free(&a);
    }
}

static void asks_for_models(void **state)
{
    (void)state;
    static const struct {
        const char *base, *type, *url;
    } rows[] = {
        {"https://h/ai-kit", "chat", "https://h/ai-kit/api/ai/models?type=chat"},
        {"https://h", NULL, "https://h/api/ai/models"},
        {"https://h/k/api/v2/chat", "a b", "https://h/k/api/ai/models?type=a%20b"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a;
        struct fault why;
        struct http_request http;
        struct chat_target to = {.base_url = slice_text(rows[i].base), .secret = SLICE("sk")};
        arena_init(&a);
        fault_clear(&why);
        assert_int_equal(
            adapter_hub.list_request(slice_text(rows[i].type), &to, &a, &http, &why), AIGNE_OK);
        assert_string_equal(http.method, "GET");
        assert_text(http.url, rows[i].url);
        for (size_t k = 0; k < http.header_count; k++)
            assert_false(slice_is_nocase(http.headers[k].name, "authorization"));
        arena_free(&a);
    }
}

static void reads_the_list(void **state)
{
    (void)state;
    static const struct {
        const char *body, *list;
    } rows[] = {
        {"[]", "[]"},
        {"[{\"key\":\"openai/gpt\",\"model\":\"gpt\",\"type\":\"chat\",\"provider\":\"openai\","
         "\"input_credits_per_token\":\"0.00000015\",\"status\":null},{\"model\":7},3]",
         "[{\"key\":\"openai/gpt\",\"model\":\"gpt\",\"type\":\"chat\",\"provider\":\"openai\","
         "\"input_credits_per_token\":\"0.00000015\",\"status\":null}]"},
        {"{\"error\":\"x\"}", NULL},
        {"[{]", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena a;
        struct fault why;
        struct buf out;
        arena_init(&a);
        buf_init(&out, 4096);
        fault_clear(&why);
        int rc = adapter_hub.list_answer(slice_text(rows[i].body), &a, &out, &why);
        assert_int_equal(rc, rows[i].list ? AIGNE_OK : AIGNE_E_PROTOCOL);
        if (rows[i].list)
            assert_text(buf_slice(&out), rows[i].list);
        buf_free(&out);
        arena_free(&a);
    }
}

static void look_around(void *user)
{
    struct arena a;
    struct fault why;
    struct http_request http;
    struct slice root = SLICE_NONE;
    struct chat_target to = {.base_url = SLICE("https://h/k")};
    (void)user;
    arena_init(&a);
    fault_clear(&why);
    struct slice url = adapter_hub.discover_url(SLICE("https://h/"), &a);
    int rc = url.p ? adapter_hub.discovered(SLICE("https://h/"), slice_text(mounts[2].body), &a,
                                            &root, &why)
                   : AIGNE_E_NOMEM;
    if (rc == AIGNE_OK)
        rc = adapter_hub.list_request(SLICE("chat"), &to, &a, &http, &why);
    assert_int_equal(rc, failing_alloc_tripped() ? AIGNE_E_NOMEM : AIGNE_OK);
    arena_free(&a);
}

static void survives_failing_memory(void **state)
{
    (void)state;
    assert_true(failing_alloc_each(look_around, NULL) > 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_the_origin),         cmocka_unit_test(finds_the_mount_point),
        cmocka_unit_test(asks_for_models),         cmocka_unit_test(reads_the_list),
        cmocka_unit_test(survives_failing_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
