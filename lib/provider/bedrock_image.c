/* Knows how Amazon's and Stability's models are asked for images on Bedrock; refuses to know what becomes of
 * them. */
#include "base/buf.h"
#include "provider/adapters.h"
#include "provider/bedrock.h"
#include "provider/complaint.h"
#include "provider/task_answer.h"
#include "provider/task_wire.h"
#include "provider/unsaid.h"
#include "text/base64.h"
#include <aignehub/aignehub.h>

static bool is_amazons(struct slice model)
{
    return slice_find(model, SLICE("amazon.nova-canvas")) < model.n ||
           slice_find(model, SLICE("amazon.titan-image")) < model.n;
}

/* Older ones of Stability's have another format. */
static bool is_stability(struct slice model)
{
    return slice_find(model, SLICE("stability.")) < model.n &&
           slice_find(model, SLICE("stable-diffusion-xl")) == model.n;
}

/* A file's base64 as the next value. */
static int write_file(struct task_wire *w, const struct task_file *file)
{
    struct buf text AUTO(buf_free);
    struct slice mime;
    struct slice base64 = file->content;
    buf_init(&text, 2 * file->content.n + 8);
    if (file->form == TASK_FILE_URL && !data_url_parse(file->content, &mime, &base64))
        return task_refuse(w, "image",
                           "image: this provider follows no links: send the file itself.");
    if (file->form == TASK_FILE_BYTES)
        base64_encode(&text, file->content);
    else if (!base64_valid(base64))
        return task_refuse(w, "image", "image: the content is not base64.");
    if (buf_rc(&text) < 0)
        return fault_nomem(w->json.why);
    json_write_string(&w->json.json, file->form == TASK_FILE_BYTES ? buf_slice(&text) : base64);
    return AIGNE_OK;
}

/* ---- Amazon's own ---- */

static int write_variation(struct task_wire *w)
{
    const struct task *t = w->json.request->task;
    struct json_writer *j = &w->json.json;
    int rc = AIGNE_OK;
    json_member_array(j, "images");
    for (size_t i = 0; rc >= 0 && task_file_of(t, "image", i); i++)
        rc = write_file(w, task_file_of(t, "image", i));
    json_close_array(j);
    return rc;
}

static int write_inpainting(struct task_wire *w, const struct task_file *mask)
{
    const struct task *t = w->json.request->task;
    const struct task_file *image = task_file_of(t, "image", 0);
    if (!image || task_file_of(t, "image", 1))
        return task_refuse(w, "image", "image: with a mask there must be one image.");
    json_key(&w->json.json, "image");
    int rc = write_file(w, image);
    json_key(&w->json.json, "maskImage");
    return rc < 0 ? rc : write_file(w, mask);
}

/* What is to be done is a name; how, an object under a name made of it. */
static int write_task(struct task_wire *w)
{
    const struct task *t = w->json.request->task;
    const struct task_file *mask = task_file_of(t, "mask", 0);
    struct json_writer *j = &w->json.json;
    bool edits = task_file_of(t, "image", 0) != NULL || mask;
    int rc = AIGNE_OK;
    json_member_text(j, "taskType",
                     mask    ? "INPAINTING"
                     : edits ? "IMAGE_VARIATION"
                             : "TEXT_IMAGE");
    json_key(j, mask    ? "inPaintingParams"
                : edits ? "imageVariationParams"
                        : "textToImageParams");
    json_open_object(j);
    json_member_string(j, "text", t->prompt);
    if (t->negative_prompt.n)
        json_member_string(j, "negativeText", t->negative_prompt);
    if (edits)
        rc = mask ? write_inpainting(w, mask) : write_variation(w);
    json_close_object(j);
    return rc;
}

static int write_amazons(struct task_wire *w)
{
    static const struct task_name names[] = {{"n", NULL},
                                             {"size", NULL},
                                             {"quality", NULL},
                                             {"seed", NULL},
                                             {"negativePrompt", NULL}};
    const struct chat_request *r = w->json.request;
    const struct task *t = r->task;
    struct json_writer *j = &w->json.json;
    int64_t width;
    int64_t height;
    int rc = write_task(w);
    unsaid_note_extras(r, w->json.to, NULL, 0);
    if (rc >= 0)
        rc = task_wire_members(w, names, sizeof names / sizeof names[0]);
    if (rc < 0)
        return rc;
    json_member_object(j, "imageGenerationConfig");
    json_member_raw_opt(j, "numberOfImages", r->n);
    if (task_size(t->size, &width, &height)) {
        json_member_int(j, "width", width);
        json_member_int(j, "height", height);
    } else if (t->size.n && !slice_is(t->size, "auto")) {
        return task_refuse(w, "size", "size must be like \"1024x1024\".");
    }
    if (slice_is(t->quality, "hd") || slice_is(t->quality, "high") ||
        slice_is(t->quality, "premium"))
        json_member_text(j, "quality", "premium");
    json_member_raw_opt(j, "seed", r->seed);
    json_close_object(j);
    return AIGNE_OK;
}

