/* wire.h - what all adapters do alike when they write a request: a JSON body, a URL, headers. */
#ifndef AIGNE_PROVIDER_WIRE_H
#define AIGNE_PROVIDER_WIRE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "chat/request.h"
#include "text/http.h"
#include "text/json_write.h"

/* The tool by which a structured answer is demanded from a model that has no other way. */
#define WIRE_JSON_TOOL "generate_json"

/* One request being written; hand it around by pointer, the writer points into it. */
struct wire {
    struct buf body;
    struct json_writer json;
    const struct chat_request *request;
    const struct chat_target *to;
    struct arena *arena;    /* of the request */
    const char *streams_as; /* the media type of a streamed answer; NULL: text/event-stream */
    struct fault *why;
};

void wire_begin(struct wire *w, const struct chat_request *r, const struct chat_target *to,
                struct arena *a, struct fault *why);
void wire_close(struct wire *w); /* for AUTO() */
/* Move the body into the arena and make a POST of it; headers other than content-type and accept are
 * the caller's. */
int wire_post(struct wire *w, struct slice url, struct http_request *out);
/* The same where the answer comes whole, whatever the caller reads. */
int wire_post_plain(struct wire *w, struct slice url, struct http_request *out);
/* "Bearer KEY" as the authorization header; nothing when there is no key. */
int wire_bearer(struct arena *a, struct slice secret, struct http_request *out,
                struct fault *why);
int wire_header(struct http_request *out, const char *name, struct slice value,
                struct fault *why);
/* A GET without a body. */
int wire_get(struct slice url, struct http_request *out, struct fault *why);

/* A string member made of pieces: wire_string_open, json_escape(&w->body, ...), wire_string_close. */
void wire_string_open(struct wire *w, const char *name);
void wire_string_close(struct wire *w);
/* "data:MIME;base64,DATA" as a string member. */
void wire_data_url(struct wire *w, const char *name, struct slice mime, struct slice base64);

/* The answer is to be trimmed where it comes in (TRIM_ flags): its provider cannot be told. AIGNE_E_REQUEST:
 * that is too much. */
int wire_trim(const struct wire *w, unsigned trims);
/* The stop sequences as an array of at most so many; `blanks`: also those of white space alone. At the others
 * the answer is cut. */
int wire_stops(struct wire *w, const char *member, bool blanks, size_t most);

/* AIGNE_E_REQUEST about a part: "messages[2].content[1]". */
int wire_refuse_part(struct wire *w, size_t message, size_t part, const char *sentence);
/* Where a system prompt is text alone: AIGNE_E_REQUEST about the first file in one. */
int wire_refuse_system_files(struct wire *w);
/* Where files are taken from users alone: the request as it is to be written shows the assistant's so.
 * AIGNE_E_NOMEM. */
int wire_show_files(struct wire *w);
/* What formats like OpenAI's can ask for and others have no word for, though it changes the answer: AIGNE_E_REQUEST
 * about the first. Other `modalities` than text, and `logprobs`, have functions of their own, for who gives some. */
int wire_refuse_foreign(const struct chat_request *r, struct fault *why);
int wire_refuse_modalities(const struct chat_request *r, struct fault *why);
int wire_refuse_logprobs(const struct chat_request *r, struct fault *why);
/* More than one answer is asked for: AIGNE_E_REQUEST; no event can tell them apart. */
int wire_refuse_choices(const struct chat_request *r, struct fault *why);
/* The same unless as many answers are asked for as can be given at once. */
int wire_check_choices(const struct chat_request *r, int64_t most, struct fault *why);
/* `member`: how many, if that is more than one. */
void wire_choices(struct wire *w, const char *member);

/* The text parts of a message joined by line ends: borrowed when there is one. .p NULL: no memory. */
struct slice wire_joined_text(const struct chat_message *m, struct arena *a);
bool wire_text_only(const struct chat_message *m);
/* The effort asked for, by name or by a budget of tokens. */
enum chat_effort wire_effort(const struct chat_request *r);
const struct chat_extra *wire_extra(const struct chat_request *r, const char *name);
/* Whether it is of another format than this one, or only to be noted; then it is noted as dropped. */
bool wire_foreign(const struct chat_extra *extra, const char *format,
                  const struct chat_target *to);
/* A JSON object with the members that `json` would have: itself, wrapped under `key` when it is
 * another value, {} when absent, its text as a string when it is not JSON. */
void wire_object(struct wire *w, const char *name, struct slice json, const char *key);
/* The value of a JSON Schema object whose `type` must be said. */
void wire_schema(struct wire *w, const char *name, struct slice schema);
bool wire_is_object(struct slice json);
/* A whole JSON number as int64; false: absent or something else. */
bool wire_int(struct slice number, int64_t *out);

#endif
