/* hub.h - the hub in the file that --data names. */
#ifndef HUB_HUB_H
#define HUB_HUB_H

#include "settings.h"

/* 0, or an exit code after saying why not. */
int hub_open(const struct settings *s, aigne_hub **out);

/* Has no access key ever been made in it? 0 or an exit code. */
int hub_is_fresh(aigne_hub *hub, bool *fresh);

/* Make an access key; `key` is ended by a NUL and the caller's to free(). 0 or an exit code. */
int hub_make_key(aigne_hub *hub, const char *name, const char *role, const char *user,
                 char **key);

#endif
