/* explain.h - whom a call asked, what came of it and how long it took, in one line of JSON. */
#ifndef AIGNE_CORE_EXPLAIN_H
#define AIGNE_CORE_EXPLAIN_H

#include "base/buf.h"
#include "core/call.h"

/* As far as it has come; nothing when nobody asked for it. As a header line, */
void explain_header(const struct aigne_call *call, struct buf *head);
/* and as a comment of a stream. */
void explain_comment(const struct aigne_call *call, struct buf *stream);
/* In the row of the last attempt, also where one failed and there were others to ask. */
void explain_record(struct aigne_call *call);

#endif
