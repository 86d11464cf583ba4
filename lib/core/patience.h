/* patience.h - how long a call waits: for a connection, an answer's beginning, its next piece, its end. */
#ifndef AIGNE_CORE_PATIENCE_H
#define AIGNE_CORE_PATIENCE_H

#include "core/call.h"

/* As the settings say, or whoever knows better: the call's policy. 0: no limit. */
struct transfer_limits patience_limits(const struct aigne_call *call);
/* What is left of the time for the whole call; INT64_MAX: it has no limit. */
int64_t patience_left_ms(const struct aigne_call *call);
/* The limits of one exchange: the whole call's total covers all its attempts. */
struct transfer_limits patience_now(const struct aigne_call *call);
/* How long one who has no network may pause now; INT64_MAX: for ever. */
int64_t patience_pause_ms(const struct aigne_call *call);

#endif
