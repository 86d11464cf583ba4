/* trimmed.c - knows what an answer has that its request did not want; refuses to know which providers give it.
 *
 * How much of each sequence the text ends with is kept byte by byte. What is held back because a sequence may
 * have begun is then the beginning of that sequence, wherever the text was split. */
#include "chat/trimmed.h"

#include "base/limits.h"
#include "base/list.h"
#include "text/json_scan.h"

struct stop {
    struct slice text;
    size_t *back; /* of its first i + 1 bytes: the longest end that is a beginning */
};

struct choice {
    size_t *matched; /* of each sequence: how much the text ends with */
    struct slice held;
    const struct stop *met;
    bool beyond; /* a call came: what is said behind it is no longer looked at */
};

struct trimming {
    struct event_sink sink;
    struct event_sink *next;
    unsigned trims;
    bool finished; /* and told so */
    struct stop *stops;
    size_t stop_count;
    struct choice *choices;
    size_t choice_count;
};

static size_t advance(const struct stop *s, size_t matched, char c)
{
    while (matched && s->text.p[matched] != c)
        matched = s->back[matched - 1];
    return matched + (s->text.p[matched] == c);
}

/* The sequence that ends with this byte; NULL: none does. */
static const struct stop *step(const struct trimming *t, const struct choice *c, char byte)
{
    for (size_t i = 0; i < t->stop_count; i++) {
        c->matched[i] = advance(&t->stops[i], c->matched[i], byte);
        if (c->matched[i] == t->stops[i].text.n)
            return &t->stops[i];
    }
    return NULL;
}

/* What may be the beginning of a sequence. */
static struct slice doubtful(const struct trimming *t, const struct choice *c)
{
    struct slice longest = SLICE("");
    for (size_t i = 0; i < t->stop_count; i++)
        if (c->matched[i] > longest.n)
            longest = slice_of(t->stops[i].text.p, c->matched[i]);
    return longest;
}

static int tell(const struct trimming *t, int choice, struct slice text)
{
    const struct event e = {.kind = EVENT_TEXT, .choice = choice, .text = text};
    return text.n ? event_push(t->next, &e) : 0;
}

static int tell_finish(const struct trimming *t, int choice)
{
    const struct event e = {.kind = EVENT_FINISH,
                            .choice = choice,
                            .finish = FINISH_STOP_SEQUENCE,
                            .text = t->choices[choice].met->text};
    return event_push(t->next, &e);
}

/* Nobody waits for what comes behind the end of all answers. */
static int tell_all_finished(struct trimming *t)
{
    int rc = 0;
    for (size_t i = 0; i < t->choice_count; i++)
        if (!t->choices[i].met)
            return 0;
    t->finished = true;
    for (size_t i = 0; rc >= 0 && i < t->choice_count; i++)
        rc = tell_finish(t, (int)i);
    return rc;
}

static int take_text(struct trimming *t, struct choice *c, const struct event *e)
{
    struct slice held = c->held;
    size_t seen = 0;
    while (seen < e->text.n && !c->met)
        c->met = step(t, c, e->text.p[seen++]);
    c->held = doubtful(t, c);
    size_t told = held.n + seen - (c->met ? c->met->text.n : c->held.n);
    size_t of_held = told < held.n ? told : held.n;
    int rc = tell(t, e->choice, slice_of(held.p, of_held));
    if (rc >= 0)
        rc = tell(t, e->choice, slice_of(e->text.p, told - of_held));
    return rc >= 0 && c->met ? tell_all_finished(t) : rc;
}

/* No sequence goes on behind something else than text. */
static int let_go(const struct trimming *t, struct choice *c, int choice)
{
    struct slice held = c->held;
    for (size_t i = 0; i < t->stop_count; i++)
        c->matched[i] = 0;
    c->held = SLICE("");
    return tell(t, choice, held);
}

#define BIT(kind) (1u << (kind))
#define CALLS     (BIT(EVENT_TOOL_BEGIN) | BIT(EVENT_TOOL_ARGUMENTS) | BIT(EVENT_TOOL_END))
#define BESIDE    (BIT(EVENT_START) | BIT(EVENT_USAGE) | BIT(EVENT_PROGRESS))
#define INSIDE    (BESIDE | BIT(EVENT_LOGPROBS) | BIT(EVENT_CITATION))

static int push(struct event_sink *self, const struct event *e)
{
    struct trimming *t = LIST_OWNER(self, struct trimming, sink);
    unsigned kind = BIT(e->kind);
    int rc = 0;
    if ((t->trims & TRIM_CALLS) && (kind & CALLS) && e->index > 0)
        return 0;
    if (!t->stop_count || (size_t)e->choice >= t->choice_count || (kind & BESIDE))
        return event_push(t->next, e);
    struct choice *c = &t->choices[e->choice];
    if (c->met)
        return e->kind == EVENT_FINISH && !t->finished ? tell_finish(t, e->choice) : 0;
    if (e->kind == EVENT_TEXT && !c->beyond)
        return take_text(t, c, e);
    if (!(kind & INSIDE))
        rc = let_go(t, c, e->choice);
    c->beyond = c->beyond || e->kind == EVENT_TOOL_BEGIN;
    return rc < 0 ? rc : event_push(t->next, e);
}

bool trimmed_can(const struct chat_request *r)
{
    for (size_t i = 0; i < r->stop_count; i++)
        if (r->stop[i].n > LIMIT_STOP_BYTES)
            return false;
    return r->stop_count <= LIMIT_STOPS;
}

static bool add_stop(struct trimming *t, struct slice text, struct arena *a)
{
    struct stop *s = &t->stops[t->stop_count++];
    *s = (struct stop){text, arena_array(a, text.n, sizeof *s->back)};
    if (!s->back)
        return false;
    for (size_t i = 1; i < text.n; i++)
        s->back[i] = advance(s, s->back[i - 1], text.p[i]);
    return true;
}

static bool look_for_stops(struct trimming *t, const struct chat_request *r, struct arena *a)
{
    int64_t count = 1;
    if (!json_int64(json_of(r->n), &count) || count < 1)
        count = 1;
    t->choice_count = (size_t)count;
    t->stops = arena_array(a, r->stop_count, sizeof *t->stops);
    t->choices = arena_array(a, t->choice_count, sizeof *t->choices);
    if (!t->stops || !t->choices)
        return false;
    for (size_t i = 0; i < r->stop_count; i++)
        if (r->stop[i].n && !add_stop(t, r->stop[i], a))
            return false;
    for (size_t i = 0; i < t->choice_count; i++) {
        size_t *matched = arena_array(a, r->stop_count, sizeof *matched);
        if (!matched)
            return false;
        t->choices[i] = (struct choice){.matched = matched, .held = SLICE("")};
    }
    return true;
}

bool trimmed_begin(const struct chat_request *r, unsigned trims, struct arena *a,
                   struct event_sink **sink)
{
    struct trimming *t = arena_alloc(a, sizeof *t);
    if (!t)
        return false;
    *t = (struct trimming){.sink.push = push, .next = *sink, .trims = trims};
    *sink = &t->sink;
    return !(trims & TRIM_STOPS) || look_for_stops(t, r, a);
}
