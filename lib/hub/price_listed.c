/* Knows what the prices of a list mean and what is made of its gaps; refuses to know where they stand in it. */
#include "hub/price_listed.h"
#include "hub/ceiling.h"

/* What a list calls a part, and for how many of it: 10^shift. */
static const struct {
    const char *name;
    unsigned char format;
    unsigned char part;
    unsigned char shift;
} fields[] = {
    {"input_cost_per_token", FORMAT_LITELLM, PRICE_INPUT, 0},
    {"output_cost_per_token", FORMAT_LITELLM, PRICE_OUTPUT, 0},
    {"cache_read_input_token_cost", FORMAT_LITELLM, PRICE_READ, 0},
    {"cache_creation_input_token_cost_above_1hr", FORMAT_LITELLM, PRICE_WRITE_1H, 0},
    {"cache_creation_input_token_cost", FORMAT_LITELLM, PRICE_WRITE, 0},
    {"output_cost_per_reasoning_token", FORMAT_LITELLM, PRICE_REASONING, 0},
    {"input_cost_per_audio_token", FORMAT_LITELLM, PRICE_AUDIO_INPUT, 0},
    {"output_cost_per_audio_token", FORMAT_LITELLM, PRICE_AUDIO_OUTPUT, 0},
    {"input_cost_per_image_token", FORMAT_LITELLM, PRICE_IMAGE_INPUT, 0},
    {"output_cost_per_image_token", FORMAT_LITELLM, PRICE_IMAGE_OUTPUT, 0},
    {"output_cost_per_image", FORMAT_LITELLM, PRICE_IMAGE, 0},
    {"input_cost_per_second", FORMAT_LITELLM, PRICE_SECOND, 0},
    {"output_cost_per_second", FORMAT_LITELLM, PRICE_SECOND, 0},
    {"output_cost_per_video_per_second", FORMAT_LITELLM, PRICE_SECOND, 0},
    {"input_cost_per_character", FORMAT_LITELLM, PRICE_CHARACTER, 0},
    {"input_cost_per_request", FORMAT_LITELLM, PRICE_REQUEST, 0},
    {"prompt", FORMAT_OPENROUTER, PRICE_INPUT, 0},
    {"completion", FORMAT_OPENROUTER, PRICE_OUTPUT, 0},
    {"input_cache_read", FORMAT_OPENROUTER, PRICE_READ, 0},
    {"input_cache_write", FORMAT_OPENROUTER, PRICE_WRITE, 0},
    {"internal_reasoning", FORMAT_OPENROUTER, PRICE_REASONING, 0},
    {"audio", FORMAT_OPENROUTER, PRICE_AUDIO_INPUT, 0},
    {"request", FORMAT_OPENROUTER, PRICE_REQUEST, 0},
    {"input", FORMAT_MODELS_DEV, PRICE_INPUT, 6},
    {"output", FORMAT_MODELS_DEV, PRICE_OUTPUT, 6},
    {"cache_read", FORMAT_MODELS_DEV, PRICE_READ, 6},
    {"cache_write", FORMAT_MODELS_DEV, PRICE_WRITE, 6},
    {"reasoning", FORMAT_MODELS_DEV, PRICE_REASONING, 6},
    {"input_audio", FORMAT_MODELS_DEV, PRICE_AUDIO_INPUT, 6},
    {"output_audio", FORMAT_MODELS_DEV, PRICE_AUDIO_OUTPUT, 6},
    {"input_mtok", FORMAT_GENAI_PRICES, PRICE_INPUT, 6},
    {"output_mtok", FORMAT_GENAI_PRICES, PRICE_OUTPUT, 6},
    {"cache_read_mtok", FORMAT_GENAI_PRICES, PRICE_READ, 6},
    {"cache_write_mtok", FORMAT_GENAI_PRICES, PRICE_WRITE, 6},
    {"input_audio_mtok", FORMAT_GENAI_PRICES, PRICE_AUDIO_INPUT, 6},
    {"output_audio_mtok", FORMAT_GENAI_PRICES, PRICE_AUDIO_OUTPUT, 6},
    {"requests_kcount", FORMAT_GENAI_PRICES, PRICE_REQUEST, 3},
    {"inputCostPerToken", FORMAT_AIGNE, PRICE_INPUT, 0},
    {"outputCostPerToken", FORMAT_AIGNE, PRICE_OUTPUT, 0},
    {"cachedInputCostPerToken", FORMAT_AIGNE, PRICE_READ, 0},
    {"input", FORMAT_AIGNE, PRICE_INPUT, 0},
    {"output", FORMAT_AIGNE, PRICE_OUTPUT, 0},
    {"readRate", FORMAT_AIGNE, PRICE_READ, 0},
    {"writeRate", FORMAT_AIGNE, PRICE_WRITE, 0},
};