/* ---- Stability's ---- */

static int write_stability(struct task_wire *w)
{
    static const struct task_name names[] = {{"negativePrompt", "negative_prompt"},
                                             {"size", NULL},
                                             {"aspectRatio", NULL},
                                             {"outputFormat", "output_format"},
                                             {"seed", "seed"}};
    static const char *const taken[] = {"stream", "partial_images", NULL};
    const struct task *t = w->json.request->task;
    const struct task_file *image = task_file_of(t, "image", 0);
    struct slice ratio = task_ratio(w->json.request, ':', w->json.arena);
    task_wire_text(w, "prompt", t->prompt);
    if (image && (task_file_of(t, "image", 1) || task_file_of(t, "mask", 0)))
        return task_refuse(w, "image", "image: this model takes one image and no mask.");
    if (image) {
        if (ratio.n) /* it keeps the image's own */
            dropped_note(w->json.to->dropped, t->size.n ? "size" : "aspectRatio");
        task_wire_text(w, "mode", SLICE("image-to-image"));
        json_key(&w->json.json, "image");
        int rc = write_file(w, image);
        if (rc < 0)
            return rc;
    } else {
        task_wire_text(w, "aspect_ratio", ratio);
    }
    task_wire_extras(w, taken);
    return task_wire_members(w, names, sizeof names / sizeof names[0]);
}

static int encode(const struct chat_request *r, const struct chat_target *to, struct arena *a,
                  struct http_request *out, struct fault *why)
{
    static const char *const files[] = {"image", "mask", NULL};
    struct task_wire w AUTO(task_wire_close);
    *out = (struct http_request){0};
    task_wire_begin(&w, false, r, to, a, why);
    if (!is_amazons(to->model) && !is_stability(to->model))
        return task_refuse(&w, "model",
                           "Of Bedrock's images, those of amazon.nova-canvas, "
                           "amazon.titan-image and Stability's newer models can be asked for.");
    int rc = task_refuse_files(&w, files);
    if (rc >= 0)
        rc = is_amazons(to->model) ? write_amazons(&w) : write_stability(&w);
    json_close_object(&w.json.json);
    return rc < 0 ? rc : bedrock_post(&w.json, "invoke", out);
}

/* ---- the answer ---- */

/* Why there is no image: Amazon's sentence, or the first of Stability's reasons. */
static int withheld(struct decoding *d, struct json error, struct json reasons)
{
    struct json_walk w = json_walk(reasons);
    struct slice words = json_string(error, d->scratch);
    while (!words.n && reasons.kind == JSON_ARRAY && json_next(&w))
        words = json_string(w.value, d->scratch);
    if (!words.n)
        return fault_set(d->why, AIGNE_E_PROTOCOL, "The provider sent no image.");
    const struct complaint c = {.message = words, .code = SLICE("content_policy_violation")};
    if (d->why)
        complaint_tell(&c, 400, SLICE(""), 0, d->why);
    return AIGNE_E_REQUEST;
}

static int decode_whole(struct decoding *d, struct slice body, bool watching)
{
    static const char *const names[] = {"images", "error", "finish_reasons"};
    struct json v[3];
    struct usage usage;
    (void)watching; /* there is no format to relay */
    int rc = answer_check_pick(d, slice_trim(body), names, 3, v);
    if (rc >= 0)
        rc = answer_start(d, SLICE_NONE, SLICE_NONE);
    usage_init(&usage);
    usage.images = 0;
    struct json_walk w = json_walk(v[0]);
    while (rc >= 0 && v[0].kind == JSON_ARRAY && json_next(&w)) {
        struct slice base64 = json_string(w.value, d->scratch);
        usage.images += base64.n > 0;
        rc = base64.n ? task_push_base64(d, base64, SLICE_NONE) : AIGNE_OK;
    }
    if (rc >= 0 && !usage.images)
        rc = withheld(d, v[1], v[2]);
    if (rc >= 0)
        rc = answer_usage(d, &usage);
    rc = answer_settled(d, rc);
    return rc < 0 ? rc : answer_finish(d, FINISH_STOP);
}

const struct adapter adapter_bedrock_image = {
    .name = "bedrock.image",
    .kind = KIND_IMAGE,
    .encode = encode,
    .decode = task_no_frame,
    .decode_whole = decode_whole,
    .finish = task_no_stream,
    .explain = bedrock_explain,
};
