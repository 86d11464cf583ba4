/* addresses.h - how many connections each address has, counted by all threads together. */
#ifndef HUB_ADDRESSES_H
#define HUB_ADDRESSES_H

#include <stdbool.h>
#include <sys/socket.h>

struct addresses;

/* The 16 bytes of an IPv6 address; IPv4 as it is mapped into that. */
struct address {
    unsigned char bytes[16];
};

/* Up to `most` of each; NULL: no memory. */
struct addresses *addresses_new(unsigned most);
void addresses_free(struct addresses *a);
struct address address_of(const struct sockaddr *from);
/* False: it has as many as it may. */
bool addresses_enter(struct addresses *a, const struct address *who);
void addresses_leave(struct addresses *a, const struct address *who);

#endif
