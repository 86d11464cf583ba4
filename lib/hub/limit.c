/* Knows which limits there are and whom they bind; refuses to know how much of them is used. */
#include "hub/limit.h"
#include "store/store.h"
#include "text/json_scan.h"
#include <aignehub/aignehub.h>

static const char *const names[LIMIT_ONS] = {
    [LIMIT_ALL] = "all", [LIMIT_KEY] = "key",     [LIMIT_USER] = "user",
    [LIMIT_APP] = "app", [LIMIT_MODEL] = "model", [LIMIT_PROVIDER] = "provider"};

const char *limit_on_name(enum limit_on on)
{
    return on < LIMIT_ONS ? names[on] : NULL;
}

enum limit_on limit_on_of(struct slice name)
{
    unsigned on = 0;
    while (on < LIMIT_ONS && !slice_is(name, names[on]))
        on++;
    return (enum limit_on)on;
}

static int64_t number_of(struct json body, const char *name, int64_t otherwise)
{
    int64_t value = 0;
    bool fits = json_int64(json_get(body, name), &value) && value > 0;
    return fits && value <= LIMIT_NUMBER_LARGEST ? value : otherwise;
}

static void read_rule(const struct store_object *from, struct arena *a, struct limit_rule *to)
{
    struct json body = json_of(from->body);
    struct slice id = json_string(json_get(body, "id"), a);
    *to = (struct limit_rule){
        .name = from->id,
        .on = limit_on_of(json_string(json_get(body, "on"), a)),
        .requests = number_of(body, "requestsPerMinute", 0),
        .tokens = number_of(body, "tokensPerMinute", 0),
        .concurrent = number_of(body, "concurrent", 0),
        .queue = number_of(body, "queue", 0),
        .queue_ms = number_of(body, "queueTime", LIMIT_QUEUE_MS),
    };
    to->id = id.p ? id : SLICE(LIMIT_EACH);
}

/* By their names, so that two readings of the same agree. */
static int add(struct limits *l, struct limit_rule *rule)
{
    struct map *m = &l->by_id[rule->on];
    struct limit_rule *first = map_get(m, rule->id);
    if (!first)
        return map_put(m, rule->id, rule);
    size_t count = 1;
    for (; first->same; first = first->same)
        count++;
    if (count < LIMIT_SAME)
        first->same = rule;
    return AIGNE_OK;
}

int limits_read(const struct store_object *objects, size_t count, struct arena *a,
                struct limits **out)
{
    *out = NULL;
    if (count == 0)
        return AIGNE_OK;
    struct limits *l = arena_alloc(a, sizeof *l);
    struct limit_rule *rules = arena_array(a, count, sizeof *rules);
    if (!l || !rules)
        return AIGNE_E_NOMEM;
    for (unsigned on = 0; on < LIMIT_ONS; on++)
        map_init(&l->by_id[on]);
    l->any_tokens = false;
    *out = l;
    for (size_t i = 0; i < count; i++) {
        read_rule(&objects[i], a, &rules[i]);
        l->any_tokens = l->any_tokens || rules[i].tokens;
        if (rules[i].on < LIMIT_ONS && add(l, &rules[i]))
            return AIGNE_E_NOMEM;
    }
    return AIGNE_OK;
}

void limits_free(struct limits *l)
{
    for (unsigned on = 0; l && on < LIMIT_ONS; on++)
        map_free(&l->by_id[on]);
}

const struct limit_rule *limits_own(const struct limits *l, enum limit_on on, struct slice id)
{
    return map_get(&l->by_id[on], id);
}

const struct limit_rule *limits_find(const struct limits *l, enum limit_on on, struct slice id)
{
    const struct limit_rule *own = limits_own(l, on, id);
    return own ? own : map_get(&l->by_id[on], SLICE(LIMIT_EACH));
}
