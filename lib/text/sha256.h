/* sha256.h - the hash and the keyed hash that signatures are made of. */
#ifndef AIGNE_TEXT_SHA256_H
#define AIGNE_TEXT_SHA256_H

#include "base/slice.h"

#define SHA256_SIZE     32
#define SHA256_HEX_SIZE 64

struct sha256 {
    unsigned char bytes[SHA256_SIZE];
};

/* Of the pieces one after the other. */
struct sha256 sha256_of(const struct slice *pieces, size_t count);
struct sha256 sha256_hmac(struct slice key, struct slice message);
/* In lower case, without a NUL. */
void sha256_hex(const struct sha256 *hash, char out[SHA256_HEX_SIZE]);
static inline struct slice sha256_slice(const struct sha256 *hash)
{
    return slice_of((const char *)hash->bytes, SHA256_SIZE);
}

#endif
