/* Knows how Google is asked for images: Imagen by its own method, Gemini's image models as in a chat;
 * refuses to know what is seen in them. */
#include "provider/adapters.h"
#include "provider/gemini.h"
#include "provider/gemini_task.h"
#include "provider/task_answer.h"
#include "provider/unsaid.h"
#include <aignehub/aignehub.h>

/* ---- Imagen ---- */

/* "png" and "image/png" are both said. */
static void write_type(struct task_wire *w)
{
    const struct task *t = w->json.request->task;
    struct json_writer *j = &w->json.json;
    if (!t->output_format.n)
        return;
    bool whole = slice_find_byte(t->output_format, '/') < t->output_format.n;
    struct slice parts[] = {whole ? SLICE("") : SLICE("image/"), t->output_format};
    json_member_object(j, "outputOptions");
    json_member_string(j, "mimeType", arena_join(w->json.arena, parts, 2));
    json_member_raw_opt(j, "compressionQuality", t->compression);
    json_close_object(j);
}

/* The size as Google has it: "1K" is what comes anyway. */
static const char *size_name(const struct task *t)
{
    int64_t width = 0;
    int64_t height = 0;
    if (!t->size.p || !task_size(t->size, &width, &height))
        return slice_is_nocase(t->size, "2K")   ? "2K"
               : slice_is_nocase(t->size, "4K") ? "4K"
                                                : NULL;
    int64_t longer = width > height ? width : height;
    return longer > 3072 ? "4K" : longer > 1792 ? "2K" : NULL;
}

static void write_ratio_and_size(struct task_wire *w, const char *size_member)
{
    const struct chat_request *r = w->json.request;
    struct slice ratio = task_ratio(r, ':', w->json.arena);
    const char *size = size_name(r->task);
    if (ratio.n && !slice_is(ratio, "auto"))
        json_member_string(&w->json.json, "aspectRatio", ratio);
    if (size)
        json_member_text(&w->json.json, size_member, size);
}

static int encode_imagen(const struct chat_request *r, const struct chat_target *to,
                         struct arena *a, struct http_request *out, struct fault *why)
{
    static const struct task_name names[] = {{"n", NULL},
                                             {"size", NULL},
                                             {"aspectRatio", NULL},
                                             {"outputFormat", NULL},
                                             {"outputCompression", NULL}};
    static const char *const own[] = {"personGeneration", "safetySetting", "includeRaiReason",
                                      "language"};
    struct task_wire w AUTO(task_wire_close);
    *out = (struct http_request){0};
    task_wire_begin(&w, false, r, to, a, why);
    if (r->task->file_count)
        return task_refuse(&w, "image", "image: Imagen makes images and does not change any.");
    struct json_writer *j = &w.json.json;
    json_member_array(j, "instances");
    json_open_object(j);
    json_member_string(j, "prompt", r->task->prompt);
    json_close_object(j);
    json_close_array(j);
    json_member_object(j, "parameters");
    json_member_raw(j, "sampleCount", r->n.p ? r->n : SLICE("1"));
    write_ratio_and_size(&w, "imageSize");
    write_type(&w);
    int rc = task_wire_members(&w, names, sizeof names / sizeof names[0]);
    gemini_task_own(&w, own, sizeof own / sizeof own[0]);
    json_close_object(j);
    if (rc >= 0)
        rc = gemini_key(to, out, why);
    return rc < 0 ? rc : task_wire_post(&w, gemini_method_url(to, "predict", a), out);
}

static int relay_imagen(const struct chat_relay *r, const struct chat_target *to,
                        struct arena *a, struct http_request *out, struct fault *why)
{
    return gemini_relay_task(r, to, "predict", a, out, why);
}

/* What was used is told, even if nothing was made. */
static int end(struct decoding *d, const struct usage *used)
{
    int rc = answer_settled(d, answer_usage(d, used));
    if (rc < 0 || used->images > 0)
        return rc < 0 ? rc : answer_finish(d, FINISH_STOP);
    if (d->why) {
        d->why->upstream = true;
        d->why->http = 400;
    }
    return fault_set(d->why, AIGNE_E_REQUEST,
                     "The model made no image: it declined, or its filter did.");
}

