/* Knows how a task is put to a Gemini model like a chat, and how its answer is opened; refuses to know
 * which task it is. */
#include "provider/gemini_task.h"

#include "provider/gemini.h"
#include "provider/unsaid.h"
#include "text/base64.h"
#include <aignehub/aignehub.h>

/* ---- the request ---- */

static int refuse_file(struct task_wire *w, const struct task_file *file, const char *sentence)
{
    int rc = fault_set(w->json.why, AIGNE_E_REQUEST, "%.*s: %s", (int)file->member.n,
                       file->member.p, sentence);
    if (w->json.why)
        FAULT_COPY(w->json.why->param, file->member);
    return rc;
}

int gemini_task_bytes(struct task_wire *w, const struct task_file *file, const char *mime,
                      const char *data)
{
    struct slice type = task_file_mime(file, w->json.arena);
    if (file->form == TASK_FILE_URL)
        return refuse_file(w, file, "this provider takes no link here: send the file itself.");
    if (!type.p)
        return refuse_file(w, file, "say what kind of file this is.");
    json_member_string(&w->json.json, mime, type);
    if (file->form == TASK_FILE_BASE64) {
        json_member_string(&w->json.json, data, file->content);
        return AIGNE_OK;
    }
    wire_string_open(&w->json, data);
    base64_encode(&w->json.body, file->content);
    wire_string_close(&w->json);
    return AIGNE_OK;
}

static int write_file(struct task_wire *w, const struct task_file *file)
{
    struct json_writer *j = &w->json.json;
    bool elsewhere = file->form == TASK_FILE_URL;
    int rc = AIGNE_OK;
    json_open_object(j);
    json_key(j, elsewhere ? "fileData" : "inlineData");
    json_open_object(j);
    if (elsewhere) {
        json_member_string_opt(j, "mimeType", task_file_mime(file, w->json.arena));
        json_member_string(j, "fileUri", file->content);
    } else {
        rc = gemini_task_bytes(w, file, "mimeType", "data");
    }
    json_close_object(j);
    json_close_object(j);
    return rc;
}

int gemini_task_contents(struct task_wire *w, struct slice text)
{
    struct json_writer *j = &w->json.json;
    const struct task *t = w->json.request->task;
    int rc = AIGNE_OK;
    json_key(j, "contents");
    json_write_raw(j, SLICE("[{\"role\":\"user\",\"parts\":["));
    j->comma = false;
    for (size_t i = 0; i < t->file_count && rc >= 0; i++)
        rc = write_file(w, &t->files[i]);
    json_open_object(j);
    json_member_string(j, "text", text);
    json_close_object(j);
    BUF_LITERAL(&w->json.body, "]}]");
    j->comma = true;
    return rc;
}

void gemini_task_own(struct task_wire *w, const char *const *names, size_t count)
{
    const struct chat_request *r = w->json.request;
    for (size_t i = 0; i < count; i++) {
        const struct chat_extra *extra = wire_extra(r, names[i]);
        if (extra)
            json_member_raw(&w->json.json, names[i], extra->value);
    }
    unsaid_note_extras(r, w->json.to, names, count);
}

/* ---- the answer ---- */

/* A blocked prompt has no candidates, a blocked answer no content: both say why. */
static int refuse_blocked(struct decoding *d, struct json object, struct json candidate)
{
    struct json block = json_path(object, "promptFeedback.blockReason");
    struct json reason =
        block.kind == JSON_STRING ? block : json_get(candidate, "finishReason");
    struct slice name = json_string(reason, d->scratch);
    if (!name.n)
        return fault_set(d->why, AIGNE_E_PROTOCOL, "The provider's answer is empty.");
    if (d->why) {
        d->why->upstream = true;
        d->why->http = 400;
        FAULT_COPY(d->why->reason, name);
    }
    return fault_set(d->why, AIGNE_E_REQUEST, "The model gave nothing (%.*s).",
                     (int)(name.n < 60 ? name.n : 60), name.p);
}

int gemini_task_open(struct decoding *d, struct slice body, struct gemini_task_answer *out)
{
    enum { ID, VERSION, CANDIDATES, USAGE, MEMBERS };
    static const char *const names[] = {"responseId", "modelVersion", "candidates",
                                        "usageMetadata"};
    struct json v[MEMBERS];
    struct slice text = slice_trim(body);
    int rc = answer_check_pick(d, text, names, MEMBERS, v);
    if (rc >= 0)
        rc = gemini_complaint(d, text);
    if (rc < 0)
        return rc;
    (void)gemini_usage(v[USAGE], &out->usage);
    struct json_walk w = json_walk(v[CANDIDATES]);
    (void)json_next(&w);
    out->parts = json_path(w.value, "content.parts");
    if (json_count(out->parts) == 0)
        return answer_settled(d, refuse_blocked(d, json_of(text), w.value));
    rc = answer_start(d, json_string(v[ID], d->scratch), json_string(v[VERSION], d->scratch));
    return answer_settled(d, rc);
}

static bool begins(struct slice text, const char *prefix)
{
    return slice_starts_nocase(text, prefix);
}

int gemini_task_files(struct decoding *d, struct gemini_task_answer *answer)
{
    struct json_walk w = json_walk(answer->parts);
    int rc = AIGNE_OK;
    while (rc >= 0 && json_next(&w)) {
        bool thought = false;
        struct json data = json_get(w.value, "inlineData");
        struct slice mime = json_string(json_get(data, "mimeType"), d->scratch);
        struct slice bytes = json_string(json_get(data, "data"), d->scratch);
        (void)json_bool(json_get(w.value, "thought"), &thought);
        if (thought || !bytes.n || !begins(mime, answer->mime))
            continue;
        answer->files++;
        rc = answer_file(d, mime, bytes, false);
    }
    return answer_settled(d, rc);
}
