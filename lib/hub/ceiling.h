/* ceiling.h - what a call may come to cost at most, known before it is made. Pure.
 *
 * A token of the prompt has at least one byte, so its bytes are an upper bound; what is not text counts by
 * the constants below. */
#ifndef AIGNE_HUB_CEILING_H
#define AIGNE_HUB_CEILING_H

#include "chat/request.h"
#include "hub/catalog.h"
#include <stdbool.h>
#include <stdint.h>

#define CEILING_MESSAGE_TOKENS    16    /* what a provider puts around each message */
#define CEILING_RESUMED_TOKENS    256   /* what asks for the rest of an answer that broke off */
#define CEILING_TOOLS_TOKENS      1024  /* what it puts in front of tools */
#define CEILING_IMAGE_TOKENS      8192  /* of one picture in a prompt */
#define CEILING_LINK_TOKENS       65536 /* of another file that the provider fetches */
#define CEILING_ANSWER_TOKENS     8192  /* when neither request nor rate limits the answer */
#define CEILING_IMAGE_MADE_TOKENS 8192  /* of one picture in an answer */
#define CEILING_CHAT_IMAGES       8     /* in one answer of a chat */
#define CEILING_VIDEO_MS          12000 /* when the request does not say how long */
#define CEILING_AUDIO_MS          3600000 /* of audio that the provider fetches */

/* How large a request is, by what providers charge for. */
struct ceiling {
    int64_t prompt_tokens;
    int64_t text_bytes;    /* of the prompt: what an estimate begins with */
    int64_t images_read;   /* in the prompt */
    int64_t answer_tokens; /* the caller's limit for one answer; 0: none */
    int64_t answers;
    int64_t
        repeated; /* so much of earlier answers comes back in the prompt, counted in whole ones */
    int64_t milliseconds; /* of video to make or audio to read */
    int64_t characters;   /* to speak */
};

void ceiling_measure(const struct chat_request *r, struct ceiling *out);
/* The same for a body that is passed on unread. */
void ceiling_measure_body(size_t bytes, struct ceiling *out);
/* The same for a chat of nothing but text, as OpenAI's and Anthropic's formats write it; false: it must be
 * read to know. `depth`: so many arrays and objects are open at once in it; 0: not counted. */
bool ceiling_measure_text(struct slice body, unsigned depth, struct ceiling *out);
/* Billionths of a credit, for a call that begins about `at_ms`; false when they do not fit. */
bool ceiling_charge(const struct ceiling *c, enum chat_kind kind,
                    const struct catalog_rate *rate, int64_t at_ms, int64_t *billionths);

#endif
