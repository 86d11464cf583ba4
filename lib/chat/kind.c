/* kind.c - knows the names of the kinds of call; refuses to know how any of them is made. */
#include "chat/kind.h"

static const char *const names[KINDS] = {
    [KIND_CHAT] = "chat",
    [KIND_EMBEDDING] = "embedding",
    [KIND_IMAGE] = "image",
    [KIND_VIDEO] = "video",
    [KIND_SPEECH] = "speech",
    [KIND_TRANSCRIPTION] = "transcription",
    [KIND_COUNT_TOKENS] = "count_tokens",
};

static const struct {
    const char *spelling;
    enum chat_kind kind;
} spellings[] = {{"imageGeneration", KIND_IMAGE},
                 {"image_generation", KIND_IMAGE},
                 {"embeddings", KIND_EMBEDDING},
                 {"completion", KIND_CHAT}};
enum { SPELLINGS = sizeof spellings / sizeof *spellings };

const char *kind_name(enum chat_kind kind)
{
    return names[kind];
}

bool kind_parse(struct slice name, enum chat_kind *out)
{
    for (int i = 0; i < KINDS; i++) {
        if (slice_is(name, names[i])) {
            *out = (enum chat_kind)i;
            return true;
        }
    }
    for (int i = 0; i < SPELLINGS; i++) {
        if (slice_is(name, spellings[i].spelling)) {
            *out = spellings[i].kind;
            return true;
        }
    }
    return false;
}

const char *kind_rate_type(enum chat_kind kind)
{
    return kind == KIND_COUNT_TOKENS ? names[KIND_CHAT] : names[kind];
}

struct slice kind_canonical(struct slice type)
{
    enum chat_kind kind;
    return kind_parse(type, &kind) ? slice_text(names[kind]) : type;
}

struct slice kind_listed(struct slice type)
{
    return slice_is(type, names[KIND_IMAGE]) ? SLICE("image_generation") : type;
}
