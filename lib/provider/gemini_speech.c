/* Knows how a Gemini model is made to speak and to write down what it hears; refuses to know what was
 * said. */
#include "base/limits.h"
#include "provider/adapters.h"
#include "provider/gemini.h"
#include "provider/gemini_task.h"
#include "provider/task_answer.h"
#include "text/base64.h"
#include <aignehub/aignehub.h>

static int post(struct task_wire *w, struct http_request *out)
{
    const struct chat_target *to = w->json.to;
    int rc = gemini_key(to, out, w->json.why);
    return rc < 0 ? rc
                  : task_wire_post(w, gemini_method_url(to, "generateContent", w->json.arena),
                                   out);
}

/* ---- speech ---- */

/* What comes is bare samples; others can be told of a WAV file, of nothing that is compressed. */
static bool wants_samples(const struct task *t)
{
    struct slice format = t->output_format.p ? t->output_format : t->response_format;
    return slice_is_nocase(format, "pcm");
}

static bool wants_compressed(const struct task *t)
{
    struct slice format = t->output_format.p ? t->output_format : t->response_format;
    return format.n && !slice_is_nocase(format, "pcm") && !slice_is_nocase(format, "wav");
}

/* How to say it is said before it, as these models are asked. */
static struct slice spoken(const struct task *t, struct arena *a)
{
    struct slice parts[] = {t->instructions, SLICE(":\n"), t->prompt};
    return t->instructions.n ? arena_join(a, parts, 3) : t->prompt;
}

static void write_voice(struct json_writer *j, const struct task *t)
{
    json_member_object(j, "speechConfig");
    json_member_object(j, "voiceConfig");
    json_member_object(j, "prebuiltVoiceConfig");
    json_member_string(j, "voiceName", t->voice.n ? t->voice : SLICE("Kore"));
    json_close_object(j);
    json_close_object(j);
    json_member_string_opt(j, "languageCode", t->language);
    json_close_object(j);
}

static int encode_speech(const struct chat_request *r, const struct chat_target *to,
                         struct arena *a, struct http_request *out, struct fault *why)
{
    static const struct task_name names[] = {{"voice", NULL},    {"instructions", NULL},
                                             {"language", NULL}, {"outputFormat", NULL},
                                             {"speed", NULL},    {"temperature", NULL}};
    struct task_wire w AUTO(task_wire_close);
    *out = (struct http_request){0};
    task_wire_begin(&w, false, r, to, a, why);
    if (wants_compressed(r->task))
        return task_refuse(&w, "outputFormat",
                           "outputFormat: this provider gives wav and pcm.");
    if (r->task->speed.n && !slice_is(r->task->speed, "1") && !slice_is(r->task->speed, "1.0"))
        return task_refuse(&w, "speed",
                           "speed: this provider speaks as fast as instructions say in words.");
    struct slice text = spoken(r->task, a);
    int rc = text.p ? gemini_task_contents(&w, text) : fault_nomem(why);
    if (rc < 0)
        return rc;
    json_member_object(&w.json.json, "generationConfig");
    json_member_raw(&w.json.json, "responseModalities", SLICE("[\"AUDIO\"]"));
    json_member_raw_opt(&w.json.json, "temperature", r->temperature);
    write_voice(&w.json.json, r->task);
    json_close_object(&w.json.json);
    rc = task_wire_members(&w, names, sizeof names / sizeof names[0]);
    gemini_task_own(&w, NULL, 0);
    return rc < 0 ? rc : post(&w, out);
}

/* The rate in "audio/L16;codec=pcm;rate=24000". */
static uint32_t rate_of(struct slice mime)
{
    int64_t rate = 0;
    size_t at = slice_find(mime, SLICE("rate="));
    struct slice digits = slice_from(mime, at + 5);
    digits.n = slice_find_byte(digits, ';');
    bool said = at < mime.n && slice_int64(slice_trim(digits), &rate);
    return said && rate > 0 && rate <= 192000 ? (uint32_t)rate : 24000;
}

static void put_little(struct buf *out, uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        buf_put_byte(out, (char)(value >> (8 * i) & 0xFF));
}

/* The head of a WAV file of one channel with sixteen bits a sample. */
static void put_wav_head(struct buf *out, uint32_t rate, size_t size)
{
    BUF_LITERAL(out, "RIFF");
    put_little(out, (uint32_t)size + 36, 4);
    BUF_LITERAL(out, "WAVEfmt ");
    put_little(out, 16, 4);
    put_little(out, 1, 2);
    put_little(out, 1, 2);
    put_little(out, rate, 4);
    put_little(out, rate * 2, 4);
    put_little(out, 2, 2);
    put_little(out, 16, 2);
    BUF_LITERAL(out, "data");
    put_little(out, (uint32_t)size, 4);
}

