/* gemini_media.c - knows how Google's clients ask for images and videos by prediction; refuses to know who
 * makes them. */
#include "ingress/gemini_task.h"

#include "base/mem.h"
#include <aignehub/aignehub.h>

/* ---- the request ---- */

static int read_file(struct reading *r, const char *member, struct json v)
{
    static const char *const names[] = {"bytesBase64Encoded", "mimeType", "imageBytes"};
    struct task *t = r->build.request->task;
    struct json m[3];
    if (!json_present(v))
        return AIGNE_OK;
    if (v.kind != JSON_OBJECT)
        return reading_kind(r, member, "an object", v);
    google_pick(v, names, 3, m);
    struct task_file *file = task_add_file(t, r->arena);
    if (!file)
        return reading_nomem(r);
    *file = (struct task_file){.form = TASK_FILE_BASE64, .member = slice_text(member)};
    int rc = read_string(r, member, m[1], &file->mime);
    return rc ? rc
              : google_read_bytes(r, member, json_present(m[0]) ? m[0] : m[2], &file->content);
}

static int read_instance(struct reading *r, struct json instances)
{
    static const char *const names[] = {"prompt", "image", "lastFrame", "video",
                                        "referenceImages"};
    struct json v[5];
    struct google_list l = google_list(instances);
    if (!google_next(&l) || l.value.kind != JSON_OBJECT)
        return reading_refuse(r, "instances", "must hold one object");
    google_pick(l.value, names, 5, v);
    if (json_present(v[4]))
        return reading_refuse(r, "instances[0].referenceImages",
                              "means nothing to this model's provider");
    if (google_next(&l))
        return reading_refuse(r, "instances", "must hold one only");
    int rc =
        read_needed_string(r, "instances[0].prompt", v[0], &r->build.request->task->prompt);
    for (size_t i = 1; i < 4 && !rc; i++)
        rc = read_file(r, names[i], v[i]);
    return rc;
}

struct parameter {
    const char *name;
    const char *path;
    int (*read)(struct reading *r, const char *member, struct json v, struct slice *out);
    bool in_request;
    size_t offset;
};

#define TASK_AT(member) offsetof(struct task, member)
static const struct parameter parameters[] = {
    {"sampleCount", "parameters.sampleCount", google_read_number, true, SETTING_AT(n)},
    {"seed", "parameters.seed", google_read_number, true, SETTING_AT(seed)},
    {"aspectRatio", "parameters.aspectRatio", read_string, false, TASK_AT(aspect_ratio)},
    {"negativePrompt", "parameters.negativePrompt", read_string, false,
     TASK_AT(negative_prompt)},
    {"durationSeconds", "parameters.durationSeconds", google_read_number, false,
     TASK_AT(seconds)},
    {"language", "parameters.language", read_string, false, TASK_AT(language)},
};

static int read_output(struct reading *r, struct json options)
{
    static const char *const names[] = {"mimeType", "compressionQuality"};
    struct task *t = r->build.request->task;
    struct json v[2];
    google_pick(options, names, 2, v);
    int rc = read_string(r, "parameters.outputOptions.mimeType", v[0], &t->output_format);
    if (slice_starts(t->output_format, "image/"))
        t->output_format = slice_from(t->output_format, 6);
    return rc ? rc
              : google_read_number(r, "parameters.outputOptions.compressionQuality", v[1],
                                   &t->compression);
}

/* Those that are Google's own are told to who makes it if that is Google. */
static int read_parameter(struct reading *r, const struct json_walk *w)
{
    for (size_t i = 0; i < sizeof parameters / sizeof parameters[0]; i++) {
        const struct parameter *p = &parameters[i];
        if (!google_key_is(w, p->name))
            continue;
        char *base = p->in_request ? (char *)r->build.request : (char *)r->build.request->task;
        return p->read(r, p->path, w->value, (struct slice *)(void *)(base + p->offset));
    }
    if (google_key_is(w, "outputOptions"))
        return read_output(r, w->value);
    struct slice name = arena_copy(r->arena, read_key(r, w));
    return name.p ? google_keep_own(r, name.p, w->value) : reading_nomem(r);
}

