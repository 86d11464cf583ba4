/* Knows the embeddings of Ark's models that also see: one input a question, so several questions for several
 * inputs; leaves those that only read to OpenAI's format. */
#include "provider/adapters.h"
#include "provider/complaint.h"
#include "provider/openai_task.h"
#include <aignehub/aignehub.h>

#define PATH "embeddings/multimodal"

const struct adapter *ark_choose(enum chat_kind kind, const struct chat_target *to,
                                 const char *format)
{
    bool sees = slice_find(to->model, SLICE("embedding-vision")) < to->model.n;
    if (kind == KIND_EMBEDDING)
        return sees ? &adapter_ark_embedding : NULL;
    return responses_choose(kind, to, format);
}

static int write_question(const struct chat_request *r, size_t index,
                          const struct chat_target *to, struct arena *a,
                          struct http_request *out, struct fault *why)
{
    static const struct task_name names[] = {{"dimensions", "dimensions"}};
    static const char *const taken[] = {NULL};
    struct task_wire w AUTO(task_wire_close);
    struct json_writer *json = &w.json.json;
    task_wire_begin(&w, false, r, to, a, why);
    if (r->task->inputs_are_tokens)
        return task_refuse(&w, "input", "input: this model takes no tokens, but text.");
    task_wire_text(&w, "model", to->model);
    json_member_array(json, "input");
    json_open_typed(json, "text");
    json_member_string(json, "text", r->task->inputs[index]);
    json_close_object(json);
    json_close_array(json);
    task_wire_text(&w, "encoding_format", SLICE("float"));
    int rc = task_wire_members(&w, names, sizeof names / sizeof names[0]);
    if (rc < 0)
        return rc;
    task_wire_extras(&w, taken);
    return openai_task_post(&w, PATH, out);
}

static int encode(const struct chat_request *r, const struct chat_target *to, struct arena *a,
                  struct http_request *out, struct fault *why)
{
    *out = (struct http_request){0};
    return write_question(r, 0, to, a, out, why);
}

/* Of the answers so far. */
struct seeing {
    size_t told;
    int64_t tokens;
};

static int decode_whole(struct decoding *d, struct slice body, bool watching)
{
    static const char *const names[] = {"data", "model", "usage"};
    struct seeing *s = d->state;
    struct json v[3];
    struct usage used;
    (void)watching;
    int rc = openai_task_open(d, body, names, 3, v);
    if (rc < 0)
        return rc;
    struct json vector = json_get(v[0], "embedding");
    if (vector.kind != JSON_ARRAY)
        return fault_set(d->why, AIGNE_E_PROTOCOL, "The provider sent no embedding.");
    if (s->told == 0)
        rc = answer_start(d, SLICE_NONE, json_string(v[1], d->scratch));
    struct event e = {.kind = EVENT_EMBEDDING, .index = (int)s->told, .text = vector.raw};
    if (rc >= 0)
        rc = event_push(d->sink, &e);
    s->told++;
    usage_init(&used);
    openai_task_tokens(v[2], &used);
    if (usage_sane(&used) && used.input > 0)
        s->tokens += used.input;
    return answer_settled(d, rc);
}

static int more(struct decoding *d, const struct chat_target *to, struct arena *a,
                struct http_request *out, int64_t *delay_ms)
{
    const struct seeing *s = d->state;
    struct usage used;
    *delay_ms = 0;
    if (d->request && d->request->task && s->told < d->request->task->input_count) {
        int rc = write_question(d->request, s->told, to, a, out, d->why);
        return rc < 0 ? rc : AIGNE_AGAIN;
    }
    usage_init(&used);
    used.input = s->tokens;
    int rc = answer_usage(d, &used);
    return rc < 0 ? rc : answer_finish(d, FINISH_STOP);
}

const struct adapter adapter_ark_embedding = {
    .name = "ark",
    .format = "ark.embeddings",
    .kind = KIND_EMBEDDING,
    .state_size = sizeof(struct seeing),
    .encode = encode,
    .decode = task_no_frame,
    .decode_whole = decode_whole,
    .finish = task_no_stream,
    .explain = complaint_explain,
    .more = more,
};
