/* anthropic.h - how the files that speak Anthropic's messages to clients share the work. */
#ifndef AIGNE_INGRESS_ANTHROPIC_H
#define AIGNE_INGRESS_ANTHROPIC_H

#include "chat/reading.h"
#include "ingress/ingress.h"
#include "text/json_write.h"

#define ANTHROPIC_FORMAT "anthropic.messages"

int anthropic_read_system(struct reading *r, struct json system);
int anthropic_read_messages(struct reading *r, struct json messages);
int anthropic_read_block(struct reading *r, struct json block);
/* A block's breakpoint, on the newest part. */
int anthropic_mark_cache(struct reading *r, struct json block);
int anthropic_read_tools(struct reading *r, struct json body);
int anthropic_read_request(const struct ingress_request *in, struct arena *a,
                           struct chat_request *out, struct fault *why);

#define ANTHROPIC_STATE_SIZE ((size_t)1024)
int anthropic_stream_event(struct encoding *e, const struct event *ev);
int anthropic_stream_end(struct encoding *e, const struct reply_notes *notes);
void anthropic_stream_close(struct encoding *e);
int anthropic_write_whole(struct encoding *e, const struct reply *r,
                          const struct reply_notes *notes);

/* Seals travel as they are when they are Anthropic's own. Those of others are "hub:VENDOR:SEAL", and the
 * seal of a tool call is a redacted thought before the call: both find their way back. A body with one
 * of them in it must not go to Anthropic as it is. */
#define ANTHROPIC_SEAL_MARK      "hub:"
#define ANTHROPIC_UNKNOWN_VENDOR "other"
#define ANTHROPIC_CALL_VENDOR    "call"
/* Whose seal it is, .p NULL: unknown; the seal itself is left. */
struct slice anthropic_seal_vendor(struct slice *seal);

int anthropic_write_count(struct encoding *e, const struct reply *r,
                          const struct reply_notes *notes);

/* The pieces of an answer. */
bool anthropic_is_newest(const struct encoding *e); /* the API version the client speaks */
/* The message, up to its content. */
void anthropic_write_head(struct json_writer *w, const struct encoding *e);
/* What stands behind the content, in a message and in the delta at its end. */
struct anthropic_stop {
    enum finish finish;
    bool tools;            /* some were called */
    struct slice sequence; /* that was met, or absent */
    struct slice refusal;  /* its words */
};
void anthropic_write_stop(struct json_writer *w, const struct encoding *e,
                          const struct anthropic_stop *stop);
void anthropic_write_usage(struct json_writer *w, const struct encoding *e,
                           const struct usage *u, bool delta);
/* "sig" or "hub:google:sig" as a string member. */
void anthropic_write_seal(struct json_writer *w, const char *name, struct slice vendor,
                          struct slice seal);
/* A tool call, but for its input. */
void anthropic_write_call(struct json_writer *w, const struct encoding *e, struct slice id,
                          struct slice name, size_t index);
/* One of EVENT_CITATION's objects as Anthropic's; it must say where it is from. */
bool anthropic_can_cite(struct slice metadata);
void anthropic_write_citation(struct json_writer *w, struct slice metadata);
/* The seal of a tool call; absent: it has none. */
struct slice anthropic_call_seal(struct slice metadata, struct arena *a);
/* A file that was made, in text: there is no block for one. */
void anthropic_put_file(struct buf *out, struct slice mime, struct slice content, bool is_url);

#endif
