/* Knows the rule by which missing usage is made up for; refuses to know prices. */
#include "hub/estimate.h"
#include "text/sound.h"

static int64_t tokens_of(int64_t bytes)
{
    return (bytes + ESTIMATE_BYTES_PER_TOKEN - 1) / ESTIMATE_BYTES_PER_TOKEN;
}

int64_t estimate_sound(struct slice file)
{
    int64_t told = sound_milliseconds(file);
    int64_t least = (int64_t)file.n / ESTIMATE_SOUND_FATTEST + 1;
    if (told < 0)
        return (int64_t)file.n / ESTIMATE_SOUND_BYTES + 1;
    return told > least ? told : least;
}

int64_t estimate_tokens(const struct estimate *e)
{
    int64_t tokens = tokens_of(e->text_bytes);
    return tokens > e->pieces ? tokens : e->pieces;
}

bool estimate_fill(const struct estimate *e, const struct ceiling *prompt, struct usage *usage)
{
    bool filled = false;
    if (usage_prompt(usage) == 0 && usage->input < 0) {
        usage->input =
            tokens_of(prompt->text_bytes) + prompt->images_read * ESTIMATE_IMAGE_TOKENS;
        filled = true;
    }
    /* A count from the middle of a stream stands for less than was delivered. */
    int64_t seen = estimate_tokens(e);
    if (seen > usage_answer(usage)) {
        usage->output = seen - usage_known(usage->reasoning) -
                        usage_known(usage->audio_output) - usage_known(usage->image_output);
        if (usage->output < 0)
            usage->output = 0;
        filled = true;
    }
    return filled;
}

bool estimate_task(enum chat_kind kind, const struct ceiling *asked, struct usage *usage)
{
    int64_t *const units[KINDS] = {[KIND_EMBEDDING] = &usage->input,
                                   [KIND_IMAGE] = &usage->images,
                                   [KIND_VIDEO] = &usage->milliseconds,
                                   [KIND_SPEECH] = &usage->characters};
    const int64_t counts[KINDS] = {[KIND_EMBEDDING] = tokens_of(asked->text_bytes),
                                   [KIND_IMAGE] = asked->answers,
                                   [KIND_VIDEO] = asked->milliseconds,
                                   [KIND_SPEECH] = asked->characters};
    bool by_tokens = kind == KIND_SPEECH      ? usage_answer(usage) > 0
                     : kind == KIND_EMBEDDING ? usage_prompt(usage) > 0
                                              : false;
    if (!units[kind] || *units[kind] >= 0 || by_tokens)
        return false;
    *units[kind] = counts[kind];
    return true;
}
