/* turns.h - a conversation as turns that alternate between user and model. */
#ifndef AIGNE_PROVIDER_TURNS_H
#define AIGNE_PROVIDER_TURNS_H

#include "base/arena.h"
#include "base/fault.h"
#include "chat/request.h"

/* What opens a conversation that has no user message where the provider demands one. */
#define TURN_NEUTRAL "Please continue."

/* Messages first..end-1 of one side; system messages and silent ones among them do not count. */
struct turn {
    bool assistant;
    size_t first;
    size_t end;
};

/* Whether a message puts anything into its turn; may be asked for any role but SYSTEM. */
typedef bool (*turn_says_fn)(const struct chat_message *m);

/* The turn after `t` (zeroed before the first one); false: there is none. Tool results are the
 * user's. */
bool turn_next(const struct chat_request *r, turn_says_fn says, struct turn *t);
/* Whether message `i` belongs to the turn that spans it. */
bool turn_has(const struct chat_request *r, turn_says_fn says, size_t i);

/* A tool call of the history and its result. */
struct call_pair {
    const struct chat_part *part;
    size_t message;
    size_t result;  /* the message with its result */
    size_t earlier; /* calls before it that go by the same id */
};

struct call_pairs {
    struct call_pair *calls; /* in the order of the conversation */
    size_t count;
    size_t *call_of; /* by message: 1 + the call it is the result of; 0: it is no result */
};

/* Bring calls and results together. AIGNE_E_REQUEST names the message where a provider that demands it
 * would find no result, two, or one of a call that the turn before did not make. */
int turn_pairs(const struct chat_request *r, turn_says_fn says, struct arena *a,
               struct call_pairs *out, struct fault *why);

#endif
