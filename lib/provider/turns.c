/* Knows which messages make one turn; refuses to know how a turn is written. */
#include "provider/turns.h"

bool turn_has(const struct chat_request *r, turn_says_fn says, size_t i)
{
    return r->messages[i].role != CHAT_SYSTEM && says(&r->messages[i]);
}

bool turn_next(const struct chat_request *r, turn_says_fn says, struct turn *t)
{
    size_t i = t->end;
    while (i < r->message_count && !turn_has(r, says, i))
        i++;
    if (i == r->message_count)
        return false;
    t->assistant = r->messages[i].role == CHAT_ASSISTANT;
    t->first = i;
    while (i < r->message_count &&
           (!turn_has(r, says, i) || (r->messages[i].role == CHAT_ASSISTANT) == t->assistant))
        i++;
    t->end = i;
    return true;
}
