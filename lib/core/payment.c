/* Knows how buyers are led to Stripe and how a payment's event comes in; refuses to know what it grants. */
#include "core/payment.h"
#include "base/clock.h"
#include "base/mem.h"
#include "core/exchange.h"
#include "core/fetch.h"
#include "hub/payment.h"
#include "hub/verb.h"
#include "text/url.h"
#include <aignehub/aignehub.h>
#include <stdio.h>

/* ---- events ---- */

static void take_event(struct aigne_call *call)
{
    struct exchange *x = exchange_of(call);
    bool stripe = slice_is(x->rest, "stripe");
    struct slice signature = http_block_get(
        x->format_headers, stripe ? "stripe-signature" : "x-aigne-hub-signature");
    call->rc = payment_event(call->hub->hub, x->rest, signature, buf_slice(&x->body),
                             clock_wall_ms(), &call->fault);
}

static void answer_event(struct aigne_call *call)
{
    struct buf body;
    buf_init(&body, 64);
    BUF_LITERAL(&body, "{\"received\":true}");
    if (call->rc < 0)
        call_refuse(call);
    else
        exchange_answer(call, 200, "application/json", &body);
    buf_free(&body);
}

void payment_webhook(struct aigne_call *call)
{
    if (errand_send(call, &call->hub->verbs, take_event, answer_event) < 0)
        call_refuse(call);
}

/* ---- purchases ---- */

static const char schema[] =
    VERB_SCHEMA("\"amount\"", VERB_TEXT("user", "id or name of the user who buys"),
                VERB_TEXT("team", "or of the team"), VERB_RATE("amount", "how many credits"));

bool payment_is(const char *verb)
{
    return strcmp(verb, "payment.checkout") == 0;
}

static void put_field(struct buf *form, const char *name, struct slice value)
{
    if (!value.n)
        return;
    if (form->n)
        buf_put_byte(form, '&');
    url_encode(form, slice_text(name));
    buf_put_byte(form, '=');
    url_encode(form, value);
}

/* Cents, never less than the credits cost. */
static int64_t cents_of(decimal_wide credits, int64_t price)
{
    const decimal_wide unit = (decimal_wide)1000000000 * 1000000000 / 100;
    return (int64_t)((credits * price + unit - 1) / unit);
}

static void put_form(struct buf *form, const struct payment_account *p, struct json given,
                     struct slice credits, int64_t cents, struct arena *a)
{
    static const char *const fields[][2] = {
        {"metadata[user]", "payment_intent_data[metadata][user]"},
        {"metadata[team]", "payment_intent_data[metadata][team]"},
        {"metadata[credits]", "payment_intent_data[metadata][credits]"}};
    const struct slice values[] = {json_string(json_get(given, "user"), a),
                                   json_string(json_get(given, "team"), a), credits};
    char digits[24];
    (void)snprintf(digits, sizeof digits, "%lld", (long long)cents);
    put_field(form, "mode", SLICE("payment"));
    put_field(form, "success_url",
              p->return_url.n ? p->return_url : SLICE("https://stripe.com"));
    put_field(form, "line_items[0][quantity]", SLICE("1"));
    put_field(form, "line_items[0][price_data][currency]",
              p->currency.n ? p->currency : SLICE("usd"));
    put_field(form, "line_items[0][price_data][unit_amount]", slice_text(digits));
    put_field(form, "line_items[0][price_data][product_data][name]", SLICE("Credits"));
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 2; k++)
            put_field(form, fields[i][k], values[i]);
}

static int ask_stripe(struct aigne_hub *h, const struct payment_account *p, struct buf *form,
                      struct arena *a, struct buf *json, struct fault *why)
{
    struct fetched got AUTO(fetched_free);
    struct aigne_loop *loop = NULL;
    const struct slice url[] = {p->url.n ? p->url : SLICE("https://api.stripe.com"),
                                SLICE("/v1/checkout/sessions")};
    const struct slice bearer[] = {SLICE("Bearer "), p->secret_key};
    struct http_request request = {.method = "POST", .url = arena_join(a, url, 2)};
    fetched_init(&got);
    (void)http_request_header(&request, "authorization", arena_join(a, bearer, 2));
    (void)http_request_header(&request, "content-type",
                              SLICE("application/x-www-form-urlencoded"));
    request.body[0] = buf_slice(form);
    request.body_count = 1;
    if (buf_rc(form) || a->failed)
        return fault_nomem(why);
    int rc = loop_pool_take(&h->pool, &loop, why);
    if (rc < 0)
        return rc;
    rc = fetch(loop, &h->reach, &request, &got, why);
    loop_pool_give(&h->pool, loop);
    struct json answer = json_of(buf_slice(&got.body));
    struct slice link = json_string(json_get(answer, "url"), a);
    if (rc < 0)
        return rc;
    if (got.status != 200)
        return fault_set(why, AIGNE_E_UPSTREAM, "Stripe answered with HTTP status %d.",
                         got.status);
    struct json_writer w = json_writer(json);
    json_open_object(&w);
    json_member_string_opt(&w, "id", json_string(json_get(answer, "id"), a));
    json_member_string_opt(&w, "url", link);
    json_close_object(&w);
    return buf_rc(json) ? fault_nomem(why) : AIGNE_OK;
}

int payment_do(struct aigne_hub *h, struct slice arguments, struct buf *json, struct fault *why)
{
    struct arena a AUTO(arena_wipe_free);
    struct payment_account account AUTO(payment_close);
    struct buf form AUTO(buf_free);
    struct json_problem problem;
    decimal_wide credits = 0;
    arena_init(&a);
    buf_init(&form, 65536);
    buf_init(&account.secrets, 0);
    if (json_check(arguments, &problem))
        return fault_set(why, AIGNE_E_REQUEST, "The arguments are not JSON.");
    struct json given = json_of(arguments);
    int rc = arguments_check(schema, given, why);
    if (rc < 0)
        return rc;
    struct json amount = json_get(given, "amount");
    struct slice text = amount.kind == JSON_STRING ? json_string(amount, &a) : amount.raw;
    if (!decimal_parse(text, DECIMAL_AMOUNT_DIGITS, &credits) || credits == 0 ||
        credits > INT64_MAX)
        return fault_field(why, AIGNE_E_REQUEST, "amount", "\"amount\" must be credits.");
    rc = payment_open(h->hub, SLICE("stripe"), &a, &account, why);
    if (rc < 0)
        return rc;
    put_form(&form, &account, given, text, cents_of(credits, account.credit_price), &a);
    return ask_stripe(h, &account, &form, &a, json, why);
}
