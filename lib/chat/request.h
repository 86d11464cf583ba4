/* request.h - a chat request in the vocabulary that all formats meet in.
 *
 * Everything points into one arena or into the body the request was read from. Numbers are kept as
 * their JSON text, so what the caller wrote is what the provider reads. An absent slice (.p NULL)
 * means the caller did not say. */
#ifndef AIGNE_CHAT_REQUEST_H
#define AIGNE_CHAT_REQUEST_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/slice.h"
#include "chat/dropped.h"
#include "chat/kind.h"
#include "chat/task.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum chat_role { CHAT_SYSTEM, CHAT_USER, CHAT_ASSISTANT, CHAT_TOOL };

enum chat_part_kind {
    CHAT_TEXT = 1,
    CHAT_DATA,      /* a file inside the request: base64 in text, mime, filename */
    CHAT_URL,       /* a file elsewhere: the URL in text, mime and filename when known */
    CHAT_THINKING,  /* reasoning of an earlier turn: text, signature */
    CHAT_REDACTED,  /* reasoning the provider sealed: opaque base64 in text */
    CHAT_TOOL_CALL, /* id, name, arguments, metadata */
    CHAT_REFUSAL    /* an earlier turn's refusal, in text */
};

enum chat_cache { CHAT_CACHE_NONE = 0, CHAT_CACHE_5M, CHAT_CACHE_1H };
enum chat_choice { CHAT_UNSET = 0, CHAT_NO, CHAT_YES };

/* Where the caller said something, in his own format's words: "contents[0].parts[1]". */
struct chat_place {
    const char *list; /* NULL: nobody knows */
    const char *inner;
    size_t index; /* CHAT_PLACE_ALL: `list` is none, but the thing itself */
    size_t inner_index;
};
#define CHAT_PLACE_ALL SIZE_MAX

struct chat_part {
    struct chat_place at;
    enum chat_part_kind kind;
    enum chat_cache cache; /* a cache breakpoint ends here */
    struct slice text;
    struct slice mime; /* "image/png"; absent: unknown */
    struct slice filename;
    struct slice detail;    /* OpenAI's image detail */
    struct slice signature; /* of a THINKING part, or a tool call's thought signature */
    struct slice origin; /* of THINKING and REDACTED: the provider that sealed it, if known */
    struct slice id;     /* of a TOOL_CALL */
    struct slice name;   /* of a TOOL_CALL */
    struct slice arguments; /* of a TOOL_CALL: JSON text; an object unless the model erred */
    struct slice metadata;  /* of a TOOL_CALL: JSON object of the caller, kept as it is */
    struct slice context;   /* of a document: what the caller tells about it */
    enum chat_choice citations; /* of a document: its passages are to be cited */
};

struct chat_message {
    enum chat_role role;
    struct chat_part *parts;
    size_t part_count;
    struct slice name;
    struct slice tool_call_id; /* of a TOOL message: whose result this is */
    bool failed;               /* of a TOOL message: the tool reported an error */
};

/* More than any provider takes. */
#define CHAT_TOOLS_LARGEST 1024

struct chat_tool {
    struct slice name;
    struct slice description;
    struct slice parameters; /* a JSON Schema object as JSON text; absent: takes none */
    struct slice metadata;
    enum chat_choice strict;
    enum chat_cache cache;
};

enum chat_tool_choice {
    CHAT_TOOLS_UNSET = 0,
    CHAT_TOOLS_AUTO,
    CHAT_TOOLS_NONE,
    CHAT_TOOLS_REQUIRED,
    CHAT_TOOLS_NAMED
};

enum chat_format {
    CHAT_FORMAT_UNSET = 0,
    CHAT_FORMAT_TEXT,
    CHAT_FORMAT_JSON,
    CHAT_FORMAT_SCHEMA
};

enum chat_effort {
    CHAT_EFFORT_UNSET = 0,
    CHAT_EFFORT_NONE,
    CHAT_EFFORT_MINIMAL,
    CHAT_EFFORT_LOW,
    CHAT_EFFORT_MEDIUM,
    CHAT_EFFORT_HIGH,
    CHAT_EFFORT_XHIGH,
    CHAT_EFFORT_MAX
};

/* A member this library does not know: passed on where the target takes it. */
struct chat_extra {
    struct slice name;
    struct slice value; /* JSON text; absent: nothing to pass on, only to be noted as dropped */
    const char
        *format; /* whose member it is, "anthropic.messages": it goes on in that format alone
                           and is noted as dropped in others; NULL: in any */
};

struct chat_request {
    enum chat_kind kind;
    struct task *task;  /* of the other kinds than CHAT and COUNT_TOKENS; else NULL */
    struct slice model; /* as the caller named it; the target's own name goes in chat_target */
    bool stream;
    enum chat_choice include_usage; /* OpenAI's stream_options.include_usage */

    struct chat_message *messages;
    size_t message_count;
    struct chat_tool *tools;
    size_t tool_count;
    enum chat_tool_choice tool_choice;
    struct slice tool_choice_name; /* when NAMED */
    enum chat_choice parallel_tool_calls;

