/* Knows how another AIGNE hub is asked for images, videos, embeddings, speech and transcriptions, and how
 * its answers read; leaves finding the hub and its errors to hub.c. */
#include "base/mem.h"
#include "chat/task_input.h"
#include "provider/adapters.h"
#include "provider/answer.h"
#include "provider/complaint.h"
#include "provider/hub.h"
#include "provider/task_answer.h"
#include "provider/wire.h"
#include "text/url.h"
#include <aignehub/aignehub.h>

static const char *const task_paths[KINDS] = {
    [KIND_EMBEDDING] = "/api/v2/embeddings",
    [KIND_IMAGE] = "/api/v2/image",
    [KIND_VIDEO] = "/api/v2/video",
    [KIND_SPEECH] = "/api/v2/speech",
    [KIND_TRANSCRIPTION] = "/api/v2/transcription",
};

static int encode(const struct chat_request *r, const struct chat_target *to, struct arena *a,
                  struct http_request *out, struct fault *why)
{
    struct wire w AUTO(wire_close);
    *out = (struct http_request){0};
    wire_begin(&w, r, to, a, why);
    json_open_object(&w.json);
    json_key(&w.json, "input");
    task_input_write(r, to->model.n ? to->model : SLICE_NONE, &w.body);
    w.json.comma = true;
    json_member_text(&w.json, "agent", "$CHAT_MODEL");
    json_key(&w.json, "options");
    json_write_raw(&w.json, SLICE("{\"streaming\":false,\"userContext\":{},\"memories\":[]}"));
    if (to->model.n)
        json_member_string(&w.json, "model", to->model);
    json_close_object(&w.json);
    struct slice url = url_join(a, hub_root(to->base_url), slice_text(task_paths[r->kind]));
    int rc = wire_post(&w, url, out);
    if (rc < 0)
        return rc;
    if (to->client_id.n)
        rc = wire_header(out, "x-aigne-hub-client-did", to->client_id, why);
    return rc < 0 ? rc : wire_bearer(a, to->secret, out, why);
}

static int push_file(struct decoding *d, struct json part)
{
    struct json url = json_get(part, "url");
    struct event e = {
        .kind = EVENT_FILE,
        .is_url = url.kind == JSON_STRING,
        .text = json_string(url.kind == JSON_STRING ? url : json_get(part, "data"), d->scratch),
        .mime = json_string(json_get(part, "mimeType"), d->scratch),
        .name = json_string(json_get(part, "filename"), d->scratch),
    };
    return e.text.n ? event_push(d->sink, &e) : AIGNE_OK;
}

static int push_files(struct decoding *d, struct json list)
{
    if (list.kind == JSON_OBJECT)
        return push_file(d, list);
    struct json_walk w = json_walk(list);
    while (json_next(&w)) {
        int rc = push_file(d, w.value);
        if (rc < 0)
            return rc;
    }
    return AIGNE_OK;
}

static int push_embeddings(struct decoding *d, struct json list)
{
    struct json_walk w = json_walk(list);
    for (int i = 0; json_next(&w); i++) {
        struct event e = {.kind = EVENT_EMBEDDING, .index = i, .text = w.value.raw};
        int rc = w.value.kind == JSON_ARRAY ? event_push(d->sink, &e) : AIGNE_OK;
        if (rc < 0)
            return rc;
    }
    return AIGNE_OK;
}

enum member {
    IMAGES,
    VIDEOS,
    AUDIO,
    EMBEDDINGS,
    TEXT,
    USAGE,
    MODEL,
    OPTIONS,
    SECONDS,
    MEMBERS
};
static const char *const members[MEMBERS] = {"images",     "videos",       "audio",
                                             "embeddings", "text",         "usage",
                                             "model",      "modelOptions", "seconds"};

/* The counts that only tasks have; a chat's are read by hub_push_usage. AIGNE's own hub counts no images
 * and tells a video's seconds beside the usage. */
