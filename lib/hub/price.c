/* Knows which price holds under which circumstances; refuses to know what was used. */
#include "hub/price.h"
#include "store/moment.h"

#define DAY_MS ((int64_t)86400000)

/* What a part is as dear as, when it has no price of its own, and where a rate's body has it. */
static const struct {
    const char *name;
    const char *rate;
    int fallback; /* -1: then it is free */
} parts[PRICE_PARTS] = {
    [PRICE_INPUT] = {"input", "inputRate", -1},
    [PRICE_OUTPUT] = {"output", "outputRate", -1},
    [PRICE_READ] = {"cachedRead", "caching.readRate", PRICE_INPUT},
    [PRICE_WRITE] = {"cachedWrite", "caching.writeRate", PRICE_INPUT},
    [PRICE_WRITE_1H] = {"cachedWrite1h", "caching.write1hRate", PRICE_WRITE},
    [PRICE_REASONING] = {"reasoning", NULL, PRICE_OUTPUT},
    [PRICE_AUDIO_INPUT] = {"audioInput", NULL, PRICE_INPUT},
    [PRICE_AUDIO_OUTPUT] = {"audioOutput", NULL, PRICE_OUTPUT},
    [PRICE_IMAGE_INPUT] = {"imageInput", NULL, PRICE_INPUT},
    [PRICE_IMAGE_OUTPUT] = {"imageOutput", NULL, PRICE_OUTPUT},
    [PRICE_IMAGE] = {"image", NULL, -1},
    [PRICE_SECOND] = {"second", NULL, -1},
    [PRICE_CHARACTER] = {"character", NULL, -1},
    [PRICE_REQUEST] = {"request", NULL, -1},
};

/* What the two usual rates of a type are for, where that is no token. */
static const struct {
    int unit;
    int stands_in;
} units[KINDS] = {
    [KIND_IMAGE] = {PRICE_IMAGE, PRICE_OUTPUT},
    [KIND_VIDEO] = {PRICE_SECOND, PRICE_OUTPUT},
    [KIND_SPEECH] = {PRICE_CHARACTER, PRICE_INPUT},
    [KIND_TRANSCRIPTION] = {PRICE_SECOND, PRICE_INPUT},
};

void price_clear(struct price *p)
{
    for (int i = 0; i < PRICE_PARTS; i++)
        p->part[i] = -1;
}

const char *price_part_name(int part)
{
    return parts[part].name;
}

/* ---- reading and writing ---- */

/* A number has no escapes. */
static struct slice number_text(struct json value)
{
    if (value.kind == JSON_STRING)
        return slice_of(value.raw.p + 1, value.raw.n - 2);
    return value.kind == JSON_NUMBER ? value.raw : SLICE_NONE;
}

bool price_read_one(struct json value, int shift, decimal_wide *out)
{
    struct slice text = number_text(value);
    return text.p && decimal_parse_rounded(text, shift, out) && *out / PRICE_LARGEST == 0;
}

struct slice price_read(struct json object, struct price *p)
{
    struct json_walk w = json_walk(object);
    while (json_next(&w)) {
        decimal_wide price = 0;
        int i = 0;
        while (i < PRICE_PARTS && !json_key_is(&w, parts[i].name))
            i++;
        if (i == PRICE_PARTS)
            return w.key;
        if (w.value.kind == JSON_NULL)
            continue;
        if (!decimal_parse(number_text(w.value), DECIMAL_RATE_DIGITS, &price) ||
            price / PRICE_LARGEST > 0)
            return w.key;
        p->part[i] = price;
    }
    return SLICE_NONE;
}

void price_write(struct json_writer *w, const struct price *p)
{
    for (int i = 0; i < PRICE_PARTS; i++)
        if (p->part[i] >= 0)
            json_member_decimal(w, parts[i].name, p->part[i], DECIMAL_RATE_DIGITS);
}

bool price_minute_read(struct slice text, int *out)
{
    int64_t hour = 0;
    int64_t minute = 0;
    if (text.n != 5 || text.p[2] != ':' || !slice_int64(slice_of(text.p, 2), &hour) ||
        !slice_int64(slice_from(text, 3), &minute) || hour < 0 || hour > 24 || minute < 0 ||
        minute > 59 || hour * 60 + minute > PRICE_DAY_MINUTES)
        return false;
    *out = (int)(hour * 60 + minute);
    return true;
}

