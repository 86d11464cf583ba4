/* task_input_read.c - knows how a task is read from JSON; refuses to know who will do it. */
#include "chat/task_input.h"

#include "base/limits.h"
#include "chat/reading.h"
#include "chat/surrogates.h"
#include "chat/task_members.h"
#include "text/base64.h"
#include <aignehub/aignehub.h>

/* ---- settings ---- */

/* Numbers may come in quotes; what is in them must still be one. */
static int read_loose_number(struct reading *r, const char *member, struct json v,
                             struct slice *out)
{
    if (v.kind != JSON_STRING)
        return read_number(r, member, v, out);
    struct slice text = SLICE_NONE;
    int rc = read_string(r, member, v, &text);
    if (rc || !text.n)
        return rc;
    if (json_check(text, NULL) || json_of(text).kind != JSON_NUMBER)
        return reading_refuse(r, member, "must be a number");
    *out = text;
    return AIGNE_OK;
}

static int read_member(struct reading *r, const struct task_member *m, struct json v)
{
    struct chat_request *request = r->build.request;
    char *base = m->in_request ? (char *)request : (char *)request->task;
    struct slice *to = (struct slice *)(void *)(base + m->offset);
    switch (m->form) {
    case MEMBER_NUMBER:
        return read_loose_number(r, m->name, v, to);
    case MEMBER_ARRAY:
        return read_array(r, m->name, v, to);
    case MEMBER_TEXT:
        break;
    }
    return read_string(r, m->name, v, to);
}

static const struct task_member *member_of(const struct json_walk *w)
{
    for (size_t i = 0; i < task_member_count; i++) {
        const struct task_member *m = &task_members[i];
        if (json_key_is(w, m->name) || (m->other && json_key_is(w, m->other)))
            return m;
    }
    return NULL;
}

/* ---- files ---- */

int task_read_place(struct reading *r, const char *member, struct slice url,
                    struct task_file *file)
{
    struct slice mime = SLICE_NONE;
    file->content = url;
    file->form = TASK_FILE_URL;
    if (slice_starts_nocase(url, "http://") || slice_starts_nocase(url, "https://"))
        return AIGNE_OK;
    if (!data_url_parse(url, &mime, &file->content))
        return reading_refuse(r, member,
                              "must be an http, https or base64 data URL, or a file part");
    file->form = TASK_FILE_BASE64;
    if (!file->mime.p)
        file->mime = mime;
    return AIGNE_OK;
}

static int read_part(struct reading *r, const char *member, struct json v,
                     struct task_file *file)
{
    static const char *const names[] = {"type", "data", "url", "mimeType", "filename"};
    struct json m[5];
    struct slice url = SLICE_NONE;
    if (v.kind == JSON_STRING) {
        int rc = read_string(r, member, v, &url);
        return rc ? rc : task_read_place(r, member, url, file);
    }
    if (v.kind != JSON_OBJECT)
        return reading_kind(r, member, "a file or url part, or a URL", v);
    json_pick(v, names, 5, m);
    int rc = read_string(r, member, m[3], &file->mime);
    if (!rc)
        rc = read_string(r, member, m[4], &file->filename);
    if (rc)
        return rc;
    if (json_present(m[2])) {
        rc = read_string(r, member, m[2], &url);
        return rc ? rc : task_read_place(r, member, url, file);
    }
    if (!json_present(m[1]))
        return reading_refuse(r, member, "holds a part with neither data nor url");
    rc = read_string(r, member, m[1], &file->content);
    if (!rc && !base64_valid(file->content))
        return reading_refuse(r, member, "holds data that is not base64");
    return rc;
}

static int read_file(struct reading *r, const char *member, struct json v)
{
    struct task *task = r->build.request->task;
    if (task->file_count >= TASK_FILES_LARGEST)
        return reading_refuse(r, member, "holds more than %d files", TASK_FILES_LARGEST);
    struct task_file *file = task_add_file(task, r->arena);
    if (!file)
        return reading_nomem(r);
    file->member = slice_text(member);
    return read_part(r, member, v, file);
}

static int read_files(struct reading *r, const char *member, struct json v)
{
    if (!json_present(v))
        return AIGNE_OK;
    if (v.kind != JSON_ARRAY)
        return read_file(r, member, v);
    struct json_walk w = json_walk(v);
    while (json_next(&w)) {
        int rc = read_file(r, member, w.value);
        if (rc)
            return rc;
    }
    return AIGNE_OK;
}

static const char *file_member(const struct json_walk *w)
{
    static const char *const names[] = {"image", "mask", "audio", "video", "lastFrame"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (json_key_is(w, names[i]))
            return names[i];
    }
    return NULL;
}

