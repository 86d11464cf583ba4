/* input.h - AIGNE's ChatModelInput as JSON, which is also this library's own request format. */
#ifndef AIGNE_CHAT_INPUT_H
#define AIGNE_CHAT_INPUT_H

#include "base/arena.h"
#include "base/fault.h"
#include "chat/request.h"
#include "text/json_scan.h"
#include "text/json_write.h"

/* Read `input` (an object; already json_check-ed) into `out`. Wrong types, unknown roles and missing
 * members are AIGNE_E_REQUEST with fault.param naming the member ("messages[2].content"). `messages`
 * may be a plain string: one user message. modelOptions.model goes to out->model. */
int chat_input_read(struct json input, struct arena *a, struct chat_request *out,
                    struct fault *why);
/* The same object written back, for a remote hub: what chat_input_read gives for it is `r` again. */
void chat_input_write(const struct chat_request *r, struct slice model, struct buf *out);
/* The member `arguments` of a tool call: an object when the model wrote one, "" as {}, and what it
 * got wrong as a string, so that the JSON around it stays whole. */
void chat_write_arguments(struct json_writer *w, struct slice arguments);

#endif
