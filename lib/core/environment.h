/* environment.h - what a host's environment says, read only where the setting `env` asks for it. */
#ifndef AIGNE_CORE_ENVIRONMENT_H
#define AIGNE_CORE_ENVIRONMENT_H

#include "base/arena.h"
#include "base/slice.h"

struct slice environment_url(void);
struct slice environment_access_key(struct arena *a); /* also inside AIGNE's JSON credential */
struct slice environment_model(void);
struct slice environment_provider(void);
struct slice environment_client_id(void);
struct slice environment_master_key(void);
struct slice environment_region(void); /* of Amazon */
/* A provider's key under the name that its vendor's tools know. For Amazon's API key, when there is none,
 * the pair, as JSON. */
struct slice environment_provider_key(const char *name, struct arena *a);
struct slice environment_value(const char *name); /* .p NULL: not set or empty */

#endif
