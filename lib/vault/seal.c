/* Knows how a secret is sealed, opened and hashed; refuses to know whose secret it is or where it lies. */
#define _POSIX_C_SOURCE 200809L
#include "vault/seal.h"
#include "base/mem.h"
#include "base/random.h"
#include <aignehub/aignehub.h>
#include <sodium.h>

enum {
    ENVELOPE_VERSION = 1,
    KEY_ID_SIZE = 8,
    NONCE_SIZE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG_SIZE = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    NONCE_AT = 1 + KEY_ID_SIZE,
    SEALED_AT = NONCE_AT + NONCE_SIZE
};

_Static_assert(VAULT_KEY_SIZE == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "one key size");
_Static_assert(VAULT_HASH_SIZE == crypto_generichash_BYTES, "one hash size");

struct vault_key {
    /* Between guard pages, locked into memory and left out of core dumps. It stays readable: hiding
     * it between uses would cost more than opening a secret does. */
    unsigned char *bytes;
    unsigned char id[KEY_ID_SIZE];
};

static int key_new(struct vault_key **out, struct fault *why)
{
    *out = NULL;
    if (sodium_init() < 0)
        return fault_set(why, AIGNE_E_INTERNAL, "Libsodium could not be initialised.");
    struct vault_key *k = mem_alloc_zero(sizeof *k);
    if (!k)
        return fault_nomem(why);
    k->bytes = sodium_malloc(VAULT_KEY_SIZE);
    if (!k->bytes) {
        mem_free(k);
        return fault_nomem(why);
    }
    *out = k;
    return AIGNE_OK;
}

/* The id says which master key sealed an envelope; it is derived one way, so it may be stored. */
static void key_name(struct vault_key *k)
{
    static const unsigned char purpose[] = "aignehub master key id";
    unsigned char hash[crypto_generichash_BYTES];
    crypto_generichash(hash, sizeof hash, purpose, sizeof purpose - 1, k->bytes,
                       VAULT_KEY_SIZE);
    memcpy(k->id, hash, sizeof k->id);
    sodium_memzero(hash, sizeof hash);
}

/* One of the three spellings of 32 bytes. */
static bool key_read(struct slice text, unsigned char out[VAULT_KEY_SIZE])
{
    static const int alphabets[] = {
        sodium_base64_VARIANT_ORIGINAL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING,
        sodium_base64_VARIANT_URLSAFE, sodium_base64_VARIANT_URLSAFE_NO_PADDING};
    struct slice trimmed = slice_trim(text);
    struct slice raw = text.n == VAULT_KEY_SIZE ? text : trimmed;
    if (raw.n == VAULT_KEY_SIZE) {
        memcpy(out, raw.p, VAULT_KEY_SIZE);
        return true;
    }
    size_t size = 0;
    if (trimmed.n == (size_t)2 * VAULT_KEY_SIZE)
        return sodium_hex2bin(out, VAULT_KEY_SIZE, trimmed.p, trimmed.n, NULL, &size, NULL) ==
                   0 &&
               size == VAULT_KEY_SIZE;
    if (trimmed.n != 43 && trimmed.n != 44)
        return false;
    for (size_t i = 0; i < sizeof alphabets / sizeof *alphabets; i++)
        if (sodium_base642bin(out, VAULT_KEY_SIZE, trimmed.p, trimmed.n, NULL, &size, NULL,
                              alphabets[i]) == 0 &&
            size == VAULT_KEY_SIZE)
            return true;
    return false;
}

int vault_key_of(struct slice text, struct vault_key **out, struct fault *why)
{
    struct vault_key *k = NULL;
    int rc = key_new(&k, why);
    if (!k)
        return rc;
    if (!text.p || !key_read(text, k->bytes)) {
        vault_key_free(k);
        return fault_set(
            why, AIGNE_E_CONFIG,
            "The master key must be 32 bytes: raw, as 64 hex digits or as base64.");
    }
    key_name(k);
    *out = k;
    return AIGNE_OK;
}

int vault_key_random(struct vault_key **out, struct fault *why)
{
    struct vault_key *k = NULL;
    int rc = key_new(&k, why);
    if (!k)
        return rc;
    if (random_bytes(k->bytes, VAULT_KEY_SIZE)) {
        vault_key_free(k);
        return fault_set(why, AIGNE_E_INTERNAL, "The system gave no random bytes.");
    }
    key_name(k);
    *out = k;
    return AIGNE_OK;
}

