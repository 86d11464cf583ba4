/* Knows how limits are set and shown; refuses to know how they are kept. */
#include "base/clock.h"
#include "hub/known.h"
#include "hub/verb.h"
#include <aignehub/aignehub.h>

enum { STATES_LARGEST = 1000 };

/* The members of a limit, as JSON; .p NULL: not mentioned. */
struct given {
    struct slice name;
    enum limit_on on;
    struct slice id;
    const struct store_object *old;
};

/* ---- whom it binds: a limit on nobody would be silently without effect ---- */

static int check_user(struct verb_call *v, struct slice *id)
{
    const struct store_object *user = NULL;
    int rc = user_find(v, *id, &user);
    if (!rc)
        *id = user->id;
    return rc;
}

static int check_provider(struct verb_call *v, struct slice *id)
{
    struct hub_provider_facts facts;
    if (!catalog_facts(v->catalog, *id, &facts))
        return verb_unknown_provider(v, "id", *id);
    *id = facts.name;
    return catalog_provider(v->catalog, facts.name) ? AIGNE_OK
                                                    : verb_missing(v, "provider", *id);
}

/* "provider/model", a name that callers send, or the provider's own. */
static int check_model(struct verb_call *v, struct slice *id)
{
    struct hub_provider_facts facts;
    size_t slash = slice_find_byte(*id, '/');
    if (catalog_object(v->catalog, TABLE_ROUTE, *id) || catalog_rates_like(v->catalog, *id) ||
        vendor_of(*id))
        return AIGNE_OK;
    if (slash < id->n && catalog_facts(v->catalog, slice_of(id->p, slash), &facts)) {
        const struct slice parts[] = {facts.name, slice_from(*id, slash)};
        *id = arena_join(v->arena, parts, 2);
        return !id->p ? fault_nomem(v->why)
               : catalog_provider(v->catalog, facts.name)
                   ? AIGNE_OK
                   : verb_missing(v, "provider", facts.name);
    }
    return verb_refuse(
        v, "id",
        "Nobody is known to serve a model \"%.*s\"; write \"provider/model\", or "
        "a name that callers send.",
        (int)(id->n < 100 ? id->n : 100), id->p);
}

static int check_subject(struct verb_call *v, enum limit_on on, struct slice *id)
{
    if (slice_is(*id, LIMIT_EACH) || on == LIMIT_APP)
        return AIGNE_OK;
    if (on == LIMIT_ALL)
        return verb_refuse(v, "id", "A limit on all of the hub takes no \"id\".");
    if (on == LIMIT_KEY && !catalog_object(v->catalog, TABLE_KEY, *id))
        return verb_missing(v, "key", *id);
    if (on == LIMIT_USER)
        return check_user(v, id);
    if (on == LIMIT_PROVIDER)
        return check_provider(v, id);
    return on == LIMIT_MODEL ? check_model(v, id) : AIGNE_OK;
}

/* ---- limit.put ---- */

static int find(struct verb_call *v, const struct store_object **out)
{
    struct slice name = SLICE_NONE;
    int rc = verb_name(v, "name", &name);
    if (rc)
        return rc;
    *out = catalog_object(v->catalog, TABLE_LIMIT, name);
    return *out ? AIGNE_OK : verb_missing(v, "limit", name);
}

static int read_subject(struct verb_call *v, struct given *g)
{
    struct json old = json_of(g->old ? g->old->body : SLICE("{}"));
    struct slice on = verb_text(v, "on");
    int rc = verb_name(v, "id", &g->id);
    if (rc)
        return rc;
    if (!g->id.p && !on.p)
        g->id = json_string(json_get(old, "id"), v->arena);
    g->on = limit_on_of(on.p ? on : json_string(json_get(old, "on"), v->arena));
    if (g->on == LIMIT_ONS)
        return verb_refuse(v, "on", "Argument \"on\" is missing.");
    if (!g->id.p && g->on != LIMIT_ALL)
        return verb_refuse(
            v, "id", "Argument \"id\" is missing: which %s, or \"*\" for each one of them.",
            limit_on_name(g->on));
    if (!g->id.p)
        g->id = SLICE(LIMIT_EACH);
    return check_subject(v, g->on, &g->id);
}

