/* task_answer.h - what adapters do alike when they read what a task gave: images, links, jobs. */
#ifndef AIGNE_PROVIDER_TASK_ANSWER_H
#define AIGNE_PROVIDER_TASK_ANSWER_H

#include "provider/answer.h"

/* For adapters whose answers always come whole. */
int task_no_frame(struct decoding *d, const struct sse_event *frame);
int task_no_watch(struct decoding *d, const struct sse_event *frame,
                  enum chat_choice usage_wanted, struct slice *shown);
int task_no_stream(struct decoding *d);

/* A file that is bytes. */
int task_push_bytes(struct decoding *d, struct slice mime, struct slice bytes);
/* {"progress","status"}; what is absent is not told. */
int task_push_progress(struct decoding *d, struct json progress, struct json status);
/* An image by its base64, whose type shows in its first characters. */
int task_push_base64(struct decoding *d, struct slice base64, struct slice mime);

/* Seconds as a JSON number or as text of one, in milliseconds; -1: neither. */
int64_t task_milliseconds(struct json seconds);

/* How long a video became: as told, else as it was asked for. */
int64_t task_length(const struct decoding *d, struct json told);

/* A job that is asked about until it is done, and the links its files are behind. */
#define TASK_LINKS_LARGEST 16
struct task_links {
    struct slice urls[TASK_LINKS_LARGEST];
    size_t count;
    size_t next; /* to be fetched */
};
/* Keep a link for later. AIGNE_E_PROTOCOL when there are too many. */
int task_keep_link(struct decoding *d, struct task_links *links, struct slice url);
/* A GET of the next link, without the key: what is behind it lies elsewhere. One that is not encrypted is
 * followed only where the provider itself is asked so. */
int task_get_link(struct decoding *d, struct task_links *links, const struct chat_target *to,
                  struct http_request *out);
/* What was behind it, as a file. */
int task_read_link(struct decoding *d, struct task_links *links, struct slice body,
                   const char *mime);
/* The id of a job, or its path, kept. AIGNE_E_PROTOCOL when it cannot stand in a URL as it is. */
int task_keep_id(struct decoding *d, struct json id, struct slice *out);
/* The wait before the next question about a job, longer each time. */
int64_t task_wait_ms(int *asked);

#endif
