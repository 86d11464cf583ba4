/* kind.h - the kinds of call there are, and the names that users and the wire know them by. */
#ifndef AIGNE_CHAT_KIND_H
#define AIGNE_CHAT_KIND_H

#include "base/slice.h"
#include <stdbool.h>

enum chat_kind {
    KIND_CHAT = 0,
    KIND_EMBEDDING,
    KIND_IMAGE, /* making and editing */
    KIND_VIDEO,
    KIND_SPEECH,        /* text to audio */
    KIND_TRANSCRIPTION, /* audio to text, in its own language or translated */
    KIND_COUNT_TOKENS,  /* of a chat that is not held */
    KINDS
};

#define KIND_BIT(kind) (1u << (kind))

/* "image": the setting `type`, a record's type and a rate's. */
const char *kind_name(enum chat_kind kind);
/* Also AIGNE's other spellings ("imageGeneration", "image_generation"); false: none of them. */
bool kind_parse(struct slice name, enum chat_kind *out);
/* The kind whose rate a call is charged by. */
const char *kind_rate_type(enum chat_kind kind);
/* One spelling for each type of rate; what is no kind is returned as it is. */
struct slice kind_canonical(struct slice type);
/* The name in AIGNE's lists of models: "image_generation". */
struct slice kind_listed(struct slice type);

#endif
