/* Knows where the master key comes from and whether it fits the store; refuses to know providers. */
#include "base/log.h"
#include "base/mem.h"
#include "hub/hub_state.h"
#include "text/base64.h"
#include "text/json_scan.h"
#include "text/json_write.h"
#include <aignehub/aignehub.h>

enum { ENVELOPE_LARGEST = 64 * 1024, PATH_LARGEST = 4096 };

struct slice credential_identity(char room[IDENTITY_SIZE], struct slice provider,
                                 struct slice id)
{
    static const char kind[] = "credential/";
    size_t n = sizeof kind - 1 + provider.n + 1 + id.n;
    if (n > IDENTITY_SIZE)
        return SLICE_NONE;
    memcpy(room, kind, sizeof kind - 1);
    memcpy(room + sizeof kind - 1, provider.p, provider.n);
    room[sizeof kind - 1 + provider.n] = '/';
    memcpy(room + n - id.n, id.p, id.n);
    return slice_of(room, n);
}

const struct vault_key *hub_key(struct hub *h)
{
    return atomic_load(&h->key);
}

void hub_use_key(struct hub *h, const struct vault_key *key)
{
    atomic_store(&h->key, key);
}

int hub_add_key(struct hub *h, struct vault_key *key, struct fault *why)
{
    struct key_ring *ring = mem_alloc(sizeof *ring);
    if (!ring) {
        vault_key_free(key);
        return fault_nomem(why);
    }
    ring->key = key;
    ring->older = atomic_load(&h->keys);
    while (!atomic_compare_exchange_weak(&h->keys, &ring->older, ring))
        ;
    return AIGNE_OK;
}

void hub_free_keys(struct hub *h)
{
    struct key_ring *ring = atomic_load(&h->keys);
    while (ring) {
        struct key_ring *older = ring->older;
        vault_key_free(ring->key);
        mem_free(ring);
        ring = older;
    }
}

int hub_open_envelope(struct hub *h, struct slice identity, struct slice envelope,
                      struct buf *out, struct fault *why)
{
    int rc = AIGNE_E_CONFIG;
    const struct key_ring *ring = atomic_load_explicit(&h->keys, memory_order_acquire);
    for (; ring && rc == AIGNE_E_CONFIG; ring = ring->older)
        rc = vault_open(ring->key, identity, envelope, out, why);
    return rc;
}

/* Of those who opened it at once the first one's stays. */
static void keep_open(const struct catalog_credential *credential, struct slice secret)
{
    struct vault_opened *none = NULL;
    struct vault_opened *opened = vault_keep_open(secret);
    if (opened && !atomic_compare_exchange_strong(credential->opened, &none, opened))
        vault_close(opened);
}

int hub_open_secret(struct hub *h, const struct catalog_credential *credential, struct buf *out,
                    struct fault *why)
{
    const struct vault_opened *opened = atomic_load(credential->opened);
    if (opened) {
        buf_put(out, opened->text, opened->n);
        return buf_rc(out) ? fault_nomem(why) : AIGNE_OK;
    }
    char room[IDENTITY_SIZE];
    struct slice identity = credential_identity(room, credential->provider, credential->id);
    if (!identity.p)
        return fault_set(why, AIGNE_E_STORE, "A credential in the store has too long a name.");
    int rc = hub_open_envelope(h, identity, credential->sealed, out, why);
    if (!rc)
        keep_open(credential, buf_slice(out));
    if (rc && why) {
        why->http = 503;
        FAULT_COPY(why->provider, credential->provider);
    }
    return rc;
}

int canary_body(const struct vault_key *key, struct buf *out, struct fault *why)
{
    struct buf sealed AUTO(buf_free);
    buf_init(&sealed, ENVELOPE_LARGEST);
    int rc = vault_seal(key, SLICE(CANARY_IDENTITY), SLICE(CANARY_SECRET), &sealed, why);
    if (rc)
        return rc;
    BUF_LITERAL(out, "{\"sealed\":\"");
    base64_encode(out, buf_slice(&sealed));
    BUF_LITERAL(out, "\"}");
    return buf_rc(out) ? fault_nomem(why) : AIGNE_OK;
}

int canary_check(const struct vault_key *key, const struct store_object *canary,
                 struct fault *why)
{
    struct arena texts AUTO(arena_free);
    struct buf envelope AUTO(buf_free);
    struct buf secret AUTO(buf_wipe_free);
    arena_init(&texts);
    buf_init(&envelope, ENVELOPE_LARGEST);
    buf_init(&secret, ENVELOPE_LARGEST);
    struct slice text = json_string(json_get(json_of(canary->body), "sealed"), &texts);
    bool read = text.p && base64_decode(&envelope, text);
    if (texts.failed || buf_rc(&envelope) == AIGNE_E_NOMEM)
        return fault_nomem(why);
    if (!read)
        return fault_set(why, AIGNE_E_STORE,
                         "The mark of the master key in the store is damaged.");
    int rc = vault_open(key, SLICE(CANARY_IDENTITY), buf_slice(&envelope), &secret, why);
    if (rc != AIGNE_E_CONFIG)
        return rc;
    if (why)
        why->http = 503;
    return fault_set(why, AIGNE_E_CONFIG,
                     "The master key does not fit this database: its credentials were sealed "
                     "with another one; give that one as masterKey or masterKeyFile.");
}

