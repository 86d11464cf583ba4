/* Knows how a rate's body is written and that each change is remembered; refuses to know why one is made. */
#include "hub/rate_change.h"
#include "base/mem.h"
#include <aignehub/aignehub.h>

enum { PRICES_LARGEST = 65536, MILLION = 1000000, THOUSAND = 1000 };

void rate_change_begin(struct verb_call *v, struct rate_change *c, struct slice provider,
                       struct slice model, struct slice type, const char *kind)
{
    *c = (struct rate_change){.provider = provider,
                              .model = model,
                              .type = type,
                              .old = catalog_rate_object(v->catalog, provider, model, type),
                              .kind = kind,
                              .who = v->who,
                              .note = SLICE("")};
    struct json body = json_of(c->old ? c->old->body : SLICE("{}"));
    price_list_read(body, PRICE_RATES, v->arena, &c->rates);
    price_list_read(body, PRICE_COSTS, v->arena, &c->costs);
}

/* ---- the body ---- */

static struct slice kept(struct verb_call *v, const struct buf *json)
{
    struct slice copy = buf_rc(json) ? SLICE_NONE : arena_copy(v->arena, buf_slice(json));
    v->arena->failed = v->arena->failed || !copy.p;
    return copy;
}

static struct slice decimal_json(struct verb_call *v, decimal_wide value)
{
    struct buf json AUTO(buf_free);
    buf_init(&json, PRICES_LARGEST);
    BUF_LITERAL(&json, "\"");
    decimal_write(&json, value < 0 ? 0 : value, DECIMAL_RATE_DIGITS);
    BUF_LITERAL(&json, "\"");
    return kept(v, &json);
}

/* The parts from `first` up to `end`, which have names of their own in "caching". "null": none is there. */
static struct slice parts_json(struct verb_call *v, const struct price *p, int first, int end)
{
    static const char *const caching[] = {[PRICE_READ] = "readRate",
                                          [PRICE_WRITE] = "writeRate",
                                          [PRICE_WRITE_1H] = "write1hRate"};
    struct buf json AUTO(buf_free);
    buf_init(&json, PRICES_LARGEST);
    struct json_writer w = json_writer(&json);
    bool any = false;
    json_open_object(&w);
    for (int i = first; i < end; i++) {
        if (p->part[i] < 0)
            continue;
        any = true;
        json_member_raw(&w, end == PRICE_REASONING ? caching[i] : price_part_name(i),
                        decimal_json(v, p->part[i]));
    }
    json_close_object(&w);
    return any ? kept(v, &json) : VERB_NULL;
}

static struct slice tiers_json(struct verb_call *v, const struct rate_change *c)
{
    struct buf json AUTO(buf_free);
    buf_init(&json, PRICES_LARGEST);
    struct json_writer w = json_writer(&json);
    json_open_object(&w);
    price_tiers_write(&w, &c->rates, &c->costs);
    json_close_object(&w);
    struct slice tiers = json_get(json_of(kept(v, &json)), "tiers").raw;
    return tiers.p ? tiers : VERB_NULL;
}

static struct slice body_of(struct verb_call *v, const struct rate_change *c)
{
    const struct price *p = &c->rates.base;
    bool gone = slice_is(c->deprecated, "true");
    const struct verb_member members[] = {
        {"provider", verb_quote(v, c->provider)},
        {"model", verb_quote(v, c->model)},
        {"type", verb_quote(v, c->type)},
        {"inputRate", decimal_json(v, p->part[PRICE_INPUT])},
        {"outputRate", decimal_json(v, p->part[PRICE_OUTPUT])},
        {"caching", parts_json(v, p, PRICE_READ, PRICE_REASONING)},
        {"rates", parts_json(v, p, PRICE_REASONING, PRICE_PARTS)},
        {"unitCosts", parts_json(v, &c->costs.base, PRICE_INPUT, PRICE_PARTS)},
        {"tiers", tiers_json(v, c)},
        {"source", c->source},
        {"deprecated", c->deprecated},
        {"deprecatedAt", gone ? verb_number(v, v->now_ms) : c->deprecated},
        {"deprecatedReason", gone ? verb_quote(v, c->note) : c->deprecated},
        {"modelDisplay", c->display},
        {"description", c->description},
        {"modelMetadata", c->metadata}};
    return verb_body(v, c->old, members, sizeof members / sizeof *members);
}

/* ---- what is written ---- */

static int remember(struct verb_call *v, const struct rate_record *record)
{
    struct rate_record *r = arena_alloc(v->arena, sizeof *r);
    if (!r)
        return fault_nomem(v->why);
    *r = *record;
    return verb_add(v, (struct store_op){.kind = STORE_RATE,
                                         .rate = r,
                                         .expected_version = STORE_ANY_VERSION});
}

/* But for when it was written, and where its costs come from. */
static bool same_body(struct slice a, struct slice b)
{
    static const char *const names[] = {
        "inputRate", "outputRate",    "caching",     "rates",        "unitCosts",
        "tiers",     "modelMetadata", "description", "modelDisplay", "deprecated"};
    enum { NAMES = sizeof names / sizeof *names };
    struct json left[NAMES];
    struct json right[NAMES];
    json_pick(json_of(a), names, NAMES, left);
    json_pick(json_of(b), names, NAMES, right);
    for (int i = 0; i < NAMES; i++)
        if (!slice_eq(left[i].raw, right[i].raw))
            return false;
    return true;
}

