/* price_listed.h - one model of a list: its prices put together and judged, whatever the list's format. */
#ifndef AIGNE_HUB_PRICE_LISTED_H
#define AIGNE_HUB_PRICE_LISTED_H

#include "hub/price_formats.h"

extern const struct price_tier listed_always; /* no condition */

/* All members of `object` that are prices in that format. */
void listed_put(enum price_format format, struct json object,
                const struct price_tier *conditions, struct price_list *list);
/* The list is read: put its tiers in order, make up what is told by tokens only, say whether it has a price. */
void listed_finish(struct price_listed *m);
void listed_judge(struct price_listed *m);

#endif
