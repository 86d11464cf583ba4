/* usage.h - what a call consumed, each kind counted once.
 *
 * Providers disagree on what contains what; adapters convert into this and ingress formats convert
 * out of it (providers.md B2 has the table). -1 means the provider did not say. */
#ifndef AIGNE_CHAT_USAGE_H
#define AIGNE_CHAT_USAGE_H

#include "base/slice.h"
#include <stdbool.h>
#include <stdint.h>

/* At which of a provider's levels of service a call was made; each may have a price of its own. */
enum usage_service {
    SERVICE_STANDARD = 0,
    SERVICE_BATCH,
    SERVICE_FLEX,
    SERVICE_PRIORITY,
    SERVICES
};

struct usage {
    int64_t input;      /* prompt tokens that were neither read from nor written to a cache */
    int64_t cache_read; /* prompt tokens read from the provider's cache */
    int64_t cache_write_5m; /* prompt tokens written to it; 5 minutes or unspecified */
    int64_t cache_write_1h; /* written with one hour to live */
    int64_t output;         /* answer tokens that are not reasoning */
    int64_t reasoning;      /* answer tokens spent on reasoning */
    /* Tokens of other media, contained in none of the above. */
    int64_t audio_input;
    int64_t audio_output;
    int64_t image_input;
    int64_t image_output;
    /* What is not counted in tokens. */
    int64_t images;       /* made */
    int64_t milliseconds; /* of video or audio, made or read */
    int64_t characters;   /* spoken */
    int64_t service;      /* enum usage_service */
};

#define USAGE_LARGEST ((int64_t)1 << 40) /* a count beyond this is a fault, not a number */

/* The tokens of a chat, nothing else known. */
#define USAGE_TOKENS(input, cache_read, write_5m, write_1h, output, reasoning)                 \
    (struct usage)                                                                             \
    {                                                                                          \
        input, cache_read, write_5m, write_1h, output, reasoning, -1, -1, -1, -1, -1, -1, -1,  \
            -1                                                                                 \
    }

static inline void usage_init(struct usage *u)
{
    *u = USAGE_TOKENS(-1, -1, -1, -1, -1, -1);
}

static inline int64_t usage_known(int64_t count)
{
    return count > 0 ? count : 0;
}

/* The whole prompt, caches included; the whole answer, reasoning included. */
static inline int64_t usage_prompt(const struct usage *u)
{
    return usage_known(u->input) + usage_known(u->cache_read) + usage_known(u->cache_write_5m) +
           usage_known(u->cache_write_1h) + usage_known(u->audio_input) +
           usage_known(u->image_input);
}

static inline int64_t usage_answer(const struct usage *u)
{
    return usage_known(u->output) + usage_known(u->reasoning) + usage_known(u->audio_output) +
           usage_known(u->image_output);
}

static inline bool usage_reported(const struct usage *u)
{
    return u->input >= 0 || u->output >= 0 || u->cache_read >= 0 || u->reasoning >= 0 ||
           u->audio_input >= 0 || u->audio_output >= 0 || u->image_input >= 0 ||
           u->image_output >= 0 || u->images >= 0 || u->milliseconds >= 0 || u->characters >= 0;
}

/* "priority" as OpenAI, Anthropic, Google and Amazon write it; -1: none of the services above. */
int64_t usage_service_of(struct slice name);
/* NULL: the standard one, or it was not told. */
const char *usage_service_name(int64_t service);
/* Later reports replace earlier ones, field by field; unknown fields change nothing. */
void usage_merge(struct usage *into, const struct usage *from);
/* False when a count is absurd (below -1 or above USAGE_LARGEST). */
bool usage_sane(const struct usage *u);

#endif