static int check_room(struct verb_call *v, const struct given *g)
{
    size_t total = 0;
    size_t same = 0;
    const struct store_object *all = catalog_objects(v->catalog, TABLE_LIMIT, &total);
    for (size_t i = 0; i < total; i++) {
        struct json body = json_of(all[i].body);
        struct slice id = json_string(json_get(body, "id"), v->arena);
        same += !slice_eq(all[i].id, g->name) && id.p && slice_eq(id, g->id) &&
                json_string_is(json_get(body, "on"), limit_on_name(g->on));
    }
    if (same < LIMIT_SAME)
        return AIGNE_OK;
    return verb_refuse(v, "id", "There are %d limits on the same already.", LIMIT_SAME);
}

static const struct {
    const char *name;
    int64_t largest;
    bool limits; /* one of these must be there */
} numbers[] = {{"requestsPerMinute", LIMIT_NUMBER_LARGEST, true},
               {"tokensPerMinute", LIMIT_NUMBER_LARGEST, true},
               {"concurrent", LIMIT_NUMBER_LARGEST, true},
               {"queue", LIMIT_QUEUE_LARGEST, false},
               {"queueTime", 24 * 3600 * 1000, false}};
enum { NUMBERS = sizeof numbers / sizeof *numbers, QUEUE = 3, QUEUE_TIME = 4 };

/* What it will be: as mentioned, or as it was. */
static bool will_have(struct verb_call *v, const struct given *g, size_t i)
{
    struct json given = json_get(v->arguments, numbers[i].name);
    struct json old = json_get(json_of(g->old ? g->old->body : SLICE("{}")), numbers[i].name);
    return given.kind == JSON_NUMBER || (given.kind == JSON_NONE && old.kind == JSON_NUMBER);
}

static int check_numbers(struct verb_call *v, const struct given *g)
{
    bool any = false;
    for (size_t i = 0; i < NUMBERS; i++) {
        struct json given = verb_json(v, numbers[i].name);
        int64_t value = 0;
        if (given.kind != JSON_NONE &&
            (!json_int64(given, &value) || value < 1 || value > numbers[i].largest))
            return verb_refuse(
                v, numbers[i].name,
                "Argument \"%s\" must be a whole number from 1 to %lld, or null.",
                numbers[i].name, (long long)numbers[i].largest);
        any = any || (numbers[i].limits && will_have(v, g, i));
    }
    if (!any)
        return verb_refuse(v, "requestsPerMinute",
                           "This limits nothing: give \"requestsPerMinute\", "
                           "\"tokensPerMinute\" or \"concurrent\".");
    if (will_have(v, g, QUEUE_TIME) && !will_have(v, g, QUEUE))
        return verb_refuse(v, "queueTime",
                           "\"queueTime\" has no effect without \"queue\", the number of "
                           "calls that may wait.");
    return AIGNE_OK;
}

static int limit_put(struct verb_call *v)
{
    struct given g = {.on = LIMIT_ONS};
    int rc = verb_name(v, "name", &g.name);
    if (rc)
        return rc;
    g.old = catalog_object(v->catalog, TABLE_LIMIT, g.name);
    rc = read_subject(v, &g);
    if (!rc)
        rc = check_numbers(v, &g);
    if (!rc)
        rc = check_room(v, &g);
    if (rc)
        return rc;
    struct verb_member members[NUMBERS + 3] = {
        {"name", verb_quote(v, g.name)},
        {"on", verb_quote(v, slice_text(limit_on_name(g.on)))},
        {"id", verb_quote(v, g.id)}};
    for (size_t i = 0; i < NUMBERS; i++)
        members[i + 3] =
            (struct verb_member){numbers[i].name, json_get(v->arguments, numbers[i].name).raw};
    struct slice body = verb_body(v, g.old, members, NUMBERS + 3);
    rc = verb_put(v, TABLE_LIMIT, g.name, body, g.old ? g.old->version : STORE_ABSENT);
    if (rc)
        return rc;
    verb_reply(v, g.name, body);
    json_close_object(&v->w);
    return AIGNE_OK;
}

/* ---- what is used of it ---- */

struct seen {
    struct verb_call *v;
    struct limit_state sum;
    int64_t subjects;
};

static void write_state(struct verb_call *v, const struct limit_state *s)
{
    json_member_int(&v->w, "running", s->running);
    json_member_int(&v->w, "waiting", s->waiting);
    json_member_int(&v->w, "requests", s->requests);
    json_member_int(&v->w, "tokens", s->tokens);
    json_member_int(&v->w, "tokensHeld", s->held);
    json_member_int(&v->w, "refused", s->refused);
}

