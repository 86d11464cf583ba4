/* openai_task.h - what OpenAI's adapters for other calls than chats share. */
#ifndef AIGNE_PROVIDER_OPENAI_TASK_H
#define AIGNE_PROVIDER_OPENAI_TASK_H

#include "provider/openai.h"
#include "provider/task_answer.h"
#include "provider/task_wire.h"

/* A POST of what was written to a path of the provider. */
int openai_task_post(struct task_wire *w, const char *path, struct http_request *out);
/* A body of the same format on its way, JSON or a form: only the model's name changes. */
int openai_task_relay(const struct chat_relay *r, const struct chat_target *to,
                      const char *path, struct arena *a, struct http_request *out,
                      struct fault *why);

/* Tokens as {"input_tokens","input_tokens_details"|"input_token_details","output_tokens",...} or
 * {"prompt_tokens","total_tokens"} has them. What `out` says of other units stays. */
void openai_task_tokens(struct json usage, struct usage *out);

#define OPENAI_TASK_MEMBERS 8
/* At most so many members of an answer, an error among them: AIGNE_E_UPSTREAM when there is one. */
int openai_task_open(struct decoding *d, struct slice body, const char *const *names,
                     size_t count, struct json *values);

/* A whole answer that holds images. */
int openai_image_decode_whole(struct decoding *d, struct slice body, bool watching);
/* The images in `data`, and what was used. With `watching` they are only counted. */
int openai_images(struct decoding *d, struct json data, struct json usage, bool watching);

#endif
