/* answer.h - an exchange's answer on its way from the gateway to libmicrohttpd.
 *
 * Events are collected while a loop turn lasts and leave in one piece at its end. What waits here is
 * bounded: a reader that is slower than the provider stops the pulling, and that slows the provider. */
#ifndef HUB_ANSWER_H
#define HUB_ANSWER_H

#include <aignehub/aignehub.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client;

/* Buffers of one size that wait for their next use, so that a connection owns one only while it has
 * something to say. */
struct spares {
    char *buffer[32];
    int count;
};

struct answer {
    char *data; /* [head][body]: the head until the response has been made of it */
    size_t head;
    size_t start; /* of what has not been handed over */
    size_t end;
    size_t capacity;
    uint64_t announced; /* by Content-Length; MHD_SIZE_UNKNOWN: not */
    int status;         /* 0: no head yet */
    bool over;          /* the call has ended */
    bool broken;        /* ... with an error: the answer must not look whole */
    bool full;          /* pulling has stopped until the reader catches up */
    bool queued;        /* libmicrohttpd has the response */
};

/* Take what the call has to give. True: there is something to do for libmicrohttpd. */
bool answer_collect(struct answer *a, aigne_call *call, struct spares *spares);
/* An answer that was made here: header lines ended by CRLF, and a body or none. */
void answer_give(struct answer *a, int status, const char *head, const char *body, size_t len,
                 struct spares *spares);
/* May the response be made now? */
bool answer_is_due(const struct answer *a);
/* Make the response and queue it. */
enum MHD_Result answer_queue(struct client *c, bool last_of_connection);
/* All zero again; what it held goes to the spares or back to the system. */
void answer_reset(struct answer *a, struct spares *spares);
void spares_free(struct spares *spares);

#endif
