/* openai_responses_stream.h - a streamed answer of OpenAI's Responses while it is told: its items, which begin
 * and end by themselves as the parts of an answer come. */
#ifndef AIGNE_INGRESS_OPENAI_RESPONSES_STREAM_H
#define AIGNE_INGRESS_OPENAI_RESPONSES_STREAM_H

#include "ingress/openai_responses.h"

enum responses_item_kind { NO_ITEM, MESSAGE, REASONING, CALL, IMAGE };
enum responses_part { NO_PART, TEXT_PART, REFUSAL_PART };

/* One item of the output. Items end in another order than they begin when calls come at once: each
 * remembers where among the finished ones it lies. */
struct responses_item {
    enum responses_item_kind kind;
    size_t start;
    size_t end; /* 0: it has not ended */
    int call;
    struct slice call_id;
    struct slice name;
    struct buf arguments;
};

struct responses_stream {
    struct slice head; /* of the response in each event that has it */
    int64_t sequence;
    struct usage usage;
    struct responses_item *items;
    size_t count;
    size_t capacity;
    size_t calls; /* begun */
    enum responses_item_kind
        open; /* the newest item, when it is a message or reasoning and goes on */
    enum responses_part part; /* of the open message */
    int part_count;           /* parts of the open message that have ended */
    struct buf text;          /* of the open part, or of the open reasoning */
    struct buf marks;         /* annotations of the open part */
    struct buf logprobs;
    struct buf parts; /* of the open message, ended */
    struct buf done;  /* ended items, one behind the other */
    int mark_count;
    bool spoken;
    bool refused;
    bool finished;
    enum finish finish;
    int rc; /* of bufs that were cleared since */
};

int responses_start(struct encoding *e, struct responses_stream *s);
/* The first sticky error of all that is kept. */
int responses_stream_rc(const struct responses_stream *s);

struct json_writer responses_open_event(struct encoding *e, struct responses_stream *s,
                                        const char *type);
void responses_close_event(struct json_writer *w);
/* An event about an item; one about the open part of the newest item, or its summary. */
struct json_writer responses_open_item_event(struct encoding *e, struct responses_stream *s,
                                             const char *type, size_t index);
struct json_writer responses_open_part_event(struct encoding *e, struct responses_stream *s,
                                             const char *type);
/* An event with the whole response as it is now; `why` is what failed, or NULL. */
void responses_tell(struct encoding *e, struct responses_stream *s, const char *type,
                    enum responses_status status, const struct fault *why);

/* Each gives AIGNE_OK or AIGNE_E_NOMEM, and ends what else goes on. */
int responses_open_part(struct encoding *e, struct responses_stream *s,
                        enum responses_part part);
/* `seal`: of reasoning that will have no words. */
int responses_open_reasoning(struct encoding *e, struct responses_stream *s,
                             const struct responses_seal *seal);
int responses_open_call(struct encoding *e, struct responses_stream *s,
                        const struct event *begin);
int responses_add_image(struct encoding *e, struct responses_stream *s, struct slice base64);

void responses_end_reasoning(struct encoding *e, struct responses_stream *s,
                             const struct responses_seal *seal);
void responses_end_call(struct encoding *e, struct responses_stream *s, size_t index,
                        enum responses_status status);
void responses_end_open(struct encoding *e, struct responses_stream *s);
/* A piece of a call's arguments. */
void responses_tell_arguments(struct encoding *e, struct responses_stream *s, size_t index,
                              struct slice text);

#endif
