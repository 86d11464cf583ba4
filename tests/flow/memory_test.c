/* Whole scenarios with each allocation failed once: an error or the right answer, never a crash, a
 * leak, or a record of what did not happen. */
#include <aignehub/gateway.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static atomic_long allocations; /* since the scenario began */
static atomic_long live;
static atomic_long failing; /* which one fails; 0: none */

static void *resize(void *user, void *old, size_t size)
{
    (void)user;
    if (atomic_fetch_add(&allocations, 1) + 1 == failing)
        return NULL;
    void *p = realloc(old, size);
    if (p && !old)
        atomic_fetch_add(&live, 1);
    return p;
}

static void release(void *user, void *old)
{
    (void)user;
    if (old)
        atomic_fetch_sub(&live, 1);
    free(old);
}

static const aigne_alloc counting = {NULL, resize, release};

static aigne_hub *open_hub(void)
{
    aigne_config *c = NULL;
    aigne_hub *h = NULL;
    if (aigne_config_new(&c) == AIGNE_OK &&
        aigne_config_set(c, "data", ":memory:", AIGNE_Z, NULL) == AIGNE_OK)
        aigne_hub_open(c, &h, NULL);
    aigne_config_free(c);
    return h;
}

/* The number of usage rows, or -1 when it could not be asked for. */
static int rows(aigne_hub *h)
{
    aigne_reply *r = NULL;
    int count = -1;
    long saved = failing;
    failing = 0;
    if (aigne_hub_do(h, "usage.list", "{}", AIGNE_Z, &r, NULL) == AIGNE_OK)
        count = strstr(aigne_reply_json(r, NULL), "\"count\":1") ? 1 : 0;
    aigne_reply_free(r);
    failing = saved;
    return count;
}

static void invoke_once(void)
{
    aigne_hub *h = open_hub();
    aigne_model *m = NULL;
    aigne_reply *r = NULL;
    if (!h)
        return;
    int rc = aigne_hub_model(h, NULL, "echo/echo", &m, NULL);
    if (rc == AIGNE_OK) {
        rc = aigne_model_invoke(m, "{\"messages\":\"Hello\"}", AIGNE_Z, &r, NULL);
        if (rc == AIGNE_OK) {
            assert_string_equal(aigne_reply_text(r, NULL), "Hello");
            assert_int_equal(rows(h), 1);
        }
    }
    aigne_reply_free(r);
    aigne_model_free(m);
    aigne_hub_free(h);
}

static void stream_from(aigne_model *m, const char *request)
{
    aigne_call *call = NULL;
    aigne_event ev;
    char text[64] = "";
    if (aigne_call_start(m, NULL, request, AIGNE_Z, &call, NULL) < 0)
        return;
    int rc = aigne_call_next(call, -1, &ev, NULL);
    for (; rc == AIGNE_EVENT; rc = aigne_call_next(call, -1, &ev, NULL))
        if (ev.kind == AIGNE_EV_TEXT)
            strncat(text, ev.data, ev.len);
    if (rc == AIGNE_OK)
        assert_string_equal(text, "a b c");
    aigne_call_free(call);
}

static void stream_once(void)
{
    static const char kept[] = "{\"messages\":\"a b c\",\"idempotencyKey\":\"k\","
                               "\"policy\":{\"onCut\":\"hold\"}}";
    aigne_hub *h = open_hub();
    aigne_model *m = NULL;
    if (h && aigne_hub_model(h, NULL, "echo/echo", &m, NULL) == AIGNE_OK) {
        stream_from(m, "{\"messages\":\"a b c\"}");
        stream_from(m, kept);
        stream_from(m, kept);
    }
    aigne_model_free(m);
    aigne_hub_free(h);
}

