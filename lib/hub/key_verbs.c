/* Knows the verbs about access keys; refuses to know a key's text once it was shown. */
#include "base/mem.h"
#include "base/random.h"
#include "hub/verb.h"
#include "store/moment.h"
#include <aignehub/aignehub.h>

enum { KEY_BYTES = 32, HINT_CHARACTERS = 4, KEY_TEXT_SIZE = 64 };

#define KEY_PREFIX "aigne-"

/* 256 random bits as 52 characters that survive being read aloud, typed and double-clicked. */
static int make_key(struct verb_call *v, struct slice *out)
{
    static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
    unsigned char bytes[KEY_BYTES];
    char text[KEY_TEXT_SIZE] = KEY_PREFIX;
    size_t n = sizeof KEY_PREFIX - 1;
    unsigned bits = 0;
    unsigned held = 0;
    if (random_bytes(bytes, sizeof bytes))
        return fault_set(v->why, AIGNE_E_INTERNAL, "The system gave no random bytes.");
    for (size_t i = 0; i < sizeof bytes; i++) {
        bits = (bits << 8 | bytes[i]) & 0xfff;
        for (held += 8; held >= 5; held -= 5)
            text[n++] = digits[bits >> (held - 5) & 31];
    }
    text[n++] = digits[bits << (5 - held) & 31];
    *out = arena_copy(v->arena, slice_of(text, n));
    mem_wipe(bytes, sizeof bytes);
    mem_wipe(text, sizeof text);
    return out->p ? AIGNE_OK : fault_nomem(v->why);
}

static int read_expiry(struct verb_call *v, struct slice *out)
{
    struct json given = verb_json(v, "expiresAt");
    int64_t ms = 0;
    *out = SLICE_NONE;
    if (given.kind == JSON_NONE)
        return AIGNE_OK;
    struct slice text = given.kind == JSON_STRING ? json_string(given, v->arena) : given.raw;
    if (v->arena->failed)
        return fault_nomem(v->why);
    if (!moment_parse(text, &ms) || ms <= v->now_ms)
        return verb_refuse(v, "expiresAt",
                           "Argument \"expiresAt\" must be a time to come: ISO 8601, or "
                           "milliseconds since 1970.");
    *out = verb_number(v, ms);
    return AIGNE_OK;
}

static int read_user(struct verb_call *v, struct slice *out)
{
    const struct store_object *user = NULL;
    struct slice given = SLICE_NONE;
    int rc = verb_name(v, "user", &given);
    *out = SLICE_NONE;
    if (rc || !given.p)
        return rc;
    rc = user_find(v, given, &user);
    if (!rc)
        rc = verb_check(v, TABLE_USER, user->id, user->version);
    if (!rc)
        *out = user->id;
    return rc;
}

static int key_create(struct verb_call *v)
{
    struct slice name = SLICE_NONE;
    struct slice user = SLICE_NONE;
    struct slice expires = SLICE_NONE;
    struct slice key = SLICE_NONE;
    struct slice policy = SLICE_NONE;
    struct slice team = SLICE_NONE;
    int rc = verb_name(v, "name", &name);
    if (!rc)
        rc = read_user(v, &user);
    if (!rc)
        rc = team_argument(v, user, &team);
    if (!rc)
        rc = read_expiry(v, &expires);
    if (!rc)
        rc = verb_policy(v, &policy);
    if (!rc)
        rc = make_key(v, &key);
    if (rc)
        return rc;
    struct slice role = json_get(v->arguments, "role").raw;
    struct slice id = verb_new_id(v);
    const struct verb_member members[] = {
        {"name", verb_quote(v, name)},
        {"role", role.p ? role : SLICE("\"user\"")},
        {"user", verb_quote(v, user)},
        {"team", team},
        {"hint", verb_quote(v, slice_from(key, key.n - HINT_CHARACTERS))},
        {"hash", verb_quote(v, verb_hash(v, key))},
        {"expiresAt", expires},
        {"policy", policy}};
    struct slice body = verb_body(v, NULL, members, sizeof members / sizeof *members);
    rc = verb_put(v, TABLE_KEY, id, body, STORE_ABSENT);
    if (rc)
        return rc;
    verb_reply(v, id, body);
    json_member_string(&v->w, "key", key);
    json_close_object(&v->w);
    return AIGNE_OK;
}

