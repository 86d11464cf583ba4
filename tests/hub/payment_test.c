/* Signatures of payment providers' events, as one of Stripe's was recorded. */
#include "hub/payment.h"
#include "hub_test.h"

#define RECORDED_S 1533204620
#define SECRET     "webhook_secret"
#define SIGNATURE                                                                              \
    "t=1533204620,v1=f0bdba6d4eacbd8ad8a3bbadd7248e633ec1477f7899c124c51b39405fa36613,"        \
    "v0=63f3a72374a733066c4be69ed7f8e5ac85c22c9f0a6a612ab9a025a9e4ee7eef"

static const char body[] = "{\n"
                           "  \"id\": \"evt_123\",\n"
                           "  \"object\": \"event\",\n"
                           "  \"account\": \"acct_123\",\n"
                           "  \"api_version\": \"2017-05-25\",\n"
                           "  \"created\": 1533204620,\n"
                           "  \"data\": {\n"
                           "    \"object\": {\n"
                           "      \"id\": \"ii_123\",\n"
                           "      \"object\": \"invoiceitem\",\n"
                           "      \"amount\": 1000,\n"
                           "      \"currency\": \"usd\",\n"
                           "      \"customer\": \"cus_123\",\n"
                           "      \"date\": 1533204620,\n"
                           "      \"description\": \"Test Invoice Item\",\n"
                           "      \"discountable\": false,\n"
                           "      \"invoice\": \"in_123\",\n"
                           "      \"livemode\": false,\n"
                           "      \"metadata\": {},\n"
                           "      \"period\": {\n"
                           "        \"start\": 1533204620,\n"
                           "        \"end\": 1533204620\n"
                           "      },\n"
                           "      \"plan\": null,\n"
                           "      \"proration\": false,\n"
                           "      \"quantity\": null,\n"
                           "      \"subscription\": null\n"
                           "    }\n"
                           "  },\n"
                           "  \"livemode\": false,\n"
                           "  \"pending_webhooks\": 1,\n"
                           "  \"request\": {\n"
                           "    \"id\": \"req_123\",\n"
                           "    \"idempotency_key\": \"idempotency-key-123\"\n"
                           "  },\n"
                           "  \"type\": \"invoiceitem.created\"\n"
                           "}\n";

static bool is_signed(const char *signature, size_t length, const char *secret, int64_t now_s)
{
    return payment_signed(slice_text(signature), slice_of(body, length), slice_text(secret),
                          now_s);
}

static void test_recorded(void **state)
{
    (void)state;
    const size_t whole = sizeof body - 1;
    assert_true(is_signed(SIGNATURE, whole, SECRET, RECORDED_S));
    assert_true(is_signed(SIGNATURE ",v1=invalid", whole, SECRET, RECORDED_S + 100));
    assert_true(is_signed(SIGNATURE, whole, SECRET, RECORDED_S + PAYMENT_TOLERANCE_S));
    assert_false(is_signed(SIGNATURE, whole, SECRET, RECORDED_S + PAYMENT_TOLERANCE_S + 1));
    assert_false(is_signed(SIGNATURE, whole, SECRET, RECORDED_S - PAYMENT_TOLERANCE_S - 1));
    assert_false(is_signed(SIGNATURE, whole - 1, SECRET, RECORDED_S));
    assert_false(is_signed(SIGNATURE, whole, "webhook_secret2", RECORDED_S));
    assert_false(is_signed("t=1533204620,v1=invalid", whole, SECRET, RECORDED_S));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_recorded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
