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

/* An error object of a hub, found inside an answer; its code is returned. */
int hub_complaint(struct decoding *d, struct json object);
void hub_explain(int status, struct slice headers, struct slice body, int64_t wall_ms,
                 struct fault *why);

#endif
