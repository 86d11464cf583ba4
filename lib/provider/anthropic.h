/* anthropic.h - what the parts of the Anthropic Messages adapter share. */
#ifndef AIGNE_PROVIDER_ANTHROPIC_H
#define AIGNE_PROVIDER_ANTHROPIC_H

#include "provider/adapter.h"
#include "provider/blocks.h"
#include "provider/names.h"
#include "provider/turns.h"
#include "provider/wire.h"
#include "text/json_scan.h"

extern const struct name_rule anthropic_names;
#define ANTHROPIC_CALL_ID_LONGEST ((size_t)256)

/* What a model's name tells. */
struct anthropic_model {
    int version;            /* 405 for 4.5; unknown names count as new */
    int64_t largest_output; /* what max_tokens becomes when the caller gave none */
    bool samples;           /* takes temperature, top_p, top_k */
    bool budgets;           /* thinking by a budget of tokens */
    bool adapts;            /* thinking by effort */
    bool silent;            /* thinking can be switched off */
    bool schemas;           /* output_config.format */
};
struct anthropic_model anthropic_model_of(struct slice name);
/* The effort as output_config names it. */
const char *anthropic_effort(const struct anthropic_model *m, enum chat_effort effort);

/* Whether output_config.format takes the schema: every object closed, no constraint it refuses. */
bool anthropic_schema_fits(struct slice schema, struct arena *a);

/* One request being written. */
struct anthropic {
    struct wire w;
    struct anthropic_model model;
    bool json_tool;         /* the answer's schema is asked for as a tool call */
    size_t marks_to_skip;   /* cache breakpoints beyond the four allowed */
    enum chat_cache system; /* the automatic breakpoint behind the system prompt */
    enum chat_cache tools;  /* and behind the tools */
    size_t last_message;    /* where the automatic one behind the last message goes */
    size_t last_part;
    struct call_pairs pairs;
    size_t called; /* calls that are written */
};
/* Find out which cache breakpoints there will be. */
void anthropic_plan_cache(struct anthropic *x);
void anthropic_write_cache(struct anthropic *x, enum chat_cache cache);
bool anthropic_sealed(const struct chat_message *m, const struct chat_part *p);
/* Notes reasoning that was not sealed, or by another. */
void anthropic_note_thoughts(const struct chat_request *r, const struct chat_target *to);
bool anthropic_says(const struct chat_message *m);
/* The mark behind a part: its own, or that of the last one. */
enum chat_cache anthropic_cache_at(const struct anthropic *x, size_t message, size_t part);
/* What a stop reason means, of Bedrock's Converse too; `before`: none that is known. */
enum finish anthropic_stop_reason(struct json reason, enum finish before);
/* An answer that was begun must not end in a blank. */
struct slice anthropic_without_tail(struct slice text);
int anthropic_write_system(struct anthropic *x);
int anthropic_write_messages(struct anthropic *x);
int anthropic_write_media(struct anthropic *x, size_t message, size_t part,
                          enum chat_cache cache);
/* With the answer itself demanded as a call, some tool must be called: that one when it is alone. */
enum chat_tool_choice anthropic_choice(const struct anthropic *x);

/* How the model is told to think. */
struct anthropic_thinking {
    bool on;
    bool off;       /* said expressly */
    int64_t budget; /* 0: by effort */
    const char *effort;
};
struct anthropic_thinking anthropic_thinking_of(const struct anthropic *x);
/* The largest answer, the budget within it: it counts against max_tokens, and a smaller maximum was
 * meant for the answer alone. */
int anthropic_max_tokens(const struct anthropic *x, const struct anthropic_thinking *t,
                         int64_t *out);
/* Temperatures go to 2 elsewhere, to 1 here. */
struct slice anthropic_temperature(struct slice number);
/* What other formats can ask for and this one has no word for, though it changes the answer. */
int anthropic_refuse_extras(const struct chat_request *r, struct fault *why);
#define ANTHROPIC_PATH       "messages"
#define ANTHROPIC_COUNT_PATH "messages/count_tokens"
int anthropic_encode_count(const struct chat_request *r, const struct chat_target *to,
                           struct arena *a, struct http_request *out, struct fault *why);
int anthropic_encode(const struct chat_request *r, const struct chat_target *to,
                     struct arena *a, struct http_request *out, struct fault *why);

struct anthropic_state {
    bool started;
    bool ended;         /* message_stop came */
    int64_t written_1h; /* cache writes for one hour: only the first report tells them apart */
    enum finish finish;
    struct slice stop_sequence; /* that was met */
    int64_t characters;         /* of the answer's text so far */
    int64_t passage;            /* where in it the current block began */
    struct slice *citations;    /* of that block */
    size_t citation_count;
    struct slice dull; /* an event that passed through and told nothing */
    size_t dull_text;  /* how much text it has */
    int dull_learned;  /* how often one was kept */
    struct blocks blocks;
};
#define CITATIONS_LARGEST 256 /* of one block */

/* A block of an answer, whole; its events in a stream; what is left at the end. */
int anthropic_push_block(struct decoding *d, int64_t index, struct json block);
int anthropic_on_block_start(struct decoding *d, struct json event);
int anthropic_on_block_delta(struct decoding *d, struct json event);
int anthropic_on_block_stop(struct decoding *d, struct json event);
int anthropic_close_blocks(struct decoding *d);

int anthropic_decode(struct decoding *d, const struct sse_event *frame);
int anthropic_decode_whole(struct decoding *d, struct slice body, bool watching);
int anthropic_finish(struct decoding *d);
extern const char *const anthropic_texts[];
int anthropic_watch(struct decoding *d, const struct sse_event *frame,
                    enum chat_choice usage_wanted, struct slice *shown);
/* What the hub must learn of an event that passes through. */
int anthropic_watch_event(struct decoding *d, struct slice data);

struct slice anthropic_url(const struct chat_target *to, struct slice path, struct slice query,
                           struct arena *a);
/* The key, and of the client's headers the version and the betas. */
int anthropic_headers(const struct chat_target *to, struct slice client,
                      struct http_request *out, struct fault *why);
int anthropic_relay(const struct chat_relay *r, const struct chat_target *to, struct arena *a,
                    struct http_request *out, struct fault *why);
int anthropic_relay_count(const struct chat_relay *r, const struct chat_target *to,
                          struct arena *a, struct http_request *out, struct fault *why);

#endif
