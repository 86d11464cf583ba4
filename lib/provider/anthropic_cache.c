/* Knows where cache breakpoints go in an Anthropic request; refuses to know what stands between. */
#include "provider/anthropic.h"
#include "provider/turns.h"

#define MARKS_ALLOWED 4

void anthropic_write_cache(struct anthropic *x, enum chat_cache cache)
{
    if (cache == CHAT_CACHE_NONE)
        return;
    if (x->marks_to_skip) {
        x->marks_to_skip--;
        return;
    }
    json_member_raw(&x->w.json, "cache_control",
                    cache == CHAT_CACHE_1H ? SLICE("{\"type\":\"ephemeral\",\"ttl\":\"1h\"}")
                                           : SLICE("{\"type\":\"ephemeral\"}"));
}

/* AIGNE marks the tools and the system prompt unless cacheConfig says otherwise. */
static void plan_automatic(struct anthropic *x)
{
    const struct chat_request *r = x->w.request;
    struct json config = json_of(r->cache_config.p ? r->cache_config : SLICE(""));
    bool on = true;
    if (config.kind != JSON_OBJECT || (json_bool(json_get(config, "enabled"), &on) && !on) ||
        json_string_is(json_get(config, "strategy"), "manual"))
        return;
    enum chat_cache kind =
        json_string_is(json_get(config, "ttl"), "1h") ? CHAT_CACHE_1H : CHAT_CACHE_5M;
    if (!json_bool(json_path(config, "autoBreakpoints.system"), &on) || on)
        x->system = kind;
    if (!json_bool(json_path(config, "autoBreakpoints.tools"), &on) || on)
        x->tools = kind;
}

/* Whether a part becomes a block that can carry a breakpoint. */
static bool can_carry(const struct chat_part *p)
{
    bool text = p->kind == CHAT_TEXT && slice_trim(p->text).n > 0;
    return text || p->kind == CHAT_DATA || p->kind == CHAT_URL || p->kind == CHAT_TOOL_CALL;
}

/* The last block of the conversation: results stand first in their turn, so what else the user says
 * there is behind them. */
static void find_last(struct anthropic *x)
{
    const struct chat_request *r = x->w.request;
    struct turn t = {0};
    struct turn last = {0};
    x->last_message = SIZE_MAX;
    while (turn_next(r, anthropic_says, &t))
        last = t;
    for (size_t i = last.first; i < last.end; i++) {
        const struct chat_message *m = &r->messages[i];
        if (!turn_has(r, anthropic_says, i))
            continue;
        for (size_t k = 0; k < m->part_count; k++) {
            if (m->role == CHAT_TOOL || !can_carry(&m->parts[k]))
                continue;
            x->last_message = i;
            x->last_part = k;
        }
    }
    for (size_t i = last.end; x->last_message == SIZE_MAX && i-- > last.first;) {
        if (r->messages[i].role == CHAT_TOOL)
            x->last_message = i;
    }
}

static size_t marks_of_message(const struct chat_message *m)
{
    size_t marks = 0;
    for (size_t k = 0; k < m->part_count; k++)
        marks += m->parts[k].cache != CHAT_CACHE_NONE && can_carry(&m->parts[k]);
    return m->role == CHAT_TOOL && marks > 1 ? 1 : marks;
}

static bool lasts_an_hour(const struct chat_request *r, bool system)
{
    bool found = r->cache_last == CHAT_CACHE_1H && !system;
    for (size_t i = 0; i < r->message_count && !found; i++) {
        const struct chat_message *m = &r->messages[i];
        for (size_t k = 0; (m->role == CHAT_SYSTEM) == system && k < m->part_count; k++)
            found = found || m->parts[k].cache == CHAT_CACHE_1H;
    }
    return found;
}

/* What is kept for an hour must not stand behind what is kept for less: the automatic ones give way. */
static void settle_order(struct anthropic *x)
{
    const struct chat_request *r = x->w.request;
    if (x->system == CHAT_CACHE_5M && lasts_an_hour(r, false))
        x->system = CHAT_CACHE_1H;
    if (x->tools == CHAT_CACHE_5M && (lasts_an_hour(r, true) || lasts_an_hour(r, false)))
        x->tools = CHAT_CACHE_1H;
}

/* An upper bound is enough: one breakpoint too few costs less than a refusal. */
void anthropic_plan_cache(struct anthropic *x)
{
    const struct chat_request *r = x->w.request;
    plan_automatic(x);
    settle_order(x);
    find_last(x);
    size_t marks = x->system != CHAT_CACHE_NONE;
    marks += x->tools != CHAT_CACHE_NONE;
    marks += r->cache_last != CHAT_CACHE_NONE;
    for (size_t i = 0; i < r->tool_count; i++)
        marks += r->tools[i].cache != CHAT_CACHE_NONE;
    for (size_t i = 0; i < r->message_count; i++)
        marks += marks_of_message(&r->messages[i]);
    x->marks_to_skip = marks > MARKS_ALLOWED ? marks - MARKS_ALLOWED : 0;
}