enum tier_member { ABOVE, SERVICE, SINCE, UNTIL, FROM, TO, TIER_MEMBERS };
static const char *const tier_members[] = {"above", "service", "since", "until", "from", "to"};

static bool read_condition(int member, struct json v, struct arena *a, struct price_tier *t)
{
    struct slice text = v.kind == JSON_STRING ? json_string(v, a) : v.raw;
    switch ((enum tier_member)member) {
    case ABOVE:
        return json_int64(v, &t->above) && t->above >= 0;
    case SERVICE:
        t->service = usage_service_of(text);
        return t->service >= 0;
    case SINCE:
        return moment_parse(text, &t->since_ms);
    case UNTIL:
        return moment_parse(text, &t->until_ms);
    case FROM:
        return price_minute_read(text, &t->from_minute);
    case TO:
        return price_minute_read(text, &t->to_minute);
    case TIER_MEMBERS:
        break;
    }
    return false;
}

const char *price_tier_read(struct json tier, struct arena *a, struct price_tier *out)
{
    struct json v[TIER_MEMBERS];
    *out = (struct price_tier){
        .above = -1, .service = -1, .until_ms = INT64_MAX, .from_minute = -1, .to_minute = -1};
    price_clear(&out->price);
    json_pick(tier, tier_members, TIER_MEMBERS, v);
    for (int i = 0; i < TIER_MEMBERS; i++)
        if (json_present(v[i]) && !read_condition(i, v[i], a, out))
            return tier_members[i];
    return (out->from_minute < 0) == (out->to_minute < 0) ? NULL : "to";
}

bool price_tier_same(const struct price_tier *a, const struct price_tier *b)
{
    return a->above == b->above && a->service == b->service && a->since_ms == b->since_ms &&
           a->until_ms == b->until_ms && a->from_minute == b->from_minute &&
           a->to_minute == b->to_minute;
}

static void put_minute(struct json_writer *w, const char *name, int minute)
{
    char text[6] = {(char)('0' + minute / 600),     (char)('0' + minute / 60 % 10), ':',
                    (char)('0' + minute % 60 / 10), (char)('0' + minute % 10),      '\0'};
    json_member_text(w, name, text);
}

static void put_conditions(struct json_writer *w, const struct price_tier *t)
{
    if (t->above >= 0)
        json_member_int(w, "above", t->above);
    if (t->service >= 0) {
        const char *name = usage_service_name(t->service);
        json_member_text(w, "service", name ? name : "standard");
    }
    if (t->since_ms > 0)
        moment_member(w, "since", t->since_ms);
    if (t->until_ms < INT64_MAX)
        moment_member(w, "until", t->until_ms);
    if (t->from_minute >= 0) {
        put_minute(w, "from", t->from_minute);
        put_minute(w, "to", t->to_minute);
    }
}

static void put_side(struct json_writer *w, const char *name, const struct price *p)
{
    json_key(w, name);
    json_open_object(w);
    price_write(w, p);
    json_close_object(w);
}

static const struct price_tier *same_of(const struct price_list *list,
                                        const struct price_tier *t)
{
    for (size_t i = 0; i < list->tier_count; i++)
        if (price_tier_same(&list->tiers[i], t))
            return &list->tiers[i];
    return NULL;
}

static void put_tier(struct json_writer *w, const struct price_tier *rates,
                     const struct price_tier *costs)
{
    json_open_object(w);
    put_conditions(w, rates ? rates : costs);
    if (rates)
        put_side(w, "rates", &rates->price);
    if (costs)
        put_side(w, "costs", &costs->price);
    json_close_object(w);
}

void price_tiers_write(struct json_writer *w, const struct price_list *rates,
                       const struct price_list *costs)
{
    if (!rates->tier_count && !costs->tier_count)
        return;
    json_key(w, "tiers");
    json_open_array(w);
    for (size_t i = 0; i < costs->tier_count; i++)
        put_tier(w, same_of(rates, &costs->tiers[i]), &costs->tiers[i]);
    for (size_t i = 0; i < rates->tier_count; i++)
        if (!same_of(costs, &rates->tiers[i]))
            put_tier(w, &rates->tiers[i], NULL);
    json_close_array(w);
}

