/* openai_speech.c - knows how OpenAI's clients ask for speech and hear it: as bytes, or as base64 in a
 * stream of events; refuses to know the voice. */
#include "ingress/openai_task.h"
#include "text/base64.h"
#include <aignehub/aignehub.h>

/* ---- the request ---- */

/* A name, or {"id"} of one's own voice. */
static int read_voice(struct reading *r, const char *member, struct json v, struct slice *to)
{
    if (v.kind == JSON_STRING)
        return read_string(r, member, v, to);
    if (v.kind != JSON_OBJECT)
        return reading_kind(r, member, "a string or an object with an id", v);
    return read_needed_string(r, "voice.id", json_get(v, "id"), to);
}

static const struct openai_member members[] = {
    {"model", read_string, JSON_STRING, MEMBER_OF_REQUEST(model)},
    {"input", read_string, JSON_STRING, MEMBER_OF_TASK(prompt)},
    {"voice", read_voice, JSON_STRING, MEMBER_OF_TASK(voice)},
    {"instructions", read_string, JSON_STRING, MEMBER_OF_TASK(instructions)},
    {"response_format", read_string, JSON_STRING, MEMBER_OF_TASK(output_format)},
    {"speed", read_number, JSON_NUMBER, MEMBER_OF_TASK(speed)},
    {"stream_format", read_string, JSON_STRING, MEMBER_OF_TASK(stream_format)},
};

static bool is_audio(struct slice stream_format)
{
    return !slice_is(stream_format, "sse");
}

static const struct openai_task speech = {
    .kind = KIND_SPEECH,
    .members = members,
    .count = sizeof members / sizeof members[0],
    .takes_json = true,
    .answer_form = "stream_format",
    .verbatim = is_audio,
    .streamed = true,
};

static int peek(const struct ingress_request *in, struct arena *a, struct slice *model,
                struct chat_relay *relay, struct fault *why)
{
    return openai_task_peek(&speech, in, a, model, relay, why);
}

static int decode(const struct ingress_request *in, struct arena *a, struct chat_request *out,
                  struct fault *why)
{
    static const char *const formats[] = {"audio", "sse", NULL};
    struct reading r;
    int rc = openai_task_read(&speech, &r, in, a, out, why);
    if (!rc)
        rc = openai_need(&r, "input", out->task->prompt);
    if (!rc)
        rc = openai_need(&r, "voice", out->task->voice);
    return rc ? rc
              : openai_one_of(&r, "stream_format", out->task->stream_format, formats,
                              "audio or sse");
}

/* ---- the answer ---- */

struct told {
    bool any;
    struct usage usage;
    bool used;
};

/* By the name that was asked for. */
static const char *type_of(struct slice format)
{
    static const char *const types[][2] = {{"mp3", "audio/mpeg"}, {"opus", "audio/opus"},
                                           {"aac", "audio/aac"},  {"flac", "audio/flac"},
                                           {"wav", "audio/wav"},  {"pcm", "audio/pcm"}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (slice_is(format, types[i][0]))
            return types[i][1];
    }
    return "audio/mpeg";
}

static int tell_type(struct encoding *e, struct slice mime)
{
    struct slice asked = e->request ? e->request->task->output_format : SLICE_NONE;
    e->media_type = mime.n ? arena_copy(e->keep, mime) : slice_text(type_of(asked));
    return e->media_type.p ? AIGNE_OK : AIGNE_E_NOMEM;
}

static void tell_delta(struct encoding *e, const struct event *ev)
{
    struct json_writer w = openai_frame(e, "speech.audio.delta", false);
    json_key(&w, "audio");
    json_write_raw(&w, SLICE("\""));
    if (ev->kind == EVENT_FILE)
        json_escape(e->out, ev->text);
    else
        base64_encode(e->out, ev->text);
    buf_put_byte(e->out, '"');
    openai_frame_end(&w);
}

static int event(struct encoding *e, const struct event *ev)
{
    struct told *t = e->state;
    if (ev->kind == EVENT_USAGE) {
        t->usage = ev->usage;
        t->used = true;
    }
    if (ev->kind != EVENT_BYTES && ev->kind != EVENT_FILE)
        return buf_rc(e->out);
    if (ev->is_url) /* bytes were asked for, and nothing is fetched here */
        return AIGNE_E_PROTOCOL;
    if (!e->verbatim) {
        tell_delta(e, ev);
    } else {
        int rc = t->any ? AIGNE_OK : tell_type(e, ev->mime);
        if (rc)
            return rc;
        if (ev->kind == EVENT_BYTES)
            buf_put_slice(e->out, ev->text);
        else if (!base64_decode(e->out, ev->text))
            return buf_rc(e->out) ? buf_rc(e->out) : AIGNE_E_PROTOCOL;
    }
    t->any = true;
    return buf_rc(e->out);
}

static int end(struct encoding *e, const struct reply_notes *notes)
{
    struct told *t = e->state;
    (void)notes;
    if (!t->any)
        return AIGNE_E_PROTOCOL; /* silence is no speech */
    if (e->verbatim)
        return buf_rc(e->out);
    struct json_writer w = openai_frame(e, "speech.audio.done", false);
    if (t->used)
        openai_write_tokens(&w, &t->usage, NULL, NULL);
    openai_frame_end(&w);
    return buf_rc(e->out);
}

static int whole(struct encoding *e, const struct reply *r, const struct reply_notes *notes)
{
    (void)r;
    (void)notes;
    return buf_rc(e->out) ? buf_rc(e->out) : AIGNE_E_INTERNAL; /* it is always streamed */
}

const struct ingress ingress_openai_speech = {
    .name = "openai",
    .format = "openai.speech",
    .kind = KIND_SPEECH,
    .needs_model = true,
    .state_size = sizeof(struct told),
    .content_type_stream = "text/event-stream",
    .content_type_plain = "application/json",
    .peek = peek,
    .decode = decode,
    .event = event,
    .end = end,
    .keep_alive = openai_keep_alive,
    .whole = whole,
    .error = openai_write_error,
};
