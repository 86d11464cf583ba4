/* Knows OpenAI's embeddings; refuses to know who measures with them. */
#include "provider/adapters.h"
#include "provider/complaint.h"
#include "provider/openai.h"
#include "provider/openai_task.h"
#include <aignehub/aignehub.h>

#define PATH "embeddings"

static void write_input(struct task_wire *w, const struct task *t)
{
    struct json_writer *json = &w->json.json;
    json_key(json, "input");
    if (!t->single_input)
        json_open_array(json);
    for (size_t i = 0; i < t->input_count; i++) {
        if (t->inputs_are_tokens)
            json_write_raw(json, t->inputs[i]);
        else
            json_write_string(json, t->inputs[i]);
    }
    if (!t->single_input)
        json_close_array(json);
}

static int encode(const struct chat_request *r, const struct chat_target *to, struct arena *a,
                  struct http_request *out, struct fault *why)
{
    /* Mistral knows no users. */
    const struct task_name names[] = {
        {"dimensions", to->quirks & OPENAI_RANDOM_SEED ? "output_dimension" : "dimensions"},
        {"user", "user"}};
    const size_t known = to->quirks & OPENAI_NO_USER ? 1 : 2;
    static const char *const taken[] = {NULL};
    struct task_wire w AUTO(task_wire_close);
    *out = (struct http_request){0};
    task_wire_begin(&w, false, r, to, a, why);
    task_wire_text(&w, "model", to->model);
    write_input(&w, r->task);
    task_wire_text(&w, "encoding_format", SLICE("float"));
    int rc = task_wire_members(&w, names, known);
    if (rc < 0)
        return rc;
    task_wire_extras(&w, taken);
    return openai_task_post(&w, PATH, out);
}

static int relay(const struct chat_relay *r, const struct chat_target *to, struct arena *a,
                 struct http_request *out, struct fault *why)
{
    return openai_task_relay(r, to, PATH, a, out, why);
}

/* One for each input, in whatever order. */
static int push_vectors(struct decoding *d, struct json data)
{
    struct json_walk w = json_walk(data);
    size_t wanted = d->request->task ? d->request->task->input_count : 0;
    size_t came = 0;
    int64_t in_order = 0;
    for (; data.kind == JSON_ARRAY && json_next(&w); in_order++) {
        struct json vector = json_get(w.value, "embedding");
        int64_t index = in_order;
        (void)json_int64(json_get(w.value, "index"), &index);
        if (vector.kind != JSON_ARRAY || index < 0 || index >= TASK_INPUTS_LARGEST)
            continue;
        struct event e = {.kind = EVENT_EMBEDDING, .index = (int)index, .text = vector.raw};
        int rc = event_push(d->sink, &e);
        if (rc < 0)
            return rc;
        came++;
    }
    return came && came >= wanted
               ? AIGNE_OK
               : fault_set(d->why, AIGNE_E_PROTOCOL, "The provider sent %zu embeddings of %zu.",
                           came, wanted);
}

static int decode_whole(struct decoding *d, struct slice body, bool watching)
{
    static const char *const names[] = {"data", "model", "usage"};
    struct json v[3];
    struct usage usage;
    int rc = openai_task_open(d, body, names, 3, v);
    if (rc < 0)
        return rc;
    usage_init(&usage);
    openai_task_tokens(v[2], &usage);
    rc = answer_start(d, SLICE_NONE, json_string(v[1], d->scratch));
    if (rc >= 0 && !watching)
        rc = push_vectors(d, v[0]);
    if (rc >= 0)
        rc = answer_usage(d, &usage);
    rc = answer_settled(d, rc);
    return rc < 0 ? rc : answer_finish(d, FINISH_STOP);
}

const struct adapter adapter_openai_embedding = {
    .name = "openai",
    .format = "openai.embeddings",
    .kind = KIND_EMBEDDING,
    .encode = encode,
    .relay = relay,
    .decode = task_no_frame,
    .watch = task_no_watch,
    .decode_whole = decode_whole,
    .finish = task_no_stream,
    .explain = complaint_explain,
};
