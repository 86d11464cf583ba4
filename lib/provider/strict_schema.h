/* strict_schema.h - a JSON Schema made strict, as OpenAI wants it where an answer must follow it. */
#ifndef AIGNE_PROVIDER_STRICT_SCHEMA_H
#define AIGNE_PROVIDER_STRICT_SCHEMA_H

#include "provider/wire.h"

/* Write `schema` as a member: every object closed and every property required, with null allowed for
 * those that were optional. A schema that is strict already stays what it is. AIGNE_OK, or a fault
 * when there is no memory or it is too deep. */
int strict_schema_write(struct wire *w, const char *name, struct slice schema);

#endif
