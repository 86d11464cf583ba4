/* Knows OpenAI's images, made and edited; refuses to know other kinds of calls. */
#include "provider/adapters.h"
#include "provider/complaint.h"
#include "provider/openai_task.h"
#include <aignehub/aignehub.h>

#define GENERATIONS "images/generations"
#define EDITS       "images/edits"

/* ---- the request ---- */

static bool is_dall_e(const struct chat_target *to)
{
    return slice_find(to->model, SLICE("dall-e")) < to->model.n;
}

/* Its models for images other than DALL-E answer with base64 and refuse to be told so. */
static bool is_gpt_image(const struct chat_target *to)
{
    return slice_find(to->model, SLICE("gpt-image")) < to->model.n ||
           slice_find(to->model, SLICE("chatgpt-image")) < to->model.n;
}

/* The size of an aspect ratio, where the models have one of that shape. */
static int write_size(struct task_wire *w)
{
    static const struct {
        const char *ratio;
        const char *size;
        bool dall_e;
    } sizes[] = {{"1:1", "1024x1024", true},  {"1:1", "1024x1024", false},
                 {"3:2", "1536x1024", false}, {"2:3", "1024x1536", false},
                 {"7:4", "1792x1024", true},  {"4:7", "1024x1792", true},
                 {"16:9", "1792x1024", true}, {"9:16", "1024x1792", true}};
    const struct task *t = w->json.request->task;
    if (t->size.p || !t->aspect_ratio.p) {
        task_wire_text(w, "size", t->size);
        return AIGNE_OK;
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        if (sizes[i].dall_e != is_dall_e(w->json.to) ||
            !slice_is(t->aspect_ratio, sizes[i].ratio))
            continue;
        task_wire_text(w, "size", slice_text(sizes[i].size));
        return AIGNE_OK;
    }
    return task_refuse(w, "aspectRatio",
                       "aspectRatio: this model makes no such shape: give a size instead.");
}

static void write_response_format(struct task_wire *w)
{
    const struct chat_request *r = w->json.request;
    if (is_gpt_image(w->json.to)) {
        if (slice_is(r->task->response_format, "url"))
            dropped_note(w->json.to->dropped, "responseFormat");
        return;
    }
    if (r->task->response_format.p)
        task_wire_text(w, "response_format", r->task->response_format);
    else if (r->output_file_type.p || is_dall_e(w->json.to)) /* its links expire in an hour */
        task_wire_text(w, "response_format",
                       slice_is(r->output_file_type, "url") ? SLICE("url") : SLICE("b64_json"));
}

/* What only the one or the other sort of models has. Others speak for themselves. */
static int write_members(struct task_wire *w)
{
    static const struct task_name members[] = {
        {"n", "n"},
        {"size", NULL},
        {"aspectRatio", NULL},
        {"quality", "quality"},
        {"user", "user"},
        {"background", "background"},
        {"moderation", "moderation"},
        {"outputFormat", "output_format"},
        {"outputCompression", "output_compression"},
        {"style", "style"}, /* the last, because gpt-image has none */
    };
    enum { ALL = sizeof members / sizeof members[0] };
    static const struct task_name dall_e[] = {
        {"n", "n"},       {"size", NULL},    {"aspectRatio", NULL}, {"quality", "quality"},
        {"user", "user"}, {"style", "style"}};
    if (is_dall_e(w->json.to))
        return task_wire_members(w, dall_e, sizeof dall_e / sizeof dall_e[0]);
    return task_wire_members(w, members, is_gpt_image(w->json.to) ? ALL - 1 : ALL);
}

static int write_settings(struct task_wire *w)
{
    /* Pieces of an image on its way are nothing this answer could carry. */
    static const char *const taken[] = {"stream", "partial_images", NULL};
    int rc = write_size(w);
    if (rc >= 0)
        rc = write_members(w);
    write_response_format(w);
    task_wire_extras(w, taken);
    return rc;
}

static bool any_link(const struct task *t)
{
    for (size_t i = 0; i < t->file_count; i++) {
        if (t->files[i].form == TASK_FILE_URL)
            return true;
    }
    return false;
}

