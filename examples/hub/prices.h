/* prices.h - the costs of a public list taken over again and again, on a thread of its own. */
#ifndef HUB_PRICES_H
#define HUB_PRICES_H

#include <aignehub/aignehub.h>

struct prices;

/* At once, and then each so many seconds, carry out the verb catalog.import with these arguments, as JSON. NULL:
 * no memory, or no thread. */
struct prices *prices_start(aigne_hub *hub, const char *arguments, int64_t interval_s);
/* Waits for what is under way, a minute at most. NULL is harmless. */
void prices_stop(struct prices *p);

#endif
