/* Knows which model of a public list is which one here; refuses to know formats. */
#include "hub/price_book.h"
#include "base/limits.h"
#include "base/mem.h"
#include "store/moment.h"
#include <aignehub/aignehub.h>

enum { SOURCE_LARGEST = 8192, NAME_LARGEST = 200 };

static struct slice key_of(struct arena *a, struct slice provider, struct slice model,
                           struct slice type)
{
    const struct slice parts[] = {provider, SLICE("/"), model, SLICE("/"), type};
    return arena_join(a, parts, 5);
}

const struct price_listed *price_book_exact(const struct price_book *b, struct slice provider,
                                            struct slice model, struct slice type)
{
    struct slice key = key_of(b->v->arena, provider, model, type);
    return key.p ? map_get(&b->by_name, key) : NULL;
}

static bool digits(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((s.p[i] < '0' || s.p[i] > '9') && s.p[i] != '-')
            return false;
    return true;
}

/* Without "-2024-08-06", "-20240806" or "-0"; as it is when it has none. */
static struct slice undated(struct slice model)
{
    static const size_t lengths[] = {11, 9, 2};
    for (size_t i = 0; i < 3; i++) {
        size_t n = lengths[i];
        if (model.n > n && model.p[model.n - n] == '-' &&
            digits(slice_from(model, model.n - n)) && (n > 2 || slice_ends(model, "-0")))
            return slice_of(model.p, model.n - n);
    }
    return model;
}

const struct price_listed *price_book_find(const struct price_book *b,
                                           const struct catalog_rate *rate)
{
    struct hub_provider_facts facts;
    struct slice vendor;
    struct slice model;
    const struct price_listed *found =
        price_book_exact(b, rate->provider, rate->model, rate->type);
    if (!found)
        found = price_book_exact(b, rate->provider, undated(rate->model), rate->type);
    if (!found && slice_cut(rate->model, '/', &vendor, &model) &&
        catalog_facts(b->v->catalog, vendor, &facts))
        found = price_book_exact(b, facts.name, undated(model), rate->type);
    return found;
}

static struct price_listed *copy_of(struct arena *a, const struct price_listed *m)
{
    struct price_listed *copy = arena_alloc(a, sizeof *copy);
    size_t count = m->costs.tier_count;
    struct price_tier *tiers = count ? arena_array(a, count, sizeof *tiers) : NULL;
    if (!copy || (count && !tiers))
        return NULL;
    *copy = *m;
    if (count)
        memcpy(tiers, m->costs.tiers, count * sizeof *tiers);
    copy->costs.tiers = tiers;
    return copy;
}

static int add(struct price_book *b, const struct price_listed *m, struct slice provider)
{
    struct arena *a = b->v->arena;
    struct slice key = key_of(a, provider, m->model, slice_text(kind_name(m->kind)));
    if (key.p && map_get(&b->by_name, key)) /* the first one counts */
        return AIGNE_OK;
    if (b->count == b->capacity) {
        size_t capacity = b->capacity * 2 + 64;
        void *grown = mem_resize(b->models, capacity * sizeof *b->models);
        if (!grown)
            return fault_nomem(b->v->why);
        b->models = grown;
        b->capacity = capacity;
    }
    struct price_listed *kept = copy_of(a, m);
    if (!kept || !key.p || map_put(&b->by_name, key, kept))
        return fault_nomem(b->v->why);
    kept->provider = provider;
    b->models[b->count++] = kept;
    return AIGNE_OK;
}

static int collect(void *user, const struct price_listed *m)
{
    struct price_book *b = user;
    struct hub_provider_facts facts;
    bool here = m->model.n > 0 && m->model.n <= NAME_LARGEST && m->provider.n <= NAME_LARGEST &&
                catalog_facts(b->v->catalog, m->provider, &facts);
    b->unknown += !here;
    if (!here || (b->provider.p && !slice_eq(b->provider, facts.name)))
        return AIGNE_OK;
    b->unpriced += !m->priced;
    b->given_away += m->free && !b->free;
    return m->priced && (!m->free || b->free) ? add(b, m, facts.name) : AIGNE_OK;
}

/* The list's own words about itself, and how it came here. */
static int write_source(struct price_book *b, struct json list)
{
    static const char *const own[] = {"source", "date", "license"};
    struct verb_call *v = b->v;
    struct buf json AUTO(buf_free);
    char now[MOMENT_SIZE];
    buf_init(&json, SOURCE_LARGEST);
    struct json_writer w = json_writer(&json);
    json_open_object(&w);
    json_member_text(&w, "format", price_format_name(b->format));
    json_member_string_opt(&w, "url", verb_text(v, "url"));
    json_member_string_opt(&w, "file", verb_text(v, "file"));
    for (int i = 0; i < 3 && b->format == FORMAT_AIGNEHUB; i++)
        json_member_raw_opt(&w, own[i], json_get(list, own[i]).raw);
    moment_write(v->now_ms, now);
    json_member_string(&w, "importedAt", slice_of(now, MOMENT_SIZE - 1));
    json_close_object(&w);
    b->source = buf_rc(&json) ? SLICE_NONE : arena_copy(v->arena, buf_slice(&json));
    if (v->arena->failed || buf_rc(&json) == AIGNE_E_NOMEM)
        return fault_nomem(v->why);
    return b->source.p ? AIGNE_OK
                       : verb_refuse(v, "body", "What the list says of itself is too long.");
}

/* When a list was last taken, and which. */
static int note_list(struct price_book *b)
{
    const struct store_object *old =
        catalog_object(b->v->catalog, TABLE_PRICES, SLICE(SETTINGS_ID));
    return verb_put(b->v, TABLE_PRICES, SLICE(SETTINGS_ID), b->source,
                    old ? old->version : STORE_ABSENT);
}

int price_book_read(struct verb_call *v, struct price_book *b)
{
    struct json list = verb_json(v, "body");
    struct slice format = verb_text(v, "format");
    b->v = v;
    map_init(&b->by_name);
    int rc = verb_provider(v, "provider", &b->provider);
    if (rc || list.kind == JSON_NONE)
        return rc;
    b->free = verb_flag(v, "free", false);
    b->format = format.p ? price_format_of(format) : price_format_detect(list);
    if (b->format == FORMAT_UNKNOWN)
        return verb_refuse(
            v, "body",
            "The list is in none of the formats that are known: aignehub, litellm, "
            "openrouter, models.dev, genai-prices, aigne.");
    rc = write_source(b, list);
    if (!rc)
        rc = price_formats_read(list, b->format, v->arena, collect, b);
    if (!rc && v->arena->failed)
        rc = fault_nomem(v->why);
    return rc ? rc : note_list(b);
}

void price_book_free(struct price_book *b)
{
    mem_free(b->models);
    map_free(&b->by_name);
}