static void administer_once(void)
{
    static const struct {
        const char *verb;
        const char *args;
    } steps[] = {
        {"provider.put", "{\"name\":\"openai\",\"baseUrl\":\"http://127.0.0.1:1/v1\"}"},
        {"credential.put",
         "{\"provider\":\"openai\",\"name\":\"a\",\"value\":\"sk-0123456789\"}"},
        {"rate.put",
         "{\"provider\":\"openai\",\"model\":\"m\",\"inputRate\":\"0.1\",\"outputRate\":"
         "\"0.2\"}"},
        {"user.put", "{\"name\":\"ann\"}"},
        {"key.create", "{\"name\":\"app\",\"user\":\"ann\"}"},
        {"credential.list", "{}"},
        {"provider.delete", "{\"name\":\"openai\"}"},
    };
    aigne_hub *h = open_hub();
    if (!h)
        return;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        aigne_reply *r = NULL;
        if (aigne_hub_do(h, steps[i].verb, steps[i].args, AIGNE_Z, &r, NULL) == AIGNE_OK)
            assert_null(strstr(aigne_reply_json(r, NULL), "sk-0123456789"));
        aigne_reply_free(r);
    }
    aigne_hub_free(h);
}

static void take_all(aigne_call *exchange)
{
    aigne_event ev;
    int rc = aigne_call_next(exchange, -1, &ev, NULL);
    while (rc == AIGNE_EVENT)
        rc = aigne_call_next(exchange, -1, &ev, NULL);
}

static void ask_once(aigne_hub *h, aigne_loop *loop, const char *target, const char *headers,
                     const char *body)
{
    aigne_call *exchange = NULL;
    if (aigne_gateway_start(h, loop, "POST", target, AIGNE_Z, headers, AIGNE_Z, &exchange,
                            NULL) == AIGNE_OK) {
        aigne_gateway_write(exchange, body, strlen(body), NULL);
        aigne_gateway_end(exchange, NULL);
        take_all(exchange);
    }
    aigne_call_free(exchange);
}

/* Frees the hub, which may be NULL. */
static void serve_times(aigne_hub *h, int times, const char *target, const char *more,
                        const char *body)
{
    aigne_loop *loop = NULL;
    aigne_reply *key = NULL;
    char headers[200] = "authorization: Bearer ";
    if (h && aigne_loop_new(&loop, NULL) == AIGNE_OK &&
        aigne_hub_do(h, "key.create", "{\"name\":\"a\"}", AIGNE_Z, &key, NULL) == AIGNE_OK) {
        strncat(headers, aigne_reply_text(key, NULL), 150);
        strncat(headers, more, 40);
        while (times-- > 0)
            ask_once(h, loop, target, headers, body);
    }
    aigne_reply_free(key);
    aigne_loop_free(loop);
    aigne_hub_free(h);
}

static void exchange_times(int times, const char *target, const char *more, const char *body)
{
    serve_times(open_hub(), times, target, more, body);
}

static void exchange_once(const char *target, const char *body)
{
    exchange_times(1, target, "\r\n", body);
}

static void repeated(void)
{
    exchange_times(
        2, "/v1/chat/completions", "\r\nidempotency-key: k\r\n",
        "{\"model\":\"echo/echo\",\"messages\":[{\"role\":\"user\",\"content\":\"a b\"}]}");
    exchange_times(2, "/v1/chat/completions", "\r\nx-aigne-hub-cache: exact\r\n",
                   "{\"model\":\"echo/echo\",\"stream\":true,\"messages\":[{\"role\":\"user\","
                   "\"content\":\"a \\u0062\"}]}");
}

/* Nobody listens where the first of the two is. */
static void rescued(void)
{
    static const char *const steps[][2] = {
        {"provider.put", "{\"name\":\"openai\",\"baseUrl\":\"http://127.0.0.1:1/v1\"}"},
        {"credential.put", "{\"provider\":\"openai\",\"name\":\"a\",\"value\":\"sk-012345\"}"},
    };
    aigne_hub *h = open_hub();
    for (size_t i = 0; h && i < sizeof(steps) / sizeof(steps[0]); i++) {
        aigne_reply *r = NULL;
        aigne_hub_do(h, steps[i][0], steps[i][1], AIGNE_Z, &r, NULL);
        aigne_reply_free(r);
    }
    serve_times(h, 1, "/v1/chat/completions", "\r\nx-aigne-hub-explain: true\r\n",
                "{\"model\":\"openai/m\",\"models\":[\"echo/echo\"],\"messages\":[{\"role\":"
                "\"user\",\"content\":\"a b\"}]}");
}

