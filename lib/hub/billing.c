/* Knows what the settings about money mean; refuses to know who pays. */
#include "hub/billing.h"
#include "text/decimal.h"

bool billing_amount(struct slice text, int64_t *billionths)
{
    decimal_wide value = 0;
    if (!decimal_parse(text, DECIMAL_AMOUNT_DIGITS, &value) || value > INT64_MAX)
        return false;
    *billionths = (int64_t)value;
    return true;
}

static int64_t amount_of(struct json settings, const char *name, struct arena *a)
{
    int64_t amount = 0;
    struct slice text = json_string(json_get(settings, name), a);
    return text.p && billing_amount(text, &amount) ? amount : 0;
}

void billing_read(struct json settings, struct arena *a, struct billing *out)
{
    *out =
        (struct billing){.on = json_string_is(json_get(settings, "billing"), "credits"),
                         .starter = amount_of(settings, "starterCredits", a),
                         .overdraft = amount_of(settings, "overdraft", a),
                         .purchase_url = json_string(json_get(settings, "purchaseUrl"), a),
                         .credit_prefix = json_string(json_get(settings, "creditPrefix"), a)};
    out->go_on = json_string_is(json_get(settings, "whenStoreFails"), "continue");
    (void)json_bool(json_get(settings, "pauseRecords"), &out->paused);
    (void)json_int64(json_get(settings, "starterCreditsExpireDays"), &out->starter_days);
    out->credit_price = amount_of(settings, "creditPrice", a);
    if (!out->credit_price)
        out->credit_price = BILLING_DOLLAR;
}
