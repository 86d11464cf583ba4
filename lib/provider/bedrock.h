/* bedrock.h - what the parts of the Amazon Bedrock adapters share. */
#ifndef AIGNE_PROVIDER_BEDROCK_H
#define AIGNE_PROVIDER_BEDROCK_H

#include "base/map.h"
#include "provider/anthropic.h"

extern const struct name_rule bedrock_names;
#define BEDROCK_CALL_ID_LONGEST ((size_t)64)

/* How a model is told to think, beside Claude's way. */
enum bedrock_thinks {
    BEDROCK_THINKS_UNASKED,
    BEDROCK_THINKS_CLAUDE,
    BEDROCK_THINKS_NOVA,
    BEDROCK_THINKS_WORD
};

/* What a model's name tells. Those an ARN hides count as able. */
struct bedrock_model {
    bool claude;
    bool nova;
    bool any;     /* a call can be demanded */
    bool named;   /* of a certain tool */
    bool schemas; /* outputConfig.textFormat, strict tools */
    bool caches;  /* cache points in messages and system */
    bool caches_tools;
    bool caches_hour;
    bool statuses; /* a tool's result can say that it failed */
    enum bedrock_thinks thinks;
    const char *top_k; /* its name among the additional fields; NULL: it has none */
};
struct bedrock_model bedrock_model_of(struct slice name);

/* One request being written. The rules of Claude's conversations are those of all. */
struct bedrock {
    struct anthropic x; /* x.w is the request */
    struct bedrock_model model;
    struct map documents; /* names that are taken */
    struct map called;    /* tools of the history */
    size_t document_count;
};
int bedrock_write_system(struct bedrock *b);
int bedrock_write_messages(struct bedrock *b);
/* A file as the content block it is. */
int bedrock_write_media(struct bedrock *b, size_t message, size_t part);
bool bedrock_is_document(const struct chat_part *p);
/* A cache point behind what was written. */
void bedrock_write_cache(struct bedrock *b, enum chat_cache cache);
int bedrock_write_tools(struct bedrock *b);
/* The members that both a conversation and the counting of its tokens have. */
int bedrock_write_conversation(struct bedrock *b);

/* ---- where and as whom ---- */

#define BEDROCK_STREAM_TYPE "application/vnd.amazon.eventstream"
/* A request that is complete but for where it goes: to `action` of the target's model, signed. */
int bedrock_send(const struct chat_target *to, const char *action, struct arena *a,
                 struct http_request *out, struct fault *why);
/* The same with the body that was written. */
int bedrock_post(struct wire *w, const char *action, struct http_request *out);
/* GET a path of the control plane, signed. */
int bedrock_get(const struct chat_target *to, const char *path, struct arena *a,
                struct http_request *out, struct fault *why);

int bedrock_begin(struct bedrock *b, const struct chat_request *r, const struct chat_target *to,
                  struct arena *a, struct fault *why);
void bedrock_close(struct bedrock *b); /* for AUTO() */
int bedrock_encode(const struct chat_request *r, const struct chat_target *to, struct arena *a,
                   struct http_request *out, struct fault *why);

struct bedrock_state {
    struct blocks blocks;
    bool started;
    bool stopped; /* messageStop came */
    bool ended;   /* and metadata */
    enum finish finish;
};
int bedrock_decode(struct decoding *d, const struct sse_event *frame);
int bedrock_decode_whole(struct decoding *d, struct slice body, bool watching);
int bedrock_finish(struct decoding *d);

void bedrock_explain(int status, struct slice headers, struct slice body, int64_t wall_ms,
                     struct fault *why);
/* An exception in the middle of a stream. */
int bedrock_exception(struct decoding *d, const struct sse_event *frame);

const struct adapter *bedrock_choose(enum chat_kind kind, const struct chat_target *to,
                                     const char *format);
int bedrock_list_request(struct slice type, const struct chat_target *to, struct arena *a,
                         struct http_request *out, struct fault *why);
int bedrock_list_answer(struct slice body, struct arena *a, struct buf *json,
                        struct fault *why);

#endif
