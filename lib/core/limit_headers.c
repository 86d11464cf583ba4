/* Knows the headers in which vendors' clients look for what is left of a limit; refuses to know the limits. */
#include "core/limit_headers.h"
#include "core/admission.h"
#include "store/moment.h"

struct style {
    const char *formats; /* how their names begin */
    const char *before;
    bool kind_first;   /* "requests-limit", else "limit-requests" */
    bool reset_moment; /* when it is all there again, else how long until then */
};

/* The last one is everybody else's. Google's clients know no such headers: there only an error tells, with
 * its delay. */
static const struct style styles[] = {{"gemini", NULL, false, false},
                                      {"anthropic", "anthropic-ratelimit-", true, true},
                                      {"", "x-ratelimit-", false, false}};

static const struct style *style_of(const struct ingress *in)
{
    const struct style *s = styles;
    while (!slice_starts(slice_text(in->name), s->formats))
        s++;
    return s;
}

static void put_name(struct buf *head, const struct style *s, const char *what,
                     const char *kind)
{
    buf_put_text(head, s->before);
    buf_put_text(head, s->kind_first ? kind : what);
    buf_put_byte(head, '-');
    buf_put_text(head, s->kind_first ? what : kind);
    BUF_LITERAL(head, ": ");
}

/* "1m1s", as OpenAI writes it. */
static void put_reset(struct buf *head, const struct style *s, int64_t reset_us,
                      int64_t wall_ms)
{
    int64_t seconds = (reset_us + 999999) / 1000000;
    char moment[MOMENT_SIZE];
    if (s->reset_moment) {
        moment_write(wall_ms + seconds * 1000, moment);
        buf_put_text(head, moment);
        return;
    }
    if (seconds >= 60) {
        buf_put_int(head, seconds / 60);
        buf_put_byte(head, 'm');
    }
    buf_put_int(head, seconds % 60);
    buf_put_byte(head, 's');
}

static void put_standing(struct buf *head, const struct style *s, const char *kind,
                         const struct limit_standing *of, int64_t wall_ms)
{
    if (!of->limit)
        return;
    put_name(head, s, "limit", kind);
    buf_put_int(head, of->limit);
    BUF_LITERAL(head, "\r\n");
    put_name(head, s, "remaining", kind);
    buf_put_int(head, of->remaining);
    BUF_LITERAL(head, "\r\n");
    put_name(head, s, "reset", kind);
    put_reset(head, s, of->reset_us, wall_ms);
    BUF_LITERAL(head, "\r\n");
}

void limit_headers_put(const struct aigne_call *call, struct buf *head)
{
    const struct style *s = call->admission ? style_of(exchange_of(call)->ingress) : styles;
    if (!s->before)
        return;
    put_standing(head, s, "requests", &call->admission->caller.requests, call->started_ms);
    put_standing(head, s, "tokens", &call->admission->caller.spent, call->started_ms);
}
