/* Knows how one provider is asked and its answer read; refuses to know why it was chosen, what it
 * costs, or what happens after it. */
#include "core/attempt.h"
#include "base/limits.h"
#include "chat/trimmed.h"
#include "chat/wrapped.h"
#include "provider/config.h"
#include "provider/opening.h"
#include "text/url.h"
#include <aignehub/aignehub.h>

#define SECRET_LARGEST ((size_t)64 * 1024)

/* Of a request that asks how far a job is: losing the job to one bad moment would be dear. */
enum { REPEATS_LARGEST = 5 };
#define REDIRECTS_LARGEST 3
#define REPEAT_FIRST_MS   ((int64_t)500)

void attempt_init(struct attempt *t, struct event_sink *sink, struct fault *why,
                  void *sending_room, size_t sending_size)
{
    memset(t, 0, offsetof(struct attempt, request.headers));
    frames_init(&t->reader, FRAMES_SSE);
    arena_init(&t->scratch);
    arena_init_room(&t->sending, sending_room, sending_size);
    buf_init(&t->body, LIMIT_REPLY_BODY);
    buf_init(&t->head, LIMIT_HEADERS);
    buf_init(&t->secret, SECRET_LARGEST);
    t->decoding.scratch = &t->scratch;
    t->decoding.sink = sink;
    t->decoding.why = why;
}

int attempt_open(struct attempt *t, const struct chat_request *request,
                 const struct chat_relay *relay, struct arena *keep)
{
    t->decoding.keep = keep;
    t->decoding.provider = t->target.provider;
    t->decoding.request = t->relaying ? NULL : request;
    t->decoding.relay = t->relaying ? relay : NULL;
    t->reader.framing = t->adapter->framing;
    t->target.trims = &t->trims;
    if (t->adapter->state_size) {
        t->decoding.state = arena_alloc(keep, t->adapter->state_size);
        if (!t->decoding.state)
            return fault_nomem(t->decoding.why);
    }
    if (t->adapter->step)
        return AIGNE_OK;
    if (t->adapter->objects_only && !t->relaying && wrapped_wanted(request)) {
        request = wrapped_request(request, keep, &t->decoding.sink);
        if (!request)
            return fault_nomem(t->decoding.why);
    }
    if (url_climbs(t->target.model)) /* it may be part of the URL */
        return fault_field(t->decoding.why, AIGNE_E_REQUEST, "model",
                           "No model's name has \".\" or \"..\" between slashes.");
    int rc = t->relaying ? t->adapter->relay(relay, &t->target, &t->sending, &t->request,
                                             t->decoding.why)
                         : t->adapter->encode(request, &t->target, &t->sending, &t->request,
                                              t->decoding.why);
    t->streamed = t->request.streamed;
    if (rc >= 0 && t->trims && !trimmed_begin(request, t->trims, keep, &t->decoding.sink))
        rc = fault_nomem(t->decoding.why);
    return rc < 0 ? rc
                  : provider_headers(&t->target, &t->sending, &t->request, t->decoding.why);
}

static bool names_request(struct slice header)
{
    return slice_is_nocase(header, "x-request-id") || slice_is_nocase(header, "request-id") ||
           slice_is_nocase(header, "x-amzn-requestid") ||
           slice_is_nocase(header, "x-generation-id");
}

/* The answer may come in the other form than was asked for: believe what it says it is. */
static void note_form(struct attempt *t, struct slice type)
{
    if (!type.p)
        return;
    const char *framed = frames_media_type(t->adapter->framing);
    bool streamed = framed && http_media_type_is(type, framed);
    bool plain = http_media_type_is(type, "application/json");
    if ((streamed && !t->streamed) || (plain && t->streamed)) {
        t->streamed = streamed;
        t->relaying = false;
    }
}

int attempt_head(struct attempt *t, int status, struct slice headers)
{
    struct slice rest = headers;
    struct slice type = SLICE_NONE;
    struct http_header h;
    bool exhausted = false;
    t->status = status;
    while (http_block_next(&rest, &h)) {
        if (slice_is_nocase(h.name, "content-type"))
            type = h.value;
        else if (!t->request_id[0] && names_request(h.name))
            FAULT_COPY(t->request_id, h.value);
        exhausted = exhausted || slice_is(h.value, "0");
    }
    if (exhausted)
        t->exhausted_ms = http_exhausted_ms(headers, t->target.now_ms);
    if (status >= 200 && status < 300) {
        note_form(t, type);
        if (t->adapter->reads_head)
            t->decoding.head = arena_copy(t->decoding.keep, headers);
        const char *given = t->streamed ? frames_given_type(t->adapter->framing) : NULL;
        t->decoding.media_type = given ? slice_text(given) : arena_copy(t->decoding.keep, type);
        return AIGNE_OK;
    }
    t->streamed = false;
    buf_put_slice(&t->head, headers);
    return buf_rc(&t->head);
}

