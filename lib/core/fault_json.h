/* fault_json.h - a fault as JSON, for programs that read more than the sentence. */
#ifndef AIGNE_CORE_FAULT_JSON_H
#define AIGNE_CORE_FAULT_JSON_H

#include "base/buf.h"
#include "base/fault.h"

/* {code, name, text, http, retry_ms} and what else is known: provider, model, request_id, type,
 * reason, param. */
void fault_json_write(const struct fault *f, struct buf *out);

#endif
