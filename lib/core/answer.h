/* answer.h - aigne_reply: a finished invocation, or what a verb said, as text and as JSON. */
#ifndef AIGNE_CORE_ANSWER_H
#define AIGNE_CORE_ANSWER_H

#include "base/buf.h"
#include "base/fault.h"
#include "base/slice.h"

struct aigne_reply {
    unsigned magic;
    struct buf text;
    struct buf json;
};

int answer_new(struct aigne_reply **out, struct fault *why);
void answer_free(struct aigne_reply *r); /* NULL is harmless */

#endif
