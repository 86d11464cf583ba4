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

/* What Responses read alike. */
struct openai_allowed {
    const char *tools; /* for errors */
    const char *mode;
    const char *name; /* in each of the tools */
};
int openai_read_allowed(struct reading *r, const struct openai_allowed *paths,
                        struct json allowed);
bool openai_read_mode(struct json v, enum chat_tool_choice *out);
/* `paths`: of its name, description, parameters and strict. */
int openai_read_function(struct reading *r, const char *const paths[4], struct json function);
int openai_read_arguments(struct reading *r, const char *member, struct json v,
                          struct slice *out);
int openai_read_text(struct reading *r, struct json part, struct chat_part *p);
int openai_read_refusal(struct reading *r, struct json part, struct chat_part *p);
int openai_read_audio(struct reading *r, struct json part, struct chat_part *p);

#define OPENAI_STATE_SIZE ((size_t)512)
int openai_stream_event(struct encoding *e, const struct event *ev);
int openai_stream_end(struct encoding *e, const struct reply_notes *notes);
void openai_stream_close(struct encoding *e);
int openai_write_whole(struct encoding *e, const struct reply *r,
                       const struct reply_notes *notes);

/* The members of an error, with its type or without. */
void openai_write_error_members(struct json_writer *w, const struct fault *why, bool typed);
/* The pieces of an answer. */
void openai_write_head(struct json_writer *w, const struct encoding *e, const char *object);
void openai_write_usage(struct json_writer *w, const struct usage *u);
void openai_write_call_id(struct json_writer *w, const char *member, const struct encoding *e,
                          struct slice id, int index);
void openai_write_signature(struct json_writer *w, struct slice metadata);
/* Reasoning with what seals it, or a seal alone. */
struct openai_detail {
    struct slice text;
    struct slice seal;
    struct slice vendor;
    bool opaque;
    size_t index;
};
void openai_write_detail(struct json_writer *w, const struct openai_detail *d);
/* The same of an earlier turn, as parts of the newest message. */
int openai_read_details(struct reading *r, struct json list, bool *any);
/* Only links can be cited. */
bool openai_is_citation(struct slice metadata);
void openai_write_citation(struct json_writer *w, struct slice metadata);
/* A choice's `logprobs`: what stands between the brackets of its content; absent: null. */
void openai_write_logprobs(struct json_writer *w, struct slice content);
void openai_write_image(struct json_writer *w, struct slice mime, struct slice content,
                        bool is_url);
/* A refusal told in words ends with "stop"; one without any is the filter's. */
const char *openai_finish_name(enum finish finish, bool tools, bool refused);

#endif