static int find(struct verb_call *v, const struct store_object **out)
{
    struct slice id = SLICE_NONE;
    int rc = verb_name(v, "id", &id);
    if (rc)
        return rc;
    *out = catalog_object(v->catalog, TABLE_KEY, id);
    return *out ? AIGNE_OK : verb_missing(v, "key", id);
}

static int key_get(struct verb_call *v)
{
    return verb_show(v, find, NULL);
}

static int key_put(struct verb_call *v)
{
    const struct store_object *object = NULL;
    struct slice name = SLICE_NONE;
    struct slice expires = SLICE_NONE;
    struct slice policy = SLICE_NONE;
    int rc = find(v, &object);
    if (!object)
        return rc;
    rc = verb_name(v, "name", &name);
    if (!rc)
        rc = read_expiry(v, &expires);
    if (!rc)
        rc = verb_policy(v, &policy);
    if (rc)
        return rc;
    if (json_get(v->arguments, "expiresAt").kind == JSON_NULL)
        expires = VERB_NULL;
    const struct verb_member members[] = {
        {"name", verb_quote(v, name)}, {"expiresAt", expires}, {"policy", policy}};
    struct slice body = verb_body(v, object, members, sizeof members / sizeof *members);
    rc = verb_put(v, TABLE_KEY, object->id, body, object->version);
    if (rc)
        return rc;
    verb_reply(v, object->id, body);
    json_close_object(&v->w);
    return AIGNE_OK;
}

static bool of_user(struct verb_call *v, struct json body)
{
    struct slice wanted = user_id(v, verb_text(v, "user"));
    struct slice owner = json_string(json_get(body, "user"), v->arena);
    return !wanted.p || (owner.p && slice_eq(owner, wanted));
}

static int key_list(struct verb_call *v)
{
    return verb_list(v, TABLE_KEY, of_user, NULL);
}

/* It stays in the list, for the usage rows that name it. Revoking twice keeps the first moment. */
static int key_revoke(struct verb_call *v)
{
    const struct store_object *object = NULL;
    int rc = find(v, &object);
    if (!object)
        return rc;
    bool revoked = json_present(json_get(json_of(object->body), "revokedAt"));
    const struct verb_member member = {"revokedAt",
                                       revoked ? SLICE_NONE : verb_number(v, v->now_ms)};
    struct slice body = verb_body(v, object, &member, 1);
    rc = verb_put(v, TABLE_KEY, object->id, body, object->version);
    if (rc)
        return rc;
    verb_reply(v, object->id, body);
    json_close_object(&v->w);
    return AIGNE_OK;
}

static int key_delete(struct verb_call *v)
{
    return verb_remove(v, find);
}

#define ID_SCHEMA VERB_SCHEMA("\"id\"", VERB_TEXT("id", "the key's id, as in key.list"))

static const struct verb verbs[] = {
    {{"key.create",
      VERB_SCHEMA("\"name\"", VERB_TEXT("name", "what the key is for"),
                  VERB_CHOICE("role", "\"user\",\"admin\"", "admin may also use the verbs"),
                  VERB_TEXT("user", "id or name of the user it belongs to"),
                  VERB_TEXT("team", "id or name of the team that pays for its calls"),
                  VERB_TIME("expiresAt", "when it ends; never when absent"), VERB_POLICY),
      "Make an access key; its text is in this reply and never again."},
     true,
     key_create},
    {{"key.put",
      VERB_SCHEMA("\"id\"", VERB_TEXT("id", "the key's id, as in key.list"),
                  VERB_TEXT("name", "what the key is for"),
                  VERB_TIME("expiresAt", "when it ends; null: never"), VERB_POLICY),
      "Change what is mentioned of an access key."},
     true,
     key_put},
    {{"key.get", ID_SCHEMA, "Show an access key, all but its text."}, false, key_get},
    {{"key.list",
      VERB_OPTIONAL(VERB_TEXT("user", "id or name of a user"), VERB_PAGE, VERB_PAGE_SIZE),
      "List access keys, all but their texts."},
     false,
     key_list},
    {{"key.revoke", ID_SCHEMA, "End an access key and keep it in the list."}, true, key_revoke},
    {{"key.delete", ID_SCHEMA, "Remove an access key."}, true, key_delete}};

const struct verb_table key_verbs = {verbs, sizeof verbs / sizeof *verbs};
