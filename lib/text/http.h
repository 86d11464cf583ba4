/* http.h - an HTTP request to send and the head of an answer, as plain data. */
#ifndef AIGNE_TEXT_HTTP_H
#define AIGNE_TEXT_HTTP_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"
#include <stdbool.h>
#include <stdint.h>

struct http_header {
    struct slice name;
    struct slice value;
};

#define HTTP_REQUEST_HEADERS 24
#define HTTP_BODY_PIECES     5

struct http_request {
    const char *method;                  /* "POST" */
    struct slice url;                    /* absolute, NUL-terminated */
    struct slice body[HTTP_BODY_PIECES]; /* sent one after the other; all in the call's arena or
                                            the caller's body, alive until the transfer ends */
    size_t body_count;
    const struct slice
        *pieces;   /* of a body that has more of them: body_count here, not in `body` */
    bool streamed; /* the answer is expected as server-sent events */
    size_t header_count;
    struct http_header headers[HTTP_REQUEST_HEADERS]; /* last: not zeroed for each request */
};

/* The body's pieces, body_count of them, wherever they are. */
static inline const struct slice *http_body(const struct http_request *r)
{
    return r->pieces ? r->pieces : r->body;
}

/* Add a header; its texts are borrowed. AIGNE_E_INTERNAL when there is no room. */
int http_request_header(struct http_request *r, const char *name, struct slice value);

/* A block of "Name: value" lines, each ended by LF or CRLF: how heads travel in this library. */
struct slice http_block_get(struct slice block,
                            const char *name); /* .p NULL: absent; first wins */
bool http_block_next(struct slice *rest, struct http_header *out);

/* Retry-After-Ms, Retry-After in seconds or as a date; -1: none or unreadable. */
int64_t http_retry_after_ms(struct slice block, int64_t wall_ms);
/* How long nothing more is allowed, as rate-limit headers of OpenAI's, Anthropic's and the plain form tell:
 * until the last reset of what has 0 remaining. 0: something remains, or nobody tells. */
int64_t http_exhausted_ms(struct slice block, int64_t wall_ms);
const char *http_status_phrase(int status);
/* "Bearer X" -> X. Scheme compared without case; .p NULL: not a bearer header. */
struct slice http_bearer(struct slice authorization);
/* Whether the media type of a Content-Type or Accept value names `type`, parameters aside. */
bool http_media_type_is(struct slice content_type, const char *type);

#endif
