/* aignehub.h - AI models, and the hub that serves them, as one C library.
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
 *
 * The comment above a function is its manual page: the first line says what it is, then come the
 * details and, after their labels, what it returns, how it fails, which threads may call it, who
 * owns what, and an example that the tests compile.
 *
 * Broken rules (a NULL where an object is needed, a freed object that is still recognisable) are
 * AIGNE_E_USAGE, or 0, NULL or "" from functions that return no code; a lack of memory is
 * AIGNE_E_NOMEM. These two can come from every function that takes `err` and are listed only where
 * there is more to say.
 */
#ifndef AIGNEHUB_AIGNEHUB_H
#define AIGNEHUB_AIGNEHUB_H

#include <aignehub/version.h> /* AIGNE_API, AIGNE_VERSION, AIGNE_VERSION_NUMBER */
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AIGNE_Z ((size_t)-1) /* as a length: the text ends at its NUL */

typedef struct aigne_config aigne_config; /* a bag of named settings */
typedef struct aigne_model aigne_model;   /* a model: chat, image, video, embedding, speech */
typedef struct aigne_hub aigne_hub;       /* providers, keys, prices and credits */
typedef struct aigne_loop aigne_loop;     /* what drives calls */
typedef struct aigne_call aigne_call;     /* one invocation in flight, on a loop */
typedef struct aigne_reply aigne_reply;   /* one finished invocation */
typedef struct aigne_error aigne_error;   /* why it failed */

/* ---- results ------------------------------------------------------------------- */

/* What a function returns
 *
 * Codes tell apart what a caller can do, not where the trouble was. Retrying helps for
 * AIGNE_E_RATE, AIGNE_E_ROUTE, AIGNE_E_NETWORK, AIGNE_E_TIMEOUT and AIGNE_E_UPSTREAM when
 * aigne_error_retry_ms() is not negative; correcting the request or a setting helps for
 * AIGNE_E_CONFIG, AIGNE_E_REQUEST and AIGNE_E_AUTH. Values are never renumbered; later versions may
 * add negative ones, so treat an unknown negative value as an error. */
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

/* The name of a result code
 *
 * For logs and for scripts: the constant's own name, "AIGNE_E_RATE" for AIGNE_E_RATE. An unknown
 * value gives "unknown".
 *
 * Return: a static text, never NULL.
 * Threads: any, at any time.
 * Owner: the library; the text lives as long as the process.
 * Example:
 *     #include <stdio.h>
 *
 *     void complain(int rc)
 *     {
 *         fprintf(stderr, "failed: %s\n", aigne_rc_name(rc));
 *     }
 */
AIGNE_API const char *aigne_rc_name(int rc);

/* Which kind of failure an error is
 *
 * The same code that the failing function returned.
 *
 * Return: a negative enum aigne_rc; AIGNE_E_USAGE when `e` is NULL.
 * Threads: any; an error never changes.
 * Owner: nothing changes hands.
 * Example:
 *     int worth_another_try(const aigne_error *e)
 *     {
 *         return aigne_error_code(e) == AIGNE_E_RATE || aigne_error_retry_ms(e) >= 0;
 *     }
 */
AIGNE_API int aigne_error_code(const aigne_error *e);

/* What went wrong, as one sentence for a person
 *
 * The sentence names the setting, member, model or provider at fault and, where there is one, the
 * way out. It never contains a key or a token, and nothing of a request in the library's own words.
 * What a provider said is quoted, cut to a few hundred bytes, and may quote the request in turn: show
 * it to whoever asked; for logs there are the library's own lines, see aigne_set_log().
 *
 * Return: the sentence, never NULL, also when `e` is.
 * Threads: any; an error never changes.
 * Owner: borrowed from `e`, until aigne_error_free().
 * Example:
 *     #include <stdio.h>
 *
 *     void report(aigne_error *e)
 *     {
 *         fprintf(stderr, "%s\n", aigne_error_text(e));
 *         aigne_error_free(e);
 *     }
 */
AIGNE_API const char *aigne_error_text(const aigne_error *e);

/* When trying again makes sense
 *
 * From the provider's or hub's Retry-After, or the library's own judgement of the failure.
 *
 * Return: milliseconds to wait from now, 0 for at once; -1 when the same request would only fail
 * again, and when `e` is NULL.
 * Threads: any; an error never changes.
 * Owner: nothing changes hands.
 * Example:
 *     #include <time.h>
 *
 *     int wait_for_retry(const aigne_error *e)
 *     {
 *         int64_t ms = aigne_error_retry_ms(e);
 *         struct timespec pause = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
 *         return ms < 0 ? -1 : nanosleep(&pause, NULL);
 *     }
 */
AIGNE_API int64_t aigne_error_retry_ms(const aigne_error *e);

