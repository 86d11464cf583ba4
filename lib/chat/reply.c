/* reply.c - knows how events add up to an answer; refuses to know who hears it. */
#include "chat/reply.h"

#include "base/limits.h"
#include "chat/request.h"
#include <aignehub/aignehub.h>

/* Absent stays absent; false: no memory. */
static bool keep(struct reply *r, struct slice from, struct slice *to)
{
    if (!from.p)
        return true;
    *to = arena_copy(r->arena, from);
    return to->p != NULL;
}

static int appended(struct buf *b, struct slice s)
{
    buf_put_slice(b, s);
    return buf_rc(b);
}

/* Room for index `count`; the vector doubles inside the arena. False: no memory. */
static bool room(struct reply *r, void **items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return true;
    size_t wider = *capacity ? *capacity * 2 : 2;
    void *moved = arena_array(r->arena, wider, size);
    if (!moved)
        return false;
    if (count)
        memcpy(moved, *items, count * size);
    *items = moved;
    *capacity = wider;
    return true;
}

static int on_start(struct reply *r, const struct event *e)
{
    return keep(r, e->text, &r->model) && keep(r, e->id, &r->id) ? AIGNE_OK : AIGNE_E_NOMEM;
}

static struct reply_run *add_run(struct reply *r, enum event_kind kind, size_t start)
{
    void *items = r->runs;
    if (!room(r, &items, r->run_count, &r->run_capacity, sizeof *r->runs))
        return NULL;
    r->runs = items;
    struct reply_run *run = &r->runs[r->run_count++];
    *run = (struct reply_run){.kind = kind, .start = start, .end = start};
    return run;
}

/* A piece of a text; what is sealed is over. Of several choices the first is the answer. */
static int add_piece(struct reply *r, const struct event *e, struct buf *text)
{
    if (!e->text.n)
        return AIGNE_OK;
    struct reply_run *run = r->run_count ? &r->runs[r->run_count - 1] : NULL;
    if (!run || run->kind != e->kind || run->seal.p)
        run = add_run(r, e->kind, text->n);
    int rc = run ? appended(text, e->text) : AIGNE_E_NOMEM;
    if (!rc)
        run->end = text->n;
    return rc;
}

static int on_text(struct reply *r, const struct event *e)
{
    return add_piece(r, e, &r->text);
}

static int on_thought(struct reply *r, const struct event *e)
{
    return add_piece(r, e, &r->thoughts);
}

static int on_refusal(struct reply *r, const struct event *e)
{
    return add_piece(r, e, &r->refusal);
}

static int sealed(struct reply *r, struct reply_run *run, const struct event *e)
{
    bool kept = run && keep(r, e->text, &run->seal) && keep(r, e->name, &run->vendor);
    return kept ? AIGNE_OK : AIGNE_E_NOMEM;
}

/* What is thought last, if anything was put into words. */
static int on_signature(struct reply *r, const struct event *e)
{
    struct reply_run *run = r->run_count ? &r->runs[r->run_count - 1] : NULL;
    if (!run || run->kind != EVENT_THOUGHT || run->seal.p)
        run = add_run(r, EVENT_THOUGHT, r->thoughts.n);
    return sealed(r, run, e);
}

static int on_redacted(struct reply *r, const struct event *e)
{
    return sealed(r, add_run(r, EVENT_REDACTED, 0), e);
}

static int on_citation(struct reply *r, const struct event *e)
{
    struct reply_citation citation = {.at = r->text.n};
    void *items = r->citations;
    if (!room(r, &items, r->citation_count, &r->citation_capacity, sizeof *r->citations))
        return AIGNE_E_NOMEM;
    r->citations = items;
    if (!keep(r, e->metadata, &citation.metadata))
        return AIGNE_E_NOMEM;
    r->citations[r->citation_count++] = citation;
    return AIGNE_OK;
}

static int on_logprobs(struct reply *r, const struct event *e)
{
    struct slice text = slice_trim(e->text);
    if (text.n < 3 || text.p[0] != '[') /* an empty array */
        return AIGNE_OK;
    if (r->logprobs.n)
        buf_put_byte(&r->logprobs, ',');
    return appended(&r->logprobs, slice_of(text.p + 1, text.n - 2));
}

