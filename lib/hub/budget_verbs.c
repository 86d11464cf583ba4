/* Knows the verbs about budgets; refuses to know how they are kept: the store does. */
#include "base/mem.h"
#include "hub/verb.h"
#include "store/moment.h"
#include <aignehub/aignehub.h>

enum { EACH_SHOWN = 100 };

static const struct store_object *look_up(struct verb_call *v, struct slice id_or_name)
{
    size_t count = 0;
    const struct store_object *all = catalog_objects(v->catalog, TABLE_BUDGET, &count);
    const struct store_object *found = catalog_object(v->catalog, TABLE_BUDGET, id_or_name);
    for (size_t i = 0; i < count && !found; i++)
        if (slice_eq(json_string(json_get(json_of(all[i].body), "name"), v->arena), id_or_name))
            found = &all[i];
    return found;
}

/* Whom it is about, by id: names may change. */
static int read_about(struct verb_call *v, struct slice *out)
{
    struct slice on = verb_text(v, "on");
    const struct store_object *found = NULL;
    int rc = verb_name(v, "id", out);
    if (rc || !out->p || slice_is(*out, BUDGET_EACH))
        return rc;
    if (slice_is(on, "user")) {
        rc = user_find(v, *out, &found);
    } else if (slice_is(on, "team")) {
        rc = team_find(v, *out, &found);
    } else if (slice_is(on, "key")) {
        found = catalog_object(v->catalog, TABLE_KEY, *out);
        rc = found ? AIGNE_OK : verb_missing(v, "key", *out);
    }
    if (found)
        *out = found->id;
    return rc;
}

static int budget_put(struct verb_call *v)
{
    struct slice name = SLICE_NONE;
    struct slice about = SLICE_NONE;
    struct slice amount = SLICE_NONE;
    int rc = verb_name(v, "name", &name);
    if (!rc)
        rc = verb_amount_json(v, "amount", &amount);
    if (!rc)
        rc = read_about(v, &about);
    if (rc)
        return rc;
    const struct store_object *old = look_up(v, name);
    struct json on = json_get(v->arguments, "on");
    if (on.raw.p && !about.p)
        return verb_refuse(v, "id", "Say which %.*s: \"id\", or \"*\" for each of them.",
                           (int)(on.raw.n - 2), on.raw.p + 1);
    if (!old && (!on.raw.p || !amount.p || !json_get(v->arguments, "per").raw.p))
        return verb_refuse(v,
                           !on.raw.p   ? "on"
                           : !amount.p ? "amount"
                                       : "per",
                           "A new budget needs \"on\", \"id\", \"per\" and \"amount\".");
    struct json kind = json_get(v->arguments, "kind");
    const struct verb_member members[] = {
        {"name", verb_quote(v, name)},
        {"on", on.raw},
        {"about", verb_quote(v, about)},
        {"per", json_get(v->arguments, "per").raw},
        {"amount", amount},
        {"kind", kind.raw.p || old ? kind.raw : SLICE("\"hard\"")}};
    struct slice id = old ? old->id : verb_new_id(v);
    struct slice body = verb_body(v, old, members, sizeof members / sizeof *members);
    rc = verb_put(v, TABLE_BUDGET, id, body, old ? old->version : STORE_ABSENT);
    if (rc)
        return rc;
    verb_reply(v, id, body);
    json_close_object(&v->w);
    return AIGNE_OK;
}

static int find(struct verb_call *v, const struct store_object **out)
{
    struct slice name = SLICE_NONE;
    int rc = verb_name(v, "name", &name);
    if (rc)
        return rc;
    *out = look_up(v, name);
    if (v->arena->failed)
        return fault_nomem(v->why);
    return *out ? AIGNE_OK : verb_missing(v, "budget", name);
}

/* ---- what they came to ---- */

static void write_state(struct verb_call *v, const struct budget *b,
                        const struct budget_state *s)
{
    json_member_amount(&v->w, "spent", s->spent);
    json_member_amount(&v->w, "held", s->held);
    json_member_bool(&v->w, "exceeded", s->spent + s->held >= b->limit);
}

static void write_each(struct verb_call *v, const struct budget *b, size_t prefix,
                       const struct budget_state *states, size_t count)
{
    json_key(&v->w, "each");
    json_open_array(&v->w);
    for (size_t i = 0; i < count; i++) {
        json_open_object(&v->w);
        json_member_string(&v->w, "id", slice_from(states[i].counter, prefix));
        write_state(v, b, &states[i]);
        json_close_object(&v->w);
    }
    json_close_array(&v->w);
}

static void write_more(struct verb_call *v, const struct store_object *object)
{
    struct budget b = {.id = object->id};
    struct budget_state *states = NULL;
    size_t count = 0;
    const struct time_zone *zone = &v->catalog->budgets.zone;
    if (!budget_read(json_of(object->body), v->arena, &b))
        return;
    bool each = slice_is(b.about, BUDGET_EACH);
    struct slice counter = budget_counter(&b, each ? SLICE("") : b.about, v->arena);
    int64_t ends = period_end(b.per, v->now_ms, zone);
    if (!counter.p ||
        v->hub->type->budget_list(v->hub->store, counter, period_start(b.per, v->now_ms, zone),
                                  each ? EACH_SHOWN : 1, v->arena, &states, &count, v->why))
        return;
    const struct budget_state nothing = {.spent = 0};
    if (each)
        write_each(v, &b, counter.n, states, count);
    else
        write_state(v, &b, count && slice_eq(states->counter, counter) ? states : &nothing);
    if (ends < 0)
        return;
    moment_member(&v->w, "renewsAt", ends);
}

static int budget_get(struct verb_call *v)
{
    return verb_show(v, find, write_more);
}

static int budget_list(struct verb_call *v)
{
    int rc = verb_list(v, TABLE_BUDGET, NULL, write_more);
    return rc ? rc : v->why->code;
}

static int budget_delete(struct verb_call *v)
{
    return verb_remove(v, find);
}

#define NAME_TEXT   VERB_TEXT("name", "what it is called; no two are alike")
#define FIND_SCHEMA VERB_SCHEMA("\"name\"", VERB_TEXT("name", "its name or id"))

static const struct verb verbs[] = {
    {{"budget.put",
      VERB_SCHEMA(
          "\"name\"", NAME_TEXT,
          VERB_CHOICE("on", "\"key\",\"user\",\"team\",\"app\",\"model\"", "whose calls count"),
          VERB_TEXT(
              "id",
              "which one: a key's id, a user's or team's id or name, an app, provider/model "
              "or model; * is a budget for each one"),
          VERB_CHOICE("per", "\"day\",\"week\",\"month\",\"total\"",
                      "how long the amount is for; days begin at midnight of the setting "
                      "timeZone"),
          VERB_RATE("amount", "how many credits"),
          VERB_CHOICE("kind", "\"hard\",\"soft\"",
                      "hard: calls that may exceed it are refused; soft: they are warned of")),
      "Make a budget, or change what is mentioned of it."},
     true,
     budget_put},
    {{"budget.get", FIND_SCHEMA, "Show a budget and what its period came to so far."},
     false,
     budget_get},
    {{"budget.list", VERB_OPTIONAL(VERB_PAGE, VERB_PAGE_SIZE),
      "List the budgets with what their periods came to so far."},
     false,
     budget_list},
    {{"budget.delete", FIND_SCHEMA, "Remove a budget."}, true, budget_delete}};

const struct verb_table budget_verbs = {verbs, sizeof verbs / sizeof *verbs};
