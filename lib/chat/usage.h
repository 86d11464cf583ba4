/* usage.h - what a call consumed, each kind counted once.
 *
 * Providers disagree on what contains what; adapters convert into this and ingress formats convert
 * out of it (providers.md B2 has the table). -1 means the provider did not say. */
#ifndef AIGNE_CHAT_USAGE_H
#define AIGNE_CHAT_USAGE_H

#include <stdbool.h>
#include <stdint.h>

struct usage {
    int64_t input;      /* prompt tokens that were neither read from nor written to a cache */
    int64_t cache_read; /* prompt tokens read from the provider's cache */
    int64_t cache_write_5m; /* prompt tokens written to it; 5 minutes or unspecified */
    int64_t cache_write_1h; /* written with one hour to live */
    int64_t output;         /* answer tokens that are not reasoning */
    int64_t reasoning;      /* answer tokens spent on reasoning */
};

#define USAGE_LARGEST ((int64_t)1 << 40) /* a count beyond this is a fault, not a number */

static inline void usage_init(struct usage *u)
{
    *u = (struct usage){-1, -1, -1, -1, -1, -1};
}

static inline int64_t usage_known(int64_t count)
{
    return count > 0 ? count : 0;
}

/* The whole prompt, caches included; the whole answer, reasoning included. */
static inline int64_t usage_prompt(const struct usage *u)
{
    return usage_known(u->input) + usage_known(u->cache_read) + usage_known(u->cache_write_5m) +
           usage_known(u->cache_write_1h);
}

static inline int64_t usage_answer(const struct usage *u)
{
    return usage_known(u->output) + usage_known(u->reasoning);
}

static inline bool usage_reported(const struct usage *u)
{
    return u->input >= 0 || u->output >= 0 || u->cache_read >= 0 || u->reasoning >= 0;
}

/* Later reports replace earlier ones, field by field; unknown fields change nothing. */
void usage_merge(struct usage *into, const struct usage *from);
/* False when a count is absurd (below -1 or above USAGE_LARGEST). */
bool usage_sane(const struct usage *u);

#endif