/* All that is known about a failure, as JSON
 *
 * An object with code, name (the code's), text, http (the status that was received or that a gateway
 * would answer) and retry_ms, and where they are known provider, model, request_id, type and reason
 * (the provider's own words for them) and param, the member of the request at fault. Like the
 * sentence it holds no secret.
 *
 * `len` may be NULL; otherwise it receives the length in bytes.
 *
 * Return: the JSON text; "{}" when `e` is NULL.
 * Threads: any; an error never changes.
 * Owner: borrowed from `e`, until aigne_error_free().
 * Example:
 *     #include <stdio.h>
 *
 *     void log_failure(FILE *log, const aigne_error *e)
 *     {
 *         size_t len;
 *         const char *json = aigne_error_json(e, &len);
 *         fwrite(json, 1, len, log);
 *     }
 */
AIGNE_API const char *aigne_error_json(const aigne_error *e, size_t *len);

/* Give an error back
 *
 * Every error that a function stored through `err` must be given back once. NULL is harmless.
 *
 * Threads: any, once nobody uses `e` any more.
 * Owner: takes `e`; texts borrowed from it are gone.
 * Example:
 *     int try_model(const aigne_config *c)
 *     {
 *         aigne_model *model = NULL;
 *         aigne_error *err = NULL;
 *         int rc = aigne_model_open(c, &model, &err);
 *         aigne_error_free(err);
 *         aigne_model_free(model);
 *         return rc;
 *     }
 */
AIGNE_API void aigne_error_free(aigne_error *e);

/* ---- settings: one table in lib/core/settings.def is parser, manual and schema ------ */

/* Begin a bag of settings
 *
 * A bag holds what aigne_model_open() and aigne_hub_open() want to know. The settings, their kinds
 * and defaults are in aigne-config(5). One bag may open many models and hubs: each copies what it
 * needs.
 *
 * Return: AIGNE_OK, or a negative code.
 * Threads: any; a bag itself belongs to one thread at a time.
 * Owner: `*out` is yours: aigne_config_free(). It is NULL after a failure.
 * Example:
 *     int settings(aigne_config **out)
 *     {
 *         int rc = aigne_config_new(out);
 *         return rc < 0 ? rc : aigne_config_set(*out, "model", "openai/gpt-5-mini", AIGNE_Z, NULL);
 *     }
 */
AIGNE_API int aigne_config_new(aigne_config **out);

/* Set one setting from text
 *
 * `name` is a setting of aigne-config(5) or one of its aliases; `value` has `len` bytes. Numbers
 * and booleans may be given as text ("30000", "true"). Setting a name again replaces its value.
 *
 * Return: AIGNE_OK, or a negative code; the bag is then unchanged.
 * Errors:
 *   AIGNE_E_CONFIG  the name is unknown (the sentence offers the nearest one), or the value is not
 *                   of its kind or out of its range
 * Threads: one at a time on the same bag.
 * Owner: name and value are copied; secret values are wiped when the bag is freed.
 * Example:
 *     int use_hub(aigne_config *c, const char *key, aigne_error **err)
 *     {
 *         int rc = aigne_config_set(c, "url", "https://hub.example.com", AIGNE_Z, err);
 *         return rc < 0 ? rc : aigne_config_set(c, "accessKey", key, AIGNE_Z, err);
 *     }
 */
AIGNE_API int aigne_config_set(aigne_config *c, const char *name, const char *value, size_t len,
                               aigne_error **err);

/* Set one setting from an integer
 *
 * For settings that are numbers, and for booleans as 0 and 1. Times are milliseconds and sizes
 * bytes.
 *
 * Return: AIGNE_OK, or a negative code; the bag is then unchanged.
 * Errors:
 *   AIGNE_E_CONFIG  the name is unknown, the setting is a text, or the value is out of its range
 * Threads: one at a time on the same bag.
 * Owner: the name is copied.
 * Example:
 *     int patient(aigne_config *c, aigne_error **err)
 *     {
 *         return aigne_config_set_int(c, "idleTimeout", 600000, err);
 *     }
 */
AIGNE_API int aigne_config_set_int(aigne_config *c, const char *name, int64_t value,
                                   aigne_error **err);

/* Set many settings from a JSON object
 *
 * Each member is a setting; one that is null is passed over. Comments are allowed, so that the text
 * may be a file that people edit.
 *
 * Return: AIGNE_OK, or a negative code; members before the one at fault are then already set.
 * Errors:
 *   AIGNE_E_CONFIG  the text is not a JSON object (the sentence says where), or a member's name or
 *                   value is wrong as for aigne_config_set()
 * Threads: one at a time on the same bag.
 * Owner: the text is copied.
 * Example:
 *     int direct(aigne_config *c, aigne_error **err)
 *     {
 *         return aigne_config_json(c, "{\"provider\": \"ollama\", \"model\": \"llama3.2\"}", AIGNE_Z,
 *                                  err);
 *     }
 */
AIGNE_API int aigne_config_json(aigne_config *c, const char *json, size_t len,
                                aigne_error **err);

/* The settings there are, as a JSON Schema
 *
 * One property for each setting, with its kind, default, range and description: what forms, command
 * lines and bindings are made from.
 *
 * `len` may be NULL; otherwise it receives the length in bytes.
 *
 * Return: the JSON text, never NULL.
 * Threads: any, at any time.
 * Owner: the library; the text lives as long as the process.
 * Example:
 *     #include <stdio.h>
 *
 *     void list_settings(void)
 *     {
 *         puts(aigne_config_schema(NULL));
 *     }
 */
