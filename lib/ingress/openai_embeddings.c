/* openai_embeddings.c - knows how OpenAI's clients ask for embeddings and read them, also as base64;
 * refuses to know who made them. */
#include "base/mem.h"
#include "chat/task_input.h"
#include "ingress/openai_task.h"
#include "text/base64.h"
#include "text/binary32.h"
#include <aignehub/aignehub.h>

/* ---- the request ---- */

static int read_input(struct reading *r, const char *member, struct json v, struct slice *to)
{
    (void)to;
    return task_read_inputs(r, member, v);
}

static const struct openai_member members[] = {
    {"model", read_string, JSON_STRING, MEMBER_OF_REQUEST(model)},
    {"input", read_input, JSON_STRING, MEMBER_OF_NONE},
    {"dimensions", read_number, JSON_NUMBER, MEMBER_OF_TASK(dimensions)},
    {"encoding_format", read_string, JSON_STRING, MEMBER_OF_TASK(encoding_format)},
    {"user", read_string, JSON_STRING, MEMBER_OF_REQUEST(user)},
};

static const struct openai_task embeddings = {
    .kind = KIND_EMBEDDING,
    .members = members,
    .count = sizeof members / sizeof members[0],
    .takes_json = true,
};

static int peek(const struct ingress_request *in, struct arena *a, struct slice *model,
                struct chat_relay *relay, struct fault *why)
{
    return openai_task_peek(&embeddings, in, a, model, relay, why);
}

static int decode(const struct ingress_request *in, struct arena *a, struct chat_request *out,
                  struct fault *why)
{
    static const char *const encodings[] = {"float", "base64", NULL};
    struct reading r;
    int rc = openai_task_read(&embeddings, &r, in, a, out, why);
    if (!rc)
        rc = openai_one_of(&r, "encoding_format", out->task->encoding_format, encodings,
                           "float or base64");
    if (rc)
        return rc;
    const struct task *task = out->task;
    bool empty = !task->input_count || (task->single_input && !task->inputs[0].n);
    return empty ? reading_refuse(&r, "input", "is missing or empty") : AIGNE_OK;
}

/* ---- the answer ---- */

/* Each number as four bytes, the lowest first. */
static int write_base64(struct json_writer *w, struct slice numbers, struct buf *bytes)
{
    struct json_walk walk = json_walk(json_of(numbers));
    buf_clear(bytes);
    while (json_next(&walk)) {
        uint32_t bits = 0;
        if (walk.value.kind != JSON_NUMBER || !binary32_parse(walk.value.raw, &bits))
            return AIGNE_E_PROTOCOL;
        char four[4] = {(char)(bits & 0xFF), (char)(bits >> 8 & 0xFF),
                        (char)(bits >> 16 & 0xFF), (char)(bits >> 24)};
        buf_put(bytes, four, sizeof four);
    }
    json_write_raw(w, SLICE("\""));
    base64_encode(w->out, buf_slice(bytes));
    buf_put_byte(w->out, '"');
    return buf_rc(bytes);
}

static int write_data(struct json_writer *w, const struct reply *r, bool base64)
{
    struct buf bytes AUTO(buf_free);
    int rc = AIGNE_OK;
    buf_init(&bytes, SIZE_MAX / 2);
    json_member_array(w, "data");
    for (size_t i = 0; i < r->embedding_count && rc >= 0; i++) {
        if (!r->embeddings[i].p)
            return AIGNE_E_PROTOCOL;
        json_open_object(w);
        json_member_text(w, "object", "embedding");
        json_member_int(w, "index", (int64_t)i);
        json_key(w, "embedding");
        if (base64)
            rc = write_base64(w, r->embeddings[i], &bytes);
        else
            json_write_raw(w, r->embeddings[i]);
        json_close_object(w);
    }
    json_close_array(w);
    return rc;
}

static int whole(struct encoding *e, const struct reply *r, const struct reply_notes *notes)
{
    const struct task *asked = e->request ? e->request->task : NULL;
    struct json_writer w = json_writer(e->out);
    (void)notes;
    if (asked && asked->input_count != r->embedding_count)
        return AIGNE_E_PROTOCOL;
    json_open_object(&w);
    json_member_text(&w, "object", "list");
    int rc = write_data(&w, r, asked && slice_is(asked->encoding_format, "base64"));
    if (rc < 0)
        return rc;
    json_member_string(&w, "model", e->model.p ? e->model : SLICE(""));
    json_member_object(&w, "usage");
    json_member_int(&w, "prompt_tokens", usage_prompt(&r->usage));
    json_member_int(&w, "total_tokens", usage_prompt(&r->usage));
    json_close_object(&w);
    json_close_object(&w);
    return buf_rc(e->out);
}

const struct ingress ingress_openai_embeddings = {
    .name = "openai",
    .format = "openai.embeddings",
    .kind = KIND_EMBEDDING,
    .needs_model = true,
    .content_type_stream = "text/event-stream",
    .content_type_plain = "application/json",
    .peek = peek,
    .decode = decode,
    .event = openai_no_event,
    .end = openai_no_end,
    .keep_alive = openai_keep_alive,
    .whole = whole,
    .error = openai_write_error,
};
