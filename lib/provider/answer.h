/* answer.h - what all adapters do alike when they read an answer. */
#ifndef AIGNE_PROVIDER_ANSWER_H
#define AIGNE_PROVIDER_ANSWER_H

#include "provider/adapter.h"
#include "text/json_scan.h"

/* Each pushes one event; AIGNE_OK or what the sink said. Absent and empty texts push nothing. */
int answer_start(struct decoding *d, struct slice id, struct slice model);
int answer_piece(struct decoding *d, enum event_kind kind, struct slice text);
int answer_tool_begin(struct decoding *d, int index, struct slice id, struct slice name,
                      struct slice metadata);
int answer_tool_arguments(struct decoding *d, int index, struct slice text);
int answer_tool_end(struct decoding *d, int index);
int answer_file(struct decoding *d, struct slice mime, struct slice content, bool is_url);
/* Nothing when a count is absurd, which is remembered, or none was reported. */
int answer_usage(struct decoding *d, const struct usage *u);
int answer_finish(struct decoding *d, enum finish finish);

/* AIGNE_E_PROTOCOL when `text` is not JSON of this kind. */
int answer_check(struct decoding *d, struct slice text, enum json_kind kind);
/* The same for an object, and members of it on the way; see json_check_pick. */
int answer_check_pick(struct decoding *d, struct slice text, const char *const *names,
                      size_t count, struct json *values);
/* AIGNE_E_PROTOCOL: the answer stopped before its end. */
int answer_cut(struct decoding *d);
/* `decode` of what is never streamed: AIGNE_E_PROTOCOL. */
int answer_unstreamed(struct decoding *d, const struct sse_event *frame);
/* All the events of an answer to COUNT_TOKENS; AIGNE_E_PROTOCOL when `count` is no count. */
int answer_token_count(struct decoding *d, struct json count, bool watching);
/* `rc`, or AIGNE_E_NOMEM when an arena failed on the way. */
int answer_settled(struct decoding *d, int rc);

/* A count of tokens: -1 when absent or not a whole number, beyond USAGE_LARGEST when absurd, so that
 * usage_sane refuses what is made of it. */
int64_t answer_count(struct json v);
/* The level of service that the answer names; see chat/usage.h. */
int64_t answer_service(struct json v);
/* A count less what is inside it; unknown stays unknown; never below 0. */
int64_t answer_less(int64_t count, int64_t inside);

/* How much text `data` has that differs in that alone from `sample`, which has `text` bytes of it. */
size_t answer_text_like(struct slice sample, size_t text, struct slice data);

/* Whether a structured answer comes as a call of WIRE_JSON_TOOL rather than as text. */
bool answer_by_json_tool(const struct chat_request *r, struct slice tool_name);

/* Write a list of models as `{"model":...,"type":...}` objects. */
struct json_writer;
void answer_model(struct json_writer *w, struct slice model, const char *type);
/* What a model of this name is made for: "chat", "embedding", "image", ... */
const char *answer_model_type(struct slice model);

#endif