static void openai_once(void)
{
    exchange_once(
        "/v1/chat/completions",
        "{\"model\":\"echo/echo\",\"messages\":[{\"role\":\"user\",\"content\":\"a b\"}]}");
    exchange_once("/v1/chat/completions",
                  "{\"model\":\"echo/echo\",\"stream\":true,\"messages\":[{\"role\":\"user\","
                  "\"content\":\"a b\"}]}");
}

/* Chosen by what the body holds, and shown to a shadow, which ends with the loop. */
static void routed_once(void)
{
    static const char *const verbs[][2] = {
        {"rate.put", "{\"provider\":\"echo\",\"model\":\"a\",\"inputRate\":1,\"outputRate\":1,"
                     "\"modelMetadata\":{\"features\":[\"text\"]}}"},
        {"route.put",
         "{\"name\":\"r\",\"strategy\":\"least-busy\",\"targets\":[{\"model\":"
         "\"echo/a\"},{\"model\":\"echo/b\",\"when\":{\"metadata.a\":1}},{\"model\":"
         "\"echo/c\",\"shadow\":100}]}"}};
    aigne_hub *h = open_hub();
    for (int i = 0; h && i < 2; i++) {
        aigne_reply *r = NULL;
        aigne_hub_do(h, verbs[i][0], verbs[i][1], AIGNE_Z, &r, NULL);
        aigne_reply_free(r);
    }
    serve_times(h, 2, "/v1/chat/completions", "\r\nx-aigne-hub-models: echo/d\r\n",
                "{\"model\":\"r\",\"metadata\":{\"a\":1},\"messages\":[{\"role\":\"user\","
                "\"content\":[{\"type\":\"text\",\"text\":\"a b\"}]}]}");
}

static void aigne_once(void)
{
    exchange_once(
        "/api/v2/chat",
        "{\"input\":{\"messages\":[{\"role\":\"user\",\"content\":\"a b\"}],\"modelOptions\":"
        "{\"model\":\"echo/echo\"}},\"options\":{\"streaming\":true}}");
}

/* What nobody's failing allocation must spoil: balances, holds and rows agree, and nothing is held for ever. */
static void expect_true_books(aigne_hub *h)
{
    static const char *const parts[][3] = {
        {"ledger.check", "{}", "\"ok\":true"},
        {"account.get", "{\"user\":\"ann\"}", "\"held\":\"0\""},
        {"budget.get", "{\"name\":\"b\"}", "\"held\":\"0\""}};
    long saved = failing;
    failing = 0;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        aigne_reply *r = NULL;
        if (aigne_hub_do(h, parts[i][0], parts[i][1], AIGNE_Z, &r, NULL) == AIGNE_OK &&
            !strstr(aigne_reply_json(r, NULL), parts[i][2]))
            fail_msg("allocation %ld failed: %s says %s", saved, parts[i][0],
                     aigne_reply_json(r, NULL));
        aigne_reply_free(r);
    }
    failing = saved;
}

/* An answer that breaks off and is gone on with till it has broken off too often, each part of it paid; for an
 * account that would buy more of where nobody listens. */
