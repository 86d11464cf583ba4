/* Knows which budgets bind a call and which team it is for; refuses to know what is left of them. */
#include "hub/budget.h"
#include "base/limits.h"
#include "hub/catalog.h"

enum { SUBJECT_ROOM = 2 * LIMIT_MODEL_NAME + 160 };

static const char *const names[BUDGET_ONS] = {"key", "user", "team", "app", "model"};

static bool parse_on(struct slice name, enum budget_on *out)
{
    for (int i = 0; i < BUDGET_ONS; i++) {
        if (!slice_is(name, names[i]))
            continue;
        *out = (enum budget_on)i;
        return true;
    }
    return false;
}

/* ---- reading ---- */

static struct slice text_of(struct json body, const char *name, struct arena *a)
{
    return json_string(json_get(body, name), a);
}

static bool add(struct catalog *c, struct budget *b)
{
    const struct slice parts[] = {slice_text(names[b->on]), SLICE("/"), b->about};
    struct slice key = arena_join(&c->arena, parts, 3);
    if (!key.p)
        return false;
    b->next = map_get(&c->budgets.by_subject, key);
    c->budgets.count++;
    return map_put(&c->budgets.by_subject, key, b) == 0;
}

bool budget_read(struct json body, struct arena *a, struct budget *out)
{
    decimal_wide limit = 0;
    struct slice amount = text_of(body, "amount", a);
    out->name = text_of(body, "name", a);
    out->about = text_of(body, "about", a);
    out->hard = !json_string_is(json_get(body, "kind"), "soft");
    bool whole = out->name.p && out->about.p && amount.p &&
                 decimal_parse(amount, DECIMAL_AMOUNT_DIGITS, &limit) && limit <= INT64_MAX &&
                 parse_on(text_of(body, "on", a), &out->on) &&
                 period_parse(text_of(body, "per", a), &out->per);
    out->limit = (int64_t)limit;
    return whole;
}

static bool read_budgets(struct catalog *c)
{
    size_t count = 0;
    const struct store_object *from = catalog_objects(c, TABLE_BUDGET, &count);
    struct budget *to = arena_array(&c->arena, count + 1, sizeof *to);
    for (size_t i = 0; to && i < count; i++) {
        to[i].id = from[i].id;
        if (budget_read(json_of(from[i].body), &c->arena, &to[i]) && !add(c, &to[i]))
            return false;
    }
    return to != NULL;
}

static bool read_members(struct catalog *c, const struct store_object *team)
{
    struct json_walk walk = json_walk(json_get(json_of(team->body), "members"));
    while (json_next(&walk)) {
        struct slice member = json_string(walk.value, &c->arena);
        struct membership *m = arena_alloc(&c->arena, sizeof *m);
        if (!member.p || !m || map_put(&c->budgets.teams, member, m))
            return false;
        m->team = team;
    }
    return true;
}

/* Whose calls their team pays for. */
static void read_payers(struct catalog *c)
{
    size_t count = 0;
    const struct store_object *users = catalog_objects(c, TABLE_USER, &count);
    for (size_t i = 0; i < count && c->budgets.team_count; i++) {
        struct slice team = text_of(json_of(users[i].body), "team", &c->arena);
        struct membership *m = team.p ? map_get(&c->budgets.teams, users[i].id) : NULL;
        if (m)
            m->pays = slice_eq(team, m->team->id);
    }
}

bool budgets_read(struct catalog *c)
{
    const struct store_object *teams = catalog_objects(c, TABLE_TEAM, &c->budgets.team_count);
    const struct store_object *settings = catalog_object(c, TABLE_SETTINGS, SLICE(SETTINGS_ID));
    map_init(&c->budgets.by_subject);
    map_init(&c->budgets.teams);
    struct slice zone =
        settings ? text_of(json_of(settings->body), "timeZone", &c->arena) : SLICE_NONE;
    if (zone.p)
        (void)time_zone_open(zone, &c->arena, &c->budgets.zone, NULL);
    for (size_t i = 0; i < c->budgets.team_count; i++)
        if (!read_members(c, &teams[i]))
            return false;
    read_payers(c);
    return read_budgets(c);
}

