/* shipped.h - what came with this program. */
#ifndef AIGNE_HUB_SHIPPED_H
#define AIGNE_HUB_SHIPPED_H

/* The path of the list of prices that lies where this program lies, installed anywhere or just built; to be freed. NULL:
 * there is none. */
char *shipped_prices(void);

#endif