static int put(struct verb_call *v, const struct rate_change *c, struct slice id,
               struct slice body)
{
    int rc = verb_put(v, TABLE_RATE, id, body, c->old ? c->old->version : STORE_ABSENT);
    return rc ? rc
              : remember(v, &(struct rate_record){.provider = c->provider,
                                                  .model = c->model,
                                                  .type = c->type,
                                                  .kind = slice_text(c->kind),
                                                  .who = c->who,
                                                  .note = c->note,
                                                  .before = c->old ? c->old->body : SLICE(""),
                                                  .after = body,
                                                  .at_ms = v->now_ms,
                                                  .since_ms =
                                                      c->since_ms ? c->since_ms : v->now_ms});
}

int rate_change_put(struct verb_call *v, const struct rate_change *c, bool *changed)
{
    struct slice body = body_of(v, c);
    if (!body.p)
        return fault_nomem(v->why);
    *changed = !c->old || c->since_ms || !same_body(c->old->body, body);
    return *changed ? put(v, c, c->old ? c->old->id : verb_new_id(v), body) : AIGNE_OK;
}

int rate_change_reply(struct verb_call *v, const struct rate_change *c)
{
    struct slice id = c->old ? c->old->id : verb_new_id(v);
    struct slice body = body_of(v, c);
    if (!body.p || !id.p)
        return fault_nomem(v->why);
    int rc = put(v, c, id, body);
    if (rc)
        return rc;
    verb_reply(v, id, body);
    json_close_object(&v->w);
    return AIGNE_OK;
}

int rate_change_drop(struct verb_call *v, const struct store_object *old)
{
    struct json body = json_of(old->body);
    int rc = verb_delete(v, old);
    return rc ? rc
              : remember(v, &(struct rate_record){
                                .provider = json_string(json_get(body, "provider"), v->arena),
                                .model = json_string(json_get(body, "model"), v->arena),
                                .type = json_string(json_get(body, "type"), v->arena),
                                .kind = SLICE("manual_update"),
                                .who = v->who,
                                .note = SLICE(""),
                                .before = old->body,
                                .after = SLICE(""),
                                .at_ms = v->now_ms,
                                .since_ms = v->now_ms});
}

int rate_change_note(struct verb_call *v, const struct catalog_rate *rate, const char *kind)
{
    return remember(v, &(struct rate_record){.provider = rate->provider,
                                             .model = rate->model,
                                             .type = rate->type,
                                             .kind = slice_text(kind),
                                             .who = v->who,
                                             .note = SLICE(""),
                                             .before = rate->body,
                                             .after = rate->body,
                                             .at_ms = v->now_ms,
                                             .since_ms = v->now_ms});
}

/* ---- margins ---- */

static int read_decimal(struct verb_call *v, const char *name, int digits, int64_t largest,
                        int64_t *out)
{
    decimal_wide value = 0;
    struct json given = verb_json(v, name);
    struct slice text = given.kind == JSON_STRING ? json_string(given, v->arena) : given.raw;
    if (given.kind == JSON_NONE)
        return AIGNE_OK;
    if (!decimal_parse(text, digits, &value) || value > largest)
        return verb_refuse(v, name,
                           "Argument \"%s\" must be a decimal from 0 up, with at most %d "
                           "digits after the point.",
                           name, digits);
    *out = (int64_t)value;
    return AIGNE_OK;
}

int rate_margin_read(struct verb_call *v, struct rate_margin *out)
{
    int64_t percent = -1;
    *out = (struct rate_margin){.price = v->catalog->billing.credit_price};
    int rc = read_decimal(v, "margin", 6, THOUSAND * (int64_t)MILLION, &out->margin);
    if (!rc)
        rc = read_decimal(v, "profitMargin", 4, THOUSAND * (int64_t)MILLION, &percent);
    if (!rc)
        rc = read_decimal(v, "creditPrice", DECIMAL_AMOUNT_DIGITS,
                          MILLION * (int64_t)1000000000, &out->price);
    if (!rc && out->price == 0)
        return verb_refuse(v, "creditPrice", "Argument \"creditPrice\" must be more than 0.");
    if (percent >= 0) /* hundredths of a hundredth are millionths too */
        out->margin = percent;
    return rc;
}

bool rate_margin_apply(const struct rate_margin *m, decimal_wide cost, decimal_wide *rate)
{
    decimal_wide scaled = 0;
    if (__builtin_mul_overflow(cost, (decimal_wide)(MILLION + m->margin) * THOUSAND, &scaled) ||
        __builtin_add_overflow(scaled, m->price / 2, &scaled))
        return false;
    *rate = scaled / m->price;
    return true;
}

static bool apply_all(const struct rate_margin *m, const struct price *costs, struct price *out)
{
    for (int i = 0; i < PRICE_PARTS; i++)
        if (costs->part[i] >= 0 && !rate_margin_apply(m, costs->part[i], &out->part[i]))
            return false;
    return true;
}

bool rate_margin_list(const struct rate_margin *m, const struct price_list *costs,
                      enum chat_kind kind, struct arena *a, struct price_list *rates)
{
    *rates = (struct price_list){
        .tiers =
            costs->tier_count ? arena_array(a, costs->tier_count, sizeof *rates->tiers) : NULL};
    price_clear(&rates->base);
    if (!apply_all(m, &costs->base, &rates->base))
        return false;
    price_canonical(&rates->base, kind, &costs->base);
    for (int i = PRICE_INPUT; i <= PRICE_OUTPUT; i++)
        if (rates->base.part[i] < 0)
            rates->base.part[i] = 0;
    for (size_t i = 0; rates->tiers && i < costs->tier_count; i++) {
        struct price_tier *t = &rates->tiers[rates->tier_count++];
        *t = costs->tiers[i];
        price_clear(&t->price);
        if (!apply_all(m, &costs->tiers[i].price, &t->price))
            return false;
        price_canonical(&t->price, kind, &costs->base);
    }
    return true;
}