static int push_audio(struct decoding *d, struct slice mime, struct slice base64)
{
    struct buf samples AUTO(buf_free);
    struct buf head AUTO(buf_free);
    bool bare =
        slice_starts_nocase(mime, "audio/L16") || slice_starts_nocase(mime, "audio/pcm");
    bool wav = bare && !(d->request && d->request->task && wants_samples(d->request->task));
    buf_init(&samples, LIMIT_REPLY_BODY);
    buf_init(&head, 64);
    if (!base64_decode(&samples, base64))
        return buf_rc(&samples)
                   ? fault_nomem(d->why)
                   : fault_set(d->why, AIGNE_E_PROTOCOL, "The provider's audio is not base64.");
    if (wav)
        put_wav_head(&head, rate_of(mime), samples.n);
    if (buf_rc(&head) || buf_rc(&samples))
        return fault_nomem(d->why);
    struct event e = {.kind = EVENT_BYTES,
                      .mime = !bare ? mime
                              : wav ? SLICE("audio/wav")
                                    : SLICE("audio/pcm"),
                      .text = buf_slice(&head)};
    int rc = wav ? event_push(d->sink, &e) : AIGNE_OK;
    e.text = buf_slice(&samples);
    return rc < 0 ? rc : event_push(d->sink, &e);
}

static int decode_speech(struct decoding *d, struct slice body, bool watching)
{
    struct gemini_task_answer answer = {.mime = "audio/"};
    bool heard = false;
    (void)watching;
    int rc = gemini_task_open(d, body, &answer);
    struct json_walk w = json_walk(answer.parts);
    while (rc >= 0 && !heard && json_next(&w)) {
        struct json data = json_get(w.value, "inlineData");
        heard = data.kind == JSON_OBJECT;
        if (heard)
            rc = push_audio(d, json_string(json_get(data, "mimeType"), d->scratch),
                            json_string(json_get(data, "data"), d->scratch));
    }
    if (rc >= 0 && !heard)
        rc = fault_set(d->why, AIGNE_E_PROTOCOL, "The provider's answer holds no audio.");
    if (rc >= 0)
        rc = answer_usage(d, &answer.usage);
    rc = answer_settled(d, rc);
    return rc < 0 ? rc : answer_finish(d, FINISH_STOP);
}

/* ---- transcription ---- */

static struct slice instruction(const struct task *t, struct arena *a)
{
    struct slice task = t->translating
                            ? SLICE("Write down in English what is said in this recording.")
                            : SLICE("Write down word for word what is said in this recording.");
    struct slice parts[] = {task,
                            SLICE(" Give the text alone, without timestamps and remarks."),
                            t->language.n ? SLICE(" Its language is ") : SLICE(""),
                            t->language.n ? t->language : SLICE(""),
                            t->language.n ? SLICE(".") : SLICE(""),
                            t->prompt.n ? SLICE(" It goes on after, or speaks of: ")
                                        : SLICE(""),
                            t->prompt.n ? t->prompt : SLICE("")};
    return arena_join(a, parts, sizeof parts / sizeof parts[0]);
}

static bool wants_times(const struct task *t)
{
    struct slice f = t->response_format;
    return slice_is(f, "srt") || slice_is(f, "vtt") || slice_is(f, "verbose_json") ||
           slice_is(f, "diarized_json");
}

static int encode_transcription(const struct chat_request *r, const struct chat_target *to,
                                struct arena *a, struct http_request *out, struct fault *why)
{
    static const struct task_name names[] = {{"language", NULL}, {"temperature", NULL}};
    struct task_wire w AUTO(task_wire_close);
    *out = (struct http_request){0};
    task_wire_begin(&w, false, r, to, a, why);
    if (wants_times(r->task))
        return task_refuse(&w, "responseFormat",
                           "responseFormat: this provider gives text without times.");
    struct slice text = instruction(r->task, a);
    int rc = text.p ? gemini_task_contents(&w, text) : fault_nomem(why);
    if (rc < 0)
        return rc;
    json_member_object(&w.json.json, "generationConfig");
    json_member_raw(&w.json.json, "temperature",
                    r->temperature.p ? r->temperature : SLICE("0"));
    json_close_object(&w.json.json);
    rc = task_wire_members(&w, names, sizeof names / sizeof names[0]);
    gemini_task_own(&w, NULL, 0);
    return rc < 0 ? rc : post(&w, out);
}

static int decode_transcription(struct decoding *d, struct slice body, bool watching)
{
    struct gemini_task_answer answer = {0};
    (void)watching;
    int rc = gemini_task_open(d, body, &answer);
    struct json_walk w = json_walk(answer.parts);
    while (rc >= 0 && json_next(&w)) {
        bool thought = false;
        (void)json_bool(json_get(w.value, "thought"), &thought);
        if (!thought)
            rc =
                answer_piece(d, EVENT_TEXT, json_string(json_get(w.value, "text"), d->scratch));
    }
    if (rc >= 0)
        rc = answer_usage(d, &answer.usage);
    rc = answer_settled(d, rc);
    return rc < 0 ? rc : answer_finish(d, FINISH_STOP);
}

#define TASK(kind_of, format_of, encode_of, decode_of)                                         \
    {                                                                                          \
        .name = "gemini", .format = (format_of), .kind = (kind_of), .encode = encode_of,       \
        .decode = task_no_frame, .decode_whole = decode_of, .finish = task_no_stream,          \
        .explain = gemini_explain                                                              \
    }

const struct adapter adapter_gemini_speech =
    TASK(KIND_SPEECH, "gemini.speech", encode_speech, decode_speech);
const struct adapter adapter_gemini_transcription = TASK(
    KIND_TRANSCRIPTION, "gemini.transcription", encode_transcription, decode_transcription);
