/* seal.h - secrets at rest: XChaCha20-Poly1305 under a master key. The one door to libsodium.
 *
 * Envelope: version byte, key id (8 bytes: which master key), nonce (24), ciphertext and tag. The
 * associated data is the row's identity, so that a sealed secret cannot be moved to another row. */
#ifndef AIGNE_VAULT_SEAL_H
#define AIGNE_VAULT_SEAL_H

#include "base/buf.h"
#include "base/fault.h"
#include "base/slice.h"
#include <stdbool.h>
#include <stddef.h>

#define VAULT_KEY_SIZE 32

/* A master key in guarded memory. May be shared by threads. */
struct vault_key;

/* 32 raw bytes, or 64 hex digits, or base64 of 32 bytes; else AIGNE_E_CONFIG. */
int vault_key_of(struct slice text, struct vault_key **out, struct fault *why);
/* From a file of mode 0600 or stricter; made with a fresh key when it does not exist and `create`. */
int vault_key_file(const char *path, bool create, struct vault_key **out, struct fault *why);
int vault_key_random(struct vault_key **out, struct fault *why);
/* The key as hex digits and a NUL, for the key file; wipe it after use. */
#define VAULT_KEY_TEXT (2 * VAULT_KEY_SIZE + 1)
void vault_key_write(const struct vault_key *k, char out[VAULT_KEY_TEXT]);
void vault_key_free(struct vault_key *k); /* wipes; NULL is harmless */
bool vault_key_same(const struct vault_key *a, const struct vault_key *b);

/* Append the envelope of `secret`. */
int vault_seal(const struct vault_key *k, struct slice identity, struct slice secret,
               struct buf *out, struct fault *why);
/* Append the secret to `out` (wipe it after use: buf_wipe_free). AIGNE_E_CONFIG when the master key is
 * another one, AIGNE_E_STORE when the envelope was changed or moved. */
int vault_open(const struct vault_key *k, struct slice identity, struct slice envelope,
               struct buf *out, struct fault *why);

/* A secret that stays open, in memory like a master key's, which any thread may read. NULL: there is none left. */
struct vault_opened {
    size_t n;
    char text[];
};
struct vault_opened *vault_keep_open(struct slice secret);
void vault_close(struct vault_opened *o); /* wipes; NULL is harmless */

/* BLAKE2b-256 for looking up access keys: they are random, so no salt and no stretching. */
#define VAULT_HASH_SIZE 32
void vault_hash(struct slice text, unsigned char out[VAULT_HASH_SIZE]);
bool vault_hash_equal(const unsigned char a[VAULT_HASH_SIZE],
                      const unsigned char b[VAULT_HASH_SIZE]);

/* SipHash-2-4 with 128 bits: nobody without the key finds two texts that meet. */
#define VAULT_SHORT_HASH_SIZE 16
void vault_short_hash(const unsigned char key[VAULT_SHORT_HASH_SIZE], struct slice text,
                      unsigned char out[VAULT_SHORT_HASH_SIZE]);

#endif
