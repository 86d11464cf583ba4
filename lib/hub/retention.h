/* retention.h - which usage rows are old enough for the archives. */
#ifndef AIGNE_HUB_RETENTION_H
#define AIGNE_HUB_RETENTION_H

#include "hub/hub.h"

/* On the ledger's thread, at each tick: move a few, if the settings say so and there are any. */
void retention_keep(struct hub *h);

#endif
