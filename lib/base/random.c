/* Knows how to get unpredictable bytes from the kernel; refuses to make up any by itself. */
#define _GNU_SOURCE
#include "base/random.h"
#include <aignehub/aignehub.h>
#include <errno.h>
#include <sys/random.h>
#include <sys/types.h>

int random_bytes(void *out, size_t n)
{
    unsigned char *p = out;
    while (n > 0) {
        ssize_t got = getrandom(p, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return AIGNE_E_INTERNAL;
        p += got;
        n -= (size_t)got;
    }
    return AIGNE_OK;
}

int64_t random_range(void)
{
    uint32_t bits = 0;
    (void)random_bytes(&bits, sizeof bits);
    return (int64_t)(bits >> 2) << 32 | 1;
}

#define ID_BYTES 10

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static void write_id(char out[RANDOM_ID_SIZE], const unsigned char *bytes, int64_t wall_ms)
{
    uint64_t time = (uint64_t)wall_ms & 0xFFFFFFFFFFFFU;
    for (int i = 0; i < 10; i++)
        out[i] = alphabet[(time >> (45 - 5 * i)) & 31];
    for (int half = 0; half < 2; half++) { /* 40 bits are eight characters */
        uint64_t bits = 0;
        for (int i = 0; i < 5; i++)
            bits = bits << 8 | bytes[half * 5 + i];
        for (int i = 0; i < 8; i++)
            out[10 + half * 8 + i] = alphabet[(bits >> (35 - 5 * i)) & 31];
    }
    out[RANDOM_ID_SIZE - 1] = '\0';
}

int random_id(char out[RANDOM_ID_SIZE], int64_t wall_ms)
{
    unsigned char bytes[ID_BYTES] = {0};
    int rc = random_bytes(bytes, sizeof(bytes));
    if (rc == AIGNE_OK)
        write_id(out, bytes, wall_ms);
    return rc;
}

int random_pool_id(struct random_pool *pool, char out[RANDOM_ID_SIZE], int64_t wall_ms)
{
    if (pool->left < ID_BYTES) {
        int rc = random_bytes(pool->bytes, sizeof(pool->bytes));
        if (rc != AIGNE_OK)
            return rc;
        pool->left = sizeof(pool->bytes);
    }
    pool->left -= ID_BYTES;
    write_id(out, pool->bytes + pool->left, wall_ms);
    return AIGNE_OK;
}

int64_t random_id_ms(struct slice id)
{
    int64_t ms = 0;
    if (id.n != RANDOM_ID_SIZE - 1)
        return -1;
    for (int i = 0; i < 10; i++) {
        const char *digit = memchr(alphabet, id.p[i], sizeof alphabet - 1);
        if (!digit)
            return -1;
        ms = ms << 5 | (digit - alphabet);
    }
    return ms;
}
