/* wrapped.c - knows how a schema is wrapped in an object and the answer unwrapped as it comes; refuses to know
 * who wants objects. */
#include "chat/wrapped.h"

#include "base/list.h"
#include "text/json_scan.h"

#define WRAP_HEAD "{\"type\":\"object\",\"properties\":{\"value\":"
#define WRAP_TAIL "},\"required\":[\"value\"],\"additionalProperties\":false"

enum place { BEFORE, KEY, VALUE, BEHIND, PLAIN };

struct unwrapping {
    struct event_sink sink;
    struct event_sink *next;
    enum place at;
    size_t depth;
    bool in_string;
    bool escaped;
};

bool wrapped_wanted(const struct chat_request *r)
{
    if (r->format != CHAT_FORMAT_SCHEMA || (r->n.n && !slice_is(r->n, "1")))
        return false;
    struct json type = json_get(json_of(r->schema), "type");
    return json_present(type) && !json_string_is(type, "object");
}

/* Whether the byte belongs to the value. */
static bool in_value(struct unwrapping *u, char c)
{
    if (u->in_string) {
        u->in_string = u->escaped || c != '"';
        u->escaped = !u->escaped && c == '\\';
        return true;
    }
    bool closes = c == '}' || c == ']';
    if (closes && !u->depth) {
        u->at = BEHIND;
        return false;
    }
    u->in_string = c == '"';
    u->depth += (size_t)(c == '{' || c == '[') - (size_t)closes;
    return true;
}

/* The same of the whole. What does not begin as an object is no wrapping: it goes on as it is. */
static bool is_told(struct unwrapping *u, char c)
{
    bool blank = c == ' ' || c == '\n' || c == '\r' || c == '\t';
    if (u->at == VALUE)
        return in_value(u, c);
    if (u->at == BEFORE && !blank)
        u->at = c == '{' ? KEY : PLAIN;
    else if (u->at == KEY && c == ':')
        u->at = VALUE;
    return u->at == PLAIN;
}

static int push(struct event_sink *self, const struct event *e)
{
    struct unwrapping *u = LIST_OWNER(self, struct unwrapping, sink);
    struct event piece = *e;
    size_t first = 0;
    size_t end = 0;
    if (e->kind != EVENT_TEXT)
        return event_push(u->next, e);
    for (size_t i = 0; i < e->text.n; i++) {
        if (!is_told(u, e->text.p[i]))
            continue;
        first = end ? first : i;
        end = i + 1;
    }
    piece.text = slice_of(e->text.p + first, end - first);
    return end ? event_push(u->next, &piece) : 0;
}

/* What its references name stands at the root. */
static struct slice wrap(struct slice schema, struct arena *a)
{
    struct slice defs = json_get(json_of(schema), "$defs").raw;
    struct slice definitions = json_get(json_of(schema), "definitions").raw;
    struct slice pieces[] = {SLICE(WRAP_HEAD),
                             schema,
                             SLICE(WRAP_TAIL),
                             defs.p ? SLICE(",\"$defs\":") : SLICE(""),
                             defs,
                             definitions.p ? SLICE(",\"definitions\":") : SLICE(""),
                             definitions,
                             SLICE("}")};
    return arena_join(a, pieces, sizeof pieces / sizeof pieces[0]);
}

const struct chat_request *wrapped_request(const struct chat_request *r, struct arena *a,
                                           struct event_sink **sink)
{
    struct chat_request *out = arena_alloc(a, sizeof *out);
    struct unwrapping *u = arena_alloc(a, sizeof *u);
    if (!out || !u)
        return NULL;
    *out = *r;
    out->schema = wrap(r->schema, a);
    *u = (struct unwrapping){.sink.push = push, .next = *sink};
    *sink = &u->sink;
    return out->schema.p ? out : NULL;
}
