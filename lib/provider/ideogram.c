/* Knows Ideogram's images: made, edited, remixed, reframed, or given another background; refuses to know
 * what they show. */
#include "provider/adapters.h"
#include "provider/complaint.h"
#include "provider/task_answer.h"
#include "provider/task_wire.h"
#include "text/url.h"
#include <aignehub/aignehub.h>

/* ---- which model, which operation ---- */

enum version { V3, V4, V4_5 };

static bool mentions(struct slice name, const char *words)
{
    return slice_find(name, slice_text(words)) < name.n;
}

static enum version version_of(const struct chat_target *to)
{
    if (mentions(to->model, "4-5") || mentions(to->model, "4.5"))
        return V4_5;
    return mentions(to->model, "v4") || mentions(to->model, "4.0") || mentions(to->model, "-4")
               ? V4
               : V3;
}

static const char *const operations[] = {"generate", "edit", "remix", "reframe",
                                         "replace-background"};

/* What the caller names, else what the files are good for: a mask says where to edit, an image alone is
 * remixed, as AIGNE has it. NULL: there is no such operation. */
static const char *operation_of(const struct chat_request *r, struct arena *a)
{
    const struct chat_extra *said = wire_extra(r, "operation");
    if (!said)
        return task_file_of(r->task, "mask", 0)    ? "edit"
               : task_file_of(r->task, "image", 0) ? "remix"
                                                   : "generate";
    struct slice name = json_string(json_of(said->value), a);
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        if (slice_is(name, operations[i]))
            return operations[i];
    }
    return NULL;
}

/* ---- the request ---- */

static void write_speed(struct task_wire *w)
{
    static const struct {
        const char *quality;
        const char *speed;
    } speeds[] = {{"low", "TURBO"},        {"medium", "DEFAULT"}, {"auto", "DEFAULT"},
                  {"standard", "DEFAULT"}, {"high", "QUALITY"},   {"hd", "QUALITY"}};
    const struct chat_request *r = w->json.request;
    struct slice quality = r->task->quality;
    if (!quality.p || wire_extra(r, "rendering_speed") || wire_extra(r, "renderingSpeed"))
        return;
    for (size_t i = 0; i < sizeof speeds / sizeof speeds[0]; i++) {
        if (slice_is_nocase(quality, speeds[i].quality))
            quality = slice_text(speeds[i].speed);
    }
    task_wire_text(w, "rendering_speed", quality);
}

static int write_settings(struct task_wire *w, const char *prompt)
{
    static const struct task_name names[] = {
        {"n", "num_images"},
        {"seed", "seed"},
        {"size", "resolution"},
        {"aspectRatio", NULL},
        {"quality", NULL},
        {"style", "style_type"},
        {"negativePrompt", "negative_prompt"},
    };
    static const char *const taken[] = {"operation", "stream", "partial_images",
                                        "-input_fidelity", NULL};
    const struct chat_request *r = w->json.request;
    struct slice ratio = SLICE_NONE;
    if (prompt)
        task_wire_text(w, prompt, r->task->prompt);
    int rc = task_wire_members(w, names, sizeof names / sizeof names[0]);
    if (rc >= 0 && !r->task->size.p)
        rc = task_wire_ratio(w, 'x', &ratio);
    task_wire_text(w, "aspect_ratio", ratio);
    write_speed(w);
    task_wire_extras(w, taken);
    return rc;
}

static int write_files(struct task_wire *w, const char *operation)
{
    static const char *const files[] = {"image", "mask", NULL};
    const struct task *t = w->json.request->task;
    const struct task_file *image = task_file_of(t, "image", 0);
    const struct task_file *mask = task_file_of(t, "mask", 0);
    int rc = task_refuse_files(w, files);
    bool wanted = strcmp(operation, "generate") != 0;
    if (rc >= 0 && wanted != (image != NULL))
        rc = task_refuse(w, "image",
                         wanted ? "image: there is nothing to work on."
                                : "image: a new image is made without one.");
    if (rc >= 0 && task_file_of(t, "image", 1))
        rc = task_refuse(w, "image", "image: this provider works on one image.");
    if (rc >= 0 && (mask != NULL) != (strcmp(operation, "edit") == 0))
        rc = task_refuse(w, "mask", "mask: an edit takes one, and nothing else does.");
    if (rc >= 0 && image)
        rc = task_wire_file(w, "image", image);
    return rc >= 0 && mask ? task_wire_file(w, "mask", mask) : rc;
}

static int send(struct task_wire *w, struct slice path, struct http_request *out)
{
    const struct chat_target *to = w->json.to;
    struct fault *why = w->json.why;
    int rc = task_wire_post(w, url_join(w->json.arena, to->base_url, path), out);
    return rc < 0 || !to->secret.n ? rc : wire_header(out, "Api-Key", to->secret, why);
}

