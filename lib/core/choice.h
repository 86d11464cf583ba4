/* choice.h - where a call goes: what is known of it, handed to the hub's routing. */
#ifndef AIGNE_CORE_CHOICE_H
#define AIGNE_CORE_CHOICE_H

#include "core/call.h"

/* Fills call->plan. Reads the request only where the choice depends on what is in it. */
int choice_plan(struct aigne_call *call, int64_t now_ms);

#endif
