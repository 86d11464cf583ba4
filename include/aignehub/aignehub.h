/* aignehub.h - chat models, and the hub that serves them, as one C library.
 *
 * Six rules hold for every function here:
 *   1. A negative return is an error; AIGNE_OK, AIGNE_EVENT and AIGNE_AGAIN are not.
 *   2. What a `_new`, `_open`, `_start` or `**out` gives you is yours: give it back with
 *      the `_free` of the same noun, in any order; NULL is harmless. Everything else a
 *      function returns is borrowed from its first argument.
 *   3. What you pass in is copied before the function returns.
 *   4. Text is UTF-8 and travels as (pointer, length); AIGNE_Z means "until the NUL".
 *      Text you receive has a NUL after its last byte as well.
 *   5. `err` may be NULL. If it is not, a failing function stores an error you own there.
 *   6. Models and hubs may be used by any thread at any time; a loop, and the calls on
 *      it, by one thread at a time. Only aigne_call_cancel crosses that line.
 */
#ifndef AIGNEHUB_AIGNEHUB_H
#define AIGNEHUB_AIGNEHUB_H

#include <aignehub/version.h> /* AIGNE_API, AIGNE_VERSION, AIGNE_VERSION_NUMBER */
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AIGNE_Z ((size_t)-1)

typedef struct aigne_config aigne_config; /* a bag of named settings */
typedef struct aigne_model aigne_model;   /* a model: chat, image, video, embedding, speech */
typedef struct aigne_hub aigne_hub;       /* providers, keys, prices and credits */
typedef struct aigne_loop aigne_loop;     /* what drives calls */
typedef struct aigne_call aigne_call;     /* one invocation in flight, on a loop */
typedef struct aigne_reply aigne_reply;   /* one finished invocation */
typedef struct aigne_error aigne_error;   /* why it failed */

/* ---- results ------------------------------------------------------------------- */

enum aigne_rc {
    AIGNE_OK = 0,            /* done; nothing more will come */
    AIGNE_EVENT = 1,         /* an event was stored */
    AIGNE_AGAIN = 2,         /* nothing yet; drive the loop */
    AIGNE_E_USAGE = -1,      /* the caller broke one of the six rules */
    AIGNE_E_NOMEM = -2,      /* out of memory */
    AIGNE_E_CONFIG = -3,     /* a setting is unknown, missing or ill-typed */
    AIGNE_E_REQUEST = -4,    /* the request is not valid */
    AIGNE_E_AUTH = -5,       /* nobody knows this key */
    AIGNE_E_CREDIT = -6,     /* not enough credits */
    AIGNE_E_RATE = -7,       /* too fast; see aigne_error_retry_ms */
    AIGNE_E_ROUTE = -8,      /* no provider serves this model now */
    AIGNE_E_UPSTREAM = -9,   /* the provider answered with an error */
    AIGNE_E_NETWORK = -10,   /* the provider could not be reached */
    AIGNE_E_TIMEOUT = -11,   /* a deadline passed */
    AIGNE_E_PROTOCOL = -12,  /* the peer sent something unreadable */
    AIGNE_E_CANCELLED = -13, /* somebody cancelled the call */
    AIGNE_E_STORE = -14,     /* the store failed */
    AIGNE_E_INTERNAL = -15   /* our bug */
};

AIGNE_API const char *aigne_rc_name(int rc);
AIGNE_API int aigne_error_code(const aigne_error *e);
/* One sentence for a person; it never contains a key, a token or a prompt. */
AIGNE_API const char *aigne_error_text(const aigne_error *e);
/* Milliseconds after which trying again makes sense; -1: it does not. */
AIGNE_API int64_t aigne_error_retry_ms(const aigne_error *e);
/* All of it: {code, name, text, http, provider, model, request_id, retry_ms}. */
AIGNE_API const char *aigne_error_json(const aigne_error *e, size_t *len);
AIGNE_API void aigne_error_free(aigne_error *e);

/* ---- settings: one table in lib/core/config.c is parser, manual and schema --------- */

AIGNE_API int aigne_config_new(aigne_config **out);
AIGNE_API int aigne_config_set(aigne_config *c, const char *name, const char *value, size_t len,
                               aigne_error **err);
AIGNE_API int aigne_config_set_int(aigne_config *c, const char *name, int64_t value,
                                   aigne_error **err);
AIGNE_API int aigne_config_json(aigne_config *c, const char *json, size_t len,
                                aigne_error **err);
AIGNE_API const char *aigne_config_schema(size_t *len);
AIGNE_API void aigne_config_free(aigne_config *c);

/* ---- models -------------------------------------------------------------------- */

/* The model behind a URL: an AIGNE Hub, or any provider this library speaks to. */
AIGNE_API int aigne_model_open(const aigne_config *c, aigne_model **out, aigne_error **err);
AIGNE_API void aigne_model_free(aigne_model *m);

/* Ask and wait. `request` is JSON, see aigne-request(7); for a chat the shortest is
 * {"messages": "Hello"}. */
AIGNE_API int aigne_model_invoke(aigne_model *m, const char *request, size_t len,
                                 aigne_reply **out, aigne_error **err);

