/* Knows the names of the result codes; refuses to know when they occur. */
#include "base/code.h"
#include <aignehub/aignehub.h>

static const struct {
    int rc;
    const char *name;
} names[] = {
    {AIGNE_OK, "AIGNE_OK"},
    {AIGNE_EVENT, "AIGNE_EVENT"},
    {AIGNE_AGAIN, "AIGNE_AGAIN"},
    {AIGNE_E_USAGE, "AIGNE_E_USAGE"},
    {AIGNE_E_NOMEM, "AIGNE_E_NOMEM"},
    {AIGNE_E_CONFIG, "AIGNE_E_CONFIG"},
    {AIGNE_E_REQUEST, "AIGNE_E_REQUEST"},
    {AIGNE_E_AUTH, "AIGNE_E_AUTH"},
    {AIGNE_E_CREDIT, "AIGNE_E_CREDIT"},
    {AIGNE_E_RATE, "AIGNE_E_RATE"},
    {AIGNE_E_ROUTE, "AIGNE_E_ROUTE"},
    {AIGNE_E_UPSTREAM, "AIGNE_E_UPSTREAM"},
    {AIGNE_E_NETWORK, "AIGNE_E_NETWORK"},
    {AIGNE_E_TIMEOUT, "AIGNE_E_TIMEOUT"},
    {AIGNE_E_PROTOCOL, "AIGNE_E_PROTOCOL"},
    {AIGNE_E_CANCELLED, "AIGNE_E_CANCELLED"},
    {AIGNE_E_STORE, "AIGNE_E_STORE"},
    {AIGNE_E_INTERNAL, "AIGNE_E_INTERNAL"},
};

const char *code_name(int rc)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i].rc == rc)
            return names[i].name;
    return "unknown";
}
