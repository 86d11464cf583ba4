/* limit_headers.h - how a client is told what is left of its limits, in its vendor's own headers. */
#ifndef AIGNE_CORE_LIMIT_HEADERS_H
#define AIGNE_CORE_LIMIT_HEADERS_H

#include "core/exchange.h"

/* Nothing for a call that nothing limits. */
void limit_headers_put(const struct aigne_call *call, struct buf *head);

#endif
