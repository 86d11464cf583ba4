/* anthropic_waiting.c - knows how blocks wait in order; refuses to know how they are written. */
#include "ingress/anthropic_waiting.h"

#include "base/limits.h"
#include "base/mem.h"
#include <aignehub/aignehub.h>

static struct waiting_block *add(struct waiting *q, enum waiting_kind kind)
{
    struct waiting_block *b = mem_alloc_zero(sizeof *b);
    if (!b)
        return NULL;
    b->kind = kind;
    buf_init(&b->text, LIMIT_REPLY_BODY);
    if (q->last)
        q->last->next = b;
    else
        q->first = b;
    q->last = b;
    return b;
}

/* The newest, when it is of this kind and can grow. */
static struct waiting_block *newest(const struct waiting *q, enum waiting_kind kind)
{
    return q->last && q->last->kind == kind && !q->last->seal.p ? q->last : NULL;
}

static struct waiting_block *find_call(const struct waiting *q, int index)
{
    struct waiting_block *b = q->first;
    while (b && (b->kind != WAITING_CALL || b->index != index))
        b = b->next;
    return b;
}

int waiting_text(struct waiting *q, enum waiting_kind kind, struct slice piece)
{
    struct waiting_block *b = newest(q, kind);
    if (!b)
        b = add(q, kind);
    if (!b)
        return AIGNE_E_NOMEM;
    buf_put_slice(&b->text, piece);
    return buf_rc(&b->text);
}

int waiting_seal(struct waiting *q, enum waiting_kind kind, struct slice vendor,
                 struct slice seal, struct arena *a)
{
    struct waiting_block *b = newest(q, kind);
    if (!b)
        b = add(q, kind);
    if (!b)
        return AIGNE_E_NOMEM;
    b->vendor = arena_copy(a, vendor);
    b->seal = arena_copy(a, seal);
    return a->failed ? AIGNE_E_NOMEM : AIGNE_OK;
}

int waiting_call(struct waiting *q, const struct waiting_block *call, struct arena *a)
{
    struct waiting_block *b = add(q, WAITING_CALL);
    if (!b)
        return AIGNE_E_NOMEM;
    b->index = call->index;
    b->id = arena_copy(a, call->id);
    b->name = arena_copy(a, call->name);
    b->seal = call->seal;
    return a->failed ? AIGNE_E_NOMEM : AIGNE_OK;
}

int waiting_arguments(struct waiting *q, int index, struct slice piece)
{
    struct waiting_block *b = find_call(q, index);
    if (!b || b->ended)
        return AIGNE_E_PROTOCOL;
    buf_put_slice(&b->text, piece);
    return buf_rc(&b->text);
}

void waiting_end(struct waiting *q, int index)
{
    struct waiting_block *b = find_call(q, index);
    if (b)
        b->ended = true;
}

struct waiting_block *waiting_take(struct waiting *q)
{
    struct waiting_block *b = q->first;
    if (!b)
        return NULL;
    q->first = b->next;
    if (!q->first)
        q->last = NULL;
    return b;
}

void waiting_free_block(struct waiting_block *b)
{
    buf_free(&b->text);
    mem_free(b);
}

void waiting_free(struct waiting *q)
{
    struct waiting_block *b;
    while ((b = waiting_take(q)) != NULL)
        waiting_free_block(b);
}
