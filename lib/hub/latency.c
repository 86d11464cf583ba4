/* Knows how measurements become one number that follows what is slow at once; refuses to know what is
 * measured. */
#include "hub/latency.h"

/* The word: the average, and when it was last told, in milliseconds that start over every 49 days. */
#define AVERAGE_LARGEST ((int64_t)UINT32_MAX)
/* Of measurements at the same moment each counts a little all the same. */
#define SHORTEST_MS (LATENCY_HALF_MS / 32)

static int64_t since(uint64_t word, int64_t now_ms)
{
    return (int64_t)(uint32_t)((uint32_t)now_ms - (uint32_t)word);
}

int64_t latency_read(uint64_t word, int64_t now_ms)
{
    int64_t average = (int64_t)(word >> 32);
    int64_t faded = average * LATENCY_HALF_MS / (LATENCY_HALF_MS + since(word, now_ms));
    return average && !faded ? 1 : faded;
}

uint64_t latency_note(uint64_t word, int64_t now_ms, int64_t measured_us)
{
    int64_t average = (int64_t)(word >> 32);
    int64_t took = measured_us < 1 ? 1 : measured_us;
    if (took > AVERAGE_LARGEST)
        took = AVERAGE_LARGEST;
    if (average && took < average) {
        int64_t age = since(word, now_ms);
        int64_t share = age < SHORTEST_MS ? SHORTEST_MS : age;
        took = average - (average - took) * share / (LATENCY_HALF_MS + share);
    }
    return (uint64_t)took << 32 | (uint32_t)now_ms;
}
