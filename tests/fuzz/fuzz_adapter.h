/* fuzz_adapter.h - everything an adapter reads from strangers, given any bytes.
 *
 * The first byte says what the others are: 's' a streamed answer, 'w' a whole one, 'e' the body of an
 * error, 'm' a list of models, 'b' a body to relay; anything else a request in AIGNE's form. */
#ifndef AIGNE_TESTS_FUZZ_ADAPTER_H
#define AIGNE_TESTS_FUZZ_ADAPTER_H

#include "base/buf.h"
#include "chat/input.h"
#include "fuzz.h"
#include "provider/adapter.h"
#include "text/json_scan.h"
#include <aignehub/aignehub.h>

/* Sums up the events it is told, and checks that they come as their readers expect them. */
struct fuzz_sink {
    struct event_sink sink;
    uint64_t sum;
    int begun;
    int open;
    bool finished;
};

static inline void fuzz_add(struct fuzz_sink *s, struct slice text)
{
    for (size_t i = 0; i < text.n; i++)
        s->sum = (s->sum ^ (unsigned char)text.p[i]) * 1099511628211u;
    s->sum = (s->sum ^ text.n) * 1099511628211u;
}

static inline int fuzz_push(struct event_sink *sink, const struct event *e)
{
    struct fuzz_sink *s = (struct fuzz_sink *)(void *)sink;
    FUZZ_CHECK(!s->finished || e->kind == EVENT_USAGE);
    if (e->kind == EVENT_TOOL_BEGIN) {
        FUZZ_CHECK(e->index == s->begun && e->name.n && e->id.n);
        FUZZ_CHECK(!e->metadata.p || json_check(e->metadata, NULL) == AIGNE_OK);
        s->begun++;
        s->open++;
    }
    if (e->kind == EVENT_TOOL_ARGUMENTS || e->kind == EVENT_TOOL_END)
        FUZZ_CHECK(e->index >= 0 && e->index < s->begun);
    s->open -= e->kind == EVENT_TOOL_END;
    if (e->kind == EVENT_USAGE)
        FUZZ_CHECK(usage_sane(&e->usage));
    if (e->kind == EVENT_FINISH)
        FUZZ_CHECK(s->open == 0);
    s->finished = s->finished || e->kind == EVENT_FINISH;
    s->sum =
        (s->sum ^ (uint64_t)e->kind ^ ((uint64_t)(unsigned)e->index << 8)) * 1099511628211u;
    fuzz_add(s, e->text);
    fuzz_add(s, e->name);
    fuzz_add(s, e->id);
    return AIGNE_OK;
}

struct fuzz_reader {
    const struct adapter *adapter;
    struct arena keep;
    struct arena scratch;
    struct fault why;
    struct fuzz_sink events;
    struct chat_request request;
    struct decoding d;
    enum chat_choice usage_wanted;
};

static inline void fuzz_reader_begin(struct fuzz_reader *r, const struct adapter *adapter)
{
    *r = (struct fuzz_reader){.adapter = adapter, .events = {.sink = {fuzz_push}}};
    arena_init(&r->keep);
    arena_init(&r->scratch);
    r->request.format = CHAT_FORMAT_JSON;
    r->d = (struct decoding){.state = arena_alloc(&r->keep, adapter->state_size + 1),
                             .keep = &r->keep,
                             .scratch = &r->scratch,
                             .sink = &r->events.sink,
                             .why = &r->why,
                             .request = &r->request};
}

static inline void fuzz_reader_end(struct fuzz_reader *r)
{
    arena_free(&r->keep);
    arena_free(&r->scratch);
}

static inline int fuzz_frame(struct fuzz_reader *r, const struct sse_event *frame, bool watched)
{
    struct slice shown = frame->raw;
    int rc = watched ? r->adapter->watch(&r->d, frame, r->usage_wanted, &shown)
                     : r->adapter->decode(&r->d, frame);
    arena_clear(&r->scratch);
    return rc;
}

/* The answer in pieces of `step` bytes; the sum of its events. */
static inline uint64_t fuzz_stream(const struct adapter *adapter, struct slice text,
                                   size_t step, bool watched)
{
    struct fuzz_reader r;
    struct frames s;
    struct sse_event frame;
    int rc = 1;
    fuzz_reader_begin(&r, adapter);
    r.usage_wanted = text.n % 2 ? CHAT_YES : CHAT_NO;
    frames_init(&s, adapter->framing);
    while (text.n && rc >= 0) {
        size_t n = step < text.n ? step : text.n;
        frames_feed(&s, slice_of(text.p, n));
        text = slice_from(text, n);
        while (rc >= 0 && (rc = frames_next(&s, &frame)) > 0)
            rc = fuzz_frame(&r, &frame, watched);
    }
    if (rc >= 0 && frames_finish(&s, &frame) > 0)
        rc = fuzz_frame(&r, &frame, watched);
    if (rc >= 0)
        rc = adapter->finish(&r.d);
    FUZZ_CHECK(rc != AIGNE_OK || r.events.finished);
    uint64_t sum = r.events.sum ^ (uint64_t)(int64_t)rc;
    frames_free(&s);
    fuzz_reader_end(&r);
    return sum;
}

