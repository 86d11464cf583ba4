/* fetch.h - one HTTP exchange, waited for. */
#ifndef AIGNE_CORE_FETCH_H
#define AIGNE_CORE_FETCH_H

#include "base/buf.h"
#include "core/loop.h"
#include "core/reach.h"
#include "text/http.h"

struct fetched {
    int status;
    struct buf head;
    struct buf body;
};

void fetched_init(struct fetched *f);
void fetched_free(struct fetched *f);
int fetch(struct aigne_loop *loop, const struct reach *reach,
          const struct http_request *request, struct fetched *out, struct fault *why);

#endif
