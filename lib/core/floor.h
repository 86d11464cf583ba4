/* floor.h - a stream that drips too slowly has failed before anything of it goes out. */
#ifndef AIGNE_CORE_FLOOR_H
#define AIGNE_CORE_FLOOR_H

#include "core/call.h"

/* Whether the policy of the call has a floor: then its stream is held until a window has passed. */
bool floor_is_set(const struct aigne_call *call);
/* A piece of a stream that is held: the window begins with the first one. */
void floor_watch(struct aigne_call *call);
/* The attempt is over. */
void floor_end(struct aigne_call *call);

#endif
