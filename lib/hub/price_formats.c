/* Knows the formats of public price lists; refuses to know what is done with a price. */
#include "hub/price_listed.h"
#include "store/moment.h"
#include <aignehub/aignehub.h>

static const char *const formats[PRICE_FORMATS] = {
    [FORMAT_AIGNEHUB] = "aignehub",         [FORMAT_LITELLM] = "litellm",
    [FORMAT_OPENROUTER] = "openrouter",     [FORMAT_MODELS_DEV] = "models.dev",
    [FORMAT_GENAI_PRICES] = "genai-prices", [FORMAT_AIGNE] = "aigne",
};

/* What lists call kinds of calls; KINDS: nothing that can be asked for here. */
static const struct {
    const char *name;
    int kind;
} modes[] = {
    {"responses", KIND_CHAT},
    {"image_edit", KIND_IMAGE},
    {"video_generation", KIND_VIDEO},
    {"audio_speech", KIND_SPEECH},
    {"audio_transcription", KIND_TRANSCRIPTION},
};

/* What gives a kind away where a list does not tell it. */
static const struct {
    const char *word;
    enum chat_kind kind;
} hints[] = {{"embed", KIND_EMBEDDING},
             {"whisper", KIND_TRANSCRIPTION},
             {"transcribe", KIND_TRANSCRIPTION},
             {"tts", KIND_SPEECH}};

static const char *const providers[][2] = {
    {"bedrock_converse", "bedrock"},
    {"amazon-bedrock", "bedrock"},
    {"aws", "bedrock"},
    {"x-ai", "xai"},
    {"volcengine", "doubao"},
};

struct reading {
    enum price_format format;
    struct arena *arena;
    int (*each)(void *user, const struct price_listed *model);
    void *user;
};

const char *price_format_name(enum price_format format)
{
    return formats[format];
}

enum price_format price_format_of(struct slice name)
{
    int i = PRICE_FORMATS - 1;
    while (i > 0 && !slice_is(name, formats[i]))
        i--;
    return (enum price_format)i;
}

/* The kind is guessed from the name when `mode` does not tell. False: none that is known here. */
static bool kind_of(struct json mode, struct slice model, struct arena *a, enum chat_kind *out)
{
    struct slice name = json_string(mode, a);
    *out = KIND_CHAT;
    for (size_t i = 0; !name.p && i < sizeof hints / sizeof *hints; i++)
        if (slice_has_nocase(model, hints[i].word))
            *out = hints[i].kind;
    if (!name.p || kind_parse(name, out))
        return true;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (slice_is(name, modes[i].name)) {
            *out = (enum chat_kind)modes[i].kind;
            return true;
        }
    return false;
}

static struct slice provider_of(struct slice name)
{
    for (size_t i = 0; i < sizeof providers / sizeof *providers; i++)
        if (slice_is(name, providers[i][0]))
            return slice_text(providers[i][1]);
    return name;
}

static void begin(struct price_listed *m, struct slice provider, struct slice model,
                  struct price_tier tiers[PRICE_TIERS_LARGEST])
{
    *m = (struct price_listed){
        .provider = provider_of(provider), .model = model, .costs = {.tiers = tiers}};
    price_clear(&m->costs.base);
}

static int finish(const struct reading *r, struct price_listed *m)
{
    listed_finish(m);
    return m->model.p && m->provider.p ? r->each(r->user, m) : AIGNE_OK;
}

static int64_t number_at(struct json object, const char *path)
{
    int64_t value = 0;
    return json_int64(json_path(object, path), &value) && value > 0 ? value : 0;
}

/* ---- each format ---- */

/* Behind the provider's own name, where a key has that in front. */
static struct slice litellm_model(struct slice key, struct slice provider)
{
    struct slice head;
    struct slice rest;
    if (!slice_cut(key, '/', &head, &rest))
        return key;
    bool same = slice_eq(head, provider) || slice_eq(provider_of(head), provider_of(provider));
    struct slice model = same ? rest : key;
    bool regional =
        slice_is(provider_of(provider), "bedrock") && slice_find_byte(model, '/') < model.n;
    return regional ? SLICE_NONE : model;
}

