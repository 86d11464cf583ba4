/* first_byte.h - how long a target's answers take to begin: a small histogram that threads share. Pure.
 *
 * All zero is one of which nothing is known. */
#ifndef AIGNE_HUB_FIRST_BYTE_H
#define AIGNE_HUB_FIRST_BYTE_H

#include <stdatomic.h>
#include <stdint.h>

/* Two for each doubling, from a millisecond to a quarter of an hour. */
#define FIRST_BYTE_BUCKETS 40
/* Fewer tell nothing. */
#define FIRST_BYTE_SAMPLES 20

struct first_byte {
    atomic_ushort counts[FIRST_BYTE_BUCKETS];
    atomic_ushort all;
};

void first_byte_note(struct first_byte *f, int64_t ms);
/* Nineteen of twenty answers began within so many milliseconds; -1: too few are known. */
int64_t first_byte_p95(const struct first_byte *f);

#endif