/* With what others use. */
static void write_sharing(struct verb_call *v)
{
    json_member_bool(&v->w, "shared", limiter_shares(v->hub->limiter));
}

static void add_state(void *user, const struct limit_state *s)
{
    struct seen *seen = user;
    seen->sum.running += s->running;
    seen->sum.waiting += s->waiting;
    seen->sum.requests += s->requests;
    seen->sum.tokens += s->tokens;
    seen->sum.held += s->held;
    seen->sum.refused += s->refused;
    seen->subjects++;
}

/* Whom it was put on may have gone since. */
static void write_warning(struct verb_call *v, const struct store_object *object)
{
    struct fault *outer = v->why;
    struct fault problem;
    struct json body = json_of(object->body);
    struct slice id = json_string(json_get(body, "id"), v->arena);
    fault_clear(&problem);
    v->why = &problem;
    enum limit_on on = limit_on_of(json_string(json_get(body, "on"), v->arena));
    if (id.p && check_subject(v, on, &id))
        json_member_text(&v->w, "warning", problem.text);
    v->why = outer;
}

static void write_more(struct verb_call *v, const struct store_object *object)
{
    struct seen seen = {.v = v};
    limiter_look(v->hub->limiter, object->id, clock_monotonic_us(), add_state, &seen);
    write_state(v, &seen.sum);
    write_sharing(v);
    write_warning(v, object);
}

static int limit_get(struct verb_call *v)
{
    return verb_show(v, find, write_more);
}

static int limit_list(struct verb_call *v)
{
    return verb_list(v, TABLE_LIMIT, NULL, write_more);
}

static void write_subject(void *user, const struct limit_state *s)
{
    struct seen *seen = user;
    if (seen->subjects++ >= STATES_LARGEST)
        return;
    json_open_object(&seen->v->w);
    json_member_string(&seen->v->w, "id", s->subject);
    write_state(seen->v, s);
    json_close_object(&seen->v->w);
}

static int limit_state(struct verb_call *v)
{
    const struct store_object *object = NULL;
    struct seen seen = {.v = v};
    int rc = find(v, &object);
    if (!object)
        return rc;
    json_open_object(&v->w);
    json_key(&v->w, "list");
    json_open_array(&v->w);
    limiter_look(v->hub->limiter, object->id, clock_monotonic_us(), write_subject, &seen);
    json_close_array(&v->w);
    json_member_int(&v->w, "count", seen.subjects);
    write_sharing(v);
    json_close_object(&v->w);
    return AIGNE_OK;
}

static int limit_delete(struct verb_call *v)
{
    return verb_remove(v, find);
}

#define NAME_SCHEMA               VERB_SCHEMA("\"name\"", VERB_TEXT("name", "what the limit is called"))
#define NUMBER_OR_NULL(name, doc) VERB_NAMED(name, "\"type\":[\"number\",\"null\"]", doc)

static const struct verb verbs[] = {
    {{"limit.put",
      VERB_SCHEMA(
          "\"name\"", VERB_TEXT("name", "what the limit is called"),
          VERB_CHOICE("on", "\"all\",\"key\",\"user\",\"app\",\"model\",\"provider\"",
                      "what kind is limited"),
          VERB_TEXT("id", "which one of that kind; *: each one that has no limit of its own"),
          NUMBER_OR_NULL("requestsPerMinute", "calls that may begin in any minute"),
          NUMBER_OR_NULL("tokensPerMinute", "tokens of prompts and answers in any minute"),
          NUMBER_OR_NULL("concurrent", "calls at the same time"),
          NUMBER_OR_NULL("queue", "how many may wait for their turn; else they are refused"),
          NUMBER_OR_NULL("queueTime", "milliseconds they may wait; 30000")),
      "Set a limit, or change what is mentioned of it."},
     true,
     limit_put},
    {{"limit.get", NAME_SCHEMA, "Show a limit and what is used of it."}, false, limit_get},
    {{"limit.list", VERB_OPTIONAL(VERB_PAGE, VERB_PAGE_SIZE),
      "List the limits and what is used of them."},
     false,
     limit_list},
    {{"limit.state", NAME_SCHEMA, "Show what each one that a limit binds uses of it."},
     false,
     limit_state},
    {{"limit.delete", NAME_SCHEMA, "Remove a limit."}, true, limit_delete}};

const struct verb_table limit_verbs = {verbs, sizeof verbs / sizeof *verbs};
