/* Knows how OpenRouter's chat is asked for an image; refuses to know what else it can say. */
#include "provider/adapters.h"
#include "provider/complaint.h"
#include "provider/openai_task.h"
#include "text/base64.h"
#include <aignehub/aignehub.h>

static void write_message(struct task_wire *w, const struct task *t)
{
    struct json_writer *json = &w->json.json;
    json_member_array(json, "messages");
    json_open_object(json);
    json_member_text(json, "role", "user");
    json_member_array(json, "content");
    json_open_typed(json, "text");
    json_member_string(json, "text", t->prompt);
    json_close_object(json);
    for (size_t i = 0; i < t->file_count; i++) {
        json_open_typed(json, "image_url");
        json_member_object(json, "image_url");
        task_wire_url(w, "url", &t->files[i]);
        json_close_object(json);
        json_close_object(json);
    }
    json_close_array(json);
    json_close_object(json);
    json_close_array(json);
}

static int encode(const struct chat_request *r, const struct chat_target *to, struct arena *a,
                  struct http_request *out, struct fault *why)
{
    static const struct task_name names[] = {{"size", NULL},
                                             {"aspectRatio", NULL},
                                             {"seed", "seed"},
                                             {"temperature", "temperature"},
                                             {"user", "user"}};
    static const char *const files[] = {"image", NULL};
    struct slice ratio = SLICE_NONE;
    struct task_wire w AUTO(task_wire_close);
    *out = (struct http_request){0};
    task_wire_begin(&w, false, r, to, a, why);
    task_wire_text(&w, "model", to->model);
    write_message(&w, r->task);
    json_member_raw(&w.json.json, "modalities", SLICE("[\"image\",\"text\"]"));
    int rc = task_refuse_files(&w, files);
    if (rc >= 0)
        rc = task_wire_members(&w, names, sizeof names / sizeof names[0]);
    if (rc >= 0)
        rc = task_wire_ratio(&w, ':', &ratio);
    if (rc < 0)
        return rc;
    if (ratio.p && !wire_extra(r, "image_config")) {
        json_member_object(&w.json.json, "image_config");
        json_member_string(&w.json.json, "aspect_ratio", ratio);
        json_close_object(&w.json.json);
    }
    task_wire_extras(&w, task_openais_images);
    return openai_task_post(&w, "chat/completions", out);
}

static int push_image(struct decoding *d, struct slice url)
{
    struct slice mime = SLICE_NONE;
    struct slice base64 = SLICE_NONE;
    if (data_url_parse(url, &mime, &base64))
        return task_push_base64(d, base64, mime);
    return answer_file(d, SLICE_NONE, url, true);
}

static int push_images(struct decoding *d, struct json message, int64_t *count)
{
    struct json images = json_get(message, "images");
    struct json_walk w = json_walk(images);
    while (images.kind == JSON_ARRAY && json_next(&w)) {
        struct slice url = json_string(json_path(w.value, "image_url.url"), d->scratch);
        if (!url.n)
            continue;
        int rc = push_image(d, url);
        if (rc < 0)
            return rc;
        (*count)++;
    }
    return AIGNE_OK;
}

/* It said something instead: that is why there is no image. */
static int no_image(struct decoding *d, struct json message)
{
    struct slice said = json_string(json_get(message, "content"), d->scratch);
    int rc = fault_set(d->why, AIGNE_E_UPSTREAM, "The model made no image%s%.*s",
                       said.n ? ": " : ".", (int)(said.n < 200 ? said.n : 200),
                       said.n ? said.p : "");
    d->why->upstream = true;
    return rc;
}

static int decode_whole(struct decoding *d, struct slice body, bool watching)
{
    static const char *const names[] = {"id", "model", "choices", "usage"};
    struct json v[4];
    struct usage used;
    (void)watching;
    int rc = openai_task_open(d, body, names, 4, v);
    if (rc < 0)
        return rc;
    struct json_walk w = json_walk(v[2]);
    struct json message = {0};
    if (v[2].kind == JSON_ARRAY && json_next(&w))
        message = json_get(w.value, "message");
    usage_init(&used);
    openai_task_tokens(v[3], &used);
    used.images = 0;
    struct slice id = json_string(v[0], d->scratch);
    rc = answer_start(d, id, json_string(v[1], d->scratch));
    if (rc >= 0)
        rc = push_images(d, message, &used.images);
    if (rc >= 0)
        rc = answer_usage(d, &used);
    if (rc >= 0 && !used.images)
        rc = no_image(d, message);
    rc = answer_settled(d, rc);
    return rc < 0 ? rc : answer_finish(d, FINISH_STOP);
}

const struct adapter adapter_openrouter_image = {
    .name = "openrouter",
    .format = "openrouter.images",
    .kind = KIND_IMAGE,
    .encode = encode,
    .decode = task_no_frame,
    .decode_whole = decode_whole,
    .finish = task_no_stream,
    .explain = complaint_explain,
};
