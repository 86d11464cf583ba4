/* gemini_task.h - what Google's adapters for other calls than chats share: tasks that are put to a model
 * like a chat, and the files that its answer holds. */
#ifndef AIGNE_PROVIDER_GEMINI_TASK_H
#define AIGNE_PROVIDER_GEMINI_TASK_H

#include "provider/answer.h"
#include "provider/task_wire.h"

/* "contents": the files of the task, then the text. AIGNE_E_REQUEST about a file of unknown kind. */
int gemini_task_contents(struct task_wire *w, struct slice text);
/* A file's bytes as members: {`mime`,`data`}. AIGNE_E_REQUEST when it is elsewhere. */
int gemini_task_bytes(struct task_wire *w, const struct task_file *file, const char *mime,
                      const char *data);
/* Google's own members that the request has as extras; the others are noted as dropped. */
void gemini_task_own(struct task_wire *w, const char *const *names, size_t count);

/* One answer to such a task. */
struct gemini_task_answer {
    const char *mime; /* how the files looked for begin: "image/"; NULL: text is looked for */
    struct json parts;
    struct usage usage;
    int64_t files; /* pushed */
};
/* Check it and push START. AIGNE_E_UPSTREAM when it is an error or was blocked without a word. */
int gemini_task_open(struct decoding *d, struct slice body, struct gemini_task_answer *out);
/* Push the files. */
int gemini_task_files(struct decoding *d, struct gemini_task_answer *answer);

#endif
