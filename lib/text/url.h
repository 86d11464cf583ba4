/* url.h - taking apart and joining the URLs that settings hold and requests name. */
#ifndef AIGNE_TEXT_URL_H
#define AIGNE_TEXT_URL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/slice.h"
#include <stdbool.h>

struct url {
    struct slice scheme; /* "http" or "https" */
    struct slice origin; /* "https://host:port" */
    struct slice host;   /* without port and brackets */
    struct slice path;   /* "/v1/chat", "" when there is none */
    struct slice query;  /* after the '?', without it */
};

/* An absolute http or https URL without user info or fragment; anything else is AIGNE_E_CONFIG
 * naming what is wrong. */
int url_parse(struct slice text, struct url *out, struct fault *why);
/* base + path with exactly one slash between, NUL-terminated in `a`; .p NULL: no memory. */
struct slice url_join(struct arena *a, struct slice base, struct slice path);
/* Bytes other than unreserved ones as %XX. */
void url_encode(struct buf *out, struct slice s);
/* Whether a part of the path is "." or "..", which those who send and serve it resolve. */
bool url_climbs(struct slice path);
/* Resolve %XX; .p NULL: malformed or no memory. Borrowed when there is nothing to resolve. */
struct slice url_decode(struct arena *a, struct slice s);
/* The decoded value of `name` in a query string; .p NULL: absent. */
struct slice url_query(struct arena *a, struct slice query, const char *name);

#endif
