/* ingress.h - one format that clients speak, as pure functions: bytes -> request, events -> bytes.
 *
 * The mirror of provider/adapter.h, with the same rules. Which paths lead to which format is the
 * gateway's business (core/gateway). */
#ifndef AIGNE_INGRESS_INGRESS_H
#define AIGNE_INGRESS_INGRESS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "chat/event.h"
#include "chat/reply.h"
#include "chat/request.h"

/* One answer being written. */
struct encoding {
    void *state;        /* ingress->state_size bytes, zeroed at the start */
    struct arena *keep; /* lives as long as the call */
    struct buf *out;    /* append the body here */
    struct slice call_id;
    struct slice model; /* as the caller named it */
    int64_t created_s;  /* seconds since 1970 */
    enum chat_choice include_usage;
    struct slice
        media_type; /* of the answer, where it is not the usual one: set with the first bytes */
    struct slice headers;               /* the client's, as in ingress_request */
    const struct chat_request *request; /* NULL: it was relayed and never read */
    bool verbatim;                      /* the answer is bytes or bare text, as in chat_relay */
    bool wants_json; /* the request had a schema: AIGNE's answer has it as `json` too */
};

/* What came, but for the key. */
struct ingress_request {
    struct slice body;
    struct slice
        rest; /* what follows the fixed part of the path: "models/NAME:generateContent" */
    struct slice query; /* behind the question mark, as it came */
    struct slice content_type;
    struct slice accept;
    struct slice headers; /* a block of those that the format asks for */
};

struct ingress {
    const char *name;   /* "openai" */
    const char *format; /* "openai.chat" */
    enum chat_kind kind;
    bool needs_model; /* a request without one is refused; else there is a default */
    bool
        early_head; /* its clients give up when no head comes: that of a plain answer may go out
                        before the answer, with white space behind it */
    bool several;   /* its answer may hold several of them */
    bool takes_back;   /* EVENT_RESET undoes all that was told, calls of tools too */
    bool key_in_query; /* its clients may send the access key as "?key=" */
    /* Names of the request headers that belong to the format and are handed to peek and decode, lower
     * case, ended by NULL. NULL: there are none. */
    const char *const *headers;
    const char *request_id; /* the header in which clients look for the call's id, beside
                               x-request-id; NULL: none */
    size_t state_size;
    const char *content_type_stream;
    const char *content_type_plain;

    /* Look at a request without reading all of it: model, streamed or not, and what to splice when
     * the body is relayed. `model` may be absent: then the caller refuses or takes its default. The
     * body has not been checked; what is not JSON is AIGNE_E_REQUEST saying where. */
    int (*peek)(const struct ingress_request *in, struct arena *a, struct slice *model,
                struct chat_relay *relay, struct fault *why);
    /* Read it whole. */
    int (*decode)(const struct ingress_request *in, struct arena *a, struct chat_request *out,
                  struct fault *why);

    /* A streamed answer: append the bytes that an event means, then those of the end. The notes are
     * what the hub adds (credits). */
    int (*event)(struct encoding *e, const struct event *ev);
    int (*end)(struct encoding *e, const struct reply_notes *notes);
    /* Where a stream that is relayed reaches these clients in another shape than it came: append one of
     * its frames, whole server-sent events, and what ends them. NULL, each: as it came. */
    int (*frame)(struct encoding *e, struct slice raw);
    int (*frames_end)(struct encoding *e);
    /* A keep-alive that this format's clients ignore. */
    void (*keep_alive)(struct encoding *e);
    /* A plain answer. */
    int (*whole)(struct encoding *e, const struct reply *r, const struct reply_notes *notes);
    /* An error: as a body with its own status, or, when a stream has begun, inside it. */
    void (*error)(const struct fault *why, bool in_stream, struct buf *out);
    /* The same inside a stream whose every byte was written here, where it depends on what came before. May
     * be NULL. */
    int (*broken)(struct encoding *e, const struct fault *why);
    /* Give back what `state` holds outside the arena. May be NULL. */
    void (*close)(struct encoding *e);
};

extern const struct ingress ingress_aigne;
extern const struct ingress ingress_aigne_completions;
extern const struct ingress ingress_aigne_image;
extern const struct ingress ingress_aigne_video;
extern const struct ingress ingress_aigne_embedding;
extern const struct ingress ingress_aigne_speech;
extern const struct ingress ingress_aigne_transcription;
extern const struct ingress ingress_aigne_generations;
extern const struct ingress ingress_anthropic;
extern const struct ingress ingress_anthropic_count;
extern const struct ingress ingress_openai;
extern const struct ingress ingress_openai_responses;
extern const struct ingress ingress_gemini;
extern const struct ingress ingress_gemini_array;
extern const struct ingress ingress_gemini_count;
extern const struct ingress ingress_gemini_embed;
extern const struct ingress ingress_gemini_embed_batch;
extern const struct ingress ingress_gemini_predict;
extern const struct ingress ingress_gemini_video;
extern const struct ingress ingress_openai_embeddings;
extern const struct ingress ingress_openai_images;
extern const struct ingress ingress_openai_image_edits;
extern const struct ingress ingress_openai_speech;
extern const struct ingress ingress_openai_transcriptions;
extern const struct ingress ingress_openai_translations;

#endif