AIGNE_API const char *aigne_config_schema(size_t *len);

/* Give a bag of settings back
 *
 * Models and hubs opened from it go on. Secrets in it are wiped. NULL is harmless.
 *
 * Threads: one at a time on the same bag.
 * Owner: takes `c`.
 * Example:
 *     int open_and_forget(aigne_config *c, aigne_model **out)
 *     {
 *         int rc = aigne_model_open(c, out, NULL);
 *         aigne_config_free(c);
 *         return rc;
 *     }
 */
AIGNE_API void aigne_config_free(aigne_config *c);

/* ---- models -------------------------------------------------------------------- */

/* Open the model that settings describe
 *
 * With url (https://hub.aigne.io/ when it is not set) and accessKey it is a model of a remote AIGNE
 * Hub; with provider and apiKey it is reached at the provider itself; provider "echo" answers from
 * inside the process and needs no account. Nothing is sent before the first call: a wrong key or a
 * host that is not there shows then. A request may name another model than the one opened here.
 *
 * Return: AIGNE_OK, or a negative code.
 * Errors:
 *   AIGNE_E_CONFIG  the provider is unknown, or a setting's value is unusable
 * Threads: any. The model may then be used by all threads at once.
 * Owner: `*out` is yours: aigne_model_free(). It is NULL after a failure. `c` stays yours and is not
 * needed any more.
 * Example:
 *     int open_echo(aigne_model **out, aigne_error **err)
 *     {
 *         aigne_config *c;
 *         int rc = aigne_config_new(&c);
 *         if (rc < 0)
 *             return rc;
 *         rc = aigne_config_json(c, "{\"provider\": \"echo\", \"model\": \"echo\"}", AIGNE_Z, err);
 *         if (rc == AIGNE_OK)
 *             rc = aigne_model_open(c, out, err);
 *         aigne_config_free(c);
 *         return rc;
 *     }
 */
AIGNE_API int aigne_model_open(const aigne_config *c, aigne_model **out, aigne_error **err);

/* Give a model back
 *
 * Calls that are still running go on and keep what they need. NULL is harmless.
 *
 * Threads: any, once nobody starts calls with `m` any more.
 * Owner: takes `m`.
 * Example:
 *     int ask_once(aigne_model *model, aigne_reply **out)
 *     {
 *         int rc = aigne_model_invoke(model, "{\"messages\": \"Hello\"}", AIGNE_Z, out, NULL);
 *         aigne_model_free(model);
 *         return rc;
 *     }
 */
AIGNE_API void aigne_model_free(aigne_model *m);

/* Ask and wait for the whole answer
 *
 * `request` is a JSON object of `len` bytes, see aigne-request(7); for a chat the shortest is
 * {"messages": "Hello"}. Blocks until the answer is complete, has failed, or a timeout of the
 * model's settings has passed. A request is never sent twice unless nothing of it had left.
 *
 * Return: AIGNE_OK, or a negative code.
 * Errors:
 *   AIGNE_E_REQUEST   the request is not valid; the sentence names the member
 *   AIGNE_E_AUTH      the hub or provider does not accept the key
 *   AIGNE_E_CREDIT    the account is used up
 *   AIGNE_E_RATE      too many calls; see aigne_error_retry_ms()
 *   AIGNE_E_ROUTE     the hub has no provider for this model now
 *   AIGNE_E_UPSTREAM  the provider answered with an error of its own
 *   AIGNE_E_NETWORK   there was no connection, or it broke
 *   AIGNE_E_TIMEOUT   one of the model's timeouts passed
 *   AIGNE_E_PROTOCOL  the answer could not be read or was cut short
 * Threads: any, also many at once on the same model.
 * Owner: `*out` is yours: aigne_reply_free(). It is NULL after a failure.
 * Example:
 *     #include <stdio.h>
 *
 *     int ask(aigne_model *model, aigne_error **err)
 *     {
 *         aigne_reply *reply;
 *         int rc = aigne_model_invoke(model, "{\"messages\": \"Hello\"}", AIGNE_Z, &reply, err);
 *         if (rc < 0)
 *             return rc;
 *         puts(aigne_reply_text(reply, NULL));
 *         aigne_reply_free(reply);
 *         return AIGNE_OK;
 *     }
 */
AIGNE_API int aigne_model_invoke(aigne_model *m, const char *request, size_t len,
                                 aigne_reply **out, aigne_error **err);

/* The text of an answer
 *
 * All pieces of the answer's text put together; empty when the model answered with tool calls or
 * files alone. From aigne_hub_do() it is the verb's JSON answer, but for "key.create" the key itself.
 *
 * `len` may be NULL; otherwise it receives the length in bytes.
 *
 * Return: the text, never NULL; "" when `r` is NULL.
 * Threads: one at a time on the same reply.
 * Owner: borrowed from `r`, until aigne_reply_free().
 * Example:
 *     #include <stdio.h>
 *
 *     void show(aigne_reply *reply)
 *     {
 *         size_t len;
 *         const char *text = aigne_reply_text(reply, &len);
 *         fwrite(text, 1, len, stdout);
 *     }
 */