/* Calls arrive dense from 0; anything else is not an answer. */
static int on_tool_begin(struct reply *r, const struct event *e)
{
    size_t index = (size_t)e->index;
    if (e->index < 0 || index > r->tool_count || index >= LIMIT_TOOL_CALLS)
        return AIGNE_E_PROTOCOL;
    if (index == r->tool_count) {
        void *items = r->tools;
        if (!room(r, &items, r->tool_count, &r->tool_capacity, sizeof *r->tools))
            return AIGNE_E_NOMEM;
        r->tools = items;
        r->tools[index] = (struct reply_tool_call){0};
        buf_init(&r->tools[index].arguments, LIMIT_REPLY_BODY);
        r->tool_count++;
        if (!add_run(r, EVENT_TOOL_BEGIN, index))
            return AIGNE_E_NOMEM;
    }
    struct reply_tool_call *t = &r->tools[index];
    bool kept = keep(r, e->id, &t->id) && keep(r, e->name, &t->name) &&
                keep(r, e->metadata, &t->metadata);
    return kept ? AIGNE_OK : AIGNE_E_NOMEM;
}

static int on_tool_arguments(struct reply *r, const struct event *e)
{
    if (e->index < 0 || (size_t)e->index >= r->tool_count)
        return AIGNE_E_PROTOCOL;
    return appended(&r->tools[e->index].arguments, e->text);
}

static int on_tool_end(struct reply *r, const struct event *e)
{
    if (e->index < 0 || (size_t)e->index >= r->tool_count)
        return AIGNE_E_PROTOCOL;
    struct reply_tool_call *t = &r->tools[e->index];
    return keep(r, e->metadata, &t->metadata) ? AIGNE_OK : AIGNE_E_NOMEM;
}

static int on_file(struct reply *r, const struct event *e)
{
    struct reply_file file = {.is_url = e->is_url};
    void *items = r->files;
    if (!room(r, &items, r->file_count, &r->file_capacity, sizeof *r->files))
        return AIGNE_E_NOMEM;
    r->files = items;
    if (!keep(r, e->mime, &file.mime) || !keep(r, e->text, &file.content) ||
        !keep(r, e->name, &file.name) || !keep(r, e->metadata, &file.revised) ||
        !add_run(r, EVENT_FILE, r->file_count))
        return AIGNE_E_NOMEM;
    r->files[r->file_count++] = file;
    return AIGNE_OK;
}

static int on_usage(struct reply *r, const struct event *e)
{
    usage_merge(&r->usage, &e->usage);
    return keep(r, e->metadata, &r->usage_extras) ? AIGNE_OK : AIGNE_E_NOMEM;
}

static int on_json(struct reply *r, const struct event *e)
{
    return keep(r, e->text, &r->json) ? AIGNE_OK : AIGNE_E_NOMEM;
}

static int on_reset(struct reply *r, const struct event *e)
{
    size_t kept = 0;
    (void)e;
    buf_clear(&r->text);
    buf_clear(&r->thoughts);
    for (size_t i = 0; i < r->run_count; i++) {
        if (r->runs[i].kind != EVENT_TEXT && r->runs[i].kind != EVENT_THOUGHT)
            r->runs[kept++] = r->runs[i];
    }
    r->run_count = kept;
    r->citation_count = 0;
    buf_clear(&r->logprobs);
    return AIGNE_OK;
}

static int on_extra(struct reply *r, const struct event *e)
{
    for (size_t i = 0; i < r->extra_count; i++) {
        if (slice_eq(r->extras[i].name, e->name))
            return keep(r, e->text, &r->extras[i].value) ? AIGNE_OK : AIGNE_E_NOMEM;
    }
    struct chat_extra extra = {.name = SLICE_NONE};
    void *items = r->extras;
    if (!room(r, &items, r->extra_count, &r->extra_capacity, sizeof *r->extras))
        return AIGNE_E_NOMEM;
    r->extras = items;
    if (!keep(r, e->name, &extra.name) || !keep(r, e->text, &extra.value))
        return AIGNE_E_NOMEM;
    r->extras[r->extra_count++] = extra;
    return AIGNE_OK;
}

