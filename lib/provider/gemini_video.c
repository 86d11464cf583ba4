/* Knows Google's videos: a job is made, asked about, and its files fetched; refuses to know what is seen in
 * them. */
#include "provider/adapters.h"
#include "provider/gemini.h"
#include "provider/gemini_task.h"
#include "provider/task_answer.h"
#include "text/url.h"
#include <aignehub/aignehub.h>

enum phase { WORKING = 0, FETCHING, DONE };

struct job {
    struct slice name; /* "models/NAME/operations/ID" */
    struct task_links links;
    enum phase phase;
    int asked;
    int64_t milliseconds; /* of each video */
    int64_t files;
};

/* ---- the request ---- */

static int write_image(struct task_wire *w, const char *name, const struct task_file *file)
{
    if (!file)
        return AIGNE_OK;
    json_member_object(&w->json.json, name);
    int rc = gemini_task_bytes(w, file, "mimeType", "bytesBase64Encoded");
    json_close_object(&w->json.json);
    return rc;
}

static int write_instance(struct task_wire *w)
{
    const struct task *t = w->json.request->task;
    struct json_writer *j = &w->json.json;
    json_member_array(j, "instances");
    json_open_object(j);
    json_member_string_opt(j, "prompt", t->prompt);
    int rc = write_image(w, "image", task_file_of(t, "image", 0));
    if (rc >= 0)
        rc = write_image(w, "lastFrame", task_file_of(t, "lastFrame", 0));
    if (rc >= 0)
        rc = write_image(w, "video", task_file_of(t, "video", 0));
    json_close_object(j);
    json_close_array(j);
    return rc;
}

/* "1280x720" and "720p" are both said. */
static struct slice resolution(const struct task *t)
{
    int64_t width = 0;
    int64_t height = 0;
    if (!t->size.p || !task_size(t->size, &width, &height))
        return t->size;
    int64_t shorter = width < height ? width : height;
    return shorter >= 2160 ? SLICE("4k") : shorter >= 1080 ? SLICE("1080p") : SLICE("720p");
}

static int encode(const struct chat_request *r, const struct chat_target *to, struct arena *a,
                  struct http_request *out, struct fault *why)
{
    static const struct task_name names[] = {{"n", "sampleCount"},
                                             {"seed", "seed"},
                                             {"seconds", "durationSeconds"},
                                             {"negativePrompt", "negativePrompt"},
                                             {"size", NULL},
                                             {"aspectRatio", NULL}};
    static const char *const files[] = {"image", "lastFrame", "video", NULL};
    static const char *const own[] = {"personGeneration", "resizeMode", "resolution",
                                      "compressionQuality"};
    struct task_wire w AUTO(task_wire_close);
    *out = (struct http_request){0};
    task_wire_begin(&w, false, r, to, a, why);
    int rc = task_refuse_files(&w, files);
    if (rc >= 0 && task_file_of(r->task, "image", 1))
        rc = task_refuse(&w, "image", "image: a video begins with one image.");
    if (rc >= 0)
        rc = write_instance(&w);
    if (rc < 0)
        return rc;
    struct slice ratio = task_ratio(r, ':', a);
    json_member_object(&w.json.json, "parameters");
    json_member_string_opt(&w.json.json, "aspectRatio", ratio);
    if (!wire_extra(r, "resolution"))
        json_member_string_opt(&w.json.json, "resolution", resolution(r->task));
    rc = task_wire_members(&w, names, sizeof names / sizeof names[0]);
    gemini_task_own(&w, own, sizeof own / sizeof own[0]);
    json_close_object(&w.json.json);
    if (rc >= 0)
        rc = gemini_key(to, out, why);
    return rc < 0 ? rc
                  : task_wire_post(&w, gemini_method_url(to, "predictLongRunning", a), out);
}

/* ---- the answers ---- */

#define SECONDS_USUAL SLICE("8")

/* It goes into a URL that the key is sent to. */
static int begin(struct decoding *d, struct json name)
{
    struct job *s = d->state;
    if (s->name.p)
        return AIGNE_OK;
    int rc = task_keep_id(d, name, &s->name);
    if (rc < 0)
        return rc;
    bool said = d->request && d->request->task && d->request->task->seconds.p;
    s->milliseconds =
        task_milliseconds(json_of(said ? d->request->task->seconds : SECONDS_USUAL));
    return answer_start(d, s->name, SLICE_NONE);
}