static int read_litellm(const struct reading *r, struct slice key, struct json entry)
{
    struct price_tier tiers[PRICE_TIERS_LARGEST];
    struct price_listed m;
    struct slice provider = json_string(json_get(entry, "litellm_provider"), r->arena);
    if (!provider.p)
        return AIGNE_OK;
    begin(&m, provider, litellm_model(key, provider), tiers);
    struct json mode = json_get(entry, "mode");
    if (!kind_of(mode, m.model, r->arena, &m.kind))
        return AIGNE_OK;
    listed_put(r->format, entry, &listed_always, &m.costs);
    m.answer_limit = number_at(entry, "max_output_tokens");
    m.context = number_at(entry, "max_input_tokens");
    return finish(r, &m);
}

static int read_openrouter(const struct reading *r, struct json entry)
{
    struct price_tier tiers[PRICE_TIERS_LARGEST];
    struct price_listed m;
    begin(&m, SLICE("openrouter"), json_string(json_get(entry, "id"), r->arena), tiers);
    listed_put(r->format, json_get(entry, "pricing"), &listed_always, &m.costs);
    m.answer_limit = number_at(entry, "top_provider.max_completion_tokens");
    m.context = number_at(entry, "context_length");
    return finish(r, &m);
}

/* What a model makes tells its kind when it makes one thing only. */
static struct json made_by(struct json entry)
{
    struct json output = json_path(entry, "modalities.output");
    struct json first = json_first(output);
    bool text = json_string_is(first, "text") || json_string_is(first, "audio");
    return json_count(output) == 1 && !text ? first : (struct json){.kind = JSON_NONE};
}

static int read_models_dev(const struct reading *r, struct slice provider, struct slice id,
                           struct json entry)
{
    struct price_tier tiers[PRICE_TIERS_LARGEST];
    struct price_listed m;
    struct json cost = json_get(entry, "cost");
    begin(&m, provider, id, tiers);
    struct json made = made_by(entry);
    if (!kind_of(made, m.model, r->arena, &m.kind))
        return AIGNE_OK;
    listed_put(r->format, cost, &listed_always, &m.costs);
    struct price_tier above = listed_always;
    above.above = 200000;
    listed_put(r->format, json_get(cost, "context_over_200k"), &above, &m.costs);
    struct json_walk w = json_walk(json_get(cost, "tiers"));
    while (json_next(&w))
        if (json_int64(json_path(w.value, "tier.size"), &above.above))
            listed_put(r->format, w.value, &above, &m.costs);
    m.answer_limit = number_at(entry, "limit.output");
    m.context = number_at(entry, "limit.context");
    return finish(r, &m);
}

/* "2026-09-01"; "00:30:00Z" to "16:30:00Z". */
static bool read_constraint(struct json constraint, struct arena *a, struct price_tier *out)
{
    struct slice date = json_string(json_get(constraint, "start_date"), a);
    struct slice from = json_string(json_get(constraint, "start_time"), a);
    struct slice to = json_string(json_get(constraint, "end_time"), a);
    *out = listed_always;
    if (date.p && !moment_parse(date, &out->since_ms))
        return false;
    return !from.p || (from.n >= 5 && to.n >= 5 &&
                       price_minute_read(slice_of(from.p, 5), &out->from_minute) &&
                       price_minute_read(slice_of(to.p, 5), &out->to_minute));
}

static int read_genai(const struct reading *r, struct slice provider, struct json entry)
{
    struct price_tier tiers[PRICE_TIERS_LARGEST];
    struct price_listed m;
    struct json prices = json_get(entry, "prices");
    begin(&m, provider, json_string(json_get(entry, "id"), r->arena), tiers);
    (void)kind_of((struct json){.kind = JSON_NONE}, m.model, r->arena, &m.kind);
    listed_put(r->format, prices, &listed_always, &m.costs);
    struct json_walk w = json_walk(prices);
    while (prices.kind == JSON_ARRAY && json_next(&w)) {
        struct price_tier when;
        if (read_constraint(json_get(w.value, "constraint"), r->arena, &when))
            listed_put(r->format, json_get(w.value, "prices"), &when, &m.costs);
    }
    m.context = number_at(entry, "context_window");
    return finish(r, &m);
}

