/* Knows how xAI is asked for images; the answer is OpenAI's. */
#include "provider/adapters.h"
#include "provider/complaint.h"
#include "provider/openai_task.h"
#include <aignehub/aignehub.h>

static void write_image(struct task_wire *w, const struct task_file *file)
{
    json_open_object(&w->json.json);
    task_wire_url(w, "url", file);
    json_member_text(&w->json.json, "type", "image_url");
    json_close_object(&w->json.json);
}

static void write_images(struct task_wire *w, const struct task *t)
{
    struct json_writer *json = &w->json.json;
    bool several = t->file_count > 1;
    json_key(json, several ? "images" : "image");
    if (several)
        json_open_array(json);
    for (size_t i = 0; i < t->file_count; i++)
        write_image(w, &t->files[i]);
    if (several)
        json_close_array(json);
}

static int encode(const struct chat_request *r, const struct chat_target *to, struct arena *a,
                  struct http_request *out, struct fault *why)
{
    static const struct task_name names[] = {
        {"n", "n"}, {"size", NULL}, {"aspectRatio", NULL}, {"user", "user"}};
    static const char *const files[] = {"image", NULL};
    const struct task *t = r->task;
    struct slice ratio = SLICE_NONE;
    struct task_wire w AUTO(task_wire_close);
    *out = (struct http_request){0};
    task_wire_begin(&w, false, r, to, a, why);
    task_wire_text(&w, "model", to->model);
    task_wire_text(&w, "prompt", t->prompt);
    int rc = task_refuse_files(&w, files);
    if (rc >= 0)
        rc = task_wire_members(&w, names, sizeof names / sizeof names[0]);
    if (rc >= 0)
        rc = task_wire_ratio(&w, ':', &ratio);
    if (rc < 0)
        return rc;
    task_wire_text(&w, "aspect_ratio", ratio);
    task_wire_text(&w, "response_format", task_wants_bytes(r) ? SLICE("b64_json") : SLICE_NONE);
    if (t->file_count)
        write_images(&w, t);
    task_wire_extras(&w, task_openais_images);
    return openai_task_post(&w, t->file_count ? "images/edits" : "images/generations", out);
}

const struct adapter adapter_xai_image = {
    .name = "xai",
    .format = "xai.images",
    .kind = KIND_IMAGE,
    .encode = encode,
    .decode = task_no_frame,
    .decode_whole = openai_image_decode_whole,
    .finish = task_no_stream,
    .explain = complaint_explain,
};
