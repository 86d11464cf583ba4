/* openai_transcriptions.c - knows how OpenAI's clients send what was spoken and read what was heard, as
 * JSON, as bare text or as it comes; refuses to know who listens. */
#include "ingress/openai_task.h"
#include "text/decimal.h"
#include <aignehub/aignehub.h>

/* ---- the request ---- */

static int no_file(struct reading *r, const char *member, struct json v, struct slice *to)
{
    (void)v;
    (void)to;
    return reading_refuse(r, member, "must be a file");
}

static const struct openai_member members[] = {
    {"file", no_file, JSON_NONE, MEMBER_OF_NONE},
    {"model", read_string, JSON_STRING, MEMBER_OF_REQUEST(model)},
    {"stream", openai_read_stream, JSON_TRUE, MEMBER_OF_NONE},
    {"language", read_string, JSON_STRING, MEMBER_OF_TASK(language)},
    {"prompt", read_string, JSON_STRING, MEMBER_OF_TASK(prompt)},
    {"response_format", read_string, JSON_STRING, MEMBER_OF_TASK(response_format)},
    {"temperature", read_number, JSON_NUMBER, MEMBER_OF_REQUEST(temperature)},
    {"timestamp_granularities", read_array, JSON_ARRAY, MEMBER_OF_TASK(granularities)},
};

static bool is_bare_text(struct slice response_format)
{
    return slice_is(response_format, "text") || slice_is(response_format, "srt") ||
           slice_is(response_format, "vtt");
}

/* Bare text says nothing of what was used: JSON is asked for, and its text handed on. */
static bool is_relayable(struct slice model, struct slice response_format)
{
    (void)model;
    return !slice_is(response_format, "text");
}

static const struct openai_task transcriptions = {
    .kind = KIND_TRANSCRIPTION,
    .members = members,
    .count = sizeof members / sizeof members[0],
    .takes_form = true,
    .answer_form = "response_format",
    .verbatim = is_bare_text,
    .relayable = is_relayable,
};

static int peek(const struct ingress_request *in, struct arena *a, struct slice *model,
                struct chat_relay *relay, struct fault *why)
{
    return openai_task_peek(&transcriptions, in, a, model, relay, why);
}

static int decode(const struct ingress_request *in, struct arena *a, struct chat_request *out,
                  struct fault *why)
{
    static const char *const formats[] = {"json", "text",          "srt", "verbose_json",
                                          "vtt",  "diarized_json", NULL};
    struct reading r;
    int rc = openai_task_read(&transcriptions, &r, in, a, out, why);
    if (rc)
        return rc;
    if (out->task->file_count != 1)
        return reading_refuse(&r, "file",
                              out->task->file_count ? "must be one file" : "is missing");
    out->task->files[0].member = SLICE("audio");
    return openai_one_of(&r, "response_format", out->task->response_format, formats,
                         "json, text, srt, vtt, verbose_json or diarized_json");
}

static int decode_translation(const struct ingress_request *in, struct arena *a,
                              struct chat_request *out, struct fault *why)
{
    int rc = decode(in, a, out, why);
    if (!rc)
        out->task->translating = true;
    return rc;
}

/* ---- the answer ---- */

static void write_usage(struct json_writer *w, const struct usage *u)
{
    if (openai_tokens_counted(u)) {
        openai_write_tokens(w, u, "input_token_details", "tokens");
        return;
    }
    if (u->milliseconds < 0)
        return;
    json_member_object(w, "usage");
    json_member_text(w, "type", "duration");
    json_key(w, "seconds");
    decimal_write(w->out, u->milliseconds, 3);
    w->comma = true;
    json_close_object(w);
}

static bool has_extra(const struct reply *r, const char *name)
{
    for (size_t i = 0; i < r->extra_count; i++) {
        if (slice_is(r->extras[i].name, name))
            return true;
    }
    return false;
}

