/* openai.h - how the files that speak OpenAI's chat completions to clients share the work. */
#ifndef AIGNE_INGRESS_OPENAI_H
#define AIGNE_INGRESS_OPENAI_H

#include "chat/reading.h"
#include "ingress/ingress.h"
#include "text/json_write.h"

int openai_read_messages(struct reading *r, struct json messages);
int openai_read_tools(struct reading *r, struct json body);
int openai_read_request(const struct ingress_request *in, struct arena *a,
                        struct chat_request *out, struct fault *why);

void openai_keep_alive(struct encoding *e);
void openai_write_error(const struct fault *why, bool in_stream, struct buf *out);

#define OPENAI_STATE_SIZE ((size_t)512)
int openai_stream_event(struct encoding *e, const struct event *ev);
int openai_stream_end(struct encoding *e, const struct reply_notes *notes);
int openai_write_whole(struct encoding *e, const struct reply *r,
                       const struct reply_notes *notes);

/* The pieces of an answer. */
void openai_write_head(struct json_writer *w, const struct encoding *e, const char *object);
void openai_write_usage(struct json_writer *w, const struct usage *u);
void openai_write_call_id(struct json_writer *w, const struct encoding *e, struct slice id,
                          int index);
void openai_write_signature(struct json_writer *w, struct slice metadata);
void openai_write_image(struct json_writer *w, struct slice mime, struct slice content,
                        bool is_url);
/* A refusal told in words ends with "stop"; one without any is the filter's. */
const char *openai_finish_name(enum finish finish, bool tools, bool refused);

#endif
