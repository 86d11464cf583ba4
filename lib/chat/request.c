/* request.c - knows how a chat request is put together and searched; refuses to know any format. */
#include "chat/request.h"

#include <aignehub/aignehub.h>
#include <stdio.h>

void chat_build(struct chat_builder *b, struct arena *a, struct chat_request *r)
{
    *b = (struct chat_builder){.arena = a, .request = r};
    *r = (struct chat_request){.reasoning_budget = -1};
}

/* Room for one more item; the vector doubles, the old one stays in the arena. NULL: no memory. */
static void *grown(struct arena *a, void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    size_t wider = *capacity ? *capacity * 2 : 1;
    void *moved = arena_array(a, wider, size);
    if (!moved)
        return NULL;
    if (count)
        memcpy(moved, items, count * size);
    *capacity = wider;
    return moved;
}

struct chat_message *chat_add_message(struct chat_builder *b, enum chat_role role)
{
    struct chat_request *r = b->request;
    void *items = grown(b->arena, r->messages, r->message_count, &b->message_capacity,
                        sizeof *r->messages);
    if (!items)
        return NULL;
    r->messages = items;
    struct chat_message *m = &r->messages[r->message_count++];
    *m = (struct chat_message){.role = role};
    b->part_capacity = 0;
    return m;
}

void chat_place_write(const struct chat_place *at, char *out, size_t size)
{
    if (at->inner)
        (void)snprintf(out, size, "%s[%zu].%s[%zu]", at->list, at->index, at->inner,
                       at->inner_index);
    else if (at->list && at->index != CHAT_PLACE_ALL)
        (void)snprintf(out, size, "%s[%zu]", at->list, at->index);
    else
        (void)snprintf(out, size, "%s", at->list ? at->list : "");
}

struct chat_part *chat_add_part(struct chat_builder *b, enum chat_part_kind kind)
{
    struct chat_request *r = b->request;
    if (!r->message_count)
        return NULL;
    struct chat_message *m = &r->messages[r->message_count - 1];
    void *items = grown(b->arena, m->parts, m->part_count, &b->part_capacity, sizeof *m->parts);
    if (!items)
        return NULL;
    m->parts = items;
    struct chat_part *p = &m->parts[m->part_count++];
    *p = (struct chat_part){.kind = kind, .at = b->at};
    return p;
}

struct chat_tool *chat_add_tool(struct chat_builder *b)
{
    struct chat_request *r = b->request;
    void *items = grown(b->arena, r->tools, r->tool_count, &b->tool_capacity, sizeof *r->tools);
    if (!items)
        return NULL;
    r->tools = items;
    struct chat_tool *t = &r->tools[r->tool_count++];
    *t = (struct chat_tool){0};
    return t;
}

static int add_extra(struct arena *a, struct chat_extra **items, size_t *count,
                     size_t *capacity, struct chat_extra extra)
{
    void *wider = grown(a, *items, *count, capacity, sizeof **items);
    if (!wider)
        return AIGNE_E_NOMEM;
    *items = wider;
    (*items)[(*count)++] = extra;
    return AIGNE_OK;
}

int chat_add_extra(struct chat_builder *b, struct slice name, struct slice value)
{
    struct chat_request *r = b->request;
    return add_extra(b->arena, &r->extras, &r->extra_count, &b->extra_capacity,
                     (struct chat_extra){.name = name, .value = value});
}

static void forget(struct chat_extra *items, size_t *count, struct slice name)
{
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++)
        if (!slice_eq(items[i].name, name))
            items[kept++] = items[i];
    *count = kept;
}

void chat_forget_extra(struct chat_request *r, struct slice name)
{
    forget(r->extras, &r->extra_count, name);
    forget(r->input_extras, &r->input_extra_count, name);
}

int chat_add_input_extra(struct chat_builder *b, struct slice name, struct slice value)
{
    struct chat_request *r = b->request;
    return add_extra(b->arena, &r->input_extras, &r->input_extra_count,
                     &b->input_extra_capacity,
                     (struct chat_extra){.name = name, .value = value});
}

/* The newest call wins: careless clients reuse ids from turn to turn. */
struct slice chat_tool_name_of(const struct chat_request *r, struct slice id)
{
    for (size_t i = r->message_count; i-- > 0;) {
        const struct chat_message *m = &r->messages[i];
        for (size_t k = m->part_count; k-- > 0;) {
            const struct chat_part *p = &m->parts[k];
            if (p->kind == CHAT_TOOL_CALL && id.p && slice_eq(p->id, id))
                return p->name;
        }
    }
    return SLICE_NONE;
}

/* Each effort owns the budgets up to its own; what is beyond the last is the greatest. */
static const struct {
    enum chat_effort effort;
    const char *name;
    int64_t budget;
} efforts[] = {
    {CHAT_EFFORT_NONE, "none", 0},
    {CHAT_EFFORT_MINIMAL, "minimal", 1024},
    {CHAT_EFFORT_LOW, "low", 2048},
    {CHAT_EFFORT_MEDIUM, "medium", 8192},
    {CHAT_EFFORT_HIGH, "high", 16384},
    {CHAT_EFFORT_XHIGH, "xhigh", 32768},
    {CHAT_EFFORT_MAX, "max", (int64_t)128 * 1024},
};

#define EFFORT_COUNT (sizeof efforts / sizeof efforts[0])

enum chat_effort chat_effort_of_budget(int64_t tokens)
{
    if (tokens < 0)
        return CHAT_EFFORT_UNSET;
    for (size_t i = 0; i < EFFORT_COUNT; i++) {
        if (tokens <= efforts[i].budget)
            return efforts[i].effort;
    }
    return CHAT_EFFORT_MAX;
}

int64_t chat_budget_of_effort(enum chat_effort effort)
{
    for (size_t i = 0; i < EFFORT_COUNT; i++) {
        if (efforts[i].effort == effort)
            return efforts[i].budget;
    }
    return -1;
}

const char *chat_effort_name(enum chat_effort effort)
{
    for (size_t i = 0; i < EFFORT_COUNT; i++) {
        if (efforts[i].effort == effort)
            return efforts[i].name;
    }
    return NULL;
}

bool chat_effort_parse(struct slice text, enum chat_effort *out)
{
    for (size_t i = 0; i < EFFORT_COUNT; i++) {
        if (text.p && slice_is(text, efforts[i].name)) {
            *out = efforts[i].effort;
            return true;
        }
    }
    return false;
}
