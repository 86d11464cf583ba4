/* Knows that an event of a payment provider is read within bounds, that only signed ones are believed, and that the
 * book stays right whatever they say. A first line is the signature that comes with the rest. */
#include "base/mem.h"
#include "core/introduce.h"
#include "fuzz.h"
#include "hub/payment.h"
#include "text/json_scan.h"
#include "text/sha256.h"

#define SECRET "whsec_fuzz"
#define NOW_S  1764000000

static struct hub *hub;

static void must(const char *verb, const char *arguments)
{
    struct buf reply;
    struct fault why = {0};
    buf_init(&reply, 1 << 20);
    FUZZ_CHECK(hub_do(hub, verb, slice_text(arguments), &reply, &why) == 0);
    bool ok = true;
    (void)json_bool(json_get(json_of(buf_slice(&reply)), "ok"), &ok);
    FUZZ_CHECK(ok);
    buf_free(&reply);
}

static void begin(void)
{
    const struct hub_options options = {.data = SLICE(":memory:"),
                                        .providers = &core_providers};
    struct fault why = {0};
    FUZZ_CHECK(hub_open(&options, &hub, &why) == 0);
    must("user.put", "{\"name\":\"ann\"}");
    must("payment.put", "{\"provider\":\"stripe\",\"webhookSecret\":\"" SECRET "\"}");
    must("payment.put", "{\"provider\":\"generic\",\"webhookSecret\":\"" SECRET "\"}");
}

static void signed_event(struct slice provider, struct slice body)
{
    char signature[128];
    char hex[SHA256_HEX_SIZE + 1] = "";
    struct buf message;
    struct fault why = {0};
    buf_init(&message, body.n + 64);
    buf_printf(&message, "%d.%.*s", NOW_S, (int)body.n, body.n ? body.p : "");
    struct slice all = buf_slice(&message);
    if (all.n == body.n + 11) { /* a NUL would end it early */
        struct sha256 hash = sha256_hmac(SLICE(SECRET), all);
        sha256_hex(&hash, hex);
        int n =
            snprintf(signature, sizeof signature, "t=%d,v1=%.*s", NOW_S, SHA256_HEX_SIZE, hex);
        FUZZ_CHECK(payment_signed(slice_of(signature, (size_t)n), body, SLICE(SECRET), NOW_S));
        (void)payment_event(hub, provider, slice_of(signature, (size_t)n), body,
                            (int64_t)NOW_S * 1000, &why);
    }
    buf_free(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = fuzz_input(data, size);
    struct slice signature = SLICE_NONE;
    struct slice body = SLICE_NONE;
    if (!hub)
        begin();
    if (slice_cut(text, '\n', &signature, &body))
        FUZZ_CHECK(!payment_signed(signature, body, SLICE("whsec_another"), NOW_S));
    signed_event(SLICE("stripe"), text);
    signed_event(SLICE("generic"), text);
    must("ledger.check", "{}");
    return 0;
}