void price_list_read(struct json body, enum price_side side, struct arena *a,
                     struct price_list *out)
{
    *out = (struct price_list){.tiers = NULL};
    price_clear(&out->base);
    (void)price_read(json_get(body, side == PRICE_RATES ? "rates" : "unitCosts"), &out->base);
    for (int i = 0; side == PRICE_RATES && i < PRICE_PARTS && parts[i].rate; i++)
        (void)price_read_one(json_path(body, parts[i].rate), 0, &out->base.part[i]);
    struct json tiers = json_get(body, "tiers");
    size_t count = tiers.kind == JSON_ARRAY ? json_count(tiers) : 0;
    out->tiers = count ? arena_array(a, count, sizeof *out->tiers) : NULL;
    struct json_walk w = json_walk(tiers);
    while (out->tiers && out->tier_count < count && json_next(&w)) {
        struct price_tier *t = &out->tiers[out->tier_count];
        struct json prices = json_get(w.value, side == PRICE_RATES ? "rates" : "costs");
        if (prices.kind != JSON_OBJECT || price_tier_read(w.value, a, t))
            continue;
        (void)price_read(prices, &t->price);
        out->tier_count++;
    }
}

/* ---- which price ---- */

/* A type's usual rate stands for its unit; an answer that is no tokens costs none. */
static void complete(struct price *p, enum chat_kind kind)
{
    if (units[kind].unit && p->part[units[kind].unit] < 0)
        p->part[units[kind].unit] = p->part[units[kind].stands_in];
    if (units[kind].unit && units[kind].stands_in == PRICE_OUTPUT)
        p->part[PRICE_OUTPUT] = 0;
    if (p->part[PRICE_IMAGE] >= 0 && p->part[PRICE_IMAGE_OUTPUT] < 0)
        p->part[PRICE_IMAGE_OUTPUT] = 0; /* by the image */
    for (int i = 0; i < PRICE_PARTS; i++)
        if (p->part[i] < 0)
            p->part[i] = parts[i].fallback < 0 ? 0 : p->part[parts[i].fallback];
}

/* Where the usual rate is that of the unit, tokens have none. */
void price_canonical(struct price *p, enum chat_kind kind, const struct price *base)
{
    int unit = units[kind].unit;
    int usual = units[kind].stands_in;
    if (!unit || base->part[unit] < 0 || (usual == PRICE_INPUT && base->part[usual] >= 0))
        return;
    p->part[usual] = p->part[unit];
    p->part[unit] = -1;
}

static bool of_day(const struct price_tier *t, int64_t at_ms)
{
    int minute = (int)(at_ms % DAY_MS / 60000);
    bool after = minute >= t->from_minute;
    bool before = minute < t->to_minute;
    return t->from_minute < 0 ||
           (t->from_minute <= t->to_minute ? after && before : after || before);
}

static bool holds(const struct price_tier *t, const struct price_moment *when)
{
    int64_t service = when->service < 0 ? SERVICE_STANDARD : when->service;
    return when->prompt > t->above && (t->service < 0 || t->service == service) &&
           when->at_ms >= t->since_ms && when->at_ms < t->until_ms && of_day(t, when->at_ms);
}

static bool may_hold(const struct price_tier *t, int64_t prompt, int64_t at_ms)
{
    return prompt > t->above && at_ms + DAY_MS >= t->since_ms && at_ms < t->until_ms;
}

void price_at(const struct price_list *list, enum chat_kind kind,
              const struct price_moment *when, struct price *out)
{
    *out = list->base;
    for (size_t i = 0; i < list->tier_count; i++) {
        const struct price_tier *t = &list->tiers[i];
        for (int k = 0; holds(t, when) && k < PRICE_PARTS; k++)
            if (t->price.part[k] >= 0)
                out->part[k] = t->price.part[k];
    }
    complete(out, kind);
}

void price_dearest(const struct price_list *list, enum chat_kind kind, int64_t prompt,
                   int64_t at_ms, struct price *out)
{
    *out = list->base;
    for (size_t i = 0; i < list->tier_count; i++) {
        const struct price_tier *t = &list->tiers[i];
        for (int k = 0; may_hold(t, prompt, at_ms) && k < PRICE_PARTS; k++)
            if (t->price.part[k] > out->part[k])
                out->part[k] = t->price.part[k];
    }
    int unit = units[kind].unit;
    if (unit && out->part[units[kind].stands_in] > out->part[unit])
        out->part[unit] = out->part[units[kind].stands_in];
    complete(out, kind);
}
