/* Knows how fields and files stand in a multipart/form-data body; refuses to know what they are for. */
#include "text/multipart_write.h"
#include <aignehub/aignehub.h>

struct multipart_part {
    struct slice name;
    struct slice filename; /* .p NULL: a field */
    struct slice mime;
    struct slice content;
};

/* The boundary is this and one of BOUNDARIES letters: one that no part holds. */
#define BOUNDARY "--aigne-hub-form-boundary-"
static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
#define BOUNDARIES (sizeof(letters) - 1)

void multipart_begin(struct multipart *m, struct arena *a)
{
    *m = (struct multipart){.arena = a};
}

static void add(struct multipart *m, struct multipart_part part)
{
    if (m->count == m->capacity) {
        size_t wider = m->capacity ? m->capacity * 2 : 16;
        struct multipart_part *moved = arena_array(m->arena, wider, sizeof *moved);
        if (!moved)
            return;
        if (m->count)
            memcpy(moved, m->parts, m->count * sizeof *moved);
        m->parts = moved;
        m->capacity = wider;
    }
    m->parts[m->count++] = part;
}

void multipart_field(struct multipart *m, struct slice name, struct slice value)
{
    add(m, (struct multipart_part){.name = name, .content = value});
}

void multipart_file(struct multipart *m, struct slice name, struct slice filename,
                    struct slice mime, struct slice bytes)
{
    add(m, (struct multipart_part){name, filename.p ? filename : SLICE("file"),
                                   mime.p ? mime : SLICE("application/octet-stream"), bytes});
}

/* As browsers write a name between quotes. */
static struct slice escaped(struct slice name, struct arena *a)
{
    size_t n = 0;
    char *out = arena_bytes(a, name.n * 3);
    for (size_t i = 0; out && i < name.n; i++) {
        char c = name.p[i];
        if (c == '"' || c == '\r' || c == '\n') {
            memcpy(out + n, c == '"' ? "%22" : c == '\r' ? "%0D" : "%0A", 3);
            n += 3;
        } else {
            out[n++] = c;
        }
    }
    return slice_of(out, n);
}

/* A media type is a header's value: what could end the line is cut off. */
static struct slice one_line(struct slice mime)
{
    size_t n = 0;
    while (n < mime.n && (unsigned char)mime.p[n] >= ' ')
        n++;
    return slice_of(mime.p, n);
}

/* Mark the boundaries that `content` holds. */
static uint64_t boundaries_in(struct slice content)
{
    uint64_t held = 0;
    struct slice start = SLICE(BOUNDARY);
    for (size_t at = slice_find(content, start); at < content.n;
         at = slice_find(content, start)) {
        content = slice_from(content, at + start.n);
        const char *letter = content.n ? memchr(letters, content.p[0], BOUNDARIES) : NULL;
        if (letter)
            held |= (uint64_t)1 << (letter - letters);
    }
    return held;
}

static char free_letter(const struct multipart *m)
{
    uint64_t held = 0;
    for (size_t i = 0; i < m->count; i++)
        held |= boundaries_in(m->parts[i].content);
    for (size_t i = 0; i < BOUNDARIES; i++) {
        if (!(held & ((uint64_t)1 << i)))
            return letters[i];
    }
    return '\0';
}

static struct slice part_head(const struct multipart *m, size_t index, struct slice boundary)
{
    const struct multipart_part *part = &m->parts[index];
    struct slice name = escaped(part->name, m->arena);
    struct slice head[] = {
        index ? SLICE("\r\n--") : SLICE("--"),
        boundary,
        SLICE("\r\nContent-Disposition: form-data; name=\""),
        name,
        SLICE("\"; filename=\""),
        escaped(part->filename, m->arena),
        SLICE("\"\r\nContent-Type: "),
        one_line(part->mime),
        SLICE("\r\n\r\n"),
    };
    if (part->filename.p)
        return arena_join(m->arena, head, 9);
    head[4] = SLICE("\"\r\n\r\n");
    return arena_join(m->arena, head, 5);
}

int multipart_end(struct multipart *m, struct http_request *out)
{
    char letter[2] = {free_letter(m), '\0'};
    if (!letter[0])
        return AIGNE_E_REQUEST;
    struct slice named[] = {SLICE(BOUNDARY), slice_text(letter)};
    struct slice boundary = arena_join(m->arena, named, 2);
    struct slice typed[] = {SLICE("multipart/form-data; boundary="), boundary};
    struct slice type = arena_join(m->arena, typed, 2);
    struct slice ended[] = {m->count ? SLICE("\r\n--") : SLICE("--"), boundary,
                            SLICE("--\r\n")};
    struct slice end = arena_join(m->arena, ended, 3);
    struct slice *pieces = arena_array(m->arena, 2 * m->count + 1, sizeof *pieces);
    if (m->arena->failed)
        return AIGNE_E_NOMEM;
    for (size_t i = 0; i < m->count; i++) {
        pieces[2 * i] = part_head(m, i, boundary);
        pieces[2 * i + 1] = m->parts[i].content;
    }
    if (m->arena->failed)
        return AIGNE_E_NOMEM;
    pieces[2 * m->count] = end;
    out->pieces = pieces;
    out->body_count = 2 * m->count + 1;
    return http_request_header(out, "content-type", type);
}
