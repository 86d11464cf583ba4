/* Knows videos that a job makes and a link leads to, as xAI and Volcengine's Ark have them; refuses to
 * know what is seen in them. */
#include "provider/adapters.h"
#include "provider/complaint.h"
#include "provider/openai_task.h"
#include <aignehub/aignehub.h>

/* What sets the two apart; members are dotted paths. */
struct dialect {
    const char *ask; /* GET this and the job's id */
    const char *id;
    const char *done;
    const char *url;
    const char *seconds;
};

static const struct dialect xai = {"videos/", "request_id", "done", "video.url",
                                   "video.duration"};
static const struct dialect ark = {"contents/generations/tasks/", "id", "succeeded",
                                   "content.video_url", "duration"};

struct job {
    const struct dialect *dialect;
    struct slice id;
    int asked;
    bool done;
    struct usage used;
    struct task_links links;
};

/* ---- the requests ---- */

static int xai_encode(const struct chat_request *r, const struct chat_target *to,
                      struct arena *a, struct http_request *out, struct fault *why)
{
    static const struct task_name names[] = {
        {"seconds", NULL}, {"size", NULL}, {"aspectRatio", NULL}, {"user", "user"}};
    static const char *const files[] = {"image", "video", NULL};
    static const char *const taken[] = {NULL};
    const struct task *t = r->task;
    const struct task_file *film = task_file_of(t, "video", 0);
    struct slice ratio = SLICE_NONE;
    struct task_wire w AUTO(task_wire_close);
    *out = (struct http_request){0};
    task_wire_begin(&w, false, r, to, a, why);
    task_wire_text(&w, "model", to->model);
    task_wire_text(&w, "prompt", t->prompt);
    int rc = task_refuse_files(&w, files);
    if (rc >= 0 && t->file_count > 1)
        rc = task_refuse(&w, "image", "image: a video begins with one file.");
    if (rc >= 0)
        rc = task_wire_members(&w, names, sizeof names / sizeof names[0]);
    if (rc >= 0)
        rc = task_wire_ratio(&w, ':', &ratio);
    if (rc < 0)
        return rc;
    task_wire_json(&w, SLICE("duration"), t->seconds);
    task_wire_text(&w, "aspect_ratio", ratio);
    if (t->file_count) {
        json_key(&w.json.json, film ? "video" : "image");
        json_open_object(&w.json.json);
        task_wire_url(&w, "url", &t->files[0]);
        json_close_object(&w.json.json);
    }
    task_wire_extras(&w, taken);
    return openai_task_post(&w, film ? "videos/edits" : "videos/generations", out);
}

static void write_frame(struct task_wire *w, const struct task_file *file, const char *role)
{
    struct json_writer *json = &w->json.json;
    json_open_typed(json, "image_url");
    json_member_object(json, "image_url");
    task_wire_url(w, "url", file);
    json_close_object(json);
    json_member_text(json, "role", role);
    json_close_object(json);
}

/* One image begins the video, a last frame ends it; several images are what it should look like. */
static void write_content(struct task_wire *w, const struct task *t)
{
    struct json_writer *json = &w->json.json;
    bool several = task_file_of(t, "image", 1) != NULL;
    const struct task_file *image = task_file_of(t, "image", 0);
    const struct task_file *last = task_file_of(t, "lastFrame", 0);
    json_member_array(json, "content");
    json_open_typed(json, "text");
    json_member_string(json, "text", t->prompt);
    json_close_object(json);
    for (size_t i = 0; image; image = task_file_of(t, "image", ++i))
        write_frame(w, image, several ? "reference_image" : "first_frame");
    if (last)
        write_frame(w, last, "last_frame");
    json_close_array(json);
}

static int ark_encode(const struct chat_request *r, const struct chat_target *to,
                      struct arena *a, struct http_request *out, struct fault *why)
{
    static const struct task_name names[] = {
        {"seconds", NULL}, {"size", NULL}, {"aspectRatio", NULL}, {"seed", "seed"}};
    static const char *const files[] = {"image", "lastFrame", NULL};
    static const char *const taken[] = {NULL};
    const struct task *t = r->task;
    struct slice ratio = SLICE_NONE;
    struct task_wire w AUTO(task_wire_close);
    *out = (struct http_request){0};
    task_wire_begin(&w, false, r, to, a, why);
    task_wire_text(&w, "model", to->model);
    write_content(&w, t);
    int rc = task_refuse_files(&w, files);
    if (rc >= 0)
        rc = task_wire_members(&w, names, sizeof names / sizeof names[0]);
    bool lines = slice_ends(t->size, "p") || slice_ends(t->size, "P"); /* "720p" */
    if (lines)
        task_wire_text(&w, "resolution", t->size);
    ratio = t->aspect_ratio;
    if (rc >= 0 && !lines)
        rc = task_wire_ratio(&w, ':', &ratio);
    if (rc < 0)
        return rc;
    task_wire_text(&w, "ratio", ratio);
    task_wire_json(&w, SLICE("duration"), t->seconds);
    task_wire_extras(&w, taken);
    return openai_task_post(&w, "contents/generations/tasks", out);
}

