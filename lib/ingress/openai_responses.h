/* openai_responses.h - how the files that speak OpenAI's Responses to clients share the work. */
#ifndef AIGNE_INGRESS_OPENAI_RESPONSES_H
#define AIGNE_INGRESS_OPENAI_RESPONSES_H

#include "chat/reading.h"
#include "ingress/ingress.h"
#include "text/json_write.h"

/* What these clients bring back unharmed is a reasoning item's encrypted_content. Where another vendor
 * sealed the reasoning it is "hub:VENDOR:KIND:SEAL"; OpenAI's own has the id of its item before it in our
 * vocabulary, "ID:CONTENT". */
#define RESPONSES_SEAL          "hub:"
#define RESPONSES_SEAL_THOUGHT  "thinking"
#define RESPONSES_SEAL_REDACTED "redacted"
#define RESPONSES_SEAL_CALL     "call" /* of the call that follows */

int responses_read_input(struct reading *r, struct json instructions, struct json input);
int responses_read_request(const struct ingress_request *in, struct arena *a,
                           struct chat_request *out, struct fault *why);

#define RESPONSES_STATE_SIZE ((size_t)1024)
int responses_stream_event(struct encoding *e, const struct event *ev);
int responses_stream_end(struct encoding *e, const struct reply_notes *notes);
int responses_stream_broken(struct encoding *e, const struct fault *why);
void responses_stream_close(struct encoding *e);
int responses_write_whole(struct encoding *e, const struct reply *r,
                          const struct reply_notes *notes);

/* ---- the pieces of an answer ---- */

enum responses_status {
    RESPONSES_RUNS,
    RESPONSES_COMPLETED,
    RESPONSES_INCOMPLETE,
    RESPONSES_FAILED
};

/* The id of the item at this place: "msg_CALL_0". */
void responses_write_id(struct json_writer *w, const char *member, const char *prefix,
                        const struct encoding *e, size_t index);
/* An answer's members that do not change while it is given, those before the status and those that
 * repeat the request. */
void responses_write_head(struct json_writer *w, const struct encoding *e);
void responses_write_echo(struct json_writer *w, const struct encoding *e);
void responses_write_usage(struct json_writer *w, const struct usage *u);
/* `error` is what failed, or NULL. */
void responses_write_state(struct json_writer *w, enum responses_status status,
                           enum finish finish, const struct fault *error);
/* The members of the event `error`: as the description has them, and as OpenAI sends them. */
void responses_write_complaint(struct json_writer *w, const struct fault *why);
/* How an answer ends that came whole. */
enum responses_status responses_status_of(enum finish finish, bool refused);

/* Whole items. `parts` and the like are what stands between an array's brackets. */
void responses_write_message(struct json_writer *w, const struct encoding *e, size_t index,
                             enum responses_status status, struct slice parts);
void responses_write_text_part(struct json_writer *w, struct slice text,
                               struct slice annotations, struct slice logprobs);
void responses_write_refusal_part(struct json_writer *w, struct slice text);
/* What an item of reasoning is sealed with: nothing when `data` is absent. */
struct responses_seal {
    const char *kind;
    struct slice vendor;
    struct slice data;
};
void responses_write_reasoning(struct json_writer *w, const struct encoding *e, size_t index,
                               struct slice text, const struct responses_seal *seal);
void responses_write_call(struct json_writer *w, const struct encoding *e, size_t index,
                          struct slice call_id, int call, struct slice name,
                          struct slice arguments, enum responses_status status);
void responses_write_image(struct json_writer *w, const struct encoding *e, size_t index,
                           struct slice content, enum responses_status status);
/* False: there is nothing that such an annotation could say. */
bool responses_write_annotation(struct json_writer *w, struct slice citation);
/* What seals a call, from its metadata; .p NULL: nothing. */
struct slice responses_call_seal(struct slice metadata, struct arena *a);

#endif
