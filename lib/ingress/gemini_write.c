/* gemini_write.c - knows the pieces that Gemini's streamed and whole answers share; refuses to know which
 * of the two is written. */
#include "ingress/gemini.h"

#include "text/base64.h"
#include "text/json_scan.h"
#include <aignehub/aignehub.h>

void google_write_text(struct json_writer *w, struct slice text, bool thought)
{
    json_open_object(w);
    json_member_string(w, "text", text);
    if (thought)
        json_member_bool(w, "thought", true);
    json_close_object(w);
}

void google_write_sealed(struct json_writer *w, enum google_seal kind, struct slice vendor,
                         struct slice text)
{
    bool own = slice_is(vendor, GOOGLE_VENDOR) && kind == SEAL_SIGNATURE;
    json_open_object(w);
    json_member_text(w, "text", "");
    if (own) {
        json_member_string(w, "thoughtSignature", text);
    } else {
        json_member_bool(w, "thought", true);
        json_key(w, "thoughtSignature");
        buf_put_byte(w->out, '"');
        google_seal(w->out, kind, vendor, text);
        buf_put_byte(w->out, '"');
    }
    w->comma = true;
    json_close_object(w);
}

/* The line ends in checked JSON from `from` on, all of them between its values, become blanks: a frame of a
 * stream is one line. */
static void join_lines(struct buf *out, size_t from)
{
    for (size_t i = from; i < out->n; i++) {
        if (out->p[i] == '\n' || out->p[i] == '\r')
            out->p[i] = ' ';
    }
}

/* The object that arguments must be here: a model that erred gave something else. */
static void write_args(struct json_writer *w, struct slice arguments)
{
    struct slice text = slice_trim(arguments);
    size_t from = w->out->n;
    json_key(w, "args");
    if (!text.n) {
        json_write_raw(w, SLICE("{}"));
        return;
    }
    bool valid = json_check(text, NULL) == AIGNE_OK;
    if (valid && json_of(text).kind == JSON_OBJECT) {
        json_write_raw(w, text);
        join_lines(w->out, from);
        return;
    }
    json_open_object(w);
    if (valid)
        json_member_raw(w, "input", text);
    else
        json_member_string(w, "input", text);
    json_close_object(w);
    join_lines(w->out, from);
}

void google_write_call(struct json_writer *w, struct slice id, struct slice name,
                       struct slice arguments, struct slice metadata)
{
    struct json signature = json_get(json_of(metadata), "thoughtSignature");
    json_open_object(w);
    json_member_object(w, "functionCall");
    if (id.n)
        json_member_string(w, "id", id);
    json_member_string(w, "name", name.p ? name : SLICE(""));
    write_args(w, arguments);
    json_close_object(w);
    if (signature.kind == JSON_STRING)
        json_member_raw(w, "thoughtSignature", signature.raw);
    json_close_object(w);
}

void google_write_file(struct json_writer *w, struct slice mime, struct slice content,
                       bool is_url)
{
    json_open_object(w);
    json_key(w, is_url ? "fileData" : "inlineData");
    json_open_object(w);
    json_member_string(w, "mimeType", mime.n ? mime : SLICE("application/octet-stream"));
    json_member_string(w, is_url ? "fileUri" : "data", content);
    json_close_object(w);
    json_close_object(w);
}

static void write_modality(struct json_writer *w, const char *modality, int64_t count)
{
    if (count <= 0)
        return;
    json_open_object(w);
    json_member_text(w, "modality", modality);
    json_member_int(w, "tokenCount", count);
    json_close_object(w);
}

/* Only where there are other tokens than those of text. */
static void write_modalities(struct json_writer *w, const char *name, int64_t text,
                             int64_t image, int64_t audio)
{
    if (image <= 0 && audio <= 0)
        return;
    json_member_array(w, name);
    write_modality(w, "TEXT", text);
    write_modality(w, "IMAGE", image);
    write_modality(w, "AUDIO", audio);
    json_close_array(w);
}

static void member_known(struct json_writer *w, const char *name, int64_t count)
{
    if (count > 0)
        json_member_int(w, name, count);
}

/* What was read from a cache is in the prompt, what was thought is not in the candidates. */
void google_write_usage(struct json_writer *w, const struct usage *u)
{
    int64_t prompt = usage_prompt(u);
    int64_t thoughts = usage_known(u->reasoning);
    int64_t image = usage_known(u->image_input);
    int64_t audio = usage_known(u->audio_input);
    json_member_object(w, "usageMetadata");
    json_member_int(w, "promptTokenCount", prompt);
    member_known(w, "cachedContentTokenCount", u->cache_read);
    json_member_int(w, "candidatesTokenCount", usage_answer(u) - thoughts);
    member_known(w, "thoughtsTokenCount", thoughts);
    json_member_int(w, "totalTokenCount", prompt + usage_answer(u));
    write_modalities(w, "promptTokensDetails", prompt - image - audio, image, audio);
    write_modalities(w, "candidatesTokensDetails", usage_known(u->output),
                     usage_known(u->image_output), usage_known(u->audio_output));
    json_close_object(w);
}

void google_write_names(struct json_writer *w, const struct encoding *e)
{
    json_member_string(w, "modelVersion", e->model.p ? e->model : SLICE(""));
    json_member_string(w, "responseId", e->call_id);
}

const char *google_finish_name(enum finish finish)
{
    static const char *const names[] = {
        [FINISH_UNKNOWN] = "OTHER",      [FINISH_STOP] = "STOP",
        [FINISH_STOP_SEQUENCE] = "STOP", [FINISH_LENGTH] = "MAX_TOKENS",
        [FINISH_TOOLS] = "STOP",         [FINISH_FILTER] = "SAFETY",
        [FINISH_REFUSAL] = "SAFETY",     [FINISH_PAUSE] = "CONTINUATION"};
    return names[finish];
}
