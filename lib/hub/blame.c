/* Knows which failures lie with a provider, which with a key and which with neither; refuses to know
 * what follows from it. */
#include "hub/blame.h"
#include <aignehub/aignehub.h>

enum blame blame_of(int rc, const struct fault *why)
{
    if (rc >= 0)
        return BLAME_NONE;
    if (rc == AIGNE_E_CANCELLED)
        return BLAME_NOBODY;
    if (!why->upstream)
        return rc == AIGNE_E_NETWORK || rc == AIGNE_E_TIMEOUT || rc == AIGNE_E_PROTOCOL
                   ? BLAME_TARGET
                   : BLAME_NOBODY;
    if (why->credential_bad)
        return BLAME_CREDENTIAL;
    if (rc == AIGNE_E_RATE || rc == AIGNE_E_CREDIT || why->http == 429)
        return BLAME_PACE;
    return why->http == 408 || why->http >= 500 ? BLAME_TARGET : BLAME_NOBODY;
}
