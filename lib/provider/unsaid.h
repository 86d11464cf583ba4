/* unsaid.h - the members of a request that a format has no words for and whose loss leaves its meaning:
 * noted for whoever asked, so that nothing is left out without a word. */
#ifndef AIGNE_PROVIDER_UNSAID_H
#define AIGNE_PROVIDER_UNSAID_H

#include "chat/request.h"

enum unsaid {
    UNSAID_TEMPERATURE = 1 << 0,
    UNSAID_TOP_P = 1 << 1,
    UNSAID_TOP_K = 1 << 2,
    UNSAID_FREQUENCY_PENALTY = 1 << 3,
    UNSAID_PRESENCE_PENALTY = 1 << 4,
    UNSAID_SEED = 1 << 5,
    UNSAID_USER = 1 << 6,
    UNSAID_SERVICE_TIER = 1 << 7,
    UNSAID_PARALLEL =
        1 << 8, /* one tool call at a time: not noted, the answer is trimmed to it */
    UNSAID_STRICT = 1 << 9,     /* of a tool */
    UNSAID_NAME = 1 << 10,      /* of who speaks */
    UNSAID_CACHE = 1 << 11,     /* markers on parts and tools */
    UNSAID_DETAIL = 1 << 12,    /* of an image */
    UNSAID_THINKING = 1 << 13,  /* of earlier turns */
    UNSAID_REDACTED = 1 << 14,  /* thinking that a provider sealed */
    UNSAID_SIGNATURE = 1 << 15, /* of a tool call's thought */
    UNSAID_EFFORT = 1 << 16,
    UNSAID_PENALTIES = UNSAID_FREQUENCY_PENALTY | UNSAID_PRESENCE_PENALTY,
};

/* Note those of `members` that the request has. */
void unsaid_note(const struct chat_request *r, const struct chat_target *to, unsigned members);
/* Note the members nobody here knows, but for those in `said`. */
void unsaid_note_extras(const struct chat_request *r, const struct chat_target *to,
                        const char *const *said, size_t count);

#endif
