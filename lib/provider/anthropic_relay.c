/* Knows what changes of an Anthropic request on the way through, and what the hub must learn of its
 * answer; refuses to read the rest. */
#include "base/mem.h"
#include "provider/answer.h"
#include "provider/anthropic.h"
#include "text/json_likeness.h"
#include "text/url.h"
#include <aignehub/aignehub.h>

#define VERSION "2023-06-01"

struct slice anthropic_url(const struct chat_target *to, struct slice path, struct slice query,
                           struct arena *a)
{
    bool versioned = slice_ends(to->base_url, "/v1");
    struct slice parts[] = {versioned ? SLICE("") : SLICE("v1/"), path,
                            query.n ? SLICE("?") : SLICE(""), query};
    struct slice whole = arena_join(a, parts, 4);
    return whole.p ? url_join(a, to->base_url, whole) : SLICE_NONE;
}

int anthropic_headers(const struct chat_target *to, struct slice client,
                      struct http_request *out, struct fault *why)
{
    struct slice version = http_block_get(client, "anthropic-version");
    struct slice beta = http_block_get(client, "anthropic-beta");
    int rc = to->secret.n ? wire_header(out, "x-api-key", to->secret, why) : AIGNE_OK;
    if (rc == AIGNE_OK)
        rc = wire_header(out, "anthropic-version", version.n ? version : SLICE(VERSION), why);
    return rc < 0 || !beta.n ? rc : wire_header(out, "anthropic-beta", beta, why);
}

/* Of the query only what Anthropic's own clients send there. */
static struct slice query_of(const struct chat_relay *r)
{
    return slice_find(r->query, SLICE("beta=true")) < r->query.n ? SLICE("beta=true")
                                                                 : SLICE("");
}

static struct slice quoted(struct slice text, struct arena *a)
{
    struct buf out AUTO(buf_free);
    buf_init(&out, text.n * 6 + 2);
    struct json_writer w = json_writer(&out);
    json_write_string(&w, text);
    return buf_rc(&out) < 0 ? SLICE_NONE : arena_copy(a, buf_slice(&out));
}

static int relay_to(const struct chat_relay *r, const struct chat_target *to, struct slice path,
                    struct arena *a, struct http_request *out, struct fault *why)
{
    struct slice old = r->model_value;
    struct slice end = slice_of(r->body.p + r->body.n, 0);
    *out = (struct http_request){.method = "POST", .streamed = r->stream};
    if (!old.p || old.p < r->body.p || old.p + old.n > end.p)
        return fault_set(why, AIGNE_E_INTERNAL, "A member to replace lies outside the body.");
    out->body[0] = slice_of(r->body.p, (size_t)(old.p - r->body.p));
    out->body[1] = quoted(to->model, a);
    out->body[2] = slice_of(old.p + old.n, (size_t)(end.p - old.p) - old.n);
    out->body_count = 3;
    out->url = anthropic_url(to, path, query_of(r), a);
    if (!out->url.p || !out->body[1].p)
        return fault_nomem(why);
    int rc = anthropic_headers(to, r->headers, out, why);
    return rc < 0 ? rc : wire_header(out, "content-type", SLICE("application/json"), why);
}

int anthropic_relay(const struct chat_relay *r, const struct chat_target *to, struct arena *a,
                    struct http_request *out, struct fault *why)
{
    int rc = relay_to(r, to, SLICE(ANTHROPIC_PATH), a, out, why);
    return rc < 0 || !r->stream ? rc
                                : wire_header(out, "accept", SLICE("text/event-stream"), why);
}

int anthropic_relay_count(const struct chat_relay *r, const struct chat_target *to,
                          struct arena *a, struct http_request *out, struct fault *why)
{
    int rc = relay_to(r, to, SLICE(ANTHROPIC_COUNT_PATH), a, out, why);
    out->streamed = false; /* there is nothing to stream, whatever was asked for */
    return rc;
}

/* ---- the answer ---- */

const char *const anthropic_texts[] = {"text", "thinking", "partial_json", "input", NULL};

#define DULL_LONGEST 2048
#define DULL_LARGEST 16 /* each new kind of delta is learned anew; not without end */

/* Blocks come and go between the two messages that count. Clients go by the event's name too. */
static bool is_dull(const struct sse_event *frame)
{
    return slice_starts(frame->name, "content_block_") || slice_is(frame->name, "ping");
}

/* Deltas differ from one another in one piece of text only. */
static int watch_dull(struct decoding *d, struct slice data)
{
    struct anthropic_state *s = d->state;
    if (s->dull.p && json_differ_in_value(s->dull, data)) {
        d->text_seen = answer_text_like(s->dull, s->dull_text, data);
        return AIGNE_OK;
    }
    int rc = answer_check(d, data, JSON_OBJECT);
    d->text_seen = json_texts(data, anthropic_texts);
    if (rc == AIGNE_OK && data.n <= DULL_LONGEST && s->dull_learned < DULL_LARGEST) {
        s->dull = arena_copy(d->keep, data);
        s->dull_text = d->text_seen;
        s->dull_learned++;
    }
    return rc;
}

int anthropic_watch(struct decoding *d, const struct sse_event *frame,
                    enum chat_choice usage_wanted, struct slice *shown)
{
    const struct anthropic_state *s = d->state;
    struct slice data = slice_trim(frame->data);
    (void)usage_wanted; /* it is part of the stream here */
    (void)shown;
    if (!data.n || s->ended)
        return AIGNE_OK;
    return is_dull(frame) ? watch_dull(d, data) : anthropic_watch_event(d, data);
}
