/* openai_images.c - knows how OpenAI's clients ask for images, made or edited, and read them; refuses to
 * know who paints. */
#include "chat/task_input.h"
#include "ingress/openai_task.h"
#include <aignehub/aignehub.h>

/* ---- the request ---- */

/* {"image_url": a link or data URL}, or xAI's {"url"}; a file kept at OpenAI is nothing to others. */
static int read_reference(struct reading *r, const char *member, struct json v)
{
    static const char *const names[] = {"image_url", "url", "file_id"};
    struct task *task = r->build.request->task;
    struct json m[3];
    struct slice url = SLICE_NONE;
    if (v.kind != JSON_OBJECT)
        return reading_kind(r, member, "an object with image_url", v);
    json_pick(v, names, 3, m);
    if (json_present(m[2]))
        return reading_refuse(
            r, member, "names a file_id, which this provider cannot see: send image_url");
    int rc = read_needed_string(r, member, json_present(m[0]) ? m[0] : m[1], &url);
    if (rc || !url.n)
        return rc ? rc : reading_refuse(r, member, "must have an image_url");
    if (task->file_count >= TASK_FILES_LARGEST)
        return reading_refuse(r, member, "holds more than %d files", TASK_FILES_LARGEST);
    struct task_file *file = task_add_file(task, r->arena);
    if (!file)
        return reading_nomem(r);
    file->member = strcmp(member, "mask") == 0 ? SLICE("mask") : SLICE("image");
    return task_read_place(r, member, url, file);
}

static int read_references(struct reading *r, const char *member, struct json v,
                           struct slice *to)
{
    (void)to;
    if (v.kind != JSON_ARRAY)
        return read_reference(r, member, v);
    struct json_walk w = json_walk(v);
    while (json_next(&w)) {
        int rc = read_reference(r, member, w.value);
        if (rc)
            return rc;
    }
    return AIGNE_OK;
}

/* Files first: only edits take them. */
#define FILES 3
static const struct openai_member members[] = {
    {"image", read_references, JSON_NONE, MEMBER_OF_NONE},
    {"images", read_references, JSON_NONE, MEMBER_OF_NONE},
    {"mask", read_references, JSON_NONE, MEMBER_OF_NONE},
    {"model", read_string, JSON_STRING, MEMBER_OF_REQUEST(model)},
    {"stream", openai_read_stream, JSON_TRUE, MEMBER_OF_NONE},
    {"prompt", read_string, JSON_STRING, MEMBER_OF_TASK(prompt)},
    {"n", read_number, JSON_NUMBER, MEMBER_OF_REQUEST(n)},
    {"size", read_string, JSON_STRING, MEMBER_OF_TASK(size)},
    {"quality", read_string, JSON_STRING, MEMBER_OF_TASK(quality)},
    {"style", read_string, JSON_STRING, MEMBER_OF_TASK(style)},
    {"background", read_string, JSON_STRING, MEMBER_OF_TASK(background)},
    {"moderation", read_string, JSON_STRING, MEMBER_OF_TASK(moderation)},
    {"output_format", read_string, JSON_STRING, MEMBER_OF_TASK(output_format)},
    {"output_compression", read_number, JSON_NUMBER, MEMBER_OF_TASK(compression)},
    {"response_format", read_string, JSON_STRING, MEMBER_OF_TASK(response_format)},
    {"user", read_string, JSON_STRING, MEMBER_OF_REQUEST(user)},
};
#define MEMBERS (sizeof members / sizeof members[0])

/* OpenAI's own image models refuse response_format. Clients that know a model by its bare name leave it away;
 * under "openai/gpt-image-1" they do not recognise it. */
static bool is_relayable(struct slice model, struct slice response_format)
{
    struct slice rest = model;
    struct slice name = model;
    while (slice_cut(rest, '/', &name, &rest))
        name = rest;
    return !response_format.p ||
           !(slice_starts(name, "gpt-image") || slice_starts(name, "chatgpt-image"));
}

