/* Knows how libsodium hashes with SHA-256; refuses to know what is hashed or why. */
#include "text/sha256.h"
#include <sodium.h>

_Static_assert(SHA256_SIZE == crypto_hash_sha256_BYTES, "one hash size");
_Static_assert(SHA256_SIZE == crypto_auth_hmacsha256_BYTES, "one hash size");

static const unsigned char *bytes_of(struct slice s)
{
    return (const unsigned char *)s.p;
}

struct sha256 sha256_of(const struct slice *pieces, size_t count)
{
    struct sha256 hash;
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    for (size_t i = 0; i < count; i++) {
        if (pieces[i].n)
            crypto_hash_sha256_update(&state, bytes_of(pieces[i]), pieces[i].n);
    }
    crypto_hash_sha256_final(&state, hash.bytes);
    return hash;
}

struct sha256 sha256_hmac(struct slice key, struct slice message)
{
    struct sha256 hash;
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, bytes_of(key), key.n);
    if (message.n)
        crypto_auth_hmacsha256_update(&state, bytes_of(message), message.n);
    crypto_auth_hmacsha256_final(&state, hash.bytes);
    sodium_memzero(&state, sizeof state);
    return hash;
}

void sha256_hex(const struct sha256 *hash, char out[SHA256_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < SHA256_SIZE; i++) {
        out[2 * i] = digits[hash->bytes[i] >> 4];
        out[2 * i + 1] = digits[hash->bytes[i] & 15];
    }
}
