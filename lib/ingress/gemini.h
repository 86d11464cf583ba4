/* gemini.h - how the files that speak Google's Gemini API to clients share the work. */
#ifndef AIGNE_INGRESS_GEMINI_H
#define AIGNE_INGRESS_GEMINI_H

#include "chat/reading.h"
#include "ingress/ingress.h"
#include "text/json_write.h"

/* ---- Google's JSON: gemini_json.c ---- */

/* Members go by their camelCase name or by the same with underscores. */
bool google_key_is(const struct json_walk *w, const char *camel);
void google_pick(struct json object, const char *const *names, size_t count,
                 struct json *values);
struct json google_get(struct json object, const char *camel);
/* Names of enums; case does not count. */
bool google_enum_is(struct json v, const char *name);
/* A number, or one in quotes. */
int google_read_number(struct reading *r, const char *member, struct json v, struct slice *out);
/* A list; one thing alone counts as a list of it. */
struct google_list {
    struct json value; /* after google_next */
    struct json_walk walk;
    bool alone;
};
struct google_list google_list(struct json list);
bool google_next(struct google_list *l);
/* base64 in the usual alphabet, padded. */
int google_read_bytes(struct reading *r, const char *member, struct json v, struct slice *out);
/* Google's Schema as a JSON Schema. */
int google_read_schema(struct reading *r, const char *member, struct json v, struct slice *out);

/* ---- what others seal ---- */

/* What another vendor sealed comes and goes as a thoughtSignature that says so. */
#define SEAL_MARK     "YWlnbmVzZWFsZWQ6" /* how such a one begins */
#define GOOGLE_VENDOR "google"
enum google_seal { SEAL_NONE = 0, SEAL_SIGNATURE = 's', SEAL_REDACTED = 'r' };
/* The text of a thoughtSignature, without quotes, appended. */
void google_seal(struct buf *out, enum google_seal kind, struct slice vendor,
                 struct slice text);
/* What was sealed and by whom; SEAL_NONE: it is Google's own, or there was no memory (then a->failed). */
enum google_seal google_unseal(struct slice signature, struct arena *a, struct slice *vendor,
                               struct slice *text);

/* ---- requests ---- */

/* "models/gemini-2.5-pro:generateContent" apart; false: it names no method, or there was no memory. */
bool google_method(struct slice rest, struct arena *a, struct slice *model,
                   struct slice *method);
/* A member that only Google's own format has: others are told that they drop it. */
int google_keep_own(struct reading *r, const char *name, struct json v);
int google_read_contents(struct reading *r, struct json contents);
int google_read_system(struct reading *r, struct json instruction);
int google_read_tools(struct reading *r, struct json tools, struct json config);
int google_read_config(struct reading *r, struct json config);
/* The look at any request: its JSON, its model, whether it may go on as it is. */
int google_peek(const struct ingress_request *in, struct arena *a, struct slice *model,
                struct chat_relay *relay, struct fault *why);
int google_read_request(const struct ingress_request *in, struct arena *a,
                        struct chat_request *out, struct fault *why);

/* ---- answers ---- */

#define GOOGLE_STATE_SIZE ((size_t)512)
int google_stream_event(struct encoding *e, const struct event *ev);
int google_stream_end(struct encoding *e, const struct reply_notes *notes);
/* The same as one array that grows. */
int google_array_event(struct encoding *e, const struct event *ev);
int google_array_end(struct encoding *e, const struct reply_notes *notes);
int google_array_frame(struct encoding *e, struct slice raw);
int google_array_frames_end(struct encoding *e);
bool google_array_open(const struct encoding *e); /* whether something is in it */
void google_stream_close(struct encoding *e);
int google_write_whole(struct encoding *e, const struct reply *r,
                       const struct reply_notes *notes);

/* The pieces of an answer. */
void google_write_text(struct json_writer *w, struct slice text, bool thought);
/* What `vendor` sealed, Google or another. */
void google_write_sealed(struct json_writer *w, enum google_seal kind, struct slice vendor,
                         struct slice text);
void google_write_call(struct json_writer *w, struct slice id, struct slice name,
                       struct slice arguments, struct slice metadata);
void google_write_file(struct json_writer *w, struct slice mime, struct slice content,
                       bool is_url);
void google_write_usage(struct json_writer *w, const struct usage *u);
void google_write_names(struct json_writer *w, const struct encoding *e);
const char *google_finish_name(enum finish finish);
void google_error(const struct fault *why, bool in_stream, struct buf *out);

#endif
