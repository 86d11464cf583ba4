/* transfer.h - one HTTP exchange on a loop: a request out, a head and pieces of body in.
 *
 * All functions on the loop's thread. Callbacks come only from net_loop_drive, never from inside the
 * functions below, so a caller is never re-entered. */
#ifndef AIGNE_NET_TRANSFER_H
#define AIGNE_NET_TRANSFER_H

#include "base/fault.h"
#include "base/slice.h"
#include "net/loop.h"
#include "text/http.h"
#include <stdbool.h>
#include <stdint.h>

struct transfer;

/* Milliseconds; 0: no limit. */
struct transfer_limits {
    int64_t connect_ms;    /* until connected, TLS included */
    int64_t first_byte_ms; /* from the start until the answer's head */
    int64_t idle_ms;       /* between pieces of the body, while not paused */
    int64_t total_ms;      /* everything */
};

/* Where and how to connect; all may be absent. Borrowed until transfer_start returns. */
struct transfer_route {
    struct slice proxy; /* URL; "" forces none; absent: none (the environment is never read) */
    struct slice ca_file; /* PEM bundle instead of the system's */
    bool insecure;        /* do not verify certificates: only when a setting says so */
};

struct transfer_handler {
    /* The head came: status and the header block. Negative: stop (end is still called). */
    int (*head)(void *user, int status, struct slice headers);
    /* A piece of the body, borrowed. AIGNE_OK: taken. AIGNE_AGAIN: not taken, pause; the same bytes
     * come again after transfer_resume. Negative: stop. */
    int (*data)(void *user, struct slice piece);
    /* Over: the last callback; the transfer is freed after it returns. rc is AIGNE_OK when the body
     * ended properly (length or last chunk), else AIGNE_E_NETWORK, AIGNE_E_TIMEOUT, AIGNE_E_PROTOCOL or
     * what a callback returned, with `why` filled. `sent` tells whether any byte of the request may
     * have reached the peer: false means trying again repeats nothing. */
    void (*end)(void *user, int rc, bool sent, const struct fault *why);
};

/* Begin. The request's slices must live until `end`. A request is sent once: libcurl's own silent
 * repetition on a dead kept-alive connection is refused once any byte of it went out. Redirects are
 * not followed. No Expect, TCP_NODELAY, HTTP/1.1, gzip accepted only if `compressed`. Headers that hold secrets are
 * wiped from our memory at the end. */
int transfer_start(struct net_loop *l, const struct http_request *request,
                   const struct transfer_limits *limits, const struct transfer_route *route,
                   const struct transfer_handler *handler, void *user, struct transfer **out,
                   struct fault *why);
void transfer_resume(struct transfer *t); /* after AIGNE_AGAIN */
/* Close the connection now; no callback comes after this. The transfer is freed. Gives what `end` would have
 * been told as `sent`. */
bool transfer_cancel(struct transfer *t);

#endif
