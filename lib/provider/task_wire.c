/* Knows how a task is written into a JSON body or a form; refuses to know any one provider's names. */
#include "provider/task_wire.h"

#include "base/mem.h"
#include "chat/task_members.h"
#include "provider/media.h"
#include "text/base64.h"
#include "text/json_scan.h"
#include <aignehub/aignehub.h>

void task_wire_begin(struct task_wire *w, bool as_form, const struct chat_request *r,
                     const struct chat_target *to, struct arena *a, struct fault *why)
{
    w->as_form = as_form;
    w->list_suffix = "[]";
    multipart_begin(&w->form, a);
    if (as_form) {
        w->json = (struct wire){.request = r, .to = to, .arena = a, .why = why};
        return;
    }
    wire_begin(&w->json, r, to, a, why);
    json_open_object(&w->json.json);
}

void task_wire_close(struct task_wire *w)
{
    wire_close(&w->json);
}

int task_refuse(struct task_wire *w, const char *member, const char *sentence)
{
    return fault_field(w->json.why, AIGNE_E_REQUEST, member, "%s", sentence);
}

/* ---- members ---- */

void task_wire_text(struct task_wire *w, const char *name, struct slice text)
{
    if (!text.p)
        return;
    if (w->as_form)
        multipart_field(&w->form, slice_text(name), text);
    else
        json_member_string(&w->json.json, name, text);
}

static void form_value(struct task_wire *w, struct slice name, struct json v)
{
    struct slice text = v.kind == JSON_STRING ? json_string(v, w->json.arena) : v.raw;
    multipart_field(&w->form, name, text);
}

static bool has_objects(struct json list)
{
    struct json_walk walk = json_walk(list);
    while (json_next(&walk)) {
        if (walk.value.kind == JSON_OBJECT || walk.value.kind == JSON_ARRAY)
            return true;
    }
    return false;
}

void task_wire_json(struct task_wire *w, struct slice name, struct slice json)
{
    struct json v = json_of(json.p ? json : SLICE("null"));
    if (!json_present(v))
        return;
    if (!w->as_form) {
        json_key_slice(&w->json.json, name);
        json_write_raw(&w->json.json, json);
        return;
    }
    if (v.kind != JSON_ARRAY || has_objects(v)) {
        form_value(w, name, v);
        return;
    }
    struct slice parts[] = {name, slice_text(w->list_suffix)};
    struct slice listed = arena_join(w->json.arena, parts, 2);
    struct json_walk walk = json_walk(v);
    while (json_next(&walk))
        form_value(w, listed, walk.value);
}

/* What a caller would miss: without it something else is made. */
static bool changes_meaning(const char *member, struct slice value)
{
    static const char *const names[] = {"negativePrompt", "dimensions",
                                        "seconds",        "size",
                                        "aspectRatio",    "timestampGranularities"};
    int64_t n = 0;
    if (strcmp(member, "n") == 0)
        return !wire_int(value, &n) || n != 1;
    if (strcmp(member, "background") == 0)
        return slice_is(value, "transparent");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(member, names[i]) == 0)
            return true;
    }
    return false;
}

static const struct task_name *named(const struct task_name *names, size_t count,
                                     const char *member)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i].member, member) == 0)
            return &names[i];
    }
    return NULL;
}

/* How an answer is to be handed out is seen to by who hands it out; the subject by the adapter. */
static bool is_ours(const struct task_member *m)
{
    static const char *const names[] = {"model", "prompt", "outputFileType", "encodingFormat",
                                        "responseFormat"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(m->name, names[i]) == 0)
            return true;
    }
    return false;
}

static int lose(struct task_wire *w, const char *member, struct slice value)
{
    int64_t n = 0;
    if (changes_meaning(member, value))
        return fault_field(w->json.why, AIGNE_E_REQUEST, member,
                           "%s: this provider has no such setting.", member);
    if (strcmp(member, "n") != 0 || !wire_int(value, &n))
        dropped_note(w->json.to->dropped, member);
    return AIGNE_OK;
}

int task_wire_members(struct task_wire *w, const struct task_name *names, size_t count)
{
    const struct chat_request *r = w->json.request;
    for (size_t i = 0; i < task_member_count; i++) {
        const struct task_member *m = &task_members[i];
        const char *base = m->in_request ? (const char *)r : (const char *)r->task;
        struct slice value = *(const struct slice *)(const void *)(base + m->offset);
        const struct task_name *name = named(names, count, m->name);
        if (!value.p || (!name && is_ours(m)) || (name && !name->wire))
            continue;
        int rc = AIGNE_OK;
        if (!name)
            rc = lose(w, m->name, value);
        else if (m->form == MEMBER_TEXT)
            task_wire_text(w, name->wire, value);
        else
            task_wire_json(w, slice_text(name->wire), value);
        if (rc < 0)
            return rc;
    }
    return AIGNE_OK;
}

