/* latency.h - how long something takes lately, in one word that threads share: a moving average that jumps
 * up at once and comes down slowly, also while nothing is measured. Pure: told the time. */
#ifndef AIGNE_HUB_LATENCY_H
#define AIGNE_HUB_LATENCY_H

#include <stdint.h>

/* The time in which an old measurement loses half of its weight. */
#define LATENCY_HALF_MS 10000

/* `word` is 0 while nothing was measured. Gives the next one. */
uint64_t latency_note(uint64_t word, int64_t now_ms, int64_t measured_us);
/* Microseconds; 0: nothing is known. */
int64_t latency_read(uint64_t word, int64_t now_ms);

#endif
