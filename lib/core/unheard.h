/* unheard.h - the functions of an outlet that has nothing to do: an answer that nobody hears. */
#ifndef AIGNE_CORE_UNHEARD_H
#define AIGNE_CORE_UNHEARD_H

#include "core/call.h"

int unheard_step(struct aigne_call *call); /* AIGNE_OK */
int unheard_event(struct aigne_call *call, const struct event *e);
int unheard_frame(struct aigne_call *call, struct slice raw);
bool unheard_full(const struct aigne_call *call); /* it never is */
void unheard_end(struct aigne_call *call);

#endif
