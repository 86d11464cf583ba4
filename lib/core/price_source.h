/* price_source.h - where the verbs about lists of prices get a list that is not in their arguments. */
#ifndef AIGNE_CORE_PRICE_SOURCE_H
#define AIGNE_CORE_PRICE_SOURCE_H

#include "core/hub.h"

/* The verb takes a list: its arguments may have to be filled in first. */
bool price_source_wanted(const char *verb);
/* The arguments with the list that they name as "body"; `out` stays empty when they name none. Blocks. */
int price_source_fill(struct aigne_hub *h, struct slice arguments, struct buf *out,
                      struct fault *why);
/* Nothing is to come of it. */
bool price_source_dry(struct slice arguments);
/* How the verb ended, with a list that was `filled` in or without, and what it replied: events, and a line in the log
 * when the list was not taken, or raises an alarm. */
void price_source_tell(struct aigne_hub *h, const char *verb, bool filled, int rc,
                       struct slice reply, const struct fault *why);

#endif
