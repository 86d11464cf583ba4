/* Knows how Titan and Cohere are asked for embeddings on Bedrock, one text or a few at a time; refuses to know
 * who measures with them. */
#include "provider/adapters.h"
#include "provider/bedrock.h"
#include "provider/task_answer.h"
#include "provider/task_wire.h"
#include "provider/unsaid.h"
#include <aignehub/aignehub.h>

#define COHERE_BATCH ((size_t)96)

struct state {
    size_t done; /* texts whose embeddings came */
    int64_t tokens;
};

static bool is_cohere(struct slice model)
{
    return slice_find(model, SLICE("cohere.embed")) < model.n;
}

static bool is_titan(struct slice model)
{
    return slice_find(model, SLICE("amazon.titan-embed-text")) < model.n;
}

static bool takes_dimensions(struct slice model)
{
    return slice_find(model, SLICE("titan-embed-text-v2")) < model.n ||
           slice_find(model, SLICE("cohere.embed-v4")) < model.n;
}

static size_t batch_from(const struct task *t, struct slice model, size_t done)
{
    size_t left = t->input_count - done;
    size_t most = is_cohere(model) ? COHERE_BATCH : 1;
    return left < most ? left : most;
}

/* Cohere's names of purposes, and those that others have for the same. */
static const char *purpose_name(struct slice purpose)
{
    static const struct {
        const char *theirs;
        const char *other;
    } purposes[] = {{"search_document", "RETRIEVAL_DOCUMENT"},
                    {"search_query", "RETRIEVAL_QUERY"},
                    {"classification", "CLASSIFICATION"},
                    {"clustering", "CLUSTERING"}};
    for (size_t i = 0; i < sizeof purposes / sizeof purposes[0]; i++) {
        if (slice_is_nocase(purpose, purposes[i].theirs) ||
            slice_is_nocase(purpose, purposes[i].other))
            return purposes[i].theirs;
    }
    return NULL;
}

static void write_cohere(struct task_wire *w, size_t done, size_t count)
{
    const struct task *t = w->json.request->task;
    struct json_writer *j = &w->json.json;
    const char *purpose = purpose_name(t->purpose);
    json_member_array(j, "texts");
    for (size_t i = done; i < done + count; i++)
        json_write_string(j, t->inputs[i]);
    json_close_array(j);
    json_member_text(j, "input_type", purpose ? purpose : "search_document");
    json_member_raw(j, "embedding_types", SLICE("[\"float\"]"));
    if (takes_dimensions(w->json.to->model))
        json_member_raw_opt(j, "output_dimension", t->dimensions);
}

static void write_titan(struct task_wire *w, size_t done)
{
    const struct task *t = w->json.request->task;
    json_member_string(&w->json.json, "inputText", t->inputs[done]);
    if (takes_dimensions(w->json.to->model))
        json_member_raw_opt(&w->json.json, "dimensions", t->dimensions);
}

static int write_batch(const struct chat_request *r, const struct chat_target *to, size_t done,
                       struct arena *a, struct http_request *out, struct fault *why)
{
    struct task_wire w AUTO(task_wire_close);
    task_wire_begin(&w, false, r, to, a, why);
    if (is_cohere(to->model))
        write_cohere(&w, done, batch_from(r->task, to->model, done));
    else
        write_titan(&w, done);
    json_close_object(&w.json.json);
    return bedrock_post(&w.json, "invoke", out);
}

static int refuse(const struct chat_request *r, const struct chat_target *to, struct fault *why)
{
    const struct task *t = r->task;
    if (!is_cohere(to->model) && !is_titan(to->model))
        return fault_field(why, AIGNE_E_REQUEST, "model",
                           "Of Bedrock's embeddings, those of amazon.titan-embed-text and of "
                           "cohere.embed can be asked for.");
    if (t->inputs_are_tokens)
        return fault_field(why, AIGNE_E_REQUEST, "input",
                           "input: this provider takes texts, not tokens.");
    if (t->dimensions.p && !takes_dimensions(to->model))
        return fault_field(why, AIGNE_E_REQUEST, "dimensions",
                           "dimensions: this model has no such setting.");
    return AIGNE_OK;
}

