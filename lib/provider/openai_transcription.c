/* Knows OpenAI's transcriptions and translations of what was spoken; refuses to know who spoke. */
#include "provider/adapters.h"
#include "provider/complaint.h"
#include "provider/openai_task.h"
#include <aignehub/aignehub.h>

#define TRANSCRIPTIONS "audio/transcriptions"
#define TRANSLATIONS   "audio/translations"

/* ---- the request ---- */

static int encode(const struct chat_request *r, const struct chat_target *to, struct arena *a,
                  struct http_request *out, struct fault *why)
{
    static const struct task_name names[] = {
        {"temperature", "temperature"},
        {"language", "language"},
        {"timestampGranularities", "timestamp_granularities"},
    };
    static const char *const files[] = {"audio", "file", NULL};
    static const char *const taken[] = {"stream", NULL};
    const struct task *t = r->task;
    struct task_wire w AUTO(task_wire_close);
    *out = (struct http_request){0};
    task_wire_begin(&w, true, r, to, a, why);
    int rc = task_refuse_files(&w, files);
    if (rc >= 0 && t->file_count != 1)
        rc = task_refuse(&w, "audio", "audio: one file is transcribed at a time.");
    if (rc >= 0)
        rc = task_wire_file(&w, "file", &t->files[0]);
    task_wire_text(&w, "model", to->model);
    task_wire_text(&w, "prompt", t->prompt);
    /* The same text, with what was used. */
    task_wire_text(&w, "response_format",
                   slice_is(t->response_format, "text") ? SLICE("json") : t->response_format);
    bool streamed = r->stream && !t->translating;
    if (streamed)
        task_wire_text(&w, "stream", SLICE("true"));
    if (rc >= 0)
        rc = task_wire_members(&w, names, sizeof names / sizeof names[0]);
    task_wire_extras(&w, taken);
    if (rc >= 0)
        rc = openai_task_post(&w, t->translating ? TRANSLATIONS : TRANSCRIPTIONS, out);
    out->streamed = streamed;
    return rc;
}

static int relay_transcription(const struct chat_relay *r, const struct chat_target *to,
                               struct arena *a, struct http_request *out, struct fault *why)
{
    return openai_task_relay(r, to, TRANSCRIPTIONS, a, out, why);
}

static int relay_translation(const struct chat_relay *r, const struct chat_target *to,
                             struct arena *a, struct http_request *out, struct fault *why)
{
    return openai_task_relay(r, to, TRANSLATIONS, a, out, why);
}

/* ---- the answer ---- */

struct hearing {
    bool started;
    bool done;
};

static int start(struct decoding *d)
{
    struct hearing *s = d->state;
    if (s->started)
        return AIGNE_OK;
    s->started = true;
    return answer_start(d, SLICE_NONE, SLICE_NONE);
}

/* {"type":"tokens",...} or {"type":"duration","seconds":12}; a verbose answer tells the duration beside. */
static int push_usage(struct decoding *d, struct json usage, struct json duration)
{
    struct usage used;
    usage_init(&used);
    openai_task_tokens(usage, &used);
    used.milliseconds = task_milliseconds(json_get(usage, "seconds"));
    if (used.milliseconds < 0)
        used.milliseconds = task_milliseconds(duration);
    return answer_usage(d, &used);
}

