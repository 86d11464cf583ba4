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

struct aigne_reply *answer_new(struct fault *why); /* NULL: no memory */
void answer_free(struct aigne_reply *r);           /* NULL is harmless */

#endif