static void paid_once(void)
{
    static const char *const steps[][2] = {
        {"settings.put",
         "{\"billing\":\"credits\",\"policy\":{\"onCut\":\"resume\",\"paysFor\":\"attempts\"}}"},
        {"rate.put",
         "{\"provider\":\"echo\",\"model\":\"cut-3\",\"inputRate\":1,\"outputRate\":1}"},
        {"rate.put",
         "{\"provider\":\"echo\",\"model\":\"a\",\"inputRate\":1,\"outputRate\":1}"},
        {"rate.put",
         "{\"provider\":\"echo\",\"model\":\"b\",\"inputRate\":1,\"outputRate\":1}"},
        {"user.put", "{\"name\":\"ann\"}"},
        {"budget.put", "{\"name\":\"b\",\"on\":\"user\",\"id\":\"ann\",\"amount\":\"5000\"}"},
        {"credit.grant", "{\"user\":\"ann\",\"amount\":\"5000\"}"},
        {"payment.put",
         "{\"provider\":\"stripe\",\"secretKey\":\"sk_test\",\"webhookSecret\":\"w\","
         "\"url\":\"http://127.0.0.1:1\"}"},
        {"topup.put",
         "{\"user\":\"ann\",\"below\":\"9000\",\"amount\":\"10\",\"monthly\":\"10\"}"},
        {"key.create", "{\"name\":\"a\",\"user\":\"ann\"}"},
    };
    aigne_hub *h = open_hub();
    aigne_loop *loop = NULL;
    char headers[200] = "authorization: Bearer ";
    for (size_t i = 0; h && i < sizeof(steps) / sizeof(steps[0]); i++) {
        aigne_reply *r = NULL;
        if (aigne_hub_do(h, steps[i][0], steps[i][1], AIGNE_Z, &r, NULL) == AIGNE_OK &&
            i + 1 == sizeof(steps) / sizeof(steps[0])) {
            strncat(headers, aigne_reply_text(r, NULL), 150);
            strcat(headers, "\r\n");
        }
        aigne_reply_free(r);
    }
    if (h && aigne_loop_new(&loop, NULL) == AIGNE_OK)
        ask_once(
            h, loop, "/v1/chat/completions", headers,
            "{\"model\":\"echo/cut-3\",\"models\":[\"echo/a\",\"echo/b\"],\"stream\":true,"
            "\"max_tokens\":50,\"messages\":[{\"role\":\"user\",\"content\":\"a b c d e f\"}]}");
    if (h)
        expect_true_books(h);
    aigne_loop_free(loop);
    aigne_hub_free(h);
}

static void sweep(void (*scenario)(void))
{
    failing = 0;
    atomic_store(&allocations, 0);
    scenario();
    long total = atomic_load(&allocations);
    assert_true(total > 10);
    assert_int_equal(atomic_load(&live), 0);
    for (failing = 1; failing <= total; failing++) {
        atomic_store(&allocations, 0);
        scenario();
        if (atomic_load(&live) != 0)
            fail_msg("allocation %ld of %ld failed: %ld blocks leak", failing, total,
                     atomic_load(&live));
    }
    failing = 0;
}

static void invoking(void **state)
{
    (void)state;
    sweep(invoke_once);
}

static void streaming(void **state)
{
    (void)state;
    sweep(stream_once);
}

static void administering(void **state)
{
    (void)state;
    sweep(administer_once);
}

static void serving_openai(void **state)
{
    (void)state;
    sweep(openai_once);
}

static void serving_aigne(void **state)
{
    (void)state;
    sweep(aigne_once);
}

static void serving_by_routes(void **state)
{
    (void)state;
    sweep(routed_once);
}

static void serving_again(void **state)
{
    (void)state;
    sweep(repeated);
}

static void serving_after_a_failure(void **state)
{
    (void)state;
    sweep(rescued);
}

static void paying(void **state)
{
    (void)state;
    sweep(paid_once);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(invoking),
        cmocka_unit_test(streaming),
        cmocka_unit_test(administering),
        cmocka_unit_test(serving_openai),
        cmocka_unit_test(serving_aigne),
        cmocka_unit_test(serving_again),
        cmocka_unit_test(serving_by_routes),
        cmocka_unit_test(serving_after_a_failure),
        cmocka_unit_test(paying),
    };
    aigne_set_alloc(&counting);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    aigne_set_alloc(NULL);
    return failed;
}
