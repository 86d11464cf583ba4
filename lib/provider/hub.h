/* hub.h - how the files that speak to another AIGNE hub share the work. */
#ifndef AIGNE_PROVIDER_HUB_H
#define AIGNE_PROVIDER_HUB_H

#include "provider/adapter.h"
#include "provider/names.h"
#include "text/json_scan.h"

extern const struct name_rule hub_names;

#define HUB_STATE_SIZE ((size_t)192)
int hub_decode(struct decoding *d, const struct sse_event *frame);
int hub_decode_whole(struct decoding *d, struct slice body, bool watching);
int hub_finish(struct decoding *d);

/* `base_url` without the path of the chat, when it is given whole. */
struct slice hub_root(struct slice base_url);
struct slice hub_discover_url(struct slice base_url, struct arena *a);
int hub_discovered(struct slice base_url, struct slice body, struct arena *a, struct slice *out,
                   struct fault *why);
int hub_list_request(struct slice type, const struct chat_target *to, struct arena *a,
                     struct http_request *out, struct fault *why);
int hub_list_answer(struct slice body, struct arena *a, struct buf *json, struct fault *why);

/* A hub's `usage`; `units` holds what of it the caller has read already, or is NULL. */
int hub_push_usage(struct decoding *d, struct json usage, const struct usage *units);
/* An error object of a hub, found inside an answer; its code is returned. */
int hub_complaint(struct decoding *d, struct json object);
void hub_explain(int status, struct slice headers, struct slice body, int64_t wall_ms,
                 struct fault *why);

#endif
