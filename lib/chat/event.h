/* event.h - what an answer is made of, in the order it arrives. */
#ifndef AIGNE_CHAT_EVENT_H
#define AIGNE_CHAT_EVENT_H

#include "base/slice.h"
#include "chat/usage.h"
#include <stddef.h>
#include <stdint.h>

enum event_kind {
    EVENT_START =
        1,      /* the provider began: text is its name for the model, id its id (optional) */
    EVENT_TEXT, /* a piece of the answer, whole UTF-8 characters */
    EVENT_THOUGHT,    /* a piece of the reasoning */
    EVENT_SIGNATURE,  /* seals the reasoning so far: to be sent back unharmed; name: the vendor
                             that sealed it, if known ("anthropic") */
    EVENT_REDACTED,   /* reasoning the provider sealed, opaque; name as above */
    EVENT_REFUSAL,    /* a piece of a refusal */
    EVENT_TOOL_BEGIN, /* index, id, name; metadata is JSON or absent */
    EVENT_TOOL_ARGUMENTS, /* index; text is the next piece of the JSON arguments */
    EVENT_TOOL_END,       /* index; nothing more comes for this call */
    EVENT_FILE,  /* mime; text is base64, or a URL when is_url; name: the file's; metadata: the
                             prompt as the provider revised it, a JSON string, or absent */
    EVENT_USAGE, /* usage so far: replaces what was reported before (usage_merge);
                             metadata: an object of what else was said (hub only), or absent */
    EVENT_JSON,  /* a structured answer as an object (AIGNE's json): text is JSON */
    EVENT_RESET, /* forget TEXT and THOUGHT so far: the provider starts over (hub only) */
    EVENT_EXTRA, /* a member of the answer we do not know: name, text is JSON (hub only); of
                       COUNT_TOKENS: EVENT_TOKEN_COUNT, a number, which is no usage */
    EVENT_CITATION, /* of text already told; metadata: an object {"url","title","cited_text",
                       "start","end"} with start and end in characters of the answer's text,
                       and under a format's name ("anthropic") how it put it */
    EVENT_LOGPROBS, /* text: OpenAI's logprobs `content`, an array, of the piece of text before */
    EVENT_EMBEDDING, /* index; text: a JSON array of numbers */
    EVENT_BYTES, /* the next bytes of a file that comes in pieces (speech); mime with the first */
    EVENT_PROGRESS, /* metadata: an object {"progress":40,"status":"in_progress"} */
    EVENT_FINISH    /* finish says why, text which stop sequence; the last but for USAGE and,
                       of several answers, those of the others */
};

#define EVENT_TOKEN_COUNT "inputTokens" /* name of the EXTRA that answers COUNT_TOKENS */

enum finish {
    FINISH_UNKNOWN = 0,
    FINISH_STOP,
    FINISH_STOP_SEQUENCE,
    FINISH_LENGTH,
    FINISH_TOOLS,
    FINISH_FILTER, /* withheld by a safety filter */
    FINISH_REFUSAL,
    FINISH_PAUSE
};

struct event {
    enum event_kind kind;
    int index;  /* which tool call or vector, dense from 0 */
    int choice; /* of several answers that were asked for, which one, from 0 */
    enum finish finish;
    bool is_url;
    struct slice text;
    struct slice id;
    struct slice name;
    struct slice mime;
    struct slice metadata;
    struct usage usage;
};

/* Where events go. A push borrows the event's slices until it returns; negative stops the flow. */
struct event_sink {
    int (*push)(struct event_sink *self, const struct event *e);
};

static inline int event_push(struct event_sink *s, const struct event *e)
{
    return s->push(s, e);
}

#endif
