/* Knows the verbs about providers; refuses to know how any of them is spoken to. */
#include "hub/known.h"
#include "hub/verb.h"
#include "text/url.h"
#include <aignehub/aignehub.h>

static int read_base_url(struct verb_call *v, struct slice *out)
{
    struct url parts;
    struct slice text = slice_trim(verb_text(v, "baseUrl"));
    *out = json_get(v->arguments, "baseUrl").raw;
    if (!text.p)
        return v->arena->failed ? fault_nomem(v->why) : AIGNE_OK;
    if (text.n == 0) {
        *out = VERB_NULL;
        return AIGNE_OK;
    }
    struct fault reason;
    fault_clear(&reason);
    int rc = url_parse(text, &parts, &reason);
    if (rc)
        return verb_refuse(v, "baseUrl", "Argument \"baseUrl\" is not usable: %s", reason.text);
    *out = verb_quote(v, text);
    return AIGNE_OK;
}

/* It becomes part of a host name: letters, digits and dashes. */
static int check_region(struct verb_call *v)
{
    struct slice region = verb_text(v, "region");
    for (size_t i = 0; i < region.n; i++) {
        char byte = region.p[i];
        bool fits = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-';
        if (!fits || region.n > 40)
            return verb_refuse(v, "region",
                               "Argument \"region\" must be like \"us-east-1\": lower-case "
                               "letters, digits and dashes.");
    }
    return AIGNE_OK;
}

/* Names of an operator's own are what stands before the slash of a model's name, and in log lines. */
static int check_own_name(struct verb_call *v, struct slice name)
{
    bool fits = name.n <= OWN_NAME_LARGEST;
    for (size_t i = 0; i < name.n && fits; i++) {
        char byte = name.p[i];
        bool plain = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
        fits = plain || (i > 0 && (byte == '-' || byte == '_' || byte == '.'));
    }
    if (fits)
        return AIGNE_OK;
    return verb_refuse(
        v, "name",
        "Argument \"name\" must have 1 to %d lower-case letters, digits, '-', '_' "
        "or '.', the first a letter or digit.",
        OWN_NAME_LARGEST);
}

static int read_known_name(struct verb_call *v, struct slice *name,
                           struct hub_provider_facts *facts)
{
    int rc = verb_provider(v, "name", name);
    if (rc == AIGNE_E_REQUEST && v->catalog->known->name_at(0))
        return fault_set(v->why, rc,
                         "%.400s To add one under a name of your own, say its \"type\".",
                         v->why->text);
    (void)v->catalog->known->find(*name, facts);
    return rc;
}

/* What the provider goes by and what it is: one that is known, then `type` is .p NULL, or one of the
 * operator's own. */
static int read_name(struct verb_call *v, struct slice *name, struct slice *type,
                     struct hub_provider_facts *facts)
{
    const struct hub_providers *known = v->catalog->known;
    struct hub_provider_facts namesake;
    int rc = verb_name(v, "name", name);
    if (!rc)
        rc = verb_name(v, "type", type);
    if (rc)
        return rc;
    const struct store_object *old = catalog_object(v->catalog, TABLE_PROVIDER, *name);
    struct json kept = json_get(json_of(old ? old->body : SLICE("")), "type");
    bool own = kept.kind == JSON_STRING;
    if (!type->p && !own)
        return read_known_name(v, name, facts);
    if (!type->p)
        *type = json_string(kept, v->arena);
    if (!known->find(*type, facts))
        return verb_unknown_provider(v, "type", *type);
    *type = facts->name;
    if (own || !known->find(*name, &namesake))
        return check_own_name(v, *name);
    if (!slice_eq(namesake.name, *type))
        return verb_refuse(v, "type",
                           "\"%.*s\" is a provider already known; choose another name for one "
                           "of type \"%.*s\".",
                           (int)namesake.name.n, namesake.name.p, (int)type->n, type->p);
    *name = namesake.name;
    *type = SLICE_NONE;
    return AIGNE_OK;
}

static int check_config(struct verb_call *v, struct slice type)
{
    struct json config = verb_json(v, "config");
    if (config.kind != JSON_OBJECT)
        return AIGNE_OK;
    int rc = v->catalog->known->check_config(type, config, v->why);
    if (rc == AIGNE_E_REQUEST)
        v->why->http = 400;
    return rc;
}

/* Where it is must be said for who has no usual place. */
static int check_place(struct verb_call *v, const struct hub_provider_facts *facts,
                       const struct store_object *old, struct slice base_url)
{
    struct slice place = base_url;
    if (!place.p && old)
        place = json_get(json_of(old->body), "baseUrl").raw;
    if (!facts->placeless || (place.p && !slice_eq(place, VERB_NULL)))
        return AIGNE_OK;
    return verb_refuse(v, "baseUrl",
                       "Argument \"baseUrl\" is missing: a provider of type \"%.*s\" has no "
                       "usual place.",
                       (int)facts->name.n, facts->name.p);
}

static void write_counts(struct verb_call *v, const struct store_object *object)
{
    const struct catalog_provider *p = catalog_provider(v->catalog, object->id);
    json_member_int(&v->w, "credentialCount", p ? (int64_t)p->credential_count : 0);
    json_member_int(&v->w, "activeCredentialCount", p ? (int64_t)p->active_count : 0);
}

