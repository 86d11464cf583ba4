/* export.h - usage rows as a stream over HTTP, as fast as the client takes them. */
#ifndef AIGNE_CORE_EXPORT_H
#define AIGNE_CORE_EXPORT_H

#include "core/call.h"

/* GET /api/admin/usage/export?format=csv|jsonl and the filters of usage.list, with an admin's key. */
void page_usage_export(struct aigne_call *call);
/* Answer with what usage.export tells for `arguments`, a JSON object without cursor, which live as long as
 * the call. */
void export_begin(struct aigne_call *call, struct slice arguments, bool csv);

#endif