/* The tier of the list with these conditions, made when it is missing; NULL: there are too many. */
static struct price *tier_of(struct price_list *list, const struct price_tier *conditions)
{
    for (size_t i = 0; i < list->tier_count; i++)
        if (price_tier_same(&list->tiers[i], conditions))
            return &list->tiers[i].price;
    if (list->tier_count == PRICE_TIERS_LARGEST)
        return NULL;
    struct price_tier *made = &list->tiers[list->tier_count++];
    *made = *conditions;
    price_clear(&made->price);
    return &made->price;
}

const struct price_tier listed_always = {
    .above = -1, .service = -1, .until_ms = INT64_MAX, .from_minute = -1, .to_minute = -1};

/* Of several prices for one thing the dearest. */
static void put_part(struct price_list *list, const struct price_tier *conditions, int part,
                     decimal_wide price)
{
    struct price *to =
        price_tier_same(conditions, &listed_always) ? &list->base : tier_of(list, conditions);
    if (to && price > to->part[part])
        to->part[part] = price;
}

/* A price, or {"base": price, "tiers": [{"start", "price"}]}. */
static void put_value(struct price_list *list, const struct price_tier *conditions,
                      size_t field, struct json value)
{
    decimal_wide price = 0;
    struct json base = value.kind == JSON_OBJECT ? json_get(value, "base") : value;
    if (price_read_one(base, fields[field].shift, &price))
        put_part(list, conditions, fields[field].part, price);
    struct json_walk w = json_walk(json_get(value, "tiers"));
    while (value.kind == JSON_OBJECT && json_next(&w)) {
        struct price_tier above = *conditions;
        if (json_int64(json_get(w.value, "start"), &above.above) &&
            price_read_one(json_get(w.value, "price"), fields[field].shift, &price))
            put_part(list, &above, fields[field].part, price);
    }
}

/* "_above_200k_tokens", "_batches", "_flex", "_priority" behind a name, or several of them. */
static bool read_suffix(struct slice suffix, struct price_tier *out)
{
    static const char *const services[] = {"_batches", "_flex", "_priority"};
    if (slice_starts(suffix, "_above_")) {
        suffix = slice_from(suffix, sizeof("_above_") - 1);
        size_t end = slice_find(suffix, SLICE("k_tokens"));
        if (end == suffix.n || !slice_int64(slice_of(suffix.p, end), &out->above))
            return false;
        out->above *= 1000;
        suffix = slice_from(suffix, end + sizeof("k_tokens") - 1);
    }
    for (int i = 0; i < 3; i++)
        if (slice_is(suffix, services[i])) {
            out->service = SERVICE_BATCH + i;
            return true;
        }
    return suffix.n == 0;
}

/* All prices that are members of the object. */
void listed_put(enum price_format format, struct json object,
                const struct price_tier *conditions, struct price_list *list)
{
    struct json_walk w = json_walk(object);
    while (object.kind == JSON_OBJECT && json_next(&w)) {
        for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
            struct price_tier own = *conditions;
            if (fields[i].format != format || !slice_starts(w.key, fields[i].name))
                continue;
            struct slice suffix = slice_from(w.key, strlen(fields[i].name));
            if (suffix.n && (format != FORMAT_LITELLM || !read_suffix(suffix, &own)))
                continue;
            put_value(list, &own, i, w.value);
            break;
        }
    }
}

/* Later tiers replace earlier ones: what is known of a longer prompt comes behind a level of service alone, so
 * that what a list leaves out is rather too dear; a later date comes behind both. */
static bool comes_before(const struct price_tier *a, const struct price_tier *b)
{
    if (a->since_ms != b->since_ms)
        return a->since_ms < b->since_ms;
    if (a->from_minute != b->from_minute)
        return a->from_minute < b->from_minute;
    return a->above != b->above ? a->above < b->above : a->service < b->service;
}

