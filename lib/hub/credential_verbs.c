/* Knows the verbs about credentials; refuses to know what a secret looks like inside. */
#include "base/mem.h"
#include "hub/secret.h"
#include "hub/verb.h"
#include "text/base64.h"
#include <aignehub/aignehub.h>

enum { ENVELOPE_LARGEST = 64 * 1024 };

struct slice secret_seal(struct verb_call *v, const struct vault_key *key,
                         struct slice provider, struct slice id, struct slice secret)
{
    char room[IDENTITY_SIZE];
    struct buf sealed AUTO(buf_free);
    struct buf text AUTO(buf_free);
    buf_init(&sealed, ENVELOPE_LARGEST);
    buf_init(&text, (size_t)2 * ENVELOPE_LARGEST);
    struct slice identity = credential_identity(room, provider, id);
    if (!identity.p || vault_seal(key, identity, secret, &sealed, v->why)) {
        v->arena->failed = true;
        return SLICE_NONE;
    }
    BUF_LITERAL(&text, "\"");
    base64_encode(&text, buf_slice(&sealed));
    BUF_LITERAL(&text, "\"");
    if (buf_rc(&text)) {
        v->arena->failed = true;
        return SLICE_NONE;
    }
    return arena_copy(v->arena, buf_slice(&text));
}

static bool is_named(struct verb_call *v, const struct store_object *object,
                     struct slice provider, struct slice name)
{
    struct json body = json_of(object->body);
    struct slice its_provider = json_string(json_get(body, "provider"), v->arena);
    struct slice its_name = json_string(json_get(body, "name"), v->arena);
    return its_provider.p && its_name.p && slice_eq(its_provider, provider) &&
           slice_eq(its_name, name);
}

static const struct store_object *by_name(struct verb_call *v, struct slice provider,
                                          struct slice name)
{
    size_t count = 0;
    const struct store_object *objects = catalog_objects(v->catalog, TABLE_CREDENTIAL, &count);
    for (size_t i = 0; i < count; i++)
        if (is_named(v, &objects[i], provider, name))
            return &objects[i];
    return NULL;
}

/* By "id", or by "provider" and "name". */
static int find(struct verb_call *v, const struct store_object **out)
{
    struct slice id = SLICE_NONE;
    struct slice name = SLICE_NONE;
    struct slice provider = SLICE_NONE;
    int rc = verb_name(v, "id", &id);
    if (!rc)
        rc = verb_provider(v, "provider", &provider);
    if (!rc)
        rc = verb_name(v, "name", &name);
    if (rc)
        return rc;
    if (!id.p && (!provider.p || !name.p))
        return verb_refuse(v, "id",
                           "Say which credential: \"id\", or \"provider\" and \"name\".");
    *out = id.p ? catalog_object(v->catalog, TABLE_CREDENTIAL, id) : by_name(v, provider, name);
    return *out ? AIGNE_OK : verb_missing(v, "credential", id.p ? id : name);
}

/* A credential's provider exists: made with defaults when it was never put, kept from being deleted
 * meanwhile when it was. */
static int need_provider(struct verb_call *v, struct slice provider)
{
    const struct store_object *object = catalog_object(v->catalog, TABLE_PROVIDER, provider);
    if (object)
        return verb_check(v, TABLE_PROVIDER, provider, object->version);
    const struct verb_member members[] = {{"name", verb_quote(v, provider)},
                                          {"enabled", SLICE("true")}};
    return verb_put(v, TABLE_PROVIDER, provider, verb_body(v, NULL, members, 2), STORE_ABSENT);
}

/* A reseal by another process must not pass unseen: what is sealed here fits the key of now. */
int secret_same_key(struct verb_call *v)
{
    const struct store_object *canary =
        catalog_object(v->catalog, TABLE_VAULT, SLICE(CANARY_ID));
    if (!canary)
        return AIGNE_OK;
    int rc = canary_check(hub_key(v->hub), canary, v->why);
    return rc ? rc : verb_check(v, TABLE_VAULT, SLICE(CANARY_ID), canary->version);
}

/* Which credential a put means; NULL in *old: a new one. */
static int find_old(struct verb_call *v, struct slice provider, struct slice name,
                    const struct store_object **old)
{
    struct slice id = SLICE_NONE;
    int rc = verb_name(v, "id", &id);
    if (rc)
        return rc;
    const struct store_object *namesake = by_name(v, provider, name);
    *old = namesake;
    if (!id.p)
        return v->arena->failed ? fault_nomem(v->why) : AIGNE_OK;
    *old = catalog_object(v->catalog, TABLE_CREDENTIAL, id);
    if (!*old)
        return verb_missing(v, "credential", id);
    if (namesake && namesake != *old)
        return verb_refuse(v, "name", "Another credential of this provider has this name.");
    struct slice owner = json_string(json_get(json_of((*old)->body), "provider"), v->arena);
    if (!owner.p || !slice_eq(owner, provider))
        return verb_refuse(v, "provider", "This credential belongs to another provider.");
    return AIGNE_OK;
}

