/* keep_alive.h - signs of life for the client of an exchange while its provider is silent. */
#ifndef AIGNE_CORE_KEEP_ALIVE_H
#define AIGNE_CORE_KEEP_ALIVE_H

#include "core/exchange.h"

/* The call is planned: from now on, until keep_alive_end. AIGNE_E_NOMEM. */
int keep_alive_begin(struct aigne_call *call);
void keep_alive_end(struct aigne_call *call);
/* The client took something. */
void keep_alive_seen(struct aigne_call *call);

#endif
