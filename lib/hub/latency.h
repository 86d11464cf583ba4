/* latency.h - how long something takes lately, in one word that threads share: a moving average that jumps
 * up at once and comes down slowly, also while nothing is measured. Pure: told the time. */
#ifndef AIGNE_HUB_LATENCY_H
#define AIGNE_HUB_LATENCY_H

#include <stdbool.h>
#include <stdint.h>

/* In each such time an old measurement loses half of what is left of it. */
#define LATENCY_HALF_MS 10000

/* Who fails at once is not quick: a failure counts as so much at least. */
#define LATENCY_FAILED_US ((int64_t)1000000)
/* So long after the last one it is worth finding out whether that is still so. */
#define LATENCY_DOUBT_MS 1000

/* `word` is 0 while nothing was measured. Gives the next one. After a failure only what comes counts. */
uint64_t latency_note(uint64_t word, int64_t now_ms, int64_t measured_us);
uint64_t latency_fail(uint64_t word, int64_t now_ms, int64_t measured_us);
bool latency_doubted(uint64_t word, int64_t now_ms);
/* Microseconds; 0: nothing is known. */
int64_t latency_read(uint64_t word, int64_t now_ms);

#endif
