/* Knows how files are written for Bedrock, and under which names; refuses to know what they are for. */
#include "base/buf.h"
#include "base/mem.h"
#include "provider/bedrock.h"
#include "provider/media.h"
#include "text/base64.h"
#include <aignehub/aignehub.h>

#define NAME_LONGEST 100

struct format {
    const char *mime;
    const char *block;
    const char *format;
};

#define WORD_MIME  "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
#define SHEET_MIME "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

static const struct format formats[] = {
    {"image/png", "image", "png"},
    {"image/jpeg", "image", "jpeg"},
    {"image/gif", "image", "gif"},
    {"image/webp", "image", "webp"},
    {"application/pdf", "document", "pdf"},
    {"application/json", "document", "txt"},
    {"application/msword", "document", "doc"},
    {WORD_MIME, "document", "docx"},
    {"application/vnd.ms-excel", "document", "xls"},
    {SHEET_MIME, "document", "xlsx"},
    {"text/csv", "document", "csv"},
    {"text/html", "document", "html"},
    {"text/markdown", "document", "md"},
    {"text/plain", "document", "txt"},
    {"video/mp4", "video", "mp4"},
    {"video/quicktime", "video", "mov"},
    {"video/x-matroska", "video", "mkv"},
    {"video/webm", "video", "webm"},
    {"video/x-flv", "video", "flv"},
    {"video/mpeg", "video", "mpeg"},
    {"video/x-ms-wmv", "video", "wmv"},
    {"video/3gpp", "video", "three_gp"},
    {"audio/mpeg", "audio", "mp3"},
    {"audio/wav", "audio", "wav"},
    {"audio/flac", "audio", "flac"},
    {"audio/ogg", "audio", "ogg"},
    {"audio/opus", "audio", "opus"},
    {"audio/aac", "audio", "aac"},
    {"audio/mp4", "audio", "m4a"},
    {"audio/webm", "audio", "webm"},
};

static const struct format *format_of(const struct media *m)
{
    static const struct format text = {"text/", "document", "txt"};
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (slice_is_nocase(m->mime, formats[i].mime))
            return &formats[i];
    }
    return m->kind == MEDIA_TEXT ? &text : NULL;
}

bool bedrock_is_document(const struct chat_part *p)
{
    if (p->kind != CHAT_DATA && p->kind != CHAT_URL)
        return false;
    struct media m = media_of(p);
    const struct format *f = format_of(&m);
    return f && strcmp(f->block, "document") == 0;
}

/* "Report: final.pdf" is "Report- final": letters, digits, single blanks, dashes and brackets may be in a
 * name, and its ending tells nothing that the format does not. */
static void put_name(struct buf *out, struct slice filename)
{
    size_t end = filename.n;
    for (size_t i = filename.n; i-- > 1 && end == filename.n;) {
        if (filename.p[i] == '.')
            end = i;
    }
    for (size_t i = 0; i < end && out->n < NAME_LONGEST; i++) {
        char c = filename.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                     (c >= '0' && c <= '9') || (c && strchr(" -()[]", c));
        bool twice = c == ' ' && (!out->n || out->p[out->n - 1] == ' ');
        if (!twice)
            buf_put_byte(out, plain ? c : '-');
    }
    while (out->n && out->p[out->n - 1] == ' ')
        out->n--;
    if (!out->n)
        BUF_LITERAL(out, "document");
}

/* Each name once in a request, and the same ones each time the conversation is sent. */
static struct slice name_of(struct bedrock *b, struct slice filename)
{
    struct buf name AUTO(buf_free);
    buf_init(&name, 2 * NAME_LONGEST);
    put_name(&name, filename);
    size_t plain = name.n;
    struct slice found = buf_slice(&name);
    while (buf_rc(&name) == AIGNE_OK && map_get(&b->documents, found)) {
        name.n = plain;
        buf_put_byte(&name, '-');
        buf_put_int(&name, (int64_t)++b->document_count + 1);
        found = buf_slice(&name);
    }
    found = buf_rc(&name) < 0 ? SLICE_NONE : arena_copy(b->x.w.arena, found);
    return found.p && map_put(&b->documents, found, b) == AIGNE_OK ? found : SLICE_NONE;
}

/* In the alphabet with '+' and '/', padded: nothing else is taken. */
static struct slice usual_base64(struct slice base64, struct arena *a)
{
    bool usual = base64.n % 4 == 0 && slice_find_byte(base64, '-') == base64.n &&
                 slice_find_byte(base64, '_') == base64.n;
    if (usual)
        return base64;
    struct buf bytes AUTO(buf_free);
    struct buf text AUTO(buf_free);
    buf_init(&bytes, base64.n);
    buf_init(&text, 2 * base64.n + 4);
    if (base64_decode(&bytes, base64))
        base64_encode(&text, buf_slice(&bytes));
    return buf_rc(&bytes) < 0 || buf_rc(&text) < 0 ? SLICE_NONE
                                                   : arena_copy(a, buf_slice(&text));
}

static int write_source(struct bedrock *b, const struct media *m)
{
    struct json_writer *j = &b->x.w.json;
    struct slice base64 = usual_base64(m->base64, b->x.w.arena);
    if (!base64.p)
        return fault_nomem(b->x.w.why);
    json_member_object(j, "source");
    json_member_string(j, "bytes", base64);
    json_close_object(j);
    return AIGNE_OK;
}

static int refuse(struct bedrock *b, const struct media *m, const struct format *f,
                  size_t message, size_t part)
{
    if (m->url.p)
        return wire_refuse_part(&b->x.w, message, part,
                                "this provider follows no links: send the file itself.");
    if (!base64_valid(m->base64))
        return wire_refuse_part(&b->x.w, message, part, "the content is not base64.");
    if (!m->mime.p)
        return wire_refuse_part(&b->x.w, message, part,
                                "say what kind of file this is (mimeType).");
    if (m->kind == MEDIA_IMAGE && !f)
        return wire_refuse_part(&b->x.w, message, part,
                                "this provider takes images as jpeg, png, gif or webp.");
    if (!f)
        return wire_refuse_part(&b->x.w, message, part,
                                "this provider takes no files of this kind.");
    return AIGNE_OK;
}

int bedrock_write_media(struct bedrock *b, size_t message, size_t part)
{
    struct json_writer *j = &b->x.w.json;
    const struct chat_part *p = &b->x.w.request->messages[message].parts[part];
    struct media m = media_of(p);
    const struct format *f = format_of(&m);
    int rc = refuse(b, &m, f, message, part);
    if (rc < 0 || !f)
        return rc;
    json_open_object(j);
    json_member_object(j, f->block);
    json_member_text(j, "format", f->format);
    if (bedrock_is_document(p)) {
        struct slice name = name_of(b, m.filename);
        if (!name.p)
            return fault_nomem(b->x.w.why);
        json_member_string(j, "name", name);
        if (p->context.n)
            json_member_string(j, "context", p->context);
        if (p->citations == CHAT_YES)
            json_member_raw(j, "citations", SLICE("{\"enabled\":true}"));
    }
    rc = write_source(b, &m);
    json_close_object(j);
    json_close_object(j);
    return rc;
}
