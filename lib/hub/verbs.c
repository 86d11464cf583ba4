/* Knows the table of verbs and how one is carried out; refuses to know what any of them means. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "hub/verb.h"
#include <aignehub/aignehub.h>

enum {
    TRIES = 5, /* when others change the same objects at the same time */
    ARGUMENTS_LARGEST = 1024 * 1024,
    LIST_LARGEST = 16 * 1024 * 1024 /* where a list of prices may be inside */
};

static int verb_list_all(struct verb_call *v)
{
    const struct hub_verb *verb;
    json_open_object(&v->w);
    json_key(&v->w, "list");
    json_open_array(&v->w);
    for (size_t i = 0; (verb = hub_verb_at(i)) != NULL; i++) {
        json_open_object(&v->w);
        json_member_text(&v->w, "name", verb->name);
        json_member_text(&v->w, "description", verb->doc);
        json_member_raw(&v->w, "arguments", slice_text(verb->arguments));
        json_close_object(&v->w);
    }
    json_close_array(&v->w);
    json_close_object(&v->w);
    return AIGNE_OK;
}

static const struct verb own_verbs[] = {
    {{"verb.list", VERB_NOTHING,
      "List the verbs, what each does, and its arguments as a JSON Schema."},
     false,
     verb_list_all}};
static const struct verb_table own_table = {own_verbs, 1};

enum { TABLES = 19 };
static const struct verb_table *const tables[TABLES] = {
    &provider_verbs, &credential_verbs, &rate_verbs,     &route_verbs,   &user_verbs,
    &key_verbs,      &usage_verbs,      &settings_verbs, &credit_verbs,  &health_verbs,
    &team_verbs,     &budget_verbs,     &topup_verbs,    &payment_verbs, &price_verbs,
    &limit_verbs,    &trial_verbs,      &own_table,      &event_verbs};

const struct hub_verb *hub_verb_at(size_t index)
{
    size_t at = index;
    for (size_t i = 0; i < TABLES; i++) {
        if (at < tables[i]->count)
            return &tables[i]->verbs[at].face;
        at -= tables[i]->count;
    }
    return NULL;
}

static int refuse_verb(const char *name, struct nearest *nearest, struct fault *why)
{
    why->http = 404;
    if (!nearest->best)
        return fault_set(
            why, AIGNE_E_REQUEST,
            "There is no verb \"%.60s\"; verb.list lists them, as aigne-hub(7) does.", name);
    return fault_set(why, AIGNE_E_REQUEST,
                     "There is no verb \"%.60s\"; the nearest known one is \"%s\".", name,
                     nearest->best);
}

static int find_verb(const char *name, const struct verb **out, struct fault *why)
{
    struct nearest nearest = {.text = slice_text(name), .distance = SIZE_MAX};
    for (size_t i = 0; i < TABLES; i++)
        for (size_t k = 0; k < tables[i]->count; k++) {
            const struct verb *verb = &tables[i]->verbs[k];
            nearest_offer(&nearest, verb->face.name);
            if (strcmp(verb->face.name, name) == 0) {
                *out = verb;
                return AIGNE_OK;
            }
        }
    return refuse_verb(name, &nearest, why);
}

static int read_arguments(const struct verb *verb, struct slice text, struct json *out,
                          struct fault *why)
{
    struct json_problem problem;
    struct slice given = text.n ? text : SLICE("{}");
    bool list = strncmp(verb->face.name, "catalog.", 8) == 0;
    int most = list ? LIST_LARGEST : ARGUMENTS_LARGEST;
    why->http = 400;
    if (given.n > (size_t)most)
        return fault_set(why, AIGNE_E_REQUEST, "The arguments are longer than %d bytes.", most);
    if (json_check(given, &problem))
        return fault_set(why, AIGNE_E_REQUEST,
                         "The arguments are not JSON: at byte %zu %s was expected.",
                         problem.offset, problem.what);
    *out = json_of(given);
    int rc = arguments_check(verb->face.arguments, *out, why);
    if (!rc)
        why->http = 0;
    return rc;
}

static int apply(struct verb_call *v)
{
    int rc = buf_rc(v->w.out) || v->arena->failed ? fault_nomem(v->why) : AIGNE_OK;
    if (rc || v->op_count == 0)
        return rc;
    rc = v->hub->type->apply(v->hub->store, v->ops, v->op_count, v->why);
    if (!rc && v->new_key)
        hub_use_key(v->hub, v->new_key);
    return rc;
}

static void wipe_arena(struct arena *a)
{
    arena_wipe_free(a);
}

/* On the state of now, all or nothing. */
static int run_once(struct hub *h, const struct verb *verb, struct json arguments,
                    struct slice who, struct buf *json, struct fault *why)
{
    struct arena arena AUTO(wipe_arena);
    arena_init(&arena);
    int rc = hub_refresh(h, why);
    if (rc)
        return rc;
    struct catalog *c = hub_catalog(h);
    struct verb_call v = {.hub = h,
                          .catalog = c,
                          .arguments = arguments,
                          .arena = &arena,
                          .w = json_writer(json),
                          .now_ms = clock_wall_ms(),
                          .who = who,
                          .why = why};
    rc = verb->run(&v);
    if (rc && arena.failed && rc != AIGNE_E_CONFIG)
        rc = fault_nomem(why);
    if (!rc)
        rc = apply(&v);
    catalog_drop(c);
    return rc;
}

static int run_writing(struct hub *h, const struct verb *verb, struct json arguments,
                       struct slice who, struct buf *json, struct fault *why)
{
    size_t start = json->n;
    int rc = AIGNE_E_REQUEST;
    pthread_mutex_lock(&h->writing);
    for (int i = 0; i < TRIES; i++) {
        fault_clear(why);
        json->n = start;
        rc = run_once(h, verb, arguments, who, json, why);
        if (!rc || why->http != 409)
            break;
    }
    if (!rc) {
        rc = hub_refresh(h, why);
        if (rc)
            rc =
                fault_set(why, rc, "The change is stored but not in effect yet: %s", why->text);
    }
    pthread_mutex_unlock(&h->writing);
    return rc;
}

int hub_do(struct hub *h, const char *verb, struct slice arguments, struct buf *json,
           struct fault *why)
{
    return hub_do_as(h, SLICE(""), verb, arguments, json, why);
}

int hub_do_as(struct hub *h, struct slice who, const char *verb, struct slice arguments,
              struct buf *json, struct fault *why)
{
    struct fault unseen;
    struct fault *reason = why ? why : &unseen;
    struct json given = {.kind = JSON_NONE};
    const struct verb *found = NULL;
    size_t start = json->n;
    fault_clear(reason);
    int rc = find_verb(verb, &found, reason);
    if (!rc)
        rc = read_arguments(found, arguments, &given, reason);
    if (!rc)
        ledger_flush(h->ledger);
    if (!rc && !found->run)
        rc = fault_set(reason, AIGNE_E_USAGE, "%s needs a hub that can call providers.", verb);
    if (!rc)
        rc = found->writes ? run_writing(h, found, given, who, json, reason)
                           : run_once(h, found, given, who, json, reason);
    if (rc && json->p) {
        json->n = start;
        json->p[start] = '\0';
    }
    return rc;
}
