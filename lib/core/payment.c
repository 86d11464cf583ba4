/* Knows how buyers are led to Stripe and how a payment's event comes in; refuses to know what it grants. */
#include "core/payment.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/exchange.h"
#include "core/fetch.h"
#include "hub/billing.h"
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
                VERB_TEXT("team", "or of the team"), VERB_RATE("amount", "how many credits"),
                VERB_FLAG("save", "let Stripe keep the customer and the card, for top-ups"));

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
    bool save = false;
    (void)json_bool(json_get(given, "save"), &save);
    put_field(form, "customer_creation", save ? SLICE("always") : SLICE(""));
    put_field(form, "payment_intent_data[setup_future_usage]",
              save ? SLICE("off_session") : SLICE(""));
}

/* A request is done once for each id; .p NULL: it may be done again. */
static int ask_stripe(struct aigne_hub *h, const struct payment_account *p, const char *path,
                      struct buf *form, struct slice once, struct arena *a, struct fetched *got,
                      struct fault *why)
{
    struct aigne_loop *loop = NULL;
    const struct slice url[] = {p->url.n ? p->url : SLICE("https://api.stripe.com"),
                                slice_text(path)};
    const struct slice bearer[] = {SLICE("Bearer "), p->secret_key};
    struct http_request request = {.method = "POST", .url = arena_join(a, url, 2)};
    (void)http_request_header(&request, "authorization", arena_join(a, bearer, 2));
    (void)http_request_header(&request, "content-type",
                              SLICE("application/x-www-form-urlencoded"));
    if (once.p)
        (void)http_request_header(&request, "idempotency-key", once);
    request.body[0] = buf_slice(form);
    request.body_count = 1;
    if (buf_rc(form) || a->failed)
        return fault_nomem(why);
    int rc = loop_pool_take(&h->pool, &loop, why);
    if (rc < 0)
        return rc;
    rc = fetch(loop, &h->reach, &request, got, why);
    loop_pool_give(&h->pool, loop);
    return rc;
}

static int check_out(struct aigne_hub *h, const struct payment_account *p, struct buf *form,
                     struct arena *a, struct buf *json, struct fault *why)
{
    struct fetched got AUTO(fetched_free);
    fetched_init(&got);
    int rc = ask_stripe(h, p, "/v1/checkout/sessions", form, SLICE_NONE, a, &got, why);
    if (rc < 0)
        return rc;
    if (got.status != 200)
        return fault_set(why, AIGNE_E_UPSTREAM, "Stripe answered with HTTP status %d.",
                         got.status);
    struct json answer = json_of(buf_slice(&got.body));
    struct json_writer w = json_writer(json);
    json_open_object(&w);
    json_member_string_opt(&w, "id", json_string(json_get(answer, "id"), a));
    json_member_string_opt(&w, "url", json_string(json_get(answer, "url"), a));
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
    return check_out(h, &account, &form, &a, json, why);
}

/* ---- purchases that nobody need ask for ---- */

struct top_up {
    struct desk_job out;
    struct aigne_hub *hub;
    bool team; /* whose account it is */
    char account[RANDOM_ID_SIZE * 2];
};

static int tell(const struct top_up *t, const char *verb, struct slice id, struct slice credits,
                const char *flag, bool set, struct buf *reply)
{
    struct buf arguments AUTO(buf_free);
    struct fault ignored;
    struct slice account = slice_text(t->account);
    buf_init(&arguments, 4096);
    fault_clear(&ignored);
    struct json_writer w = json_writer(&arguments);
    json_open_object(&w);
    json_member_string(&w, t->team ? "team" : "user", account);
    json_member_string_opt(&w, "id", id);
    json_member_string_opt(&w, "credits", credits);
    if (flag)
        json_member_bool(&w, flag, set);
    json_close_object(&w);
    return buf_rc(&arguments) ? AIGNE_E_NOMEM
                              : hub_do_as(t->hub->hub, SLICE("top-up"), verb,
                                          buf_slice(&arguments), reply, &ignored);
}