/* Language, words, segments: told as they are. */
static int push_others(struct decoding *d, struct json object)
{
    static const char *const known[] = {"text", "usage", "task", "error"};
    struct json_walk w = json_walk(object);
    while (json_next(&w)) {
        bool skip = !json_present(w.value);
        for (size_t i = 0; !skip && i < sizeof known / sizeof known[0]; i++)
            skip = json_key_is(&w, known[i]);
        if (skip)
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

static int read_object(struct decoding *d, struct slice body, bool watching)
{
    static const char *const names[] = {"text", "usage", "duration"};
    struct json v[3];
    int rc = openai_task_open(d, body, names, 3, v);
    if (rc >= 0 && v[0].kind != JSON_STRING)
        return fault_set(d->why, AIGNE_E_PROTOCOL, "The provider sent no text.");
    if (rc >= 0)
        rc = start(d);
    if (rc >= 0 && !watching)
        rc = answer_piece(d, EVENT_TEXT, json_string(v[0], d->scratch));
    if (rc >= 0 && !watching)
        rc = push_others(d, json_of(slice_trim(body)));
    return rc < 0 ? rc : push_usage(d, v[1], v[2]);
}

/* The caller asked for "text", "srt" or "vtt". */
static bool is_text(const struct decoding *d)
{
    return d->media_type.p && slice_starts_nocase(d->media_type, "text/");
}

/* "00:01:02,500" or "01:02.500" in milliseconds; -1: neither. */
static int64_t moment(struct slice text)
{
    int64_t seconds = 0;
    int64_t part = 0;
    struct slice head;
    while (slice_cut(text, ':', &head, &text)) {
        if (!slice_int64(head, &part) || part < 0 || part > 999 || seconds > 3600000)
            return -1;
        seconds = (seconds + part) * 60;
    }
    if (text.n != 6 || !slice_int64(slice_of(text.p, 2), &part) || part < 0)
        return -1;
    seconds += part;
    if (!slice_int64(slice_of(text.p + 3, 3), &part) || part < 0)
        return -1;
    return seconds * 1000 + part;
}

/* Subtitles tell how long it took by when the last one goes. */
static int push_length(struct decoding *d, struct slice text)
{
    struct slice arrow = SLICE("--> ");
    struct usage used;
    usage_init(&used);
    for (size_t at = slice_find(text, arrow); at < text.n; at = slice_find(text, arrow)) {
        text = slice_from(text, at + arrow.n);
        size_t end = 0;
        while (end < text.n && (unsigned char)text.p[end] > ' ')
            end++;
        int64_t until = moment(slice_of(text.p, end));
        if (until > used.milliseconds)
            used.milliseconds = until;
    }
    return answer_usage(d, &used);
}

static int decode_whole(struct decoding *d, struct slice body, bool watching)
{
    int rc = AIGNE_OK;
    if (is_text(d)) {
        rc = start(d);
        if (rc >= 0 && !watching)
            rc = answer_piece(d, EVENT_TEXT, body);
        if (rc >= 0)
            rc = push_length(d, body);
    } else {
        rc = read_object(d, body, watching);
    }
    rc = answer_settled(d, rc);
    return rc < 0 ? rc : answer_finish(d, FINISH_STOP);
}

/* "transcript.text.delta" brings a piece, "transcript.text.done" the end and what was used. */
static int read_frame(struct decoding *d, const struct sse_event *frame, bool watching)
{
    static const char *const names[] = {"type", "delta", "usage"};
    struct hearing *s = d->state;
    struct slice data = slice_trim(frame->data);
    struct json v[3];
    if (!data.n || s->done || slice_is(data, "[DONE]"))
        return AIGNE_OK;
    int rc = openai_task_open(d, data, names, 3, v);
    if (rc >= 0)
        rc = start(d);
    if (rc >= 0 && !watching && json_string_is(v[0], "transcript.text.delta"))
        rc = answer_piece(d, EVENT_TEXT, json_string(v[1], d->scratch));
    if (rc < 0 || !json_string_is(v[0], "transcript.text.done"))
        return answer_settled(d, rc);
    s->done = true;
    rc = push_usage(d, v[2], (struct json){0});
    return rc < 0 ? rc : answer_finish(d, FINISH_STOP);
}

static int decode(struct decoding *d, const struct sse_event *frame)
{
    return read_frame(d, frame, false);
}

static int watch(struct decoding *d, const struct sse_event *frame,
                 enum chat_choice usage_wanted, struct slice *shown)
{
    (void)usage_wanted;
    (void)shown;
    return read_frame(d, frame, true);
}

static int finish(struct decoding *d)
{
    const struct hearing *s = d->state;
    return s->done ? AIGNE_OK : answer_cut(d);
}

#define OPENAI_HEARING(name_of, format_of, relay_of)                                           \
    const struct adapter name_of = {                                                           \
        .name = "openai",                                                                      \
        .format = format_of,                                                                   \
        .kind = KIND_TRANSCRIPTION,                                                            \
        .state_size = sizeof(struct hearing),                                                  \
        .encode = encode,                                                                      \
        .relay = relay_of,                                                                     \
        .decode = decode,                                                                      \
        .watch = watch,                                                                        \
        .decode_whole = decode_whole,                                                          \
        .finish = finish,                                                                      \
        .explain = complaint_explain,                                                          \
    }

OPENAI_HEARING(adapter_openai_transcription, "openai.transcriptions", relay_transcription);
OPENAI_HEARING(adapter_openai_translation, "openai.translations", relay_translation);
