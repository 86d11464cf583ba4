/* Knows the verbs about rates; refuses to know what is charged. */
#include "base/mem.h"
#include "hub/fit.h"
#include "hub/verb.h"
#include "text/decimal.h"
#include <aignehub/aignehub.h>

/* A rate as canonical decimal text in JSON; .p NULL when absent. */
static int read_rate(struct verb_call *v, struct json value, const char *name,
                     struct slice *out)
{
    decimal_wide rate = 0;
    *out = SLICE_NONE;
    if (!json_present(value))
        return AIGNE_OK;
    struct slice text = value.kind == JSON_STRING ? json_string(value, v->arena) : value.raw;
    if (v->arena->failed)
        return fault_nomem(v->why);
    if (!decimal_parse(text, DECIMAL_RATE_DIGITS, &rate))
        return verb_refuse(
            v, name,
            "Argument \"%s\" must be credits per token from 0 up, with at most %d "
            "digits after the point.",
            name, DECIMAL_RATE_DIGITS);
    struct buf json AUTO(buf_free);
    buf_init(&json, 256);
    BUF_LITERAL(&json, "\"");
    decimal_write(&json, rate, DECIMAL_RATE_DIGITS);
    BUF_LITERAL(&json, "\"");
    if (buf_rc(&json))
        return fault_nomem(v->why);
    *out = arena_copy(v->arena, buf_slice(&json));
    return out->p ? AIGNE_OK : fault_nomem(v->why);
}