static inline void fuzz_whole(const struct adapter *adapter, struct slice text)
{
    struct fuzz_reader r;
    fuzz_reader_begin(&r, adapter);
    int rc = adapter->decode_whole(&r.d, text, false);
    FUZZ_CHECK(rc < 0 || r.events.finished);
    fuzz_reader_end(&r);
}

static inline void fuzz_explain(const struct adapter *adapter, struct slice text)
{
    struct fault why = {0};
    adapter->explain(400 + (int)(text.n % 200), SLICE("retry-after: 3\n"), text, 0, &why);
    FUZZ_CHECK(why.code < 0 && why.text[0]);
}

static inline void fuzz_models(const struct adapter *adapter, struct slice text)
{
    struct arena a;
    struct buf json;
    struct fault why = {0};
    arena_init(&a);
    buf_init(&json, (size_t)16 * 1024 * 1024);
    if (adapter->list_answer(text, &a, &json, &why) == AIGNE_OK)
        FUZZ_CHECK(json_check(buf_slice(&json), NULL) == AIGNE_OK);
    buf_free(&json);
    arena_free(&a);
}

static inline void fuzz_sent(const struct http_request *http)
{
    struct buf body;
    buf_init(&body, (size_t)64 * 1024 * 1024);
    for (size_t i = 0; i < http->body_count; i++)
        buf_put_slice(&body, http_body(http)[i]);
    FUZZ_CHECK(json_check(buf_slice(&body), NULL) == AIGNE_OK);
    buf_free(&body);
}

static inline void fuzz_target(const struct adapter *adapter,
                               const struct chat_request *request,
                               const struct chat_relay *relay, const char *model,
                               unsigned quirks)
{
    struct arena a;
    struct fault why = {0};
    struct http_request http = {0};
    struct chat_target to = {.provider = SLICE("p"),
                             .base_url = SLICE("https://api.example/v1"),
                             .model = slice_text(model),
                             .secret = SLICE("s"),
                             .quirks = quirks};
    arena_init(&a);
    int rc = relay ? adapter->relay(relay, &to, &a, &http, &why)
                   : adapter->encode(request, &to, &a, &http, &why);
    if (rc == AIGNE_OK)
        fuzz_sent(&http);
    arena_free(&a);
}

static inline void fuzz_relay(const struct adapter *adapter, struct slice text)
{
    struct json body = json_of(text);
    struct chat_relay relay = {.body = text,
                               .model_value = json_get(body, "model").raw,
                               .stream_options_value = json_get(body, "stream_options").raw,
                               .stream_value = json_get(body, "stream").raw,
                               .stream = true};
    if (adapter->relay && body.kind == JSON_OBJECT && json_check(text, NULL) == AIGNE_OK)
        fuzz_target(adapter, NULL, &relay, "a \"model\"", 0);
}

static inline void fuzz_request(const struct adapter *adapter, struct slice text)
{
    static const char *const models[] = {"gpt-5.2", "claude-sonnet-4-5", "claude-opus-4-7",
                                         "gemini-2.5-pro", "gemini-3-flash"};
    struct arena a;
    struct fault why = {0};
    struct chat_request request;
    arena_init(&a);
    if (json_check(text, NULL) == AIGNE_OK &&
        chat_input_read(json_of(text), &a, &request, &why) == AIGNE_OK) {
        for (unsigned quirk = 0; quirk < 32; quirk++) {
            request.stream = quirk % 2;
            fuzz_target(adapter, &request, NULL, models[quirk % 5], (1u << quirk) >> 1);
        }
    }
    arena_free(&a);
}

static inline int fuzz_adapter(const struct adapter *adapter, const uint8_t *data, size_t size)
{
    struct slice all = fuzz_input(data, size);
    struct slice text = slice_from(all, 1);
    switch (size ? data[0] : 0) {
    case 's':
        FUZZ_CHECK(fuzz_stream(adapter, text, size, false) ==
                   fuzz_stream(adapter, text, 1, false));
        FUZZ_CHECK(!adapter->watch || fuzz_stream(adapter, text, size, true) ==
                                          fuzz_stream(adapter, text, 7, true));
        break;
    case 'w':
        fuzz_whole(adapter, text);
        break;
    case 'e':
        fuzz_explain(adapter, text);
        break;
    case 'm':
        if (adapter->list_answer)
            fuzz_models(adapter, text);
        break;
    case 'b':
        fuzz_relay(adapter, text);
        break;
    default:
        fuzz_request(adapter, all);
        break;
    }
    return 0;
}

#endif
