/* gemini_task.c - knows how Google's clients ask for embeddings and for the length of a prompt; refuses to
 * know who answers. */
#include "ingress/gemini_task.h"

#include "base/mem.h"
#include "ingress/body.h"
#include <aignehub/aignehub.h>

/* ---- what they have in common ---- */

int google_task_peek(const struct ingress_request *in, struct arena *a, struct slice *model,
                     struct chat_relay *relay, struct fault *why)
{
    int rc = google_peek(in, a, model, relay, why);
    relay->stream = false;
    return rc;
}

int google_task_open(const struct ingress_request *in, struct reading *r, struct arena *a,
                     struct chat_request *out, struct fault *why, const char *const *names,
                     size_t count, struct json *values)
{
    struct json whole;
    struct slice method = SLICE_NONE;
    int rc = body_open(in->body, r, a, out, &whole, why);
    if (rc)
        return rc;
    out->task = task_new(a);
    if (!out->task)
        return reading_nomem(r);
    (void)google_method(in->rest, a, &out->model, &method);
    google_pick(whole, names, count, values);
    return AIGNE_OK;
}

int google_no_event(struct encoding *e, const struct event *ev)
{
    (void)ev;
    return buf_rc(e->out);
}

int google_no_end(struct encoding *e, const struct reply_notes *notes)
{
    (void)notes;
    return buf_rc(e->out);
}

void google_keep_alive(struct encoding *e)
{
    BUF_LITERAL(e->out, "\r\n");
}

/* ---- embeddings ---- */

enum member { CONTENT, PURPOSE, TITLE, DIMENSIONS, CONFIG, MEMBERS };
static const char *const members[MEMBERS] = {"content", "taskType", "title",
                                             "outputDimensionality", "embedContentConfig"};

static int read_text(struct reading *r, struct json part, struct buf *out)
{
    struct json text = google_get(part, "text");
    if (text.kind != JSON_STRING)
        return reading_refuse(r, "content.parts",
                              "may hold text only for this model's provider");
    if (out->n)
        buf_put_byte(out, '\n');
    return json_string_into(text, out) && !buf_rc(out) ? AIGNE_OK : reading_nomem(r);
}

static int read_input(struct reading *r, struct json content)
{
    struct buf text AUTO(buf_free);
    struct task *t = r->build.request->task;
    struct google_list parts = google_list(google_get(content, "parts"));
    int rc = AIGNE_OK;
    buf_init(&text, content.raw.n + 16);
    if (content.kind != JSON_OBJECT)
        return reading_refuse(r, "content", "is missing");
    if (t->input_count >= TASK_INPUTS_LARGEST)
        return reading_refuse(r, "", "is one of more than %d", TASK_INPUTS_LARGEST);
    while (!rc && google_next(&parts))
        rc = read_text(r, parts.value, &text);
    if (rc)
        return rc;
    struct slice input = arena_copy(r->arena, buf_slice(&text));
    return input.p && task_add_input(t, r->arena, input) ? AIGNE_OK : reading_nomem(r);
}

/* One setting for all: what another of them said before must be the same. */
static int read_shared(struct reading *r, const char *member, struct json v, struct slice *to,
                       int (*read)(struct reading *r, const char *member, struct json v,
                                   struct slice *out))
{
    struct slice value = SLICE_NONE;
    bool first = r->build.request->task->input_count == 1;
    int rc = read(r, member, v, &value);
    if (!rc && !first && !slice_eq(value, *to))
        return reading_refuse(r, member, "must be the same in all for this model's provider");
    *to = value;
    return rc;
}

static int read_one(struct reading *r, const struct json *v)
{
    struct task *t = r->build.request->task;
    int rc = read_input(r, v[CONTENT]);
    if (!rc && json_present(v[CONFIG]))
        rc = reading_refuse(r, members[CONFIG], "means nothing to this model's provider");
    if (!rc)
        rc = read_shared(r, members[PURPOSE], v[PURPOSE], &t->purpose, read_string);
    if (!rc)
        rc = read_shared(r, members[TITLE], v[TITLE], &t->title, read_string);
    if (!rc)
        rc = read_shared(r, members[DIMENSIONS], v[DIMENSIONS], &t->dimensions,
                         google_read_number);
    if (slice_is(t->purpose, "TASK_TYPE_UNSPECIFIED"))
        t->purpose = SLICE_NONE;
    return rc;
}

