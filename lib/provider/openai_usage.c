/* Knows where in a relayed stream usage is shown; refuses to know what it counts. */
#include "provider/openai.h"

/* A frame being copied without some of its bytes. */
struct cutting {
    struct slice text; /* the object; members are cut from it in the order of their places */
    const char *from;  /* not yet copied */
    char *to;
    bool cut;
};

static void copy_until(struct cutting *c, const char *end)
{
    size_t n = end > c->from ? (size_t)(end - c->from) : 0;
    memcpy(c->to, c->from, n);
    c->to += n;
}

static void cut_member(struct cutting *c, struct slice value)
{
    struct slice member = openai_member(c->text, value);
    struct slice rest = slice_from(c->text, (size_t)(member.p + member.n - c->text.p));
    bool comma_gone = member.p < c->from; /* with a first member just before */
    copy_until(c, member.p);
    c->from = rest.p;
    if (comma_gone && slice_starts(slice_trim(rest), ","))
        c->from = slice_trim(rest).p + 1;
    c->cut = true;
}

static void cut_inner(struct cutting *c, struct json object)
{
    struct json_walk w = json_walk(object);
    while (json_next(&w)) {
        if (w.in_object && json_key_is(&w, "usage") && json_present(w.value))
            cut_member(c, w.value.raw);
    }
}

static void cut_everywhere(struct cutting *c, struct json chunk)
{
    struct json_walk w = json_walk(chunk);
    while (json_next(&w)) {
        if (json_key_is(&w, "usage") && json_present(w.value)) {
            cut_member(c, w.value.raw);
        } else if (json_key_is(&w, "choices")) {
            struct json_walk choice = json_walk(w.value);
            while (json_next(&choice))
                cut_inner(c, choice.value);
        } else if (json_key_is(&w, "x_groq")) {
            cut_inner(c, w.value);
        }
    }
}

/* As an event of one line: data of several was joined elsewhere, and line ends in JSON are blanks. */
static struct slice on_one_line(struct slice text, struct arena *a)
{
    const struct slice parts[] = {SLICE("data: "), text, SLICE("\n\n")};
    struct slice event = arena_join(a, parts, 3);
    char *line = (char *)(uintptr_t)event.p;
    for (size_t i = 0; i + 2 < event.n; i++)
        line[i] = slice_is_blank(line[i]) ? ' ' : line[i];
    return event;
}

void openai_cut_usage(struct decoding *d, const struct openai_object *o,
                      const struct sse_event *frame, struct slice *shown)
{
    struct slice whole = frame->raw;
    struct slice text = o->whole.raw;
    if (!json_present(openai_usage_of(o)))
        return;
    if (json_count(o->choices) == 0) {
        *shown = SLICE_NONE;
        return;
    }
    if (text.p < whole.p || text.p >= whole.p + whole.n) {
        whole = on_one_line(text, d->scratch);
        text = slice_trim(slice_from(whole, sizeof "data:" - 1));
    }
    char *copy = whole.p ? arena_bytes(d->scratch, whole.n) : NULL;
    if (!copy)
        return; /* the arena tells */
    struct cutting c = {.text = text, .from = whole.p, .to = copy};
    cut_everywhere(&c, json_of(text));
    copy_until(&c, whole.p + whole.n);
    if (c.cut)
        *shown = slice_of(copy, (size_t)(c.to - copy));
}

void openai_note_usage(struct decoding *d, const struct openai_object *o)
{
    struct openai_state *s = d->state;
    struct json usage = openai_usage_of(o);
    if (o->usage.kind == JSON_OBJECT)
        s->usage_told = true;
    if (s->usage_told || !json_present(usage))
        return;
    struct json created = json_get(o->whole, "created");
    const struct slice parts[] = {
        SLICE("{\"id\":"),
        json_present(o->id) ? o->id.raw : SLICE("\"\""),
        SLICE(",\"object\":\"chat.completion.chunk\",\"created\":"),
        json_present(created) ? created.raw : SLICE("0"),
        SLICE(",\"model\":"),
        json_present(o->model) ? o->model.raw : SLICE("\"\""),
        SLICE(",\"choices\":[],\"usage\":"),
        usage.raw,
        SLICE("}"),
    };
    struct slice chunk = arena_join(d->scratch, parts, sizeof parts / sizeof parts[0]);
    s->usage_late = chunk.p ? on_one_line(chunk, d->keep) : SLICE_NONE;
}

void openai_tell_usage(struct decoding *d, const struct sse_event *end, struct slice *shown)
{
    const struct openai_state *s = d->state;
    const struct slice parts[] = {s->usage_late, end->raw};
    if (!s->usage_told && s->usage_late.n)
        *shown = arena_join(d->scratch, parts, 2);
}
