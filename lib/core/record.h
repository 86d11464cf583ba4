/* record.h - what a call leaves behind: one usage row for each attempt. */
#ifndef AIGNE_CORE_RECORD_H
#define AIGNE_CORE_RECORD_H

#include "core/call.h"
#include <stdint.h>

/* Note the attempt that just ended with `rc`. Without memory the call fails rather than going
 * unrecorded: AIGNE_E_NOMEM. */
int record_attempt(struct aigne_call *call, int rc, int64_t now_us);

#endif