void vault_key_write(const struct vault_key *k, char out[VAULT_KEY_TEXT])
{
    sodium_bin2hex(out, VAULT_KEY_TEXT, k->bytes, VAULT_KEY_SIZE);
}

void vault_key_free(struct vault_key *k)
{
    if (!k)
        return;
    sodium_free(k->bytes);
    mem_free(k);
}

bool vault_key_same(const struct vault_key *a, const struct vault_key *b)
{
    return sodium_memcmp(a->bytes, b->bytes, VAULT_KEY_SIZE) == 0;
}

int vault_seal(const struct vault_key *k, struct slice identity, struct slice secret,
               struct buf *out, struct fault *why)
{
    size_t size = SEALED_AT + secret.n + TAG_SIZE;
    if (buf_reserve(out, size + 1))
        return fault_nomem(why);
    unsigned char *at = (unsigned char *)out->p + out->n;
    at[0] = ENVELOPE_VERSION;
    memcpy(at + 1, k->id, KEY_ID_SIZE);
    if (random_bytes(at + NONCE_AT, NONCE_SIZE))
        return fault_set(why, AIGNE_E_INTERNAL, "The system gave no random bytes.");
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        at + SEALED_AT, NULL, (const unsigned char *)(secret.p ? secret.p : ""), secret.n,
        (const unsigned char *)identity.p, identity.n, NULL, at + NONCE_AT, k->bytes);
    out->n += size;
    out->p[out->n] = '\0';
    return AIGNE_OK;
}

int vault_open(const struct vault_key *k, struct slice identity, struct slice envelope,
               struct buf *out, struct fault *why)
{
    const unsigned char *at = (const unsigned char *)envelope.p;
    if (!at || envelope.n < SEALED_AT + TAG_SIZE || at[0] != ENVELOPE_VERSION)
        return fault_set(why, AIGNE_E_STORE,
                         "A sealed secret in the store is damaged; enter the secret again.");
    if (memcmp(at + 1, k->id, KEY_ID_SIZE) != 0)
        return fault_set(
            why, AIGNE_E_CONFIG,
            "The secret was sealed with another master key; give that one to this hub.");
    size_t size = envelope.n - SEALED_AT - TAG_SIZE;
    if (buf_reserve(out, size + 1))
        return fault_nomem(why);
    int bad = crypto_aead_xchacha20poly1305_ietf_decrypt(
        (unsigned char *)out->p + out->n, NULL, NULL, at + SEALED_AT, size + TAG_SIZE,
        (const unsigned char *)identity.p, identity.n, at + NONCE_AT, k->bytes);
    if (!bad)
        out->n += size;
    out->p[out->n] = '\0';
    if (bad)
        return fault_set(
            why, AIGNE_E_STORE,
            "A sealed secret in the store was changed or moved; enter the secret again.");
    return AIGNE_OK;
}

struct vault_opened *vault_keep_open(struct slice secret)
{
    const size_t unit =
        _Alignof(struct vault_opened); /* it begins as far before a page's end as it is large */
    struct vault_opened *o = sodium_malloc((sizeof *o + secret.n + unit - 1) / unit * unit);
    if (!o)
        return NULL;
    o->n = secret.n;
    memcpy(o->text, secret.p, secret.n);
    return o;
}

void vault_close(struct vault_opened *o)
{
    sodium_free(o);
}

void vault_hash(struct slice text, unsigned char out[VAULT_HASH_SIZE])
{
    crypto_generichash(out, VAULT_HASH_SIZE, (const unsigned char *)(text.p ? text.p : ""),
                       text.n, NULL, 0);
}

bool vault_hash_equal(const unsigned char a[VAULT_HASH_SIZE],
                      const unsigned char b[VAULT_HASH_SIZE])
{
    return sodium_memcmp(a, b, VAULT_HASH_SIZE) == 0;
}

void vault_short_hash(const unsigned char key[VAULT_SHORT_HASH_SIZE], struct slice text,
                      unsigned char out[VAULT_SHORT_HASH_SIZE])
{
    crypto_shorthash_siphashx24(out, (const unsigned char *)text.p, text.n, key);
}
