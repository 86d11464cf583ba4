/* Knows how several answers are kept apart; refuses to know the format that they come in. */
#include "provider/choices.h"
#include "provider/wire.h"
#include <aignehub/aignehub.h>

struct choice {
    void *state; /* NULL: it has not begun */
    bool ended;
    enum finish finish;
    struct slice stop_sequence;
};

struct choices {
    struct event_sink sink; /* must be the first member */
    struct event_sink *next;
    struct arena *keep;
    void *outer; /* d->state outside of them */
    size_t state_size;
    size_t count;
    int now;
    struct choice list[];
};

static int push(struct event_sink *self, const struct event *e)
{
    struct choices *c = (struct choices *)(void *)self;
    struct choice *one = &c->list[c->now];
    struct event told = *e;
    told.choice = c->now;
    if (e->kind != EVENT_FINISH)
        return event_push(c->next, &told);
    one->ended = true;
    one->finish = e->finish;
    one->stop_sequence = e->text.p ? arena_copy(c->keep, e->text) : SLICE_NONE;
    return AIGNE_OK;
}

struct choices *choices_new(struct decoding *d, size_t state_size)
{
    int64_t count = 1;
    if (!d->request || !wire_int(d->request->n, &count) || count < 2)
        return NULL;
    if (count > CHOICES_LARGEST)
        count = CHOICES_LARGEST;
    struct choices *c = arena_alloc(d->keep, sizeof *c + (size_t)count * sizeof(struct choice));
    if (c)
        *c = (struct choices){
            .sink = {push}, .keep = d->keep, .state_size = state_size, .count = (size_t)count};
    return c;
}

int choices_enter(struct choices *c, struct decoding *d, int64_t index)
{
    if (index < 0 || index >= (int64_t)c->count)
        return AIGNE_AGAIN;
    struct choice *one = &c->list[index];
    if (!one->state)
        one->state = arena_alloc(d->keep, c->state_size);
    if (!one->state)
        return fault_nomem(d->why);
    c->now = (int)index;
    c->outer = d->state;
    c->next = d->sink;
    d->state = one->state;
    d->sink = &c->sink;
    return AIGNE_OK;
}

void choices_leave(struct choices *c, struct decoding *d)
{
    d->state = c->outer;
    d->sink = c->next;
}

size_t choices_begun(const struct choices *c)
{
    size_t begun = 0;
    for (size_t i = 0; i < c->count; i++)
        begun += c->list[i].state != NULL;
    return begun;
}

bool choices_ended(const struct choices *c)
{
    for (size_t i = 0; i < c->count; i++) {
        if (!c->list[i].ended)
            return false;
    }
    return true;
}

int choices_end(struct choices *c, struct decoding *d, int (*end)(struct decoding *d))
{
    int rc = AIGNE_OK;
    for (size_t i = 0; rc >= 0 && i < c->count; i++) {
        if (!c->list[i].state || c->list[i].ended)
            continue;
        rc = choices_enter(c, d, (int64_t)i);
        if (rc >= 0)
            rc = end(d);
        choices_leave(c, d);
    }
    for (size_t i = 0; rc >= 0 && i < c->count; i++) {
        const struct event e = {.kind = EVENT_FINISH,
                                .choice = (int)i,
                                .finish = c->list[i].finish,
                                .text = c->list[i].stop_sequence};
        if (c->list[i].ended)
            rc = event_push(d->sink, &e);
    }
    return rc;
}
