/* openai_task.h - how the files that speak OpenAI's calls other than chats to clients share the work. */
#ifndef AIGNE_INGRESS_OPENAI_TASK_H
#define AIGNE_INGRESS_OPENAI_TASK_H

#include "chat/reading.h"
#include "ingress/form.h"
#include "ingress/ingress.h"
#include "ingress/openai.h"

/* One member of the body, JSON or form. */
struct openai_member {
    const char *name;
    /* What `v` means; `to` is where `offset` points. */
    int (*read)(struct reading *r, const char *member, struct json v, struct slice *to);
    /* What a form's field of that name is: STRING, NUMBER, TRUE (or false), ARRAY; NONE: a file. */
    enum json_kind form;
    bool in_task; /* the offset is in struct task, not in struct chat_request */
    size_t offset;
};
#define MEMBER_OF_TASK(member)    true, offsetof(struct task, member)
#define MEMBER_OF_REQUEST(member) false, offsetof(struct chat_request, member)
#define MEMBER_OF_NONE            false, 0

struct openai_task {
    enum chat_kind kind;
    const struct openai_member *members;
    size_t count;
    bool takes_json;
    bool takes_form;
    const char
        *answer_form; /* the member that tells how the answer is to come; NULL: none does */
    bool (*verbatim)(struct slice answer_form); /* whether it comes as bytes or bare text */
    /* Whether the provider takes such a body as it is; NULL: it does. */
    bool (*relayable)(struct slice model, struct slice answer_form);
    bool streamed; /* always */
};

int openai_task_peek(const struct openai_task *t, const struct ingress_request *in,
                     struct arena *a, struct slice *model, struct chat_relay *relay,
                     struct fault *why);
/* All members; who calls looks for those that must be there. */
int openai_task_read(const struct openai_task *t, struct reading *r,
                     const struct ingress_request *in, struct arena *a,
                     struct chat_request *out, struct fault *why);
int openai_read_stream(struct reading *r, const char *member, struct json v, struct slice *to);
/* AIGNE_E_REQUEST unless there is something under that name. */
int openai_need(struct reading *r, const char *member, struct slice value);
/* A string that must be one of the names, ended by NULL; `told` lists them for a person. */
int openai_one_of(struct reading *r, const char *member, struct slice value,
                  const char *const *names, const char *told);

/* For answers that are never streamed. */
int openai_no_event(struct encoding *e, const struct event *ev);
int openai_no_end(struct encoding *e, const struct reply_notes *notes);
/* A frame of a stream, named or not, from here to openai_frame_end. */
struct json_writer openai_frame(struct encoding *e, const char *type, bool named);
void openai_frame_end(struct json_writer *w);
/* {"input_tokens",...,"total_tokens"} with the details under `details`, or no member at all when no tokens
 * were counted; `type` as its first member, unless NULL. */
void openai_write_tokens(struct json_writer *w, const struct usage *u, const char *details,
                         const char *type);
bool openai_tokens_counted(const struct usage *u);

#endif
