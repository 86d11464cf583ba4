/* admin.h - the administrator's verbs over HTTP: POST /api/admin/VERB with an admin's access key. */
#ifndef AIGNE_CORE_ADMIN_H
#define AIGNE_CORE_ADMIN_H

#include "core/call.h"

/* False: the key is not an administrator's, and the call was refused. */
bool admin_only(struct aigne_call *call);
void admin_handle(struct aigne_call *call);

#endif
