/* redact.h - a provider's words without anything that looks like a key. */
#ifndef AIGNE_PROVIDER_REDACT_H
#define AIGNE_PROVIDER_REDACT_H

#include "base/slice.h"
#include <stddef.h>

/* Copy `words` as fault_copy does, with "[key]" for every word that begins as keys do, is starred out
 * in part, or follows "api key ...:". */
void redact_into(char *to, size_t capacity, struct slice words);

#endif