static int read_weight(struct verb_call *v, struct slice *out)
{
    int64_t weight = 0;
    struct json given = verb_json(v, "weight");
    *out = SLICE_NONE;
    if (given.kind == JSON_NONE)
        return AIGNE_OK;
    if (!json_int64(given, &weight) || weight < 1 || weight > ROTATION_WEIGHT_LARGEST)
        return verb_refuse(v, "weight",
                           "Argument \"weight\" must be a whole number from 1 to %d.",
                           ROTATION_WEIGHT_LARGEST);
    *out = verb_number(v, weight);
    return AIGNE_OK;
}

static int put(struct verb_call *v, struct slice provider, struct slice name,
               const struct store_object *old, const struct secret *secret)
{
    struct slice id = old ? old->id : verb_new_id(v);
    struct slice sealed = SLICE_NONE;
    if (secret->text.p && id.p)
        sealed = secret_seal(v, hub_key(v->hub), provider, id, secret->text);
    struct slice active = json_get(v->arguments, "active").raw;
    struct slice weight = SLICE_NONE;
    int rc = read_weight(v, &weight);
    if (rc)
        return rc;
    const struct verb_member members[] = {{"provider", verb_quote(v, provider)},
                                          {"name", verb_quote(v, name)},
                                          {"credentialType", verb_quote(v, secret->type)},
                                          {"active", active.p || old ? active : SLICE("true")},
                                          {"weight", weight},
                                          {"maskedValue", verb_quote(v, secret->masked)},
                                          {"sealed", sealed}};
    struct slice body = verb_body(v, old, members, sizeof members / sizeof *members);
    rc = verb_put(v, TABLE_CREDENTIAL, id, body, old ? old->version : STORE_ABSENT);
    /* What was held against another secret. */
    const struct store_object *health =
        secret->text.p && old ? catalog_object(v->catalog, TABLE_HEALTH, id) : NULL;
    if (!rc && health)
        rc = verb_drop(v, health);
    if (rc)
        return rc;
    verb_reply(v, id, body);
    json_close_object(&v->w);
    return AIGNE_OK;
}

static int credential_put(struct verb_call *v)
{
    struct slice provider = SLICE_NONE;
    struct slice name = SLICE_NONE;
    struct secret secret;
    const struct store_object *old = NULL;
    int rc = verb_provider(v, "provider", &provider);
    if (!rc)
        rc = verb_name(v, "name", &name);
    if (!rc)
        rc = secret_read(v, &secret);
    if (!rc)
        rc = find_old(v, provider, name, &old);
    if (rc)
        return rc;
    if (!old && !secret.text.p)
        return verb_refuse(v, "value", "Argument \"value\" is missing: the provider's key.");
    rc = need_provider(v, provider);
    if (!rc)
        rc = secret_same_key(v);
    return rc ? rc : put(v, provider, name, old, &secret);
}

static int credential_get(struct verb_call *v)
{
    return verb_show(v, find, health_write_credential);
}

static bool of_provider(struct verb_call *v, struct json body)
{
    struct hub_provider_facts facts;
    struct slice wanted = verb_text(v, "provider");
    if (!wanted.p)
        return true;
    if (catalog_facts(v->catalog, wanted, &facts))
        wanted = facts.name;
    struct slice owner = json_string(json_get(body, "provider"), v->arena);
    return owner.p && slice_eq(owner, wanted);
}

static int credential_list(struct verb_call *v)
{
    struct slice provider = SLICE_NONE;
    int rc = verb_provider(v, "provider", &provider);
    return rc ? rc : verb_list(v, TABLE_CREDENTIAL, of_provider, health_write_credential);
}

static int credential_delete(struct verb_call *v)
{
    return verb_remove(v, find);
}

/* ---- a new master key ------------------------------------------------------------------------ */

static int read_new_key(struct verb_call *v)
{
    struct slice text = verb_text(v, "masterKey");
    struct slice path = verb_text(v, "masterKeyFile");
    if (v->arena->failed)
        return fault_nomem(v->why);
    if ((text.p != NULL) == (path.p != NULL))
        return verb_refuse(v, "masterKey",
                           "Give the new key as \"masterKey\" or as \"masterKeyFile\".");
    struct vault_key *key = NULL;
    const char *file = path.p ? arena_copy(v->arena, path).p : NULL;
    if (path.p && !file)
        return fault_nomem(v->why);
    int rc =
        text.p ? vault_key_of(text, &key, v->why) : vault_key_file(file, true, &key, v->why);
    if (rc == AIGNE_E_CONFIG) {
        v->why->http = 400;
        v->why->code = AIGNE_E_REQUEST;
        return AIGNE_E_REQUEST;
    }
    if (!rc)
        rc = hub_add_key(v->hub, key, v->why);
    v->new_key = rc ? NULL : key;
    return rc;
}