/* Language and duration belong to every verbose answer. */
static void write_verbose(struct json_writer *w, const struct encoding *e,
                          const struct reply *r)
{
    const struct task *asked = e->request->task;
    json_member_text(w, "task", asked->translating ? "translate" : "transcribe");
    if (!has_extra(r, "language"))
        json_member_string(w, "language", asked->language.p ? asked->language : SLICE(""));
    if (!has_extra(r, "duration")) {
        json_key(w, "duration");
        decimal_write(w->out, usage_known(r->usage.milliseconds), 3);
        w->comma = true;
    }
}

static int whole(struct encoding *e, const struct reply *r, const struct reply_notes *notes)
{
    const struct task *asked = e->request ? e->request->task : NULL;
    struct slice text = buf_slice(&r->text);
    (void)notes;
    if (e->verbatim) {
        e->media_type = SLICE("text/plain; charset=utf-8");
        buf_put_slice(e->out, text);
        if (!slice_ends(text, "\n"))
            buf_put_byte(e->out, '\n');
        return buf_rc(e->out);
    }
    struct json_writer w = json_writer(e->out);
    json_open_object(&w);
    if (asked && slice_is(asked->response_format, "verbose_json"))
        write_verbose(&w, e, r);
    json_member_string(&w, "text", text);
    for (size_t i = 0; i < r->extra_count; i++) {
        json_key_slice(&w, r->extras[i].name);
        json_write_raw(&w, r->extras[i].value);
    }
    write_usage(&w, &r->usage);
    json_close_object(&w);
    return buf_rc(e->out);
}

struct told {
    struct buf text;
    bool begun;
    struct usage usage;
    bool used;
};

static int event(struct encoding *e, const struct event *ev)
{
    struct told *t = e->state;
    if (!t->begun)
        buf_init(&t->text, e->out->ceiling);
    t->begun = true;
    if (ev->kind == EVENT_USAGE) {
        t->usage = ev->usage;
        t->used = true;
    }
    if (ev->kind != EVENT_TEXT || !ev->text.n)
        return buf_rc(e->out);
    struct json_writer w = openai_frame(e, "transcript.text.delta", false);
    json_member_string(&w, "delta", ev->text);
    openai_frame_end(&w);
    buf_put_slice(&t->text, ev->text);
    return buf_rc(&t->text) ? buf_rc(&t->text) : buf_rc(e->out);
}

static int end(struct encoding *e, const struct reply_notes *notes)
{
    struct told *t = e->state;
    (void)notes;
    struct json_writer w = openai_frame(e, "transcript.text.done", false);
    json_member_string(&w, "text", t->begun ? buf_slice(&t->text) : SLICE(""));
    if (t->used)
        write_usage(&w, &t->usage);
    openai_frame_end(&w);
    return buf_rc(e->out);
}

static void close_state(struct encoding *e)
{
    struct told *t = e->state;
    if (t->begun)
        buf_free(&t->text);
    t->begun = false;
}

#define OPENAI_HEARING(name_of, format_of, decode_of)                                          \
    const struct ingress name_of = {                                                           \
        .name = "openai",                                                                      \
        .format = (format_of),                                                                 \
        .kind = KIND_TRANSCRIPTION,                                                            \
        .needs_model = true,                                                                   \
        .state_size = sizeof(struct told),                                                     \
        .content_type_stream = "text/event-stream",                                            \
        .content_type_plain = "application/json",                                              \
        .peek = peek,                                                                          \
        .decode = decode_of,                                                                   \
        .event = event,                                                                        \
        .end = end,                                                                            \
        .keep_alive = openai_keep_alive,                                                       \
        .whole = whole,                                                                        \
        .error = openai_write_error,                                                           \
        .close = close_state,                                                                  \
    }

OPENAI_HEARING(ingress_openai_transcriptions, "openai.transcriptions", decode);
OPENAI_HEARING(ingress_openai_translations, "openai.translations", decode_translation);
