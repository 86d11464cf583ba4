/* Knows which bytes of an OpenAI request change on the way through; refuses to know the others. */
#include "base/mem.h"
#include "provider/openai.h"
#include <aignehub/aignehub.h>

/* Stream options are a handful of switches. */
#define OPTIONS_LARGEST ((size_t)64 * 1024)

/* What replaces `old`, a part of the body; old.n 0: it is put in before. */
struct change {
    struct slice old;
    struct slice now;
};

static struct slice finished(struct buf *text, struct arena *a)
{
    return buf_rc(text) < 0 ? SLICE_NONE : arena_copy(a, buf_slice(text));
}

/* The options with include_usage, whatever else they say. */
static void write_options(struct json_writer *w, struct slice options)
{
    struct json old = json_of(options.p ? options : SLICE("{}"));
    json_open_object(w);
    json_member_bool(w, "include_usage", true);
    struct json_walk walk = json_walk(old);
    while (old.kind == JSON_OBJECT && json_next(&walk)) {
        if (json_key_is(&walk, "include_usage"))
            continue;
        json_write_raw(w, SLICE("\""));
        buf_put_slice(w->out, walk.key);
        BUF_LITERAL(w->out, "\":");
        buf_put_slice(w->out, walk.value.raw);
    }
    json_close_object(w);
}

/* The model's name, with the demand for usage behind it when the caller made none. */
static int change_model(const struct chat_relay *r, const struct chat_target *to,
                        bool needs_options, struct arena *a, struct change *out)
{
    struct buf text AUTO(buf_free);
    buf_init(&text, OPTIONS_LARGEST);
    struct json_writer w = json_writer(&text);
    bool absent = !r->model_value.p;
    size_t begin = slice_find_byte(r->body, '{');
    struct slice members = slice_from(r->body, begin + 1);
    out->old = absent ? slice_of(members.p, 0) : r->model_value;
    if (absent)
        BUF_LITERAL(&text, "\"model\":");
    json_write_string(&w, to->model);
    if (needs_options) {
        BUF_LITERAL(&text, ",\"stream_options\":");
        w.comma = false;
        write_options(&w, SLICE_NONE);
    }
    if (absent && !slice_starts(slice_trim(members), "}"))
        buf_put_byte(&text, ',');
    out->now = finished(&text, a);
    return out->now.p ? AIGNE_OK : AIGNE_E_NOMEM;
}

static int change_options(const struct chat_relay *r, struct arena *a, struct change *out)
{
    struct buf text AUTO(buf_free);
    buf_init(&text, OPTIONS_LARGEST);
    struct json_writer w = json_writer(&text);
    write_options(&w, r->stream_options_value);
    out->old = r->stream_options_value;
    out->now = finished(&text, a);
    return out->now.p ? AIGNE_OK : AIGNE_E_NOMEM;
}

/* The end of what stands before `at`, blanks aside. */
static const char *back_over_blanks(const char *from, const char *at)
{
    struct slice before = slice_trim(slice_of(from, (size_t)(at - from)));
    return before.p + before.n;
}

static bool inside(struct slice body, struct slice part)
{
    return part.p >= body.p && part.p + part.n <= body.p + body.n;
}

struct slice openai_member(struct slice text, struct slice value)
{
    const char *begin = text.p;
    const char *end = value.p + value.n;
    const char *limit = begin + text.n;
    const char *key = back_over_blanks(begin, value.p) - 1; /* the colon */
    key = back_over_blanks(begin, key) - 1;                 /* its last quote */
    while (key > begin && key[-1] != '"')
        key--;
    key = key > begin ? key - 1 : key;
    const char *before = back_over_blanks(begin, key);
    if (before > begin && before[-1] == ',')
        return slice_of(before - 1, (size_t)(end - before + 1));
    struct slice after = slice_trim(slice_of(end, (size_t)(limit - end)));
    end = slice_starts(after, ",") ? after.p + 1 : end;
    return slice_of(key, (size_t)(end - key));
}

static void add_piece(struct http_request *out, struct slice piece)
{
    if (piece.n)
        out->body[out->body_count++] = piece;
}

/* The body around the changes, which are in the order of their places in it. */
static void splice(struct slice body, const struct change *changes, size_t count,
                   struct http_request *out)
{
    const char *from = body.p;
    for (size_t i = 0; i < count; i++) {
        add_piece(out, slice_of(from, (size_t)(changes[i].old.p - from)));
        add_piece(out, changes[i].now);
        from = changes[i].old.p + changes[i].old.n;
    }
    add_piece(out, slice_of(from, (size_t)(body.p + body.n - from)));
}

int openai_relay_to(const struct chat_relay *r, const struct chat_target *to, struct slice path,
                    bool ask_usage, struct arena *a, struct http_request *out,
                    struct fault *why)
{
    struct change changes[2];
    size_t count = 1;
    bool knows_options = !(to->quirks & OPENAI_NO_STREAM_OPTIONS);
    bool asks = knows_options && ask_usage && r->stream;
    *out = (struct http_request){.method = "POST", .streamed = r->stream};
    if (slice_find_byte(r->body, '{') == r->body.n)
        return fault_set(why, AIGNE_E_REQUEST, "The body must be a JSON object.");
    int rc = change_model(r, to, asks && !r->stream_options_value.p, a, &changes[0]);
    if (rc == AIGNE_OK && asks && r->stream_options_value.p) {
        rc = change_options(r, a, &changes[1]);
        count = 2;
    } else if (!knows_options && r->stream_options_value.p &&
               inside(r->body, r->stream_options_value)) {
        dropped_note(to->dropped, "stream_options");
        /* for those who refuse what they do not know */
        changes[1] = (struct change){.old = openai_member(r->body, r->stream_options_value)};
        count = 2;
    }
    if (rc < 0)
        return fault_nomem(why);
    if (!inside(r->body, changes[0].old) || (count == 2 && !inside(r->body, changes[1].old)))
        return fault_set(why, AIGNE_E_INTERNAL, "A member to replace lies outside the body.");
    if (count == 2 && changes[1].old.p < changes[0].old.p) {
        struct change first = changes[1];
        changes[1] = changes[0];
        changes[0] = first;
    }
    splice(r->body, changes, count, out);
    out->url = openai_url(to, path, a);
    if (!out->url.p)
        return fault_nomem(why);
    rc = openai_headers(to, a, out, why);
    if (rc == AIGNE_OK)
        rc = wire_header(out, "content-type", SLICE("application/json"), why);
    /* JSON is what comes anyway; libcurl pays for each byte of a header. */
    return rc < 0 || !r->stream ? rc
                                : wire_header(out, "accept", SLICE("text/event-stream"), why);
}

int openai_relay(const struct chat_relay *r, const struct chat_target *to, struct arena *a,
                 struct http_request *out, struct fault *why)
{
    return openai_relay_to(r, to, SLICE("chat/completions"), true, a, out, why);
}