static void read_units(const struct json *v, struct usage *u)
{
    u->images = answer_count(json_get(v[USAGE], "images"));
    u->characters = answer_count(json_get(v[USAGE], "characters"));
    u->milliseconds = task_milliseconds(json_get(v[USAGE], "seconds"));
    if (u->images < 0 && v[IMAGES].kind == JSON_ARRAY)
        u->images = (int64_t)json_count(v[IMAGES]);
    if (u->milliseconds < 0)
        u->milliseconds = task_milliseconds(v[SECONDS]);
}

static int push_extras(struct decoding *d, struct json object)
{
    struct json_walk w = json_walk(object);
    while (json_next(&w)) {
        bool known = !json_present(w.value);
        for (size_t i = 0; !known && i < MEMBERS; i++)
            known = json_key_is(&w, members[i]);
        if (known)
            continue;
        struct json key = {JSON_STRING, slice_of(w.key.p - 1, w.key.n + 2)};
        struct event e = {
            .kind = EVENT_EXTRA, .name = json_string(key, d->scratch), .text = w.value.raw};
        int rc = e.name.p ? event_push(d->sink, &e) : fault_nomem(d->why);
        if (rc < 0)
            return rc;
    }
    return AIGNE_OK;
}

static int push_answer(struct decoding *d, struct json object)
{
    struct json v[MEMBERS];
    struct usage units;
    json_pick(object, members, MEMBERS, v);
    usage_init(&units);
    read_units(v, &units);
    int rc = answer_start(d, SLICE_NONE, json_string(v[MODEL], d->scratch));
    if (rc >= 0)
        rc = push_files(d, json_present(v[IMAGES])   ? v[IMAGES]
                           : json_present(v[VIDEOS]) ? v[VIDEOS]
                                                     : v[AUDIO]);
    if (rc >= 0)
        rc = push_embeddings(d, v[EMBEDDINGS]);
    struct slice text = json_string(v[TEXT], d->scratch);
    if (rc >= 0 && text.n)
        rc = answer_piece(d, EVENT_TEXT, text);
    if (rc >= 0)
        rc = hub_push_usage(d, v[USAGE], &units);
    return rc < 0 ? rc : push_extras(d, object);
}

static int decode_whole(struct decoding *d, struct slice body, bool watching)
{
    struct slice text = slice_trim(body);
    (void)watching;
    int rc = answer_check(d, text, JSON_OBJECT);
    if (rc < 0)
        return rc;
    struct json object = json_of(text);
    if (complaint_present(json_get(object, "error")))
        return hub_complaint(d, object);
    rc = answer_settled(d, push_answer(d, object));
    return rc < 0 ? rc : answer_finish(d, FINISH_STOP);
}

/* A hub never streams these. */
static int decode(struct decoding *d, const struct sse_event *frame)
{
    (void)frame;
    return fault_set(d->why, AIGNE_E_PROTOCOL, "The hub streamed what it should send whole.");
}

static int finish(struct decoding *d)
{
    return fault_set(d->why, AIGNE_E_PROTOCOL, "The hub streamed what it should send whole.");
}

#define HUB_TASK(name_of, kind_of)                                                             \
    const struct adapter adapter_hub_##name_of = {                                             \
        .name = "aignehub",                                                                    \
        .format = "aigne.hub." #name_of,                                                       \
        .kind = kind_of,                                                                       \
        .encode = encode,                                                                      \
        .decode = decode,                                                                      \
        .decode_whole = decode_whole,                                                          \
        .finish = finish,                                                                      \
        .explain = hub_explain,                                                                \
        .discover_url = hub_discover_url,                                                      \
        .discovered = hub_discovered,                                                          \
        .list_request = hub_list_request,                                                      \
        .list_answer = hub_list_answer,                                                        \
    }

HUB_TASK(embedding, KIND_EMBEDDING);
HUB_TASK(image, KIND_IMAGE);
HUB_TASK(video, KIND_VIDEO);
HUB_TASK(speech, KIND_SPEECH);
HUB_TASK(transcription, KIND_TRANSCRIPTION);