AIGNE_API const char *aigne_reply_text(const aigne_reply *r, size_t *len);

/* A whole answer as JSON
 *
 * For a chat AIGNE's output object: text, thoughts, json, toolCalls, files, usage, model, each
 * where there is one; see aigne-request(7). For aigne_hub_do() the verb's answer.
 *
 * `len` may be NULL; otherwise it receives the length in bytes.
 *
 * Return: the JSON text, never NULL; "" when `r` is NULL.
 * Threads: one at a time on the same reply.
 * Owner: borrowed from `r`, until aigne_reply_free().
 * Example:
 *     #include <stdio.h>
 *
 *     void show_all(aigne_reply *reply)
 *     {
 *         puts(aigne_reply_json(reply, NULL));
 *     }
 */
AIGNE_API const char *aigne_reply_json(const aigne_reply *r, size_t *len);

/* Give an answer back
 *
 * NULL is harmless. An answer does not need its model, call or hub any more.
 *
 * Threads: any, once nobody uses `r` any more.
 * Owner: takes `r`; texts borrowed from it are gone.
 * Example:
 *     #include <stdio.h>
 *
 *     void show_and_forget(aigne_reply *reply)
 *     {
 *         puts(aigne_reply_text(reply, NULL));
 *         aigne_reply_free(reply);
 *     }
 */
AIGNE_API void aigne_reply_free(aigne_reply *r);

/* Which models there are
 *
 * Asks where `m` leads to: a remote hub, a provider, or the hub in this process. The reply's JSON is an
 * array of objects with model and, as far as the other side tells, type, provider and rates. `type` is
 * "chat", "image", "video" or "embedding", or NULL for all. Blocks like aigne_model_invoke().
 *
 * Return: AIGNE_OK, or a negative code.
 * Errors:
 *   AIGNE_E_REQUEST   this provider has no list of models
 *   AIGNE_E_AUTH      the hub or provider does not accept the key
 *   AIGNE_E_UPSTREAM  the other side answered with an error
 *   AIGNE_E_NETWORK   there was no connection, or it broke
 *   AIGNE_E_TIMEOUT   one of the model's timeouts passed
 *   AIGNE_E_PROTOCOL  the answer could not be read
 * Threads: any, also many at once on the same model.
 * Owner: `*out` is yours: aigne_reply_free(). It is NULL after a failure.
 * Example:
 *     #include <stdio.h>
 *
 *     int list_models(aigne_model *model, aigne_error **err)
 *     {
 *         aigne_reply *reply;
 *         int rc = aigne_model_list(model, "chat", &reply, err);
 *         if (rc < 0)
 *             return rc;
 *         puts(aigne_reply_json(reply, NULL));
 *         aigne_reply_free(reply);
 *         return AIGNE_OK;
 *     }
 */
AIGNE_API int aigne_model_list(aigne_model *m, const char *type, aigne_reply **out,
                               aigne_error **err);

/* ---- streaming ------------------------------------------------------------------- */

/* What an event is about
 *
 * Later versions may add kinds: skip those you do not know. A model's call gives the first five, an
 * exchange of gateway.h the last two. */
enum aigne_event_kind {
    AIGNE_EV_TEXT = 1,  /* a piece of the answer */
    AIGNE_EV_THOUGHT,   /* a piece of the reasoning */
    AIGNE_EV_TOOL_CALL, /* JSON {id, name, arguments}, whole */
    AIGNE_EV_FILE,      /* JSON {mimeType, url or data} */
    AIGNE_EV_USAGE,     /* JSON {inputTokens, outputTokens, ...} */
    AIGNE_EV_HEAD,      /* gateway.h: index is the HTTP status, data the headers */
    AIGNE_EV_BYTES,     /* the next bytes of speech; gateway.h: of the HTTP body */
    AIGNE_EV_PROGRESS   /* JSON {progress, status} of a video being made */
};

/* One piece of an answer
 *
 * The struct never changes. Pieces of text hold whole UTF-8 characters and are handed out in the order
 * in which they arrived; a tool call is handed out once, complete; usage comes last, where the
 * provider reports it. aigne_call_next() hands events out. */
typedef struct aigne_event {
    int32_t kind;     /* enum aigne_event_kind */
    int32_t index;    /* which choice or tool call it belongs to */
    const char *data; /* borrowed until the next function on the same call */
    size_t len;
} aigne_event;

/* Begin an invocation
 *
 * Takes the request as aigne_model_invoke() does and returns at once; the answer is taken with
 * aigne_call_next(). With a NULL loop the call brings its own, which aigne_call_next() and
 * aigne_call_finish() drive. With a loop, calls progress only while that loop is driven, by
 * aigne_loop_drive() or by aigne_call_next() with a wait.
 *
 * What goes wrong later (no provider, the network, the provider) is told by aigne_call_next().
 *
 * Return: AIGNE_OK, or a negative code.
 * Errors:
 *   AIGNE_E_REQUEST  the request is not valid; the sentence names the member
 * Threads: the thread that uses `loop`; any when it is NULL.
 * Owner: `*out` is yours: aigne_call_free(), before its loop's aigne_loop_free() or after. It is NULL
 * after a failure.
 * Example:
 *     int begin(aigne_model *model, aigne_loop *loop, aigne_call **out, aigne_error **err)
 *     {
 *         const char *request = "{\"messages\": \"Tell me a story\"}";
 *         return aigne_call_start(model, loop, request, AIGNE_Z, out, err);
 *     }
 */
