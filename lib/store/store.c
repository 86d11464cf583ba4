/* Knows what all stores say in the same words; refuses to know how any of them keeps its rows. */
#include "store/store.h"
#include <aignehub/aignehub.h>

int store_conflict(const struct store_op *op, struct fault *why)
{
    if (why)
        why->http = 409;
    return fault_set(
        why, AIGNE_E_REQUEST,
        "The %.*s was changed by somebody else meanwhile; read it again and retry.",
        (int)op->table.n, op->table.p);
}
