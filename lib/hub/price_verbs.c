/* Knows the verbs about many rates at once and about past ones; refuses to know where lists come from. */
#include "hub/price_verbs.h"
#include "store/moment.h"
#include <aignehub/aignehub.h>

enum { PAGE = 50, PAGE_LARGEST = 1000 };

int price_history_here(struct verb_call *v)
{
    if (v->hub->type->rate_history)
        return AIGNE_OK;
    v->why->http = 400;
    return fault_set(v->why, AIGNE_E_REQUEST, "This hub's store keeps no history of rates.");
}

int rate_choice_read(struct verb_call *v, struct rate_choice *out)
{
    int rc = verb_provider(v, "provider", &out->provider);
    if (!rc)
        rc = verb_name(v, "model", &out->model);
    if (!rc)
        rc = verb_name(v, "type", &out->type);
    out->type = kind_canonical(out->type);
    return rc;
}

bool rate_chosen(const struct rate_choice *c, const struct catalog_rate *rate)
{
    return (!c->provider.p || slice_eq(c->provider, rate->provider)) &&
           (!c->model.p || slice_eq(c->model, rate->model)) &&
           (!c->type.p || slice_eq(c->type, rate->type));
}

/* ---- rate.history ---- */

static void write_body(struct json_writer *w, const char *name, struct slice body)
{
    json_member_raw_opt(w, name, body.n ? body : SLICE_NONE);
}

static void write_record(struct json_writer *w, const struct rate_record *r)
{
    json_open_object(w);
    json_member_string(w, "provider", r->provider);
    json_member_string(w, "model", r->model);
    json_member_string(w, "type", r->type);
    json_member_string(w, "kind", r->kind);
    json_member_string_opt(w, "who", r->who.n ? r->who : SLICE_NONE);
    json_member_string_opt(w, "note", r->note.n ? r->note : SLICE_NONE);
    moment_member(w, "createdAt", r->at_ms);
    moment_member(w, "since", r->since_ms);
    write_body(w, "before", r->before);
    write_body(w, "after", r->after);
    json_close_object(w);
}

static int rate_history(struct verb_call *v)
{
    struct rate_choice choice;
    struct rate_record *records = NULL;
    size_t count = 0;
    int64_t page = 1;
    struct rate_query query = {.most = PAGE};
    int rc = price_history_here(v);
    if (!rc)
        rc = rate_choice_read(v, &choice);
    if (!rc)
        rc = verb_whole(v, "page", 1, INT32_MAX, &page);
    if (!rc)
        rc = verb_whole(v, "pageSize", PAGE, PAGE_LARGEST, &query.most);
    if (rc)
        return rc;
    query.provider = choice.provider;
    query.model = choice.model;
    query.type = choice.type;
    query.skip = (page - 1) * query.most;
    rc = v->hub->type->rate_history(v->hub->store, v->arena, &query, &records, &count, v->why);
    if (rc)
        return rc;
    json_open_object(&v->w);
    json_key(&v->w, "list");
    json_open_array(&v->w);
    for (size_t i = 0; i < count; i++)
        write_record(&v->w, &records[i]);
    json_close_array(&v->w);
    json_close_object(&v->w);
    return AIGNE_OK;
}

/* ---- rate.margin ---- */

static void member_rate(struct json_writer *w, const char *name, decimal_wide rate)
{
    if (rate >= 0)
        json_member_decimal(w, name, rate, DECIMAL_RATE_DIGITS);
}

void price_write_change(struct json_writer *w, const struct rate_change *c,
                        const struct price *old, const char *change)
{
    json_open_object(w);
    if (change)
        json_member_text(w, "change", change);
    if (c->old)
        json_member_string(w, "id", c->old->id);
    json_member_string(w, "provider", c->provider);
    json_member_string(w, "model", c->model);
    json_member_string(w, "type", c->type);
    member_rate(w, "oldInputRate", old->part[PRICE_INPUT]);
    member_rate(w, "newInputRate", c->rates.base.part[PRICE_INPUT]);
    member_rate(w, "oldOutputRate", old->part[PRICE_OUTPUT]);
    member_rate(w, "newOutputRate", c->rates.base.part[PRICE_OUTPUT]);
    json_close_object(w);
}

static bool costs_known(const struct price_list *costs)
{
    decimal_wide sum = 0;
    for (int i = 0; i < PRICE_PARTS; i++)
        sum += costs->base.part[i] > 0;
    return sum > 0;
}

static int change_one(struct verb_call *v, const struct catalog_rate *rate,
                      const struct rate_margin *margin, int64_t counts[3])
{
    enum { UPDATED, UNCHANGED, SKIPPED };
    struct rate_change c;
    bool changed = false;
    enum chat_kind kind = KIND_CHAT;
    rate_change_begin(v, &c, rate->provider, rate->model, rate->type, "bulk_update");
    const struct price old = c.rates.base;
    (void)kind_parse(rate->type, &kind);
    if (!costs_known(&c.costs)) {
        counts[SKIPPED]++;
        return AIGNE_OK;
    }
    if (!rate_margin_list(margin, &c.costs, kind, v->arena, &c.rates))
        return v->arena->failed
                   ? fault_nomem(v->why)
                   : verb_refuse(v, "margin", "The rate of \"%.*s\" would be too large.",
                                 (int)rate->model.n, rate->model.p);
    int rc = rate_change_put(v, &c, &changed);
    counts[changed ? UPDATED : UNCHANGED]++;
    if (changed)
        price_write_change(&v->w, &c, &old, NULL);
    return rc;
}

