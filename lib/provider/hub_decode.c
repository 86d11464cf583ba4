/* Knows how a hub's answer is put together from its deltas, which append, replace and reset; refuses
 * to know how it was asked for. */
#include "base/limits.h"
#include "provider/answer.h"
#include "provider/complaint.h"
#include "provider/hub.h"
#include <aignehub/aignehub.h>

/* Text that was told, so that the same text in a final object is not told again. */
struct told {
    uint64_t hash;
    size_t n;
};

/* A value that each delta may replace: the newest is kept, in memory that is used again. */
struct kept {
    char *p;
    size_t n;
    size_t capacity;
};

struct hub_answer {
    struct told text;
    struct told thoughts;
    struct kept tools;
    struct kept files;
    struct kept json;
    enum finish finish;
    bool heard;   /* any event at all */
    bool started; /* the model was named */
};

_Static_assert(sizeof(struct hub_answer) <= HUB_STATE_SIZE, "the state fits what is promised");

/* ---- text ---- */

/* FNV-1a, its first value folded in so that a zeroed state is an empty text. */
static uint64_t hash_on(uint64_t hash, struct slice s)
{
    uint64_t h = hash ^ 14695981039346656037u;
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * 1099511628211u;
    return h ^ 14695981039346656037u;
}

static int tell(struct decoding *d, enum event_kind kind, struct told *told, struct slice text)
{
    told->hash = hash_on(told->hash, text);
    told->n += text.n;
    return answer_piece(d, kind, text);
}

static int append(struct decoding *d, enum event_kind kind, struct told *told, struct json v)
{
    struct slice text = json_string(v, d->scratch);
    return text.n ? tell(d, kind, told, text) : AIGNE_OK;
}

static bool begins_as_told(const struct told *told, struct slice text)
{
    return text.n >= told->n && hash_on(0, slice_of(text.p, told->n)) == told->hash;
}

static int start_over(struct decoding *d, struct hub_answer *s)
{
    struct event e = {.kind = EVENT_RESET};
    bool nothing = !s->text.n && !s->thoughts.n;
    s->text = s->thoughts = (struct told){0};
    return nothing ? AIGNE_OK : event_push(d->sink, &e);
}

/* The whole of a text, or null. Usually what was told already; else it replaces all that was. */
static int replace_texts(struct decoding *d, struct json text, struct json thoughts)
{
    struct hub_answer *s = d->state;
    struct slice whole = json_string(text, d->scratch);
    struct slice thought = json_string(thoughts, d->scratch);
    bool other_text = text.kind == JSON_NULL || (whole.p && !begins_as_told(&s->text, whole));
    bool other_thought = thought.p && !begins_as_told(&s->thoughts, thought);
    if (other_thought && s->text.n && !whole.p)
        return AIGNE_OK; /* the text cannot be kept while the thoughts are taken back */
    int rc = other_text || other_thought ? start_over(d, s) : AIGNE_OK;
    if (rc >= 0 && thought.p)
        rc = tell(d, EVENT_THOUGHT, &s->thoughts, slice_from(thought, s->thoughts.n));
    if (rc >= 0 && whole.p)
        rc = tell(d, EVENT_TEXT, &s->text, slice_from(whole, s->text.n));
    return rc;
}

/* ---- what is kept until the end ---- */

static int keep(struct decoding *d, struct kept *kept, struct json v)
{
    if (v.kind == JSON_NONE)
        return AIGNE_OK;
    if (v.kind == JSON_NULL) {
        kept->n = 0;
        return AIGNE_OK;
    }
    if (v.raw.n > kept->capacity) {
        kept->p = arena_alloc(d->keep, v.raw.n * 2);
        kept->capacity = kept->p ? v.raw.n * 2 : 0;
        kept->n = 0;
        if (!kept->p)
            return fault_nomem(d->why);
    }
    memcpy(kept->p, v.raw.p, v.raw.n);
    kept->n = v.raw.n;
    return AIGNE_OK;
}

static struct json kept_value(const struct kept *kept)
{
    return json_of(kept->n ? slice_of(kept->p, kept->n) : SLICE("null"));
}

static int push_call(struct decoding *d, int index, struct json call)
{
    struct slice id = json_string(json_get(call, "id"), d->scratch);
    struct slice name = json_string(json_path(call, "function.name"), d->scratch);
    struct json given = json_path(call, "function.arguments");
    struct json metadata = json_get(call, "metadata");
    struct slice arguments = given.kind == JSON_STRING   ? json_string(given, d->scratch)
                             : given.kind == JSON_OBJECT ? given.raw
                                                         : SLICE("{}");
    if (!id.n)
        id = call_id_made(d->request, index, d->scratch);
    if (!id.p)
        return fault_nomem(d->why);
    if (!name.n)
        return fault_set(d->why, AIGNE_E_PROTOCOL, "The hub sent a tool call without a name.");
    name = name_from_wire(&hub_names, d->request, name);
    int rc = answer_tool_begin(d, index, id, name,
                               metadata.kind == JSON_OBJECT ? metadata.raw : SLICE_NONE);
    if (rc >= 0)
        rc = answer_tool_arguments(d, index, arguments);
    return rc < 0 ? rc : answer_tool_end(d, index);
}