static int read_frame(struct attempt *t, const struct sse_event *frame)
{
    int rc = AIGNE_OK;
    if (t->relaying) {
        struct slice shown = frame->raw;
        t->decoding.text_seen = 0;
        rc = t->adapter->watch(&t->decoding, frame, t->usage_wanted, &shown);
        t->told = t->told || t->decoding.text_seen > 0 || !opening_is(slice_trim(frame->data));
        if (rc >= 0 && shown.p)
            rc = t->frames->push(t->frames, shown, t->decoding.text_seen);
    } else {
        rc = t->adapter->decode(&t->decoding, frame);
    }
    arena_clear(&t->scratch);
    return rc;
}

static int read_stream(struct attempt *t, struct slice piece)
{
    struct sse_event frame;
    frames_feed(&t->reader, piece);
    int rc = frames_next(&t->reader, &frame);
    while (rc > 0) {
        rc = read_frame(t, &frame);
        if (rc >= 0)
            rc = frames_next(&t->reader, &frame);
    }
    if (rc < 0 && !t->decoding.why->code)
        fault_set(t->decoding.why, rc, "The provider's stream could not be read.");
    return rc;
}

/* Of an error's body only the beginning is read. What comes after it is not waited for: it need not
 * end. */
static int keep_error(struct attempt *t, struct slice piece)
{
    size_t room = LIMIT_ERROR_BODY - t->body.n;
    buf_put(&t->body, piece.p, piece.n < room ? piece.n : room);
    return piece.n > room ? AIGNE_E_PROTOCOL : AIGNE_OK;
}

int attempt_data(struct attempt *t, struct slice piece)
{
    if (t->streamed)
        return read_stream(t, piece);
    if (t->status >= 300)
        return keep_error(t, piece);
    buf_put_slice(&t->body, piece);
    int rc = buf_rc(&t->body);
    if (rc == AIGNE_E_NOMEM)
        return fault_nomem(t->decoding.why);
    if (rc < 0)
        return fault_set(t->decoding.why, AIGNE_E_PROTOCOL,
                         "The provider's answer is larger than %zu bytes.", LIMIT_REPLY_BODY);
    return AIGNE_OK;
}

static int end_stream(struct attempt *t)
{
    struct sse_event frame;
    int rc = frames_finish(&t->reader, &frame);
    if (rc > 0)
        rc = read_frame(t, &frame);
    return rc < 0 ? rc : t->adapter->finish(&t->decoding);
}

#define SECRET_SHORTEST 8 /* shorter ones are no secrets, but words */

static void hide_text(char *text, size_t size, struct slice secret)
{
    if (secret.n < SECRET_SHORTEST)
        return;
    struct slice rest = slice_of(text, size);
    for (size_t at = slice_find(rest, secret); at < rest.n; at = slice_find(rest, secret)) {
        size_t offset = size - rest.n + at;
        memset(text + offset, '*', secret.n);
        rest = slice_from(rest, at + secret.n);
    }
}

/* Some providers repeat the key that they refuse. */
static void hide_secret(const struct attempt *t, char *text, size_t size)
{
    hide_text(text, size, t->target.secret);
    struct json_walk pair =
        json_walk(t->target.secret_is_pair ? json_of(t->target.secret) : (struct json){0});
    while (json_next(&pair)) {
        if (pair.value.kind == JSON_STRING)
            hide_text(text, size, slice_of(pair.value.raw.p + 1, pair.value.raw.n - 2));
    }
}

static int explain(struct attempt *t, int64_t wall_ms)
{
    struct fault *why = t->decoding.why;
    hide_secret(t, t->body.p, t->body.n);
    t->adapter->explain(t->status, buf_slice(&t->head), buf_slice(&t->body), wall_ms, why);
    why->upstream = true;
    if (!why->code)
        fault_set(why, AIGNE_E_UPSTREAM, "The provider answered with HTTP status %d.",
                  t->status);
    if (why->http < 400) /* a redirection is none that the caller could follow */
        why->http = t->status >= 400 ? t->status : 502;
    return why->code;
}

void attempt_forget(struct attempt *t)
{
    buf_wipe_free(&t->secret);
    arena_wipe_free(&t->sending);
}

