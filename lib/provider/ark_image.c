/* Knows how Volcengine's Ark (Doubao) is asked for images, and what it counts; else the answer is
 * OpenAI's. */
#include "provider/adapters.h"
#include "provider/complaint.h"
#include "provider/openai_task.h"
#include <aignehub/aignehub.h>

static void write_images(struct task_wire *w, const struct task *t)
{
    struct json_writer *json = &w->json.json;
    if (t->file_count == 1) {
        task_wire_url(w, "image", &t->files[0]);
        return;
    }
    json_member_array(json, "image");
    for (size_t i = 0; i < t->file_count; i++)
        task_wire_url_item(w, &t->files[i]);
    json_close_array(json);
}

/* Several images are a sequence there. */
static void write_count(struct task_wire *w)
{
    const struct chat_request *r = w->json.request;
    struct json_writer *json = &w->json.json;
    int64_t n = 1;
    if (!wire_int(r->n, &n) || n < 2)
        return;
    for (size_t i = 0; i < r->extra_count; i++) {
        if (slice_starts_nocase(r->extras[i].name, "sequential"))
            return; /* the caller says so in the provider's own words */
    }
    json_member_text(json, "sequential_image_generation", "auto");
    json_member_object(json, "sequential_image_generation_options");
    json_member_int(json, "max_images", n);
    json_close_object(json);
}

static int encode(const struct chat_request *r, const struct chat_target *to, struct arena *a,
                  struct http_request *out, struct fault *why)
{
    static const struct task_name names[] = {{"n", NULL}, {"size", "size"}, {"seed", "seed"}};
    static const char *const files[] = {"image", NULL};
    const struct task *t = r->task;
    struct task_wire w AUTO(task_wire_close);
    *out = (struct http_request){0};
    task_wire_begin(&w, false, r, to, a, why);
    task_wire_text(&w, "model", to->model);
    task_wire_text(&w, "prompt", t->prompt);
    int rc = task_refuse_files(&w, files);
    if (rc >= 0)
        rc = task_wire_members(&w, names, sizeof names / sizeof names[0]);
    if (rc < 0)
        return rc;
    if (t->file_count)
        write_images(&w, t);
    write_count(&w);
    task_wire_text(&w, "response_format",
                   task_wants_bytes(r) ? SLICE("b64_json") : SLICE("url"));
    task_wire_extras(&w, task_openais_images);
    return openai_task_post(&w, "images/generations", out);
}

/* Each image of a sequence may fail by itself; when all do, the first one tells why. */
static int complain(struct decoding *d, struct json data)
{
    struct json_walk w = json_walk(data);
    bool any = false;
    struct json failed = {0};
    while (data.kind == JSON_ARRAY && json_next(&w)) {
        bool error = complaint_present(json_get(w.value, "error"));
        any = any || !error;
        if (error && failed.kind == JSON_NONE)
            failed = w.value;
    }
    return any || failed.kind == JSON_NONE ? AIGNE_OK : complaint_in_answer(d, failed);
}

static int decode_whole(struct decoding *d, struct slice body, bool watching)
{
    static const char *const names[] = {"data"};
    struct json v[1];
    int rc = openai_task_open(d, body, names, 1, v);
    if (rc >= 0)
        rc = complain(d, v[0]);
    return rc < 0 ? rc : openai_image_decode_whole(d, body, watching);
}

const struct adapter adapter_ark_image = {
    .name = "ark",
    .format = "ark.images",
    .kind = KIND_IMAGE,
    .encode = encode,
    .decode = task_no_frame,
    .decode_whole = decode_whole,
    .finish = task_no_stream,
    .explain = complaint_explain,
};