static int push_calls(struct decoding *d, const struct hub_answer *s, int *count)
{
    struct json_walk w = json_walk(kept_value(&s->tools));
    *count = 0;
    while (json_next(&w)) {
        if (*count >= LIMIT_TOOL_CALLS)
            return fault_set(d->why, AIGNE_E_PROTOCOL,
                             "The answer has more than %d tool calls.", LIMIT_TOOL_CALLS);
        int rc = push_call(d, (*count)++, w.value);
        if (rc < 0)
            return rc;
    }
    return AIGNE_OK;
}

static int push_files(struct decoding *d, const struct hub_answer *s)
{
    struct json_walk w = json_walk(kept_value(&s->files));
    while (json_next(&w)) {
        struct json url = json_get(w.value, "url");
        struct event e = {
            .kind = EVENT_FILE,
            .is_url = url.kind == JSON_STRING,
            .text = json_string(url.kind == JSON_STRING ? url : json_get(w.value, "data"),
                                d->scratch),
            .mime = json_string(json_get(w.value, "mimeType"), d->scratch),
            .name = json_string(json_get(w.value, "filename"), d->scratch),
        };
        int rc = e.text.n ? event_push(d->sink, &e) : AIGNE_OK;
        if (rc < 0)
            return rc;
    }
    return AIGNE_OK;
}

static int push_json(struct decoding *d, const struct hub_answer *s)
{
    struct json value = kept_value(&s->json);
    struct event e = {.kind = EVENT_JSON, .text = value.raw};
    return value.kind == JSON_OBJECT ? event_push(d->sink, &e) : AIGNE_OK;
}

/* ---- usage ---- */

#define USAGE_EXTRAS ((size_t)16)

static bool is_count(const struct json_walk *w)
{
    return json_key_is(w, "inputTokens") || json_key_is(w, "outputTokens") ||
           json_key_is(w, "cacheReadInputTokens") ||
           json_key_is(w, "cacheCreationInputTokens") || json_key_is(w, "images") ||
           json_key_is(w, "seconds") || json_key_is(w, "characters");
}

/* What stands beside the counts, credits foremost, as an object of its own. */
static struct slice usage_extras(struct decoding *d, struct json usage)
{
    struct slice pieces[2 * USAGE_EXTRAS + 1];
    size_t count = 0;
    struct json_walk w = json_walk(usage);
    while (json_next(&w) && count < 2 * USAGE_EXTRAS) {
        bool empty = w.value.kind == JSON_STRING && w.value.raw.n == 2;
        if (is_count(&w) || !json_present(w.value) || empty)
            continue;
        const char *from = w.key.p - 1;
        const char *to = w.value.raw.p + w.value.raw.n;
        pieces[count] = count ? SLICE(",") : SLICE("{");
        pieces[count + 1] = slice_of(from, (size_t)(to - from));
        count += 2;
    }
    if (!count)
        return SLICE_NONE;
    pieces[count++] = SLICE("}");
    return arena_join(d->scratch, pieces, count);
}

/* Hubs count every token in one place only, as this library does. */
int hub_push_usage(struct decoding *d, struct json usage, const struct usage *units)
{
    if (usage.kind != JSON_OBJECT && !units)
        return AIGNE_OK;
    struct event e = {.kind = EVENT_USAGE};
    usage_init(&e.usage);
    if (units)
        e.usage = *units;
    e.usage.input = answer_count(json_get(usage, "inputTokens"));
    e.usage.output = answer_count(json_get(usage, "outputTokens"));
    e.usage.cache_read = answer_count(json_get(usage, "cacheReadInputTokens"));
    e.usage.cache_write_5m = answer_count(json_get(usage, "cacheCreationInputTokens"));
    if (!usage_sane(&e.usage) || !usage_reported(&e.usage))
        return AIGNE_OK;
    e.metadata = usage_extras(d, usage);
    return event_push(d->sink, &e);
}

/* ---- the other members ---- */

static int push_model(struct decoding *d, struct json model)
{
    struct hub_answer *s = d->state;
    struct slice name = json_string(model, d->scratch);
    if (!name.n || s->started)
        return AIGNE_OK;
    s->started = true;
    return answer_start(d, SLICE_NONE, name);
}

static enum finish finish_of(struct json v)
{
    static const struct {
        const char *name;
        enum finish finish;
    } names[] = {{"stop_sequence", FINISH_STOP_SEQUENCE},
                 {"length", FINISH_LENGTH},
                 {"content_filter", FINISH_FILTER},
                 {"refusal", FINISH_REFUSAL},
                 {"pause", FINISH_PAUSE}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (json_string_is(v, names[i].name))
            return names[i].finish;
    }
    return FINISH_UNKNOWN;
}

