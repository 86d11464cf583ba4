/* anthropic.h - what the parts of the Anthropic Messages adapter share. */
#ifndef AIGNE_PROVIDER_ANTHROPIC_H
#define AIGNE_PROVIDER_ANTHROPIC_H

#include "provider/adapter.h"
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
bool anthropic_says(const struct chat_message *m);
int anthropic_write_system(struct anthropic *x);
int anthropic_write_messages(struct anthropic *x);
int anthropic_write_media(struct anthropic *x, size_t message, size_t part,
                          enum chat_cache cache);
int anthropic_encode(const struct chat_request *r, const struct chat_target *to,
                     struct arena *a, struct http_request *out, struct fault *why);

/* An open tool_use block of an answer. */
struct anthropic_block {
    int64_t wire_index;
    int index;   /* of the event */
    bool json;   /* it is the structured answer */
    bool filled; /* a piece of its input came */
    bool closed;
    struct slice input; /* given whole when it began */
};

struct anthropic_state {
    bool started;
    bool ended; /* message_stop came */
    bool json_called;
    int tool_count;
    int64_t written_1h; /* cache writes for one hour: only the first report tells them apart */
    enum finish finish;
    struct anthropic_block *blocks;
    size_t block_count;
    size_t block_capacity;
};
int anthropic_decode(struct decoding *d, const struct sse_event *frame);
int anthropic_decode_whole(struct decoding *d, struct slice body, bool watching);
int anthropic_finish(struct decoding *d);

#endif
