/* Knows where server-sent events begin and end in a stream of pieces; refuses to read their
 * data. */
#include "text/sse.h"
#include "base/limits.h"
#include <aignehub/aignehub.h>

/* A carry that had to hold one huge event is given back rather than kept for the next. */
#define KEPT_CAPACITY ((size_t)1024 * 1024)
#define SEARCH_WINDOW ((size_t)512)

void sse_init(struct sse *s)
{
    *s = (struct sse){0};
    buf_init(&s->carry, LIMIT_FRAME);
    buf_init(&s->joined, LIMIT_FRAME);
}

void sse_free(struct sse *s)
{
    buf_free(&s->carry);
    buf_free(&s->joined);
    sse_init(s);
}

void sse_feed(struct sse *s, struct slice piece)
{
    s->piece = piece;
}

static bool ends_line(char c)
{
    return c == '\n' || c == '\r';
}

/* The first LF or CR at or after `at`, or text.n. Searched window by window, because a stream with
 * lone CRs must not be searched to its end for the LF that never comes. */
static size_t find_line_end(struct slice text, size_t at)
{
    while (at < text.n) {
        size_t n = text.n - at < SEARCH_WINDOW ? text.n - at : SEARCH_WINDOW;
        const char *lf = memchr(text.p + at, '\n', n);
        size_t before = lf ? (size_t)(lf - text.p) - at : n;
        const char *cr = memchr(text.p + at, '\r', before);
        if (cr)
            return (size_t)(cr - text.p);
        at += before;
        if (lf)
            return at;
    }
    return text.n;
}

/* The length of the line's end at `at`: 1 or 2; 0: the bytes that would tell are not here yet. */
static size_t line_end_length(struct slice text, size_t at)
{
    if (at >= text.n || (text.p[at] == '\r' && at + 1 == text.n))
        return 0;
    return text.p[at] == '\r' && text.p[at + 1] == '\n' ? 2 : 1;
}

/* Where the event that begins `text` ends, its blank line included; 0: not within `text`, whose
 * first *scanned bytes then need not be searched again.
 *
 * The answer depends on the bytes alone, never on how they were split: a CR that may be the first
 * half of a CRLF waits for the next byte, but for a CR after a lone CR, which is taken as lone. */
static size_t find_end(struct slice text, size_t *scanned)
{
    for (size_t at = *scanned;;) {
        at = find_line_end(text, at);
        *scanned = at;
        size_t first = line_end_length(text, at);
        size_t next = at + first;
        if (first == 0 || next == text.n)
            return 0;
        if (ends_line(text.p[next])) {
            bool after_lone_cr = first == 1 && text.p[at] == '\r';
            size_t second = after_lone_cr ? 1 : line_end_length(text, next);
            return second > 0 ? next + second : 0;
        }
        at = next;
    }
}

/* Give the first line of `rest` without its end and step over it. */
static struct slice take_line(struct slice *rest)
{
    size_t n = find_line_end(*rest, 0);
    struct slice line = slice_of(rest->p, n);
    bool crlf = rest->n - n >= 2 && rest->p[n] == '\r' && rest->p[n + 1] == '\n';
    *rest = slice_from(*rest, n + (crlf ? 2 : 1));
    return line;
}

struct field {
    struct slice name;
    struct slice value;
};

static struct field take_field(struct slice line)
{
    struct field f = {line, SLICE("")};
    if (slice_cut(line, ':', &f.name, &f.value) && f.value.n > 0 && f.value.p[0] == ' ')
        f.value = slice_from(f.value, 1);
    return f;
}

/* One more data line. The first stays where it is; only a second makes a copy of both. */
static void add_data(struct sse *s, struct sse_event *out, struct slice value, size_t earlier)
{
    if (earlier == 0) {
        out->data = value;
        return;
    }
    if (earlier == 1) {
        buf_clear(&s->joined);
        buf_put_slice(&s->joined, out->data);
    }
    buf_put_byte(&s->joined, '\n');
    buf_put_slice(&s->joined, value);
    out->data = buf_slice(&s->joined);
}

