/* Knows how calls that come in numbered blocks become events; refuses to know how a format writes them. */
#include "provider/blocks.h"
#include "base/limits.h"
#include "provider/answer.h"
#include <aignehub/aignehub.h>

static struct block *add_block(struct decoding *d, struct blocks *s)
{
    if (s->count == s->capacity) {
        size_t capacity = s->capacity ? s->capacity * 2 : 4;
        struct block *items = arena_array(d->keep, capacity, sizeof *items);
        if (!items)
            return NULL;
        if (s->count)
            memcpy(items, s->items, s->count * sizeof *items);
        s->items = items;
        s->capacity = capacity;
    }
    struct block *b = &s->items[s->count++];
    *b = (struct block){0};
    return b;
}

int blocks_begin(struct decoding *d, struct blocks *s, int64_t wire_index,
                 const struct name_rule *rule, struct slice id, struct slice name,
                 struct json input)
{
    struct block *b = add_block(d, s);
    if (!b)
        return fault_nomem(d->why);
    if (s->count > LIMIT_TOOL_CALLS)
        return fault_set(d->why, AIGNE_E_PROTOCOL, "The answer has more than %d tool calls.",
                         LIMIT_TOOL_CALLS);
    if (!name.n)
        return fault_set(d->why, AIGNE_E_PROTOCOL,
                         "The provider sent a tool call without a name.");
    b->wire_index = wire_index;
    b->json = answer_by_json_tool(d->request, name);
    if (input.kind == JSON_OBJECT && json_count(input) > 0) {
        b->input = arena_copy(d->keep, input.raw);
        if (!b->input.p)
            return fault_nomem(d->why);
    }
    if (b->json) {
        b->closed = s->json_called; /* one answer is enough */
        s->json_called = true;
        return AIGNE_OK;
    }
    b->index = s->tool_count++;
    struct slice told = id.n ? id : call_id_made(d->request, b->index, d->scratch);
    if (!told.p)
        return fault_nomem(d->why);
    return answer_tool_begin(d, b->index, told, name_from_wire(rule, d->request, name),
                             SLICE_NONE);
}

struct block *blocks_find(struct blocks *s, int64_t wire_index)
{
    for (size_t i = s->count; i-- > 0;) {
        if (s->items[i].wire_index == wire_index && !s->items[i].closed)
            return &s->items[i];
    }
    return NULL;
}

/* A structured answer asked for as a call is the answer's text. */
int blocks_input(struct decoding *d, struct block *b, struct slice piece)
{
    b->filled = b->filled || piece.n > 0;
    return b->json ? answer_piece(d, EVENT_TEXT, piece)
                   : answer_tool_arguments(d, b->index, piece);
}

int blocks_close(struct decoding *d, struct block *b)
{
    if (b->closed)
        return AIGNE_OK;
    int rc = AIGNE_OK;
    b->closed = true;
    if (!b->filled)
        rc = blocks_input(d, b, b->json && !b->input.n ? SLICE("{}") : b->input);
    return rc < 0 || b->json ? rc : answer_tool_end(d, b->index);
}

int blocks_close_all(struct decoding *d, struct blocks *s)
{
    int rc = AIGNE_OK;
    for (size_t i = 0; i < s->count && rc >= 0; i++)
        rc = blocks_close(d, &s->items[i]);
    return rc;
}

enum finish blocks_finish(const struct blocks *s, enum finish finish)
{
    bool only_json = finish == FINISH_TOOLS && s->json_called && !s->tool_count;
    return only_json ? FINISH_STOP : finish;
}
