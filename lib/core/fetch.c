/* Knows how to wait for one HTTP exchange; refuses to know what it was for. */
#include "core/fetch.h"
#include "base/limits.h"
#include <aignehub/aignehub.h>

struct waiting {
    struct fetched *out;
    struct fault *why;
    int rc;
    bool over;
};

void fetched_init(struct fetched *f)
{
    f->status = 0;
    buf_init(&f->head, LIMIT_HEADERS);
    buf_init(&f->body, LIMIT_REPLY_BODY);
}

void fetched_free(struct fetched *f)
{
    buf_free(&f->head);
    buf_free(&f->body);
}

static int on_head(void *user, int status, struct slice headers)
{
    struct waiting *w = user;
    w->out->status = status;
    buf_put_slice(&w->out->head, headers);
    return buf_rc(&w->out->head);
}

static int on_data(void *user, struct slice piece)
{
    struct waiting *w = user;
    buf_put_slice(&w->out->body, piece);
    return buf_rc(&w->out->body);
}

static void on_end(void *user, int rc, bool sent, const struct fault *why)
{
    struct waiting *w = user;
    (void)sent;
    w->rc = rc;
    w->over = true;
    if (rc < 0)
        *w->why = *why;
    if (rc < 0 && !w->why->code)
        fault_set(w->why, rc, "The answer could not be taken in.");
}

int fetch(struct aigne_loop *loop, const struct reach *reach,
          const struct http_request *request, struct fetched *out, struct fault *why)
{
    static const struct transfer_handler handler = {on_head, on_data, on_end};
    struct waiting w = {.out = out, .why = why};
    struct transfer *t = NULL;
    int rc = transfer_start(loop->net, request, &reach->limits, &reach->route, &handler, &w, &t,
                            why);
    if (rc < 0)
        return rc;
    while (!w.over)
        loop_drive(loop, -1);
    return w.rc;
}
