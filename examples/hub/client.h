/* client.h - one connection, and the exchange that is running on it. */
#ifndef HUB_CLIENT_H
#define HUB_CLIENT_H

#include "addresses.h"
#include "answer.h"
#include <aignehub/gateway.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct front;
struct mcp;

/* What a client is expected to do next; each has its own patience. */
enum stage { STAGE_FRESH, STAGE_IDLE, STAGE_HEAD, STAGE_BODY, STAGE_ANSWER, STAGES };

struct client {
    struct front *front;
    struct MHD_Connection *connection;
    struct client *next; /* of the front's clients */
    struct client *previous;
    struct client *next_resumed;
    struct client
        *next_idle; /* of those that ask nothing, the one that does so longest first */
    struct client *previous_idle;
    int64_t since_ms; /* the stage began */
    enum stage stage;
    int socket;
    struct address address;
    bool counted;   /* at its address */
    bool idle;      /* it is in the front's list */
    bool gone;      /* it has closed its side */
    bool retired;   /* we have closed its side: no further requests */
    bool suspended; /* libmicrohttpd leaves it alone until it is resumed */
    bool resuming;  /* it waits in the front's list to be resumed */

    /* The exchange; all zero between two of them. */
    aigne_call *call;
    struct mcp *mcp; /* what it is part of; NULL: of nothing else */
    char *target;    /* as the client wrote it: `room`, or memory of its own */
    size_t target_len;
    char room[112];
    uint64_t dropped; /* bytes of the body that nobody wants any more */
    bool old;         /* HTTP/1.0: no chunks */
    bool deaf;        /* the answer is decided, the rest of the body is dropped */
    struct answer answer;
};

/* The daemon's callbacks. */
void client_connection(void *front, struct MHD_Connection *connection, void **client,
                       enum MHD_ConnectionNotificationCode what);
void *client_target(void *front, const char *target, struct MHD_Connection *connection);
enum MHD_Result client_request(void *front, struct MHD_Connection *connection, const char *url,
                               const char *method, const char *version, const char *upload,
                               size_t *upload_len, void **client);
void client_completed(void *front, struct MHD_Connection *connection, void **client,
                      enum MHD_RequestTerminationCode how);

/* A call has news; of one that has been freed `c` is NULL. */
void client_pull(struct client *c);
void client_drop_call(struct client *c);
/* The other side has closed: end the call at once. */
void client_lost(struct client *c);
/* Has it been slower than its stage allows? Then cut it off. */
void client_check_patience(struct client *c);
/* It has nothing to ask and we are closing. */
void client_retire(struct client *c);
/* There are nearly as many as may be: cut off the one that has asked nothing for longest. */
void client_make_room(struct front *f, const struct client *newest);
/* False: the client has gone, there is nothing to wait for. */
bool client_suspend(struct client *c);
struct spares *client_spares(struct client *c);

#endif
