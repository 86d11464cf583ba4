/* sockets.h - which descriptors the loop's epoll set watches, and for whom. */
#ifndef AIGNE_NET_SOCKETS_H
#define AIGNE_NET_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SOCKET_READ = 1, SOCKET_WRITE = 2 };

struct socket_slot {
    void *owner;
    uint32_t generation; /* moves when the number is given to another socket */
    uint8_t wanted;      /* what the owner waits for */
    uint8_t registered;  /* what the kernel was told; may outlive the wish, see sockets_watch */
};

struct socket_table {
    int epoll_fd;
    struct socket_slot *slots; /* indexed by descriptor */
    size_t count;
};

void sockets_init(struct socket_table *t, int epoll_fd);
void sockets_free(struct socket_table *t);
/* A new socket got the number `fd`: whatever was known about that number is void. */
int sockets_opened(struct socket_table *t, int fd);
/* The socket is about to be closed. */
void sockets_closed(struct socket_table *t, int fd);
/* Wait for `wanted` (0: nothing) on behalf of `owner`. `kept` says that the socket is an established
 * connection that will be announced by sockets_closed: then the registration is left standing
 * between two requests, which spares two system calls for each. */
int sockets_watch(struct socket_table *t, int fd, uint8_t wanted, void *owner, bool kept);
/* The slot an epoll event belongs to; NULL when nobody waits for it any more. */
struct socket_slot *sockets_event(struct socket_table *t, uint64_t tag, int *fd);

#endif
