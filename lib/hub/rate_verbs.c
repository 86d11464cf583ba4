/* Knows the verbs that set and show rates; refuses to know what is charged. */
#include "hub/fit.h"
#include "hub/rate_change.h"
#include <aignehub/aignehub.h>

static int refuse_price(struct verb_call *v, const char *name, struct slice part)
{
    return verb_refuse(
        v, name,
        "Argument \"%s\": \"%.*s\" is no part of a price, or is not a decimal from "
        "0 up with at most %d digits after the point.",
        name, (int)(part.n < 40 ? part.n : 40), part.p, DECIMAL_RATE_DIGITS);
}

/* A rate that is a member of its own, under the name it has as a part of a price. */
static int read_one(struct verb_call *v, struct json given, const char *name,
                    decimal_wide *part)
{
    decimal_wide rate = 0;
    if (!json_present(given))
        return AIGNE_OK;
    struct slice text = given.kind == JSON_STRING ? json_string(given, v->arena) : given.raw;
    if (!decimal_parse(text, DECIMAL_RATE_DIGITS, &rate) || rate / PRICE_LARGEST > 0)
        return verb_refuse(
            v, name,
            "Argument \"%s\" must be credits per token from 0 up, with at most %d "
            "digits after the point.",
            name, DECIMAL_RATE_DIGITS);
    *part = rate;
    return AIGNE_OK;
}

/* Null removes them. */
static int read_caching(struct verb_call *v, struct price *p)
{
    static const char *const names[] = {"readRate", "writeRate", "write1hRate"};
    struct json given = json_get(v->arguments, "caching");
    int rc = AIGNE_OK;
    for (int i = 0; i < 3 && given.kind != JSON_NONE && !rc; i++) {
        p->part[PRICE_READ + i] = -1;
        rc = read_one(v, json_get(given, names[i]), names[i], &p->part[PRICE_READ + i]);
    }
    return rc;
}

/* All parts from `first` on at once. */
static int read_parts(struct verb_call *v, const char *name, int first, struct price *p)
{
    struct json given = json_get(v->arguments, name);
    if (given.kind == JSON_NONE)
        return AIGNE_OK;
    for (int i = first; i < PRICE_PARTS; i++)
        p->part[i] = -1;
    struct slice bad = price_read(given, p);
    return bad.p ? refuse_price(v, name, bad) : AIGNE_OK;
}

static int read_side(struct verb_call *v, struct json tier, const char *name,
                     const struct price_tier *conditions, struct price_list *to)
{
    struct json given = json_get(tier, name);
    if (given.kind != JSON_OBJECT)
        return AIGNE_OK;
    struct price_tier *t = &to->tiers[to->tier_count++];
    *t = *conditions;
    struct slice bad = price_read(given, &t->price);
    return bad.p ? refuse_price(v, "tiers", bad) : AIGNE_OK;
}

static int read_tier(struct verb_call *v, struct json tier, struct rate_change *c)
{
    static const char *const names[] = {"above", "service", "since", "until",
                                        "from",  "to",      "rates", "costs"};
    struct price_tier conditions;
    struct json_walk w = json_walk(tier);
    const char *bad = tier.kind == JSON_OBJECT ? price_tier_read(tier, v->arena, &conditions)
                                               : "an item that is no object";
    while (!bad && json_next(&w)) {
        size_t i = 0;
        while (i < 8 && !json_key_is(&w, names[i]))
            i++;
        bad = i < 8 ? NULL : arena_copy(v->arena, w.key).p;
    }
    if (bad)
        return verb_refuse(
            v, "tiers",
            "Argument \"tiers\": \"%.40s\" is not understood; a tier has above, "
            "service (batch, flex, priority, standard), since, until, from and to "
            "(HH:MM, UTC), rates and costs.",
            bad);
    int rc = read_side(v, tier, "rates", &conditions, &c->rates);
    return rc ? rc : read_side(v, tier, "costs", &conditions, &c->costs);
}

static int read_tiers(struct verb_call *v, struct rate_change *c)
{
    struct json given = json_get(v->arguments, "tiers");
    size_t count = given.kind == JSON_ARRAY ? json_count(given) : 0;
    int rc = AIGNE_OK;
    if (given.kind == JSON_NONE)
        return AIGNE_OK;
    if (count > PRICE_TIERS_LARGEST)
        return verb_refuse(v, "tiers", "Argument \"tiers\" has more than %d items.",
                           PRICE_TIERS_LARGEST);
    c->rates.tier_count = c->costs.tier_count = 0;
    c->rates.tiers = arena_array(v->arena, count + 1, sizeof *c->rates.tiers);
    c->costs.tiers = arena_array(v->arena, count + 1, sizeof *c->costs.tiers);
    if (v->arena->failed)
        return fault_nomem(v->why);
    struct json_walk w = json_walk(given);
    while (!rc && count && json_next(&w))
        rc = read_tier(v, w.value, c);
    return rc;
}