void budgets_free(struct budgets *b)
{
    map_free(&b->by_subject);
    map_free(&b->teams);
}

/* ---- which bind a call ---- */

struct slice budget_counter(const struct budget *b, struct slice about, struct arena *a)
{
    const struct slice parts[] = {b->id, SLICE("/"), slice_text(period_name(b->per)),
                                  SLICE("/"), about};
    return arena_join(a, parts, 5);
}

struct search {
    const struct budgets *budgets;
    int64_t at_ms;
    struct arena *arena;
    struct budget_hit *hit;
    struct slice provider; /* of the model that it is about, in case */
    struct slice model;
};

static bool claim(const struct search *at, const struct budget *b, struct slice about)
{
    struct budget_hit *hit = at->hit;
    struct slice counter = budget_counter(b, about, at->arena);
    for (size_t i = 0; i < hit->count; i++)
        if (slice_eq(hit->claims[i].counter, counter))
            return true;
    if (!counter.p || hit->count == BUDGET_CLAIMS)
        return false;
    hit->shares[hit->count] = (struct budget_share){b, at->provider, at->model};
    hit->claims[hit->count++] =
        (struct budget_claim){.counter = counter,
                              .starts_ms = period_start(b->per, at->at_ms, &at->budgets->zone),
                              .limit = b->limit,
                              .hard = b->hard};
    return true;
}

/* Those about `name`, as they are kept, count what is `about`. */
static bool claim_all(const struct search *at, enum budget_on on, struct slice name,
                      struct slice about)
{
    char room[SUBJECT_ROOM];
    size_t head = strlen(names[on]) + 1;
    if (!name.n || head + name.n > sizeof room)
        return true;
    memcpy(room, names[on], head - 1);
    room[head - 1] = '/';
    memcpy(room + head, name.p, name.n);
    const struct budget *b = map_get(&at->budgets->by_subject, slice_of(room, head + name.n));
    for (; b; b = b->next)
        if (!claim(at, b, about))
            return false;
    return true;
}

bool budget_claims(const struct budgets *b, const struct budget_subjects *s, struct arena *a,
                   struct budget_hit *hit)
{
    const struct search at = {b, s->at_ms, a, hit, SLICE(""), SLICE("")};
    for (int i = 0; i < BUDGET_MODEL; i++) {
        struct slice about = s->of[i];
        if (about.n && (!claim_all(&at, (enum budget_on)i, about, about) ||
                        !claim_all(&at, (enum budget_on)i, SLICE(BUDGET_EACH), about)))
            return false;
    }
    return true;
}

/* A budget about a model without its provider counts it at all of them. */
bool budget_model_claims(const struct budgets *b, struct slice provider, struct slice model,
                         int64_t at_ms, struct arena *a, struct budget_hit *hit)
{
    const struct search at = {b, at_ms, a, hit, provider, model};
    const struct search anywhere = {b, at_ms, a, hit, SLICE(""), model};
    const struct slice parts[] = {provider, SLICE("/"), model};
    struct slice whole = arena_join(a, parts, 3);
    return whole.p && claim_all(&at, BUDGET_MODEL, whole, whole) &&
           claim_all(&anywhere, BUDGET_MODEL, model, model) &&
           claim_all(&at, BUDGET_MODEL, SLICE(BUDGET_EACH), whole);
}

void budget_settle(struct budget_hit *hit, const struct usage_row *row)
{
    for (size_t i = 0; i < hit->count; i++) {
        const struct budget_share *s = &hit->shares[i];
        hit->claims[i].unspent = (s->provider.n && !slice_eq(s->provider, row->provider)) ||
                                 (s->model.n && !slice_eq(s->model, row->model));
    }
}

struct membership team_of(const struct catalog *c, struct slice user,
                          const struct catalog_key *key)
{
    const struct membership none = {.team = NULL};
    struct slice of_key = key ? key->team : SLICE_NONE;
    if (!c->budgets.team_count)
        return none;
    if (of_key.n && !user.n)
        return (struct membership){catalog_object(c, TABLE_TEAM, of_key), true};
    const struct membership *m = map_get(&c->budgets.teams, user);
    if (!m)
        return none;
    return (struct membership){m->team, m->pays || slice_eq(of_key, m->team->id)};
}