AIGNE_API int aigne_call_start(aigne_model *m, aigne_loop *loop, const char *request,
                               size_t len, aigne_call **out, aigne_error **err);

/* The next event of a call
 *
 * Waits up to `wait_ms` milliseconds for one (0: not at all, -1: for ever), driving the call's loop
 * meanwhile. Once a call is complete or has failed, asking again gives the same result. A caller
 * that does not ask slows the provider down: a bounded amount is kept, then the connection rests.
 *
 * Return: AIGNE_EVENT and an event in `*ev`; AIGNE_AGAIN when the wait passed without one; AIGNE_OK
 * when the answer is complete; a negative code when it failed.
 * Errors:
 *   AIGNE_E_AUTH       the hub or provider does not accept the key
 *   AIGNE_E_CREDIT     the account is used up
 *   AIGNE_E_RATE       too many calls; see aigne_error_retry_ms()
 *   AIGNE_E_ROUTE      the hub has no provider for this model now
 *   AIGNE_E_UPSTREAM   the provider answered with an error, maybe in the middle of the answer
 *   AIGNE_E_NETWORK    there was no connection, or it broke
 *   AIGNE_E_TIMEOUT    one of the model's timeouts passed; `wait_ms` is not one of them
 *   AIGNE_E_PROTOCOL   the answer could not be read or was cut short
 *   AIGNE_E_CANCELLED  aigne_call_cancel() was called
 * Threads: the thread that uses the call's loop.
 * Owner: `ev->data` is borrowed until the next function on the same call.
 * Example:
 *     #include <stdio.h>
 *
 *     int print_answer(aigne_call *call, aigne_error **err)
 *     {
 *         aigne_event ev;
 *         int rc;
 *         while ((rc = aigne_call_next(call, -1, &ev, err)) == AIGNE_EVENT) {
 *             if (ev.kind == AIGNE_EV_TEXT)
 *                 fwrite(ev.data, 1, ev.len, stdout);
 *         }
 *         return rc;
 *     }
 */
AIGNE_API int aigne_call_next(aigne_call *call, int wait_ms, aigne_event *ev,
                              aigne_error **err);

/* Run a call to its end and give the whole answer
 *
 * Events that were already taken are part of the answer too. Blocks like aigne_model_invoke().
 *
 * Return: AIGNE_OK, or a negative code as from aigne_call_next().
 * Threads: the thread that uses the call's loop.
 * Owner: `*out` is yours: aigne_reply_free(). It is NULL after a failure. The call stays yours.
 * Example:
 *     #include <stdio.h>
 *
 *     int finish(aigne_call *call, aigne_error **err)
 *     {
 *         aigne_reply *reply;
 *         int rc = aigne_call_finish(call, &reply, err);
 *         if (rc == AIGNE_OK)
 *             puts(aigne_reply_json(reply, NULL));
 *         aigne_reply_free(reply);
 *         aigne_call_free(call);
 *         return rc;
 *     }
 */
AIGNE_API int aigne_call_finish(aigne_call *call, aigne_reply **out, aigne_error **err);

/* End a call soon
 *
 * The call ends with AIGNE_E_CANCELLED, unless it is complete already; its connection is closed and a
 * hub records what was used so far. Returns at once; the end is seen by aigne_call_next(), which
 * wakes up for it.
 *
 * Threads: any thread, also a signal handler, as long as the call is not freed meanwhile.
 * Owner: nothing changes hands.
 * Example:
 *     #include <signal.h>
 *
 *     static aigne_call *running;
 *
 *     static void stop(int number)
 *     {
 *         (void)number;
 *         aigne_call_cancel(running);
 *     }
 *
 *     void stop_on_interrupt(aigne_call *call)
 *     {
 *         running = call;
 *         signal(SIGINT, stop);
 *     }
 */
AIGNE_API void aigne_call_cancel(aigne_call *call);

/* Attach a pointer of yours to a call
 *
 * The library only keeps it, for aigne_call_tag(): a host with many calls on one loop finds its own
 * record by it. A new tag replaces the old one; a call begins with NULL.
 *
 * Threads: the thread that uses the call's loop.
 * Owner: what `tag` points to stays yours and is never touched.
 * Example:
 *     struct client {
 *         int socket;
 *     };
 *
 *     void attach(aigne_call *call, struct client *client)
 *     {
 *         aigne_call_set_tag(call, client);
 *     }
 */
AIGNE_API void aigne_call_set_tag(aigne_call *call, void *tag);

/* The pointer attached to a call
 *
 * How a host finds its own record of a call that aigne_loop_ready() gave it.
 *
 * Return: what aigne_call_set_tag() was given last; NULL when nothing was.
 * Threads: the thread that uses the call's loop.
 * Owner: yours all along.
 * Example:
 *     struct client {
 *         int socket;
 *     };
 *
 *     int socket_of(const aigne_call *call)
 *     {
 *         const struct client *client = aigne_call_tag(call);
 *         return client ? client->socket : -1;
 *     }
 */
