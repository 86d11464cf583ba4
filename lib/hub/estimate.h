/* estimate.h - what a call used when its provider does not say. Pure.
 *
 * The rule: four bytes of text are a token, begun ones count whole, and a piece of a stream is at least one; a
 * picture in the prompt is ESTIMATE_IMAGE_TOKENS. Sound takes as long as its file says; else 8,000 bytes are a
 * second. */
#ifndef AIGNE_HUB_ESTIMATE_H
#define AIGNE_HUB_ESTIMATE_H

#include "base/slice.h"
#include "chat/usage.h"
#include "hub/ceiling.h"
#include <stdint.h>

#define ESTIMATE_BYTES_PER_TOKEN 4
#define ESTIMATE_IMAGE_TOKENS    1024
#define ESTIMATE_SOUND_BYTES     8   /* in a millisecond of sound */
#define ESTIMATE_SOUND_FATTEST   400 /* of sound that is not packed, so that no file can say 0 */

/* What was seen of an answer so far; zeroed when an attempt begins. */
struct estimate {
    int64_t text_bytes;
    int64_t pieces; /* that the text came in */
};

static inline void estimate_text(struct estimate *e, size_t bytes)
{
    e->text_bytes += (int64_t)bytes;
    e->pieces += bytes > 0;
}

static inline bool estimate_any(const struct estimate *e)
{
    return e->pieces > 0;
}

/* How many tokens that is about. */
int64_t estimate_tokens(const struct estimate *e);
/* Milliseconds of a file of sound. */
int64_t estimate_sound(struct slice file);

/* What a call of another kind than a chat is charged by, when its provider did not count it: as much as was
 * asked for. True: something was made up. */
bool estimate_task(enum chat_kind kind, const struct ceiling *asked, struct usage *usage);
/* Fill what `usage` does not know of prompt and answer. True: something was. */
bool estimate_fill(const struct estimate *e, const struct ceiling *prompt, struct usage *usage);

#endif