static int read_prices(struct verb_call *v, struct rate_change *c)
{
    struct price *p = &c->rates.base;
    int rc = read_one(v, verb_json(v, "inputRate"), "inputRate", &p->part[PRICE_INPUT]);
    if (!rc)
        rc = read_one(v, verb_json(v, "outputRate"), "outputRate", &p->part[PRICE_OUTPUT]);
    if (!rc)
        rc = read_caching(v, p);
    if (!rc)
        rc = read_parts(v, "rates", PRICE_REASONING, p);
    if (!rc)
        rc = read_parts(v, "unitCosts", PRICE_INPUT, &c->costs.base);
    return rc ? rc : read_tiers(v, c);
}

static int read_triple(struct verb_call *v, struct slice *provider, struct slice *model,
                       struct slice *type)
{
    int rc = verb_provider(v, "provider", provider);
    if (!rc)
        rc = verb_name(v, "model", model);
    if (!rc)
        rc = verb_name(v, "type", type);
    if (!rc && !type->p)
        *type = SLICE("chat");
    return rc;
}

/* Since when it should have counted: what was charged meanwhile can be put right by rate.rerate. */
static int read_since(struct verb_call *v, struct rate_change *c)
{
    struct slice note = SLICE_NONE;
    int rc = verb_moment(v, "since", &c->since_ms);
    if (!rc && c->since_ms > v->now_ms)
        rc = verb_refuse(
            v, "since",
            "Argument \"since\" must not be to come; a price to come is a tier with "
            "\"since\".");
    if (!rc)
        rc = verb_name(v, "note", &note);
    if (note.p)
        c->note = note;
    return rc;
}

static int rate_put(struct verb_call *v)
{
    struct slice provider = SLICE_NONE;
    struct slice model = SLICE_NONE;
    struct slice type = SLICE_NONE;
    struct rate_change c;
    int rc = read_triple(v, &provider, &model, &type);
    if (rc)
        return rc;
    rate_change_begin(v, &c, provider, model, type, "manual_update");
    rc = read_prices(v, &c);
    if (!rc)
        rc = read_since(v, &c);
    if (!rc)
        rc = fit_check(verb_json(v, "modelMetadata"), v->why);
    if (rc)
        return rc;
    struct json deprecated = verb_json(v, "deprecated");
    if (deprecated.kind != JSON_NONE)
        c.deprecated = verb_flag(v, "deprecated", false) ? SLICE("true") : VERB_NULL;
    bool input = c.rates.base.part[PRICE_INPUT] >= 0;
    if (!input || c.rates.base.part[PRICE_OUTPUT] < 0)
        return verb_refuse(v, input ? "outputRate" : "inputRate",
                           "A new rate needs \"inputRate\" and \"outputRate\": credits for "
                           "a token, or what its type counts.");
    c.display = json_get(v->arguments, "modelDisplay").raw;
    c.description = json_get(v->arguments, "description").raw;
    c.metadata = json_get(v->arguments, "modelMetadata").raw;
    return rate_change_reply(v, &c);
}

/* By "id", or by "provider", "model" and "type". */
static int find(struct verb_call *v, const struct store_object **out)
{
    struct slice id = SLICE_NONE;
    struct slice provider = SLICE_NONE;
    struct slice model = SLICE_NONE;
    struct slice type = SLICE_NONE;
    int rc = verb_name(v, "id", &id);
    if (!rc)
        rc = read_triple(v, &provider, &model, &type);
    if (rc)
        return rc;
    if (!id.p && (!provider.p || !model.p))
        return verb_refuse(v, "id", "Say which rate: \"id\", or \"provider\" and \"model\".");
    *out = id.p ? catalog_object(v->catalog, TABLE_RATE, id)
                : catalog_rate_object(v->catalog, provider, model, type);
    return *out ? AIGNE_OK : verb_missing(v, "rate", id.p ? id : model);
}

static int rate_get(struct verb_call *v)
{
    return verb_show(v, find, NULL);
}

/* Names with commas between them; none at all: any. */
static bool is_among(struct slice name, struct slice names)
{
    struct slice rest = names;
    bool found = !names.n;
    while (rest.n && !found) {
        size_t n = slice_find_byte(rest, ',');
        found = slice_eq(name, slice_of(rest.p, n));
        rest = slice_from(rest, n < rest.n ? n + 1 : n);
    }
    return found;
}

