/* refresh.h - reading the hub's store again for a call that did not find somebody. */
#ifndef AIGNE_CORE_REFRESH_H
#define AIGNE_CORE_REFRESH_H

#include "core/call.h"

/* Somebody was not found in the catalogue: another process may have just put it there, so read the
 * store again, once for a call, and then run `done` with the call in the state it is in now. False: that
 * was done already, or cannot be done. */
bool refresh_catalog(struct aigne_call *call, void (*done)(struct aigne_call *call));

#endif
