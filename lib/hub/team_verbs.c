/* Knows the verbs about teams; refuses to know what their members may spend: budgets say that. */
#include "base/mem.h"
#include "hub/verb.h"
#include <aignehub/aignehub.h>

enum { MEMBERS_JSON_LARGEST = 512 * 1024 };

static struct slice name_of(struct verb_call *v, const struct store_object *team)
{
    return json_string(json_get(json_of(team->body), "name"), v->arena);
}

/* The object of that id, else of that name; NULL: there is none. */
static const struct store_object *look_up(struct verb_call *v, struct slice id_or_name)
{
    size_t count = 0;
    const struct store_object *teams = catalog_objects(v->catalog, TABLE_TEAM, &count);
    const struct store_object *found = catalog_object(v->catalog, TABLE_TEAM, id_or_name);
    for (size_t i = 0; i < count && !found; i++)
        if (slice_eq(name_of(v, &teams[i]), id_or_name))
            found = &teams[i];
    return found;
}

int team_find(struct verb_call *v, struct slice id_or_name, const struct store_object **out)
{
    *out = look_up(v, id_or_name);
    if (v->arena->failed)
        return fault_nomem(v->why);
    return *out ? AIGNE_OK : verb_missing(v, "team", id_or_name);
}

static bool has_member(struct verb_call *v, const struct store_object *team, struct slice user)
{
    struct json_walk walk = json_walk(json_get(json_of(team->body), "members"));
    while (json_next(&walk))
        if (slice_eq(json_string(walk.value, v->arena), user))
            return true;
    return false;
}

int team_argument(struct verb_call *v, struct slice user, struct slice *json)
{
    struct slice given = SLICE_NONE;
    const struct store_object *team = NULL;
    int rc = verb_name(v, "team", &given);
    *json = json_get(v->arguments, "team").kind == JSON_NULL ? VERB_NULL : SLICE_NONE;
    if (rc || !given.p)
        return rc;
    rc = team_find(v, given, &team);
    if (rc)
        return rc;
    if (user.n && !has_member(v, team, user))
        return verb_refuse(v, "team", "The user is not a member of this team; see team.put.");
    *json = verb_quote(v, team->id);
    return verb_check(v, TABLE_TEAM, team->id, team->version);
}

/* A user's calls are for one team: a budget must know for which. */
static int write_member(struct verb_call *v, const struct store_object *old, struct json given,
                        struct json_writer *w)
{
    const struct store_object *user = NULL;
    struct slice name = json_string(given, v->arena);
    if (!name.p)
        return v->arena->failed
                   ? fault_nomem(v->why)
                   : verb_refuse(v, "members", "Argument \"members\" must be ids or names.");
    int rc = user_find(v, name, &user);
    if (rc)
        return rc;
    const struct membership *other = map_get(&v->catalog->budgets.teams, user->id);
    if (other && other->team != old)
        return verb_refuse(v, "members", "User \"%.*s\" is a member of another team.",
                           (int)(name.n < 100 ? name.n : 100), name.p);
    json_write_string(w, user->id);
    return verb_check(v, TABLE_USER, user->id, user->version);
}

static int read_members(struct verb_call *v, const struct store_object *old, struct slice *json)
{
    struct buf list AUTO(buf_free);
    struct json given = json_get(v->arguments, "members");
    int rc = AIGNE_OK;
    *json = SLICE_NONE;
    buf_init(&list, MEMBERS_JSON_LARGEST);
    if (given.kind != JSON_ARRAY)
        return AIGNE_OK;
    struct json_writer w = json_writer(&list);
    struct json_walk walk = json_walk(given);
    json_open_array(&w);
    while (!rc && json_next(&walk))
        rc = write_member(v, old, walk.value, &w);
    json_close_array(&w);
    if (rc)
        return rc;
    if (buf_rc(&list) == AIGNE_E_REQUEST)
        return verb_refuse(v, "members", "The team has too many members.");
    *json = buf_rc(&list) ? SLICE_NONE : arena_copy(v->arena, buf_slice(&list));
    return json->p ? AIGNE_OK : fault_nomem(v->why);
}

static int team_put(struct verb_call *v)
{
    struct slice id = SLICE_NONE;
    struct slice name = SLICE_NONE;
    struct slice members = SLICE_NONE;
    const struct store_object *old = NULL;
    int rc = verb_name(v, "id", &id);
    if (!rc)
        rc = verb_name(v, "name", &name);
    if (!rc && id.p)
        rc = team_find(v, id, &old);
    if (rc)
        return rc;
    if (!id.p && !name.p)
        return verb_refuse(v, "name", "A team needs a name.");
    const struct store_object *namesake = name.p ? look_up(v, name) : NULL;
    if (!id.p)
        old = namesake;
    else if (namesake && namesake != old)
        return verb_refuse(v, "name", "Another team has this name.");
    rc = read_members(v, old, &members);
    if (rc)
        return rc;
    struct slice new_id = old ? old->id : verb_new_id(v);
    const struct verb_member parts[] = {{"name", verb_quote(v, name)},
                                        {"members", members},
                                        {"metadata", json_get(v->arguments, "metadata").raw}};
    struct slice body = verb_body(v, old, parts, sizeof parts / sizeof *parts);
    rc = verb_put(v, TABLE_TEAM, new_id, body, old ? old->version : STORE_ABSENT);
    if (rc)
        return rc;
    verb_reply(v, new_id, body);
    json_close_object(&v->w);
    return AIGNE_OK;
}

static int find(struct verb_call *v, const struct store_object **out)
{
    struct slice team = SLICE_NONE;
    int rc = verb_name(v, "team", &team);
    return rc ? rc : team_find(v, team, out);
}

static int team_get(struct verb_call *v)
{
    return verb_show(v, find, NULL);
}

static int team_list(struct verb_call *v)
{
    return verb_list(v, TABLE_TEAM, NULL, NULL);
}

/* Its account stays, with what was granted. */
static int team_delete(struct verb_call *v)
{
    return verb_remove(v, find);
}

#define FIND_SCHEMA VERB_SCHEMA("\"team\"", VERB_TEXT("team", "the team's id or name"))

static const struct verb verbs[] = {
    {{"team.put",
      VERB_OPTIONAL(VERB_TEXT("id", "the team's id"),
                    VERB_TEXT("name", "the team's name; no two are alike"),
                    VERB_NAMED("members", "\"type\":\"array\"",
                               "ids or names of users; they replace those before"),
                    VERB_OBJECT_OR_NULL("metadata", "anything more")),
      "Make a team, or change what is mentioned."},
     true,
     team_put},
    {{"team.get", FIND_SCHEMA, "Show a team."}, false, team_get},
    {{"team.list", VERB_OPTIONAL(VERB_PAGE, VERB_PAGE_SIZE), "List the teams."},
     false,
     team_list},
    {{"team.delete", FIND_SCHEMA, "Remove a team; its members pay for themselves then."},
     true,
     team_delete}};

const struct verb_table team_verbs = {verbs, sizeof verbs / sizeof *verbs};
