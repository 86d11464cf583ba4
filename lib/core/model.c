/* Knows how settings become a model to talk to; refuses to know how the talking goes. */
#include "core/model.h"
#include "base/mem.h"
#include "core/environment.h"
#include "core/handle.h"
#include "text/json_scan.h"
#include "text/url.h"
#include <aignehub/aignehub.h>

#define DEFAULT_HUB_URL SLICE("https://hub.aigne.io/")
#define DEFAULT_MODEL   SLICE("openai/gpt-5-mini")

struct choice {
    struct slice url;
    struct slice key;
    struct slice model;
    struct slice provider;
    struct slice client_id;
    struct slice region;
    bool env;
};

static struct slice or_else(struct slice wanted, bool env, struct slice otherwise)
{
    return !wanted.p && env ? otherwise : wanted;
}

static struct choice choose(const struct aigne_config *c, struct arena *a)
{
    bool env = settings_bool(c, SETTING_ENV);
    struct choice choice = {.env = env};
    choice.url = or_else(settings_text(c, SETTING_URL), env, environment_url());
    choice.model = or_else(settings_text(c, SETTING_MODEL), env, environment_model());
    choice.provider = or_else(settings_text(c, SETTING_PROVIDER), env, environment_provider());
    choice.client_id =
        or_else(settings_text(c, SETTING_CLIENT_ID), env, environment_client_id());
    choice.region = or_else(settings_text(c, SETTING_REGION), env, environment_region());
    choice.key = settings_text(c, SETTING_ACCESS_KEY);
    if (!choice.key.p && env && !choice.provider.p)
        choice.key = environment_access_key(a);
    return choice;
}

static int read_type(const struct aigne_config *c, enum chat_kind *out, struct fault *why)
{
    struct slice type = settings_text(c, SETTING_TYPE);
    *out = KIND_CHAT;
    if (!type.p || kind_parse(type, out))
        return AIGNE_OK;
    return fault_set(why, AIGNE_E_CONFIG,
                     "Setting \"type\" must be chat, embedding, image, video, speech or "
                     "transcription.");
}

static int find_row(struct slice provider, enum chat_kind kind, const struct provider_row **out,
                    struct fault *why)
{
    const struct provider_row *row = provider_find(provider.p ? provider : SLICE("aignehub"));
    if (!row)
        return fault_set(
            why, AIGNE_E_CONFIG,
            "Setting \"provider\": there is no provider \"%.*s\"; aigne-config(5) lists "
            "them.",
            (int)(provider.n > 40 ? 40 : provider.n), provider.p);
    if (!row->adapters[kind])
        return fault_set(why, AIGNE_E_CONFIG,
                         "Setting \"provider\": %s cannot be asked for this: %s.",
                         row->display_name, kind_name(kind));
    *out = row;
    return AIGNE_OK;
}

/* "openai/gpt-4o" given to openai itself, or "aignehub/openai/gpt-4o" given to a hub. */
static struct slice without_own_prefix(const struct provider_row *row, struct slice model)
{
    const char *const names[] = {row->name, row->alias, "aigne-hub"};
    size_t count = slice_is(slice_text(row->name), "aignehub") ? 3 : 2;
    for (size_t i = 0; i < count; i++) {
        size_t length = names[i] ? strlen(names[i]) : 0;
        bool fits = length && slice_starts_nocase(model, names[i]) && model.n > length + 1;
        if (fits && (model.p[length] == '/' || model.p[length] == ':'))
            return slice_from(model, length + 1);
    }
    return model;
}

static int fill_base_url(struct aigne_model *m, struct slice url, struct fault *why)
{
    struct slice given = url;
    if (!given.p)
        given = m->row->base_url ? slice_text(m->row->base_url) : DEFAULT_HUB_URL;
    if (m->row->adapters[m->kind]->step)
        return AIGNE_OK;
    if (!url.p && m->row->placeless)
        return fault_set(why, AIGNE_E_CONFIG,
                         "Setting \"url\" is missing: %s has no usual place.",
                         m->row->display_name);
    struct url parsed;
    int rc = url.p ? url_parse(url, &parsed, why) : AIGNE_OK; /* a row's may have holes */
    if (rc < 0)
        return rc;
    while (given.n && given.p[given.n - 1] == '/')
        given.n--;
    m->base_url = arena_copy(&m->arena, given);
    return m->base_url.p ? AIGNE_OK : fault_nomem(why);
}

