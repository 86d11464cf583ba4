/* Knows how Claude is asked on Bedrock in Anthropic's own format, so that nothing of it is lost; leaves the
 * format to the Anthropic adapter. */
#include "base/buf.h"
#include "base/mem.h"
#include "provider/adapters.h"
#include "provider/bedrock.h"
#include <aignehub/aignehub.h>

#define VERSION "\"anthropic_version\":\"bedrock-2023-05-31\""

/* Where in the body a member stands: its key, its value and, of two members, the comma between. */
struct span {
    size_t start;
    size_t end;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* From the quote that opens the key to the end of the value. */
static struct span span_of(struct slice body, struct slice value)
{
    size_t at = (size_t)(value.p - body.p);
    struct span s = {at, at + value.n};
    while (at > 0 && body.p[at] != ':')
        at--;
    for (int quotes = 0; at > 0 && quotes < 2;)
        quotes += body.p[--at] == '"';
    s.start = at;
    return s;
}

/* With the comma before it or, of the first one, behind it. */
static struct span without_comma(struct slice body, struct span s)
{
    size_t before = s.start;
    while (before > 0 && is_blank(body.p[before - 1]))
        before--;
    if (before > 0 && body.p[before - 1] == ',')
        return (struct span){before - 1, s.end};
    while (s.end < body.n && is_blank(body.p[s.end]))
        s.end++;
    s.end += s.end < body.n && body.p[s.end] == ',';
    return s;
}

/* The version, and the betas that other clients name in a header. */
static struct slice members_instead(struct slice headers, struct arena *a)
{
    struct buf out AUTO(buf_free);
    struct slice beta = http_block_get(headers, "anthropic-beta");
    buf_init(&out, 6 * beta.n + 1024);
    BUF_LITERAL(&out, VERSION);
    if (beta.n) {
        BUF_LITERAL(&out, ",\"anthropic_beta\":");
        struct json_writer w = json_writer(&out);
        json_open_array(&w);
        while (beta.n) {
            struct slice one = slice_of(beta.p, slice_find_byte(beta, ','));
            beta = slice_from(beta, one.n + 1);
            if (slice_trim(one).n)
                json_write_string(&w, slice_trim(one));
        }
        json_close_array(&w);
    }
    return buf_rc(&out) < 0 ? SLICE_NONE : arena_copy(a, buf_slice(&out));
}

/* The model and the wish for a stream are said in the URL and refused in the body. */
static int cut(const struct chat_relay *r, struct arena *a, struct http_request *out,
               struct fault *why)
{
    struct slice body = r->body;
    struct span model = span_of(body, r->model_value);
    struct span stream = {body.n, body.n};
    if (r->stream_value.p)
        stream = without_comma(body, span_of(body, r->stream_value));
    struct slice instead = members_instead(r->headers, a);
    if (!instead.p)
        return fault_nomem(why);
    bool after = stream.start > model.start;
    struct span first = after ? model : stream;
    struct span second = after ? stream : model;
    const struct slice pieces[] = {slice_of(body.p, first.start), after ? instead : SLICE(""),
                                   slice_of(body.p + first.end, second.start - first.end),
                                   after ? SLICE("") : instead, slice_from(body, second.end)};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        if (pieces[i].n)
            out->body[out->body_count++] = pieces[i];
    }
    return AIGNE_OK;
}

/* Anthropic alone keeps conversations; by this code its clients know to send them whole. */
static int refuse_thread(struct slice body, struct fault *why)
{
    struct json thread = json_get(json_of(body), "thread");
    if (!json_present(thread))
        return AIGNE_OK;
    FAULT_COPY(why->reason, SLICE("thread_unsupported_request"));
    return fault_field(why, AIGNE_E_REQUEST, "thread",
                       "thread is not kept for this model: send the conversation whole.");
}

static int relay(const struct chat_relay *r, const struct chat_target *to, struct arena *a,
                 struct http_request *out, struct fault *why)
{
    struct slice body = r->body;
    *out = (struct http_request){.method = "POST", .streamed = r->stream};
    if (!r->model_value.p || r->model_value.p < body.p ||
        r->model_value.p + r->model_value.n > body.p + body.n)
        return fault_set(why, AIGNE_E_INTERNAL, "A member to replace lies outside the body.");
    int rc = refuse_thread(body, why);
    if (rc == AIGNE_OK)
        rc = cut(r, a, out, why);
    if (rc == AIGNE_OK)
        rc = wire_header(out, "content-type", SLICE("application/json"), why);
    if (rc == AIGNE_OK)
        rc = wire_header(out, "accept",
                         r->stream ? SLICE(BEDROCK_STREAM_TYPE) : SLICE("application/json"),
                         why);
    return rc < 0 ? rc
                  : bedrock_send(to, r->stream ? "invoke-with-response-stream" : "invoke", a,
                                 out, why);
}

static int encode(const struct chat_request *r, const struct chat_target *to, struct arena *a,
                  struct http_request *out, struct fault *why)
{
    enum { MODEL, STREAM, MEMBERS };
    static const char *const names[] = {"model", "stream"};
    struct http_request plain;
    struct json v[MEMBERS];
    int rc = anthropic_encode(r, to, a, &plain, why);
    if (rc < 0)
        return rc;
    json_pick(json_of(plain.body[0]), names, MEMBERS, v);
    const struct chat_relay same = {.body = plain.body[0],
                                    .model_value = v[MODEL].raw,
                                    .stream_value = v[STREAM].raw,
                                    .stream = r->stream};
    return relay(&same, to, a, out, why);
}

static int decode(struct decoding *d, const struct sse_event *frame)
{
    return frame->failed ? bedrock_exception(d, frame) : anthropic_decode(d, frame);
}

static int watch(struct decoding *d, const struct sse_event *frame,
                 enum chat_choice usage_wanted, struct slice *shown)
{
    return frame->failed ? bedrock_exception(d, frame)
                         : anthropic_watch(d, frame, usage_wanted, shown);
}

const struct adapter adapter_bedrock_anthropic = {
    .name = "bedrock.anthropic",
    .format = "anthropic.messages",
    .framing = FRAMES_AWS_SSE,
    .state_size = sizeof(struct anthropic_state),
    .texts = anthropic_texts,
    .encode = encode,
    .relay = relay,
    .decode = decode,
    .watch = watch,
    .decode_whole = anthropic_decode_whole,
    .finish = anthropic_finish,
    .explain = bedrock_explain,
};
