/* exchange.h - a call whose answer goes out as HTTP: a head, then pieces of body. */
#ifndef AIGNE_CORE_EXCHANGE_H
#define AIGNE_CORE_EXCHANGE_H

#include "base/buf.h"
#include "chat/reply.h"
#include "core/call.h"
#include "core/overload.h"
#include "core/presented_key.h"
#include "ingress/ingress.h"

struct exchange {
    /* What came. */
    struct slice method;
    struct slice path; /* without mount point and query */
    struct slice query;
    struct slice headers; /* with the access key: wiped once nobody looks at them any more */
    struct presented_key key;
    struct slice idempotency_key;
    struct slice client_did;   /* of the headers: .p NULL, or -1, when not sent */
    struct slice content_type; /* kept when the others are wiped, as the next */
    struct slice accept;
    struct slice format_headers; /* a block of those the client format asks for */
    struct slice rest;           /* of the path, behind what led here */
    int64_t content_length;
    char *header_bytes;
    struct buf body;
    const struct ingress *ingress; /* whose form errors take, too */
    const char *allow;             /* the methods a known path takes; NULL: no need to say */
    bool takes_body;
    bool body_ended;
    bool from_page;                          /* a browser asks, for a page from elsewhere */
    bool has_overrides;                      /* headers that may be some */
    bool head_only;                          /* the client asked for the head alone */
    bool confidential;                       /* what comes and goes holds keys */
    void (*handle)(struct aigne_call *call); /* the body is complete: begin */

    /* An answer in pieces, see export.c. */
    void (*more)(struct aigne_call *call); /* ask for the next one, when all before was taken */
    struct slice export_arguments;
    struct slice export_cursor; /* JSON; .p NULL: at the beginning, or the end */
    struct slice export_headers;
    bool export_csv;

    struct overload_share share;

    /* What goes out. */
    int status; /* 0: no head yet */
    bool head_taken;
    struct buf head;
    struct buf filling;
    struct buf reading;
    struct buf held; /* the end of the answer, kept back until the record is written */
    struct encoding encoding;
    bool encoding_open;
    struct reply reply; /* a plain answer, gathered */
    struct event start; /* kept until something follows it */
    bool start_held;
    bool replayed;             /* all of it was there before */
    struct slice more_headers; /* lines of the answer's head */

    /* Signs of life: keep_alive.c. */
    struct aigne_call *call;
    struct net_timer silence;
    int64_t seen_us; /* when the client last took something */
};

/* NULL: no memory. */
struct aigne_call *exchange_new(struct aigne_hub *h, struct aigne_loop *loop);
bool exchange_is(const struct aigne_call *call);
struct exchange *exchange_of(const struct aigne_call *call);
/* Note what x->headers say; keep what is needed once they are forgotten, which wipes them. */
void exchange_read_headers(struct exchange *x);
void exchange_keep_headers(struct aigne_call *call);
void exchange_forget_headers(struct exchange *x);
/* The request as the client format reads it; borrowed from the exchange. */
struct ingress_request exchange_request(const struct aigne_call *call);
/* The request body is whole and model, stream and relay are known: get ready to encode. */
int exchange_prepare(struct aigne_call *call);
/* Let the head of a streamed answer go out, unless it has. */
void exchange_begin_stream(struct aigne_call *call);
/* Let that of a plain answer go out before the answer is known: it is then JSON, and a failure too. */
void exchange_begin_early(struct aigne_call *call);
/* The head of an answer in pieces; `headers` are lines. */
void exchange_begin(struct aigne_call *call, const char *type, struct slice headers);
/* A finished answer made here: a page, not a call. `type` is the media type. */
void exchange_answer(struct aigne_call *call, int status, const char *type, struct buf *body);
/* True: an event was stored. */
bool exchange_take(struct aigne_call *call, struct aigne_event *out);

#endif