static int decode(enum chat_kind kind, const struct ingress_request *in, struct arena *a,
                  struct chat_request *out, struct fault *why)
{
    static const char *const names[] = {"instances", "parameters"};
    struct reading r;
    struct json v[2];
    int rc = google_task_open(in, &r, a, out, why, names, 2, v);
    out->kind = kind;
    if (!rc)
        rc = read_instance(&r, v[0]);
    if (rc)
        return rc;
    if (json_present(v[1]) && v[1].kind != JSON_OBJECT)
        return reading_kind(&r, "parameters", "an object", v[1]);
    struct json_walk w = json_walk(v[1]);
    while (!rc && json_next(&w))
        rc = read_parameter(&r, &w);
    out->output_file_type = SLICE("file"); /* the answer holds bytes */
    out->task->editing = out->task->file_count > 0;
    return rc;
}

static int decode_predict(const struct ingress_request *in, struct arena *a,
                          struct chat_request *out, struct fault *why)
{
    return decode(KIND_IMAGE, in, a, out, why);
}

static int decode_video(const struct ingress_request *in, struct arena *a,
                        struct chat_request *out, struct fault *why)
{
    return decode(KIND_VIDEO, in, a, out, why);
}

/* ---- the answers ---- */

static int whole_predict(struct encoding *e, const struct reply *r,
                         const struct reply_notes *notes)
{
    struct json_writer w = json_writer(e->out);
    (void)notes;
    json_open_object(&w);
    json_member_array(&w, "predictions");
    for (size_t i = 0; i < r->file_count; i++) {
        const struct reply_file *f = &r->files[i];
        json_open_object(&w);
        json_member_string(&w, "mimeType", f->mime.n ? f->mime : SLICE("image/png"));
        json_member_string(&w, f->is_url ? "uri" : "bytesBase64Encoded", f->content);
        json_close_object(&w);
    }
    json_close_array(&w);
    json_close_object(&w);
    return buf_rc(e->out);
}

static void write_video(struct json_writer *w, const struct reply_file *f)
{
    json_open_object(w);
    json_member_object(w, "video");
    if (f->is_url) {
        json_member_string(w, "uri", f->content);
    } else {
        json_member_string(w, "encodedVideo", f->content);
        json_member_string(w, "encoding", f->mime.n ? f->mime : SLICE("video/mp4"));
    }
    json_close_object(w);
    json_close_object(w);
}

/* An operation that is done when it is answered: nothing is left to be asked about. */
static int whole_video(struct encoding *e, const struct reply *r,
                       const struct reply_notes *notes)
{
    struct json_writer w = json_writer(e->out);
    (void)notes;
    json_open_object(&w);
    json_key(&w, "name");
    BUF_LITERAL(e->out, "\"models/");
    json_escape(e->out, e->model.p ? e->model : SLICE(""));
    BUF_LITERAL(e->out, "/operations/");
    json_escape(e->out, e->call_id);
    BUF_LITERAL(e->out, "\"");
    w.comma = true;
    json_member_bool(&w, "done", true);
    json_member_object(&w, "response");
    json_member_text(&w, "@type",
                     "type.googleapis.com/"
                     "google.ai.generativelanguage.v1beta.PredictLongRunningResponse");
    json_member_object(&w, "generateVideoResponse");
    json_member_array(&w, "generatedSamples");
    for (size_t i = 0; i < r->file_count; i++)
        write_video(&w, &r->files[i]);
    json_close_array(&w);
    json_close_object(&w);
    json_close_object(&w);
    json_close_object(&w);
    return buf_rc(e->out);
}

/* An operation of Google's could only be asked about with the key it was begun with. */
static int peek_video(const struct ingress_request *in, struct arena *a, struct slice *model,
                      struct chat_relay *relay, struct fault *why)
{
    int rc = google_task_peek(in, a, model, relay, why);
    relay->usable = false;
    return rc;
}

const struct ingress ingress_gemini_predict = {
    GOOGLE_TASK,
    .format = "gemini.predict",
    .kind = KIND_IMAGE,
    .peek = google_task_peek,
    .decode = decode_predict,
    .whole = whole_predict,
};

const struct ingress ingress_gemini_video = {
    GOOGLE_TASK,        .format = "gemini.videos", .kind = KIND_VIDEO,
    .peek = peek_video, .decode = decode_video,    .whole = whole_video,
};