    enum chat_format format;
    struct slice schema_name;
    struct slice schema_description;
    struct slice schema; /* JSON text */
    enum chat_choice schema_strict;

    struct slice temperature; /* JSON numbers, here and below */
    struct slice top_p;
    struct slice top_k;
    struct slice frequency_penalty;
    struct slice presence_penalty;
    struct slice seed;
    struct slice max_tokens;
    struct slice n;
    struct slice *stop; /* stop sequences, escapes resolved */
    size_t stop_count;
    enum chat_effort effort;
    int64_t reasoning_budget;  /* tokens; -1: not given */
    enum chat_choice thoughts; /* whether the caller wants to read the reasoning */
    struct slice modalities;   /* JSON array of strings */
    struct slice user;
    struct slice service_tier;
    struct slice output_file_type;       /* AIGNE: "url", "file" or "local" */
    struct slice prefer_input_file_type; /* AIGNE: "url": links go on as links, else as bytes */
    enum chat_cache cache_last;          /* AIGNE's cacheConfig.autoBreakpoints.lastMessage */
    struct slice cache_config;           /* AIGNE's cacheConfig as JSON text */
    struct chat_extra *extras; /* other members of modelOptions, or of an OpenAI body */
    size_t extra_count;
    struct chat_extra *input_extras; /* other top-level members of AIGNE's input */
    size_t input_extra_count;
};

/* The provider's side of it: where the request goes and as what. */
struct chat_target {
    struct slice provider;   /* the row's name, "deepseek" */
    struct slice base_url;   /* without a trailing slash */
    struct slice model;      /* the provider's own name for the model */
    struct slice secret;     /* the credential in clear; absent: none */
    struct slice client_id;  /* x-aigne-hub-client-did, towards another hub */
    unsigned quirks;         /* of the provider's row, see provider/adapter.h */
    struct slice region;     /* of the operator's provider; absent: none was given */
    struct slice config;     /* its `config`, a JSON object; absent: none */
    bool secret_is_pair;     /* secret is {"access_key_id","secret_access_key",...} */
    int64_t now_ms;          /* wall clock, for signatures */
    struct dropped *dropped; /* where to tell what could not be said; may be NULL */
    unsigned *trims; /* where to tell what the answer is to be trimmed to, see chat/trimmed.h */
};

/* A body that goes on byte for byte, but for the model's name and the demand for usage: where in it
 * the members to replace are. */
struct chat_relay {
    struct slice body;
    struct slice content_type; /* of a multipart body, with its boundary; absent: JSON */
    struct slice model_value;  /* inside body: with its quotes, or a part's bare text */
    struct slice stream_options_value; /* the object, inside body; absent when there is none */
    struct slice stream_value; /* the same of `stream`, where a target says it elsewhere */
    struct slice
        headers; /* those of the client that belong to the format, "anthropic-beta: x\r\n" */
    struct slice models; /* JSON: others that may answer in the model's place; absent: none */
    struct slice query;  /* of the client's target, as it came, but for a key */
    unsigned depth;      /* so many arrays and objects are open at once in it; 0: not counted */
    bool usable;         /* it may go on; else it must be read whole */
    bool stream;
    bool verbatim; /* the answer is bytes or text of its own: nothing may be put into it */
    enum chat_choice include_usage;
};

/* Append helpers used by the readers; all AIGNE_OK or AIGNE_E_NOMEM. The vectors grow in `a`. */
struct chat_builder {
    struct chat_place at; /* of the parts that are added */
    struct arena *arena;
    struct chat_request *request;
    size_t message_capacity;
    size_t part_capacity; /* of the newest message */
    size_t tool_capacity;
    size_t extra_capacity;
    size_t input_extra_capacity;
};
void chat_build(struct chat_builder *b, struct arena *a,
                struct chat_request *r); /* r is reset */
struct chat_message *chat_add_message(struct chat_builder *b, enum chat_role role);
/* The path of a place: "" where nobody knows. */
void chat_place_write(const struct chat_place *at, char *out, size_t size);
struct chat_part *chat_add_part(struct chat_builder *b,
                                enum chat_part_kind kind); /* to the newest */
struct chat_tool *chat_add_tool(struct chat_builder *b);
int chat_add_extra(struct chat_builder *b, struct slice name, struct slice value);
/* It is not for those who are asked. */
void chat_forget_extra(struct chat_request *request, struct slice name);
int chat_add_input_extra(struct chat_builder *b, struct slice name, struct slice value);

/* The name of the tool whose call has `id`, from the history; .p NULL: no such call. */
struct slice chat_tool_name_of(const struct chat_request *r, struct slice id);
/* Effort for a budget of reasoning tokens and the reverse (providers.md B1). */
enum chat_effort chat_effort_of_budget(int64_t tokens);
int64_t chat_budget_of_effort(enum chat_effort effort);
const char *chat_effort_name(enum chat_effort effort); /* "medium"; UNSET: NULL */
bool chat_effort_parse(struct slice text, enum chat_effort *out);

#endif
