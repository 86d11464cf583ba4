/* task_input.h - what a call other than a chat asks for, as JSON: AIGNE's ImageModelInput and
 * VideoModelInput, and inputs of the same style for embeddings, speech and transcriptions, for which
 * AIGNE has none. */
#ifndef AIGNE_CHAT_TASK_INPUT_H
#define AIGNE_CHAT_TASK_INPUT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "chat/reading.h"

/* Read `input` (an object; already json_check-ed) into out->task and what it shares with a chat. Settings
 * stand beside the prompt or under modelOptions, in camelCase or snake_case; those nobody knows become
 * extras. AIGNE_E_REQUEST names the member. `kind` is none of CHAT and COUNT_TOKENS. */
int task_input_read(enum chat_kind kind, struct json input, struct arena *a,
                    struct chat_request *out, struct fault *why);
/* What is to be embedded: a text, texts, a list of tokens or lists of tokens. */
int task_read_inputs(struct reading *r, const char *member, struct json v);
/* Where a file is: its content and form, and its media type when that was not known. */
int task_read_place(struct reading *r, const char *member, struct slice url,
                    struct task_file *file);
/* The same object written back, for a remote hub. */
void task_input_write(const struct chat_request *r, struct slice model, struct buf *out);

#endif