/* "renderingSpeed" as "rendering_speed": the one is AIGNE's way, the other that of these formats. */
static struct slice snake(struct slice name, struct arena *a)
{
    size_t n = 0;
    char *out = arena_bytes(a, name.n * 2 + 1);
    for (size_t i = 0; out && i < name.n; i++) {
        char c = name.p[i];
        if (c >= 'A' && c <= 'Z') {
            if (i)
                out[n++] = '_';
            c = (char)(c | 0x20);
        }
        out[n++] = c;
    }
    return slice_of(out, n);
}

/* An object under such a name has such names inside. */
static void write_snake_object(struct task_wire *w, struct slice name, struct json object)
{
    struct json_writer *json = &w->json.json;
    struct json_walk walk = json_walk(object);
    json_key_slice(json, name);
    json_open_object(json);
    while (json_next(&walk)) {
        json_key_slice(json, snake(walk.key, w->json.arena));
        json_write_raw(json, walk.value.raw);
    }
    json_close_object(json);
}

static void write_extra(struct task_wire *w, const struct chat_extra *extra)
{
    struct slice name = snake(extra->name, w->json.arena);
    struct json v = json_of(extra->value);
    bool renamed = !slice_eq(name, extra->name);
    if (renamed && !w->as_form && v.kind == JSON_OBJECT)
        write_snake_object(w, name, v);
    else
        task_wire_json(w, name, extra->value);
}

const char *const task_openais_images[] = {"stream", "partial_images", "-input_fidelity", NULL};

void task_wire_extras(struct task_wire *w, const char *const *taken)
{
    const struct chat_request *r = w->json.request;
    for (size_t i = 0; i < r->extra_count; i++) {
        bool skip = wire_foreign(&r->extras[i], "", w->json.to);
        for (size_t k = 0; taken[k] && !skip; k++) {
            bool noted = taken[k][0] == '-';
            skip = slice_is(r->extras[i].name, taken[k] + noted);
            if (skip && noted)
                dropped_note(w->json.to->dropped, taken[k] + 1);
        }
        if (!skip)
            write_extra(w, &r->extras[i]);
    }
}

int task_wire_post(struct task_wire *w, struct slice url, struct http_request *out)
{
    if (!w->as_form) {
        json_close_object(&w->json.json);
        return wire_post_plain(&w->json, url, out);
    }
    int rc = multipart_end(&w->form, out);
    if (rc == AIGNE_E_NOMEM || !url.p || w->json.arena->failed)
        return fault_nomem(w->json.why);
    if (rc < 0)
        return fault_set(w->json.why, rc, "The request cannot be written as a form.");
    out->method = "POST";
    out->url = url;
    return wire_header(out, "accept", SLICE("application/json"), w->json.why);
}

/* ---- files ---- */

const struct task_file *task_file_of(const struct task *t, const char *member, size_t index)
{
    for (size_t i = 0; i < t->file_count; i++) {
        if (slice_is(t->files[i].member, member) && index-- == 0)
            return &t->files[i];
    }
    return NULL;
}

static int refuse_file(struct task_wire *w, const struct task_file *file, const char *why)
{
    int rc = fault_set(w->json.why, AIGNE_E_REQUEST, "%.*s: %s", (int)file->member.n,
                       file->member.p, why);
    if (w->json.why)
        FAULT_COPY(w->json.why->param, file->member);
    return rc;
}

int task_refuse_files(struct task_wire *w, const char *const *members)
{
    const struct task *t = w->json.request->task;
    for (size_t i = 0; i < t->file_count; i++) {
        bool known = false;
        for (size_t k = 0; members[k] && !known; k++)
            known = slice_is(t->files[i].member, members[k]);
        if (!known)
            return refuse_file(w, &t->files[i], "this provider takes no such file.");
    }
    return AIGNE_OK;
}

#define BEGINNING 24 /* bytes that tell what a file is */

struct slice task_file_mime(const struct task_file *file, struct arena *a)
{
    struct chat_part part = {.kind = CHAT_DATA,
                             .text = file->content,
                             .mime = file->mime,
                             .filename = file->filename};
    struct buf text AUTO(buf_free);
    buf_init(&text, 64);
    if (file->form == TASK_FILE_URL) {
        part.kind = CHAT_URL;
    } else if (file->form == TASK_FILE_BYTES) {
        size_t n = file->content.n < BEGINNING ? file->content.n : BEGINNING;
        base64_encode(&text, slice_of(file->content.p, n));
        part.text = arena_copy(a, buf_slice(&text));
    }
    return media_of(&part).mime;
}