static int on_embedding(struct reply *r, const struct event *e)
{
    if (e->index < 0 || e->index >= TASK_INPUTS_LARGEST)
        return AIGNE_E_PROTOCOL;
    while (r->embedding_count <= (size_t)e->index) {
        void *items = r->embeddings;
        if (!room(r, &items, r->embedding_count, &r->embedding_capacity, sizeof *r->embeddings))
            return AIGNE_E_NOMEM;
        r->embeddings = items;
        r->embeddings[r->embedding_count++] = SLICE_NONE;
    }
    return keep(r, e->text, &r->embeddings[e->index]) ? AIGNE_OK : AIGNE_E_NOMEM;
}

static int on_bytes(struct reply *r, const struct event *e)
{
    if (!r->bytes_mime.p && !keep(r, e->mime, &r->bytes_mime))
        return AIGNE_E_NOMEM;
    return appended(&r->bytes, e->text);
}

static int on_finish(struct reply *r, const struct event *e)
{
    r->finish = e->finish;
    return keep(r, e->text, &r->stop_sequence) ? AIGNE_OK : AIGNE_E_NOMEM;
}

static int (*const handlers[])(struct reply *r, const struct event *e) = {
    [EVENT_START] = on_start,           [EVENT_TEXT] = on_text,
    [EVENT_THOUGHT] = on_thought,       [EVENT_SIGNATURE] = on_signature,
    [EVENT_REDACTED] = on_redacted,     [EVENT_REFUSAL] = on_refusal,
    [EVENT_TOOL_BEGIN] = on_tool_begin, [EVENT_TOOL_ARGUMENTS] = on_tool_arguments,
    [EVENT_TOOL_END] = on_tool_end,     [EVENT_FILE] = on_file,
    [EVENT_USAGE] = on_usage,           [EVENT_JSON] = on_json,
    [EVENT_RESET] = on_reset,           [EVENT_EXTRA] = on_extra,
    [EVENT_CITATION] = on_citation,     [EVENT_LOGPROBS] = on_logprobs,
    [EVENT_EMBEDDING] = on_embedding,   [EVENT_BYTES] = on_bytes,
    [EVENT_FINISH] = on_finish,
};

/* The reply that an event is of; NULL: no memory. */
static struct reply *choice_of(struct reply *r, int choice)
{
    for (; r && choice > 0; choice--) {
        if (!r->next) {
            r->next = arena_alloc(r->arena, sizeof *r);
            if (r->next)
                reply_init(r->next, r->arena);
        }
        r = r->next;
    }
    return r;
}

static int push(struct event_sink *sink, const struct event *e)
{
    struct reply *r = (struct reply *)(void *)sink;
    size_t kind = (size_t)e->kind;
    if (kind >= sizeof handlers / sizeof handlers[0] || !handlers[kind])
        return AIGNE_OK;
    r = choice_of(r, e->choice);
    return r ? handlers[kind](r, e) : AIGNE_E_NOMEM;
}

void reply_init(struct reply *r, struct arena *a)
{
    *r = (struct reply){.sink = {push}, .arena = a};
    buf_init(&r->text, LIMIT_REPLY_BODY);
    buf_init(&r->thoughts, LIMIT_REPLY_BODY);
    buf_init(&r->refusal, LIMIT_REPLY_BODY);
    buf_init(&r->logprobs, LIMIT_REPLY_BODY);
    buf_init(&r->bytes, LIMIT_REPLY_BODY);
    usage_init(&r->usage);
}

void reply_free(struct reply *r)
{
    for (size_t i = 0; i < r->tool_count; i++)
        buf_free(&r->tools[i].arguments);
    buf_free(&r->text);
    buf_free(&r->thoughts);
    buf_free(&r->refusal);
    buf_free(&r->logprobs);
    buf_free(&r->bytes);
    r->tool_count = 0;
    for (struct reply *next = r->next; next;) {
        struct reply *after = next->next;
        next->next = NULL;
        reply_free(next);
        next = after;
    }
    r->next = NULL;
}
