/* multipart_read.c - knows where the parts of a form begin and end; refuses to know what fields mean. */
#include "text/multipart_read.h"

#include "text/http.h"
#include "text/url.h"
#include "text/utf8.h"
#include <aignehub/aignehub.h>

static int problem(struct multipart_reader *m, const char *text)
{
    m->problem = text;
    m->ended = true;
    return AIGNE_E_REQUEST;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct slice skip_blanks(struct slice s)
{
    while (s.n && is_blank(s.p[0]))
        s = slice_from(s, 1);
    return s;
}

/* ---- parameters: `form-data; name="file"; filename="a \"b\".png"` ---- */

struct parameter {
    struct slice name;
    struct slice value; /* without its quotes, escapes as they are */
};

/* What is before the closing quote; `rest` goes on behind it. */
static struct slice take_quoted(struct slice *rest)
{
    struct slice s = slice_from(*rest, 1);
    size_t i = 0;
    while (i < s.n && s.p[i] != '"')
        i += s.p[i] == '\\' && i + 1 < s.n ? 2 : 1;
    *rest = slice_from(s, i + 1);
    return slice_of(s.p, i);
}

/* The next of them; `rest` begins at or before a semicolon. */
static bool next_parameter(struct slice *rest, struct parameter *out)
{
    size_t at = slice_find_byte(*rest, ';');
    if (at == rest->n)
        return false;
    *rest = skip_blanks(slice_from(*rest, at + 1));
    size_t n = 0;
    while (n < rest->n && rest->p[n] != '=' && rest->p[n] != ';')
        n++;
    out->name = slice_trim(slice_of(rest->p, n));
    out->value = SLICE("");
    *rest = slice_from(*rest, n);
    if (!rest->n || rest->p[0] != '=')
        return true;
    *rest = skip_blanks(slice_from(*rest, 1));
    if (rest->n && rest->p[0] == '"') {
        out->value = take_quoted(rest);
        return true;
    }
    n = slice_find_byte(*rest, ';');
    out->value = slice_trim(slice_of(rest->p, n));
    *rest = slice_from(*rest, n);
    return true;
}

static struct slice parameter(struct slice header, const char *name)
{
    struct parameter p;
    while (next_parameter(&header, &p)) {
        if (slice_is_nocase(p.name, name))
            return p.value;
    }
    return SLICE_NONE;
}

static bool is_media_type(struct slice header, const char *type)
{
    struct slice bare = slice_of(header.p, slice_find_byte(header, ';'));
    return slice_is_nocase(slice_trim(bare), type);
}

/* ---- boundaries ---- */

static bool is_boundary(struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] < 0x20 || (unsigned char)s.p[i] > 0x7E)
            return false;
    }
    return s.n > 0 && s.n <= MULTIPART_READ_BOUNDARY_LONGEST;
}

int multipart_read_start(struct multipart_reader *m, struct slice content_type,
                         struct slice body)
{
    *m = (struct multipart_reader){.rest = body};
    if (!is_media_type(content_type, "multipart/form-data"))
        return problem(m, "another media type than multipart/form-data");
    struct slice boundary = parameter(content_type, "boundary");
    if (!is_boundary(boundary))
        return problem(m, boundary.p ? "a boundary that is none" : "no boundary");
    memcpy(m->delimiter, "\r\n--", 4);
    memcpy(m->delimiter + 4, boundary.p, boundary.n);
    m->delimiter_size = 4 + boundary.n;
    return AIGNE_OK;
}

enum line { LINE_TEXT, LINE_NEXT, LINE_LAST };

/* What the rest of the line behind a boundary makes of it; `after` is what follows the line. */
static enum line line_kind(struct slice s, struct slice *after)
{
    bool last = slice_starts(s, "--");
    struct slice end = skip_blanks(last ? slice_from(s, 2) : s);
    bool closed = slice_starts(end, "\r\n");
    *after = slice_from(end, closed ? 2 : 0);
    if (last && (closed || !end.n))
        return LINE_LAST;
    return closed ? LINE_NEXT : LINE_TEXT;
}

/* The next boundary line in `s`: where its delimiter begins, and what follows the line. */
static enum line find_line(const struct multipart_reader *m, struct slice s, size_t *at,
                           struct slice *after)
{
    struct slice delimiter = slice_of(m->delimiter, m->delimiter_size);
    size_t from = 0;
    for (;;) {
        struct slice rest = slice_from(s, from);
        size_t found = slice_find(rest, delimiter);
        if (found == rest.n)
            return LINE_TEXT;
        *at = from + found;
        enum line kind = line_kind(slice_from(s, *at + delimiter.n), after);
        if (kind != LINE_TEXT)
            return kind;
        from = *at + delimiter.n;
    }
}