static int stream_error(int rc)
{
    return rc == AIGNE_E_REQUEST ? AIGNE_E_PROTOCOL : rc;
}

/* Read a whole event. 1: it has data; 0: it has none; negative: no memory. */
static int read_event(struct sse *s, struct slice raw, struct sse_event *out)
{
    if (!s->started && slice_starts(raw, "\xEF\xBB\xBF"))
        raw = slice_from(raw, 3);
    s->started = true;
    *out = (struct sse_event){.name = SLICE(""), .data = SLICE(""), .raw = raw};
    size_t data_lines = 0;
    struct slice rest = raw;
    while (rest.n > 0) {
        struct field f = take_field(take_line(&rest));
        if (slice_eq(f.name, SLICE("data")))
            add_data(s, out, f.value, data_lines++);
        else if (slice_eq(f.name, SLICE("event")))
            out->name = f.value;
    }
    if (buf_rc(&s->joined) != AIGNE_OK)
        return s->carry.rc = stream_error(buf_rc(&s->joined));
    bool given = data_lines > 0 && (out->data.n > 0 || out->name.n > 0);
    s->comment_seen = !given;
    return given;
}

/* Move bytes of the piece into the carry until that holds its event whole. Where it ends, or 0. */
static size_t complete_carry(struct sse *s)
{
    while (s->piece.n > 0 && buf_rc(&s->carry) == AIGNE_OK) {
        size_t line_end = find_line_end(s->piece, 0);
        size_t n = line_end < s->piece.n ? line_end + 1 : line_end;
        buf_put(&s->carry, s->piece.p, n);
        if (buf_rc(&s->carry) != AIGNE_OK)
            return 0;
        size_t end = find_end(buf_slice(&s->carry), &s->scanned);
        if (end > 0) { /* what lies behind the end came with this move: it stays in the piece */
            s->piece = slice_from(s->piece, n - (s->carry.n - end));
            s->carry.n = end;
            return end;
        }
        s->piece = slice_from(s->piece, n);
    }
    return 0;
}

static void drop_carry(struct sse *s)
{
    if (s->carry.capacity > KEPT_CAPACITY)
        buf_free(&s->carry);
    buf_clear(&s->carry);
    s->scanned = 0;
    s->carry_given = false;
}

static void skip_blank_lines(struct sse *s)
{
    while (s->piece.n > 0 && ends_line(s->piece.p[0])) {
        s->piece = slice_from(s->piece, 1);
        s->started = true;
        s->comment_seen = true;
    }
}

/* The next whole event, with data or without; .p NULL: none. */
static struct slice take_event(struct sse *s)
{
    if (s->carry.n > 0) {
        if (complete_carry(s) == 0)
            return SLICE_NONE;
        s->carry_given = true;
        return buf_slice(&s->carry);
    }
    skip_blank_lines(s);
    s->scanned = 0;
    size_t end = find_end(s->piece, &s->scanned);
    struct slice raw = slice_of(end > 0 ? s->piece.p : NULL, end);
    if (end == 0)
        buf_put_slice(&s->carry, s->piece);
    s->piece = slice_from(s->piece, end > 0 ? end : s->piece.n);
    return raw;
}

int sse_next(struct sse *s, struct sse_event *out)
{
    while (buf_rc(&s->carry) == AIGNE_OK) {
        if (s->carry_given)
            drop_carry(s);
        struct slice raw = take_event(s);
        if (!raw.p)
            break;
        int rc = read_event(s, raw, out);
        if (rc != 0)
            return rc;
    }
    return stream_error(buf_rc(&s->carry));
}

int sse_finish(struct sse *s, struct sse_event *out)
{
    int rc = sse_next(s, out);
    if (rc != 0 || s->carry.n == 0)
        return rc;
    s->carry_given = true;
    return read_event(s, buf_slice(&s->carry), out);
}