enum member {
    TEXT,
    THOUGHTS,
    TOOL_CALLS,
    FILES,
    JSON,
    USAGE,
    MODEL,
    FINISH_REASON,
    OPTIONS, /* an echo of the request, of no use to anybody */
    MEMBERS
};

static const char *const members[MEMBERS] = {"text",  "thoughts",     "toolCalls",
                                             "files", "json",         "usage",
                                             "model", "finishReason", "modelOptions"};

static bool is_member(const struct json_walk *w)
{
    for (size_t i = 0; i < MEMBERS; i++) {
        if (json_key_is(w, members[i]))
            return true;
    }
    return false;
}

static int push_extras(struct decoding *d, struct json object)
{
    struct json_walk w = json_walk(object);
    while (json_next(&w)) {
        if (!json_present(w.value) || is_member(&w))
            continue;
        struct json key = {JSON_STRING, slice_of(w.key.p - 1, w.key.n + 2)};
        struct event e = {
            .kind = EVENT_EXTRA, .name = json_string(key, d->scratch), .text = w.value.raw};
        int rc = e.name.p ? event_push(d->sink, &e) : fault_nomem(d->why);
        if (rc < 0)
            return rc;
    }
    return AIGNE_OK;
}

/* Members of the answer, each in place of what it was before. */
static int replace(struct decoding *d, struct json object)
{
    struct hub_answer *s = d->state;
    struct json v[MEMBERS];
    json_pick(object, members, MEMBERS, v);
    int rc = push_model(d, v[MODEL]);
    if (rc >= 0)
        rc = replace_texts(d, v[TEXT], v[THOUGHTS]);
    if (rc >= 0)
        rc = keep(d, &s->tools, v[TOOL_CALLS]);
    if (rc >= 0)
        rc = keep(d, &s->files, v[FILES]);
    if (rc >= 0)
        rc = keep(d, &s->json, v[JSON]);
    if (v[FINISH_REASON].kind == JSON_STRING)
        s->finish = finish_of(v[FINISH_REASON]);
    if (rc >= 0)
        rc = hub_push_usage(d, v[USAGE], NULL);
    return rc < 0 ? rc : push_extras(d, object);
}

/* ---- frames ---- */

static int read_delta(struct decoding *d, struct json delta)
{
    struct hub_answer *s = d->state;
    struct json text = json_get(delta, "text");
    struct json object = json_get(delta, "json");
    int rc = append(d, EVENT_THOUGHT, &s->thoughts, json_get(text, "thoughts"));
    if (rc >= 0)
        rc = append(d, EVENT_TEXT, &s->text, json_get(text, "text"));
    return rc < 0 || object.kind != JSON_OBJECT ? rc : replace(d, object);
}

int hub_decode(struct decoding *d, const struct sse_event *frame)
{
    struct hub_answer *s = d->state;
    struct slice data = slice_trim(frame->data);
    bool failed = slice_is(frame->name, "error");
    if (!data.n || (frame->name.n && !failed && !slice_is(frame->name, "message")))
        return AIGNE_OK;
    s->heard = true;
    if (slice_is(data, "[DONE]"))
        return AIGNE_OK;
    bool worded = !failed || json_check(data, NULL) == AIGNE_OK;
    if (!worded)
        data = SLICE("{\"message\":\"The hub broke the answer off.\"}");
    int rc = answer_check(d, data, JSON_OBJECT);
    if (rc < 0)
        return rc;
    struct json object = json_of(data);
    if (failed || complaint_present(json_get(object, "error")))
        return hub_complaint(d, object);
    return answer_settled(d, read_delta(d, json_get(object, "delta")));
}

/* The protocol has no word for the end: that the body ended well is the transport's to say. */
int hub_finish(struct decoding *d)
{
    struct hub_answer *s = d->state;
    int calls = 0;
    if (!s->heard)
        return fault_set(d->why, AIGNE_E_PROTOCOL, "The hub's answer is empty.");
    int rc = push_calls(d, s, &calls);
    if (rc >= 0)
        rc = push_json(d, s);
    if (rc >= 0)
        rc = push_files(d, s);
    enum finish finish = s->finish;
    if (finish == FINISH_UNKNOWN)
        finish = calls ? FINISH_TOOLS : FINISH_STOP;
    if (rc >= 0)
        rc = answer_settled(d, AIGNE_OK);
    return rc < 0 ? rc : answer_finish(d, finish);
}

int hub_decode_whole(struct decoding *d, struct slice body, bool watching)
{
    struct hub_answer *s = d->state;
    struct slice text = slice_trim(body);
    (void)watching;
    int rc = answer_check(d, text, JSON_OBJECT);
    if (rc < 0)
        return rc;
    struct json object = json_of(text);
    s->heard = true;
    if (complaint_present(json_get(object, "error")))
        return hub_complaint(d, object);
    rc = answer_settled(d, replace(d, object));
    return rc < 0 ? rc : hub_finish(d);
}