static int fill(struct aigne_model *m, const struct aigne_config *c, struct fault *why)
{
    struct choice choice = choose(c, &m->arena);
    int rc = find_row(choice.provider, m->kind, &m->row, why);
    if (rc < 0)
        return rc;
    rc = fill_base_url(m, choice.url, why);
    if (rc < 0)
        return rc;
    if (!choice.key.p && choice.env && choice.provider.p)
        choice.key = environment_provider_key(m->row->environment, &m->arena);
    bool to_hub = !choice.provider.p;
    struct slice name = choice.model.p || !to_hub ? choice.model : DEFAULT_MODEL;
    m->name = arena_copy(&m->arena, without_own_prefix(m->row, name));
    m->secret = arena_copy(&m->arena, slice_trim(choice.key));
    m->client_id = arena_copy(&m->arena, choice.client_id);
    m->region = arena_copy(&m->arena, choice.region);
    return m->arena.failed ? fault_nomem(why) : reach_init(&m->reach, c, why);
}

static struct aigne_model *model_new(struct fault *why)
{
    struct aigne_model *m = mem_alloc_zero(sizeof(*m));
    if (!m) {
        fault_nomem(why);
        return NULL;
    }
    m->magic = HANDLE_MODEL;
    ref_init(&m->ref);
    arena_init(&m->arena);
    endpoints_init(&m->endpoints);
    loop_pool_init(&m->pool);
    return m;
}

int model_open(const struct aigne_config *c, struct aigne_model **out, struct fault *why)
{
    enum chat_kind kind;
    int rc = read_type(c, &kind, why);
    if (rc < 0)
        return rc;
    struct aigne_model *m = model_new(why);
    if (!m)
        return AIGNE_E_NOMEM;
    m->kind = kind;
    rc = fill(m, c, why);
    if (rc < 0) {
        model_drop(m);
        return rc;
    }
    *out = m;
    return AIGNE_OK;
}

int model_in_hub(struct aigne_hub *h, struct slice who, struct slice name,
                 struct aigne_model **out, struct fault *why)
{
    struct aigne_model *m = model_new(why);
    if (!m)
        return AIGNE_E_NOMEM;
    hub_object_hold(h);
    m->hub = h;
    m->name = arena_copy(&m->arena, name);
    m->who = arena_copy(&m->arena, who);
    if (m->arena.failed) {
        model_drop(m);
        return fault_nomem(why);
    }
    *out = m;
    return AIGNE_OK;
}

struct chat_target model_target(const struct aigne_model *m)
{
    return (struct chat_target){
        .provider = slice_text(m->row->name),
        .base_url = m->base_url,
        .secret = m->secret,
        .secret_is_pair =
            slice_starts(m->secret, "{") && json_check(m->secret, NULL) == AIGNE_OK,
        .client_id = m->client_id,
        .quirks = m->row->quirks,
        .region = m->region,
    };
}

void model_hold(struct aigne_model *m)
{
    ref_hold(&m->ref);
}

void model_drop(struct aigne_model *m)
{
    if (!m || !ref_drop(&m->ref))
        return;
    m->magic = HANDLE_DEAD;
    loop_pool_free(&m->pool);
    endpoints_free(&m->endpoints);
    reach_free(&m->reach);
    if (m->hub)
        hub_object_drop(m->hub);
    arena_wipe_free(&m->arena);
    mem_free(m);
}

struct loop_pool *model_pool(struct aigne_model *m)
{
    return m->hub ? &m->hub->pool : &m->pool;
}

struct endpoints *model_endpoints(struct aigne_model *m)
{
    return m->hub ? &m->hub->endpoints : &m->endpoints;
}