static int provider_put(struct verb_call *v)
{
    struct slice name = SLICE_NONE;
    struct slice type = SLICE_NONE;
    struct slice display_name = SLICE_NONE;
    struct slice base_url = SLICE_NONE;
    struct hub_provider_facts facts = {0};
    int rc = read_name(v, &name, &type, &facts);
    if (!rc)
        rc = verb_name(v, "displayName", &display_name);
    if (!rc)
        rc = read_base_url(v, &base_url);
    if (!rc)
        rc = check_region(v);
    if (!rc)
        rc = check_config(v, facts.name);
    if (rc)
        return rc;
    const struct store_object *old = catalog_object(v->catalog, TABLE_PROVIDER, name);
    rc = check_place(v, &facts, old, base_url);
    if (rc)
        return rc;
    struct slice enabled = json_get(v->arguments, "enabled").raw;
    const struct verb_member members[] = {
        {"name", verb_quote(v, name)},
        {"type", verb_quote(v, type)},
        {"displayName", json_get(v->arguments, "displayName").raw},
        {"baseUrl", base_url},
        {"region", json_get(v->arguments, "region").raw},
        {"enabled", enabled.p || old ? enabled : SLICE("true")},
        {"keyless", json_get(v->arguments, "keyless").raw},
        {"config", json_get(v->arguments, "config").raw}};
    struct slice body = verb_body(v, old, members, sizeof members / sizeof *members);
    rc = verb_put(v, TABLE_PROVIDER, name, body, old ? old->version : STORE_ABSENT);
    if (rc)
        return rc;
    verb_reply(v, name, body);
    write_counts(v, &(struct store_object){.id = name});
    json_close_object(&v->w);
    return AIGNE_OK;
}

static int find(struct verb_call *v, const struct store_object **out)
{
    struct slice name = SLICE_NONE;
    int rc = verb_provider(v, "name", &name);
    if (rc)
        return rc;
    *out = catalog_object(v->catalog, TABLE_PROVIDER, name);
    if (!*out && slice_is(name, KNOWN_BUILTIN)) {
        v->why->http = 404;
        return fault_set(
            v->why, AIGNE_E_REQUEST,
            "Provider \"%s\" works by itself; set it up with provider.put to change "
            "or disable it.",
            KNOWN_BUILTIN);
    }
    return *out ? AIGNE_OK : verb_missing(v, "provider", name);
}

static int provider_get(struct verb_call *v)
{
    return verb_show(v, find, write_counts);
}

static int provider_list(struct verb_call *v)
{
    return verb_list(v, TABLE_PROVIDER, NULL, write_counts);
}

/* Whatever belongs to it goes with it, or its keys and prices would come back with a namesake. */
static int drop_owned(struct verb_call *v, const char *table, struct slice provider,
                      int64_t *dropped)
{
    size_t count = 0;
    const struct store_object *objects = catalog_objects(v->catalog, table, &count);
    *dropped = 0;
    for (size_t i = 0; i < count; i++) {
        struct slice owner =
            json_string(json_get(json_of(objects[i].body), "provider"), v->arena);
        if (!owner.p || !slice_eq(owner, provider))
            continue;
        int rc = verb_drop(v, &objects[i]);
        if (rc)
            return rc;
        ++*dropped;
    }
    return AIGNE_OK;
}

static int provider_delete(struct verb_call *v)
{
    const struct store_object *object = NULL;
    int64_t credentials = 0;
    int64_t rates = 0;
    int rc = find(v, &object);
    if (!object)
        return rc;
    rc = verb_drop(v, object);
    if (!rc)
        rc = drop_owned(v, TABLE_CREDENTIAL, object->id, &credentials);
    if (!rc)
        rc = drop_owned(v, TABLE_RATE, object->id, &rates);
    if (rc)
        return rc;
    json_open_object(&v->w);
    json_member_string(&v->w, "id", object->id);
    json_member_bool(&v->w, "deleted", true);
    json_member_int(&v->w, "credentialsDeleted", credentials);
    json_member_int(&v->w, "ratesDeleted", rates);
    json_close_object(&v->w);
    return AIGNE_OK;
}

#define NAME_DOC                                                                                \
    "AIGNE's name of the provider, such as openai (gemini is another name for google), or one " \
    "of your own"

static const struct verb verbs[] = {
    {{"provider.put",
      VERB_SCHEMA(
          "\"name\"", VERB_TEXT("name", NAME_DOC),
          VERB_TEXT("type", "which provider's ways it has, such as openai for whoever "
                            "speaks OpenAI's format; only with a name of your own"),
          VERB_TEXT_OR_NULL("displayName", "what people call it"),
          VERB_TEXT_OR_NULL("baseUrl", "where it is, when not at its usual place"),
          VERB_TEXT_OR_NULL("region", "the cloud region, for bedrock"),
          VERB_FLAG("enabled", "false: no calls go there; true when first put"),
          VERB_FLAG("keyless", "true: it is called without a credential when it has none"),
          VERB_OBJECT_OR_NULL("config",
                              "how it differs from its type, and headers to send along")),
      "Set a provider up, or change what is mentioned of it."},
     true,
     provider_put},
    {{"provider.get", VERB_SCHEMA("\"name\"", VERB_TEXT("name", NAME_DOC)), "Show a provider."},
     false,
     provider_get},
    {{"provider.list", VERB_OPTIONAL(VERB_PAGE, VERB_PAGE_SIZE),
      "List the providers that were set up."},
     false,
     provider_list},
    {{"provider.delete", VERB_SCHEMA("\"name\"", VERB_TEXT("name", NAME_DOC)),
      "Remove a provider with its credentials and rates."},
     true,
     provider_delete}};

const struct verb_table provider_verbs = {verbs, sizeof verbs / sizeof *verbs};