/* A name for those who tell the format by its ending. */
static struct slice file_name(const struct task_file *file, struct slice mime, struct arena *a)
{
    static const struct {
        const char *mime;
        const char *ending;
    } endings[] = {{"audio/mpeg", "mp3"},  {"audio/wav", "wav"},  {"audio/ogg", "ogg"},
                   {"audio/flac", "flac"}, {"audio/mp4", "m4a"},  {"audio/x-m4a", "m4a"},
                   {"audio/webm", "webm"}, {"video/mp4", "mp4"},  {"video/webm", "webm"},
                   {"image/png", "png"},   {"image/jpeg", "jpg"}, {"image/webp", "webp"},
                   {"image/gif", "gif"}};
    if (file->filename.n)
        return file->filename;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        struct slice parts[] = {file->member, SLICE("."), slice_text(endings[i].ending)};
        if (slice_is_nocase(mime, endings[i].mime))
            return arena_join(a, parts, 3);
    }
    return file->member;
}

int task_wire_file(struct task_wire *w, const char *name, const struct task_file *file)
{
    struct arena *a = w->json.arena;
    if (file->form == TASK_FILE_URL)
        return refuse_file(w, file, "this provider takes no link here: send the file itself.");
    struct slice mime = task_file_mime(file, a);
    struct slice bytes =
        file->form == TASK_FILE_BYTES ? file->content : base64_bytes(a, file->content);
    if (!bytes.p)
        return a->failed ? fault_nomem(w->json.why)
                         : refuse_file(w, file, "this cannot be read as base64.");
    multipart_file(&w->form, slice_text(name), file_name(file, mime, a), mime, bytes);
    return AIGNE_OK;
}

void task_wire_url_item(struct task_wire *w, const struct task_file *file)
{
    struct buf *body = &w->json.body;
    struct slice mime = task_file_mime(file, w->json.arena);
    if (file->form == TASK_FILE_URL) {
        json_write_string(&w->json.json, file->content);
        return;
    }
    json_write_raw(&w->json.json, SLICE("\"data:"));
    json_escape(body, mime.p ? mime : SLICE("application/octet-stream"));
    BUF_LITERAL(body, ";base64,");
    if (file->form == TASK_FILE_BASE64)
        json_escape(body, file->content);
    else
        base64_encode(body, file->content);
    buf_put_byte(body, '"');
}

void task_wire_url(struct task_wire *w, const char *name, const struct task_file *file)
{
    json_key(&w->json.json, name);
    task_wire_url_item(w, file);
}

/* ---- what was asked for ---- */

bool task_wants_bytes(const struct chat_request *r)
{
    struct slice format = r->task->response_format;
    if (format.p)
        return slice_is(format, "b64_json");
    return slice_is(r->output_file_type, "file") || slice_is(r->output_file_type, "local");
}

bool task_size(struct slice size, int64_t *width, int64_t *height)
{
    struct slice w;
    struct slice h;
    return slice_cut(size, 'x', &w, &h) && slice_int64(w, width) && slice_int64(h, height) &&
           *width > 0 && *height > 0;
}

static struct slice ratio_of(int64_t width, int64_t height, char separator, struct arena *a)
{
    struct buf text AUTO(buf_free);
    int64_t common = width;
    buf_init(&text, 64);
    for (int64_t rest = height; rest;) {
        int64_t next = common % rest;
        common = rest;
        rest = next;
    }
    buf_put_int(&text, width / common);
    buf_put_byte(&text, separator);
    buf_put_int(&text, height / common);
    a->failed = a->failed || buf_rc(&text) < 0;
    return a->failed ? SLICE_NONE : arena_copy(a, buf_slice(&text));
}

struct slice task_ratio(const struct chat_request *r, char separator, struct arena *a)
{
    const struct task *t = r->task;
    struct slice parts[] = {SLICE_NONE, slice_of(&separator, 1), SLICE_NONE};
    int64_t width = 0;
    int64_t height = 0;
    if (slice_cut(t->aspect_ratio, ':', &parts[0], &parts[2]))
        return arena_join(a, parts, 3);
    if (t->aspect_ratio.p || !task_size(t->size, &width, &height))
        return t->aspect_ratio;
    return ratio_of(width, height, separator, a);
}

int task_wire_ratio(struct task_wire *w, char separator, struct slice *out)
{
    const struct chat_request *r = w->json.request;
    *out = task_ratio(r, separator, w->json.arena);
    if (w->json.arena->failed)
        return fault_nomem(w->json.why);
    if (out->p || !r->task->size.p || slice_is(r->task->size, "auto"))
        return AIGNE_OK;
    return task_refuse(w, "size", "size: this provider takes a width and a height.");
}