AIGNE_API void *aigne_call_tag(const aigne_call *call);

/* Give a call back
 *
 * What is unfinished is cancelled: the connection is closed at once and a hub records what was used.
 * NULL is harmless.
 *
 * Threads: the thread that uses the call's loop.
 * Owner: takes `call`; events borrowed from it are gone, replies and errors are not.
 * Example:
 *     int first_event(aigne_call *call)
 *     {
 *         aigne_event ev;
 *         int rc = aigne_call_next(call, 1000, &ev, NULL);
 *         int kind = rc == AIGNE_EVENT ? ev.kind : 0;
 *         aigne_call_free(call);
 *         return kind;
 *     }
 */
AIGNE_API void aigne_call_free(aigne_call *call);

/* A function that is told of each event
 *
 * `user` is what aigne_model_stream() was given. Returning something other than 0 cancels the call.
 * The event is borrowed until the function returns. */
typedef int (*aigne_event_fn)(void *user, const aigne_event *ev);

/* Ask, and be told as the answer arrives
 *
 * aigne_call_start(), aigne_call_next() and aigne_call_finish() in one function: `on_event` is called
 * with `user` for each event, on the calling thread. When it returns something other than 0 the call
 * is cancelled. It must not touch the call; it may use anything else, other models included.
 *
 * `out` may be NULL when the events are all that is wanted, and `on_event` when the answer is.
 *
 * Return: AIGNE_OK, or a negative code as from aigne_model_invoke().
 * Errors:
 *   AIGNE_E_CANCELLED  `on_event` asked for it
 * Threads: any, also many at once on the same model.
 * Owner: `*out` is yours: aigne_reply_free(). It is NULL after a failure. The event is borrowed until
 * `on_event` returns.
 * Example:
 *     #include <stdio.h>
 *
 *     static int show(void *user, const aigne_event *ev)
 *     {
 *         if (ev->kind == AIGNE_EV_TEXT)
 *             fwrite(ev->data, 1, ev->len, user);
 *         return 0;
 *     }
 *
 *     int stream(aigne_model *model, aigne_error **err)
 *     {
 *         return aigne_model_stream(model, "{\"messages\": \"Tell me a story\"}", AIGNE_Z, show,
 *                                   stdout, NULL, err);
 *     }
 */
AIGNE_API int aigne_model_stream(aigne_model *m, const char *request, size_t len,
                                 aigne_event_fn on_event, void *user, aigne_reply **out,
                                 aigne_error **err);

/* ---- driving calls from your own event loop ------------------------------------------ */

/* Make a loop
 *
 * A loop drives any number of calls without threads of its own: put its descriptor into your event
 * loop, or just call aigne_loop_drive().
 *
 * Return: AIGNE_OK, or a negative code.
 * Errors:
 *   AIGNE_E_INTERNAL  the system gave no descriptor
 * Threads: any; the loop and its calls then belong to one thread at a time.
 * Owner: `*out` is yours: aigne_loop_free(). It is NULL after a failure.
 * Example:
 *     int two_at_once(aigne_model *model, aigne_call *calls[2], aigne_loop **loop)
 *     {
 *         int rc = aigne_loop_new(loop, NULL);
 *         for (int i = 0; rc == AIGNE_OK && i < 2; i++)
 *             rc = aigne_call_start(model, *loop, "{\"messages\": \"Hello\"}", AIGNE_Z, &calls[i],
 *                                   NULL);
 *         return rc;
 *     }
 */
AIGNE_API int aigne_loop_new(aigne_loop **out, aigne_error **err);

/* The one descriptor to watch
 *
 * It stands for all sockets, timers and wake-ups of the loop: it is readable while there is work to
 * do or a call has news. Watch it for reading once, level-triggered; it never changes. When it is
 * readable, call aigne_loop_drive(loop, 0) and then aigne_loop_ready() until that gives NULL. Do not
 * read from it or close it.
 *
 * Return: the descriptor; AIGNE_E_USAGE when `l` is NULL.
 * Threads: the thread that uses the loop; the number itself may be passed on.
 * Owner: the loop's.
 * Example:
 *     #include <sys/epoll.h>
 *
 *     int watch(int epoll, const aigne_loop *loop)
 *     {
 *         struct epoll_event interest = {.events = EPOLLIN};
 *         return epoll_ctl(epoll, EPOLL_CTL_ADD, aigne_loop_fd(loop), &interest);
 *     }
 */
AIGNE_API int aigne_loop_fd(const aigne_loop *l);

/* Do what can be done now
 *
 * Moves all calls of the loop on, waiting up to `wait_ms` milliseconds (0: not at all, -1: for ever)
 * when there is nothing to do yet and no call has news. The work of one turn is bounded, so that a busy call does not
 * starve the others or the host.
 *
 * Return: AIGNE_OK, or a negative code; how calls fared is told by aigne_call_next().
 * Threads: the thread that uses the loop.
 * Owner: nothing changes hands.
 * Example:
 *     void turn(aigne_loop *loop)
 *     {
 *         aigne_call *call;
 *         aigne_loop_drive(loop, 100);
 *         while ((call = aigne_loop_ready(loop)) != NULL) {
 *             aigne_event ev;
 *             int rc;
 *             while ((rc = aigne_call_next(call, 0, &ev, NULL)) == AIGNE_EVENT)
 *                 continue; // use the event here
 *             if (rc != AIGNE_AGAIN)
 *                 aigne_call_free(call);
 *         }
 *     }
 */