static int keep_samples(struct decoding *d, struct json samples)
{
    struct job *s = d->state;
    struct json_walk w = json_walk(samples);
    int rc = AIGNE_OK;
    while (samples.kind == JSON_ARRAY && rc >= 0 && json_next(&w)) {
        struct slice uri = json_string(json_path(w.value, "video.uri"), d->scratch);
        if (uri.n)
            rc = task_keep_link(d, &s->links, uri);
    }
    if (rc < 0 || s->links.count)
        return rc;
    if (d->why) {
        d->why->upstream = true;
        d->why->http = 400;
    }
    return fault_set(d->why, AIGNE_E_REQUEST,
                     "The provider's filter withheld the video that was made.");
}

static int read_job(struct decoding *d, struct slice body)
{
    static const char *const names[] = {"name", "done", "error", "response", "metadata"};
    struct job *s = d->state;
    struct json v[5];
    bool done = false;
    struct slice text = slice_trim(body);
    int rc = answer_check_pick(d, text, names, 5, v);
    if (rc >= 0)
        rc = gemini_complaint(d, text);
    if (rc >= 0)
        rc = begin(d, v[0]);
    (void)json_bool(v[1], &done);
    if (rc >= 0)
        rc = task_push_progress(
            d, json_get(v[4], "progressPercent"),
            json_of(done ? SLICE("\"completed\"") : SLICE("\"in_progress\"")));
    if (rc < 0 || !done)
        return rc;
    s->phase = FETCHING;
    return keep_samples(d, json_path(v[3], "generateVideoResponse.generatedSamples"));
}

static int read_bytes(struct decoding *d, struct slice body)
{
    struct job *s = d->state;
    struct usage used;
    if (!body.n)
        return fault_set(d->why, AIGNE_E_PROTOCOL, "The provider sent an empty video.");
    bool typed = d->media_type.p && slice_starts_nocase(d->media_type, "video/");
    int rc = task_push_bytes(d, typed ? d->media_type : SLICE("video/mp4"), body);
    s->files++;
    if (rc < 0 || ++s->links.next < s->links.count)
        return rc;
    s->phase = DONE;
    usage_init(&used);
    used.milliseconds = s->milliseconds < 0 ? -1 : s->milliseconds * s->files;
    rc = answer_usage(d, &used);
    return rc < 0 ? rc : answer_finish(d, FINISH_STOP);
}

static int decode_whole(struct decoding *d, struct slice body, bool watching)
{
    const struct job *s = d->state;
    (void)watching;
    int rc = s->phase == FETCHING ? read_bytes(d, body) : read_job(d, body);
    return answer_settled(d, rc);
}

/* The files are Google's own: the key goes there, and nowhere else. */
static int get_file(struct decoding *d, const struct chat_target *to, struct http_request *out)
{
    struct job *s = d->state;
    struct url base;
    struct url link;
    int rc = task_get_link(d, &s->links, to, out);
    bool own = rc >= 0 && url_parse(to->base_url, &base, NULL) >= 0 &&
               url_parse(out->url, &link, NULL) >= 0 && slice_eq(base.origin, link.origin);
    return rc < 0 || !own ? rc : gemini_key(to, out, d->why);
}

static int more(struct decoding *d, const struct chat_target *to, struct arena *a,
                struct http_request *out, int64_t *delay_ms)
{
    struct job *s = d->state;
    int rc = AIGNE_OK;
    if (s->phase == DONE)
        return AIGNE_OK;
    if (s->phase == FETCHING) {
        rc = get_file(d, to, out);
    } else {
        *delay_ms = task_wait_ms(&s->asked);
        out->url = gemini_url(to->base_url, s->name, a);
        rc = out->url.p ? gemini_key(to, out, d->why) : fault_nomem(d->why);
    }
    return rc < 0 ? rc : AIGNE_AGAIN;
}

const struct adapter adapter_gemini_video = {
    .name = "gemini",
    .format = "gemini.videos",
    .kind = KIND_VIDEO,
    .state_size = sizeof(struct job),
    .encode = encode,
    .decode = task_no_frame,
    .decode_whole = decode_whole,
    .finish = task_no_stream,
    .explain = gemini_explain,
    .more = more,
};