/* The first boundary needs no line end before it when nothing else is there. */
static enum line find_first(const struct multipart_reader *m, struct slice body,
                            struct slice *after)
{
    size_t at = 0;
    struct slice dashed = slice_of(m->delimiter + 2, m->delimiter_size - 2);
    if (body.n >= dashed.n && memcmp(body.p, dashed.p, dashed.n) == 0) {
        enum line kind = line_kind(slice_from(body, dashed.n), after);
        if (kind != LINE_TEXT)
            return kind;
    }
    return find_line(m, body, &at, after);
}

/* ---- parts ---- */

static void split_part(struct slice text, struct multipart_field *out)
{
    size_t at = slice_starts(text, "\r\n") ? 0 : slice_find(text, SLICE("\r\n\r\n"));
    size_t skipped = at ? 4 : 2;
    out->headers = slice_of(text.p, at);
    out->content = slice_from(text, at + skipped);
}

static int read_part(struct multipart_reader *m, struct slice text, struct multipart_field *out)
{
    *out = (struct multipart_field){.type = SLICE_NONE};
    split_part(text, out);
    if (out->headers.n > MULTIPART_READ_HEADERS_LARGEST)
        return problem(m, "a part whose headers are too large");
    struct slice disposition = http_block_get(out->headers, "content-disposition");
    if (!is_media_type(disposition, "form-data"))
        return problem(m, "a part without Content-Disposition: form-data");
    out->name = parameter(disposition, "name");
    if (!out->name.n)
        return problem(m, "a part without a name");
    out->filename = parameter(disposition, "filename");
    out->filename_coded = parameter(disposition, "filename*");
    out->type = http_block_get(out->headers, "content-type");
    return 1;
}

static int end(struct multipart_reader *m, enum line kind)
{
    m->ended = kind == LINE_LAST;
    return m->ended ? 0 : problem(m, "no closing boundary");
}

int multipart_read_next(struct multipart_reader *m, struct multipart_field *out)
{
    struct slice after = SLICE_NONE;
    size_t at = 0;
    if (m->ended)
        return m->problem ? AIGNE_E_REQUEST : 0;
    if (!m->begun) {
        enum line first = find_first(m, m->rest, &after);
        m->begun = true;
        m->rest = after;
        if (first != LINE_NEXT)
            return end(m, first);
    }
    if (m->parts++ == MULTIPART_READ_PARTS_LARGEST)
        return problem(m, "too many parts");
    /* A part may be empty: the line end of its first boundary is then that of the next one, too. */
    struct slice text = slice_of(m->rest.p - 2, m->rest.n + 2);
    enum line kind = find_line(m, text, &at, &after);
    if (kind == LINE_TEXT)
        return problem(m, "no closing boundary");
    struct slice part = at >= 2 ? slice_of(m->rest.p, at - 2) : SLICE("");
    m->rest = after;
    m->ended = kind == LINE_LAST;
    return read_part(m, part, out);
}

/* ---- names of files ---- */

/* Browsers write a quote as %22, others put a backslash before it. */
static struct slice unescaped(struct slice s, struct arena *a)
{
    char *out = arena_bytes(a, s.n + 1);
    size_t n = 0;
    if (!out)
        return SLICE_NONE;
    for (size_t i = 0; i < s.n; i++) {
        bool coded = slice_starts(slice_from(s, i), "%22");
        bool escaped =
            s.p[i] == '\\' && i + 1 < s.n && (s.p[i + 1] == '"' || s.p[i + 1] == '\\');
        i += coded ? 2 : escaped;
        out[n++] = coded ? '"' : s.p[i];
    }
    return slice_of(out, n);
}

static struct slice decoded(struct slice coded, struct arena *a)
{
    if (!slice_starts_nocase(coded, "UTF-8'"))
        return SLICE_NONE;
    struct slice text = slice_from(coded, sizeof "UTF-8'" - 1);
    text = slice_from(text, slice_find_byte(text, '\'') + 1);
    text = url_decode(a, text);
    return text.p && utf8_valid(text) ? text : SLICE_NONE;
}

static struct slice without_folders(struct slice s)
{
    for (size_t i = s.n; i > 0; i--) {
        if (s.p[i - 1] == '/' || s.p[i - 1] == '\\')
            return slice_from(s, i);
    }
    return s;
}

struct slice multipart_read_filename(const struct multipart_field *part, struct arena *a)
{
    struct slice name = part->filename_coded.p ? decoded(part->filename_coded, a) : SLICE_NONE;
    if (!name.p && !a->failed && part->filename.p)
        name = unescaped(part->filename, a);
    return name.p ? without_folders(name) : SLICE_NONE;
}