/* ---- what is embedded ---- */

static int add_input(struct reading *r, struct json v)
{
    struct task *task = r->build.request->task;
    struct slice input = v.raw;
    if (v.kind == JSON_STRING) {
        int rc = read_string(r, "input", v, &input);
        if (rc)
            return rc;
    }
    if (task->input_count >= TASK_INPUTS_LARGEST)
        return reading_refuse(r, "input", "holds more than %d texts", TASK_INPUTS_LARGEST);
    return task_add_input(task, r->arena, input) ? AIGNE_OK : reading_nomem(r);
}

static bool is_token_list(struct json v)
{
    struct json_walk w = json_walk(v);
    size_t count = 0;
    if (v.kind != JSON_ARRAY)
        return false;
    for (; json_next(&w); count++) {
        if (w.value.kind != JSON_NUMBER)
            return false;
    }
    return count > 0;
}

int task_read_inputs(struct reading *r, const char *member, struct json v)
{
    struct task *task = r->build.request->task;
    task->single_input = v.kind == JSON_STRING || is_token_list(v);
    if (task->single_input) {
        task->inputs_are_tokens = v.kind == JSON_ARRAY;
        return add_input(r, v);
    }
    if (v.kind != JSON_ARRAY)
        return reading_kind(r, member, "a text or an array of texts", v);
    struct json_walk w = json_walk(v);
    while (json_next(&w)) {
        bool tokens = is_token_list(w.value);
        if (w.value.kind != JSON_STRING && !tokens)
            return reading_kind(r, member, "an array of texts", w.value);
        if (task->input_count && tokens != task->inputs_are_tokens)
            return reading_refuse(r, member, "mixes texts and tokens");
        task->inputs_are_tokens = tokens;
        int rc = add_input(r, w.value);
        if (rc)
            return rc;
    }
    return AIGNE_OK;
}

/* ---- the whole ---- */

typedef int (*read_walked_fn)(struct reading *r, const struct json_walk *w);

static int read_members(struct reading *r, struct json object, read_walked_fn read)
{
    struct json_walk w = json_walk(object);
    while (json_next(&w)) {
        int rc = json_present(w.value) ? read(r, &w) : AIGNE_OK;
        if (rc)
            return rc;
    }
    return AIGNE_OK;
}

static int read_option(struct reading *r, const struct json_walk *w)
{
    const struct task_member *known = member_of(w);
    const char *file = file_member(w);
    if (known)
        return read_member(r, known, w->value);
    if (file)
        return read_files(r, file, w->value);
    struct slice name = read_key(r, w);
    return name.p && !chat_add_extra(&r->build, name, w->value.raw) ? AIGNE_OK
                                                                    : reading_nomem(r);
}

/* Options may stand beside the input or in an object of their own. */
static int read_outer(struct reading *r, const struct json_walk *w)
{
    struct chat_request *request = r->build.request;
    if (json_key_is(w, "modelOptions"))
        return w->value.kind == JSON_OBJECT
                   ? read_members(r, w->value, read_option)
                   : reading_kind(r, "modelOptions", "an object", w->value);
    if (json_key_is(w, "input"))
        return request->kind == KIND_EMBEDDING
                   ? task_read_inputs(r, "input", w->value)
                   : read_string(r, "input", w->value, &request->task->prompt);
    return json_key_is(w, "type") ? AIGNE_OK : read_option(r, w);
}

static int check_subject(struct reading *r)
{
    const struct chat_request *request = r->build.request;
    const struct task *task = request->task;
    const char *subject = task_subject(request->kind);
    bool there = request->kind == KIND_EMBEDDING       ? task->input_count > 0
                 : request->kind == KIND_TRANSCRIPTION ? task->file_count > 0
                                                       : task->prompt.n > 0;
    return there ? AIGNE_OK : reading_refuse(r, subject, "is missing or empty");
}

int task_input_read(enum chat_kind kind, struct json input, struct arena *a,
                    struct chat_request *out, struct fault *why)
{
    struct reading r;
    reading_start(&r, a, out, why);
    if (input.kind != JSON_OBJECT)
        return reading_kind(&r, "", "an object", input);
    input.raw = surrogates_replaced(input.raw, a);
    out->kind = kind;
    out->task = task_new(a);
    if (!input.raw.p || !out->task)
        return fault_nomem(why);
    int rc = read_members(&r, input, read_outer);
    if (!rc)
        rc = check_subject(&r);
    if (!rc && kind == KIND_IMAGE)
        out->task->editing = out->task->file_count > 0;
    return rc;
}
