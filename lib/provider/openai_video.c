/* Knows OpenAI's videos: a job is made, asked about, and its bytes fetched; refuses to know what is seen
 * in them. */
#include "provider/adapters.h"
#include "provider/complaint.h"
#include "provider/openai_task.h"
#include <aignehub/aignehub.h>

#define PATH "videos"

enum phase { WORKING = 0, FETCHING, DONE };

struct job {
    struct slice id;
    enum phase phase;
    int asked;
    int64_t milliseconds;
};

static int write_size(struct task_wire *w)
{
    const struct task *t = w->json.request->task;
    if (t->size.p || !t->aspect_ratio.p)
        task_wire_text(w, "size", t->size);
    else if (slice_is(t->aspect_ratio, "16:9"))
        task_wire_text(w, "size", SLICE("1280x720"));
    else if (slice_is(t->aspect_ratio, "9:16"))
        task_wire_text(w, "size", SLICE("720x1280"));
    else
        return task_refuse(w, "aspectRatio", "aspectRatio: this model makes 16:9 and 9:16.");
    return AIGNE_OK;
}

static int encode(const struct chat_request *r, const struct chat_target *to, struct arena *a,
                  struct http_request *out, struct fault *why)
{
    static const struct task_name names[] = {
        {"size", NULL}, {"aspectRatio", NULL}, {"seconds", NULL}};
    static const char *const files[] = {"image", "input_reference", NULL};
    static const char *const taken[] = {NULL};
    const struct task *t = r->task;
    struct task_wire w AUTO(task_wire_close);
    *out = (struct http_request){0};
    task_wire_begin(&w, false, r, to, a, why);
    task_wire_text(&w, "model", to->model);
    task_wire_text(&w, "prompt", t->prompt);
    task_wire_text(&w, "seconds", t->seconds); /* there it is text */
    int rc = write_size(&w);
    if (rc >= 0)
        rc = task_refuse_files(&w, files);
    if (rc >= 0 && t->file_count > 1)
        rc = task_refuse(&w, "image", "image: a video begins with one image.");
    if (rc >= 0)
        rc = task_wire_members(&w, names, sizeof names / sizeof names[0]);
    if (rc >= 0 && t->file_count) {
        json_member_object(&w.json.json, "input_reference");
        task_wire_url(&w, "image_url", &t->files[0]);
        json_close_object(&w.json.json);
    }
    task_wire_extras(&w, taken);
    return rc < 0 ? rc : openai_task_post(&w, PATH, out);
}

/* ---- the answers ---- */

enum member { ID, MODEL, STATUS, PROGRESS, SECONDS, MEMBERS };
static const char *const members[MEMBERS] = {"id", "model", "status", "progress", "seconds"};

static int begin(struct decoding *d, const struct json *v)
{
    struct job *s = d->state;
    if (s->id.p)
        return AIGNE_OK;
    int rc = task_keep_id(d, v[ID], &s->id);
    return rc < 0 ? rc : answer_start(d, s->id, json_string(v[MODEL], d->scratch));
}

static int read_job(struct decoding *d, struct slice body)
{
    struct json v[MEMBERS];
    struct job *s = d->state;
    int rc = openai_task_open(d, body, members, MEMBERS, v);
    if (rc >= 0)
        rc = begin(d, v);
    if (rc >= 0)
        rc = task_push_progress(d, v[PROGRESS], v[STATUS]);
    if (rc < 0)
        return rc;
    if (json_string_is(v[STATUS], "completed")) {
        s->phase = FETCHING;
        s->milliseconds = task_length(d, v[SECONDS]);
        return AIGNE_OK;
    }
    if (json_string_is(v[STATUS], "queued") || json_string_is(v[STATUS], "in_progress"))
        return AIGNE_OK;
    return fault_set(d->why, AIGNE_E_UPSTREAM, "The video failed, and nobody said why.");
}

static int read_bytes(struct decoding *d, struct slice body)
{
    struct job *s = d->state;
    struct usage used;
    if (!body.n)
        return fault_set(d->why, AIGNE_E_PROTOCOL, "The provider sent an empty video.");
    bool typed = d->media_type.p && slice_starts_nocase(d->media_type, "video/");
    int rc = task_push_bytes(d, typed ? d->media_type : SLICE("video/mp4"), body);
    usage_init(&used);
    used.milliseconds = s->milliseconds;
    if (rc >= 0)
        rc = answer_usage(d, &used);
    s->phase = DONE;
    return rc < 0 ? rc : answer_finish(d, FINISH_STOP);
}

static int decode_whole(struct decoding *d, struct slice body, bool watching)
{
    const struct job *s = d->state;
    (void)watching;
    int rc = s->phase == FETCHING ? read_bytes(d, body) : read_job(d, body);
    return answer_settled(d, rc);
}

static int more(struct decoding *d, const struct chat_target *to, struct arena *a,
                struct http_request *out, int64_t *delay_ms)
{
    struct job *s = d->state;
    if (s->phase == DONE)
        return AIGNE_OK;
    bool fetch = s->phase == FETCHING;
    *delay_ms = fetch ? 0 : task_wait_ms(&s->asked);
    struct slice parts[] = {SLICE(PATH "/"), s->id, fetch ? SLICE("/content") : SLICE("")};
    struct slice path = arena_join(a, parts, 3);
    if (!path.p)
        return fault_nomem(d->why);
    out->method = "GET";
    out->url = openai_url(to, path, a);
    int rc = out->url.p ? openai_headers(to, a, out, d->why) : fault_nomem(d->why);
    return rc < 0 ? rc : AIGNE_AGAIN;
}

const struct adapter adapter_openai_video = {
    .name = "openai",
    .format = "openai.videos",
    .kind = KIND_VIDEO,
    .state_size = sizeof(struct job),
    .encode = encode,
    .decode = task_no_frame,
    .decode_whole = decode_whole,
    .finish = task_no_stream,
    .explain = complaint_explain,
    .more = more,
};