static int reseal_one(struct verb_call *v, const struct store_object *object)
{
    char room[IDENTITY_SIZE];
    struct buf envelope AUTO(buf_free);
    struct buf secret AUTO(buf_wipe_free);
    buf_init(&envelope, ENVELOPE_LARGEST);
    buf_init(&secret, ENVELOPE_LARGEST);
    struct json body = json_of(object->body);
    struct slice provider = json_string(json_get(body, "provider"), v->arena);
    struct slice sealed = json_string(json_get(body, "sealed"), v->arena);
    struct slice identity =
        provider.p ? credential_identity(room, provider, object->id) : SLICE_NONE;
    bool read = provider.p && identity.p && sealed.p && base64_decode(&envelope, sealed);
    if (v->arena->failed || buf_rc(&envelope) == AIGNE_E_NOMEM)
        return fault_nomem(v->why);
    if (!read)
        return fault_set(v->why, AIGNE_E_STORE, "Credential %.*s is damaged; delete it first.",
                         (int)object->id.n, object->id.p);
    int rc = hub_open_envelope(v->hub, identity, buf_slice(&envelope), &secret, v->why);
    if (rc)
        return rc;
    const struct verb_member member = {
        "sealed", secret_seal(v, v->new_key, provider, object->id, buf_slice(&secret))};
    return verb_put(v, TABLE_CREDENTIAL, object->id, verb_body(v, object, &member, 1),
                    object->version);
}

static int reseal_canary(struct verb_call *v)
{
    struct buf body AUTO(buf_free);
    buf_init(&body, ENVELOPE_LARGEST);
    const struct store_object *old = catalog_object(v->catalog, TABLE_VAULT, SLICE(CANARY_ID));
    int rc = canary_body(v->new_key, &body, v->why);
    return rc ? rc
              : verb_put(v, TABLE_VAULT, SLICE(CANARY_ID),
                         arena_copy(v->arena, buf_slice(&body)),
                         old ? old->version : STORE_ABSENT);
}

static int credential_reseal(struct verb_call *v)
{
    size_t count = 0;
    const struct store_object *objects = catalog_objects(v->catalog, TABLE_CREDENTIAL, &count);
    int rc = read_new_key(v);
    if (!rc)
        rc = reseal_canary(v);
    for (size_t i = 0; i < count && !rc; i++)
        rc = reseal_one(v, &objects[i]);
    if (rc)
        return rc;
    json_open_object(&v->w);
    json_member_int(&v->w, "resealed", (int64_t)count);
    json_member_text(&v->w, "next", "Open this hub with the new master key from now on.");
    json_close_object(&v->w);
    return AIGNE_OK;
}

#define PROVIDER_DOC "the provider it belongs to"
#define FIND_SCHEMA                                                                            \
    VERB_OPTIONAL(VERB_TEXT("id", "its id"), VERB_TEXT("provider", PROVIDER_DOC),              \
                  VERB_TEXT("name", "its name"))
#define VALUE_PARTS                                                                            \
    VERB_JOIN(VERB_TEXT("api_key", "the key"), VERB_TEXT("access_key_id", "of a pair"),        \
              VERB_TEXT("secret_access_key", "of a pair"),                                     \
              VERB_TEXT("session_token", "of a pair that is temporary"))

static const struct verb verbs[] = {
    {{"credential.put",
      VERB_SCHEMA("\"provider\",\"name\"", VERB_TEXT("provider", PROVIDER_DOC),
                  VERB_TEXT("name", "tells it from the provider's other ones"),
                  VERB_PARTS("value", "\"string\",\"null\"", VALUE_PARTS,
                             "the key, or the parts of a pair; absent keeps the stored one"),
                  VERB_CHOICE("credentialType", "\"api_key\",\"access_key_pair\"",
                              "what the value is, when it should be checked"),
                  VERB_FLAG("active", "false: not used; true when first put"),
                  VERB_NUMBER("weight",
                              "from 1 to 100, how much of the provider's calls it gets against "
                              "its other credentials; 100 when first put"),
                  VERB_TEXT("id", "its id, to give it another name")),
      "Store a provider's key, sealed, or change what is mentioned of it."},
     true,
     credential_put},
    {{"credential.get", FIND_SCHEMA,
      "Show a credential and whether it works; its key stays masked."},
     false,
     credential_get},
    {{"credential.list",
      VERB_OPTIONAL(VERB_TEXT("provider", PROVIDER_DOC), VERB_PAGE, VERB_PAGE_SIZE),
      "List credentials and whether they work; their keys stay masked."},
     false,
     credential_list},
    {{"credential.delete", FIND_SCHEMA, "Remove a credential."}, true, credential_delete},
    {{"credential.reseal",
      VERB_OPTIONAL(
          VERB_TEXT("masterKey", "the new key: 32 bytes, raw, as hex or as base64"),
          VERB_TEXT("masterKeyFile", "the file of the new key; made when there is none")),
      "Seal all credentials anew under another master key."},
     true,
     credential_reseal}};

const struct verb_table credential_verbs = {verbs, sizeof verbs / sizeof *verbs};