/* A form carries bytes; a JSON body carries links, and bytes as data URLs. */
static int write_form_files(struct task_wire *w, const struct task *t)
{
    bool several = task_file_of(t, "image", 1) != NULL;
    const struct task_file *mask = task_file_of(t, "mask", 0);
    const struct task_file *image = task_file_of(t, "image", 0);
    int rc = AIGNE_OK;
    for (size_t i = 0; image && rc >= 0; image = task_file_of(t, "image", ++i))
        rc = task_wire_file(w, several ? "image[]" : "image", image);
    return rc >= 0 && mask ? task_wire_file(w, "mask", mask) : rc;
}

static void write_link(struct task_wire *w, const struct task_file *file)
{
    json_open_object(&w->json.json);
    task_wire_url(w, "image_url", file);
    json_close_object(&w->json.json);
}

static void write_json_files(struct task_wire *w, const struct task *t)
{
    const struct task_file *mask = task_file_of(t, "mask", 0);
    const struct task_file *image = task_file_of(t, "image", 0);
    json_member_array(&w->json.json, "images");
    for (size_t i = 0; image; image = task_file_of(t, "image", ++i))
        write_link(w, image);
    json_close_array(&w->json.json);
    if (!mask)
        return;
    json_key(&w->json.json, "mask");
    write_link(w, mask);
}

static int encode(const struct chat_request *r, const struct chat_target *to, struct arena *a,
                  struct http_request *out, struct fault *why)
{
    static const char *const files[] = {"image", "mask", NULL};
    const struct task *t = r->task;
    bool edits = t->editing || t->file_count;
    struct task_wire w AUTO(task_wire_close);
    *out = (struct http_request){0};
    task_wire_begin(&w, edits && !any_link(t), r, to, a, why);
    task_wire_text(&w, "model", to->model);
    task_wire_text(&w, "prompt", t->prompt);
    int rc = task_refuse_files(&w, files);
    if (rc >= 0 && edits && !task_file_of(t, "image", 0))
        rc = task_refuse(&w, "image", "image: there is nothing to edit.");
    if (rc >= 0)
        rc = write_settings(&w);
    if (rc >= 0 && w.as_form)
        rc = write_form_files(&w, t);
    else if (rc >= 0 && edits)
        write_json_files(&w, t);
    return rc < 0 ? rc : openai_task_post(&w, edits ? EDITS : GENERATIONS, out);
}

static int relay_generation(const struct chat_relay *r, const struct chat_target *to,
                            struct arena *a, struct http_request *out, struct fault *why)
{
    return openai_task_relay(r, to, GENERATIONS, a, out, why);
}

static int relay_edit(const struct chat_relay *r, const struct chat_target *to, struct arena *a,
                      struct http_request *out, struct fault *why)
{
    return openai_task_relay(r, to, EDITS, a, out, why);
}

/* ---- the answer ---- */

enum member { BASE64, URL, MIME, REVISED, MEMBERS };

/* Images are large: each is gone through once. False: there is none. */
static bool pick_image(struct json image, struct json *v)
{
    static const char *const names[MEMBERS] = {"b64_json", "url", "mime_type",
                                               "revised_prompt"};
    json_pick(image, names, MEMBERS, v);
    return (v[BASE64].kind == JSON_STRING && v[BASE64].raw.n > 2) ||
           (v[URL].kind == JSON_STRING && v[URL].raw.n > 2);
}

static int push_image(struct decoding *d, const struct json *v)
{
    struct slice mime = json_string(v[MIME], d->scratch);
    d->revised =
        v[REVISED].kind == JSON_STRING && v[REVISED].raw.n > 2 ? v[REVISED].raw : SLICE_NONE;
    if (v[BASE64].kind == JSON_STRING)
        return task_push_base64(d, json_string(v[BASE64], d->scratch), mime);
    return answer_file(d, mime, json_string(v[URL], d->scratch), true);
}

/* What comes out is an image, whether or not the tokens are told apart. */
static void read_tokens(struct json usage, struct usage *out)
{
    openai_task_tokens(usage, out);
    if (out->image_output >= 0)
        return;
    out->image_output = out->output;
    out->output = -1;
}

