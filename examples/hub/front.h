/* front.h - one thread's share of the server: a libmicrohttpd daemon and an aigne_loop, side by side.
 *
 * A front belongs to the thread that runs it. Only front_order may be called from elsewhere. */
#ifndef HUB_FRONT_H
#define HUB_FRONT_H

#include "addresses.h"
#include <aignehub/gateway.h>
#include <stdint.h>

struct front;

struct front_options {
    aigne_hub *hub;
    const char *mount_point; /* of the API; NULL: the root */
    const char
        *mcp_origins;  /* of web pages that may use /mcp, with commas between; NULL: none */
    char *certificate; /* PEM texts; NULL: no TLS */
    char *key;
    unsigned connections;
    struct addresses *addresses; /* NULL: each may have as many as it likes */
    int64_t keep_alive_s;
    int64_t head_timeout_s;
    int64_t request_timeout_s;
    int64_t drain_s;
};

enum front_order { FRONT_SERVE, FRONT_DRAIN, FRONT_STOP };

/* `listener` is a listening socket, the front's from now on, whatever comes back. NULL: no memory, or
 * a certificate that libmicrohttpd refuses. `options` must outlive the front. */
struct front *front_new(int listener, const struct front_options *options);
/* Serve until told to drain and all is done, or told to stop. */
void front_run(struct front *f);
void front_order(struct front *f, enum front_order order);
void front_free(struct front *f);

#endif