/* What the filter withheld is in the list without bytes. */
static int decode_predictions(struct decoding *d, struct slice body, bool watching)
{
    struct slice text = slice_trim(body);
    struct usage used;
    int rc = answer_check(d, text, JSON_OBJECT);
    if (rc >= 0)
        rc = gemini_complaint(d, text);
    if (rc >= 0)
        rc = answer_start(d, SLICE_NONE, SLICE_NONE);
    usage_init(&used);
    used.images = 0;
    struct json_walk w = json_walk(json_get(json_of(text), "predictions"));
    while (rc >= 0 && json_next(&w)) {
        struct json bytes = json_get(w.value, "bytesBase64Encoded");
        if (bytes.kind != JSON_STRING)
            continue;
        used.images++;
        if (!watching)
            rc = task_push_base64(d, json_string(bytes, d->scratch),
                                  json_string(json_get(w.value, "mimeType"), d->scratch));
    }
    rc = answer_settled(d, rc);
    return rc < 0 ? rc : end(d, &used);
}

/* ---- Gemini's image models ---- */

static int encode_chat(const struct chat_request *r, const struct chat_target *to,
                       struct arena *a, struct http_request *out, struct fault *why)
{
    static const struct task_name names[] = {
        {"size", NULL}, {"aspectRatio", NULL}, {"seed", NULL}, {"temperature", NULL}};
    static const char *const files[] = {"image", NULL};
    static const char *const own[] = {"safetySettings"};
    struct task_wire w AUTO(task_wire_close);
    *out = (struct http_request){0};
    task_wire_begin(&w, false, r, to, a, why);
    struct json_writer *j = &w.json.json;
    int rc = task_refuse_files(&w, files);
    if (rc >= 0)
        rc = gemini_task_contents(&w, r->task->prompt);
    if (rc < 0)
        return rc;
    json_member_object(j, "generationConfig");
    json_member_raw(j, "responseModalities", SLICE("[\"TEXT\",\"IMAGE\"]"));
    json_member_raw_opt(j, "temperature", r->temperature);
    json_member_raw_opt(j, "seed", r->seed);
    json_member_object(j, "imageConfig");
    write_ratio_and_size(&w, "imageSize");
    json_close_object(j);
    json_close_object(j);
    rc = task_wire_members(&w, names, sizeof names / sizeof names[0]);
    gemini_task_own(&w, own, sizeof own / sizeof own[0]);
    if (rc >= 0)
        rc = gemini_key(to, out, why);
    return rc < 0 ? rc : task_wire_post(&w, gemini_method_url(to, "generateContent", a), out);
}

static int decode_chat(struct decoding *d, struct slice body, bool watching)
{
    struct gemini_task_answer answer = {.mime = "image/"};
    struct usage used;
    (void)watching; /* as a chat it is relayed elsewhere */
    int rc = gemini_task_open(d, body, &answer);
    if (rc >= 0)
        rc = gemini_task_files(d, &answer);
    if (rc < 0)
        return rc;
    used = answer.usage;
    used.images = answer.files;
    return end(d, &used);
}

const struct adapter adapter_gemini_imagen = {
    .name = "gemini",
    .format = "gemini.predict",
    .kind = KIND_IMAGE,
    .encode = encode_imagen,
    .relay = relay_imagen,
    .decode = task_no_frame,
    .watch = task_no_watch,
    .decode_whole = decode_predictions,
    .finish = task_no_stream,
    .explain = gemini_explain,
};

const struct adapter adapter_gemini_image = {
    .name = "gemini",
    .format = "gemini.image",
    .kind = KIND_IMAGE,
    .encode = encode_chat,
    .decode = task_no_frame,
    .decode_whole = decode_chat,
    .finish = task_no_stream,
    .explain = gemini_explain,
};
