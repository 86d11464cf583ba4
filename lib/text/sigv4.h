/* sigv4.h - requests signed as Amazon's services want them: AWS Signature Version 4. */
#ifndef AIGNE_TEXT_SIGV4_H
#define AIGNE_TEXT_SIGV4_H

#include "base/arena.h"
#include "text/http.h"

struct sigv4 {
    struct slice key_id;
    struct slice secret;
    struct slice session_token; /* of temporary keys; absent: none */
    struct slice region;        /* "us-east-1" */
    struct slice service;       /* "bedrock" */
    int64_t now_ms;             /* wall clock; the service takes five minutes of difference */
};

/* Add x-amz-date, x-amz-security-token and authorization to a request that is otherwise complete: method,
 * URL, body and all headers are signed. The path must be percent-encoded and without "." and ".."; it is
 * encoded once more in what is signed, as all services but S3 do. AIGNE_E_CONFIG: the URL is none;
 * AIGNE_E_INTERNAL: no room for the headers. */
int sigv4_sign(struct http_request *r, const struct sigv4 *s, struct arena *a);

#endif
