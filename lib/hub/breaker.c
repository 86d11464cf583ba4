/* Knows how failures open a breaker and how probes close it; refuses to know what fails and why. */
#include "hub/breaker.h"

/* The word: two bits of phase, four of level, the time, and ten for each count. */
#define COUNT_LARGEST 1023u
#define LEVEL_LARGEST 15u
#define TIME_LARGEST  (((uint64_t)1 << 38) - 1)

uint64_t breaker_pack(const struct breaker *b)
{
    uint64_t time = b->at_ms < 0 ? 0 : (uint64_t)b->at_ms;
    if (time > TIME_LARGEST)
        time = TIME_LARGEST;
    return (uint64_t)b->phase << 62 | (uint64_t)b->level << 58 | time << 20 |
           (uint64_t)b->failures << 10 | b->successes;
}

struct breaker breaker_unpack(uint64_t word)
{
    return (struct breaker){.phase = (enum breaker_phase)(word >> 62),
                            .level = (unsigned)(word >> 58) & LEVEL_LARGEST,
                            .at_ms = (int64_t)(word >> 20 & TIME_LARGEST),
                            .failures = (unsigned)(word >> 10) & COUNT_LARGEST,
                            .successes = (unsigned)word & COUNT_LARGEST};
}

static int64_t wait_ms(const struct breaker_rules *r, unsigned level, uint32_t chance)
{
    int64_t wait = r->first_ms;
    for (unsigned i = 0; i < level && wait < r->longest_ms; i++)
        wait *= 2;
    if (wait > r->longest_ms)
        wait = r->longest_ms;
    return wait - wait / 4 * (int64_t)(chance >> 16) / 65536;
}

static bool window_over(const struct breaker *b, const struct breaker_rules *r, int64_t now_ms)
{
    return now_ms - b->at_ms > r->window_ms;
}

static void count(struct breaker *b, unsigned *which)
{
    ++*which;
    if (*which < COUNT_LARGEST)
        return;
    b->failures /= 2;
    b->successes /= 2;
}

/* A level may be left from before: it counts until a window has passed without failures. */
void breaker_success(struct breaker *b, const struct breaker_rules *r, int64_t now_ms)
{
    if (b->phase != BREAKER_CLOSED)
        *b = (struct breaker){.level = b->level + 1, .at_ms = now_ms};
    else if (window_over(b, r, now_ms))
        *b = (struct breaker){0};
    else
        count(b, &b->successes);
    if (b->level > LEVEL_LARGEST)
        b->level = LEVEL_LARGEST;
}

static void open(struct breaker *b, const struct breaker_rules *r, int64_t now_ms,
                 uint32_t chance)
{
    if (b->phase != BREAKER_CLOSED && b->level < LEVEL_LARGEST)
        b->level++;
    b->phase = BREAKER_OPEN;
    b->at_ms = now_ms + wait_ms(r, b->level, chance);
}

void breaker_failure(struct breaker *b, const struct breaker_rules *r, int64_t now_ms,
                     uint32_t chance)
{
    if (b->phase == BREAKER_OPEN && now_ms < b->at_ms)
        return;
    if (b->phase == BREAKER_CLOSED) {
        if (window_over(b, r, now_ms))
            *b = (struct breaker){.at_ms = now_ms};
        count(b, &b->failures);
        unsigned all = b->failures + b->successes;
        if (b->failures < r->failures || b->failures * 100 < all * r->percent)
            return;
    }
    open(b, r, now_ms, chance);
}

void breaker_pass(struct breaker *b, int64_t now_ms)
{
    if (b->phase != BREAKER_PROBING)
        return;
    b->phase = BREAKER_OPEN;
    b->at_ms = now_ms;
}

bool breaker_probe(struct breaker *b, const struct breaker_rules *r, int64_t now_ms)
{
    if (b->phase == BREAKER_CLOSED || now_ms < b->at_ms)
        return false;
    b->phase = BREAKER_PROBING;
    b->at_ms = now_ms + r->lease_ms;
    return true;
}
