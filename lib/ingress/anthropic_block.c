/* anthropic_block.c - knows the blocks of an Anthropic request that anybody may say: text, images,
 * documents, search results; refuses to know messages, calls and reasoning. */
#include "ingress/anthropic.h"

#include "base/buf.h"
#include "base/mem.h"
#include "text/base64.h"
#include <aignehub/aignehub.h>

static struct chat_part *add_part(struct reading *r, enum chat_part_kind kind)
{
    return chat_add_part(&r->build, kind);
}

static int add_text(struct reading *r, struct json text, const char *member)
{
    struct chat_part *p = add_part(r, CHAT_TEXT);
    if (!p)
        return reading_nomem(r);
    if (!json_present(text))
        return reading_refuse(r, member, "is missing");
    return read_string(r, member, text, &p->text);
}

static int read_text(struct reading *r, struct json block)
{
    return add_text(r, json_get(block, "text"), "text");
}

/* Where bytes are: here, or at a URL. Files that were uploaded are with Anthropic. */
static int read_source(struct reading *r, struct json source, struct chat_part *p)
{
    static const char *const names[] = {"type", "media_type", "data", "url"};
    struct json v[4];
    struct slice url = SLICE_NONE;
    json_pick(source, names, 4, v);
    if (json_string_is(v[0], "file"))
        return reading_refuse(r, "source.file_id",
                              "means nothing to this model's provider; send the content");
    if (json_string_is(v[0], "url")) {
        int rc = read_needed_string(r, "source.url", v[3], &url);
        return rc ? rc : read_place(r, "source.url", url, p);
    }
    if (!json_string_is(v[0], "base64"))
        return reading_refuse(r, "source.type", "is of no kind that is known here");
    p->kind = CHAT_DATA;
    int rc = read_needed_string(r, "source.media_type", v[1], &p->mime);
    return rc ? rc : read_needed_string(r, "source.data", v[2], &p->text);
}

static int read_image(struct reading *r, struct json block)
{
    struct json source = json_get(block, "source");
    struct chat_part *p = add_part(r, CHAT_DATA);
    if (!p)
        return reading_nomem(r);
    if (source.kind != JSON_OBJECT)
        return reading_kind(r, "source", "an object", source);
    return read_source(r, source, p);
}

static int read_plain_source(struct reading *r, struct json source, struct chat_part *p)
{
    struct slice text = SLICE_NONE;
    int rc = read_needed_string(r, "source.data", json_get(source, "data"), &text);
    if (rc)
        return rc;
    struct buf base64 AUTO(buf_free);
    buf_init(&base64, text.n * 2 + 4);
    base64_encode(&base64, text);
    p->kind = CHAT_DATA;
    p->mime = SLICE("text/plain");
    p->text = buf_rc(&base64) < 0 ? SLICE_NONE : arena_copy(r->arena, buf_slice(&base64));
    return p->text.p ? AIGNE_OK : reading_nomem(r);
}

static int read_notes(struct reading *r, struct json block, struct chat_part *p)
{
    static const char *const names[] = {"title", "context", "citations"};
    struct json v[3];
    json_pick(block, names, 3, v);
    int rc = read_string(r, names[0], v[0], &p->filename);
    if (!rc)
        rc = read_string(r, names[1], v[1], &p->context);
    return rc ? rc
              : read_bool(r, "citations.enabled", json_get(v[2], "enabled"), &p->citations);
}

/* A document that is made of text and images: those. */
static int read_pieces(struct reading *r, struct json pieces)
{
    if (pieces.kind == JSON_STRING)
        return add_text(r, pieces, "source.content");
    if (pieces.kind != JSON_ARRAY)
        return reading_kind(r, "source.content", "a string or an array of blocks", pieces);
    struct json_walk w = json_walk(pieces);
    int rc = AIGNE_OK;
    while (!rc && json_next(&w)) {
        struct json type = json_get(w.value, "type");
        if (json_string_is(type, "text"))
            rc = read_text(r, w.value);
        else if (json_string_is(type, "image"))
            rc = read_image(r, w.value);
        else
            rc = reading_refuse(r, "source.content", "may hold text and image blocks only");
    }
    return rc;
}

static int read_document(struct reading *r, struct json block)
{
    struct json source = json_get(block, "source");
    if (source.kind != JSON_OBJECT)
        return reading_kind(r, "source", "an object", source);
    struct json type = json_get(source, "type");
    if (json_string_is(type, "content"))
        return read_pieces(r, json_get(source, "content"));
    struct chat_part *p = add_part(r, CHAT_DATA);
    if (!p)
        return reading_nomem(r);
    int rc = json_string_is(type, "text") ? read_plain_source(r, source, p)
                                          : read_source(r, source, p);
    if (!rc && p->kind == CHAT_URL)
        p->mime = SLICE("application/pdf");
    return rc ? rc : read_notes(r, block, p);
}

static void put_line(struct buf *out, struct slice line)
{
    if (out->n && line.n)
        buf_put_byte(out, '\n');
    buf_put_slice(out, line);
}

/* Others have no word for what a search found: it is text, with where it is from. */
static int read_search_result(struct reading *r, struct json block)
{
    struct slice heads[2] = {SLICE_NONE, SLICE_NONE};
    struct json content = json_get(block, "content");
    int rc = read_needed_string(r, "title", json_get(block, "title"), &heads[0]);
    if (!rc)
        rc = read_needed_string(r, "source", json_get(block, "source"), &heads[1]);
    if (rc)
        return rc;
    if (content.kind != JSON_ARRAY)
        return reading_kind(r, "content", "an array of text blocks", content);
    struct buf text AUTO(buf_free);
    buf_init(&text, block.raw.n * 2 + 16);
    put_line(&text, heads[0]);
    put_line(&text, heads[1]);
    struct json_walk w = json_walk(content);
    while (json_next(&w)) {
        struct slice piece = SLICE_NONE;
        rc = read_needed_string(r, "content", json_get(w.value, "text"), &piece);
        if (rc)
            return rc;
        put_line(&text, piece);
    }
    struct chat_part *p = add_part(r, CHAT_TEXT);
    if (!p || buf_rc(&text) < 0)
        return reading_nomem(r);
    p->text = arena_copy(r->arena, buf_slice(&text));
    return p->text.p ? AIGNE_OK : reading_nomem(r);
}

static const struct {
    const char *type;
    int (*read)(struct reading *r, struct json block);
} types[] = {{"text", read_text},
             {"image", read_image},
             {"document", read_document},
             {"search_result", read_search_result}};

int anthropic_mark_cache(struct reading *r, struct json block)
{
    const struct chat_request *out = r->build.request;
    const struct chat_message *m = &out->messages[out->message_count - 1];
    enum chat_cache cache = CHAT_CACHE_NONE;
    int rc = read_cache(r, "cache_control", json_get(block, "cache_control"), &cache);
    if (!rc && cache != CHAT_CACHE_NONE && m->part_count)
        m->parts[m->part_count - 1].cache = cache;
    return rc;
}

int anthropic_read_block(struct reading *r, struct json block)
{
    if (block.kind != JSON_OBJECT)
        return reading_kind(r, "", "an object", block);
    struct json type = json_get(block, "type");
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (!json_string_is(type, types[i].type))
            continue;
        int rc = types[i].read(r, block);
        return rc ? rc : anthropic_mark_cache(r, block);
    }
    struct slice name = json_string(type, r->arena);
    return reading_refuse(r, "type", "is \"%.*s\", which has no place here",
                          (int)(name.n < 64 ? name.n : 64), name.p ? name.p : "");
}