AIGNE_API int aigne_loop_drive(aigne_loop *l, int wait_ms);

/* A call with news
 *
 * Gives each call that has events, or its end, to take; take them with aigne_call_next() until that
 * says AIGNE_AGAIN. A call is given again when it has more.
 *
 * Return: a call of this loop; NULL when none has news.
 * Threads: the thread that uses the loop.
 * Owner: the call is yours already, since aigne_call_start(); nothing new to give back.
 * Example:
 *     int count_ready(aigne_loop *loop)
 *     {
 *         int count = 0;
 *         while (aigne_loop_ready(loop))
 *             count++;
 *         return count;
 *     }
 */
AIGNE_API aigne_call *aigne_loop_ready(aigne_loop *l);

/* Give a loop back
 *
 * Calls still on it stay valid until aigne_call_free(), and the last of them takes the loop with it;
 * what a hub has yet to record of freed calls is waited for. NULL is harmless.
 *
 * Threads: the thread that uses the loop.
 * Owner: takes `l`; stop watching its descriptor before.
 * Example:
 *     void stop(aigne_loop *loop, aigne_call *call)
 *     {
 *         aigne_loop_free(loop);
 *         aigne_call_free(call);
 *     }
 */
AIGNE_API void aigne_loop_free(aigne_loop *l);

/* ---- the hub --------------------------------------------------------------------- */

/* Open a hub inside this process
 *
 * The setting data names its SQLite file, which is made and brought up to date when needed. The
 * provider credentials in it are sealed under a master key: given by masterKey, or read from
 * masterKeyFile, or from the data path with ".key" appended; a key file that does not exist is made,
 * readable by its owner alone. Several processes may open the same file; each sees the others'
 * changes within a second.
 *
 * Return: AIGNE_OK, or a negative code.
 * Errors:
 *   AIGNE_E_CONFIG  data is missing, or the master key is not the one that sealed the credentials
 *   AIGNE_E_STORE   the file cannot be opened, or is not such a file
 * Threads: any. The hub may then be used by all threads at once.
 * Owner: `*out` is yours: aigne_hub_free(). It is NULL after a failure.
 * Example:
 *     int open_hub(aigne_hub **out, aigne_error **err)
 *     {
 *         aigne_config *c;
 *         int rc = aigne_config_new(&c);
 *         if (rc < 0)
 *             return rc;
 *         rc = aigne_config_set(c, "data", "hub.db", AIGNE_Z, err);
 *         if (rc == AIGNE_OK)
 *             rc = aigne_hub_open(c, out, err);
 *         aigne_config_free(c);
 *         return rc;
 *     }
 */
AIGNE_API int aigne_hub_open(const aigne_config *c, aigne_hub **out, aigne_error **err);

/* A model of a hub in this process
 *
 * `name` is "provider/model", or a bare model name that the hub resolves. Calls are routed over the
 * hub's providers and credentials, and each attempt leaves a usage row. `who` is an access key of the
 * hub, which must be valid when a call begins, or the name of a user to book usage under, or NULL for
 * the host itself. With a NULL `name` each request names its model. Otherwise it is a model like any
 * other.
 *
 * Return: AIGNE_OK, or a negative code. Whether a provider serves the model is seen by each call, not
 * here: providers come and go while the model is open.
 * Threads: any. The model may then be used by all threads at once.
 * Owner: `*out` is yours: aigne_model_free(), before aigne_hub_free() or after. It is NULL after a
 * failure.
 * Example:
 *     int open_through_hub(aigne_hub *hub, aigne_model **out, aigne_error **err)
 *     {
 *         return aigne_hub_model(hub, "alice", "openai/gpt-5-mini", out, err);
 *     }
 */
AIGNE_API int aigne_hub_model(aigne_hub *h, const char *who, const char *name,
                              aigne_model **out, aigne_error **err);

/* Do what an administrator does
 *
 * A verb with JSON arguments, listed in aigne-hub(7): "credential.put", "usage.list" and so on. NULL
 * arguments mean {}. May wait for the disk, and the verbs that try a credential for a provider, so it
 * is not for the thread of an event loop.
 *
 * Return: AIGNE_OK, or a negative code.
 * Errors:
 *   AIGNE_E_REQUEST  the verb is unknown, or an argument is wrong; the sentence names it
 *   AIGNE_E_STORE    the change could not be written
 * Threads: any.
 * Owner: `*out` is yours: aigne_reply_free(); aigne_reply_json() is the verb's answer. It is NULL after
 * a failure.
 * Example:
 *     int add_key(aigne_hub *hub, aigne_error **err)
 *     {
 *         aigne_reply *reply;
 *         const char *args = "{\"provider\": \"openai\", \"name\": \"main\", \"value\": \"sk-...\"}";
 *         int rc = aigne_hub_do(hub, "credential.put", args, AIGNE_Z, &reply, err);
 *         if (rc == AIGNE_OK)
 *             aigne_reply_free(reply);
 *         return rc;
 *     }
 */
