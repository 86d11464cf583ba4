/* turns.h - a conversation as turns that alternate between user and model. */
#ifndef AIGNE_PROVIDER_TURNS_H
#define AIGNE_PROVIDER_TURNS_H

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

#endif