static const struct openai_task generations = {
    .kind = KIND_IMAGE,
    .members = members + FILES,
    .count = MEMBERS - FILES,
    .takes_json = true,
    .answer_form = "response_format",
    .relayable = is_relayable,
};
static const struct openai_task edits = {
    .kind = KIND_IMAGE,
    .members = members,
    .count = MEMBERS,
    .takes_json = true,
    .takes_form = true,
    .answer_form = "response_format",
    .relayable = is_relayable,
};

static int peek(const struct ingress_request *in, struct arena *a, struct slice *model,
                struct chat_relay *relay, struct fault *why)
{
    return openai_task_peek(&generations, in, a, model, relay, why);
}

static int peek_edit(const struct ingress_request *in, struct arena *a, struct slice *model,
                     struct chat_relay *relay, struct fault *why)
{
    return openai_task_peek(&edits, in, a, model, relay, why);
}

/* "auto" is what a provider does when nothing is said. */
static void read_autos(struct task *t)
{
    struct slice *const texts[] = {&t->size, &t->quality, &t->background, &t->moderation};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (slice_is(*texts[i], "auto"))
            *texts[i] = SLICE_NONE;
    }
}

static int read_request(const struct openai_task *t, struct reading *r,
                        const struct ingress_request *in, struct arena *a,
                        struct chat_request *out, struct fault *why)
{
    static const char *const formats[] = {"url", "b64_json", NULL};
    int rc = openai_task_read(t, r, in, a, out, why);
    if (!rc)
        rc = openai_need(r, "prompt", out->task->prompt);
    if (!rc)
        read_autos(out->task);
    return rc ? rc
              : openai_one_of(r, "response_format", out->task->response_format, formats,
                              "url or b64_json");
}

static int decode(const struct ingress_request *in, struct arena *a, struct chat_request *out,
                  struct fault *why)
{
    struct reading r;
    return read_request(&generations, &r, in, a, out, why);
}

static int decode_edit(const struct ingress_request *in, struct arena *a,
                       struct chat_request *out, struct fault *why)
{
    struct reading r;
    int rc = read_request(&edits, &r, in, a, out, why);
    if (rc)
        return rc;
    out->task->editing = true;
    for (size_t i = 0; i < out->task->file_count; i++) {
        if (slice_is(out->task->files[i].member, "image"))
            return AIGNE_OK;
    }
    return reading_refuse(&r, "image", "is missing");
}

/* ---- the answer ---- */

static bool wants_url(const struct encoding *e)
{
    return e->request && slice_is(e->request->task->response_format, "url");
}

/* Who asked for links reads `url`, and a data URL is one. */
static void write_image(struct json_writer *w, const struct encoding *e, struct slice mime,
                        struct slice content, bool is_url)
{
    if (is_url || !wants_url(e)) {
        json_member_string(w, is_url ? "url" : "b64_json", content);
        return;
    }
    json_key(w, "url");
    json_write_raw(w, SLICE("\"data:"));
    json_escape(w->out, mime.n ? mime : SLICE("image/png"));
    BUF_LITERAL(w->out, ";base64,");
    json_escape(w->out, content);
    buf_put_byte(w->out, '"');
}

static int whole(struct encoding *e, const struct reply *r, const struct reply_notes *notes)
{
    struct json_writer w = json_writer(e->out);
    (void)notes;
    if (!r->file_count)
        return AIGNE_E_PROTOCOL;
    json_open_object(&w);
    json_member_int(&w, "created", e->created_s);
    json_member_array(&w, "data");
    for (size_t i = 0; i < r->file_count; i++) {
        const struct reply_file *file = &r->files[i];
        json_open_object(&w);
        write_image(&w, e, file->mime, file->content, file->is_url);
        json_member_raw_opt(&w, "revised_prompt", file->revised);
        json_close_object(&w);
    }
    json_close_array(&w);
    openai_write_tokens(&w, &r->usage, "input_tokens_details", NULL);
    json_close_object(&w);
    return buf_rc(e->out);
}

