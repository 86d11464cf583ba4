/* Knows whether a presented key opens the door; refuses to know what lies behind it. */
#include "hub/hub.h"
#include <aignehub/aignehub.h>

int hub_who(const struct catalog *c, struct recent_keys *recent, struct slice secret,
            int64_t wall_ms, const struct catalog_key **out, struct fault *why)
{
    *out = NULL;
    const struct catalog_key *key = NULL;
    if (secret.n)
        key = recent ? recent_keys_find(recent, c, secret) : catalog_key(c, secret);
    bool live = key && !key->revoked && (key->expires_ms == 0 || wall_ms < key->expires_ms);
    if (live) {
        *out = key;
        return AIGNE_OK;
    }
    /* One text for all: a stranger must not learn which keys ever existed. */
    if (why)
        why->http = 401;
    return fault_set(why, AIGNE_E_AUTH,
                     "User not authenticated: send a valid access key as a Bearer token.");
}
