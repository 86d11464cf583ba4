/* reply.h - an answer gathered whole from its events. */
#ifndef AIGNE_CHAT_REPLY_H
#define AIGNE_CHAT_REPLY_H

#include "base/arena.h"
#include "base/buf.h"
#include "chat/event.h"
#include "chat/kind.h"
#include "text/json_write.h"

struct reply_tool_call {
    struct slice id;
    struct slice name;
    struct slice metadata;
    struct buf arguments; /* "" stands for {} */
};

struct reply_file {
    struct slice mime;
    struct slice content; /* base64, or a URL */
    struct slice name;    /* a file name, or absent */
    struct slice revised; /* EVENT_FILE's metadata */
    bool is_url;
};

/* A stretch of the answer that is all of one kind, in the order of the answer. */
struct reply_run {
    enum event_kind kind; /* TEXT, THOUGHT, REFUSAL, REDACTED, TOOL_BEGIN, FILE */
    size_t start;         /* of a text: where in the buf of its kind; else which call or file */
    size_t end;
    struct slice seal;   /* the signature of a THOUGHT, the data of REDACTED */
    struct slice vendor; /* who sealed it, or absent */
};

struct reply_citation {
    size_t at; /* the length of the text when it came */
    struct slice metadata;
};

struct reply {
    struct event_sink sink; /* push events here; must be the first member */
    struct arena *arena;
    struct buf text;
    struct buf thoughts;
    struct buf refusal;
    struct buf logprobs; /* what stands between the brackets of OpenAI's `content` */
    struct reply_run *runs;
    size_t run_count;
    size_t run_capacity;
    struct reply_citation *citations;
    size_t citation_count;
    size_t citation_capacity;
    struct slice json;
    struct slice model; /* the provider's name for it */
    struct slice id;    /* the provider's id of the answer */
    struct reply_tool_call *tools;
    size_t tool_count;
    size_t tool_capacity;
    struct reply_file *files;
    size_t file_count;
    size_t file_capacity;
    struct slice *embeddings; /* JSON arrays of numbers; .p NULL: none came for that index */
    size_t embedding_count;
    size_t embedding_capacity;
    struct buf bytes; /* a file that came in pieces */
    struct slice bytes_mime;
    struct chat_extra *extras;
    size_t extra_count;
    size_t extra_capacity;
    struct usage usage;
    struct slice usage_extras; /* EVENT_USAGE's metadata */
    enum finish finish;
    struct slice stop_sequence; /* which one was met, or absent */
    struct reply *next; /* of several answers the one after this; its usage is the first's */
};

void reply_init(struct reply *r, struct arena *a);
void reply_free(struct reply *r); /* the bufs; the arena is the caller's */

/* What only the hub knows about a call; every member may be absent. */
struct reply_notes {
    struct slice call_id;             /* modelCallId */
    struct slice model_with_provider; /* "openai/gpt-5-mini" */
    bool charged;                     /* credits below count */
    int64_t credits;                  /* billionths */
    struct slice credit_prefix;       /* "$"; written only when it is one of $ € ¥ */
    enum chat_kind kind;              /* of the call: what the answer is of */
    bool wants_json; /* the request had a schema: `json` is filled from the text */
    /* What a remote hub said beside the counts, an object; written when call_id is absent. */
    struct slice usage_extras;
};

/* AIGNE's ChatModelOutput, or by the kind of call its ImageModelOutput {"images"}, VideoModelOutput
 * {"videos"}, or {"embeddings"}, {"audio"}, {"text"} in the same style: also what aigne_reply_json gives. */
void reply_write(const struct reply *r, const struct reply_notes *notes, struct buf *out);
/* What a task gives, as members of an object being written, without usage and names. */
void reply_write_task(const struct reply *r, enum chat_kind kind, struct json_writer *w);
void reply_write_file(struct json_writer *w, const struct reply_file *file);
/* Its `usage` object alone; nothing is written when nothing was reported. True: written. */
bool reply_write_usage(const struct usage *u, const struct reply_notes *notes, struct buf *out);
/* A member `seconds`; nothing when they are unknown. */
void reply_write_seconds(struct json_writer *w, int64_t milliseconds);
/* Its `toolCalls` alone, an array of the first `count`. */
void reply_write_tool_calls(const struct reply *r, size_t count, struct buf *out);
/* For the end of a stream: its members without the braces, but for text, thoughts and, when all of
 * them were `told`, toolCalls. */
void reply_write_tail(const struct reply *r, const struct reply_notes *notes, size_t told,
                      struct buf *out);
/* Its `json`: what came as such, or, when wanted, the text if that is an object; .p NULL: none. */
struct slice reply_json(const struct reply *r, bool wanted);
/* The name in its `finishReason`, a member of ours; NULL: not worth telling. */
const char *reply_finish_name(enum finish finish);

#endif