static void sort_tiers(struct price_list *list)
{
    for (size_t i = 1; i < list->tier_count; i++)
        for (size_t k = i; k > 0 && comes_before(&list->tiers[k], &list->tiers[k - 1]); k--) {
            struct price_tier moved = list->tiers[k];
            list->tiers[k] = list->tiers[k - 1];
            list->tiers[k - 1] = moved;
        }
}

/* A cache that costs nothing beside a prompt that does is a gap in the list, not a gift. */
static void forget_gifts(struct price *p, const struct price *base)
{
    decimal_wide input =
        p->part[PRICE_INPUT] >= 0 ? p->part[PRICE_INPUT] : base->part[PRICE_INPUT];
    for (int i = PRICE_READ; i <= PRICE_WRITE_1H; i++)
        if (p->part[i] == 0 && input > 0)
            p->part[i] = -1;
}

static decimal_wide known(const struct price *p, int part, int otherwise)
{
    decimal_wide price = p->part[part] >= 0 ? p->part[part] : p->part[otherwise];
    return price > 0 ? price : 0;
}

/* A unit that a list prices by tokens only costs as many of them as it may come to: providers do not always
 * count them. Units of other kinds are left out. */
static void price_units(struct price *p, enum chat_kind kind)
{
    static const int unit_of[KINDS] = {[KIND_IMAGE] = PRICE_IMAGE,
                                       [KIND_VIDEO] = PRICE_SECOND,
                                       [KIND_SPEECH] = PRICE_CHARACTER,
                                       [KIND_TRANSCRIPTION] = PRICE_SECOND};
    int unit = unit_of[kind];
    for (int i = PRICE_IMAGE; i < PRICE_REQUEST; i++)
        if (i != unit && (i != PRICE_IMAGE || p->part[PRICE_IMAGE_OUTPUT] >= 0))
            p->part[i] = -1;
    if (kind == KIND_IMAGE && p->part[PRICE_IMAGE] < 0 && p->part[PRICE_IMAGE_OUTPUT] < 0) {
        p->part[PRICE_IMAGE_OUTPUT] = p->part[PRICE_OUTPUT];
        p->part[PRICE_OUTPUT] = -1;
    }
    if (!unit || p->part[unit] > 0)
        return;
    decimal_wide output = known(p, PRICE_AUDIO_OUTPUT, PRICE_OUTPUT);
    decimal_wide price = 0;
    if (kind == KIND_IMAGE)
        price = known(p, PRICE_IMAGE_OUTPUT, PRICE_OUTPUT) * CEILING_IMAGE_MADE_TOKENS;
    else if (kind == KIND_SPEECH && output)
        price = known(p, PRICE_INPUT, PRICE_INPUT) + 2 * output;
    else if (kind == KIND_TRANSCRIPTION)
        price = 20 * (known(p, PRICE_AUDIO_INPUT, PRICE_INPUT) +
                      known(p, PRICE_OUTPUT, PRICE_OUTPUT));
    if (price > 0)
        p->part[unit] = price;
}

void listed_judge(struct price_listed *m)
{
    const struct price *p = &m->costs.base;
    decimal_wide sum = 0;
    for (int i = 0; i < PRICE_PARTS; i++)
        sum += p->part[i] > 0;
    bool unit = m->kind == KIND_IMAGE    ? p->part[PRICE_IMAGE] >= 0
                : m->kind == KIND_SPEECH ? p->part[PRICE_CHARACTER] >= 0
                : m->kind == KIND_VIDEO || m->kind == KIND_TRANSCRIPTION
                    ? p->part[PRICE_SECOND] >= 0
                    : p->part[PRICE_INPUT] >= 0;
    m->priced = unit;
    m->free = unit && sum == 0;
}

void listed_finish(struct price_listed *m)
{
    sort_tiers(&m->costs);
    forget_gifts(&m->costs.base, &m->costs.base);
    price_units(&m->costs.base, m->kind);
    for (size_t i = 0; i < m->costs.tier_count; i++)
        forget_gifts(&m->costs.tiers[i].price, &m->costs.base);
    listed_judge(m);
}
