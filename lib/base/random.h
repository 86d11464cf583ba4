/* random.h - unpredictable bytes from the kernel. */
#ifndef AIGNE_BASE_RANDOM_H
#define AIGNE_BASE_RANDOM_H

#include "base/slice.h"
#include <stddef.h>
#include <stdint.h>

int random_bytes(void *out,
                 size_t n); /* AIGNE_OK, or AIGNE_E_INTERNAL when the kernel has none */
/* The first of four billion positive numbers that, as good as certainly, no other process takes. */
int64_t random_range(void);
/* A time-ordered id: 26 characters of Crockford base32 (48 bits of milliseconds, 80 random bits)
 * and a NUL. Sorting ids sorts by time. */
#define RANDOM_ID_SIZE 27
int random_id(char out[RANDOM_ID_SIZE], int64_t wall_ms);
/* The time that such an id was made at; -1: it is none. */
int64_t random_id_ms(struct slice id);

/* For who makes many, on one thread at a time: asks the kernel for several at once. All zero: empty. */
struct random_pool {
    unsigned char bytes[320];
    size_t left;
};
int random_pool_id(struct random_pool *pool, char out[RANDOM_ID_SIZE], int64_t wall_ms);

#endif