static int encode(const struct chat_request *r, const struct chat_target *to, struct arena *a,
                  struct http_request *out, struct fault *why)
{
    int rc = refuse(r, to, why);
    *out = (struct http_request){0};
    if (rc < 0)
        return rc;
    if (r->task->purpose.n && !(is_cohere(to->model) && purpose_name(r->task->purpose)))
        dropped_note(to->dropped, "purpose");
    if (r->task->title.n)
        dropped_note(to->dropped, "title");
    unsaid_note(r, to, UNSAID_USER);
    unsaid_note_extras(r, to, NULL, 0);
    return write_batch(r, to, 0, a, out, why);
}

static int more(struct decoding *d, const struct chat_target *to, struct arena *a,
                struct http_request *out, int64_t *delay_ms)
{
    const struct state *s = d->state;
    *delay_ms = 0;
    if (!d->request || s->done >= d->request->task->input_count)
        return AIGNE_OK;
    *out = (struct http_request){0};
    int rc = write_batch(d->request, to, s->done, a, out, d->why);
    return rc < 0 ? rc : AIGNE_AGAIN;
}

/* ---- the answer ---- */

static int push_vector(struct decoding *d, struct json vector)
{
    struct state *s = d->state;
    struct event e = {.kind = EVENT_EMBEDDING, .index = (int)s->done, .text = vector.raw};
    if (vector.kind != JSON_ARRAY || s->done >= d->request->task->input_count)
        return fault_set(d->why, AIGNE_E_PROTOCOL,
                         "The provider sent an embedding that was not asked for.");
    s->done++;
    return event_push(d->sink, &e);
}

/* Titan's one, Cohere's as a list or by type. */
static int push_vectors(struct decoding *d, struct json one, struct json many)
{
    struct json list = many.kind == JSON_OBJECT ? json_get(many, "float") : many;
    int rc = one.kind == JSON_ARRAY ? push_vector(d, one) : AIGNE_OK;
    struct json_walk w = json_walk(list);
    while (list.kind == JSON_ARRAY && rc >= 0 && json_next(&w))
        rc = push_vector(d, w.value);
    return rc;
}

/* Titan counts in its answer, Bedrock for the others in the head. */
static int64_t tokens_of(const struct decoding *d, struct json told)
{
    int64_t tokens = answer_count(told);
    struct slice head = http_block_get(d->head, "x-amzn-bedrock-input-token-count");
    if (tokens < 0 && head.n && (!slice_int64(head, &tokens) || tokens > USAGE_LARGEST))
        tokens = -1;
    return tokens;
}

static int decode_whole(struct decoding *d, struct slice body, bool watching)
{
    static const char *const names[] = {"embedding", "embeddings", "inputTextTokenCount"};
    struct state *s = d->state;
    size_t before = s->done;
    struct json v[3];
    struct usage usage;
    (void)watching; /* there is no format to relay */
    int rc = answer_check_pick(d, slice_trim(body), names, 3, v);
    if (rc >= 0 && !before)
        rc = answer_start(d, SLICE_NONE, SLICE_NONE);
    if (rc >= 0)
        rc = push_vectors(d, v[0], v[1]);
    if (rc >= 0 && s->done == before)
        rc = fault_set(d->why, AIGNE_E_PROTOCOL, "The provider sent no embedding.");
    usage_init(&usage);
    int64_t tokens = tokens_of(d, v[2]);
    s->tokens += usage_known(tokens);
    usage.input = tokens < 0 && !s->tokens ? -1 : s->tokens;
    if (rc >= 0)
        rc = answer_usage(d, &usage);
    rc = answer_settled(d, rc);
    bool all = rc >= 0 && s->done == d->request->task->input_count;
    return all ? answer_finish(d, FINISH_STOP) : rc;
}

const struct adapter adapter_bedrock_embedding = {
    .name = "bedrock.embedding",
    .kind = KIND_EMBEDDING,
    .reads_head = true,
    .state_size = sizeof(struct state),
    .encode = encode,
    .decode = task_no_frame,
    .decode_whole = decode_whole,
    .finish = task_no_stream,
    .more = more,
    .explain = bedrock_explain,
};
