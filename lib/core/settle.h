/* settle.h - the record of a call, committed before its end is handed out. */
#ifndef AIGNE_CORE_SETTLE_H
#define AIGNE_CORE_SETTLE_H

#include "core/call.h"

/* True: there is nothing to wait for. False: call_go_on comes, in CALL_END, once it is committed or cannot
 * be: an answer that was not recorded then ends as an error. */
bool settle_now(struct aigne_call *call);

#endif