/* What was begun and not ended is tried again under the same id, for which Stripe pays once. */
static void buy(struct top_up *t, struct json due, struct arena *a)
{
    struct payment_account p AUTO(payment_close);
    struct buf form AUTO(buf_free);
    struct fetched got AUTO(fetched_free);
    struct buf reply AUTO(buf_free);
    struct fault why;
    decimal_wide credits = 0;
    char digits[24];
    fault_clear(&why);
    fetched_init(&got);
    buf_init(&reply, 65536);
    buf_init(&form, 65536);
    struct slice id = json_string(json_get(due, "id"), a);
    struct slice amount = json_string(json_get(due, "amount"), a);
    int rc = payment_open(t->hub->hub, SLICE("stripe"), a, &p, &why);
    if (rc < 0 || !decimal_parse(amount, DECIMAL_AMOUNT_DIGITS, &credits))
        return;
    (void)snprintf(digits, sizeof digits, "%lld", (long long)cents_of(credits, p.credit_price));
    const struct slice fields[][2] = {
        {SLICE("amount"), slice_text(digits)},
        {SLICE("currency"), p.currency.n ? p.currency : SLICE("usd")},
        {SLICE("customer"), json_string(json_get(due, "customer"), a)},
        {SLICE("payment_method"), json_string(json_get(due, "paymentMethod"), a)},
        {SLICE("off_session"), SLICE("true")},
        {SLICE("confirm"), SLICE("true")},
        {SLICE("metadata[user]"), t->team ? SLICE("") : slice_text(t->account)},
        {SLICE("metadata[team]"), t->team ? slice_text(t->account) : SLICE("")},
        {SLICE("metadata[credits]"), amount},
        {SLICE("metadata[topUp]"), id}};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        put_field(&form, fields[i][0].p, fields[i][1]);
    rc = ask_stripe(t->hub, &p, "/v1/payment_intents", &form, id, a, &got, &why);
    struct json answer = json_of(buf_slice(&got.body));
    struct slice payment = json_string(json_get(answer, "id"), a);
    bool paid =
        rc >= 0 && got.status == 200 && json_string_is(json_get(answer, "status"), "succeeded");
    bool refused = rc >= 0 && !paid && got.status < 500 && got.status != 409 &&
                   got.status != 429 &&
                   !json_string_is(json_get(answer, "status"), "processing");
    log_line(paid ? LOG_INFO : LOG_WARNING, "payment", "top-up of %s: HTTP status %d%s",
             t->account, got.status, paid ? ", paid" : "");
    const struct slice name[] = {SLICE("stripe-"), payment};
    if (paid && tell(t, "payment.note", arena_join(a, name, 2), amount, "bought", true, &reply))
        return;
    if (paid || refused)
        (void)tell(t, "topup.end", id, SLICE_NONE, "paid", paid, &reply);
}

static void top_up(struct desk_job *self)
{
    struct top_up *t = LIST_OWNER(self, struct top_up, out);
    struct arena a AUTO(arena_wipe_free);
    struct buf due AUTO(buf_free);
    arena_init(&a);
    buf_init(&due, 65536);
    if (!tell(t, "topup.begin", SLICE_NONE, SLICE_NONE, NULL, false, &due))
        buy(t, json_of(buf_slice(&due)), &a);
    mem_free(t);
}

void payment_top_up(struct aigne_call *call, struct slice account, int64_t left)
{
    struct aigne_hub *h = call->hub;
    const struct store_object *object = catalog_object(call->catalog, TABLE_TOPUP, account);
    int64_t now_ms = clock_monotonic_us() / 1000;
    int64_t below = 0;
    struct fault ignored;
    if (!object || account.n >= sizeof((struct top_up *)0)->account)
        return;
    struct slice text = json_get(json_of(object->body), "below").raw;
    _Atomic int64_t *rest = &h->topup_ms[(unsigned char)account.p[account.n - 1] % 16];
    int64_t until = atomic_load(rest);
    if (text.n < 2 || !billing_amount(slice_of(text.p + 1, text.n - 2), &below) ||
        left >= below || now_ms < until ||
        !atomic_compare_exchange_strong(rest, &until, now_ms + 500))
        return;
    struct top_up *t = mem_alloc_zero(sizeof *t);
    if (!t)
        return;
    *t = (struct top_up){.out = {.run = top_up},
                         .hub = h,
                         .team = catalog_object(call->catalog, TABLE_TEAM, account) != NULL};
    fault_copy(t->account, sizeof t->account, account);
    fault_clear(&ignored);
    if (desk_submit(&h->verbs, &t->out, &ignored))
        mem_free(t);
}