AIGNE_API const char *aigne_reply_text(const aigne_reply *r, size_t *len);
AIGNE_API const char *aigne_reply_json(const aigne_reply *r, size_t *len);
AIGNE_API void aigne_reply_free(aigne_reply *r);

/* ---- streaming ------------------------------------------------------------------- */

enum aigne_event_kind {
    AIGNE_EV_TEXT = 1,  /* a piece of the answer */
    AIGNE_EV_THOUGHT,   /* a piece of the reasoning */
    AIGNE_EV_TOOL_CALL, /* JSON {id, name, arguments}, whole */
    AIGNE_EV_FILE,      /* JSON {mimeType, url or data} */
    AIGNE_EV_USAGE,     /* JSON {inputTokens, outputTokens, credits, ...} */
    AIGNE_EV_HEAD,      /* gateway.h: index is the HTTP status, data the headers */
    AIGNE_EV_BYTES      /* gateway.h: a piece of the HTTP body */
};

/* This struct never changes. Skip the kinds you do not know. */
typedef struct aigne_event {
    int32_t kind;     /* enum aigne_event_kind */
    int32_t index;    /* which choice or tool call it belongs to */
    const char *data; /* borrowed until the next function on the same call */
    size_t len;
} aigne_event;

/* Begin an invocation. With a NULL loop the call brings its own. */
AIGNE_API int aigne_call_start(aigne_model *m, aigne_loop *loop, const char *request,
                               size_t len, aigne_call **out, aigne_error **err);

/* The next event, waiting up to `wait_ms` for it (0: not at all, -1: for ever).
 * AIGNE_EVENT, AIGNE_AGAIN, AIGNE_OK when the answer is complete, or an error. */
AIGNE_API int aigne_call_next(aigne_call *call, int wait_ms, aigne_event *ev,
                              aigne_error **err);

/* Run to the end and give the whole reply, events already taken included. */
AIGNE_API int aigne_call_finish(aigne_call *call, aigne_reply **out, aigne_error **err);

/* End it soon, with AIGNE_E_CANCELLED. From any thread, or a signal handler. */
AIGNE_API void aigne_call_cancel(aigne_call *call);
AIGNE_API void aigne_call_set_tag(aigne_call *call, void *tag);
AIGNE_API void *aigne_call_tag(const aigne_call *call);
AIGNE_API void aigne_call_free(aigne_call *call); /* cancels what is unfinished */

/* All of the above in one function: tell `on_event` as the answer arrives, and cancel
 * when it returns non-zero. It must not touch the call; it may touch anything else. */
typedef int (*aigne_event_fn)(void *user, const aigne_event *ev);
AIGNE_API int aigne_model_stream(aigne_model *m, const char *request, size_t len,
                                 aigne_event_fn on_event, void *user, aigne_reply **out,
                                 aigne_error **err);

/* ---- driving calls from your own event loop ------------------------------------------ */

AIGNE_API int aigne_loop_new(aigne_loop **out, aigne_error **err);
/* One descriptor stands for all sockets, timers and wake-ups of the loop. It is readable
 * while there is work to do or a call is ready: watch it once, level-triggered. */
AIGNE_API int aigne_loop_fd(const aigne_loop *l);
AIGNE_API int aigne_loop_drive(aigne_loop *l, int wait_ms); /* do what can be done */
AIGNE_API aigne_call *aigne_loop_ready(aigne_loop *l);      /* a call with news, or NULL */
AIGNE_API void aigne_loop_free(aigne_loop *l);

/* ---- the hub --------------------------------------------------------------------- */

AIGNE_API int aigne_hub_open(const aigne_config *c, aigne_hub **out, aigne_error **err);
/* The model `name` as `who` may use it: routed, metered and paid for. */
AIGNE_API int aigne_hub_model(aigne_hub *h, const char *who, const char *name,
                              aigne_model **out, aigne_error **err);
/* Everything an administrator does is a verb with JSON arguments, listed in aigne-hub(7):
 * aigne_hub_do(h, "credential.put", "{...}", AIGNE_Z, &answer, &err). */
AIGNE_API int aigne_hub_do(aigne_hub *h, const char *verb, const char *args, size_t len,
                           aigne_reply **out, aigne_error **err);
AIGNE_API void aigne_hub_free(aigne_hub *h);

/* ---- the process: before anything else, or never ----------------------------------- */

typedef void (*aigne_log_fn)(void *user, int level, const char *area, const char *line,
                             size_t len);
typedef struct aigne_alloc { /* this struct never changes */
    void *user;
    void *(*resize)(void *user, void *old, size_t size); /* old NULL: allocate */
    void (*release)(void *user, void *old);
} aigne_alloc;

AIGNE_API int aigne_set_log(int level, aigne_log_fn fn, void *user);
AIGNE_API int aigne_set_alloc(const aigne_alloc *a);
AIGNE_API const char *aigne_version(void);
AIGNE_API uint32_t aigne_version_number(void);

#ifdef __cplusplus
}
#endif
#endif /* AIGNEHUB_AIGNEHUB_H */
