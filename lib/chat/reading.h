/* reading.h - typed reads of the members of a request, each failure naming the member's path. */
#ifndef AIGNE_CHAT_READING_H
#define AIGNE_CHAT_READING_H

#include "base/arena.h"
#include "base/fault.h"
#include "chat/request.h"
#include "text/json_scan.h"

struct reading {
    struct arena *arena;
    struct fault *why;
    struct chat_builder
        build; /* its `at` is the object being read; without a list: the whole */
};

void reading_start(struct reading *r, struct arena *a, struct chat_request *out,
                   struct fault *why);
#define READING_ALL CHAT_PLACE_ALL
/* The object whose members are read from now on: an item of a list, then an item of a list in it; the
 * names are literals. */
void reading_at(struct reading *r, const char *list, size_t index);
void reading_inside(struct reading *r, const char *inner, size_t index);
void reading_whole(struct reading *r);
/* AIGNE_E_REQUEST; the text is the member's path followed by `format`: "must be ...". An empty
 * member means the object itself. */
int reading_refuse(struct reading *r, const char *member, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int reading_nomem(struct reading *r);
/* The refusal of a wrong kind: "must be `wanted`, not a number". */
int reading_kind(struct reading *r, const char *member, const char *wanted, struct json v);

/* The refusal of an array with more than `limit` things; `at` is forgotten. */
int reading_too_many(struct reading *r, const char *member, int limit, const char *things);

/* Absent and null leave `out` alone and are AIGNE_OK. */
int read_string(struct reading *r, const char *member, struct json v, struct slice *out);
int read_number(struct reading *r, const char *member, struct json v, struct slice *out);
int read_bool(struct reading *r, const char *member, struct json v, enum chat_choice *out);
int read_object(struct reading *r, const char *member, struct json v, struct slice *out);
int read_array(struct reading *r, const char *member, struct json v, struct slice *out);
/* AIGNE_E_REQUEST when absent or empty. */
int read_needed_string(struct reading *r, const char *member, struct json v, struct slice *out);
/* One string or an array of them. */
int read_stop(struct reading *r, const char *member, struct json v);
/* A name from none to max, or a number of tokens. */
int read_effort(struct reading *r, const char *member, struct json v);
/* {"type":"ephemeral","ttl":"5m"|"1h"} */
int read_cache(struct reading *r, const char *member, struct json v, enum chat_cache *out);
/* A name that some provider can take; blanks and dashes are mapped where a provider refuses them. */
int read_tool_name(struct reading *r, const char *member, struct json v, struct slice *out);
/* Where a file is: data: URLs become a DATA part, http and https ones a URL part. */
int read_place(struct reading *r, const char *member, struct slice url, struct chat_part *p);
/* Runs of alike things, see reading_many.c. */
typedef int (*read_item_fn)(struct reading *r, struct json item);
typedef int (*read_message_fn)(struct reading *r, size_t index, struct json message);
/* A member that is one string, or an array whose items are read by `part`. */
int read_parts(struct reading *r, const char *member, struct json v, read_item_fn part);
/* The same of a message's content. */
int read_content(struct reading *r, size_t message, struct json v, read_item_fn part);
/* A message's tool calls, an array under the name `member`. */
int read_calls(struct reading *r, size_t message, const char *member, struct json v,
               read_item_fn call);
/* The member `messages`: an array of at least one. */
int read_messages(struct reading *r, struct json v, read_message_fn message);

/* An array of tools under the name `member`. */
int read_tools(struct reading *r, const char *member, struct json v, read_item_fn tool);
/* Who cannot allow some of a request's tools is told of these alone; how many are left. */
size_t chat_keep_tools(struct chat_request *r, const struct slice *names, size_t count);

/* One member of an object of settings; `to` is where `offset` points in the request. */
struct setting {
    const char *name;
    const char *other; /* another spelling, or NULL */
    int (*read)(struct reading *r, const char *member, struct json v, struct slice *to);
    size_t offset;
};
#define SETTING_AT(member) offsetof(struct chat_request, member)
/* All members of an object; those that no setting names become extras. */
int read_settings(struct reading *r, struct json object, const struct setting *settings,
                  size_t count);
/* Settings that are more than one slice; `to` is not used. The first are read elsewhere, or mean nothing. */
int read_elsewhere(struct reading *r, const char *member, struct json v, struct slice *to);
int read_stop_setting(struct reading *r, const char *member, struct json v, struct slice *to);
int read_effort_setting(struct reading *r, const char *member, struct json v, struct slice *to);
int read_parallel_setting(struct reading *r, const char *member, struct json v,
                          struct slice *to);

/* The key of the current member with its escapes resolved; .p NULL: no memory. */
struct slice read_key(struct reading *r, const struct json_walk *w);

#endif