static int put_canary(struct hub *h, struct fault *why)
{
    struct buf body AUTO(buf_free);
    buf_init(&body, ENVELOPE_LARGEST);
    int rc = canary_body(hub_key(h), &body, why);
    if (rc)
        return rc;
    const struct store_op op = {.kind = STORE_PUT,
                                .table = SLICE(TABLE_VAULT),
                                .id = SLICE(CANARY_ID),
                                .body = buf_slice(&body),
                                .expected_version = STORE_ABSENT};
    return h->type->apply(h->store, &op, 1, why);
}

static int key_from_file(struct hub *h, bool sealed_already, struct vault_key **out,
                         struct fault *why)
{
    struct fault reason;
    fault_clear(&reason);
    int rc = vault_key_file(h->key_path, !sealed_already, out, &reason);
    if (rc == AIGNE_E_CONFIG && sealed_already)
        return fault_set(why, rc, "%s The credentials of this database need it.", reason.text);
    return rc ? fault_set(why, rc, "%s", reason.text) : AIGNE_OK;
}

static int remember_path(struct hub *h, const struct hub_options *options, struct fault *why)
{
    struct buf path AUTO(buf_free);
    buf_init(&path, PATH_LARGEST);
    buf_put_slice(&path, options->master_key_file.n ? options->master_key_file : options->data);
    if (!options->master_key_file.n)
        BUF_LITERAL(&path, ".key");
    if (buf_rc(&path) == AIGNE_E_REQUEST)
        return fault_set(why, AIGNE_E_CONFIG, "The path of the master key file is too long.");
    h->key_path = buf_rc(&path) ? NULL : mem_text(path.p, path.n);
    return h->key_path ? AIGNE_OK : fault_nomem(why);
}

static int read_key(struct hub *h, const struct hub_options *options, bool sealed_already,
                    struct vault_key **out, struct fault *why)
{
    if (options->master_key.n)
        return vault_key_of(options->master_key, out, why);
    if (slice_is(options->data, ":memory:") && !options->master_key_file.n)
        return vault_key_random(out, why);
    int rc = remember_path(h, options, why);
    return rc ? rc : key_from_file(h, sealed_already, out, why);
}

int hub_take_master_key(struct hub *h, const struct hub_options *options, struct fault *why)
{
    struct vault_key *key = NULL;
    const struct store_object *canary =
        catalog_object(h->catalog, TABLE_VAULT, SLICE(CANARY_ID));
    int rc = read_key(h, options, canary != NULL, &key, why);
    if (!rc)
        rc = hub_add_key(h, key, why);
    if (rc)
        return rc;
    hub_use_key(h, key);
    if (canary)
        return canary_check(key, canary, why);
    struct fault conflict;
    fault_clear(&conflict);
    rc = put_canary(h, &conflict);
    if (rc && conflict.http != 409)
        return fault_set(why, rc, "%s", conflict.text);
    /* Another process opened the same new database and was faster: its canary counts. */
    rc = hub_refresh(h, why);
    if (rc)
        return rc;
    canary = catalog_object(h->catalog, TABLE_VAULT, SLICE(CANARY_ID));
    return canary ? canary_check(key, canary, why)
                  : fault_set(why, AIGNE_E_STORE, "The store does not keep what is written.");
}

/* The key file may be replaced after the reseal: looked into at each tick until it fits. */
static bool key_fits(struct hub *h)
{
    struct fault why;
    struct vault_key *key = NULL;
    struct catalog *c = hub_catalog(h);
    const struct store_object *canary = catalog_object(c, TABLE_VAULT, SLICE(CANARY_ID));
    bool fits = !canary || canary_check(hub_key(h), canary, &why) != AIGNE_E_CONFIG;
    if (!fits && h->key_path && !vault_key_file(h->key_path, false, &key, &why)) {
        fits = canary_check(key, canary, &why) == AIGNE_OK;
        if (!fits)
            vault_key_free(key);
        else if (!hub_add_key(h, key, &why))
            hub_use_key(h, key);
    }
    catalog_drop(c);
    return fits;
}

void hub_follow_key(struct hub *h)
{
    bool stale = !key_fits(h);
    if (stale && !h->key_stale)
        log_line(LOG_WARNING, "hub",
                 "the credentials were sealed under another master key; give it to this hub");
    h->key_stale = stale;
}
