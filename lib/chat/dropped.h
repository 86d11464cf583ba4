/* dropped.h - the members of a request that its target cannot express and whose loss does not change
 * the meaning: told in a response header and kept in the call's record. */
#ifndef AIGNE_CHAT_DROPPED_H
#define AIGNE_CHAT_DROPPED_H

#include "base/slice.h"
#include <stddef.h>

#define DROPPED_ROOM 240

struct dropped {
    size_t n;
    char names[DROPPED_ROOM]; /* "seed, logit_bias"; names beyond the room end in "..." */
};

/* `name` as the caller's own format writes it; each is noted once. `d` may be NULL. */
void dropped_note(struct dropped *d, const char *name);
/* The same for a name that the caller made up: as "others" when it is not a plain short word, for it goes into
 * a header. */
void dropped_note_stranger(struct dropped *d, struct slice name);
static inline struct slice dropped_names(const struct dropped *d)
{
    return slice_of(d->names, d->n);
}

#endif
