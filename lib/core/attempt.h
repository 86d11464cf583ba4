/* attempt.h - one try at one provider: its request made, its answer read. A leaf: it starts nothing
 * and calls nobody but the sinks it is given. */
#ifndef AIGNE_CORE_ATTEMPT_H
#define AIGNE_CORE_ATTEMPT_H

#include "base/arena.h"
#include "base/buf.h"
#include "chat/event.h"
#include "chat/request.h"
#include "provider/adapter.h"
#include "text/frames.h"
#include "text/http.h"

/* Where the frames of a relayed stream go as they came; `text`: how many bytes of the answer's text each has. */
struct frame_sink {
    int (*push)(struct frame_sink *self, struct slice raw, size_t text);
};

struct attempt {
    const struct adapter *adapter;
    struct chat_target target;
    struct decoding decoding;
    struct frame_sink *frames;     /* used while relaying a stream */
    enum chat_choice usage_wanted; /* by the client, while relaying */
    bool relaying;  /* bytes pass as they are; cleared when the answer forbids it */
    bool streamed;  /* the answer comes in frames */
    bool sent;      /* over, and some of the request may have reached the provider */
    bool told;      /* of those that were passed on, one was more than an opening */
    bool cut;       /* left at a stop sequence: what it would have told is not known */
    unsigned trims; /* what its answer is trimmed to here: see chat/trimmed.h */
    int step;       /* how many requests of this attempt were answered: a video is polled for */
    int failures;   /* of the request under way, once it follows others */
    int redirects;  /* it was sent through */
    int status;     /* 0: no head yet */
    struct frames reader;
    struct arena scratch;
    struct buf body;      /* a plain answer, or an error's body */
    struct buf head;      /* the header block, kept for errors */
    struct buf secret;    /* the credential in clear, until the transfer is over */
    struct arena sending; /* the request that carries it: goes at the same time */
    int64_t started_us;
    int64_t exhausted_ms;  /* nothing more is allowed with this credential for so long */
    int64_t first_byte_us; /* when the head came; 0: it did not */
    char request_id[96];   /* the provider's own */
    struct http_request request;
};

/* Ready for a first or another try. */
void attempt_init(struct attempt *t, struct event_sink *sink, struct fault *why,
                  void *sending_room, size_t sending_size);
/* `adapter`, `target`, `secret` and the relay flag are set: make the request. `relay` or `request` is
 * used, as t->relaying says. */
int attempt_open(struct attempt *t, const struct chat_request *request,
                 const struct chat_relay *relay, struct arena *keep);
int attempt_head(struct attempt *t, int status, struct slice headers);
int attempt_data(struct attempt *t, struct slice piece);
/* The transfer is over with `rc`: the verdict on the whole attempt. `finished` says whether the
 * answer's own end was seen before. */
int attempt_end(struct attempt *t, int rc, bool finished, int64_t wall_ms);
/* It ended well: AIGNE_AGAIN when another request follows after `*delay_ms`, which is ready in
 * t->request; AIGNE_OK when that was all. After it ended badly: AIGNE_AGAIN when the same request is worth
 * sending again, because earlier ones of this attempt succeeded and would be lost; else `rc`. */
int attempt_more(struct attempt *t, int64_t *delay_ms);
int attempt_repeat(struct attempt *t, int rc, int64_t *delay_ms);
/* The transfer is over, or was cancelled: wipe the secret and the request that carries it. */
void attempt_forget(struct attempt *t);
/* Frees everything, the secret too. init may follow. */
void attempt_close(struct attempt *t);

#endif