static int rate_margin(struct verb_call *v)
{
    struct rate_choice choice;
    struct rate_margin margin;
    int64_t counts[3] = {0};
    int rc = rate_choice_read(v, &choice);
    if (!rc)
        rc = rate_margin_read(v, &margin);
    json_open_object(&v->w);
    json_key(&v->w, "summary");
    json_open_array(&v->w);
    for (size_t i = 0; i < v->catalog->rate_count && !rc; i++)
        if (rate_chosen(&choice, &v->catalog->rates[i]))
            rc = change_one(v, &v->catalog->rates[i], &margin, counts);
    if (rc)
        return rc;
    json_close_array(&v->w);
    json_member_int(&v->w, "updated", counts[0]);
    json_member_int(&v->w, "unchanged", counts[1]);
    json_member_int(&v->w, "skipped", counts[2]);
    json_member_decimal(&v->w, "margin", margin.margin, 6);
    json_member_amount(&v->w, "creditPrice", margin.price);
    json_member_bool(&v->w, "dryRun", verb_flag(v, "dryRun", false));
    json_close_object(&v->w);
    if (verb_flag(v, "dryRun", false))
        v->op_count = 0;
    return AIGNE_OK;
}

#define CHOICE                                                                                 \
    VERB_JOIN(VERB_TEXT("provider", "of this provider only"),                                  \
              VERB_TEXT("model", "of this model only, by the provider's own name"),            \
              VERB_TEXT("type", "of this type only"))
#define DRY_RUN VERB_FLAG("dryRun", "only tell what would change")
#define MARGIN                                                                                 \
    VERB_JOIN(                                                                                 \
        VERB_RATE("margin", "on top of the cost: 0.2 is a fifth"),                             \
        VERB_RATE("profitMargin", "the same in percent: 20"),                                  \
        VERB_RATE("creditPrice", "dollars that a credit costs; the settings' when absent"))

#define LIST                                                                                   \
    VERB_JOIN(                                                                                 \
        VERB_CHOICE("source", "\"shipped\",\"body\",\"file\",\"url\"",                         \
                    "where the list is; it is found out when absent"),                         \
        VERB_NAMED("body", "\"type\":[\"object\",\"array\",\"null\"]", "the list itself"),     \
        VERB_TEXT("file", "its path"), VERB_TEXT("url", "its address"),                        \
        VERB_CHOICE("format",                                                                  \
                    "\"aignehub\",\"litellm\",\"openrouter\",\"models.dev\","                  \
                    "\"genai-prices\",\"aigne\"",                                              \
                    "it is found out when absent"),                                            \
        VERB_TEXT("provider", "of this provider only"))

static const struct verb verbs[] = {
    {{"catalog.import",
      VERB_OPTIONAL(
          LIST, MARGIN,
          VERB_FLAG("applyRates", "make the rates of what is there already anew, too"),
          VERB_FLAG("create", "make rates for what is not there yet; true when absent"),
          VERB_FLAG("deprecateUnmatched", "deprecate chat models that it has no more"),
          VERB_FLAG("free", "also what the list says is free"),
          VERB_TEXT("note", "why, for the history"), DRY_RUN),
      "Take costs over from a public list of models, and make rates of them."},
     true,
     catalog_import},
    {{"catalog.drift",
      VERB_OPTIONAL(LIST, VERB_FLAG("free", "also what the list says is free"),
                    VERB_NUMBER("percent", "so much is no difference; 2 when absent"),
                    VERB_FLAG("raise", "raise what is below its cost; nothing is ever lowered"),
                    VERB_FLAG("record", "note what is found in the history of the rates"),
                    DRY_RUN),
      "Compare rates, in dollars, with a public list, or with the costs that were noted."},
     true,
     catalog_drift},
    {{"rate.margin", VERB_OPTIONAL(CHOICE, MARGIN, DRY_RUN),
      "Make rates from costs: cost x (1 + margin) / price of a credit, of all that have a cost."},
     true,
     rate_margin},
    {{"rate.history",
      VERB_OPTIONAL(CHOICE, VERB_PAGE,
                    VERB_NUMBER("pageSize", "how many on a page; 50 when absent")),
      "List the changes of rates, the newest first: who, when, why, from what to what."},
     false,
     rate_history},
    {{"rate.rerate",
      VERB_SCHEMA("\"from\"", VERB_TIME("from", "calls begun at or after this time"),
                  VERB_TIME("to", "calls begun before this time; now when absent"),
                  VERB_TEXT("provider", "of this provider only"),
                  VERB_TEXT("model", "of this model only, by the provider's own name"),
                  VERB_FLAG("current", "by the rates of now, whatever the history says"),
                  VERB_TEXT("note", "why, for the transactions"), DRY_RUN),
      "Compute again what paid calls cost by the rates that should have counted, and book the "
      "difference, once."},
     true,
     rate_rerate}};

const struct verb_table price_verbs = {verbs, sizeof verbs / sizeof *verbs};
