/* Knows the verbs about users; refuses to know what they may do: their keys say that. */
#include "hub/verb.h"
#include <aignehub/aignehub.h>

int user_find(struct verb_call *v, struct slice id_or_name, const struct store_object **out)
{
    *out = catalog_object(v->catalog, TABLE_USER, id_or_name);
    if (!*out)
        *out = catalog_user(v->catalog, id_or_name);
    if (v->arena->failed)
        return fault_nomem(v->why);
    return *out ? AIGNE_OK : verb_missing(v, "user", id_or_name);
}

struct slice user_id(struct verb_call *v, struct slice id_or_name)
{
    if (!id_or_name.p || catalog_object(v->catalog, TABLE_USER, id_or_name))
        return id_or_name;
    const struct store_object *user = catalog_user(v->catalog, id_or_name);
    return user ? user->id : id_or_name;
}

static int user_put(struct verb_call *v)
{
    struct slice id = SLICE_NONE;
    struct slice name = SLICE_NONE;
    struct slice email = SLICE_NONE;
    const struct store_object *old = NULL;
    int rc = verb_name(v, "id", &id);
    if (!rc)
        rc = verb_name(v, "name", &name);
    if (!rc)
        rc = verb_name(v, "email", &email);
    if (rc)
        return rc;
    if (!id.p && !name.p)
        return verb_refuse(v, "name", "Argument \"name\" is missing.");
    old = id.p ? catalog_object(v->catalog, TABLE_USER, id) : catalog_user(v->catalog, name);
    if (id.p && !old)
        return verb_missing(v, "user", id);
    const struct store_object *namesake = name.p ? catalog_user(v->catalog, name) : NULL;
    if (namesake && namesake != old)
        return verb_refuse(v, "name", "Another user has this name.");
    struct slice new_id = old ? old->id : verb_new_id(v);
    struct slice team = SLICE_NONE;
    rc = team_argument(v, new_id, &team);
    if (rc)
        return rc;
    const struct verb_member members[] = {{"name", verb_quote(v, name)},
                                          {"team", team},
                                          {"email", json_get(v->arguments, "email").raw},
                                          {"metadata", json_get(v->arguments, "metadata").raw}};
    struct slice body = verb_body(v, old, members, sizeof members / sizeof *members);
    rc = verb_put(v, TABLE_USER, new_id, body, old ? old->version : STORE_ABSENT);
    const struct store_object made = {.id = new_id, .body = body};
    const struct billing *b = &v->catalog->billing;
    if (!rc && !old && b->on && b->starter)
        rc = credit_starter(v, &made, b->starter);
    if (rc)
        return rc;
    verb_reply(v, new_id, body);
    json_close_object(&v->w);
    return AIGNE_OK;
}

static int find(struct verb_call *v, const struct store_object **out)
{
    struct slice id = SLICE_NONE;
    struct slice name = SLICE_NONE;
    int rc = verb_name(v, "id", &id);
    if (!rc)
        rc = verb_name(v, "name", &name);
    if (rc)
        return rc;
    if (!id.p && !name.p)
        return verb_refuse(v, "id", "Say which user: \"id\" or \"name\".");
    return user_find(v, id.p ? id : name, out);
}

static int user_get(struct verb_call *v)
{
    return verb_show(v, find, NULL);
}

static int user_list(struct verb_call *v)
{
    return verb_list(v, TABLE_USER, NULL, NULL);
}

/* The user's keys open nothing any more; what they used stays in the usage rows. */
static int user_delete(struct verb_call *v)
{
    const struct store_object *object = NULL;
    size_t count = 0;
    int64_t dropped = 0;
    const struct store_object *keys = catalog_objects(v->catalog, TABLE_KEY, &count);
    int rc = find(v, &object);
    if (!object)
        return rc;
    rc = verb_drop(v, object);
    if (!rc) /* who had another name before, or none of the credits: the name is not new */
        rc = credit_starter(v, object, 0);
    for (size_t i = 0; i < count && !rc; i++) {
        struct slice owner = json_string(json_get(json_of(keys[i].body), "user"), v->arena);
        if (!owner.p || !slice_eq(owner, object->id))
            continue;
        rc = verb_drop(v, &keys[i]);
        dropped++;
    }
    if (rc)
        return rc;
    json_open_object(&v->w);
    json_member_string(&v->w, "id", object->id);
    json_member_bool(&v->w, "deleted", true);
    json_member_int(&v->w, "keysDeleted", dropped);
    json_close_object(&v->w);
    return AIGNE_OK;
}

#define ID_TEXT     VERB_TEXT("id", "the user's id")
#define NAME_TEXT   VERB_TEXT("name", "the user's name; no two are alike")
#define FIND_SCHEMA VERB_OPTIONAL(ID_TEXT, NAME_TEXT)

static const struct verb verbs[] = {
    {{"user.put",
      VERB_OPTIONAL(ID_TEXT, NAME_TEXT, VERB_TEXT_OR_NULL("email", "the user's address"),
                    VERB_TEXT_OR_NULL("team", "id or name of the user's team, to let it pay"),
                    VERB_OBJECT_OR_NULL("metadata", "anything more")),
      "Make a user, or change what is mentioned."},
     true,
     user_put},
    {{"user.get", FIND_SCHEMA, "Show a user."}, false, user_get},
    {{"user.list", VERB_OPTIONAL(VERB_PAGE, VERB_PAGE_SIZE), "List the users."},
     false,
     user_list},
    {{"user.delete", FIND_SCHEMA, "Remove a user and the user's access keys."},
     true,
     user_delete}};

const struct verb_table user_verbs = {verbs, sizeof verbs / sizeof *verbs};
