/* fuzz_ingress.h - an ingress format given any bytes, as a request, or, after '!', as the events of an
 * answer: a byte for the kind, one for the index, one for the length, and so much text. */
#ifndef AIGNE_TESTS_FUZZ_INGRESS_H
#define AIGNE_TESTS_FUZZ_INGRESS_H

#include "chat/input.h"
#include "fuzz.h"
#include "ingress/ingress.h"
#include "text/sse.h"
#include <aignehub/aignehub.h>

#define FUZZ_CEILING ((size_t)64 * 1024 * 1024)

static inline bool fuzz_inside(struct slice part, struct slice whole)
{
    return !part.p || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static inline void fuzz_error(const struct ingress *in, const struct fault *why)
{
    struct buf out;
    buf_init(&out, FUZZ_CEILING);
    in->error(why, false, &out);
    FUZZ_CHECK(json_check(buf_slice(&out), NULL) == AIGNE_OK);
    buf_free(&out);
}

static inline void fuzz_body(const struct ingress *in, struct slice body)
{
    struct arena a;
    struct chat_request r;
    struct chat_relay relay;
    struct fault why = {0};
    struct slice model = SLICE_NONE;
    const struct ingress_request came = {.body = body,
                                         .rest = SLICE("models/m:generateContent")};
    struct buf out;
    arena_init(&a);
    buf_init(&out, FUZZ_CEILING);
    int peeked = in->peek(&came, &a, &model, &relay, &why);
    int rc = in->decode(&came, &a, &r, &why);
    FUZZ_CHECK(peeked == AIGNE_OK || peeked == AIGNE_E_REQUEST);
    FUZZ_CHECK(rc == AIGNE_OK || rc == AIGNE_E_REQUEST);
    if (peeked == AIGNE_OK) {
        FUZZ_CHECK(fuzz_inside(relay.model_value, relay.body));
        FUZZ_CHECK(fuzz_inside(relay.stream_options_value, relay.body));
    }
    if (rc == AIGNE_OK && peeked == AIGNE_OK) {
        FUZZ_CHECK(r.stream == relay.stream && slice_eq(r.model, model));
        chat_input_write(&r, model, &out);
        FUZZ_CHECK(json_check(buf_slice(&out), NULL) == AIGNE_OK);
    } else {
        FUZZ_CHECK(why.code == AIGNE_E_REQUEST);
        fuzz_error(in, &why);
    }
    buf_free(&out);
    arena_free(&a);
}

/* The next event; false: the bytes are used up. */
static inline bool fuzz_take(struct slice *rest, struct event *e)
{
    if (rest->n < 3)
        return false;
    unsigned char kind = (unsigned char)rest->p[0];
    unsigned char index = (unsigned char)rest->p[1];
    struct slice text = slice_of(rest->p + 3, (unsigned char)rest->p[2]);
    if (text.n > rest->n - 3)
        text.n = rest->n - 3;
    *rest = slice_from(*rest, 3 + text.n);
    *e = (struct event){.kind = (enum event_kind)(1 + kind % EVENT_FINISH),
                        .index = index % 4,
                        .finish = (enum finish)(index % 8),
                        .is_url = index % 2,
                        .text = text,
                        .id = text,
                        .name = text,
                        .usage = USAGE_TOKENS(index, -1, kind, -1, 2, -1)};
    bool is_json = json_check(text, NULL) == AIGNE_OK;
    if (is_json)
        e->metadata = text;
    bool must_be_json = e->kind == EVENT_JSON || e->kind == EVENT_EXTRA ||
                        e->kind == EVENT_LOGPROBS || e->kind == EVENT_EMBEDDING;
    if (!is_json && must_be_json)
        e->text = SLICE("{\"a\":\n1}");
    return true;
}

static inline void fuzz_frames(struct slice bytes)
{
    struct sse s;
    struct sse_event frame;
    sse_init(&s);
    sse_feed(&s, bytes);
    while (sse_next(&s, &frame) > 0)
        FUZZ_CHECK(slice_is(frame.data, "[DONE]") || json_check(frame.data, NULL) == AIGNE_OK);
    FUZZ_CHECK(sse_finish(&s, &frame) == 0);
    sse_free(&s);
}

static inline void fuzz_answer(const struct ingress *in, struct slice rest, bool streamed)
{
    struct arena keep;
    struct buf out;
    struct reply reply;
    struct event e;
    int rc = AIGNE_OK;
    arena_init(&keep);
    buf_init(&out, FUZZ_CEILING);
    reply_init(&reply, &keep);
    struct encoding x = {.keep = &keep,
                         .out = &out,
                         .call_id = SLICE("1"),
                         .model = SLICE("m"),
                         .include_usage = CHAT_YES,
                         .wants_json = true,
                         .state = arena_alloc(&keep, in->state_size)};
    while (rc >= 0 && fuzz_take(&rest, &e))
        rc = streamed ? in->event(&x, &e) : event_push(&reply.sink, &e);
    if (rc >= 0)
        rc = streamed ? in->end(&x, NULL) : in->whole(&x, &reply, NULL);
    const struct fault why = {.code = AIGNE_E_UPSTREAM};
    if (rc < 0 && streamed && in->broken)
        (void)in->broken(&x, &why);
    if (streamed)
        fuzz_frames(buf_slice(&out));
    else if (rc >= 0)
        FUZZ_CHECK(json_check(buf_slice(&out), NULL) == AIGNE_OK);
    if (streamed && in->close)
        in->close(&x);
    reply_free(&reply);
    buf_free(&out);
    arena_free(&keep);
}

static inline int fuzz_ingress(const struct ingress *in, const uint8_t *data, size_t size)
{
    struct slice text = fuzz_input(data, size);
    if (size && data[0] == '!') {
        fuzz_answer(in, slice_from(text, 1), true);
        fuzz_answer(in, slice_from(text, 1), false);
        return 0;
    }
    fuzz_body(in, text);
    return 0;
}

#endif
