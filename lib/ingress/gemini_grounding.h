/* gemini_grounding.h - sources and likelihoods of an answer, as Gemini tells them. */
#ifndef AIGNE_INGRESS_GEMINI_GROUNDING_H
#define AIGNE_INGRESS_GEMINI_GROUNDING_H

#include "base/buf.h"
#include "text/json_write.h"

/* Gathered while the answer comes, told at its end. */
struct grounding {
    struct buf chunks;   /* of groundingMetadata, without brackets */
    struct buf supports; /* which piece of the answer rests on which chunk */
    int64_t count;
};

void grounding_init(struct grounding *g);
void grounding_free(struct grounding *g);
/* One EVENT_CITATION. */
int grounding_add(struct grounding *g, struct slice citation);
/* As a member of a candidate; nothing when there are none. */
void grounding_write(const struct grounding *g, struct json_writer *w);

/* OpenAI's list of tokens as a candidate's member. */
void google_write_logprobs(struct json_writer *w, struct slice content);

#endif
