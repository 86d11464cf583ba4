/* openai_responses.h - what the parts of the adapter for OpenAI's Responses share. */
#ifndef AIGNE_PROVIDER_OPENAI_RESPONSES_H
#define AIGNE_PROVIDER_OPENAI_RESPONSES_H

#include "provider/openai.h"

/* Reasoning comes back by the id and the encrypted content that it came with; in our vocabulary both are
 * one seal, "ID:CONTENT". Neither has a colon, and no other provider's signature has one. */
#define RESPONSES_SEAL_MARK ':'

/* `instructions` and `input`. */
int responses_write_input(struct wire *w);
int responses_encode(const struct chat_request *r, const struct chat_target *to,
                     struct arena *a, struct http_request *out, struct fault *why);
/* How long the prompt is. */
int responses_encode_count(const struct chat_request *r, const struct chat_target *to,
                           struct arena *a, struct http_request *out, struct fault *why);
int responses_relay(const struct chat_relay *r, const struct chat_target *to, struct arena *a,
                    struct http_request *out, struct fault *why);

enum responses_kind {
    RESPONSES_OTHER, /* what a built-in tool did, or something newer than this library */
    RESPONSES_MESSAGE,
    RESPONSES_REASONING,
    RESPONSES_CALL,
    RESPONSES_IMAGE
};

/* One item of an answer's output, as far as it was told. */
struct responses_item {
    int64_t output_index;
    enum responses_kind kind;
    int call;     /* index of the event; -1: its name has not come yet */
    int64_t part; /* of the text or summary that is being told */
    bool told;    /* pieces of it came: its end repeats them */
    bool cited;   /* so did citations */
    bool over;
};

struct responses_state {
    bool started;
    bool finished;
    bool refused;
    int begun; /* calls whose TOOL_BEGIN was pushed */
    struct responses_item *items;
    size_t item_count;
    size_t item_capacity;
};

/* One item of a whole output, or the end of one that was streamed: tells what was not told yet. */
int responses_push_item(struct decoding *d, struct responses_item *it, struct json item);
/* The item at this place, made when there is none. */
int responses_item_at(struct decoding *d, int64_t output_index, struct responses_item **out);
int responses_begin_item(struct decoding *d, struct responses_item *it, struct json item);

int responses_push_start(struct decoding *d, struct json response);
/* Usage and the end, from a response that is over; with `watching` nothing else. */
int responses_push_end(struct decoding *d, struct json response, bool watching);

int responses_decode(struct decoding *d, const struct sse_event *frame);
int responses_watch(struct decoding *d, const struct sse_event *frame,
                    enum chat_choice usage_wanted, struct slice *shown);
int responses_decode_whole(struct decoding *d, struct slice body, bool watching);
int responses_finish(struct decoding *d);

#endif