static int send_v3(struct task_wire *w, const char *operation, struct http_request *out)
{
    struct slice parts[] = {SLICE("v1/ideogram-v3/"), slice_text(operation)};
    bool silent = strcmp(operation, "reframe") == 0;
    int rc = write_files(w, operation);
    if (rc >= 0)
        rc = write_settings(w, silent ? NULL : "prompt");
    return rc < 0 ? rc : send(w, arena_join(w->json.arena, parts, 2), out);
}

/* The newer ones make images from words alone. */
static int send_new(struct task_wire *w, enum version version, const char *operation,
                    struct http_request *out)
{
    int rc = AIGNE_OK;
    if (strcmp(operation, "generate") != 0 || w->json.request->task->file_count)
        rc = task_refuse(w, "image", "image: this model works on no image: use ideogram-v3.");
    bool json_prompt = wire_extra(w->json.request, "json_prompt") != NULL;
    if (rc >= 0)
        rc = write_settings(w, version == V4_5 ? "prompt" : json_prompt ? NULL : "text_prompt");
    return rc < 0 ? rc
                  : send(w,
                         version == V4_5 ? SLICE("v2/image/generate/ideogram-4-5")
                                         : SLICE("v1/ideogram-v4/generate"),
                         out);
}

static int encode(const struct chat_request *r, const struct chat_target *to, struct arena *a,
                  struct http_request *out, struct fault *why)
{
    enum version version = version_of(to);
    struct task_wire w AUTO(task_wire_close);
    *out = (struct http_request){0};
    task_wire_begin(&w, version != V4_5, r, to, a, why);
    w.list_suffix = "";
    const char *operation = operation_of(r, a);
    if (a->failed)
        return fault_nomem(why);
    if (!operation)
        return task_refuse(&w, "operation",
                           "operation must be generate, edit, remix, reframe or "
                           "replace-background.");
    return version == V3 ? send_v3(&w, operation, out) : send_new(&w, version, operation, out);
}

/* ---- the answer ---- */

struct drawing {
    bool done;
    struct usage used;
    struct task_links links;
};

static int end(struct decoding *d)
{
    struct drawing *s = d->state;
    s->done = true;
    int rc = answer_usage(d, &s->used);
    return rc < 0 ? rc : answer_finish(d, FINISH_STOP);
}

/* Links expire: who wants the bytes gets them fetched at once. */
static int push_image(struct decoding *d, struct json image)
{
    struct drawing *s = d->state;
    struct slice url = json_string(json_get(image, "url"), d->scratch);
    if (!url.n)
        return AIGNE_OK;
    s->used.images++;
    if (d->request && d->request->task && task_wants_bytes(d->request))
        return task_keep_link(d, &s->links, url);
    return answer_file(d, SLICE("image/png"), url, true);
}

static int withheld(struct decoding *d)
{
    int rc = fault_set(d->why, AIGNE_E_UPSTREAM,
                       "The provider withheld what it made: it found it unsafe.");
    d->why->upstream = true;
    d->why->http = 422;
    return rc;
}

static int read_images(struct decoding *d, struct slice body)
{
    struct drawing *s = d->state;
    int rc = answer_check(d, slice_trim(body), JSON_OBJECT);
    if (rc < 0)
        return rc;
    struct json object = json_of(slice_trim(body));
    struct json data = json_get(object, "data");
    if (complaint_present(json_get(object, "error")))
        return complaint_in_answer(d, object);
    if (data.kind != JSON_ARRAY)
        return fault_set(d->why, AIGNE_E_PROTOCOL, "The provider sent no list of images.");
    usage_init(&s->used);
    s->used.images = 0;
    rc =
        answer_start(d, json_string(json_get(object, "generation_id"), d->scratch), SLICE_NONE);
    struct json_walk w = json_walk(data);
    while (rc >= 0 && json_next(&w))
        rc = push_image(d, w.value);
    if (rc >= 0 && !s->used.images)
        return answer_settled(d, withheld(d));
    return rc < 0 || s->links.count ? rc : end(d);
}

static int decode_whole(struct decoding *d, struct slice body, bool watching)
{
    struct drawing *s = d->state;
    int rc = AIGNE_OK;
    (void)watching;
    if (!s->links.count) {
        rc = read_images(d, body);
    } else {
        rc = task_read_link(d, &s->links, body, "image/png");
        if (rc >= 0 && s->links.next == s->links.count)
            rc = end(d);
    }
    return answer_settled(d, rc);
}

static int more(struct decoding *d, const struct chat_target *to, struct arena *a,
                struct http_request *out, int64_t *delay_ms)
{
    struct drawing *s = d->state;
    (void)a;
    *delay_ms = 0;
    if (s->done)
        return AIGNE_OK;
    int rc = task_get_link(d, &s->links, to, out);
    return rc < 0 ? rc : AIGNE_AGAIN;
}

const struct adapter adapter_ideogram = {
    .name = "ideogram",
    .format = "ideogram",
    .kind = KIND_IMAGE,
    .state_size = sizeof(struct drawing),
    .encode = encode,
    .decode = task_no_frame,
    .decode_whole = decode_whole,
    .finish = task_no_stream,
    .explain = complaint_explain,
    .more = more,
};