static int read_aigne(const struct reading *r, struct json entry)
{
    struct price_tier tiers[PRICE_TIERS_LARGEST];
    struct price_listed m;
    struct json model = json_get(entry, "modelId");
    struct json type = json_get(entry, "modelType");
    bool is_new = false;
    begin(&m, json_string(json_get(entry, "provider"), r->arena),
          json_string(json_present(model) ? model : json_get(entry, "model"), r->arena), tiers);
    if (!kind_of(type, m.model, r->arena, &m.kind))
        return AIGNE_OK;
    m.only_known = !(json_bool(json_get(entry, "isNew"), &is_new) && is_new);
    listed_put(r->format, entry, &listed_always, &m.costs);
    listed_put(r->format, json_get(entry, "unitCosts"), &listed_always, &m.costs);
    listed_put(r->format, json_get(entry, "caching"), &listed_always, &m.costs);
    if (m.kind == KIND_VIDEO && m.costs.base.part[PRICE_SECOND] < 0)
        m.costs.base.part[PRICE_SECOND] = m.costs.base.part[PRICE_OUTPUT];
    if (m.kind == KIND_IMAGE && m.costs.base.part[PRICE_IMAGE] < 0)
        m.costs.base.part[PRICE_IMAGE] = m.costs.base.part[PRICE_OUTPUT];
    return finish(r, &m);
}

/* The names and tiers of rates, so that nothing need be said twice. */
static int read_own(const struct reading *r, struct json entry)
{
    struct price_listed m = {.provider = json_string(json_get(entry, "provider"), r->arena),
                             .model = json_string(json_get(entry, "model"), r->arena)};
    struct json type = json_get(entry, "type");
    if (!kind_of(type, m.model, r->arena, &m.kind))
        return AIGNE_OK;
    price_list_read(entry, PRICE_COSTS, r->arena, &m.costs);
    m.answer_limit = number_at(entry, "maxTokens");
    m.context = number_at(entry, "contextWindow");
    listed_judge(&m);
    return m.model.p && m.provider.p ? r->each(r->user, &m) : AIGNE_OK;
}

/* ---- the whole ---- */

enum price_format price_format_detect(struct json list)
{
    struct json first = json_first(list);
    if (list.kind == JSON_ARRAY)
        return json_present(json_get(first, "models")) ? FORMAT_GENAI_PRICES : FORMAT_AIGNE;
    if (json_get(list, "prices").kind == JSON_ARRAY)
        return FORMAT_AIGNEHUB;
    if (json_get(list, "data").kind == JSON_ARRAY)
        return FORMAT_OPENROUTER;
    struct json_walk w = json_walk(list);
    while (list.kind == JSON_OBJECT && json_next(&w)) {
        if (json_get(w.value, "models").kind == JSON_OBJECT)
            return FORMAT_MODELS_DEV;
        if (json_present(json_get(w.value, "litellm_provider")))
            return FORMAT_LITELLM;
    }
    return FORMAT_UNKNOWN;
}

/* A provider's models: a list of them, or an object by their names. */
static int read_models(const struct reading *r, struct slice key, struct json provider)
{
    struct slice id = json_string(json_get(provider, "id"), r->arena);
    struct json_walk w = json_walk(json_get(provider, "models"));
    int rc = AIGNE_OK;
    while (!rc && json_next(&w))
        rc = r->format == FORMAT_MODELS_DEV ? read_models_dev(r, key, w.key, w.value)
                                            : read_genai(r, id, w.value);
    return rc;
}

int price_formats_read(struct json list, enum price_format format, struct arena *a,
                       int (*each)(void *user, const struct price_listed *model), void *user)
{
    const struct reading r = {format, a, each, user};
    struct json items = list;
    if (format == FORMAT_AIGNEHUB || format == FORMAT_OPENROUTER)
        items = json_get(list, format == FORMAT_AIGNEHUB ? "prices" : "data");
    struct json_walk w = json_walk(items);
    int rc = AIGNE_OK;
    while (!rc && json_next(&w)) {
        if (format == FORMAT_LITELLM)
            rc = read_litellm(&r, w.key, w.value);
        else if (format == FORMAT_OPENROUTER)
            rc = read_openrouter(&r, w.value);
        else if (format == FORMAT_AIGNE)
            rc = read_aigne(&r, w.value);
        else if (format == FORMAT_AIGNEHUB)
            rc = read_own(&r, w.value);
        else
            rc = read_models(&r, w.key, w.value);
    }
    return rc;
}
