/* limits.h - every ceiling of the library, by name. */
#ifndef AIGNE_BASE_LIMITS_H
#define AIGNE_BASE_LIMITS_H

#define LIMIT_REQUEST_BODY ((size_t)36 * 1024 * 1024)  /* default; a setting may change it */
#define LIMIT_REPLY_BODY   ((size_t)256 * 1024 * 1024) /* a plain answer: images may be inside */
#define LIMIT_ERROR_BODY   ((size_t)64 * 1024)         /* what is read of a provider's error */
#define LIMIT_HEADERS      ((size_t)64 * 1024)
#define LIMIT_FRAME                                                                            \
    ((size_t)64 * 1024 * 1024) /* one streamed event: a whole image may be inside */
#define LIMIT_JSON_DEPTH 64
#define LIMIT_URL        ((size_t)8 * 1024)
#define LIMIT_QUEUED_BYTES                                                                     \
    ((size_t)256 * 1024) /* events waiting to be taken: then the transfer rests */
#define LIMIT_MESSAGES    100000
#define LIMIT_TOOL_CALLS  1024
#define LIMIT_MODEL_NAME  256
#define LIMIT_ATTEMPTS    6
#define LIMIT_TARGETS     32 /* of a route, and of those that it leads to */
#define LIMIT_ROUTE_DEPTH 4  /* of routes that lead to routes */

#define LIMIT_STOPS      64   /* sequences that an answer is searched for here */
#define LIMIT_STOP_BYTES 4096 /* of each of them */

#define LIMIT_SPOOL ((size_t)64 * 1024 * 1024) /* records that wait for the store */

#endif
