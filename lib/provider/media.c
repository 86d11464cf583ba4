/* Knows media types and the first bytes of common files; refuses to know who asks for them. */
#include "provider/media.h"
#include "text/base64.h"

struct type_name {
    const char *text;
    const char *mime;
};

/* The first bytes of a file as base64 shows them. */
static const struct type_name beginnings[] = {
    {"iVBORw0KGgo", "image/png"},   {"/9j/", "image/jpeg"},  {"R0lGOD", "image/gif"},
    {"JVBERi0", "application/pdf"}, {"SUQz", "audio/mpeg"},  {"//s", "audio/mpeg"},
    {"//u", "audio/mpeg"},          {"T2dnUw", "audio/ogg"}, {"ZkxhQw", "audio/flac"},
};

static const struct type_name endings[] = {
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".jpeg", "image/jpeg"},
    {".gif", "image/gif"},
    {".webp", "image/webp"},
    {".pdf", "application/pdf"},
    {".mp3", "audio/mpeg"},
    {".wav", "audio/wav"},
    {".ogg", "audio/ogg"},
    {".flac", "audio/flac"},
    {".mp4", "video/mp4"},
    {".mov", "video/quicktime"},
    {".webm", "video/webm"},
    {".txt", "text/plain"},
    {".md", "text/markdown"},
    {".csv", "text/csv"},
    {".json", "application/json"},
    {".html", "text/html"},
    {".mkv", "video/x-matroska"},
    {".doc", "application/msword"},
    {".xls", "application/vnd.ms-excel"},
    {".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
};

/* Names in use that are not the registered ones. */
static const struct type_name nicknames[] = {
    {"image/jpg", "image/jpeg"},    {"image/pjpeg", "image/jpeg"},
    {"audio/mp3", "audio/mpeg"},    {"audio/x-wav", "audio/wav"},
    {"audio/wave", "audio/wav"},    {"audio/vnd.wave", "audio/wav"},
    {"audio/x-flac", "audio/flac"},
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static struct slice type_by_bytes(struct slice base64)
{
    for (size_t i = 0; i < COUNT(beginnings); i++) {
        if (slice_starts(base64, beginnings[i].text))
            return slice_text(beginnings[i].mime);
    }
    if (slice_starts(base64, "UklGR") &&
        base64.n >= 16) { /* RIFF: the kind is in bytes 8 to 11 */
        struct slice kind = slice_of(base64.p + 12, 4);
        if (slice_is(kind, "RUJQ"))
            return SLICE("image/webp");
        if (slice_is(kind, "QVZF"))
            return SLICE("audio/wav");
    }
    /* MP4: four bytes of a length, "ftyp", and who made it. */
    if (slice_starts(base64, "AAAA") && base64.n >= 12 &&
        slice_starts(slice_from(base64, 6), "Z0eX"))
        return SLICE("video/mp4");
    return slice_starts(base64, "GkXfo") ? SLICE("video/webm") : SLICE_NONE;
}

static struct slice type_by_name(struct slice name)
{
    size_t end = slice_find_byte(name, '?');
    struct slice path = slice_of(name.p, end);
    for (size_t i = 0; path.p && i < COUNT(endings); i++) {
        size_t n = strlen(endings[i].text);
        if (path.n > n && slice_is_nocase(slice_from(path, path.n - n), endings[i].text))
            return slice_text(endings[i].mime);
    }
    return SLICE_NONE;
}

static struct slice registered_name(struct slice mime)
{
    struct slice bare = mime;
    if (mime.p)
        bare = slice_trim(slice_of(mime.p, slice_find_byte(mime, ';')));
    for (size_t i = 0; bare.p && i < COUNT(nicknames); i++) {
        if (slice_is_nocase(bare, nicknames[i].text))
            return slice_text(nicknames[i].mime);
    }
    return bare.n ? bare : SLICE_NONE;
}

static enum media_kind kind_of(struct slice mime)
{
    if (slice_starts_nocase(mime, "image/"))
        return MEDIA_IMAGE;
    if (slice_starts_nocase(mime, "audio/"))
        return MEDIA_AUDIO;
    if (slice_starts_nocase(mime, "video/"))
        return MEDIA_VIDEO;
    if (slice_is_nocase(mime, "application/pdf"))
        return MEDIA_PDF;
    if (slice_starts_nocase(mime, "text/") || slice_is_nocase(mime, "application/json"))
        return MEDIA_TEXT;
    return MEDIA_OTHER;
}

struct media media_of(const struct chat_part *p)
{
    struct media m = {.mime = registered_name(p->mime), .filename = p->filename};
    struct slice declared = SLICE_NONE;
    if (p->kind == CHAT_DATA)
        m.base64 = p->text;
    else if (data_url_parse(p->text, &declared, &m.base64))
        m.mime = declared.n ? registered_name(declared) : m.mime;
    else
        m.url = p->text;
    if (m.base64.p) {
        struct slice seen = type_by_bytes(m.base64);
        if (seen.p && (!m.mime.p || kind_of(seen) == MEDIA_IMAGE))
            m.mime = seen;
    }
    if (!m.mime.p)
        m.mime = type_by_name(p->filename);
    if (!m.mime.p && m.url.p)
        m.mime = type_by_name(m.url);
    m.kind = m.mime.p ? kind_of(m.mime) : m.url.p ? MEDIA_IMAGE : MEDIA_OTHER;
    return m;
}
