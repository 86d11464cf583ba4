/* task_wire.h - what adapters do alike when they ask for something other than a chat: members under the
 * provider's names, files as it takes them, in a JSON body or a form. */
#ifndef AIGNE_PROVIDER_TASK_WIRE_H
#define AIGNE_PROVIDER_TASK_WIRE_H

#include "base/mem.h" /* AUTO, for task_wire_close */
#include "provider/wire.h"
#include "text/multipart_write.h"

struct task_wire {
    struct wire json; /* used when !as_form, and for what both need */
    struct multipart form;
    bool as_form;
    const char *list_suffix; /* of a form's field that is given for each item: "[]" or "" */
};

/* How a provider calls a member of a task. */
struct task_name {
    const char *member; /* as in chat/task_members.h */
    const char *wire;   /* NULL: taken care of elsewhere */
};

/* Reset `out`; a JSON body is open as an object. */
void task_wire_begin(struct task_wire *w, bool as_form, const struct chat_request *r,
                     const struct chat_target *to, struct arena *a, struct fault *why);
void task_wire_close(struct task_wire *w); /* for AUTO() */

/* One member or field; nothing when the value is absent. `json` is a value: in a form a string and a
 * number give their text, an array a field for each item, other values their JSON. */
void task_wire_text(struct task_wire *w, const char *name, struct slice text);
void task_wire_json(struct task_wire *w, struct slice name, struct slice json);
/* The members of the request that `names` has. Of the others one whose loss would change the meaning is
 * AIGNE_E_REQUEST, the rest are noted as dropped. */
int task_wire_members(struct task_wire *w, const struct task_name *names, size_t count);
/* The members nobody knows, in snake case, but for those in `taken`, a list ended by NULL. What has a dash before
 * it there is noted as dropped. */
void task_wire_extras(struct task_wire *w, const char *const *taken);
/* What of images only OpenAI's own models know. */
extern const char *const task_openais_images[];
/* A file as a part of a form. AIGNE_E_REQUEST when it is elsewhere: nothing is fetched here. */
int task_wire_file(struct task_wire *w, const char *name, const struct task_file *file);
/* Where a file is, or its bytes as a data URL: a member, or an item of an array. */
void task_wire_url(struct task_wire *w, const char *name, const struct task_file *file);
void task_wire_url_item(struct task_wire *w, const struct task_file *file);
/* A POST whose answer comes whole. */
int task_wire_post(struct task_wire *w, struct slice url, struct http_request *out);

/* AIGNE_E_REQUEST about a member, when the provider cannot do what it says. */
int task_refuse(struct task_wire *w, const char *member, const char *sentence);
/* The files under a name; NULL past the last. */
const struct task_file *task_file_of(const struct task *t, const char *member, size_t index);
/* AIGNE_E_REQUEST when there is a file under another name than these. */
int task_refuse_files(struct task_wire *w, const char *const *members);
/* Its media type, by its bytes, what was declared, or its name. */
struct slice task_file_mime(const struct task_file *file, struct arena *a);
/* Whether the caller wants the file itself rather than a link to it. */
bool task_wants_bytes(const struct chat_request *r);
/* The width and height of "1024x768". */
bool task_size(struct slice size, int64_t *width, int64_t *height);
/* The aspect ratio asked for, with `separator` between its numbers: of aspectRatio, or of a size in least
 * terms. .p NULL: none was asked for. */
struct slice task_ratio(const struct chat_request *r, char separator, struct arena *a);
/* The same; AIGNE_E_REQUEST about a size that has none, but for "auto". */
int task_wire_ratio(struct task_wire *w, char separator, struct slice *out);

#endif
