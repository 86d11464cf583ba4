/* resume.h - an answer that broke off after something of it was delivered, and goes on: from what was
 * delivered, or from its beginning where the caller's format can take text back. */
#ifndef AIGNE_CORE_RESUME_H
#define AIGNE_CORE_RESUME_H

#include "core/again.h"
#include "core/call.h"

/* How often one answer may break off and still go on. */
enum { RESUMES_LARGEST = 2 };

/* The call is planned: call->resume, if its policy says so. What is passed on unread cannot be gone on
 * with, so such a call is not relayed. */
int resume_plan(struct aigne_call *call);
void resume_free(struct resume *r); /* NULL is harmless */

/* An event of the current attempt, on its way to the caller. */
int resume_pass(struct aigne_call *call, const struct event *e);
/* attempt_open, with what the current attempt of any call is to ask. */
int resume_open(struct aigne_call *call);
/* An attempt of any call has ended with `rc`: as again_decide, also where something was delivered. When that
 * was all, call->fault is what the caller is to be told, or call->usage and call->credits are those of all
 * that was delivered. */
struct again resume_decide(struct aigne_call *call, int rc, bool sent);

/* Whether the answer has broken off before: what was told of it stays. NULL: it has not. */
bool resume_under_way(const struct resume *r);
/* Whether the row at `index` of the call's is of an answer that was delivered in part. */
bool resume_kept(const struct resume *r, size_t index);

#endif