/* An object of two rates, each optional, such as "caching". Null removes it. */
static int read_pair(struct verb_call *v, const char *name, const char *const parts[2],
                     struct slice *out)
{
    struct json given = json_get(v->arguments, name);
    *out = given.raw;
    if (given.kind != JSON_OBJECT)
        return AIGNE_OK;
    struct buf json AUTO(buf_free);
    buf_init(&json, 1024);
    struct json_writer w = json_writer(&json);
    json_open_object(&w);
    for (int i = 0; i < 2; i++) {
        struct slice rate;
        int rc = read_rate(v, json_get(given, parts[i]), parts[i], &rate);
        if (rc)
            return rc;
        json_member_raw_opt(&w, parts[i], rate);
    }
    json_close_object(&w);
    *out = buf_rc(&json) ? SLICE_NONE : arena_copy(v->arena, buf_slice(&json));
    return out->p ? AIGNE_OK : fault_nomem(v->why);
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

static const struct store_object *by_triple(struct verb_call *v, struct slice provider,
                                            struct slice model, struct slice type)
{
    const struct catalog_rate *rate = catalog_rate(v->catalog, provider, model, type);
    return rate ? catalog_object(v->catalog, TABLE_RATE, rate->id) : NULL;
}

static int rate_put(struct verb_call *v)
{
    static const char *const caching_parts[] = {"readRate", "writeRate"};
    static const char *const cost_parts[] = {"input", "output"};
    struct slice provider = SLICE_NONE;
    struct slice model = SLICE_NONE;
    struct slice type = SLICE_NONE;
    struct slice input = SLICE_NONE;
    struct slice output = SLICE_NONE;
    struct slice caching = SLICE_NONE;
    struct slice costs = SLICE_NONE;
    int rc = read_triple(v, &provider, &model, &type);
    if (!rc)
        rc = read_rate(v, verb_json(v, "inputRate"), "inputRate", &input);
    if (!rc)
        rc = read_rate(v, verb_json(v, "outputRate"), "outputRate", &output);
    if (!rc)
        rc = read_pair(v, "caching", caching_parts, &caching);
    if (!rc)
        rc = read_pair(v, "unitCosts", cost_parts, &costs);
    if (!rc)
        rc = fit_check(verb_json(v, "modelMetadata"), v->why);
    if (rc)
        return rc;
    const struct store_object *old = by_triple(v, provider, model, type);
    if (!old && (!input.p || !output.p))
        return verb_refuse(v, input.p ? "outputRate" : "inputRate",
                           "A new rate needs \"inputRate\" and \"outputRate\": credits for "
                           "a token, or what its type counts.");
    struct slice id = old ? old->id : verb_new_id(v);
    const struct verb_member members[] = {
        {"provider", verb_quote(v, provider)},
        {"model", verb_quote(v, model)},
        {"type", verb_quote(v, type)},
        {"inputRate", input},
        {"outputRate", output},
        {"caching", caching},
        {"unitCosts", costs},
        {"modelDisplay", json_get(v->arguments, "modelDisplay").raw},
        {"description", json_get(v->arguments, "description").raw},
        {"modelMetadata", json_get(v->arguments, "modelMetadata").raw}};
    struct slice body = verb_body(v, old, members, sizeof members / sizeof *members);
    rc = verb_put(v, TABLE_RATE, id, body, old ? old->version : STORE_ABSENT);
    if (rc)
        return rc;
    verb_reply(v, id, body);
    json_close_object(&v->w);
    return AIGNE_OK;
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
    *out =
        id.p ? catalog_object(v->catalog, TABLE_RATE, id) : by_triple(v, provider, model, type);
    return *out ? AIGNE_OK : verb_missing(v, "rate", id.p ? id : model);
}

static int rate_get(struct verb_call *v)
{
    const struct store_object *object = NULL;
    int rc = find(v, &object);
    if (!object)
        return rc;
    verb_reply(v, object->id, object->body);
    json_close_object(&v->w);
    return AIGNE_OK;
}

static bool asked_for(struct verb_call *v, struct json body)
{
    static const char *const names[] = {"provider", "model", "type"};
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
    return true;
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
    return object ? verb_delete(v, object) : rc;
}

#define PROVIDER_TEXT VERB_TEXT("provider", "who serves the model")
#define MODEL_TEXT    VERB_TEXT("model", "the provider's own name for the model")
#define TYPE_TEXT                                                                              \
    VERB_CHOICE("type",                                                                        \
                "\"chat\",\"embedding\",\"image\",\"imageGeneration\",\"image_generation\","   \
                "\"video\",\"speech\",\"transcription\",\"audio\"",                            \
                "what the model does; chat when absent")
#define FIND_SCHEMA                                                                            \
    VERB_SCHEMA("", VERB_TEXT("id", "its id"), PROVIDER_TEXT, MODEL_TEXT, TYPE_TEXT)
#define CACHING_PARTS                                                                          \
    VERB_JOIN(VERB_RATE("readRate", "credits per token read from a cache"),                    \
              VERB_RATE("writeRate", "credits per token written to a cache"))
#define COST_PARTS                                                                             \
    VERB_JOIN(VERB_RATE("input", "cost per token"), VERB_RATE("output", "cost per token"))

static const struct verb verbs[] = {
    {{"rate.put",
      VERB_SCHEMA(
          "\"provider\",\"model\"", PROVIDER_TEXT, MODEL_TEXT, TYPE_TEXT,
          VERB_RATE(
              "inputRate",
              "credits for a token of the prompt; a character of speech, a second of a transcription"),
          VERB_RATE("outputRate",
                    "credits for a token of the answer, an image or a second of video"),
          VERB_PARTS("caching", "\"null\"", CACHING_PARTS,
                     "rates of cached tokens; charged as input without"),
          VERB_PARTS("unitCosts", "\"null\"", COST_PARTS, "what the provider asks"),
          VERB_TEXT_OR_NULL("modelDisplay", "what people call the model"),
          VERB_TEXT_OR_NULL("description", "a note"),
          VERB_OBJECT_OR_NULL(
              "modelMetadata",
              "what the model can do: features (tools, vision, thinking, audio, video, "
              "files, structuredOutput, text), maxTokens, contextWindow")),
      "Set what a model costs, or change what is mentioned of it."},
     true,
     rate_put},
    {{"rate.get", FIND_SCHEMA, "Show a rate."}, false, rate_get},
    {{"rate.list",
      VERB_SCHEMA("", PROVIDER_TEXT, MODEL_TEXT, TYPE_TEXT, VERB_PAGE, VERB_PAGE_SIZE),
      "List rates."},
     false,
     rate_list},
    {{"rate.delete", FIND_SCHEMA, "Remove a rate."}, true, rate_delete}};

const struct verb_table rate_verbs = {verbs, sizeof verbs / sizeof *verbs};