int openai_images(struct decoding *d, struct json data, struct json usage, bool watching)
{
    struct usage used;
    struct json_walk w = json_walk(data);
    int rc = AIGNE_OK;
    usage_init(&used);
    read_tokens(usage, &used);
    used.images = 0;
    while (rc >= 0 && data.kind == JSON_ARRAY && json_next(&w)) {
        struct json v[MEMBERS];
        bool there = pick_image(w.value, v);
        used.images += there;
        rc = there && !watching ? push_image(d, v) : AIGNE_OK;
    }
    if (rc >= 0 && !used.images && !watching)
        return fault_set(d->why, AIGNE_E_UPSTREAM, "The provider sent no image.");
    rc = answer_settled(d, rc);
    return rc < 0 ? rc : answer_usage(d, &used);
}

int openai_image_decode_whole(struct decoding *d, struct slice body, bool watching)
{
    static const char *const names[] = {"data", "usage", "model"};
    struct json v[3];
    int rc = openai_task_open(d, body, names, 3, v);
    if (rc >= 0)
        rc = answer_start(d, SLICE_NONE, json_string(v[2], d->scratch));
    if (rc >= 0)
        rc = openai_images(d, v[0], v[1], watching);
    return rc < 0 ? rc : answer_finish(d, FINISH_STOP);
}

/* ---- a stream that passes ---- */

struct image_state {
    bool started;
    struct usage used;
};

static void add(int64_t *sum, int64_t count)
{
    if (count >= 0)
        *sum = (*sum > 0 ? *sum : 0) + count;
}

/* Each finished image tells its own tokens. */
static void add_usage(struct usage *sum, struct json usage)
{
    struct usage one;
    usage_init(&one);
    read_tokens(usage, &one);
    if (!usage_sane(&one))
        return;
    add(&sum->input, one.input);
    add(&sum->image_input, one.image_input);
    add(&sum->output, one.output);
    add(&sum->image_output, one.image_output);
    sum->images++;
}

static int watch(struct decoding *d, const struct sse_event *frame,
                 enum chat_choice usage_wanted, struct slice *shown)
{
    static const char *const names[] = {"type", "usage"};
    struct image_state *s = d->state;
    struct slice data = slice_trim(frame->data);
    struct json v[2];
    (void)usage_wanted;
    (void)shown;
    if (!data.n || slice_is(data, "[DONE]"))
        return AIGNE_OK;
    int rc = openai_task_open(d, data, names, 2, v);
    if (rc >= 0 && !s->started) {
        s->started = true;
        usage_init(&s->used);
        s->used.images = 0;
        rc = answer_start(d, SLICE_NONE, SLICE_NONE);
    }
    if (rc >= 0 && v[0].kind == JSON_STRING &&
        slice_ends(slice_of(v[0].raw.p, v[0].raw.n - 1), ".completed"))
        add_usage(&s->used, v[1]);
    return rc;
}

static int finish(struct decoding *d)
{
    struct image_state *s = d->state;
    if (!d->relay)
        return task_no_stream(d);
    if (!s->started || s->used.images == 0)
        return answer_cut(d);
    int rc = answer_usage(d, &s->used);
    return rc < 0 ? rc : answer_finish(d, FINISH_STOP);
}

#define OPENAI_IMAGE(name_of, format_of, relay_of)                                             \
    const struct adapter name_of = {                                                           \
        .name = "openai",                                                                      \
        .format = format_of,                                                                   \
        .kind = KIND_IMAGE,                                                                    \
        .state_size = sizeof(struct image_state),                                              \
        .encode = encode,                                                                      \
        .relay = relay_of,                                                                     \
        .decode = task_no_frame,                                                               \
        .watch = watch,                                                                        \
        .decode_whole = openai_image_decode_whole,                                             \
        .finish = finish,                                                                      \
        .explain = complaint_explain,                                                          \
    }

OPENAI_IMAGE(adapter_openai_image, "openai.images", relay_generation);
OPENAI_IMAGE(adapter_openai_image_edit, "openai.images.edits", relay_edit);