static int verdict(struct attempt *t, int rc, bool finished, int64_t wall_ms)
{
    bool answered = t->status >= 200 && t->status < 300;
    if (t->status && !answered)
        return explain(t, wall_ms);
    bool lost = rc == AIGNE_E_NETWORK || rc == AIGNE_E_TIMEOUT;
    if (lost && (finished || t->decoding.ended))
        return finished ? AIGNE_OK : t->adapter->finish(&t->decoding);
    if (rc < 0)
        return rc;
    rc = t->streamed ? end_stream(t)
                     : t->adapter->decode_whole(&t->decoding, buf_slice(&t->body), t->relaying);
    arena_clear(&t->scratch);
    if (rc < 0 && !t->decoding.why->code)
        fault_set(t->decoding.why, rc, "The provider's answer could not be read.");
    return rc < 0 ? rc : AIGNE_OK;
}

int attempt_end(struct attempt *t, int rc, bool finished, int64_t wall_ms)
{
    struct fault *why = t->decoding.why;
    rc = verdict(t, rc, finished, wall_ms);
    if (rc < 0)
        hide_secret(t, why->text, strlen(why->text));
    return rc;
}

/* What the answer left behind, before the next one of the same attempt. */
static void forget_answer(struct attempt *t)
{
    frames_free(&t->reader);
    frames_init(&t->reader, t->adapter->framing);
    buf_clear(&t->body);
    buf_clear(&t->head);
    t->status = 0;
    t->streamed = t->request.streamed;
}

/* A link may lead anywhere; what an operator adds is for his provider alone. */
static bool asks_provider(const struct attempt *t)
{
    struct url own;
    struct url asked;
    return url_parse(t->target.base_url, &own, NULL) >= 0 &&
           url_parse(t->request.url, &asked, NULL) >= 0 && slice_eq(own.origin, asked.origin);
}

int attempt_more(struct attempt *t, int64_t *delay_ms)
{
    *delay_ms = 0;
    if (!t->adapter->more || t->relaying)
        return AIGNE_OK;
    t->request = (struct http_request){.method = "GET"};
    int rc = t->adapter->more(&t->decoding, &t->target, &t->sending, &t->request, delay_ms);
    arena_clear(&t->scratch);
    if (rc != AIGNE_AGAIN)
        return rc;
    rc = AIGNE_OK;
    if (asks_provider(t))
        rc = provider_headers(&t->target, &t->sending, &t->request, t->decoding.why);
    t->step++;
    t->failures = t->redirects = 0;
    forget_answer(t);
    return rc < 0 ? rc : AIGNE_AGAIN;
}

/* What was made may lie elsewhere than where it is asked for. Keys go back to where they were meant for
 * only, and nothing is followed out of encryption. */
static bool follow(struct attempt *t)
{
    struct slice location = http_block_get(buf_slice(&t->head), "location");
    struct url from;
    struct url to;
    bool moved = t->status == 301 || t->status == 302 || t->status == 303 || t->status == 307 ||
                 t->status == 308;
    if (!moved || strcmp(t->request.method, "GET") != 0 ||
        t->redirects++ >= REDIRECTS_LARGEST || url_parse(t->request.url, &from, NULL) < 0 ||
        url_parse(location, &to, NULL) < 0)
        return false;
    if (slice_is_nocase(from.scheme, "https") && !slice_is_nocase(to.scheme, "https"))
        return false;
    if (!slice_eq(from.origin, to.origin))
        t->request.header_count = 0;
    t->request.url = arena_copy(&t->sending, location);
    return t->request.url.p != NULL;
}

int attempt_repeat(struct attempt *t, int rc, int64_t *delay_ms)
{
    const struct fault *why = t->decoding.why;
    bool refused = t->status >= 300; /* else it was answered: that the job failed */
    bool passing = rc == AIGNE_E_NETWORK || rc == AIGNE_E_TIMEOUT ||
                   (refused && why->upstream && (why->http == 429 || why->http >= 500));
    bool followed = t->step && follow(t);
    if (!followed && (!t->step || !passing || t->failures >= REPEATS_LARGEST))
        return rc;
    *delay_ms = followed ? 0 : REPEAT_FIRST_MS << t->failures++;
    fault_clear(t->decoding.why);
    forget_answer(t);
    return AIGNE_AGAIN;
}

void attempt_close(struct attempt *t)
{
    attempt_forget(t);
    frames_free(&t->reader);
    arena_free(&t->scratch);
    buf_free(&t->body);
    buf_free(&t->head);
}
