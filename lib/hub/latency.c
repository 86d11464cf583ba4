/* Knows how measurements become one number that follows what is slow at once; refuses to know what is
 * measured. */
#include "hub/latency.h"

/* The word: whether the last one failed, the average, and when it was last told, in milliseconds that start over
 * every 49 days. */
#define FAILED          ((uint64_t)1 << 63)
#define AVERAGE_LARGEST ((int64_t)INT32_MAX)
/* Of measurements at the same moment each counts a little all the same. */
#define SHORTEST_MS (LATENCY_HALF_MS / 32)

static int64_t since(uint64_t word, int64_t now_ms)
{
    return (int64_t)(uint32_t)((uint32_t)now_ms - (uint32_t)word);
}

static int64_t average_of(uint64_t word)
{
    return (int64_t)((word & ~FAILED) >> 32);
}

int64_t latency_read(uint64_t word, int64_t now_ms)
{
    int64_t average = average_of(word);
    int64_t halves = since(word, now_ms) / LATENCY_HALF_MS;
    int64_t faded = halves < 32 ? average >> halves : 0;
    faded -= faded * (since(word, now_ms) % LATENCY_HALF_MS) / (2 * LATENCY_HALF_MS);
    return average && !faded ? 1 : faded;
}

static uint64_t pack(int64_t took, int64_t now_ms)
{
    if (took > AVERAGE_LARGEST)
        took = AVERAGE_LARGEST;
    return (uint64_t)(took < 1 ? 1 : took) << 32 | (uint32_t)now_ms;
}

uint64_t latency_note(uint64_t word, int64_t now_ms, int64_t measured_us)
{
    int64_t average = average_of(word);
    int64_t took = measured_us;
    if (!(word & FAILED) && took < average) {
        int64_t age = since(word, now_ms);
        int64_t share = age < SHORTEST_MS ? SHORTEST_MS : age;
        took = average - (average - took) * share / (LATENCY_HALF_MS + share);
    }
    return pack(took, now_ms);
}

uint64_t latency_fail(uint64_t word, int64_t now_ms, int64_t measured_us)
{
    int64_t least = latency_read(word, now_ms);
    if (least < LATENCY_FAILED_US)
        least = LATENCY_FAILED_US;
    return FAILED | pack(measured_us < least ? least : measured_us, now_ms);
}

bool latency_doubted(uint64_t word, int64_t now_ms)
{
    return word & FAILED && since(word, now_ms) >= LATENCY_DOUBT_MS;
}