/* An image waits until it is known whether it is the last, which tells what was used. */
struct told {
    struct event image; /* its slices are kept */
    bool waiting;
    struct usage usage;
    bool used;
};

/* As asked for, or "auto", which the provider then did. */
static void member_asked(struct json_writer *w, const char *name, struct slice value)
{
    json_member_string(w, name, value.n ? value : SLICE("auto"));
}

static void tell(struct encoding *e, struct told *t, const char *type, bool last)
{
    static const struct task nothing;
    const struct task *asked = e->request ? e->request->task : &nothing;
    struct slice mime = t->image.mime;
    if (!t->waiting)
        return;
    struct json_writer w = openai_frame(e, type, true);
    write_image(&w, e, mime, t->image.text, t->image.is_url);
    json_member_int(&w, "created_at", e->created_s);
    member_asked(&w, "size", asked->size);
    member_asked(&w, "quality", asked->quality);
    member_asked(&w, "background", asked->background);
    json_member_string(&w, "output_format",
                       slice_starts(mime, "image/") ? slice_from(mime, sizeof "image/" - 1)
                                                    : SLICE("png"));
    if (last && t->used)
        openai_write_tokens(&w, &t->usage, "input_tokens_details", NULL);
    openai_frame_end(&w);
    t->waiting = false;
}

static int tell_event(struct encoding *e, const struct event *ev, const char *type)
{
    struct told *t = e->state;
    if (ev->kind == EVENT_USAGE) {
        t->usage = ev->usage;
        t->used = true;
    }
    if (ev->kind != EVENT_FILE)
        return buf_rc(e->out);
    tell(e, t, type, false);
    t->image = (struct event){.kind = EVENT_FILE,
                              .is_url = ev->is_url,
                              .text = arena_copy(e->keep, ev->text),
                              .mime = arena_copy(e->keep, ev->mime)};
    t->waiting = true;
    return e->keep->failed ? AIGNE_E_NOMEM : buf_rc(e->out);
}

static int tell_end(struct encoding *e, const char *type)
{
    struct told *t = e->state;
    if (!t->waiting)
        return AIGNE_E_PROTOCOL; /* no image at all */
    tell(e, t, type, true);
    return buf_rc(e->out);
}

#define GENERATED "image_generation.completed"
#define EDITED    "image_edit.completed"

static int event(struct encoding *e, const struct event *ev)
{
    return tell_event(e, ev, GENERATED);
}

static int end(struct encoding *e, const struct reply_notes *notes)
{
    (void)notes;
    return tell_end(e, GENERATED);
}

static int event_edit(struct encoding *e, const struct event *ev)
{
    return tell_event(e, ev, EDITED);
}

static int end_edit(struct encoding *e, const struct reply_notes *notes)
{
    (void)notes;
    return tell_end(e, EDITED);
}

#define OPENAI_IMAGES(name_of, format_of, suffix)                                              \
    const struct ingress name_of = {                                                           \
        .name = "openai",                                                                      \
        .format = (format_of),                                                                 \
        .kind = KIND_IMAGE,                                                                    \
        .state_size = sizeof(struct told),                                                     \
        .content_type_stream = "text/event-stream",                                            \
        .content_type_plain = "application/json",                                              \
        .peek = peek##suffix,                                                                  \
        .decode = decode##suffix,                                                              \
        .event = event##suffix,                                                                \
        .end = end##suffix,                                                                    \
        .keep_alive = openai_keep_alive,                                                       \
        .whole = whole,                                                                        \
        .error = openai_write_error,                                                           \
    }

OPENAI_IMAGES(ingress_openai_images, "openai.images", );
OPENAI_IMAGES(ingress_openai_image_edits, "openai.images.edits", _edit);