AIGNE_API int aigne_hub_do(aigne_hub *h, const char *verb, const char *args, size_t len,
                           aigne_reply **out, aigne_error **err);

/* Give a hub back
 *
 * Models and calls of it that are still there keep it open until they are given back too; the last
 * one writes what is still to be recorded and closes the file. NULL is harmless.
 *
 * Threads: any, once nobody uses `h` directly any more.
 * Owner: takes `h`.
 * Example:
 *     void shut_down(aigne_hub *hub, aigne_model *model)
 *     {
 *         aigne_model_free(model);
 *         aigne_hub_free(hub);
 *     }
 */
AIGNE_API void aigne_hub_free(aigne_hub *h);

/* ---- the process: before anything else, or never ----------------------------------- */

/* A function that is told of each log line
 *
 * `user` is what aigne_set_log() was given, `level` 1 to 4 (error, warning, information, detail),
 * `area` a part of the library. The line has `len` bytes and no line end, and is borrowed until the
 * function returns. */
typedef void (*aigne_log_fn)(void *user, int level, const char *area, const char *line,
                             size_t len);

/* Where the library's memory comes from
 *
 * The struct never changes. `resize` with a NULL `old` allocates; it returns memory aligned for any
 * type, or NULL when there is none, and then leaves `old` as it was. `release` is never given NULL.
 * Both may be called by any thread. */
typedef struct aigne_alloc { /* this struct never changes */
    void *user;
    void *(*resize)(void *user, void *old, size_t size); /* old NULL: allocate */
    void (*release)(void *user, void *old);
} aigne_alloc;

/* Have log lines handed to a function
 *
 * `fn` receives finished lines, without a line end, up to `level`: 0 nothing, 1 errors, 2 warnings,
 * 3 information, 4 details. `area` names the part of the library. Lines are made of names and
 * numbers; they hold no key, prompt or answer. Without this the library is silent; it never writes to
 * standard output or standard error. A NULL `fn` makes it silent again.
 *
 * Return: AIGNE_OK, or AIGNE_E_USAGE when `level` is out of range.
 * Threads: call it before anything else. `fn` is called by whichever thread has something to say,
 * sometimes several at once, and must not call the library.
 * Owner: `user` stays yours and must live as long as `fn` is set; the line is borrowed until `fn`
 * returns.
 * Example:
 *     #include <stdio.h>
 *
 *     static void print_line(void *user, int level, const char *area, const char *line, size_t len)
 *     {
 *         fprintf(user, "%d %s: %.*s\n", level, area, (int)len, line);
 *     }
 *
 *     int log_to_stderr(void)
 *     {
 *         return aigne_set_log(3, print_line, stderr);
 *     }
 */
AIGNE_API int aigne_set_log(int level, aigne_log_fn fn, void *user);

/* Have the library's memory come from functions of yours
 *
 * For the library's own allocations; libcurl, SQLite and the others it stands on keep theirs. NULL
 * goes back to the C library's.
 *
 * Return: AIGNE_OK, or AIGNE_E_USAGE when one of the functions is missing.
 * Threads: call it before anything else, while nothing of the library is in use.
 * Owner: the struct is copied; `user` must live as long as the functions are set.
 * Example:
 *     #include <stdlib.h>
 *
 *     static void *resize(void *user, void *old, size_t size)
 *     {
 *         (void)user;
 *         return realloc(old, size);
 *     }
 *
 *     static void release(void *user, void *old)
 *     {
 *         (void)user;
 *         free(old);
 *     }
 *
 *     int own_memory(void)
 *     {
 *         const aigne_alloc alloc = {NULL, resize, release};
 *         return aigne_set_alloc(&alloc);
 *     }
 */
AIGNE_API int aigne_set_alloc(const aigne_alloc *a);

/* The version of the running library
 *
 * May differ from AIGNE_VERSION, the version that the program was compiled with.
 *
 * Return: a text like "0.1.0".
 * Threads: any, at any time.
 * Owner: the library; the text lives as long as the process.
 * Example:
 *     #include <stdio.h>
 *
 *     void about(void)
 *     {
 *         printf("libaignehub %s, compiled with %s\n", aigne_version(), AIGNE_VERSION);
 *     }
 */
AIGNE_API const char *aigne_version(void);

/* The version of the running library, as a number
 *
 * Two hexadecimal digits each for major, minor and patch: 0x000100 is 0.1.0, as in
 * AIGNE_VERSION_NUMBER.
 *
 * Return: the number.
 * Threads: any, at any time.
 * Owner: nothing changes hands.
 * Example:
 *     int new_enough(void)
 *     {
 *         return aigne_version_number() >= AIGNE_VERSION_NUMBER;
 *     }
 */
AIGNE_API uint32_t aigne_version_number(void);

#ifdef __cplusplus
}
#endif
#endif /* AIGNEHUB_AIGNEHUB_H */