static bool asked_for(struct verb_call *v, struct json body)
{
    static const char *const names[] = {"provider", "model", "type"};
    bool deprecated = false;
    if (json_bool(json_get(body, "deprecated"), &deprecated) &&
        !verb_flag(v, "includeDeprecated", false))
        return false;
    for (size_t i = 0; i < 3; i++) {
        struct hub_provider_facts facts;
        struct slice wanted = verb_text(v, names[i]);
        if (!wanted.p)
            continue;
        if (i == 0 && catalog_facts(v->catalog, wanted, &facts))
            wanted = facts.name;
        struct slice its = json_string(json_get(body, names[i]), v->arena);
        if (!its.p || !slice_eq(its, wanted))
            return false;
    }
    struct slice part = verb_text(v, "search");
    struct slice model = json_string(json_get(body, "model"), v->arena);
    return is_among(json_string(json_get(body, "provider"), v->arena),
                    verb_text(v, "providers")) &&
           (!part.n || slice_find(model, part) < model.n);
}

static int rate_list(struct verb_call *v)
{
    struct slice provider = SLICE_NONE;
    int rc = verb_provider(v, "provider", &provider);
    return rc ? rc : verb_list(v, TABLE_RATE, asked_for, NULL);
}

static int rate_delete(struct verb_call *v)
{
    const struct store_object *object = NULL;
    int rc = find(v, &object);
    return object ? rate_change_drop(v, object) : rc;
}

#define PROVIDER_TEXT VERB_TEXT("provider", "who serves the model")
#define MODEL_TEXT    VERB_TEXT("model", "the provider's own name for the model")
#define TYPE_TEXT                                                                              \
    VERB_CHOICE("type",                                                                        \
                "\"chat\",\"embedding\",\"image\",\"imageGeneration\",\"image_generation\","   \
                "\"video\",\"speech\",\"transcription\",\"audio\"",                            \
                "what the model does; chat when absent")
#define FIND_SCHEMA                                                                            \
    VERB_OPTIONAL(VERB_TEXT("id", "its id"), PROVIDER_TEXT, MODEL_TEXT, TYPE_TEXT)
#define CACHING_PARTS                                                                          \
    VERB_JOIN(VERB_RATE("readRate", "credits per token read from a cache"),                    \
              VERB_RATE("writeRate", "credits per token written to a cache"),                  \
              VERB_RATE("write1hRate", "credits per token written to a cache for an hour"))

static const struct verb verbs[] = {
    {{"rate.put",
      VERB_SCHEMA(
          "\"provider\",\"model\"",
          VERB_JOIN(
              PROVIDER_TEXT, MODEL_TEXT, TYPE_TEXT,
              VERB_RATE("inputRate", "credits for a token of the prompt; a character of "
                                     "speech, a second of a transcription"),
              VERB_RATE("outputRate",
                        "credits for a token of the answer, an image or a second of video"),
              VERB_PARTS("caching", "\"null\"", CACHING_PARTS,
                         "rates of cached tokens; charged as input without"),
              VERB_OBJECT_OR_NULL(
                  "rates", "credits for other parts: reasoning, audioInput, audioOutput, "
                           "imageInput, imageOutput, image, second, character, request"),
              VERB_OBJECT_OR_NULL("unitCosts",
                                  "what the provider asks, in dollars: input, output, "
                                  "cachedRead, cachedWrite, cachedWrite1h, and those of "
                                  "rates"),
              VERB_NAMED(
                  "tiers", "\"type\":[\"array\",\"null\"]",
                  "other prices under conditions, each with some of above (tokens of the "
                  "prompt), service, since, until, from, to, and rates or costs by part")),
          VERB_TIME("since",
                    "since when it should have counted, for rate.rerate; now when absent"),
          VERB_FLAG("deprecated", "offered no more"), VERB_TEXT("note", "why, for the history"),
          VERB_TEXT_OR_NULL("modelDisplay", "what people call the model"),
          VERB_TEXT_OR_NULL("description", "a note"),
          VERB_OBJECT_OR_NULL(
              "modelMetadata",
              "what the model can do: features (tools, vision, thinking, audio, video, "
              "files, structuredOutput, prefill, text), maxTokens, contextWindow")),
      "Set what a model costs, or change what is mentioned of it."},
     true,
     rate_put},
    {{"rate.get", FIND_SCHEMA, "Show a rate."}, false, rate_get},
    {{"rate.list",
      VERB_OPTIONAL(PROVIDER_TEXT, MODEL_TEXT, TYPE_TEXT,
                    VERB_TEXT("providers", "of these: names with commas between them"),
                    VERB_TEXT("search", "this is in the model's name"),
                    VERB_FLAG("includeDeprecated", "also deprecated ones"), VERB_PAGE,
                    VERB_PAGE_SIZE),
      "List rates."},
     false,
     rate_list},
    {{"rate.delete", FIND_SCHEMA, "Remove a rate."}, true, rate_delete}};

const struct verb_table rate_verbs = {verbs, sizeof verbs / sizeof *verbs};
