/* aigne_task.c - knows how AIGNE's own clients ask for images, videos and embeddings, and how an
 * application asks in the same envelope for speech and transcriptions; refuses to know who answers. */
#include "ingress/aigne.h"

#include "chat/task_input.h"
#include "text/json_write.h"
#include <aignehub/aignehub.h>

/* AIGNE's helper library sends what it wants without the envelope; its own clients send it inside. */
static int open_task(struct slice body, struct arena *a, struct aigne_envelope *out,
                     struct fault *why)
{
    struct json whole;
    int rc = body_check(body, &whole, why);
    if (rc)
        return rc;
    if (json_get(whole, "input").kind == JSON_OBJECT)
        return aigne_open_envelope(body, a, out, why);
    *out = (struct aigne_envelope){.input = whole, .model = SLICE_NONE};
    return body_model(json_get(whole, "model"), "model", a, &out->model, why);
}

static int look(const struct ingress_request *in, struct arena *a, struct slice *model,
                struct aigne_envelope *out, struct fault *why)
{
    *model = SLICE_NONE;
    int rc = open_task(in->body, a, out, why);
    if (!rc)
        *model = out->model;
    return rc;
}

static int peek(const struct ingress_request *in, struct arena *a, struct slice *model,
                struct chat_relay *relay, struct fault *why)
{
    struct aigne_envelope envelope;
    *relay = (struct chat_relay){.body = in->body};
    return look(in, a, model, &envelope, why);
}

int aigne_peek_video(const struct ingress_request *in, struct arena *a, struct slice *model,
                     struct chat_relay *relay, struct fault *why)
{
    struct aigne_envelope envelope = {.stream = false};
    int rc = look(in, a, model, &envelope, why);
    *relay = (struct chat_relay){.body = in->body, .stream = !rc && envelope.stream};
    return rc;
}

static int decode_kind(enum chat_kind kind, const struct ingress_request *in, struct arena *a,
                       struct chat_request *out, struct fault *why)
{
    struct aigne_envelope envelope;
    int rc = open_task(in->body, a, &envelope, why);
    if (!rc)
        rc = task_input_read(kind, envelope.input, a, out, why);
    if (!rc)
        out->model = envelope.model;
    return rc;
}

int aigne_decode_video(const struct ingress_request *in, struct arena *a,
                       struct chat_request *out, struct fault *why)
{
    return decode_kind(KIND_VIDEO, in, a, out, why);
}

int aigne_whole_task(struct encoding *e, const struct reply *r, const struct reply_notes *notes)
{
    reply_write(r, notes, e->out);
    return buf_rc(e->out);
}

/* But for videos, answers are never streamed: the envelope's flag is for chats. */
static int no_event(struct encoding *e, const struct event *ev)
{
    (void)ev;
    return buf_rc(e->out);
}

static int no_end(struct encoding *e, const struct reply_notes *notes)
{
    (void)notes;
    return buf_rc(e->out);
}

#define AIGNE_TASK(name_of, kind_of)                                                           \
    static int decode_##name_of(const struct ingress_request *in, struct arena *a,             \
                                struct chat_request *out, struct fault *why)                   \
    {                                                                                          \
        return decode_kind(kind_of, in, a, out, why);                                          \
    }                                                                                          \
    const struct ingress ingress_aigne_##name_of = {                                           \
        .name = "aigne",                                                                       \
        .format = "aigne." #name_of,                                                           \
        .kind = (kind_of),                                                                     \
        .early_head = true,                                                                    \
        .content_type_stream = "text/event-stream",                                            \
        .content_type_plain = "application/json",                                              \
        .peek = peek,                                                                          \
        .decode = decode_##name_of,                                                            \
        .event = no_event,                                                                     \
        .end = no_end,                                                                         \
        .keep_alive = aigne_keep_alive,                                                        \
        .whole = aigne_whole_task,                                                             \
        .error = aigne_write_error,                                                            \
    }

AIGNE_TASK(image, KIND_IMAGE);
AIGNE_TASK(embedding, KIND_EMBEDDING);
AIGNE_TASK(speech, KIND_SPEECH);
AIGNE_TASK(transcription, KIND_TRANSCRIPTION);

/* ---- the helper library's images ---- */

static void write_image(struct json_writer *w, const struct reply_file *file)
{
    static const char *const names[] = {"base64", "b64_json", "b64Json"};
    json_open_object(w);
    for (size_t i = 0; i < 3 && !file->is_url; i++)
        json_member_string(w, names[i], file->content);
    if (file->is_url)
        json_member_string(w, "url", file->content);
    json_member_string_opt(w, "mimeType", file->mime);
    json_close_object(w);
}

static int whole_generations(struct encoding *e, const struct reply *r,
                             const struct reply_notes *notes)
{
    static const char *const names[] = {"images", "data"};
    struct json_writer w = json_writer(e->out);
    json_open_object(&w);
    for (size_t k = 0; k < 2; k++) {
        json_member_array(&w, names[k]);
        for (size_t i = 0; i < r->file_count; i++)
            write_image(&w, &r->files[i]);
        json_close_array(&w);
    }
    json_member_string_opt(&w, "model", r->model.p ? r->model : e->model);
    json_member_string_opt(&w, "modelWithProvider",
                           notes ? notes->model_with_provider : SLICE_NONE);
    json_key(&w, "usage");
    if (reply_write_usage(&r->usage, notes, e->out))
        w.comma = true;
    else
        json_write_raw(&w, SLICE("{}"));
    json_close_object(&w);
    return buf_rc(e->out);
}

const struct ingress ingress_aigne_generations = {
    .name = "aigne",
    .format = "aigne.image_generations",
    .kind = KIND_IMAGE,
    .early_head = true,
    .content_type_stream = "text/event-stream",
    .content_type_plain = "application/json",
    .peek = peek,
    .decode = decode_image,
    .event = no_event,
    .end = no_end,
    .keep_alive = aigne_keep_alive,
    .whole = whole_generations,
    .error = aigne_write_error,
};
