/* adapter.h - one format a provider speaks, as pure functions: request -> bytes, bytes -> events.
 *
 * An adapter does no I/O, reads no clock, keeps no global, and allocates only from the arenas it is
 * handed. So it can be replayed, split at any byte, fuzzed, and failed at any allocation. */
#ifndef AIGNE_PROVIDER_ADAPTER_H
#define AIGNE_PROVIDER_ADAPTER_H

#include "base/arena.h"
#include "base/fault.h"
#include "chat/event.h"
#include "chat/request.h"
#include "text/frames.h"
#include "text/http.h"

/* One answer being read. */
struct decoding {
    void *state;           /* adapter->state_size bytes, zeroed at the start */
    struct arena *keep;    /* lives as long as the call */
    struct arena *scratch; /* cleared after each frame */
    struct event_sink *sink;
    struct fault *why;
    const struct chat_request *request; /* for names to map back; NULL when relaying */
    const struct chat_relay *relay;     /* NULL when not relaying */
    struct slice provider;              /* who answers: what it seals is for nobody else */
    struct slice revised;               /* of the next file: EVENT_FILE's metadata */
    struct slice head;                  /* of the answer, for adapters that read it */
    struct slice media_type; /* of the answer, as its head says; absent: it does not */
    bool usage_refused;      /* the provider told counts that cannot be */
    size_t text_seen;        /* while relaying: bytes of the answer's text in the frame */
    bool
        ended; /* the format's own end came, and finish() tells it: what may follow can be missed */
};

struct adapter {
    const char *name; /* "anthropic" */
    const char
        *format; /* the wire format, "openai.chat"; an ingress of the same format may relay */
    enum chat_kind kind;  /* of call */
    enum framing framing; /* of a streamed answer */
    bool reads_head;      /* something that counts stands in the answer's head */
    bool objects_only;    /* its structured answers are objects: see chat/wrapped.h */
    size_t state_size;
    const char *const *texts; /* of who is relayed: the members that an answer's text is in */

    /* Write the request. Everything in `out` is in `a` or borrowed from `r` and `to`. What the target
     * cannot express and would change the meaning is AIGNE_E_REQUEST naming the caller's member. */
    int (*encode)(const struct chat_request *r, const struct chat_target *to, struct arena *a,
                  struct http_request *out, struct fault *why);
    /* The same from a body of the same format, untouched but for the model's name. May be NULL. */
    int (*relay)(const struct chat_relay *r, const struct chat_target *to, struct arena *a,
                 struct http_request *out, struct fault *why);
    /* One frame of a streamed answer: push the events it means. */
    int (*decode)(struct decoding *d, const struct sse_event *frame);
    /* The same while relaying: push only START, USAGE and FINISH, and count text_seen. `shown` is what the
     * client gets, and the frame as it came unless it is changed: what is not for the client is left out of
     * a copy in `scratch`; absent: none of it is. May be NULL when relay is. */
    int (*watch)(struct decoding *d, const struct sse_event *frame,
                 enum chat_choice usage_wanted, struct slice *shown);
    /* A whole plain answer: all its events. With `watching` only START, USAGE and FINISH. */
    int (*decode_whole)(struct decoding *d, struct slice body, bool watching);
    /* The stream ended: AIGNE_OK if that was its proper end, else AIGNE_E_PROTOCOL. */
    int (*finish)(struct decoding *d);
    /* The answer was an error: whose fault, and is another try worth it? `headers` is the block. */
    void (*explain)(int status, struct slice headers, struct slice body, int64_t wall_ms,
                    struct fault *why);

    /* An answer came whole and in order: is there more to ask for this call (create, poll, fetch)?
     * AIGNE_AGAIN: send `out` after `*delay_ms`; its answer comes to decode_whole, or as frames when
     * out->streamed. AIGNE_OK: that was all. NULL for who asks once. */
    int (*more)(struct decoding *d, const struct chat_target *to, struct arena *a,
                struct http_request *out, int64_t *delay_ms);
    /* A provider without a network (echo): push the events of the next step. AIGNE_AGAIN and
     * `*delay_ms` before the step after it, AIGNE_OK at the end, or an error. NULL for the others. */
    int (*step)(struct decoding *d, const struct chat_request *r, int64_t *delay_ms);

    /* Where the endpoint must be asked for first (a hub's mount point): the URL to GET, and what its
     * answer says the base URL is. NULL for the others. discover_url gives .p NULL when `base_url` is
     * already complete. */
    struct slice (*discover_url)(struct slice base_url, struct arena *a);
    int (*discovered)(struct slice base_url, struct slice body, struct arena *a,
                      struct slice *out, struct fault *why);

    /* The request that asks for the list of models, and its answer as a JSON array of
     * {"model","type","provider",...}. `type` may be absent. NULL: this provider has no list. */
    int (*list_request)(struct slice type, const struct chat_target *to, struct arena *a,
                        struct http_request *out, struct fault *why);
    int (*list_answer)(struct slice body, struct arena *a, struct buf *json, struct fault *why);
};

/* A provider: a name an operator knows and where and how it is reached. */
struct provider_row {
    const char *name;                      /* "deepseek" */
    const char *alias;                     /* another name for it, or NULL */
    const char *display_name;              /* "DeepSeek" */
    const struct adapter *adapters[KINDS]; /* by kind of call; NULL: not spoken */
    /* Which adapter when a provider speaks several formats for one kind: `format` is the client's when
     * its body may be relayed, or NULL. NULL, also as what it gives: adapters[kind]. */
    const struct adapter *(*choose)(enum chat_kind kind, const struct chat_target *to,
                                    const char *format);
    const char *base_url;    /* NULL: the operator must give one */
    const char *test_model;  /* a cheap one for trying a credential */
    const char *environment; /* where vendors' own tools look for the key: "OPENAI_API_KEY" */
    unsigned quirks;         /* QUIRK_ flags of the adapter */
    unsigned elsewhere;      /* added for servers of other vendors that imitate this one */
    const struct config_member *config; /* how an operator may change them; see config.h */
    bool keyless;                       /* works without a credential */
    bool placeless;                     /* has no usual place: base_url must be given */
};

/* NULL: unknown. Case does not count. */
const struct provider_row *provider_find(struct slice name);
/* All rows in a fixed order; NULL past the end. */
const struct provider_row *provider_at(size_t index);

/* The adapter for a call; NULL: this provider cannot do such a call, or nobody here speaks to it. */
const struct adapter *provider_adapter(const struct provider_row *row, enum chat_kind kind,
                                       const struct chat_target *to, const char *format);
/* KIND_BIT of each kind it can be asked for. */
unsigned provider_kinds(const struct provider_row *row);

#endif
