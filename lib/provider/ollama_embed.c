/* Knows how Ollama is asked for embeddings and how they read; refuses to know chats. */
#include "base/mem.h"
#include "provider/adapters.h"
#include "provider/answer.h"
#include "provider/complaint.h"
#include "provider/ollama.h"
#include "provider/task_answer.h"
#include "provider/unsaid.h"
#include <aignehub/aignehub.h>

static void write_inputs(struct wire *w)
{
    const struct task *t = w->request->task;
    json_member_array(&w->json, "input");
    for (size_t i = 0; i < t->input_count; i++)
        json_write_string(&w->json, t->inputs[i]);
    json_close_array(&w->json);
}

static void note_unsaid(const struct chat_request *r, const struct chat_target *to)
{
    static const char *const said[] = {"options", "keep_alive", "num_ctx", "truncate"};
    unsaid_note(r, to, UNSAID_USER);
    if (r->task->purpose.n)
        dropped_note(to->dropped, "task_type");
    if (r->task->title.n)
        dropped_note(to->dropped, "title");
    unsaid_note_extras(r, to, said, sizeof said / sizeof said[0]);
}

static int encode(const struct chat_request *r, const struct chat_target *to, struct arena *a,
                  struct http_request *out, struct fault *why)
{
    *out = (struct http_request){0};
    if (r->task->inputs_are_tokens)
        return fault_field(why, AIGNE_E_REQUEST, "input",
                           "input must be text here: this provider takes no token numbers.");
    struct wire w AUTO(wire_close);
    wire_begin(&w, r, to, a, why);
    json_open_object(&w.json);
    json_member_string(&w.json, "model", to->model);
    write_inputs(&w);
    json_member_raw_opt(&w.json, "dimensions", r->task->dimensions);
    const struct chat_extra *truncate = wire_extra(r, "truncate");
    if (truncate)
        json_member_raw(&w.json, "truncate", truncate->value);
    ollama_write_options(&w);
    json_close_object(&w.json);
    note_unsaid(r, to);
    int rc = wire_bearer(a, to->secret, out, why);
    return rc < 0 ? rc : wire_post(&w, ollama_url(to, SLICE("api/embed"), a), out);
}

static int push_vectors(struct decoding *d, struct json list)
{
    size_t wanted = d->request->task ? d->request->task->input_count : 0;
    size_t count = 0;
    struct json_walk w = json_walk(list);
    while (list.kind == JSON_ARRAY && json_next(&w)) {
        struct event e = {.kind = EVENT_EMBEDDING, .index = (int)count, .text = w.value.raw};
        if (w.value.kind != JSON_ARRAY || ++count > wanted)
            return fault_set(d->why, AIGNE_E_PROTOCOL,
                             "The provider sent embeddings that fit no input.");
        int rc = event_push(d->sink, &e);
        if (rc < 0)
            return rc;
    }
    if (count == wanted)
        return AIGNE_OK;
    return fault_set(d->why, AIGNE_E_PROTOCOL,
                     "The provider sent %zu embeddings for %zu inputs.", count, wanted);
}

static int decode_whole(struct decoding *d, struct slice body, bool watching)
{
    enum { ERROR, MODEL, VECTORS, PROMPT, MEMBERS };
    static const char *const members[MEMBERS] = {"error", "model", "embeddings",
                                                 "prompt_eval_count"};
    struct json v[MEMBERS];
    struct usage u;
    (void)watching;
    struct slice text = slice_trim(body);
    int rc = answer_check_pick(d, text, members, MEMBERS, v);
    if (rc < 0)
        return rc;
    if (complaint_present(v[ERROR]))
        return complaint_in_answer(d, json_of(text));
    rc = answer_start(d, SLICE_NONE, json_string(v[MODEL], d->scratch));
    if (rc >= 0)
        rc = push_vectors(d, v[VECTORS]);
    usage_init(&u);
    u.input = answer_count(v[PROMPT]);
    if (rc >= 0)
        rc = answer_usage(d, &u);
    if (rc >= 0)
        rc = answer_finish(d, FINISH_STOP);
    return answer_settled(d, rc);
}

const struct adapter adapter_ollama_embedding = {
    .name = "ollama",
    .format = "ollama.embed",
    .kind = KIND_EMBEDDING,
    .framing = FRAMES_LINES,
    .encode = encode,
    .decode = task_no_frame,
    .decode_whole = decode_whole,
    .finish = task_no_stream,
    .explain = complaint_explain,
};
