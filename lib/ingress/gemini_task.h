/* gemini_task.h - what the formats of Google's other calls than chats share: they answer whole, and their
 * bodies are looked at alike. */
#ifndef AIGNE_INGRESS_GEMINI_TASK_H
#define AIGNE_INGRESS_GEMINI_TASK_H

#include "ingress/gemini.h"

int google_task_peek(const struct ingress_request *in, struct arena *a, struct slice *model,
                     struct chat_relay *relay, struct fault *why);
/* Begin to read: the model, and the members of the body by name. */
int google_task_open(const struct ingress_request *in, struct reading *r, struct arena *a,
                     struct chat_request *out, struct fault *why, const char *const *names,
                     size_t count, struct json *values);
int google_no_event(struct encoding *e, const struct event *ev);
int google_no_end(struct encoding *e, const struct reply_notes *notes);
void google_keep_alive(struct encoding *e);

#define GOOGLE_TASK                                                                            \
    .name = "gemini", .needs_model = true, .key_in_query = true,                               \
    .content_type_stream = "application/json", .content_type_plain = "application/json",       \
    .event = google_no_event, .end = google_no_end, .keep_alive = google_keep_alive,           \
    .error = google_error

#endif
