/* naming.h - members of requests under the names that the caller's format has for them. */
#ifndef AIGNE_CORE_NAMING_H
#define AIGNE_CORE_NAMING_H

#include "base/buf.h"
#include "base/fault.h"
#include "ingress/ingress.h"

/* The line of a head that tells what was dropped, if anything was, as the format's clients wrote it. */
void naming_put_dropped(struct buf *out, const struct ingress *format, const struct dropped *d);
/* The same of the member at fault, and of the sentence that begins with it. */
void naming_fault(struct fault *why, const struct ingress *format);

#endif