/* ---- the answers ---- */

static int begin(struct decoding *d, struct json object)
{
    struct job *s = d->state;
    int rc = task_keep_id(d, json_get(object, s->dialect->id), &s->id);
    return rc < 0 ? rc : answer_start(d, s->id, SLICE_NONE);
}

static int end(struct decoding *d)
{
    struct job *s = d->state;
    s->done = true;
    int rc = answer_usage(d, &s->used);
    return rc < 0 ? rc : answer_finish(d, FINISH_STOP);
}

static bool is_working(struct json status)
{
    static const char *const names[] = {"pending", "queued", "running", "processing",
                                        "in_progress"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (json_string_is(status, names[i]))
            return true;
    }
    return false;
}

static void read_usage(struct decoding *d, struct json object)
{
    struct job *s = d->state;
    usage_init(&s->used);
    openai_task_tokens(json_get(object, "usage"), &s->used);
    s->used.milliseconds = task_length(d, json_path(object, s->dialect->seconds));
}

static int read_done(struct decoding *d, struct json object)
{
    struct job *s = d->state;
    struct slice url = json_string(json_path(object, s->dialect->url), d->scratch);
    bool respected = true;
    if (json_bool(json_path(object, "video.respect_moderation"), &respected) && !respected) {
        int rc = fault_set(d->why, AIGNE_E_UPSTREAM,
                           "The provider withheld the video: it goes against its rules.");
        d->why->upstream = true;
        d->why->http = 400;
        return rc;
    }
    if (!url.n)
        return fault_set(d->why, AIGNE_E_PROTOCOL, "The provider sent no video.");
    read_usage(d, object);
    if (d->request && d->request->task && task_wants_bytes(d->request))
        return task_keep_link(d, &s->links, url);
    int rc = answer_file(d, SLICE("video/mp4"), url, true);
    return rc < 0 ? rc : end(d);
}

static int read_job(struct decoding *d, struct slice body)
{
    static const char *const names[] = {"status", "progress"};
    struct job *s = d->state;
    struct json v[2];
    int rc = openai_task_open(d, body, names, 2, v);
    struct json object = json_of(slice_trim(body));
    if (rc >= 0 && !s->id.p)
        return begin(d, object);
    /* A finished video may come without saying that it is finished. */
    bool made = rc >= 0 && json_present(json_path(object, s->dialect->url));
    if (rc >= 0)
        rc = task_push_progress(d, v[1], v[0]);
    if (rc < 0 || (is_working(v[0]) && !made))
        return rc;
    if (made || json_string_is(v[0], s->dialect->done))
        return read_done(d, object);
    return fault_set(d->why, AIGNE_E_UPSTREAM, "The video was not made: %s.",
                     json_string_is(v[0], "expired")     ? "it expired"
                     : json_string_is(v[0], "cancelled") ? "it was cancelled"
                                                         : "it failed, and nobody said why");
}

static int read_any(struct decoding *d, struct slice body, const struct dialect *dialect)
{
    struct job *s = d->state;
    int rc = AIGNE_OK;
    s->dialect = dialect;
    if (s->links.count) {
        rc = task_read_link(d, &s->links, body, "video/mp4");
        if (rc >= 0)
            rc = end(d);
    } else {
        rc = read_job(d, body);
    }
    return answer_settled(d, rc);
}

static int xai_decode_whole(struct decoding *d, struct slice body, bool watching)
{
    (void)watching;
    return read_any(d, body, &xai);
}

static int ark_decode_whole(struct decoding *d, struct slice body, bool watching)
{
    (void)watching;
    return read_any(d, body, &ark);
}

static int more(struct decoding *d, const struct chat_target *to, struct arena *a,
                struct http_request *out, int64_t *delay_ms)
{
    struct job *s = d->state;
    int rc = AIGNE_OK;
    if (s->done)
        return AIGNE_OK;
    if (s->links.count) {
        rc = task_get_link(d, &s->links, to, out);
        return rc < 0 ? rc : AIGNE_AGAIN;
    }
    *delay_ms = task_wait_ms(&s->asked);
    struct slice parts[] = {slice_text(s->dialect->ask), s->id};
    struct slice path = arena_join(a, parts, 2);
    if (path.p)
        out->url = openai_url(to, path, a);
    rc = out->url.p ? openai_headers(to, a, out, d->why) : fault_nomem(d->why);
    return rc < 0 ? rc : AIGNE_AGAIN;
}

#define LINK_VIDEO(of)                                                                         \
    const struct adapter adapter_##of##_video = {                                              \
        .name = #of,                                                                           \
        .format = #of ".videos",                                                               \
        .kind = KIND_VIDEO,                                                                    \
        .state_size = sizeof(struct job),                                                      \
        .encode = of##_encode,                                                                 \
        .decode = task_no_frame,                                                               \
        .decode_whole = of##_decode_whole,                                                     \
        .finish = task_no_stream,                                                              \
        .explain = complaint_explain,                                                          \
        .more = more,                                                                          \
    }

LINK_VIDEO(xai);
LINK_VIDEO(ark);
