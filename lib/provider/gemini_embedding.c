/* Knows Google's embeddings, one alone and many at once; refuses to know who measures with them. */
#include "provider/adapters.h"
#include "provider/gemini.h"
#include "provider/task_answer.h"
#include "provider/task_wire.h"
#include "provider/unsaid.h"
#include <aignehub/aignehub.h>

#define BATCH "batchEmbedContents"

/* Google's names of purposes, and those that others have for the same. */
static const char *purpose_name(struct slice purpose)
{
    static const struct {
        const char *theirs;
        const char *other;
    } purposes[] = {{"RETRIEVAL_QUERY", "search_query"},
                    {"RETRIEVAL_DOCUMENT", "search_document"},
                    {"SEMANTIC_SIMILARITY", "semantic_similarity"},
                    {"CLASSIFICATION", "classification"},
                    {"CLUSTERING", "clustering"},
                    {"QUESTION_ANSWERING", "question_answering"},
                    {"FACT_VERIFICATION", "fact_verification"},
                    {"CODE_RETRIEVAL_QUERY", "code_retrieval_query"}};
    for (size_t i = 0; i < sizeof purposes / sizeof purposes[0]; i++) {
        if (slice_is_nocase(purpose, purposes[i].theirs) ||
            slice_is_nocase(purpose, purposes[i].other))
            return purposes[i].theirs;
    }
    return NULL;
}

static void write_one(struct task_wire *w, struct slice model, struct slice text)
{
    const struct task *t = w->json.request->task;
    struct json_writer *j = &w->json.json;
    const char *purpose = purpose_name(t->purpose);
    json_open_object(j);
    json_member_string(j, "model", model);
    json_member_object(j, "content");
    json_member_array(j, "parts");
    json_open_object(j);
    json_member_string(j, "text", text);
    json_close_object(j);
    json_close_array(j);
    json_close_object(j);
    if (purpose)
        json_member_text(j, "taskType", purpose);
    json_member_string_opt(j, "title", t->title);
    json_member_raw_opt(j, "outputDimensionality", t->dimensions);
    json_close_object(j);
}

static int write_all(struct task_wire *w)
{
    const struct task *t = w->json.request->task;
    struct buf model AUTO(buf_free);
    buf_init(&model, w->json.to->model.n + 16);
    gemini_put_model(&model, w->json.to->model);
    if (buf_rc(&model) < 0)
        return fault_nomem(w->json.why);
    json_member_array(&w->json.json, "requests");
    for (size_t i = 0; i < t->input_count; i++)
        write_one(w, buf_slice(&model), t->inputs[i]);
    json_close_array(&w->json.json);
    return AIGNE_OK;
}

static int encode(const struct chat_request *r, const struct chat_target *to, struct arena *a,
                  struct http_request *out, struct fault *why)
{
    static const struct task_name names[] = {
        {"dimensions", NULL}, {"purpose", NULL}, {"title", NULL}};
    struct task_wire w AUTO(task_wire_close);
    *out = (struct http_request){0};
    task_wire_begin(&w, false, r, to, a, why);
    if (r->task->inputs_are_tokens)
        return task_refuse(&w, "input", "input: this provider takes texts, not tokens.");
    if (r->task->purpose.n && !purpose_name(r->task->purpose))
        dropped_note(to->dropped, "purpose");
    int rc = write_all(&w);
    if (rc >= 0)
        rc = task_wire_members(&w, names, sizeof names / sizeof names[0]);
    unsaid_note_extras(r, to, NULL, 0);
    if (rc >= 0)
        rc = gemini_key(to, out, why);
    return rc < 0 ? rc : task_wire_post(&w, gemini_method_url(to, BATCH, a), out);
}

static int relay_batch(const struct chat_relay *r, const struct chat_target *to,
                       struct arena *a, struct http_request *out, struct fault *why)
{
    return gemini_relay_task(r, to, BATCH, a, out, why);
}

static int relay_one(const struct chat_relay *r, const struct chat_target *to, struct arena *a,
                     struct http_request *out, struct fault *why)
{
    return gemini_relay_task(r, to, "embedContent", a, out, why);
}

/* ---- the answer ---- */

static int push_vector(struct decoding *d, struct json embedding, int index)
{
    struct json values = json_get(embedding, "values");
    struct event e = {.kind = EVENT_EMBEDDING, .index = index, .text = values.raw};
    if (values.kind != JSON_ARRAY || index >= TASK_INPUTS_LARGEST)
        return fault_set(d->why, AIGNE_E_PROTOCOL,
                         "The provider sent an embedding without values.");
    return event_push(d->sink, &e);
}

static int push_vectors(struct decoding *d, struct json one, struct json many)
{
    size_t wanted = d->request->task ? d->request->task->input_count : 0;
    size_t came = 0;
    int rc = AIGNE_OK;
    if (one.kind == JSON_OBJECT)
        rc = push_vector(d, one, (int)came++);
    struct json_walk w = json_walk(many);
    while (many.kind == JSON_ARRAY && rc >= 0 && json_next(&w))
        rc = push_vector(d, w.value, (int)came++);
    if (rc < 0 || (came && came == wanted))
        return rc;
    return fault_set(d->why, AIGNE_E_PROTOCOL, "The provider sent %zu embeddings of %zu.", came,
                     wanted);
}

static int decode_whole(struct decoding *d, struct slice body, bool watching)
{
    static const char *const names[] = {"embedding", "embeddings", "usageMetadata"};
    struct json v[3];
    struct usage usage;
    struct slice text = slice_trim(body);
    int rc = answer_check_pick(d, text, names, 3, v);
    if (rc >= 0)
        rc = gemini_complaint(d, text);
    if (rc >= 0)
        rc = answer_start(d, SLICE_NONE, SLICE_NONE);
    if (rc >= 0 && !watching)
        rc = push_vectors(d, v[0], v[1]);
    if (rc >= 0 && gemini_usage(v[2], &usage))
        rc = answer_usage(d, &usage);
    rc = answer_settled(d, rc);
    return rc < 0 ? rc : answer_finish(d, FINISH_STOP);
}

#define EMBEDDING(format_of, relay_of)                                                         \
    {                                                                                          \
        .name = "gemini", .format = (format_of), .kind = KIND_EMBEDDING, .encode = encode,     \
        .relay = relay_of, .decode = task_no_frame, .watch = task_no_watch,                    \
        .decode_whole = decode_whole, .finish = task_no_stream, .explain = gemini_explain      \
    }

const struct adapter adapter_gemini_embedding = EMBEDDING("gemini.embed_batch", relay_batch);
/* For clients that ask for one. */
const struct adapter adapter_gemini_embed = EMBEDDING("gemini.embed", relay_one);