static int decode_embed(const struct ingress_request *in, struct arena *a,
                        struct chat_request *out, struct fault *why)
{
    struct reading r;
    struct json v[MEMBERS];
    int rc = google_task_open(in, &r, a, out, why, members, MEMBERS, v);
    if (rc)
        return rc;
    out->kind = KIND_EMBEDDING;
    out->task->single_input = true;
    return read_one(&r, v);
}

static int decode_batch(const struct ingress_request *in, struct arena *a,
                        struct chat_request *out, struct fault *why)
{
    static const char *const names[] = {"requests"};
    struct reading r;
    struct json requests;
    struct json v[MEMBERS];
    int rc = google_task_open(in, &r, a, out, why, names, 1, &requests);
    if (rc)
        return rc;
    out->kind = KIND_EMBEDDING;
    struct google_list l = google_list(requests);
    for (size_t i = 0; !rc && google_next(&l); i++) {
        reading_at(&r, "requests", i);
        google_pick(l.value, members, MEMBERS, v);
        rc = read_one(&r, v);
    }
    reading_whole(&r);
    return rc || out->task->input_count ? rc
                                        : reading_refuse(&r, "requests", "must not be empty");
}

static void write_vector(struct json_writer *w, struct slice values)
{
    json_open_object(w);
    json_member_raw(w, "values", values.p ? values : SLICE("[]"));
    json_close_object(w);
}

static int end_embeddings(struct encoding *e, struct json_writer *w, const struct reply *r)
{
    if (usage_reported(&r->usage)) {
        json_member_object(w, "usageMetadata");
        json_member_int(w, "promptTokenCount", usage_prompt(&r->usage));
        json_close_object(w);
    }
    json_close_object(w);
    return buf_rc(e->out);
}

static int whole_embed(struct encoding *e, const struct reply *r,
                       const struct reply_notes *notes)
{
    struct json_writer w = json_writer(e->out);
    (void)notes;
    json_open_object(&w);
    json_key(&w, "embedding");
    write_vector(&w, r->embedding_count ? r->embeddings[0] : SLICE_NONE);
    return end_embeddings(e, &w, r);
}

static int whole_batch(struct encoding *e, const struct reply *r,
                       const struct reply_notes *notes)
{
    struct json_writer w = json_writer(e->out);
    (void)notes;
    json_open_object(&w);
    json_member_array(&w, "embeddings");
    for (size_t i = 0; i < r->embedding_count; i++)
        write_vector(&w, r->embeddings[i]);
    json_close_array(&w);
    return end_embeddings(e, &w, r);
}

const struct ingress ingress_gemini_embed = {
    GOOGLE_TASK,
    .format = "gemini.embed",
    .kind = KIND_EMBEDDING,
    .peek = google_task_peek,
    .decode = decode_embed,
    .whole = whole_embed,
};

const struct ingress ingress_gemini_embed_batch = {
    GOOGLE_TASK,
    .format = "gemini.embed_batch",
    .kind = KIND_EMBEDDING,
    .peek = google_task_peek,
    .decode = decode_batch,
    .whole = whole_batch,
};

/* ---- the length of a prompt ---- */

/* Contents alone, or a whole request. */
static int decode_count(const struct ingress_request *in, struct arena *a,
                        struct chat_request *out, struct fault *why)
{
    static const char *const names[] = {"generateContentRequest"};
    struct reading r;
    struct json request;
    int rc = google_task_open(in, &r, a, out, why, names, 1, &request);
    if (rc)
        return rc;
    struct ingress_request inner = *in;
    if (request.kind == JSON_OBJECT)
        inner.body = request.raw;
    rc = google_read_request(&inner, a, out, why);
    out->kind = KIND_COUNT_TOKENS;
    out->task = NULL;
    return rc;
}

static int whole_count(struct encoding *e, const struct reply *r,
                       const struct reply_notes *notes)
{
    struct json_writer w = json_writer(e->out);
    struct slice count = SLICE("0");
    (void)notes;
    for (size_t i = 0; i < r->extra_count; i++) {
        if (slice_is(r->extras[i].name, EVENT_TOKEN_COUNT))
            count = r->extras[i].value;
    }
    json_open_object(&w);
    json_member_raw(&w, "totalTokens", count);
    json_close_object(&w);
    return buf_rc(e->out);
}

const struct ingress ingress_gemini_count = {
    GOOGLE_TASK,
    .format = "gemini.count_tokens",
    .kind = KIND_COUNT_TOKENS,
    .peek = google_task_peek,
    .decode = decode_count,
    .whole = whole_count,
};
