/* trimmed.h - an answer of a provider that cannot be told where to stop, or to call one tool at a time: what is
 * too much of it is left out on its way. */
#ifndef AIGNE_CHAT_TRIMMED_H
#define AIGNE_CHAT_TRIMMED_H

#include "chat/event.h"
#include "chat/request.h"

enum trim {
    TRIM_STOPS = 1 << 0, /* the answer ends before the first stop sequence in its text */
    TRIM_CALLS = 1 << 1, /* it has one tool call */
};

/* Whether the stop sequences are few and short enough to be looked for. */
bool trimmed_can(const struct chat_request *r);
/* Put in `*sink` what trims the answer on the way to it. Once every answer that was asked for met its stop
 * sequence, the FINISH is told at once, whatever comes behind. False: no memory in `a`. */
bool trimmed_begin(const struct chat_request *r, unsigned trims, struct arena *a,
                   struct event_sink **sink);

#endif
